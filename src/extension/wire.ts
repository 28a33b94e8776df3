/**
 * The part of a `bittorrent-protocol` wire that we use, and how its facts are read from it.
 *
 * Everything is optional but sending and hanging up: what a wire does not offer (another implementation, an
 * older version, a test's stand-in) is a fact that we do not learn. Nothing here throws.
 */

import { parseAddress } from '../address/endpoint.ts'
import type { ExtendedHandshake } from '../codec/handshake.ts'

/** The pieces that a peer has: a bit field, or something that answers yes to all. */
export interface PeerPieces {
  readonly buffer?: Uint8Array
  get(index: number): boolean
}

export interface Wire {
  /** 'tcpIncoming', 'tcpOutgoing', 'utpIncoming', 'utpOutgoing', 'webrtc' or 'webSeed' */
  readonly type?: string
  readonly destroyed?: boolean
  /** Set once the remote's BitTorrent handshake has come. */
  readonly peerId?: string | null
  readonly peerExtensions?: { readonly extended?: boolean }
  /** The last extended handshake that came. */
  readonly peerExtendedHandshake?: unknown
  /** Ids that the remote gave its extensions, over all its handshakes. */
  readonly peerExtendedMapping?: Readonly<Record<string, unknown>>
  readonly peerPieces?: PeerPieces
  /** What our extended handshake says beside `m`. */
  extendedHandshake?: Record<string, unknown>
  /** Our ids of extensions: id → name. */
  readonly extendedMapping?: Record<string, string>
  readonly remoteAddress?: string
  readonly remotePort?: number
  extended(extension: number | string, payload: Uint8Array): void
  destroy(): unknown
  // biome-ignore lint/suspicious/noExplicitAny: each event has parameters of its own.
  on?(event: string, listener: (...args: any[]) => void): unknown
  // biome-ignore lint/suspicious/noExplicitAny: each event has parameters of its own.
  removeListener?(event: string, listener: (...args: any[]) => void): unknown
  /** Sends our extended handshake, with all extensions in `m`. */
  _sendExtendedHandshake?(): void
  readonly _extendedHandshakeSent?: boolean
  readonly _readableState?: { readonly buffered?: number; readonly length?: number }
}

/** Compact form of an address as sockets give it: `::ffff:1.2.3.4` is IPv4, brackets and a zone id are left out. */
export function readAddress(text: unknown): Uint8Array | undefined {
  if (typeof text !== 'string' || text.length > 64) return undefined
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text
  const zone = bare.indexOf('%')
  return parseAddress(zone < 0 ? bare : bare.slice(0, zone))
}

/** A port that can be one, 1–65535. */
export function readPort(port: unknown): number | undefined {
  return Number.isInteger(port) && (port as number) > 0 && (port as number) < 65_536 ? (port as number) : undefined
}

/**
 * The id that the remote has given: an integer 1–255, else 0. The wire's own mapping makes a number of
 * everything, so the last handshake goes first.
 */
export function remoteIdOf(wire: Wire): number {
  return readHandshake(wire.peerExtendedHandshake).utPex ?? readId(wire.peerExtendedMapping?.ut_pex)
}

/** What PEX needs of an extended handshake that the wire has decoded. */
export function readHandshake(handshake: unknown): ExtendedHandshake {
  const dictionary = isObject(handshake) ? handshake : {}
  const m = isObject(dictionary.m) ? dictionary.m : {}
  const yourIp = dictionary.yourip
  return {
    utPex: Object.hasOwn(m, 'ut_pex') ? readId(m.ut_pex) : undefined,
    utHolepunch: Object.hasOwn(m, 'ut_holepunch') ? readId(m.ut_holepunch) : undefined,
    port: readPort(dictionary.p),
    encryption: readBit(dictionary.e),
    uploadOnly: readBit(dictionary.upload_only),
    yourIp: yourIp instanceof Uint8Array && (yourIp.length === 4 || yourIp.length === 16) ? yourIp.slice() : undefined,
    client: undefined,
  }
}

/** Whether the remote has all of so many pieces; undefined while it has not said what it has. */
export function readPieces(wire: Wire, pieceCount: number | undefined): boolean | undefined {
  const pieces = wire.peerPieces
  if (typeof pieces?.get !== 'function') return undefined
  if (pieces.get(0x7fff_fff8)) return true
  if ((pieces.buffer?.length ?? 0) === 0) return undefined
  if (pieceCount === undefined) return false
  for (let index = 0; index < pieceCount; index++) if (!pieces.get(index)) return false
  return true
}

/** Whether the wire has more to send than it likes. */
export function isBusy(wire: Wire): boolean {
  const type = wire.constructor as { isBackpressured?: (wire: Wire) => boolean } | undefined
  return type?.isBackpressured?.(wire) === true
}

/** Bytes that wait to be sent. */
export function bufferedBytes(wire: Wire): number {
  return wire._readableState?.buffered ?? 0
}

function readId(id: unknown): number {
  return Number.isInteger(id) && (id as number) > 0 && (id as number) < 256 ? (id as number) : 0
}

function readBit(value: unknown): boolean | undefined {
  return typeof value === 'number' ? value !== 0 : undefined
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
