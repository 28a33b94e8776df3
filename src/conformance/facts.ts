/**
 * What the host tells the observer: the facts of one torrent as one node knows them, each with its time in milliseconds
 * on a clock of the host's that never goes back.
 */

import type { ExtendedHandshake } from '../codec/index.ts'
import type { Side } from './ledger.ts'

/** Whether the torrent is private (BEP 27); `unknown` for a magnet before its metadata. */
export type Privacy = boolean | 'unknown'

/** Why the node hung up, when that says nothing against the peer: BEP 11, “Filling underpopulated lists”. */
export type LeavingReason = 'duplicate' | 'no-mutual-interest' | 'resource-limit'

interface OnConnection<Id> {
  /** The host's name for the connection; it may come again once that connection is closed. */
  readonly connection: Id
  readonly at: number
}

/** The BitTorrent handshake with a peer is done. */
export interface ConnectedFact<Id> extends OnConnection<Id> {
  /** The peer's address, 4 or 16 bytes, kept; undefined when unknown. */
  readonly address: Uint8Array | undefined
  /** The port at the peer's end, 0–65535; undefined when unknown. */
  readonly port: number | undefined
  /** Who dialled, as the node sees it. */
  readonly direction: 'outgoing' | 'incoming'
  readonly transport: 'tcp' | 'utp'
  /** Whether the peer set the bit of the extension protocol (BEP 10). */
  readonly isExtended: boolean
  /** Whether the node tells others of this peer at all; by default it does. */
  readonly isShared?: boolean
  /** Whether all messages on this connection are reported; if not, what was told before is unknown. By default they are. */
  readonly isHeardFromStart?: boolean
}

/** An extended handshake was sent (`local`) or received (`remote`), the first one or a later one. */
export interface HandshakeFact<Id> extends OnConnection<Id> {
  readonly from: Side
  /** Decoded, or the bytes after its id 0. */
  readonly handshake: ExtendedHandshake | Uint8Array
}

/** The peer said which pieces it has: whether it has all of them. */
export interface PiecesFact<Id> extends OnConnection<Id> {
  readonly hasEverything: boolean
}

/** The host ended the node's sending on a connection, or let it go on. */
export interface StoppedFact<Id> extends OnConnection<Id> {
  readonly isStopped: boolean
}

/** A connection is closed. */
export interface DisconnectedFact<Id> extends OnConnection<Id> {
  /** Given if the node hung up, and for this reason. */
  readonly reason?: LeavingReason | undefined
}

export interface PrivacyFact {
  readonly at: number
  readonly private: Privacy
}

/** The node has learnt its own address as others see it, or is no longer sure: without it BEP 40's priorities are not judged. */
export interface AddressFact {
  readonly at: number
  /** 4 or 16 bytes, kept. */
  readonly address: Uint8Array | undefined
}

/** A ut_pex message was sent (`local`) or received (`remote`). */
export interface MessageFact<Id> extends OnConnection<Id> {
  readonly from: Side
  /** The extended message id that it carries; undefined when that is not known. */
  readonly id: number | undefined
  /** The payload, without the two ids before it. Read while this runs, not kept. */
  readonly bytes: Uint8Array
}

/** The node made something of what a peer had told: its host heard of a contact, or that it was dropped. */
export interface ReportedFact<Id> {
  readonly at: number
  readonly kind: 'peer' | 'dropped'
  /** The compact endpoint, 6 or 18 bytes. */
  readonly peer: Uint8Array
  /** The connection that it came from. */
  readonly source: Id
  /** The flags that came with it, as the host heard them. */
  readonly flags?: number
}

/** The node dials a contact that it knows from peer exchange, or gave up doing so. */
export interface DialFact {
  readonly at: number
  /** The compact endpoint, 6 or 18 bytes. */
  readonly peer: Uint8Array
}

/** The node hung up because of how the peer does peer exchange. */
export type HungUpFact<Id> = OnConnection<Id>
