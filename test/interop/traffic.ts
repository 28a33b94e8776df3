/**
 * Every extended handshake and every ut_pex message of our wires, both ways, with its time, as the bytes that they were.
 *
 * The tap sits between the wire and its extensions: what it sees is what is on the wire, whatever the code under test
 * believes. What it says in words comes from a decoder and a formatter of contacts of its own.
 */
import { writeFileSync } from 'node:fs'
import bencode from 'bencode'
import { decodeMessage } from 'ut_pex/codec'
import { nowMs } from './wait.ts'

export interface Contact {
  /** 'address:port', IPv6 in brackets and as short as it can be */
  readonly endpoint: string
  readonly flags: number
}

export interface Frame {
  readonly atMs: number
  /** A number for the wire, from 1. */
  readonly wire: number
  /** The peer of ours at this end. */
  readonly ours: string
  /** The address at the other end. */
  readonly theirs: string
  readonly kind: 'open' | 'handshake' | 'message' | 'pieces' | 'close'
  readonly direction: 'sent' | 'received'
  /** Payload of a handshake or a message. */
  readonly bytes: Uint8Array
  /** The extended id of a message; the port at the other end when a wire opens; for pieces 1 when it has all, else 0. */
  readonly number: number
}

export interface TapOptions {
  /** The peer of ours at this end. */
  readonly ours: string
  /** The address at the other end. */
  readonly theirs: string
  readonly pieceCount: number
}

/** What the tap is told of a wire by its peer. */
export interface Tap {
  readonly number: number
  /** Both BitTorrent handshakes are done. */
  open(remotePort: number, direction: 'sent' | 'received'): void
}

export interface Exchange extends Frame {
  readonly added: readonly Contact[]
  readonly dropped: readonly string[]
}

export interface TappedWire {
  extended(id: number | string, payload: unknown): void
  _onExtended(id: number, bytes: Uint8Array): void
  readonly extendedMapping: Readonly<Record<string, string>>
  readonly peerExtendedMapping: Readonly<Record<string, number>>
  readonly peerPieces: { get(piece: number): boolean }
  on(event: string, listener: () => void): unknown
}

export class Traffic {
  readonly frames: Frame[] = []
  /** Called with each frame when it comes. */
  readonly #listeners: ((frame: Frame) => void)[] = []
  #wireCount = 0

  onFrame(listener: (frame: Frame) => void): void {
    this.#listeners.push(listener)
  }

  /** Listens in on a wire from now to its end. */
  tap(wire: TappedWire, { ours, theirs, pieceCount }: TapOptions): Tap {
    const wireNumber = ++this.#wireCount
    const nothing = new Uint8Array()
    const record = (kind: Frame['kind'], direction: Frame['direction'], bytes: Uint8Array = nothing, number = 0): void => {
      const frame = { atMs: nowMs(), wire: wireNumber, ours, theirs, kind, direction, bytes, number }
      this.frames.push(frame)
      for (const listener of this.#listeners) listener(frame)
    }
    const { extended, _onExtended: receive } = wire
    wire.extended = (id, payload) => {
      const bytes: Uint8Array = ArrayBuffer.isView(payload) ? (payload as Uint8Array) : bencode.encode(payload)
      const pexId = wire.peerExtendedMapping.ut_pex
      if (id === 0) record('handshake', 'sent', bytes)
      else if (id === 'ut_pex' || id === pexId) record('message', 'sent', bytes, pexId)
      extended.call(wire, id, payload)
    }
    wire._onExtended = (id, bytes) => {
      if (id === 0) record('handshake', 'received', bytes.slice())
      else if (wire.extendedMapping[id] === 'ut_pex') record('message', 'received', bytes.slice(), id)
      receive.call(wire, id, bytes)
    }
    let had: boolean | undefined
    const look = (): void => {
      const has = hasAll(wire, pieceCount)
      if (has !== had) record('pieces', 'received', nothing, has ? 1 : 0)
      had = has
    }
    for (const event of ['have-all', 'have-none', 'bitfield', 'have']) wire.on(event, look)
    wire.on('close', () => record('close', 'received'))
    return { number: wireNumber, open: (remotePort, direction) => record('open', direction, nothing, remotePort) }
  }

  /** The ut_pex messages on one wire, in order. */
  exchanges(wire: number, direction: Frame['direction']): readonly Exchange[] {
    return this.frames.filter((frame) => frame.wire === wire && frame.kind === 'message' && frame.direction === direction).map(readExchange)
  }

  handshakes(wire: number, direction: Frame['direction']): readonly { readonly m?: Record<string, number>; readonly p?: number }[] {
    return this.frames
      .filter((frame) => frame.wire === wire && frame.kind === 'handshake' && frame.direction === direction)
      .map(({ bytes }) => bencode.decode(bytes))
  }

  /** A line of JSON for each frame. */
  save(file: string): void {
    const lines = this.frames.map((frame) => {
      const { bytes, atMs, ...rest } = frame
      const words = frame.kind === 'message' ? { added: readExchange(frame).added, dropped: readExchange(frame).dropped } : {}
      return JSON.stringify({ at: Math.round(atMs) / 1000, ...rest, ...words, hex: Buffer.from(bytes).toString('hex') })
    })
    writeFileSync(file, `${lines.join('\n')}\n`)
  }
}

function hasAll(wire: TappedWire, pieceCount: number): boolean {
  for (let piece = 0; piece < pieceCount; piece++) if (!wire.peerPieces.get(piece)) return false
  return true
}

function readExchange(frame: Frame): Exchange {
  const message = decodeMessage(frame.bytes)
  const contacts = (list: Uint8Array, flags: Uint8Array, length: 6 | 18): Contact[] =>
    Array.from(flags, (byte, i) => ({ endpoint: nameEndpoint(list.subarray(i * length, (i + 1) * length)), flags: byte }))
  const names = (list: Uint8Array, length: 6 | 18): string[] =>
    Array.from({ length: list.length / length }, (_, i) => nameEndpoint(list.subarray(i * length, (i + 1) * length)))
  return {
    ...frame,
    added: [...contacts(message.added, message.addedFlags, 6), ...contacts(message.added6, message.added6Flags, 18)],
    dropped: [...names(message.dropped, 6), ...names(message.dropped6, 18)],
  }
}

/** A URL knows the short form of an IPv6 address. */
function nameEndpoint(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const addressLength = bytes.length - 2
  const address =
    addressLength === 4
      ? bytes.subarray(0, 4).join('.')
      : new URL(`http://[${Array.from({ length: 8 }, (_, i) => view.getUint16(2 * i).toString(16)).join(':')}]`).hostname
  return `${address}:${view.getUint16(addressLength)}`
}
