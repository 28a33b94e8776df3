/** Real `bittorrent-protocol` wires, back to back in memory. */

import bencode from 'bencode'
import Protocol from 'bittorrent-protocol'
import { vi } from 'vitest'
import { formatEndpoint, parseEndpoint } from '../../src/address/index.ts'
import { type DecodedMessage, decodeMessage, encodeMessage } from '../../src/codec/index.ts'
import type { UtPex } from '../../src/extension/ut-pex.ts'
import type { Wire as UsedWire } from '../../src/extension/wire.ts'

/** The part of a real wire that the tests use. */
export interface RealWire extends UsedWire {
  ut_pex: UtPex
  use(extension: unknown): void
  handshake(infoHash: string, peerId: string, extensions?: { readonly fast?: boolean }): void
  pipe(other: RealWire): RealWire
  on(event: string, listener: (...args: never[]) => void): this
  once(event: string, listener: (...args: never[]) => void): this
  listenerCount(event: string): number
  haveAll(): void
  haveNone(): void
  bitfield(bits: Uint8Array): void
  have(index: number): void
  piece(index: number, offset: number, buffer: Uint8Array): void
  unchoke(): void
  destroy(): void
  write(bytes: Uint8Array): boolean
  pause(): void
  resume(): void
  extensions: Record<string, unknown>
  peerExtendedHandshake: { m?: Record<string, number>; p?: number }
  peerExtendedMapping: Record<string, number>
  extendedMapping: Record<string, string>
  _sendExtendedHandshake(): void
  remoteAddress: string
  remotePort: number
}

export interface Sent {
  readonly at: number
  readonly bytes: Uint8Array
  readonly message: DecodedMessage
}

const infoHash = 'aa'.repeat(20)
/** All that were made since the last `closeWires`. */
const wires = new Set<RealWire>()

/** A new wire of ours: `type` and remote address as WebTorrent sets them. */
export function newWire(type: string = '', remote?: { readonly address: string; readonly port: number }): RealWire {
  const wire = new Protocol(type) as unknown as RealWire
  wire.on('error', () => {})
  wires.add(wire)
  if (remote !== undefined) {
    wire.remoteAddress = remote.address
    wire.remotePort = remote.port
  }
  return wire
}

/** Closes every wire, and waits until each has said so. Afterwards no timer of ours is left. */
export async function closeWires(): Promise<void> {
  for (const wire of wires) wire.destroy()
  wires.clear()
  await settle()
}

/** Lets arrive what has been sent: one millisecond of mocked time. */
export async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(1)
}

/** Joins two wires: what one sends the other receives. */
export function join(a: RealWire, b: RealWire): void {
  a.pipe(b).pipe(a)
}

let peerCount = 0

/** Both handshakes, `a` being the one that dialled. The fast extension is on: `have-all`, `have-none`. */
export function shakeHands(a: RealWire, b: RealWire): void {
  b.once('handshake', () => b.handshake(infoHash, peerId(), { fast: true }))
  a.handshake(infoHash, peerId(), { fast: true })
}

function peerId(): string {
  return (++peerCount).toString(16).padStart(40, '0')
}

/** What arrives at this wire as ut_pex messages, with the time. The wire must have the extension, or not: ids are the wire's own. */
export function record(wire: RealWire): Sent[] {
  const sent: Sent[] = []
  wire.on('extended', ((name: string, bytes: Uint8Array) => {
    if (name === 'ut_pex') sent.push({ at: performance.now(), bytes: bytes.slice(), message: decodeMessage(bytes) })
  }) as never)
  return sent
}

/** Only the BitTorrent handshake, of a remote that says nothing more: `isExtended` is the bit of BEP 10. */
export function rawHandshake(isExtended: boolean): Uint8Array {
  const name = new TextEncoder().encode('BitTorrent protocol')
  return Uint8Array.of(19, ...name, 0, 0, 0, 0, 0, isExtended ? 0x10 : 0, 0, 0, ...new Uint8Array(40).fill(0xaa))
}

export interface ConnectOptions {
  /** The remote's address; none by default. */
  readonly address?: string
  /** The listen port that it gives. */
  readonly p?: number
  /** More of its extended handshake. */
  readonly handshake?: Record<string, unknown>
  readonly outgoing?: boolean
  /** Default: 'tcpOutgoing' or 'tcpIncoming'. */
  readonly type?: string
  readonly pieces?: 'all' | 'none' | 'silent'
}

export interface Connected {
  readonly ours: RealWire
  readonly remote: Remote
}

/** A wire of ours with this extension, and its remote; both handshakes are done, and it has said what pieces it has. */
export async function connect(extension: unknown, options: ConnectOptions = {}): Promise<Connected> {
  const { address, outgoing = false } = options
  const type = options.type ?? (outgoing ? 'tcpOutgoing' : 'tcpIncoming')
  const ours = newWire(type, address === undefined ? undefined : { address, port: outgoing ? 6881 : 50_000 })
  const remote = new Remote({ ...(options.p === undefined ? {} : { p: options.p }), ...options.handshake })
  ours.use(extension)
  join(ours, remote.wire)
  if (outgoing) shakeHands(ours, remote.wire)
  else shakeHands(remote.wire, ours)
  await settle()
  if (options.pieces === 'all') remote.wire.haveAll()
  else if (options.pieces !== 'silent') remote.wire.haveNone()
  await settle()
  return { ours, remote }
}

/** A remote that speaks BEP 10 and takes ut_pex under an id, and does nothing by itself. */
export class Remote {
  readonly wire: RealWire
  readonly received: Sent[]

  constructor(handshake: Record<string, unknown> = {}) {
    this.wire = newWire()
    this.wire.use(silentExtension())
    this.wire.extendedHandshake = handshake
    this.received = record(this.wire)
  }

  /** Sends an extended handshake with exactly this in it. */
  sayHandshake(handshake: Record<string, unknown>): void {
    this.wire.extended(0, bencode.encode(handshake))
  }

  /** Sends a ut_pex message, whatever it is. */
  say(bytes: Uint8Array): void {
    this.wire.extended('ut_pex', bytes)
  }

  /** All that it was told and not told the end of, of the family 4 before 6. A contact that is added twice is there twice. */
  holds(): string[] {
    const held: string[] = []
    for (const { message } of this.received) {
      for (const peer of [...peersOf(message.dropped), ...peersOf(message.dropped6, 6)]) held.splice(held.indexOf(peer), 1)
      held.push(...peersOf(message.added), ...peersOf(message.added6, 6))
    }
    return held
  }

  /** The flag byte of each contact that it was told, as it was told last. */
  flags(): Record<string, number> {
    const flags: [string, number][] = []
    for (const { message } of this.received) {
      for (const [index, peer] of peersOf(message.added).entries()) flags.push([peer, message.addedFlags[index] as number])
      for (const [index, peer] of peersOf(message.added6, 6).entries()) flags.push([peer, message.added6Flags[index] as number])
    }
    return Object.fromEntries(flags)
  }

  /** The times between its messages, in milliseconds. */
  gaps(): number[] {
    return this.received.slice(1).map(({ at }, index) => at - (this.received[index] as Sent).at)
  }
}

/** The events of a wire's extension, in order. */
export function listen(extension: UtPex): unknown[][] {
  const events: unknown[][] = []
  extension.on('peer', (...args) => events.push(['peer', ...args]))
  extension.on('dropped', (...args) => events.push(['dropped', ...args]))
  extension.on('warning', (warning) => events.push(['warning', (warning as Error).message]))
  return events
}

export interface PexLists {
  readonly added?: readonly string[]
  readonly flags?: readonly number[]
  readonly dropped?: readonly string[]
}

/** A ut_pex message with these contacts, each in the list of its family. Flags are 0 unless given, of IPv4 only. */
export function pex({ added = [], flags = [], dropped = [] }: PexLists): Uint8Array {
  const addedFlags = added.filter(isIPv4).map((_, index) => flags[index] ?? 0)
  return encodeMessage({
    added: compact(added.filter(isIPv4)),
    addedFlags: Uint8Array.from(addedFlags),
    added6: compact(added.filter((peer) => !isIPv4(peer))),
    dropped: compact(dropped.filter(isIPv4)),
    dropped6: compact(dropped.filter((peer) => !isIPv4(peer))),
  })
}

const isIPv4 = (peer: string): boolean => !peer.startsWith('[')

function compact(peers: readonly string[]): Uint8Array {
  return Uint8Array.from(peers.flatMap((peer) => [...(parseEndpoint(peer) ?? raise(peer))]))
}

function raise(peer: string): never {
  throw new Error(`no endpoint: ${peer}`)
}

/** So many different global contacts. */
export function manyPeers(count: number, prefix: string = '198.51'): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}.${index >> 8}.${index & 0xff}:6881`)
}

function silentExtension(): unknown {
  function Silent() {}
  Silent.prototype.name = 'ut_pex'
  Silent.prototype.onMessage = () => {}
  return Silent
}

/** The contacts of a compact list as text. */
export function peersOf(list: Uint8Array, family: 4 | 6 = 4): string[] {
  const byteLength = family === 4 ? 6 : 18
  return Array.from({ length: list.length / byteLength }, (_, i) => formatEndpoint(list, i * byteLength, family))
}
