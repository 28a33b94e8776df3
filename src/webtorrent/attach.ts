/**
 * Peer exchange for WebTorrent 3, in both directions, in one line.
 *
 * WebTorrent's own use of ut_pex only listens: it tells nobody of anybody, and gives no listen port (`p`), so
 * that nobody can tell of it. Attached, every torrent has a `PexSwarm`, every TCP and uTP wire is in it, and
 * whom it knows is dialled into WebTorrent's free slots.
 */

import type { Privacy } from '../core/swarm.ts'
import { PexSwarm } from '../extension/pex-swarm.ts'
import { UtPex, utPex } from '../extension/ut-pex.ts'
import { Dialler } from './dialler.ts'
import { isDiallable, privacyOf, type WebTorrentClient, type WebTorrentTorrent, type WebTorrentWire } from './host.ts'

export interface AttachOptions {
  /**
   * What to do while a magnet's metadata is missing, and with it the answer whether the torrent is private. `wait`,
   * the default: listen, and neither tell nor dial before it is known (BEP 27). `use`: as WebTorrent and libtorrent
   * do, exchange peers at once; needed where no neighbour has the metadata yet.
   */
  readonly magnet?: 'wait' | 'use'
}

export interface Attachment {
  /** Takes everything back: new wires get WebTorrent's own ut_pex again. No listener and no timer is left. */
  detach(): void
  /** The swarm of a torrent; undefined for one that is destroyed or not attached. */
  swarm(torrent: object): PexSwarm | undefined
}

const attachments = new WeakMap<object, Attachment>()

/**
 * Attaches peer exchange to a WebTorrent client, with all its torrents now and later, or to one torrent. What is
 * attached already gives the same attachment again.
 * @throws {TypeError} when it is given something else.
 */
export function attach(clientOrTorrent: object, options: AttachOptions = {}): Attachment {
  const { magnet = 'wait' } = options
  if (magnet !== 'wait' && magnet !== 'use') throw new TypeError(`magnet: 'wait' or 'use' was expected, not ${String(magnet)}`)
  const torrent = clientOrTorrent as WebTorrentTorrent
  const client = clientOrTorrent as WebTorrentClient
  const present = attachments.get(clientOrTorrent) ?? (torrent?.client ? attachments.get(torrent.client) : undefined)
  if (present !== undefined) return present
  let attachment: Attachment
  if (Array.isArray(client?.torrents)) attachment = attachClient(client, magnet)
  else if (Array.isArray(torrent?.wires)) attachment = attachTorrent(torrent, magnet)
  else {
    const given = clientOrTorrent === null ? 'null' : typeof clientOrTorrent
    throw new TypeError(`clientOrTorrent: a WebTorrent client or torrent was expected, not ${given}`)
  }
  attachments.set(clientOrTorrent, attachment)
  return attachment
}

function attachClient(client: WebTorrentClient, magnet: 'wait' | 'use'): Attachment {
  const torrents = new Map<object, AttachedTorrent>()
  const { utPex: before } = client
  const add = (torrent: WebTorrentTorrent): void => {
    if (attachments.has(torrent)) return
    const attached = new AttachedTorrent(torrent, magnet, () => torrents.delete(torrent))
    if (!attached.isClosed) torrents.set(torrent, attached)
  }
  // One listener for all: Node warns of a leak when there are more than ten of one event.
  const learn = (): void => {
    for (const torrent of torrents.values()) torrent.learn()
  }
  client.utPex = false
  for (const torrent of client.torrents) add(torrent)
  client.on('add', add)
  client.on('listening', learn)
  return {
    detach() {
      client.removeListener('add', add)
      client.removeListener('listening', learn)
      if (attachments.delete(client)) client.utPex = before
      for (const torrent of [...torrents.values()]) torrent.close()
    },
    swarm: (torrent) => torrents.get(torrent)?.swarm ?? attachments.get(torrent)?.swarm(torrent),
  }
}

function attachTorrent(torrent: WebTorrentTorrent, magnet: 'wait' | 'use'): Attachment {
  const { client } = torrent
  const learn = (): void => attached.learn()
  const attached = new AttachedTorrent(torrent, magnet, () => {
    attachments.delete(torrent)
    client?.removeListener('listening', learn)
  })
  if (!attached.isClosed) client?.on('listening', learn)
  return {
    detach: () => attached.close(),
    swarm: (other) => (other === torrent && !attached.isClosed ? attached.swarm : undefined),
  }
}

class AttachedTorrent {
  readonly swarm: PexSwarm
  readonly #torrent: WebTorrentTorrent
  readonly #client: WebTorrentClient | null
  readonly #magnet: 'wait' | 'use'
  readonly #dialler: Dialler
  readonly #onClosed: () => void
  isClosed = false

  constructor(torrent: WebTorrentTorrent, magnet: 'wait' | 'use', onClosed: () => void) {
    this.#torrent = torrent
    this.#client = torrent.client
    this.#magnet = magnet
    this.#onClosed = onClosed
    this.swarm = new PexSwarm({ private: this.#privacy() })
    this.#dialler = new Dialler(torrent, this.swarm)
    this.#listen('on')
    this.learn()
    for (const wire of torrent.wires) this.#take(wire)
    if (torrent.destroyed) this.close()
  }

  /** Takes over what the torrent knows by now. */
  readonly learn = (): void => {
    const { swarm } = this
    const torrent = this.#torrent
    swarm.listenPort = this.#client?.torrentPort ?? 0
    swarm.private = this.#privacy()
    swarm.seeding = torrent.done
    if (torrent.info !== undefined && torrent.pieces.length > 0) swarm.pieceCount = torrent.pieces.length
  }

  close(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.#listen('removeListener')
    for (const wire of this.#torrent.wires) wire.removeListener?.('close', this.#dialler.dial)
    this.#dialler.close()
    this.swarm.close()
    this.#onClosed()
  }

  #listen(method: 'on' | 'removeListener'): void {
    const torrent = this.#torrent
    torrent[method]('wire', this.#take)
    for (const event of ['infoHash', 'metadata', 'done']) torrent[method](event, this.learn)
    torrent[method]('close', this.#onClose)
  }

  readonly #onClose = (): void => this.close()

  #privacy(): Privacy {
    return privacyOf(this.#torrent) ?? (this.#magnet === 'wait' ? 'unknown' : false)
  }

  /** Puts a wire into the swarm, in the place of the extension that it may have. */
  readonly #take = (wire: WebTorrentWire): void => {
    const { swarm } = this
    if (this.isClosed || !isDiallable(wire) || wire.destroyed === true) return
    const old = wire.ut_pex
    // When a seed finds a piece broken, no event says so.
    if (swarm.seeding !== this.#torrent.done) swarm.seeding = this.#torrent.done
    wire.on?.('close', this.#dialler.dial)
    const extension = utPex({ swarm })
    if (old === undefined || wire._ext === undefined) {
      wire.use(extension)
      return
    }
    // Ours of an earlier attachment joins, and its clock goes on: nobody may hear from us twice in a minute.
    const isOurs = old instanceof UtPex && old.hasJoined
    if (!isOurs) {
      old.reset?.()
      wire.ut_pex = undefined
    }
    const instance = new extension(wire)
    wire.ut_pex = instance
    wire._ext.ut_pex = instance
  }
}
