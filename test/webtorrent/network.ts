/**
 * A network in memory for the real WebTorrent: what it dials with `net.connect` ends here, and no packet leaves.
 *
 * Addresses can be any, so the rules for global ones hold; and a dead host can stay silent for ever, as a dead
 * host does, which on the loopback interface is not to be had.
 */

import net from 'node:net'
import { Duplex } from 'node:stream'
import { vi } from 'vitest'

type Done = (error?: Error | null) => void

/** One end of a connection, with what WebTorrent reads of a `net.Socket`. */
export class Socket extends Duplex {
  readonly remoteAddress: string
  readonly remotePort: number
  /** For a web seed and for a WebRTC peer, which WebTorrent tells from a TCP one by these. */
  connId: string | undefined
  id: string | undefined
  connected: boolean | undefined
  #other: Socket | undefined
  #isEnded = false

  constructor(remote: string) {
    super({ allowHalfOpen: false })
    const colon = remote.lastIndexOf(':')
    this.remoteAddress = remote.slice(0, colon)
    this.remotePort = Number(remote.slice(colon + 1))
    this.on('error', () => {})
  }

  /** Two ends that belong together; each sees the other at the address that is given for it. */
  static pair(one: string, other: string): [ofOne: Socket, ofOther: Socket] {
    const ends: [Socket, Socket] = [new Socket(other), new Socket(one)]
    ends[0].join(ends[1])
    return ends
  }

  join(other: Socket): void {
    this.#other = other
    other.#other = this
  }

  override _read(): void {}

  override _write(chunk: Uint8Array, _encoding: string, done: Done): void {
    this.#other?.receive(chunk)
    done()
  }

  override _final(done: Done): void {
    this.#other?.receive(null)
    done()
  }

  override _destroy(error: Error | null, done: Done): void {
    process.nextTick(() => this.#other?.destroy())
    done(error)
  }

  receive(chunk: Uint8Array | null): void {
    if (this.#isEnded || this.destroyed) return
    this.#isEnded = chunk === null
    this.push(chunk)
  }
}

export interface Dial {
  readonly address: string
  readonly transport: 'tcp' | 'utp'
  /** Milliseconds of the mocked clock. */
  readonly at: number
}

export class Network {
  readonly dials: Dial[] = []
  /** The greatest `unconnectedCount` since the start. */
  unconnectedPeak = 0
  readonly #connecting = new Set<Socket>()
  readonly #hosts = new Map<string, 'refuses' | ((socket: Socket) => void)>()

  /** From now on `net.connect` dials here, until the mocks are restored. */
  install(): void {
    vi.spyOn(net, 'connect').mockImplementation(((to: { host: string; port: number }) => this.dial(to, 'tcp')) as never)
  }

  /** What a host does with a connection to it; unless it is said here, a host is dead and never answers. */
  host(address: string, does: 'refuses' | ((socket: Socket) => void)): void {
    this.#hosts.set(address, does)
  }

  /** From now on the host is dead. */
  kill(address: string): void {
    this.#hosts.delete(address)
  }

  /** In the place of WebTorrent's uTP server, which is a native module. */
  utpServer(): object {
    const connect = (port: number, host: string): Socket => this.dial({ host, port }, 'utp')
    return { connect, removeListener: () => {}, close: () => {} }
  }

  dial({ host, port }: { readonly host: string; readonly port: number }, transport: 'tcp' | 'utp'): Socket {
    const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
    this.dials.push({ address, transport, at: performance.now() })
    const socket = new Socket(address)
    this.#connecting.add(socket)
    for (const end of ['close', 'connect']) socket.once(end, () => this.#connecting.delete(socket))
    this.unconnectedPeak = Math.max(this.unconnectedPeak, this.unconnectedCount)
    const does = transport === 'tcp' ? this.#hosts.get(address) : undefined
    if (does !== undefined) process.nextTick(() => this.#answer(socket, does))
    return socket
  }

  /** Dials that are neither connected nor given up. */
  get unconnectedCount(): number {
    return [...this.#connecting].filter((socket) => !socket.destroyed).length
  }

  dialsOf(address: string): readonly Dial[] {
    return this.dials.filter((dial) => dial.address === address)
  }

  #answer(socket: Socket, does: 'refuses' | ((socket: Socket) => void)): void {
    if (socket.destroyed) return
    if (does === 'refuses') {
      socket.destroy(new Error('connect ECONNREFUSED'))
      return
    }
    const theirs = new Socket('192.0.2.1:50000')
    socket.join(theirs)
    socket.emit('connect')
    does(theirs)
  }
}
