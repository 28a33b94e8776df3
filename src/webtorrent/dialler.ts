/**
 * Dials for WebTorrent whom a swarm knows, a few at a time and only into free slots.
 *
 * WebTorrent gives up a wire that has choked it for 5 s as soon as a peer waits to be connected, on the
 * assumption that the waiting one may be better. A candidate of ours is no such peer: it may be dead, and there
 * is always another. So ours are left out of WebTorrent's count of waiting peers, and of those that never shook
 * hands it redials none: one attempt, then the swarm is told, and knows better when to try again.
 */

import type { PexSwarm } from '../extension/pex-swarm.ts'
import type { WebTorrentConn, WebTorrentPeer, WebTorrentTorrent } from './host.ts'

/** The name under which WebTorrent books peers from PEX. */
const source = 'ut_pex'
/** Candidates that may be unconnected at a time. */
const maxPending = 4
/** More than WebTorrent's three redials. */
const noMoreRetries = 100
/** Milliseconds to the next look after candidates had to wait: no event tells of every slot that becomes free, or of `resume`. */
const retryMs = 5_000

/** Takes the listeners of an attempt off its socket: it has ended, or we have. */
type Unwatch = () => void

export class Dialler {
  readonly #torrent: WebTorrentTorrent
  readonly #swarm: PexSwarm
  /** By socket: after an attempt that connected WebTorrent may dial the same address again. */
  readonly #attempts = new Map<WebTorrentConn, Unwatch>()
  #timer: ReturnType<typeof setTimeout> | undefined
  #isClosed = false

  constructor(torrent: WebTorrentTorrent, swarm: PexSwarm) {
    this.#torrent = torrent
    this.#swarm = swarm
    swarm.on('candidates', this.dial)
    this.#hideFromQueue()
  }

  /** Dials as many as there are free slots for. */
  readonly dial = (): void => {
    const count = this.#freeSlots()
    if (count <= 0) {
      this.#dialLater()
      return
    }
    for (const address of this.#swarm.next(count)) {
      // A listener for 'peer' may have destroyed the torrent.
      if (this.#isClosed) return
      if (this.#torrent.addPeer(address, source)) this.#watch(address)
      else this.#swarm.report(address, 'failed')
    }
  }

  close(): void {
    this.#isClosed = true
    this.#swarm.off('candidates', this.dial)
    for (const unwatch of this.#attempts.values()) unwatch()
    this.#attempts.clear()
    clearTimeout(this.#timer)
    if (Object.hasOwn(this.#torrent, '_numQueued')) delete (this.#torrent as { _numQueued?: number })._numQueued
  }

  /** What WebTorrent waits for itself comes first. */
  #freeSlots(): number {
    const torrent = this.#torrent
    const { client } = torrent
    if (this.#isClosed || client === null || torrent.destroyed || torrent.paused) return 0
    if (torrent.done && client.seedOutgoingConnections === false) return 0
    if ((torrent._queue?.length ?? 0) > 0) return 0
    const connections = (torrent._numConns ?? torrent.wires.length) + (torrent._numPending ?? 0)
    return Math.min(client.maxConns - connections, maxPending - this.#queuedCount())
  }

  #dialLater(): void {
    if (this.#isClosed || this.#timer !== undefined) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.dial()
    }, retryMs)
    if (typeof this.#timer === 'object') this.#timer.unref?.()
  }

  /** Peers from PEX that are not connected, as WebTorrent counts them: one that it has not dialled yet twice. */
  #queuedCount(): number {
    let count = 0
    for (const peer of this.#torrent._peers?.values() ?? []) {
      if (peer.source === source && !peer.connected) count += peer.conn === null ? 2 : 1
    }
    return count
  }

  /** Follows an attempt to its end. A wire that comes of it reports itself; `failed` says nothing against such a one. */
  #watch(address: string): void {
    if (this.#isClosed) return
    const peer = this.#torrent._peers?.get(address)
    const conn = peer?.conn
    if (peer === undefined || conn === null || conn === undefined) {
      this.#giveUp(address, peer)
      return
    }
    peer.retries = noMoreRetries
    const onClosing = (): void => forbidRedial(peer)
    const onClose = (): void => {
      unwatch()
      this.#attempts.delete(conn)
      // After uTP WebTorrent tries TCP: another peer object, the same attempt.
      const next = this.#torrent._peers?.get(address)
      if (next !== undefined && next !== peer) this.#watch(address)
      else this.#swarm.report(address, 'failed')
      this.dial()
    }
    const unwatch = (): void => {
      conn.removeListener('close', onClosing)
      conn.removeListener('close', onClose)
      conn.removeListener('connect', this.dial)
    }
    this.#attempts.set(conn, unwatch)
    conn.prependListener('close', onClosing)
    conn.on('close', onClose)
    conn.on('connect', this.dial)
  }

  /** Its slot went to another. It must not wait in the queue, where nobody follows it and from where `removePeer` does not take it. */
  #giveUp(address: string, peer: WebTorrentPeer | undefined): void {
    const queue = this.#torrent._queue
    const place = peer === undefined ? -1 : (queue?.indexOf(peer) ?? -1)
    if (place >= 0) queue?.splice(place, 1)
    this.#torrent.removePeer(address)
    this.#swarm.report(address, 'failed')
  }

  #hideFromQueue(): void {
    const torrent = this.#torrent
    const count = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(torrent), '_numQueued')?.get
    if (count === undefined) return
    const ours = (): number => this.#queuedCount()
    Object.defineProperty(torrent, '_numQueued', {
      configurable: true,
      get(): number {
        return count.call(torrent) - ours()
      },
    })
  }
}

/**
 * To be called before WebTorrent's own listener. Where uTP is on, WebTorrent dials by TCP whom it may not redial,
 * at once and without end. Without an address it cannot. A peer that has shaken hands starts anew with its retries, and
 * may be redialled.
 */
function forbidRedial(peer: WebTorrentPeer): void {
  if (peer.type !== 'utpOutgoing' && peer.retries >= noMoreRetries) peer.addr = ''
}
