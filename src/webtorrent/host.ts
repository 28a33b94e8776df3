/**
 * The part of WebTorrent 3 that we use. Of this the underscored members are not documented: each is used only
 * where there is no other way, and only if it is there.
 */

import type { Wire } from '../extension/wire.ts'

interface Events {
  // biome-ignore lint/suspicious/noExplicitAny: each event has parameters of its own.
  on(event: string, listener: (...args: any[]) => void): unknown
  // biome-ignore lint/suspicious/noExplicitAny: each event has parameters of its own.
  removeListener(event: string, listener: (...args: any[]) => void): unknown
}

export interface WebTorrentClient extends Events {
  /** Read for each new wire: whether WebTorrent puts its own ut_pex on it. */
  utPex: boolean
  readonly torrents: readonly WebTorrentTorrent[]
  /** The listen port; 0 until it listens. */
  readonly torrentPort: number
  readonly maxConns: number
  readonly seedOutgoingConnections?: boolean
  readonly destroyed: boolean
}

/** A socket, or what stands for one. */
export interface WebTorrentConn extends Events {
  // biome-ignore lint/suspicious/noExplicitAny: each event has parameters of its own.
  prependListener(event: string, listener: (...args: any[]) => void): unknown
}

export interface WebTorrentTorrent extends Events {
  readonly client: WebTorrentClient | null
  readonly destroyed: boolean
  readonly paused: boolean
  readonly done: boolean
  /** From the metadata, or from the option of that name. */
  readonly private?: boolean | undefined
  /** The info dictionary; undefined until the metadata is there. */
  readonly info?: unknown
  readonly pieces: readonly unknown[]
  readonly wires: readonly WebTorrentWire[]
  /** False when the peer is invalid, blocked or there already. */
  addPeer(peer: string, source?: string): boolean
  /** Closes and forgets a peer, also one that waits to be dialled. */
  removePeer(peer: string): void
  /** Peers by 'address:port', also those that wait to be dialled. */
  readonly _peers?: ReadonlyMap<string, WebTorrentPeer> | null
  /** Peers that wait to be dialled, until a slot is free. */
  readonly _queue?: WebTorrentPeer[] | null
  /** Connections, and dials under way. */
  readonly _numConns?: number
  readonly _numPending?: number
  /** Peers that are not connected; while there are any, a wire that chokes us is given up for them. */
  readonly _numQueued?: number
}

export interface WebTorrentPeer {
  readonly type: string
  readonly connected: boolean
  readonly source: string | null
  /** Null until it is dialled. */
  readonly conn: WebTorrentConn | null
  /** 'address:port', by which it is redialled when its socket closes. */
  addr: string | null
  /** Redials so far, 0 again after a handshake; WebTorrent redials three times. */
  retries: number
}

export interface WebTorrentWire extends Wire {
  ut_pex?: { reset?(): void } | undefined
  readonly _ext?: Record<string, unknown>
  use(extension: unknown): void
}

/** Whether the torrent is known to be private, from its metadata or from its option. */
export function privacyOf(torrent: WebTorrentTorrent): boolean | undefined {
  if (torrent.private !== undefined) return torrent.private === true
  return torrent.info === undefined ? undefined : false
}

/** A web seed is no peer, and a WebRTC peer has no address that anybody could dial. */
export function isDiallable(wire: WebTorrentWire): boolean {
  return wire.type !== 'webSeed' && wire.type !== 'webrtc'
}
