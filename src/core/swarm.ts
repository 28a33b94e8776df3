/**
 * One torrent's peer exchange: many connections, what each was told and what each told us.
 *
 * No I/O, no clock, no chance. The host reports facts with `handle…`, time enters as `now` (milliseconds,
 * monotonic), chance as a seed, and what is to be done comes out through the `Sink`, in order, while a
 * `handle…` runs: a sink must not call back. The same inputs give the same outputs, byte for byte.
 *
 *     in                                            out
 *     handleConnect, handleDisconnect, …            turn(id)        this connection may be sent `takeMessage(id)`
 *     handleMessage                                 added, dropped  what its sources know of a contact has changed
 *     handleTimeout, at the latest at `nextTimeout`  candidates     `next` has become non-empty
 *                                                   violation       a peer broke a rule
 *
 * A connection goes through three states:
 *
 *     handshaking   its BitTorrent handshake is done; the extended one (BEP 10), if it has one, is not
 *     settling      it is complete, but has not said which pieces it has; ends after `settleMs`
 *     settled       it is a contact for others, and a receiver if it takes ut_pex
 */

import { type EndpointKey, type Family, knownFlags } from '../codec/contact.ts'
import type { ExtendedHandshake } from '../codec/handshake.ts'
import { Chance } from './chance.ts'
import { checkEndpoint, checkOptions, checkOutcome, checkPeer, checkPort, checkPrivacy, checkTime } from './checks.ts'
import { Connection, type Halves, keyOf, type Peer } from './connection.ts'
import { Contacts, type SharedContact } from './contacts.ts'
import { Hearsay } from './hearsay.ts'
import { type Limits, limitsWith } from './limits.ts'
import type { OutboxSettings } from './outbox.ts'
import { Schedule } from './schedule.ts'
import type { Sink } from './sink.ts'
import { Timeline } from './timeline.ts'
import { Settling, Turns } from './turns.ts'
import type { ViolationCode } from './violation.ts'

export type { SharedContact } from './contacts.ts'

/** Whether a torrent is private (BEP 27); `unknown` for a magnet before its metadata. */
export type Privacy = boolean | 'unknown'

/** Why the host closes a connection, when that says nothing against the peer: BEP 11, “Filling underpopulated lists”. */
export type LeavingReason = 'duplicate' | 'no-mutual-interest' | 'resource-limit'

export interface SwarmOptions<Id> {
  readonly sink: Sink<Id>
  /** All chance that there is: an integer 0–2³²−1. Default 0; a host on a network gives a random one. */
  readonly seed?: number
  readonly limits?: Partial<Limits>
  readonly private?: Privacy
  /** Asked once for each contact of ours, when it connects: may others be told of it? A throw counts as false. */
  readonly share?: ((contact: SharedContact) => boolean) | undefined
  /** Asked for each received contact before anything of it is kept. A throw counts as false. */
  readonly accept?: ((address: string, port: number) => boolean) | undefined
}

/** Counts of this moment; the messages and violations since the swarm was made. */
export interface SwarmStats {
  readonly connections: number
  /** Connected peers that others may be told of. */
  readonly contacts: number
  /** Contacts that at least one source claims. */
  readonly known: number
  /** Claims of all sources together. */
  readonly claims: number
  readonly candidates: number
  /** Departures kept for those who have not been told. */
  readonly departures: number
  /** Connections to which nothing more is sent, because too much was owed to them. */
  readonly retired: number
  readonly messagesSent: number
  readonly messagesReceived: number
  readonly violations: Readonly<Partial<Record<ViolationCode, number>>>
}

export class Swarm<Id> {
  readonly #sink: Sink<Id>
  readonly #limits: Limits
  readonly #connections = new Map<Id, Connection<Id>>()
  readonly #turns = new Turns<Id>()
  /** Those who have not said which pieces they have. */
  readonly #settling = new Schedule<Settling<Id>>()
  readonly #timeline: Timeline
  readonly #contacts: Contacts<Id>
  readonly #hearsay: Hearsay<Id>
  readonly #outboxSettings: OutboxSettings
  #private: Privacy
  #sourceCount = 0
  /** Position of the timeline when those asleep were woken last. */
  #wokenAt = 0
  #messagesSent = 0
  #pastMessagesReceived = 0

  constructor(options: SwarmOptions<Id>) {
    this.#sink = checkOptions(options).sink
    this.#limits = limitsWith(options.limits)
    this.#private = options.private ?? false
    const chance = new Chance(options.seed ?? 0)
    const seed = chance.uint32()
    this.#timeline = new Timeline(this.#limits, () => Array.from(this.#connections.values(), ({ outbox }) => outbox), seed)
    this.#outboxSettings = { limits: this.#limits, timeline: this.#timeline, nextPhase: () => chance.fraction() }
    this.#contacts = new Contacts(this.#timeline, { documentationNets: this.#limits.documentationNets, share: options.share })
    const hearsayOptions = {
      limits: this.#limits,
      sink: options.sink,
      accept: options.accept,
      seed,
      isConnected: this.#contacts.has.bind(this.#contacts),
    }
    this.#hearsay = new Hearsay(hearsayOptions, this.#private === false)
  }

  /** Our own listen port, 0–65535; 0 while unknown. */
  get listenPort(): number {
    return this.#hearsay.listenPort
  }

  set listenPort(port: number) {
    checkPort('listenPort', port)
    this.#hearsay.listenPort = port
  }

  get private(): Privacy {
    return this.#private
  }

  get seeding(): boolean {
    return this.#hearsay.seeding
  }

  /** Whether we have every piece: seeds are no candidates then. */
  handleSeeding(seeding: boolean, now: number): void {
    this.#hearsay.setSeeding(seeding, checkTime(now))
  }

  /**
   * Whether the torrent is private is known, or has changed. Private: nothing is sent or taken, and what was
   * received is forgotten without an event. Our own timeline goes on, so that what a peer was told is told
   * to the end should the torrent become public (N15).
   */
  handlePrivate(value: Privacy, now: number): void {
    checkTime(now)
    if (checkPrivacy(value) === this.#private) return
    this.#private = value
    for (const connection of this.#connections.values()) this.#gate(connection, now)
    if (value === false) {
      this.#hearsay.open(this.#connections.values(), now)
      return
    }
    this.#hearsay.close(this.#connections.values())
    if (value === true) this.#hearsay.forget(this.#connections.values())
    for (const connection of this.#connections.values()) this.#release(connection, now)
  }

  /**
   * The BitTorrent handshake with a peer is done. The id is the host's, and new. `halves` are those of a
   * connection that was fed by hand (`solo.ts`) or another swarm's: its clocks and its claims go on.
   */
  handleConnect(id: Id, peer: Peer, now: number, halves?: Halves): void {
    if (this.#find(id, now) !== undefined) throw new RangeError('id: this connection is connected already')
    const connection = new Connection(id, ++this.#sourceCount, checkPeer(peer), halves?.outbox ?? this.#outboxSettings)
    this.#connections.set(id, connection)
    this.#meet(connection, undefined, now)
    if (halves !== undefined) {
      connection.outbox.join(this.#outboxSettings, connection)
      connection.inbox = halves.inbox
      this.#pastMessagesReceived -= halves.inbox?.messageCount ?? 0
      if (this.#private === true) halves.inbox?.clear()
      this.#hearsay.adopt(connection, now)
    }
    if (!peer.isExtended) this.#completeHandshake(connection, now)
  }

  /** The peer sent an extended handshake, the first or a later one. */
  handleExtendedHandshake(id: Id, handshake: ExtendedHandshake, now: number): void {
    const connection = this.#find(id, now)
    if (connection === undefined) return
    const before = connection.key
    connection.learn(handshake)
    this.#meet(connection, before, now)
    if (handshake.yourIp !== undefined) this.#hearsay.vote(id, handshake.yourIp)
    if (connection.state === 'handshaking') this.#completeHandshake(connection, now)
    if (connection.isSettled) this.#refreshContact(connection, now)
    this.#gate(connection, now)
    this.#wakeAll(now)
  }

  /** The peer said which pieces it has, at first or after a change: whether it has all of them. */
  handlePieces(id: Id, hasEverything: boolean, now: number): void {
    const connection = this.#find(id, now)
    if (connection === undefined || connection.hasEverything === hasEverything) return
    connection.hasEverything = hasEverything
    if (connection.isSettled) this.#contacts.refreshFlags(connection)
    else if (connection.state === 'settling') this.#settle(connection, now)
  }

  /** A ut_pex message came from this peer. The bytes are read while this runs, not kept. */
  handleMessage(id: Id, bytes: Uint8Array, now: number): void {
    const connection = this.#find(id, now)
    if (connection === undefined || this.#private === true) return
    if (this.#hearsay.receive(connection, bytes, now)) this.#release(connection, now)
  }

  /** The host is about to close this connection for one of these reasons. */
  handleLeaving(id: Id): void {
    const connection = this.#connections.get(id)
    if (connection !== undefined) connection.leaving = 'recent'
  }

  /** The connection is closed. What it claimed ends without an event. */
  handleDisconnect(id: Id, now: number): void {
    const connection = this.#find(id, now)
    if (connection === undefined) return
    connection.outbox.close()
    this.#remove(connection, now)
  }

  /** The connection goes on without us. As `handleDisconnect`, but another swarm can take over its clocks, and the drop of what it was told. */
  handleRelease(id: Id, now: number): Halves | undefined {
    const connection = this.#find(id, now)
    if (connection === undefined) return undefined
    connection.outbox.leave()
    this.#remove(connection, now)
    return { inbox: connection.inbox, outbox: connection.outbox }
  }

  /** Sending on this connection ends, or goes on. */
  handleStopped(id: Id, isStopped: boolean, now: number): void {
    const connection = this.#find(id, now)
    if (connection === undefined) return
    connection.isStopped = isStopped
    this.#gate(connection, now)
  }

  /** What this peer told us is forgotten, without an event. Its clocks go on. */
  handleReset(id: Id, now: number): void {
    const connection = this.#find(id, now)
    if (connection === undefined) return
    this.#hearsay.forgetSource(connection, now)
    this.#release(connection, now)
  }

  /** When `handleTimeout` is due; undefined while there is nothing to wait for, and while nobody is connected. */
  nextTimeout(): number | undefined {
    if (this.#connections.size === 0) return undefined
    const times = [this.#turns.nextDueAt, this.#settling.nextDueAt, this.#hearsay.nextTimeout()]
    return times.reduce((first, time) => (first === undefined || (time !== undefined && time < first) ? time : first))
  }

  /** Time has passed. Early, it does nothing; late, it is only late. */
  handleTimeout(now: number): void {
    checkTime(now)
    for (let settling = this.#settling.due(now); settling !== undefined; settling = this.#settling.due(now)) {
      this.#settle(settling.connection, now)
    }
    for (let connection = this.#turns.due(now); connection !== undefined; connection = this.#turns.due(now)) {
      const { dueAt } = connection
      const turn = connection.outbox.turn(now)
      this.#turns.changed(connection, dueAt)
      if (turn !== undefined) this.#sink.turn(connection.id, turn)
    }
    this.#hearsay.handleTimeout(now)
  }

  /** The message for this connection, if it is its turn and there is something to tell: at most 50 contacts added and 50 dropped. */
  takeMessage(id: Id, now: number): Uint8Array | undefined {
    const connection = this.#find(id, now)
    if (connection === undefined) return undefined
    const { dueAt } = connection.outbox
    const message = connection.outbox.take(now)
    if (message !== undefined) this.#messagesSent++
    this.#turns.changed(connection, dueAt)
    return message
  }

  /** Whom to dial, best first, at most `count`: compact endpoints. Each counts as being dialled until it is reported. */
  next(count: number, now: number): Uint8Array[] {
    return this.#hearsay.next(count, checkTime(now))
  }

  /** What became of a contact that was handed out. */
  report(endpoint: Uint8Array, outcome: 'connected' | 'failed', now: number): void {
    this.#hearsay.report(checkEndpoint(endpoint), checkOutcome(outcome), checkTime(now))
  }

  /** The connections that claim this contact now, 8 at most. */
  sourcesOf(endpoint: Uint8Array): Id[] {
    const key = keyOf(checkEndpoint(endpoint))
    const sources: Id[] = []
    if (this.#private !== false) return sources
    for (const { id, inbox } of this.#connections.values()) {
      if (sources.length < 8 && inbox?.claims.has(key)) sources.push(id)
    }
    return sources
  }

  /** Calls back for every claim of every source: the same contact comes once for each. */
  forEachClaim(visit: (source: Id, bytes: Uint8Array, offset: number, family: Family, flags: number) => void): void {
    if (this.#private !== false) return
    for (const { id, inbox } of this.#connections.values()) {
      inbox?.claims.forEach((bytes, offset, family, flags) => visit(id, bytes, offset, family, flags & knownFlags))
    }
  }

  /** Figures of this moment. */
  stats(): SwarmStats {
    let [messagesReceived, claims] = [this.#pastMessagesReceived, 0]
    for (const { inbox } of this.#connections.values()) {
      if (inbox === undefined) continue
      messagesReceived += inbox.messageCount
      claims += inbox.claims.size
    }
    return {
      connections: this.#connections.size,
      contacts: this.#timeline.liveCount,
      known: this.#hearsay.knownCount,
      claims,
      candidates: this.#hearsay.candidateCount,
      departures: this.#timeline.goneCount,
      retired: this.#timeline.retiredCount,
      messagesSent: this.#messagesSent,
      messagesReceived,
      violations: Object.fromEntries(this.#hearsay.violations),
    }
  }

  #find(id: Id, now: number): Connection<Id> | undefined {
    checkTime(now)
    return this.#connections.get(id)
  }

  #remove(connection: Connection<Id>, now: number): void {
    this.#connections.delete(connection.id)
    connection.state = 'closed'
    this.#turns.closed()
    this.#settling.forget()
    this.#pastMessagesReceived += connection.inbox?.messageCount ?? 0
    this.#hearsay.handleDisconnected(connection, this.#contacts.part(connection, now), now)
    this.#wakeAll(now)
  }

  /** As soon as it is known where it can be dialled, it needs not be. */
  #meet(connection: Connection<Id>, before: EndpointKey | undefined, now: number): void {
    const { key } = connection
    if (key === undefined || key === before) return
    this.#contacts.meet(connection, before)
    this.#hearsay.handleConnected(key, now)
  }

  #completeHandshake(connection: Connection<Id>, now: number): void {
    connection.outbox.ready(now)
    connection.state = 'settling'
    if (connection.hasEverything !== undefined) this.#settle(connection, now)
    else this.#settling.update(new Settling(connection, now + this.#limits.settleMs))
  }

  #settle(connection: Connection<Id>, now: number): void {
    connection.settle()
    this.#refreshContact(connection, now)
    this.#gate(connection, now)
    this.#wakeAll(now)
  }

  /** Enters, leaves or renames the contact that this connection is, as its facts are now. */
  #refreshContact(connection: Connection<Id>, now: number): void {
    if (connection.key === undefined || connection.hasEntered) {
      this.#contacts.refreshFlags(connection)
      return
    }
    // Still connected: what it was known by is no contact that we hung up on.
    this.#contacts.leave(connection, 'gone', now)
    this.#contacts.enter(connection)
    // It may be told now of another one at the endpoint that was its own.
    this.#release(connection, now)
  }

  /** Opens, closes, pauses or resumes its outbox, as its facts and the torrent's are now. */
  #gate(connection: Connection<Id>, now: number): void {
    const { outbox } = connection
    const { dueAt } = outbox
    if (connection.remoteId === 0) outbox.close()
    else if (connection.isSettled) outbox.open(now)
    if (connection.isStopped || this.#private !== false) outbox.pause()
    else outbox.resume(now)
    this.#turns.changed(connection, dueAt)
  }

  /** The timeline may have changed. */
  #wakeAll(now: number): void {
    if (this.#timeline.position === this.#wokenAt) return
    this.#wokenAt = this.#timeline.position
    this.#turns.wakeAll(now)
  }

  /** Something that was withheld from this connection may be told to it now. */
  #release(connection: Connection<Id>, now: number): void {
    const { dueAt } = connection.outbox
    connection.outbox.release(now)
    this.#turns.changed(connection, dueAt)
  }
}
