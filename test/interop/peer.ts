/**
 * A small BitTorrent peer of ours: `bittorrent-protocol` wires over real sockets, with the package under test on them.
 *
 * It shakes hands, says what it has, gives pieces in doses if it is told to, dials whom its swarm proposes if it is told to,
 * and takes nothing. Its exchange is one of three: `swarm`, fed by nothing; `drop-in`, fed by hand as ut_pex 5 has to be;
 * `none`, a bystander who only gives its listen port.
 */
import net from 'node:net'
import Protocol from 'bittorrent-protocol'
import { dropIn, type PexExchange, swarmExchange } from './exchange.ts'
import { addressOf, type Family, type Host, port } from './lan.ts'
import { pieceByteLength, type Torrent } from './torrent.ts'
import type { Tap, TappedWire, Traffic } from './traffic.ts'
import { nowMs } from './wait.ts'

export interface PeerOptions {
  readonly torrent: Torrent
  readonly traffic: Traffic
  readonly exchange: 'swarm' | 'drop-in' | 'none'
  /** Default: none. */
  readonly has?: 'all' | 'half' | 'none'
  /** Milliseconds between two blocks that it gives to one peer. Default: it gives none, and keeps everybody choked. */
  readonly doseMs?: number | undefined
  /** Whether it dials whom its swarm proposes. Default: no. */
  readonly dials?: boolean
  /** Whether it names ut_holepunch in its handshake. Default: no. */
  readonly holepunch?: boolean
  /** Encryption of its wires: 0 none, 2 RC4 and nothing else. Default: 0. */
  readonly encryption?: 0 | 2
  readonly isPrivate?: boolean
}

export interface ProtocolWire extends TappedWire {
  readonly peerId: string | null
  readonly hasFast: boolean
  readonly destroyed: boolean
  /** 2: RC4. */
  readonly _encryptionMethod: number | null | undefined
  extendedHandshake: Record<string, unknown>
  readonly ut_pex?: { leaving(reason: 'duplicate'): void; on(event: 'peer' | 'dropped', listener: (endpoint: string) => void): unknown }
  use(extension: unknown): void
  handshake(infoHash: string, peerId: string, extensions: { readonly fast: boolean }): void
  startEncryption(infoHash: string): void
  setInfoHash(infoHash: string): void
  setKeepAlive(enable: boolean): void
  on(event: string, listener: (...args: never[]) => void): ProtocolWire
  pipe(to: net.Socket): net.Socket
  haveAll(): void
  haveNone(): void
  bitfield(bits: Uint8Array): void
  unchoke(): void
  destroy(): void
}

/** Is told what a peer makes of what it hears. Endpoints are 'address:port'. */
export interface Onlooker {
  reported(kind: 'peer' | 'dropped', endpoint: string, wire: number): void
  dialled(endpoint: string): void
  dialFailed(endpoint: string): void
}

export interface PeerWire {
  readonly wire: ProtocolWire
  /** In the traffic. */
  readonly number: number
  readonly tap: Tap
  readonly theirAddress: string
  readonly theirPort: number
  readonly outgoing: boolean
  /** Whether their BitTorrent handshake came. */
  hasShaken: boolean
  /** Whether both BitTorrent handshakes are done, and we keep it. */
  isOpen: boolean
  isClosed: boolean
  openedAtMs: number
}

interface Target {
  readonly address: string
  readonly toPort: number
  readonly retryCount: number
}

/** Milliseconds. */
const retryMs = 1_000

let peerCount = 0

export class Peer {
  readonly host: Host
  readonly options: PeerOptions
  readonly exchange: PexExchange | undefined
  /** All that there were. */
  readonly wires: PeerWire[] = []
  onlooker: Onlooker | undefined
  /** Dials that did not get through, in words. */
  readonly failures: string[] = []
  readonly #id = Buffer.from(`-UX0600-${(++peerCount).toString().padStart(12, '0')}`).toString('hex')
  readonly #servers: net.Server[] = []
  /** Peers that the swarm proposed to dial. */
  readonly #proposed = new Set<string>()
  #isStopped = false

  constructor(host: Host, options: PeerOptions) {
    this.host = host
    this.options = options
    const set = { port, pieceCount: options.torrent.pieceCount, isPrivate: options.isPrivate ?? false }
    if (options.exchange === 'swarm') this.exchange = swarmExchange(set)
    else if (options.exchange === 'drop-in') this.exchange = dropIn()
    if (options.dials === true) this.exchange?.onCandidates?.(() => this.#dialCandidates())
  }

  async listen(): Promise<void> {
    for (const address of [this.host.address4, this.host.address6]) {
      const server = net.createServer((socket) => this.#take(socket, false))
      this.#servers.push(server)
      await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, address, resolve))
    }
  }

  /**
   * From our address of the same family; three times at most, should it not get through to the end of both handshakes.
   * libtorrent 2.0.8 refuses one encrypted connection in 256: those whose shared secret begins with a zero byte (5 of 2,000).
   */
  dial(address: string, toPort: number = port): void {
    this.#connect({ address, toPort, retryCount: 2 })
  }

  /** Open wires to a host, over either family. */
  openWires(host: Host): readonly PeerWire[] {
    return this.wires.filter((wire) => wire.isOpen && !wire.isClosed && isAt(host, wire))
  }

  /** The first time that it was connected with a host; undefined if never. */
  metAtMs(host: Host): number | undefined {
    return this.wires.find((wire) => wire.isOpen && isAt(host, wire))?.openedAtMs
  }

  stop(): void {
    this.#isStopped = true
    for (const server of this.#servers) server.close()
    for (const { wire } of this.wires) wire.destroy()
    this.exchange?.close()
  }

  #dialCandidates(): void {
    if (this.#isStopped) return
    for (const peer of this.exchange?.next?.(10) ?? []) {
      this.#proposed.add(peer)
      this.onlooker?.dialled(peer)
      const colon = peer.lastIndexOf(':')
      this.#connect({ address: peer.slice(0, colon).replace(/^\[|\]$/g, ''), toPort: Number(peer.slice(colon + 1)), retryCount: 0 })
    }
  }

  #connect(target: Target): void {
    const { address, toPort, retryCount } = target
    const family: Family = net.isIPv6(address) ? 6 : 4
    const endpoint = family === 6 ? `[${address}]:${toPort}` : `${address}:${toPort}`
    const socket = net.connect({ host: address, port: toPort, localAddress: addressOf(this.host, family) })
    const onFailure = (why: string): void => {
      this.failures.push(`${this.host.name} to ${endpoint}: ${why}`)
      if (retryCount > 0 && !this.#isStopped) setTimeout(() => this.#connect({ ...target, retryCount: retryCount - 1 }), retryMs).unref()
    }
    socket.once('error', (error) => {
      if (this.#proposed.delete(endpoint)) this.onlooker?.dialFailed(endpoint)
      this.exchange?.report?.(endpoint, 'failed')
      onFailure(error.message)
    })
    socket.once('connect', () => {
      socket.removeAllListeners('error')
      const entry = this.#take(socket, true)
      socket.once('close', () => entry !== undefined && !entry.hasShaken && onFailure('closed before the end of the handshakes'))
    })
  }

  #take(socket: net.Socket, outgoing: boolean): PeerWire | undefined {
    const theirAddress = socket.remoteAddress
    const theirPort = socket.remotePort
    if (theirAddress === undefined || theirPort === undefined || this.#isStopped) {
      socket.destroy()
      return undefined
    }
    const { encryption = 0, torrent, traffic, holepunch } = this.options
    const wire = new Protocol(outgoing ? 'tcpOutgoing' : 'tcpIncoming', encryption) as ProtocolWire
    const tap = traffic.tap(wire, { ours: this.host.name, theirs: theirAddress, pieceCount: torrent.pieceCount })
    const entry: PeerWire = {
      wire,
      tap,
      number: tap.number,
      theirAddress,
      theirPort,
      outgoing,
      hasShaken: false,
      isOpen: false,
      isClosed: false,
      openedAtMs: 0,
    }
    this.wires.push(entry)
    this.#join(socket, entry)
    wire.setKeepAlive(true)
    // In a swarm this is the package's part.
    if (this.options.exchange !== 'swarm') wire.extendedHandshake.p = port
    if (holepunch === true) wire.use(namedExtension('ut_holepunch'))
    this.exchange?.use(wire, { address: theirAddress, port: theirPort, outgoing })
    for (const kind of ['peer', 'dropped'] as const) {
      wire.ut_pex?.on(kind, (endpoint) => this.onlooker?.reported(kind, endpoint, tap.number))
    }
    wire.on('handshake', () => this.#onHandshake(entry))
    wire.on('request', (piece: number, offset: number, length: number, respond: (error: Error | null, block?: Uint8Array) => void) =>
      this.#give(piece, offset, length, respond),
    )
    wire.on('interested', () => {
      if (this.options.doseMs !== undefined) wire.unchoke()
    })
    const greet = (): void => wire.handshake(torrent.infoHash, this.#id, { fast: true })
    if (encryption === 0) {
      if (outgoing) greet()
      return entry
    }
    wire.on('crypto-infohash', () => wire.setInfoHash(torrent.infoHash))
    wire.on('crypto-handshake', () => outgoing && greet())
    if (outgoing) wire.startEncryption(torrent.infoHash)
    return entry
  }

  #join(socket: net.Socket, entry: PeerWire): void {
    const { wire } = entry
    const end = (): void => {
      if (entry.isClosed) return
      entry.isClosed = true
      wire.destroy()
      hangUp(socket)
      this.exchange?.closed(entry)
    }
    socket.on('error', end)
    socket.on('close', end)
    for (const event of ['close', 'finish', 'end', 'error']) wire.on(event, end)
    socket.pipe(wire as unknown as NodeJS.WritableStream)
    wire.pipe(socket)
  }

  #onHandshake(entry: PeerWire): void {
    const { wire } = entry
    const { torrent, has = 'none' } = this.options
    entry.hasShaken = true
    if (wire.peerId === this.#id) {
      // Transmission tells everybody everybody's own address, too.
      wire.destroy()
      return
    }
    if (this.wires.some((other) => other !== entry && other.isOpen && !other.isClosed && other.wire.peerId === wire.peerId)) {
      wire.ut_pex?.leaving('duplicate')
      wire.destroy()
      return
    }
    entry.tap.open(entry.theirPort, entry.outgoing ? 'sent' : 'received')
    if (!entry.outgoing) wire.handshake(torrent.infoHash, this.#id, { fast: true })
    entry.isOpen = true
    entry.openedAtMs = nowMs()
    queueMicrotask(() => {
      if (wire.destroyed) return
      if (has === 'half') wire.bitfield(firstHalf(torrent.pieceCount))
      else if (has === 'all' && wire.hasFast) wire.haveAll()
      else if (has === 'all') wire.bitfield(new Uint8Array(torrent.pieceCount / 8).fill(0xff))
      else if (wire.hasFast) wire.haveNone()
    })
    this.exchange?.opened(entry)
  }

  #nextDoseAtMs = 0

  #give(piece: number, offset: number, length: number, respond: (error: Error | null, block?: Uint8Array) => void): void {
    const { doseMs, torrent } = this.options
    if (doseMs === undefined) return
    this.#nextDoseAtMs = Math.max(nowMs(), this.#nextDoseAtMs + doseMs)
    const start = piece * pieceByteLength + offset
    setTimeout(() => respond(null, torrent.data.subarray(start, start + length)), this.#nextDoseAtMs - nowMs()).unref()
  }
}

/**
 * Reads on until the other end has closed, too. What is left unread would reset the connection, and of a peer whose
 * connection was reset aria2 tells nobody that it has gone.
 */
function hangUp(socket: net.Socket): void {
  socket.unpipe()
  socket.resume()
  socket.end()
  setTimeout(() => socket.destroy(), 1_000).unref()
}

function isAt(host: Host, { theirAddress }: PeerWire): boolean {
  return theirAddress === host.address4 || theirAddress === host.address6
}

function firstHalf(pieceCount: number): Uint8Array {
  return new Uint8Array(pieceCount / 8).fill(0xff, 0, pieceCount / 16)
}

function namedExtension(name: string): unknown {
  class Extension {}
  Object.defineProperty(Extension.prototype, 'name', { value: name })
  return Extension
}
