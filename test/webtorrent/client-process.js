/**
 * One real WebTorrent client in a process of its own, with the built package: does what its parent orders and reports what it sees.
 *
 * It ends with its channel to the parent, whatever ends that; and by itself when it is ordered to destroy its client.
 */
import { createHash } from 'node:crypto'
import { PacedStore } from '../../build/demo/paced-store.js'

let client
let torrent
let store

function report(message) {
  if (process.connected) process.send(message)
}

function fail(error) {
  report({ type: 'failed', reason: error?.stack ?? String(error) })
}

async function start({ exchange, id, data, pieceByteLength }) {
  const { default: WebTorrent } = await import('webtorrent')
  client = new WebTorrent({ dht: false, lsd: false, tracker: false, natUpnp: false, natPmp: false, utp: false, torrentPort: 0 })
  client.on('error', fail)
  const attached = exchange === 'attach' ? (await import('ut_pex/webtorrent')).attach(client) : undefined
  store = new PacedStore(pieceByteLength, Buffer.from(data, 'base64'))
  const torrentId = id.startsWith('magnet:') ? id : Buffer.from(id, 'base64')
  torrent = client.add(torrentId, { preloadedStore: store, storeCacheSlots: 0 })
  torrent.on('error', fail)
  torrent.on('done', () => report({ type: 'done', digest: digestOfData() }))
  torrent.on('wire', (wire, address) => {
    const source = torrent._peers.get(address)?.source ?? 'it dialled us'
    report({ type: 'wire', peerId: wire.peerId, source, extension: wire.ut_pex?.constructor.name })
    if (attached === undefined) wire.ut_pex?.on('peer', (peer) => report({ type: 'told', peer }))
    wire.once('close', () => report({ type: 'closed', peerId: wire.peerId }))
  })
  attached?.swarm(torrent)?.on('peer', (peer) => report({ type: 'told', peer }))
  await new Promise((resolve) => torrent.once(id.startsWith('magnet:') ? 'infoHash' : 'ready', resolve))
  if (!client.listening) await new Promise((resolve) => client.once('listening', resolve))
  report({ type: 'listening', port: client.torrentPort, peerId: client.peerId })
}

function digestOfData() {
  const hash = createHash('sha256')
  for (const chunk of store.chunks()) hash.update(chunk)
  return hash.digest('hex')
}

/** Only what WebTorrent or we left behind can keep this process now. */
function destroy(what) {
  if (what === 'torrent') torrent.destroy()
  else client.destroy()
  if (what === 'torrent') setImmediate(() => client.destroy())
  process.removeAllListeners('disconnect')
  process.disconnect()
}

process.on('disconnect', () => process.exit())
process.on('uncaughtException', fail)
process.on('message', (order) => {
  if (order.type === 'start') start(order).catch(fail)
  else if (order.type === 'dial') torrent.addPeer(`127.0.0.1:${order.port}`, 'manual')
  else if (order.type === 'pace') store.pace(order.bytesPerSecond ?? Number.POSITIVE_INFINITY)
  else if (order.type === 'destroy') destroy(order.what)
})
