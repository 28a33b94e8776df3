/**
 * Whom to dial next: contacts that others claim, until they are dialled, dropped or stale.
 *
 *     offer ──▶ waiting ──next──▶ handed out ──connected──▶ gone
 *                 ▲                   │
 *                 └────── offer ─── failed          not before `redialMs` are over
 *
 * Everybody who claims contacts wants us to dial them, and most of what follows keeps some from having us
 * dial only theirs (T7–T10). What may be *remembered* and what may be *handed out* are bounded apart:
 *
 *     remembered    2,000 candidates, 240 of one party; who holds most gives way (`candidate-store.ts`)
 *     handed out    round-robin over parties (`source.ts`), of each the best: what several of them claim
 *                   first, then by BEP 40. Quotas count what is handed out and not reported yet
 *                   (`pending.ts`); what they hold back is not forgotten, it comes later.
 */
import { canonicalPriority } from '../address/priority.ts'
import { Scope, scopeOf } from '../address/ranges.ts'
import { type EndpointKey, endpointOfKey, flag } from '../codec/contact.ts'
import { CandidateStore, familyOf } from './candidate-store.ts'
import { type CandidateTable, greatestRowCount, rowState } from './candidate-table.ts'
import { endpointHash } from './endpoint-hash.ts'
import type { Known } from './known.ts'
import type { Limits } from './limits.ts'
import type { Party, Source, SourceId } from './party.ts'
import { Pending, type Place } from './pending.ts'
import type { Sources, Teller } from './source.ts'

/** What the candidates cannot know when they are asked. */
export interface DialContext {
  /** Whether we have every piece: other seeds are kept, but not handed out. */
  readonly seeding: boolean
  /** Whether there is a connection with this endpoint. */
  readonly connected: (key: EndpointKey) => boolean
}

/** Figures of this moment, and counts since the start. */
export interface CandidateStats {
  readonly candidates: number
  /** Handed out and not reported. */
  readonly pending: number
  /** Sources that are open or still count. */
  readonly sources: number
  /** Contacts that were handed out and connected. */
  readonly connectedCount: number
  /** Contacts that were handed out to no avail. */
  readonly failedCount: number
  /** Bytes of the table; what is handed out and the dials of the last hour come on top. */
  readonly byteLength: number
}

/** Holds the endpoint of one candidate while it is looked at. */
const scratch = new Uint8Array(18)

export class Candidates {
  readonly #limits: Limits
  readonly #seed: number
  readonly #known: Known
  readonly #store: CandidateStore
  readonly #table: CandidateTable
  readonly #sources: Sources
  readonly #pending: Pending
  #externalAddress: Uint8Array | undefined
  /** When the last look found that something will be free by time alone. */
  #wakeAt: number = Number.POSITIVE_INFINITY
  /** Until then, and as long as nothing happens, nothing can be handed out. */
  #idleUntil: number = Number.NEGATIVE_INFINITY
  #idleSeeding = false
  #connectedCount = 0
  #failedCount = 0

  /** Candidates are contacts of `known`. The seed is any 32-bit integer that peers cannot guess: it orders equals, and salts the hashes. */
  constructor(limits: Limits, known: Known, seed: number) {
    this.#limits = limits
    this.#known = known
    this.#seed = seed | 0
    this.#store = new CandidateStore(limits, known, this.#seed)
    this.#table = this.#store.table
    this.#sources = this.#store.sources
    this.#pending = new Pending(limits, this.#seed)
  }

  /** Candidates that are kept: also those that have failed, and stale ones that nobody has come across since. */
  get size(): number {
    return this.#table.size
  }

  get stats(): CandidateStats {
    return {
      candidates: this.#table.size,
      pending: this.#pending.size,
      sources: this.#sources.size,
      connectedCount: this.#connectedCount,
      failedCount: this.#failedCount,
      byteLength: this.#table.byteLength,
    }
  }

  /** Our own address, 4 or 16 bytes. Without one of a candidate's family a seeded hash takes the place of BEP 40's priority. */
  set externalAddress(address: Uint8Array | undefined) {
    if (address?.join() === this.#externalAddress?.join()) return
    this.#externalAddress = address?.slice()
    this.#table.unprepare()
  }

  /** What is offered from now on comes at this time (milliseconds). */
  set now(now: number) {
    this.#store.now = now
  }

  /** A source claims the contact at this place, which it did not claim before. */
  offer(teller: Teller, place: number, flags: number): void {
    this.#store.offer(teller, place, flags)
    this.#idleUntil = Number.NEGATIVE_INFINITY
  }

  /** A source drops a contact that it claimed; of one that it did not, nothing follows. */
  withdraw(id: SourceId, place: number): void {
    this.#store.withdraw(id, place)
  }

  /** Gives memory back after many contacts were forgotten. */
  trim(): void {
    this.#known.trim((row, place) => this.#store.move(row, place))
  }

  /** A connection has closed: its claims end, and what nobody else claims is stale after `candidateMs`. */
  closeSource(id: SourceId, now: number): void {
    this.#store.close(id, now)
  }

  /** Whom to dial, best first, at most `count`. Each is handed out until it is reported, connected, or `handedOutMs` are over. */
  next(count: number, now: number, context: DialContext): EndpointKey[] {
    this.#settle(now, context)
    // What is found here about the future is not complete: the next look has to be.
    this.#idleUntil = Number.NEGATIVE_INFINITY
    const keys: EndpointKey[] = []
    const waiting = this.#waitingByParty(now, context)
    while (keys.length < count && waiting.size > 0 && !this.#isSpent()) {
      const party = this.#sources.nextOf(waiting)
      const row = this.#bestOf(waiting.get(party)!, party, now, context)
      if (row === 0) waiting.delete(party)
      else {
        keys.push(this.#handOut(row, party, now))
        this.#sources.serve(party, waiting.size)
      }
    }
    return keys
  }

  /** Whether `next` would hand out anything. */
  hasNext(now: number, context: DialContext): boolean {
    this.#settle(now, context)
    if (now < this.#idleUntil && context.seeding === this.#idleSeeding) return false
    this.#wakeAt = Number.POSITIVE_INFINITY
    for (let row = 1; row < this.#table.rowEnd && !this.#isSpent(); row++) {
      if (!this.#isWaiting(row, now, context)) continue
      const place = this.#placeOf(row)
      if (this.#isFree(place, now) && this.#isAnyAdmitted(row, place) && !this.#isTaken(row, context)) return true
    }
    this.#idleUntil = this.#wakeAt
    this.#idleSeeding = context.seeding
    return false
  }

  /** When to ask `hasNext` again after it said no; undefined if time alone does not help. */
  nextTimeout(): number | undefined {
    const time = Math.min(this.#wakeAt, this.#pending.nextTimeout())
    return time === Number.POSITIVE_INFINITY ? undefined : time
  }

  /** What became of a contact that was handed out. For one that was not, or no longer is, nothing follows. */
  report(key: EndpointKey, outcome: 'connected' | 'failed', now: number): void {
    const source = this.#pending.take(key, outcome, now)
    if (source === undefined) return
    this.#idleUntil = Number.NEGATIVE_INFINITY
    source.party.record(outcome, this.#limits)
    this.#sources.release(source)
    const row = this.#store.find(key)
    if (outcome === 'connected') {
      this.#connectedCount++
      if (row !== 0) this.#store.remove(row)
      return
    }
    this.#failedCount++
    if (row === 0) return
    if (this.#table.stateOf(row) === rowState.handedOut) this.#table.setState(row, rowState.failed)
  }

  /** There is a connection with this endpoint, whoever opened it. It is a candidate no more. */
  handleConnected(key: EndpointKey, now: number): void {
    this.report(key, 'connected', now)
    const row = this.#store.find(key)
    if (row !== 0) this.#store.remove(row)
  }

  /** There is none any more. It becomes a candidate when it is offered again; what was offered meanwhile is void. */
  handleDisconnected(key: EndpointKey): void {
    const row = this.#store.find(key)
    if (row !== 0) this.#store.remove(row)
    this.#pending.handleDisconnected(key, this.#pending.placeOf(endpointOfKey(key), 0, familyOf(key)))
    this.#idleUntil = Number.NEGATIVE_INFINITY
  }

  /** The open sources that claim this candidate, 8 at most (T21). */
  sourcesOf(key: EndpointKey): readonly SourceId[] {
    return this.#store.sourcesOf(key)
  }

  /** Forgets all candidates, sources and what is handed out. The dials of the last hour still count. */
  clear(): void {
    this.#store.clear()
    this.#pending.clear()
    this.#wakeAt = Number.POSITIVE_INFINITY
  }

  /** What was handed out and never reported has failed. */
  #settle(now: number, context: DialContext): void {
    this.#pending.settle(now, context.connected)
    for (let key = this.#pending.overdue(now); key !== undefined; key = this.#pending.overdue(now)) this.report(key, 'failed', now)
  }

  /** Whether so much is handed out and unreported that nothing can follow. */
  #isSpent(): boolean {
    return this.#pending.size >= Math.min(this.#limits.maxCandidates, greatestRowCount)
  }

  #waitingByParty(now: number, context: DialContext): Map<Party, number[]> {
    this.#wakeAt = Number.POSITIVE_INFINITY
    const waiting = new Map<Party, number[]>()
    for (let row = 1; row < this.#table.rowEnd; row++) {
      if (!this.#isWaiting(row, now, context)) continue
      for (let at = 0; this.#table.claimAt(row, at) !== 0; at++) {
        const { party } = this.#sources.at(this.#table.claimAt(row, at))
        const rows = waiting.get(party)
        if (rows === undefined) waiting.set(party, [row])
        else if (rows.at(-1) !== row) rows.push(row)
      }
    }
    return waiting
  }

  /** Whether a row could be handed out as far as it alone is concerned. A stale one goes. */
  #isWaiting(row: number, now: number, context: DialContext): boolean {
    const table = this.#table
    if (table.claimAt(row, 0) === 0) return false
    if (this.#store.isStale(row, now)) {
      this.#store.remove(row)
      return false
    }
    if (table.stateOf(row) !== rowState.waiting) return false
    if (context.seeding && (table.flagsOf(row) & flag.seed) !== 0) return false
    const redialAt = this.#redialAt(row)
    if (redialAt > now) this.#wakeAt = Math.min(this.#wakeAt, redialAt)
    return redialAt <= now
  }

  /** When a contact that failed may be dialled again: 0 for now. */
  #redialAt(row: number): number {
    if (!this.#pending.hasFailures) return 0
    const place = this.#table.placeOf(row)
    this.#known.write(place, scratch)
    return this.#pending.redialAt(scratch, 0, this.#known.familyOf(place))
  }

  /** Whether the quotas let anything be handed out at this place, for some source. */
  #isFree(place: Place | undefined, now: number): boolean {
    const freeAt = place === undefined ? 0 : this.#pending.freeAt(place)
    if (freeAt > now) this.#wakeAt = Math.min(this.#wakeAt, freeAt)
    return freeAt <= now
  }

  /** Whether the share of one of those who claim it has room. */
  #isAnyAdmitted(row: number, place: Place | undefined): boolean {
    for (let at = 0; this.#table.claimAt(row, at) !== 0; at++) {
      if (this.#pending.admits(place, this.#sources.at(this.#table.claimAt(row, at)).party)) return true
    }
    return false
  }

  /** Whether this very endpoint is connected, which ends the candidate; or handed out, and was dropped and offered again since. */
  #isTaken(row: number, context: DialContext): boolean {
    const key = this.#known.keyOf(this.#table.placeOf(row))
    if (!context.connected(key)) return this.#pending.has(key)
    this.#store.remove(row)
    return true
  }

  /**
   * The best row that may be handed out for this party, 0 if there is none. What may not be leaves `rows`: during
   * one call of `next` quotas only fill up.
   */
  #bestOf(rows: number[], party: Party, now: number, context: DialContext): number {
    for (;;) {
      let kept = 0
      let bestAt = -1
      for (const row of rows) {
        if (this.#table.claimAt(row, 0) === 0 || this.#table.stateOf(row) !== rowState.waiting) continue
        const place = this.#placeOf(row)
        if (!this.#isFree(place, now) || !this.#pending.admits(place, party)) continue
        rows[kept] = row
        if (bestAt < 0 || this.#isBetter(row, rows[bestAt]!)) bestAt = kept
        kept++
      }
      if (bestAt < 0) return 0
      const best = rows[bestAt]!
      rows[bestAt] = rows[kept - 1]!
      rows.length = kept - 1
      if (!this.#isTaken(best, context)) return best
    }
  }

  /** What several parties claim comes first, then BEP 40's priority decides, and chance between equals. */
  #isBetter(row: number, other: number): boolean {
    const table = this.#table
    const isVouched = this.#isVouched(row)
    if (isVouched !== this.#isVouched(other)) return isVouched
    const [priority, otherPriority] = [table.priorityOf(row), table.priorityOf(other)]
    return priority === otherPriority ? this.#luckOf(row) > this.#luckOf(other) : priority > otherPriority
  }

  #isVouched(row: number): boolean {
    const first = this.#sources.at(this.#table.claimAt(row, 0)).party
    for (let at = 1; this.#table.claimAt(row, at) !== 0; at++) {
      if (this.#sources.at(this.#table.claimAt(row, at)).party !== first) return true
    }
    return false
  }

  #handOut(row: number, party: Party, now: number): EndpointKey {
    const key = this.#known.keyOf(this.#table.placeOf(row))
    const source = this.#sourceOf(row, party)
    this.#sources.refer(source)
    this.#pending.add(key, source, this.#placeOf(row), now)
    this.#table.setState(row, rowState.handedOut)
    return key
  }

  /** The source of this party that claims the row. */
  #sourceOf(row: number, party: Party): Source {
    for (let at = 0; ; at++) {
      const source = this.#sources.at(this.#table.claimAt(row, at))
      if (source.party === party) return source
    }
  }

  /** Where a global candidate is; undefined for one that no quota counts. */
  #placeOf(row: number): Place | undefined {
    const table = this.#table
    if (!table.isPrepared(row)) this.#prepare(row)
    if (!table.isGlobal(row)) return undefined
    this.#known.write(table.placeOf(row), scratch)
    return this.#pending.placeOf(scratch, 0, this.#known.familyOf(table.placeOf(row)))
  }

  #prepare(row: number): void {
    const table = this.#table
    const family = this.#known.familyOf(table.placeOf(row))
    this.#known.write(table.placeOf(row), scratch)
    const scope = scopeOf(scratch, 0, family)
    const network = scope === Scope.global || scope === Scope.documentation ? 'global' : 'local'
    const own = this.#externalAddress
    if (own?.length !== (family === 4 ? 4 : 16)) {
      table.prepare(row, this.#luckOf(row), network)
      return
    }
    // BEP 40 looks at the ports only where the addresses are the same; ours is then unknown, and 0.
    const ours = new Uint8Array(own.length + 2)
    ours.set(own)
    table.prepare(row, canonicalPriority(ours, scratch.subarray(0, ours.length)), network)
  }

  #luckOf(row: number): number {
    const place = this.#table.placeOf(row)
    this.#known.write(place, scratch)
    return endpointHash(scratch, 0, this.#known.familyOf(place), ~this.#seed) >>> 0
  }
}
