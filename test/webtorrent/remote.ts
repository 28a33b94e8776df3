/** A peer at the other end of a socket that WebTorrent dialled or accepted: it does as it is told, and remembers what it heard. */

import Protocol from 'bittorrent-protocol'
import { formatEndpoint, parseEndpoint } from '../../src/address/index.ts'
import { type DecodedMessage, decodeMessage, encodeMessage } from '../../src/codec/index.ts'
import { type Network, Socket } from './network.ts'
import type { TestClient } from './webtorrent.ts'

interface RemoteWire {
  readonly hasFast: boolean
  use(extension: unknown): void
  handshake(infoHash: string, peerId: string, extensions: { readonly fast: boolean }): void
  on(event: string, listener: (...args: never[]) => void): RemoteWire
  pipe(to: Socket): Socket
  haveAll(): void
  haveNone(): void
  unchoke(): void
  extended(id: number | string, payload: Uint8Array): void
  extendedHandshake: Record<string, unknown>
  readonly peerExtendedMapping: Record<string, number>
}

export interface RemoteOptions {
  readonly infoHash: string
  /** Its listen port, if it gives one. */
  readonly p?: number | undefined
  /** Default: none. Of those it has it gives nothing, as long as it chokes us. */
  readonly pieces?: 'all' | 'none'
  /** Who says its BitTorrent handshake first. Default: WebTorrent, which dialled it. */
  readonly dialled?: 'by us' | 'by it'
}

/** What it heard of us: an extended handshake as it came. */
export interface Heard {
  readonly m: Record<string, number>
  readonly p?: number
}

let peerCount = 0

export class Remote {
  readonly handshakes: Heard[] = []
  readonly messages: DecodedMessage[] = []
  /** Extended messages that are neither a handshake nor ut_pex. */
  others = 0
  isClosed = false
  readonly #wire: RemoteWire
  readonly #socket: Socket

  constructor(socket: Socket, { infoHash, p, pieces = 'none', dialled = 'by us' }: RemoteOptions) {
    this.#socket = socket
    const wire = new Protocol() as unknown as RemoteWire
    this.#wire = wire
    wire.use(silentExtension())
    if (p !== undefined) wire.extendedHandshake.p = p
    const shake = (): void => wire.handshake(infoHash, (++peerCount).toString(16).padStart(40, '0'), { fast: true })
    wire.on('error', () => {})
    wire.on('close', () => {
      this.isClosed = true
    })
    wire.on('handshake', () => {
      if (dialled === 'by us') shake()
      if (pieces === 'all') wire.haveAll()
      else wire.haveNone()
    })
    wire.on('extended', ((name: string, payload: Uint8Array & Heard) => {
      if (name === 'handshake') this.handshakes.push(payload)
      else if (name === 'ut_pex') this.messages.push(decodeMessage(payload))
      else this.others++
    }) as never)
    socket.pipe(wire as never)
    wire.pipe(socket)
    if (dialled === 'by it') shake()
  }

  /** The last extended handshake that it got. */
  get handshake(): Heard | undefined {
    return this.handshakes.at(-1)
  }

  /** IPv4 contacts that it was told of, in order. */
  get told(): string[] {
    return this.messages.flatMap(({ added }) => endpointsOf(added, 4))
  }

  /** Tells of contacts, under the id that we gave ut_pex. */
  tell(peers: readonly string[]): void {
    this.#wire.extended('ut_pex', messageOf(peers))
  }

  /** Tells of them under an id that we never gave. */
  tellAt(id: number, peers: readonly string[]): void {
    this.#wire.extended(id, messageOf(peers))
  }

  /** Shakes hands again, and gives this listen port. */
  sayPort(p: number): void {
    this.#wire.extended(0, new TextEncoder().encode(`d1:pi${p}ee`))
  }

  /** What it holds by the messages that it got, IPv4 and IPv6. */
  get holds(): string[] {
    const held = new Set<string>()
    for (const { added, added6, dropped, dropped6 } of this.messages) {
      for (const peer of [...endpointsOf(dropped, 4), ...endpointsOf(dropped6, 6)]) held.delete(peer)
      for (const peer of [...endpointsOf(added, 4), ...endpointsOf(added6, 6)]) held.add(peer)
    }
    return [...held]
  }

  unchoke(): void {
    this.#wire.unchoke()
  }

  hangUp(): void {
    this.#socket.destroy()
  }
}

function endpointsOf(list: Uint8Array, family: 4 | 6): string[] {
  const byteLength = family === 4 ? 6 : 18
  return Array.from({ length: list.length / byteLength }, (_, i) => formatEndpoint(list, i * byteLength, family))
}

function messageOf(peers: readonly string[]): Uint8Array {
  const endpoints = peers.map((peer) => parseEndpoint(peer)!)
  const ofFamily = (byteLength: number): Uint8Array => Buffer.concat(endpoints.filter(({ length }) => length === byteLength))
  return encodeMessage({ added: ofFamily(6), added6: ofFamily(18) })
}

/** A peer at this address connects to the client, from another port than it listens on. */
export function connectFrom(address: string, client: TestClient, options: Omit<RemoteOptions, 'dialled'>): Remote {
  const [theirs, ours] = Socket.pair(address, '192.0.2.1:6881')
  client._connPool._onConnection(ours, 'tcp')
  return new Remote(theirs, { ...options, dialled: 'by it' })
}

/** A peer at this address that the client can dial; `remotes` of those it has dialled, in order. */
export function listenAt(address: string, network: Network, options: RemoteOptions): Remote[] {
  const remotes: Remote[] = []
  network.host(address, (socket) => remotes.push(new Remote(socket, options)))
  return remotes
}

function silentExtension(): unknown {
  function Silent() {}
  Silent.prototype.name = 'ut_pex'
  Silent.prototype.onMessage = () => {}
  return Silent
}
