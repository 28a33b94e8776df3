/**
 * What others tell us: whose claim is whose, what of it is news, and whom to dial. All of it is hearsay:
 * it is counted, reported and dialled, and never told on (N13).
 *
 * Every claim and every drop is reported with the number of sources that claim the contact then: the first
 * makes it known, the last to drop it ends that. When a connection closes its claims end without an event: a Transmission seed tells of
 * fifty contacts and hangs up after 30 s, and they stay worth dialling.
 *
 * While it is unknown whether the torrent is private, everything is kept and nothing comes out; then what has
 * changed meanwhile (`reported.ts`).
 */

import { formatAddress } from '../address/endpoint.ts'
import { mayCross, Scope, scopeOf } from '../address/ranges.ts'
import { type EndpointKey, endpointOfKey, type Family, knownFlags } from '../codec/contact.ts'
import { Candidates } from './candidates.ts'
import { type Connection, keyOf } from './connection.ts'
import { scramble } from './endpoint-hash.ts'
import { Inbox, type InboxOwner } from './inbox.ts'
import { Known } from './known.ts'
import type { Limits } from './limits.ts'
import { Reported } from './reported.ts'
import { HeardView, type Sink } from './sink.ts'
import type { ViolationCode } from './violation.ts'
import { Votes } from './votes.ts'

export interface HearsayOptions<Id> {
  readonly limits: Limits
  readonly sink: Sink<Id>
  readonly accept: ((address: string, port: number) => boolean) | undefined
  /** Salt of the order among equals, 0–2³²−1. */
  readonly seed: number
  readonly isConnected: (key: EndpointKey) => boolean
}

export class Hearsay<Id> implements InboxOwner {
  readonly #sink: Sink<Id>
  readonly #accept: ((address: string, port: number) => boolean) | undefined
  readonly #limits: Limits
  readonly #seed: number
  readonly #known: Known
  readonly #heard = new HeardView()
  readonly #reported: Reported<Connection<Id>>
  readonly #candidates: Candidates
  readonly #votes = new Votes<Id>()
  readonly #context: { seeding: boolean; connected: (key: EndpointKey) => boolean }
  #isOpen: boolean
  #hasCandidates = false
  /** While a message is read: from whom. */
  #source: Connection<Id> | undefined
  #hasReleased = false

  /** Our own listen port, 1–65535; 0 while unknown. Contacts with an address of ours and this port are ourselves. */
  listenPort = 0
  readonly violations: Map<ViolationCode, number> = new Map()

  /** @param isOpen whether anything may come out yet */
  constructor(options: HearsayOptions<Id>, isOpen: boolean) {
    this.#sink = options.sink
    this.#accept = options.accept
    this.#limits = options.limits
    this.#seed = options.seed
    this.#known = new Known(options.seed)
    this.#reported = new Reported(options.limits, options.seed)
    this.#candidates = new Candidates(options.limits, this.#known, options.seed)
    this.#context = { seeding: false, connected: options.isConnected }
    this.#isOpen = isOpen
  }

  get knownCount(): number {
    return this.#known.size
  }

  get candidateCount(): number {
    return this.#candidates.size
  }

  get seeding(): boolean {
    return this.#context.seeding
  }

  setSeeding(seeding: boolean, now: number): void {
    this.#context.seeding = seeding
    this.#announce(now)
  }

  /** What a peer sent us. Whether that ended a claim. */
  receive(source: Connection<Id>, bytes: Uint8Array, now: number): boolean {
    this.#source = source
    this.#candidates.now = now
    this.#hasReleased = false
    source.inbox ??= this.#newInbox(source)
    source.inbox.handleMessage(bytes, now)
    this.#source = undefined
    // Whoever turns from one family to the other must not keep room for both.
    if (this.#known.isLoose) this.#candidates.trim()
    this.#announce(now)
    return this.#hasReleased
  }

  #newInbox(source: Connection<Id>): Inbox {
    const inbox = new Inbox(this.#limits, this, scramble(this.#seed ^ source.source))
    inbox.peerScope = source.scope
    return inbox
  }

  /** Takes in what a connection claims that was fed by hand before, as if it were told now. What would be refused now is no claim any more. */
  adopt(source: Connection<Id>, now: number): void {
    const { inbox } = source
    if (inbox === undefined) return
    inbox.join(this.#limits, this, source.scope)
    const refused: { readonly bytes: Uint8Array; readonly family: Family }[] = []
    this.#source = source
    this.#candidates.now = now
    inbox.claims.forEach((bytes, offset, family, flags) => {
      if (this.#mayTell(source, inbox, bytes, offset, family)) this.claimed(inbox, bytes, offset, family, flags)
      else refused.push({ bytes: bytes.slice(offset, offset + (family === 4 ? 6 : 18)), family })
    })
    for (const { bytes, family } of refused) inbox.claims.drop(bytes, 0, family, new Uint8Array(18))
    this.#source = undefined
    this.#announce(now)
  }

  /** Something may come out from now on: what has changed while nothing could is reported, claim by claim. */
  open(connections: Iterable<Connection<Id>>, now: number): void {
    this.#isOpen = true
    this.#reported.resume(connections, (kind, { id }, contact) => this.#sink[kind](id, contact))
    this.#announce(now)
  }

  /** Nothing comes out any more. */
  close(connections: Iterable<Connection<Id>>): void {
    if (this.#isOpen) this.#reported.pause(connections)
    this.#isOpen = false
  }

  /** Forgets all of it, without an event. */
  forget(connections: Iterable<Connection<Id>>): void {
    for (const { inbox } of connections) inbox?.clear()
    this.#reported.clear()
    this.#candidates.clear()
    this.#known.clear()
    this.#hasCandidates = false
  }

  /** What this peer calls our address. */
  vote(id: Id, address: Uint8Array): void {
    this.#votes.cast(id, address)
    this.#candidates.externalAddress = this.#votes.winner()
  }

  /** We are connected to the peer at this endpoint. */
  handleConnected(endpoint: EndpointKey, now: number): void {
    this.#candidates.handleConnected(endpoint, now)
  }

  /** A connection has closed. */
  handleDisconnected(source: Connection<Id>, key: EndpointKey | undefined, now: number): void {
    this.#votes.withdraw(source.id)
    if (key !== undefined) this.#candidates.handleDisconnected(key)
    this.forgetSource(source, now)
    this.#announce(now)
  }

  /** The claims of this source end, without an event. What it made known stays worth dialling. */
  forgetSource(source: Connection<Id>, now: number): void {
    source.inbox?.claims.forEach((bytes, offset, family) => {
      this.#known.unclaim(this.#known.find(bytes, offset, family))
    })
    source.inbox?.clear()
    this.#reported.forgetSource(source)
    this.#candidates.closeSource(source.source, now)
    this.#candidates.trim()
  }

  /** Whom to dial, best first, at most `count`. */
  next(count: number, now: number): Uint8Array[] {
    if (!this.#isOpen) return []
    const keys = this.#candidates.next(count, now, this.#context)
    this.#hasCandidates = this.#candidates.hasNext(now, this.#context)
    return keys.map(endpointOfKey)
  }

  report(endpoint: Uint8Array, outcome: 'connected' | 'failed', now: number): void {
    this.#candidates.report(keyOf(endpoint), outcome, now)
    this.#announce(now)
  }

  /** When `next` may become non-empty by time alone; undefined when that cannot be, or is so already. */
  nextTimeout(): number | undefined {
    return this.#isOpen && !this.#hasCandidates ? this.#candidates.nextTimeout() : undefined
  }

  handleTimeout(now: number): void {
    this.#announce(now)
  }

  refuses(_inbox: Inbox, bytes: Uint8Array, offset: number, family: Family): boolean {
    const addressLength = family === 4 ? 4 : 16
    const port = ((bytes[offset + addressLength] as number) << 8) | (bytes[offset + addressLength + 1] as number)
    if (port === this.listenPort && this.#isOurs(bytes, offset, addressLength)) return true
    if (this.#accept === undefined) return false
    try {
      return this.#accept(formatAddress(bytes, offset, family), port) !== true
    } catch {
      return true
    }
  }

  claimed(_inbox: Inbox, bytes: Uint8Array, offset: number, family: Family, flags: number): void {
    const source = this.#source as Connection<Id>
    const place = this.#known.claim(bytes, offset, family)
    if (this.#isOpen) this.#sink.added(source.id, this.#heard.show(bytes, offset, family, flags & knownFlags, this.#known.countOf(place)))
    this.#candidates.offer(source, place, flags)
  }

  released(_inbox: Inbox, bytes: Uint8Array, offset: number, family: Family, why: 'dropped' | 'evicted'): void {
    const source = this.#source as Connection<Id>
    const place = this.#known.find(bytes, offset, family)
    this.#hasReleased = true
    if (why === 'evicted') {
      this.#known.unclaim(place)
      if (!this.#isOpen) this.#reported.forgetClaim(source, bytes, offset, family)
      return
    }
    this.#candidates.withdraw(source.source, place)
    const sourceCount = this.#known.unclaim(place)
    if (this.#isOpen) this.#sink.dropped(source.id, this.#heard.show(bytes, offset, family, 0, sourceCount))
  }

  violation(_inbox: Inbox, code: ViolationCode, count: number): void {
    this.violations.set(code, (this.violations.get(code) ?? 0) + count)
    if (this.#isOpen) this.#sink.violation((this.#source as Connection<Id>).id, code, count)
  }

  #mayTell(source: Connection<Id>, inbox: Inbox, bytes: Uint8Array, offset: number, family: Family): boolean {
    const scope = scopeOf(bytes, offset, family)
    if (scope === Scope.documentation && !this.#limits.documentationNets) return false
    return mayCross(scope, source.scope) && !this.refuses(inbox, bytes, offset, family)
  }

  #isOurs(bytes: Uint8Array, offset: number, length: number): boolean {
    return isSame(this.#source!.yourIp, bytes, offset, length) || isSame(this.#votes.winner(), bytes, offset, length)
  }

  #announce(now: number): void {
    if (this.#hasCandidates || !this.#isOpen) return
    this.#hasCandidates = this.#candidates.hasNext(now, this.#context)
    if (this.#hasCandidates) this.#sink.candidates()
  }
}

function isSame(address: Uint8Array | undefined, bytes: Uint8Array, offset: number, length: number): boolean {
  return address?.length === length && address.every((byte, index) => byte === bytes[offset + index])
}
