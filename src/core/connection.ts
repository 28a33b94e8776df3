/**
 * One connected peer, as the swarm sees it: the facts it gave about itself, who it is as a receiver, and
 * its two halves, the inbox and the outbox. It decides nothing about others; `swarm.ts` does.
 */

import { mayCross, Scope, scopeOf } from '../address/ranges.ts'
import { type EndpointKey, endpointKey, flag } from '../codec/contact.ts'
import type { ExtendedHandshake } from '../codec/handshake.ts'
import { Inbox, type InboxOwner } from './inbox.ts'
import type { Limits } from './limits.ts'
import { Outbox } from './outbox.ts'
import type { Scheduled } from './schedule.ts'
import type { Entry, Receiver } from './timeline.ts'

/** The facts of a connection when the BitTorrent handshake is done. */
export interface Peer {
  /** Its address: 4 or 16 bytes, an IPv4-mapped one as 4; undefined when unknown. It is copied. */
  readonly address: Uint8Array | undefined
  /** The port at its end of the connection, 0–65535; undefined when unknown. */
  readonly port: number | undefined
  /** Who dialled. We know where an outgoing one listens; an incoming one has to say so (`p`). */
  readonly direction: 'outgoing' | 'incoming'
  readonly transport: 'tcp' | 'utp'
  /** Whether it set the bit of the extension protocol (BEP 10) in its handshake. */
  readonly isExtended: boolean
}

/** Both sides of a connection that was set up elsewhere. */
export interface Halves {
  readonly inbox: Inbox
  readonly outbox: Outbox
}

interface ConnectionSetUp {
  readonly source: number
  readonly limits: Limits
  readonly owner: InboxOwner
  readonly chance: { readonly hash: number; readonly phase: number }
  readonly halves: Halves | undefined
}

export class Connection<Id> implements Receiver, Scheduled {
  readonly id: Id
  /** Stands for this connection as a source of candidates, also when it has gone. */
  readonly source: number
  readonly inbox: Inbox
  readonly outbox: Outbox
  /** Its scope as a receiver and as a source. Of a peer of unknown address: global. */
  readonly scope: Scope

  dueAt: number = Number.POSITIVE_INFINITY
  place = -1

  /** When it is taken as it is though its pieces are unknown; Infinity before its handshakes are complete, −Infinity once it is settled. */
  settleAt: number = Number.POSITIVE_INFINITY
  /** When it completed its handshakes. */
  readyAt: number = Number.POSITIVE_INFINITY
  /** The id it wants our messages under, 1–255; 0 for none. */
  remoteId = 0
  isStopped = false
  /** Its endpoint as we tell it to others; undefined while we know none that can be dialled. */
  key: EndpointKey | undefined
  /** The endpoint that it is connected to as far as dialling is concerned: known earlier, and also when nobody is told of it. */
  metKey: EndpointKey | undefined
  leaving: 'recent' | 'gone' = 'gone'
  /** What it calls our address (`yourip`). */
  yourIp: Uint8Array | undefined

  /** Where it can be dialled, as far as that is known: its address, and 0 while no port is. Never written to again: others keep it. */
  #endpoint: Uint8Array | undefined
  #flags: number
  /** Whether it has every piece; undefined until it said what it has. */
  #hasEverything: boolean | undefined
  #isSeedAsReceiver = false

  constructor(id: Id, peer: Peer, setUp: ConnectionSetUp) {
    this.id = id
    this.source = setUp.source
    this.scope = peer.address === undefined ? Scope.global : scopeOf(peer.address, 0, peer.address.length === 4 ? 4 : 6)
    this.inbox = setUp.halves?.inbox ?? new Inbox(setUp.limits, setUp.owner, setUp.chance.hash)
    this.inbox.owner = setUp.owner
    this.inbox.peerScope = this.scope
    this.outbox = setUp.halves?.outbox ?? new Outbox(setUp.limits, this, setUp.chance.phase)
    this.outbox.receiver = this
    this.#endpoint = peer.address && endpointOf(peer.address, (peer.direction === 'outgoing' && peer.port) || 0)
    this.#flags = (peer.direction === 'outgoing' ? flag.outgoing : 0) | (peer.transport === 'utp' ? flag.utp : 0)
  }

  get isSettled(): boolean {
    return this.settleAt === Number.NEGATIVE_INFINITY
  }

  /** The flag byte that others get, from first-hand facts as they are now: N7–N12. */
  get flags(): number {
    return this.#flags | (this.#hasEverything === true ? flag.seed : 0)
  }

  /** Whether it has every piece; undefined while it has not said. BEP 21's `upload_only` is not meant. */
  get hasEverything(): boolean | undefined {
    return this.#hasEverything
  }

  set hasEverything(value: boolean) {
    this.#hasEverything = value
  }

  /** Takes what this extended handshake says. `m` is additive: what it leaves out stays as it was (BEP 10). */
  learn(handshake: ExtendedHandshake): void {
    if (handshake.utPex !== undefined) this.remoteId = isWithin(handshake.utPex, 1, 255) ? handshake.utPex : 0
    if (handshake.port !== undefined && isWithin(handshake.port, 2, 0xffff)) this.#listenAt(handshake.port)
    if (handshake.yourIp !== undefined) this.yourIp = handshake.yourIp
    this.#setFlag(flag.encryption, handshake.encryption)
    this.#setFlag(flag.holepunch, handshake.utHolepunch === undefined ? undefined : handshake.utHolepunch > 0)
    this.#setFlag(flag.seed, handshake.uploadOnly)
  }

  /** Where it can be dialled, compact: the endpoint that we dialled, or its address and the `p` it gave. Never an ephemeral port. */
  listenEndpoint(): Uint8Array | undefined {
    return this.#endpoint !== undefined && portOf(this.#endpoint) >= 2 ? this.#endpoint : undefined
  }

  /** From now on it is taken as it is: as a contact and as a receiver. */
  settle(): void {
    this.settleAt = Number.NEGATIVE_INFINITY
    this.#isSeedAsReceiver = this.#hasEverything === true
  }

  /** Who may be told of it: a number for `sees`. */
  get audience(): number {
    return this.scope * 2 + (this.#hasEverything === true ? 1 : 0)
  }

  sees(audience: number): boolean {
    if (this.#isSeedAsReceiver && audience % 2 === 1) return false
    return mayCross((audience >> 1) as Scope, this.scope)
  }

  get view(): number {
    return this.scope * 2 + (this.#isSeedAsReceiver ? 1 : 0)
  }

  withholds(entry: Entry): boolean {
    return entry.key === this.key || this.inbox.claims.has(entry.bytes, 0, entry.family)
  }

  /** Of one that we dialled we know better. */
  #listenAt(port: number): void {
    const endpoint = this.#endpoint
    if (endpoint === undefined || (this.#flags & flag.outgoing) !== 0 || portOf(endpoint) === port) return
    this.#endpoint = endpointOf(endpoint.subarray(0, -2), port)
  }

  #setFlag(bit: number, value: boolean | undefined): void {
    if (value === true) this.#flags |= bit
    if (value === false) this.#flags &= ~bit
  }
}

function isWithin(value: number, least: number, greatest: number): boolean {
  return Number.isInteger(value) && value >= least && value <= greatest
}

/** The key of a compact endpoint of either family. */
export function keyOf(endpoint: Uint8Array): EndpointKey {
  return endpointKey(endpoint, 0, endpoint.length === 6 ? 4 : 6)
}

function endpointOf(address: Uint8Array, port: number): Uint8Array {
  const endpoint = new Uint8Array(address.length + 2)
  endpoint.set(address)
  endpoint[address.length] = port >> 8
  endpoint[address.length + 1] = port & 0xff
  return endpoint
}

function portOf(endpoint: Uint8Array): number {
  return ((endpoint[endpoint.length - 2] as number) << 8) | (endpoint[endpoint.length - 1] as number)
}
