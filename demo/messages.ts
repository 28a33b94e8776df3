/**
 * What the job and its client processes say to each other, over the IPC channel between them.
 *
 * Clients are numbered from 1. A client knows its own number and is told one address; who has which number and port is known
 * to the job alone, so a client cannot know of another one but through the swarm.
 */

/** Which peer exchange the clients use: this package by `attach`, or the ut_pex 5 that WebTorrent 3 brings along. */
export type Exchange = 'attach' | 'ut_pex5'

export interface StartOrder {
  readonly type: 'start'
  readonly exchange: Exchange
  /** Hexadecimal, 20 bytes. */
  readonly peerId: string
  /** The .torrent file in base64. */
  readonly torrent: string
  /** The key of the data, for the client that has it from the start. */
  readonly key: string | undefined
}

/** Sent when all clients listen. `peer` is the one other client that this one is told of, if any: `ip:port`. */
export interface GoOrder {
  readonly type: 'go'
  readonly peer: string | undefined
  /** How fast the first client may read its data from now on. Infinity cannot be sent: undefined when there is no limit. */
  readonly bytesPerSecond: number | undefined
}

/** Lifts the limit. */
export interface HurryOrder {
  readonly type: 'hurry'
}

export type Order = StartOrder | GoOrder | HurryOrder

export type Report =
  /** Ready: the torrent is added, the client listens on this TCP port. */
  | { readonly type: 'listening'; readonly port: number }
  /** A BitTorrent handshake was completed. `address` is the other end of that connection, its port may be ephemeral. */
  | { readonly type: 'connected'; readonly peerId: string; readonly address: string }
  | { readonly type: 'disconnected'; readonly peerId: string }
  /** PEX told of `peer`; `source` is the address of the teller. Both `ip:port`. */
  | { readonly type: 'told'; readonly peer: string; readonly source: string | undefined }
  /** Share of the data that is there, 0 to 1. */
  | { readonly type: 'progress'; readonly share: number }
  /** All data is there: hexadecimal SHA-256 of it. */
  | { readonly type: 'data'; readonly digest: string }
  /** The client cannot go on. */
  | { readonly type: 'failed'; readonly reason: string }

const peerIdPrefix = '-WW0300-'

/** The peer id by which a client can be recognised on every connection. Hexadecimal, 20 bytes. */
export function peerIdOf(client: number): string {
  return Buffer.from(peerIdPrefix + String(client).padStart(12, '0'), 'latin1').toString('hex')
}

/** The number of the client with this peer id; undefined for any other peer. */
export function clientOfPeerId(peerId: string): number | undefined {
  const text = Buffer.from(peerId, 'hex').toString('latin1')
  if (text.length !== 20 || !text.startsWith(peerIdPrefix)) return undefined
  const digits = text.slice(peerIdPrefix.length)
  return /^\d{12}$/.test(digits) ? Number(digits) : undefined
}
