/**
 * One client of the demonstration: a process with a real WebTorrent client, which does what the job orders and reports what it sees.
 *
 * It ends when its channel to the job closes, so it cannot outlive the job, whatever ends that.
 */
import type { GoOrder, Order, Report, StartOrder } from './messages.ts'
import { PacedStore } from './paced-store.ts'
import { dataOfKey, digestOf, pieceByteLength } from './torrent.ts'
import { startClient, type Torrent } from './webtorrent.ts'

const progressIntervalMs = 200

function report(message: Report): void {
  // Once the channel is closed, nobody listens and this process is about to end.
  if (process.connected) process.send?.(message, () => {})
}

function fail(error: unknown): void {
  report({ type: 'failed', reason: error instanceof Error ? error.message : String(error) })
}

interface Running {
  readonly torrent: Torrent
  readonly store: PacedStore
}

/** Starts WebTorrent and its torrent; resolves when it listens. */
async function start(order: StartOrder): Promise<Running> {
  const client = await startClient({
    peerId: order.peerId,
    torrentPort: 0,
    dht: false,
    lsd: false,
    tracker: false,
    utp: false,
    natUpnp: false,
    natPmp: false,
    // No encryption, which WebTorrent tries by default. Measured: with it, 24 clients on two cores were not done in 90 s; without, in 25 s.
    secure: 0,
  })
  client.on('error', fail)

  const store = new PacedStore(pieceByteLength, order.key === undefined ? undefined : dataOfKey(order.key))
  const exchange = await chooseExchange(order)
  const torrent = client.add(Buffer.from(order.torrent, 'base64'), { preloadedStore: store, storeCacheSlots: 0 })
  torrent.on('error', fail)
  exchange(client, torrent, (peer, source) => report({ type: 'told', peer, source }))
  torrent.once('done', () => report({ type: 'data', digest: digestOf(store.chunks()) }))
  watch(torrent)
  await new Promise<void>((resolve) => torrent.once('ready', resolve))
  report({ type: 'listening', port: client.torrentPort })
  return { torrent, store }
}

type ExchangeFunction = typeof import('./exchange-attach.ts').exchangeByAttach

async function chooseExchange(order: StartOrder): Promise<ExchangeFunction> {
  return order.exchange === 'attach'
    ? (await import('./exchange-attach.ts')).exchangeByAttach
    : (await import('./exchange-ut-pex5.ts')).exchangeByItself
}

/** Reports connections as they come and go, and the progress of the download. */
function watch(torrent: Torrent): void {
  torrent.on('wire', (wire, address) => {
    const { peerId } = wire
    report({ type: 'connected', peerId, address })
    wire.once('close', () => report({ type: 'disconnected', peerId }))
  })
  let reported = 0
  setInterval(() => {
    if (torrent.progress === reported) return
    reported = torrent.progress
    report({ type: 'progress', share: reported })
  }, progressIntervalMs)
}

function go({ torrent, store }: Running, order: GoOrder): void {
  store.pace(order.bytesPerSecond ?? Number.POSITIVE_INFINITY)
  if (order.peer !== undefined) torrent.addPeer(order.peer)
}

let started: Promise<Running> | undefined
process.on('disconnect', () => process.exit())
if (!process.connected) process.exit()
// Ctrl-C reaches every process of the terminal. The job ends its clients itself, after it has said what it saw.
process.on('SIGINT', () => {})
process.on('uncaughtException', fail)
process.on('message', (order: Order) => {
  switch (order.type) {
    case 'start':
      started = start(order)
      started.catch(fail)
      break
    case 'go':
      started?.then((running) => go(running, order)).catch(fail)
      break
    case 'hurry':
      started?.then(({ store }) => store.pace(Number.POSITIVE_INFINITY)).catch(fail)
      break
    default:
      order satisfies never
  }
})
