/**
 * A WebTorrent client in a process of its own, on Node without WebRTC: does what it is ordered and reports what it sees.
 *
 * It ends when its channel to the suite closes.
 */
import { attach } from 'ut_pex/webtorrent'

export interface WebTorrentOrder {
  readonly torrents: readonly string[]
  readonly folder: string
  readonly port: number
  readonly encrypted: boolean
  /** Whether `ut_pex/webtorrent` is attached. */
  readonly isAttached: boolean
  /** A module to take WebTorrent from, else the installed one. */
  readonly module: string | undefined
  /** The torrents are magnet links, and this is `attach`'s option. */
  readonly magnets: 'wait' | 'use' | undefined
}

export interface WebTorrentReport {
  readonly listening: boolean
  /** Addresses, without ports. */
  readonly peers: readonly string[]
  /** Torrents whose data is all there. */
  readonly doneCount: number
  readonly wireCount: number
  readonly errors: readonly string[]
}

interface Wire {
  readonly remoteAddress?: string
  readonly destroyed: boolean
}

interface Torrent {
  readonly wires: readonly Wire[]
  readonly done: boolean
  readonly infoHash: string
  on(event: string, listener: (error: Error) => void): unknown
  addPeer(peer: string): boolean
}

interface Client {
  readonly listening: boolean
  readonly torrents: readonly Torrent[]
  add(torrent: Uint8Array | string, options: object): Torrent
  remove(torrent: Torrent, options: object, done: () => void): void
  destroy(done: () => void): void
  on(event: string, listener: (error: Error) => void): unknown
}

const reportIntervalMs = 100
const errors: string[] = []
let client: Client | undefined
let before = ''

/** Socket addresses of a dual-stack server hold an IPv4 address in an IPv6 one. */
const plain = (address: string): string => address.replace(/^::ffff:/, '')

function report(): void {
  const torrents = client?.torrents ?? []
  const wires = torrents.flatMap((torrent) => torrent.wires.filter((wire) => !wire.destroyed))
  const now: WebTorrentReport = {
    listening: client?.listening === true && torrents.every(({ infoHash }) => infoHash !== undefined),
    peers: wires.map(({ remoteAddress }) => plain(remoteAddress ?? '')),
    doneCount: torrents.filter(({ done }) => done).length,
    wireCount: wires.length,
    errors,
  }
  const text = JSON.stringify(now)
  if (text === before || !process.connected) return
  before = text
  process.send?.(now, () => {})
}

async function start(order: WebTorrentOrder): Promise<void> {
  const { default: WebTorrent } = (await import(order.module ?? 'webtorrent')) as { readonly default: new (options: object) => Client }
  const off = { dht: false, lsd: false, natUpnp: false, natPmp: false, utp: false, tracker: false }
  client = new WebTorrent({ ...off, torrentPort: order.port, secure: order.encrypted ? 2 : 0 })
  client.on('error', (error) => errors.push(error.message))
  if (order.isAttached) attach(client, order.magnets === undefined ? {} : { magnet: order.magnets })
  order.torrents.forEach((torrent, i) => {
    const source = order.magnets !== undefined ? torrent : Buffer.from(torrent, 'base64')
    client?.add(source, { path: `${order.folder}/${i}` }).on('error', (error) => errors.push(error.message))
  })
  setInterval(report, reportIntervalMs)
}

interface Command {
  readonly start?: WebTorrentOrder
  /** Dial this peer for each torrent. */
  readonly dial?: string
  /** Take all torrents away, in the middle of what they do. */
  readonly remove?: boolean
  readonly destroy?: boolean
}

process.on('message', ({ start: order, dial, remove, destroy }: Command) => {
  if (order !== undefined) start(order).catch((error: Error) => errors.push(error.message))
  if (dial !== undefined) for (const torrent of client?.torrents ?? []) torrent.addPeer(dial)
  if (remove === true) for (const torrent of [...(client?.torrents ?? [])]) client?.remove(torrent, {}, () => {})
  if (destroy === true) client?.destroy(() => process.exit(0))
})
process.on('disconnect', () => process.exit(0))
process.on('uncaughtException', (error) => {
  errors.push(String(error.stack))
  console.error(error)
})
