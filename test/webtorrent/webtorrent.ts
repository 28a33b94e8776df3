/** The real WebTorrent in this process, for tests with a mocked clock and a network in memory. */

import { type EventEmitter, once } from 'node:events'
import { register } from 'node:module'
import { vi } from 'vitest'
import { MemoryStore } from '../../demo/memory-store.ts'
import type { WebTorrentClient, WebTorrentPeer, WebTorrentTorrent, WebTorrentWire } from '../../src/webtorrent/host.ts'
import type { Socket } from './network.ts'
import { pieceByteLength, type TestData } from './torrents.ts'

type Part<Whole> = Omit<Whole, 'on' | 'removeListener'>

export interface TestWire extends Part<WebTorrentWire>, EventEmitter {
  readonly amInterested: boolean
  readonly extendedMapping: Record<string, string>
  readonly _ext: Record<string, { reset?(): void }>
  destroy(): void
}

export interface TestTorrent extends Part<WebTorrentTorrent>, EventEmitter {
  readonly client: TestClient | null
  readonly infoHash: string
  readonly ready: boolean
  readonly wires: readonly TestWire[]
  readonly _peers: Map<string, WebTorrentPeer>
  readonly _numQueued: number
  done: boolean
  addWebSeed(url: string): void
  addPeer(peer: string | Socket, source?: string): boolean
  destroy(done?: () => void): void
  pause(): void
  resume(): void
}

export interface TestClient extends Part<WebTorrentClient>, EventEmitter {
  readonly torrents: TestTorrent[]
  torrentPort: number
  maxConns: number
  utp: boolean
  seedOutgoingConnections: boolean
  readonly _connPool: { utpServer: object | null; _onConnection(socket: Socket, type: 'tcp'): void }
  add(torrent: Uint8Array | string, options?: object): TestTorrent
  destroy(done?: () => void): void
}

/** The native module that WebTorrent's WebRTC needs is not installed; who imports it gets empty classes. */
const names = ['RTCPeerConnection', 'RTCSessionDescription', 'RTCIceCandidate']
const stub = dataUrl(names.map((name) => `export class ${name} {}`).join('\n'))
register(
  dataUrl(`export async function resolve(specifier, context, next) {
    return specifier === 'webrtc-polyfill' ? { url: '${stub}', shortCircuit: true } : next(specifier, context)
  }`),
)

const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
const { default: WebTorrent } = (await import('webtorrent')) as { default: new (options: object) => TestClient }
warn.mockRestore()

const clients = new Set<TestClient>()

/** A client that finds nobody by itself and speaks plain TCP. */
export function newClient(options: object = {}): TestClient {
  const off = { dht: false, lsd: false, tracker: false, natUpnp: false, natPmp: false, utp: false }
  const client = new WebTorrent({ ...off, secure: 0, torrentPort: 0, ...options })
  client.on('error', () => {})
  clients.add(client)
  return client
}

/** Ends the clients that still live. */
export async function destroyClients(): Promise<void> {
  for (const client of clients) if (!client.destroyed) await new Promise<void>((resolve) => client.destroy(resolve))
  clients.clear()
}

/** Adds a torrent without data, or with all of it, that keeps its pieces in memory. */
export function addTorrent(
  client: TestClient,
  from: TestData,
  how: 'empty' | 'full' | 'magnet' = 'empty',
  options: object = {},
): TestTorrent {
  const store = new MemoryStore(pieceByteLength, how === 'full' ? from.data : new Uint8Array(0))
  const torrent = client.add(how === 'magnet' ? from.magnet : from.file, { preloadedStore: store, storeCacheSlots: 0, ...options })
  torrent.on('error', () => {})
  return torrent
}

/** A client that listens, with a torrent that is ready. */
export async function readyTorrent(client: TestClient, from: TestData, how: 'empty' | 'full' = 'empty'): Promise<TestTorrent> {
  const torrent = addTorrent(client, from, how)
  if (!torrent.ready) await once(torrent, 'ready')
  await turns()
  return torrent
}

/** The ids that our handshakes gave ut_pex on this wire: one, or none. */
export function idsOfUtPex(wire: TestWire | undefined): string[] {
  const mapping = wire?.extendedMapping ?? {}
  return Object.keys(mapping).filter((id) => mapping[id] === 'ut_pex')
}

/** Mocks timers and clocks; what I/O there is goes on in real turns of the event loop. */
export function mockTime(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'] })
}

/** Lets everything happen that needs no time. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** Lets mocked time pass, timer by timer, with what each sets off done before the next, as in Node. */
export async function pass(ms: number, look: () => void = () => {}): Promise<void> {
  await turns()
  let isOver = false
  setTimeout(() => {
    isOver = true
  }, ms)
  while (!isOver) {
    vi.advanceTimersToNextTimer()
    await turns()
    look()
  }
}

function dataUrl(code: string): string {
  return `data:text/javascript,${encodeURIComponent(code)}`
}
