/**
 * The part of WebTorrent 3 that the demonstration uses. WebTorrent has no types of its own.
 */
import type { MemoryStore } from './memory-store.ts'

export interface Extension {
  on(event: 'peer', listener: (peer: string) => void): unknown
}

export interface Wire {
  /** Hexadecimal. Known when the torrent emits the wire. */
  readonly peerId: string
  /** The extension of that name; there when WebTorrent's own `utPex` option is on. */
  readonly ut_pex?: Extension
  once(event: 'close', listener: () => void): unknown
}

export interface Torrent {
  /** 0 to 1. */
  readonly progress: number
  /** Whether all pieces are there and verified. */
  readonly done: boolean
  addPeer(address: string): boolean
  once(event: 'ready' | 'done', listener: () => void): unknown
  on(event: 'wire', listener: (wire: Wire, address: string) => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
}

export interface Client {
  readonly listening: boolean
  readonly torrentPort: number
  add(torrent: Uint8Array, options: { readonly preloadedStore: MemoryStore; readonly storeCacheSlots: number }): Torrent
  once(event: 'listening', listener: () => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
}

export interface ClientOptions {
  readonly peerId: string
  readonly torrentPort: number
  readonly dht: boolean
  readonly lsd: boolean
  readonly tracker: boolean
  readonly utp: boolean
  readonly natUpnp: boolean
  readonly natPmp: boolean
  /** 0: plain connections. 1: tries encryption first. */
  readonly secure: 0 | 1
}

interface WebTorrentModule {
  readonly default: new (options: ClientOptions) => Client
}

/** Starts a client. The package is loaded only now: it takes half a second, in which the caller can already listen to its parent. */
export async function startClient(options: ClientOptions): Promise<Client> {
  const { default: WebTorrent } = (await import('webtorrent')) as WebTorrentModule
  return new WebTorrent(options)
}
