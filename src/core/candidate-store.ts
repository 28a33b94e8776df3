/**
 * What is remembered of candidates: who claims which, and who has to give way.
 *
 * Each candidate is held by one of the sources that claim it. What one source may hold is bounded, and when
 * the whole store is full the source that holds most gives way, with its oldest. So nobody crowds others out
 * by claiming much; nor by claiming first what others will claim, for then the candidate passes to them.
 *
 * A claim ends when its source drops the contact, and the candidate goes with the last living claim. A source
 * that closes ends its claims, too, but the candidates stay, until another source has claimed and dropped
 * them, or until they are stale after `candidateMs`.
 *
 * Invariant: a row is in the list of the source of its first claim, which holds it, and in no other.
 */
import { type EndpointKey, endpointOfKey, type Family, flag } from '../codec/contact.ts'
import { CandidateTable, greatestRowCount, maxClaimsPerRow, rowState } from './candidate-table.ts'
import type { Known } from './known.ts'
import type { Limits } from './limits.ts'
import { type Source, type SourceId, Sources } from './source.ts'

export class CandidateStore {
  readonly table: CandidateTable
  readonly sources: Sources
  readonly #limits: Limits
  readonly #known: Known
  /** What one source may hold. */
  readonly #quota: number
  #evictedCount = 0
  /** When what is offered comes, milliseconds. Not an argument: a number that is no small integer costs an allocation for each call. */
  now = 0

  constructor(limits: Limits, known: Known, seed: number) {
    this.#limits = limits
    this.#known = known
    this.#quota = Math.min(limits.maxCandidatesPerSource, limits.maxCandidates, greatestRowCount)
    this.table = new CandidateTable(limits.maxCandidates)
    this.sources = new Sources(limits, this.#quota, seed)
  }

  /** Candidates that gave way. */
  get evictedCount(): number {
    return this.#evictedCount
  }

  /** A source claims the contact at this place, which it did not claim before, at the time `now`. */
  offer(id: SourceId, place: number, flags: number): void {
    const source = this.sources.open(id)
    const row = this.#known.candidateOf(place)
    if (row !== 0 && !this.isStale(row, this.now)) {
      this.#vouch(row, source, flags)
      return
    }
    if (row !== 0) this.remove(row)
    if (!this.#makeRoom(source)) return
    this.sources.refer(source)
    this.#known.setCandidate(place, this.table.insert(place, flags, source))
    this.sources.recount(source, source.count - 1)
  }

  /**
   * A source drops a contact that it claimed. Of more than eight sources the candidate knows only eight: the
   * last of these stands for those that it does not know, and its claim stays.
   */
  withdraw(id: SourceId, place: number): void {
    const row = this.#known.candidateOf(place)
    if (row === 0) return
    const table = this.table
    const source = this.sources.find(id)
    if (source === undefined || source.number === 0) return
    if (table.soleClaimOf(row) === source.number) {
      this.remove(row)
      return
    }
    const claimPlace = table.claimPlaceOf(row, source.number)
    if (claimPlace < 0) return
    if (!this.#isClaimedBesides(row, source)) {
      if (!table.isCrowded(row)) this.remove(row)
      return
    }
    if (claimPlace === 0) this.#letGo(row)
    table.endClaim(row, claimPlace)
    if (claimPlace === 0) this.#inherit(row)
    this.sources.release(source)
  }

  /** The row of this endpoint; 0 if there is none. */
  find(key: EndpointKey): number {
    return this.#known.candidateOf(this.#known.find(endpointOfKey(key), 0, familyOf(key)))
  }

  /** Whether the last claim ended `candidateMs` ago. Stale rows are removed when somebody comes across them. */
  isStale(row: number, now: number): boolean {
    for (let place = 0; this.table.claimAt(row, place) !== 0; place++) {
      const { closedAt } = this.sources.at(this.table.claimAt(row, place))
      if (closedAt + this.#limits.candidateMs > now) return false
    }
    return true
  }

  /** The open sources that claim this candidate, 8 at most (T21). */
  sourcesOf(key: EndpointKey): readonly SourceId[] {
    const ids: SourceId[] = []
    const row = this.find(key)
    for (let at = 0; row !== 0 && this.table.claimAt(row, at) !== 0; at++) {
      const source = this.sources.at(this.table.claimAt(row, at))
      if (source.isOpen) ids.push(source.id)
    }
    return ids
  }

  /** Forgets a candidate, and its claims. */
  remove(row: number): void {
    const table = this.table
    const holder = this.#holderOf(row)
    for (let place = 1; table.claimAt(row, place) !== 0; place++) this.sources.release(this.sources.at(table.claimAt(row, place)))
    this.#known.setCandidate(table.placeOf(row), 0)
    table.remove(row, holder)
    this.sources.recount(holder, holder.count + 1)
    this.sources.release(holder)
  }

  /** The contact of this candidate has another place from now on. */
  move(row: number, place: number): void {
    this.table.setPlace(row, place)
  }

  /** Forgets all candidates. Their contacts stay, unless nobody claims them. */
  clear(): void {
    for (let row = 1; row < this.table.rowEnd; row++) {
      if (this.table.claimAt(row, 0) !== 0) this.#known.setCandidate(this.table.placeOf(row), 0)
    }
    this.table.clear()
    this.sources.clear()
  }

  #holderOf(row: number): Source {
    return this.sources.at(this.table.claimAt(row, 0))
  }

  #claim(row: number, place: number, source: Source): void {
    this.sources.refer(source)
    this.table.setClaim(row, place, source.number)
  }

  #hold(row: number, source: Source): void {
    this.table.append(source, row)
    this.sources.recount(source, source.count - 1)
  }

  #letGo(row: number): void {
    const source = this.#holderOf(row)
    this.table.unlink(source, row)
    this.sources.recount(source, source.count + 1)
  }

  /** Whoever has the first claim now holds the candidate, and gives way with its oldest if it holds too many. */
  #inherit(row: number): void {
    const heir = this.#holderOf(row)
    this.#hold(row, heir)
    if (heir.count > this.#quota) this.#giveWay(heir)
  }

  /** One more source claims a candidate, or the same one again. */
  #vouch(row: number, source: Source, flags: number): void {
    const table = this.table
    const isItsAlone = table.claimAt(row, 0) === source.number && table.claimAt(row, 1) === 0
    table.setFlags(row, isItsAlone ? flags : mergeFlags(table.flagsOf(row), flags))
    // Whoever claims it, it is worth another dial; when, `pending.ts` says.
    if (table.stateOf(row) === rowState.failed) table.setState(row, rowState.waiting)
    if (source.number !== 0 && table.claimPlaceOf(row, source.number) >= 0) return
    let place = table.claimPlaceOf(row, 0)
    for (let at = 1; place < 0 && at < maxClaimsPerRow; at++) {
      const other = this.sources.at(table.claimAt(row, at))
      if (other.isOpen) continue
      this.sources.release(other)
      place = at
    }
    if (place < 0) table.setCrowded(row)
    else this.#claim(row, place, source)
  }

  #isClaimedBesides(row: number, source: Source): boolean {
    for (let place = 0; this.table.claimAt(row, place) !== 0; place++) {
      const other = this.sources.at(this.table.claimAt(row, place))
      if (other !== source && other.isOpen) return true
    }
    return false
  }

  /** Makes room for one more candidate of this source. False if it may have none. */
  #makeRoom(source: Source): boolean {
    const quota = source.quota(this.#quota, this.#limits)
    if (quota < 1) return false
    while (source.count >= quota) this.#giveWay(source)
    while (this.table.isFull) this.#giveWay(source.count === this.sources.greatestCount ? source : this.sources.greatest()!)
    return true
  }

  /**
   * The oldest candidate of a source gives way. If others claim it and hold less, the one that holds least has it
   * from now on: else whoever claims first what somebody else will claim, and then floods, would drive it out.
   */
  #giveWay(source: Source): void {
    const table = this.table
    const row = source.oldest
    let heirPlace = 0
    let leastCount = source.count - 1
    for (let place = 1; table.claimAt(row, place) !== 0; place++) {
      const { count } = this.sources.at(table.claimAt(row, place))
      if (count >= leastCount) continue
      heirPlace = place
      leastCount = count
    }
    if (heirPlace === 0) {
      this.#evictedCount++
      this.remove(row)
      return
    }
    this.#letGo(row)
    const heir = table.claimAt(row, heirPlace)
    table.setClaim(row, heirPlace, source.number)
    table.setClaim(row, 0, heir)
    this.#hold(row, this.sources.at(heir))
  }
}

/** The flags of all claims together. But one source alone must not be able to make a seed of a contact that others say is none (T17). */
function mergeFlags(flags: number, others: number): number {
  return (flags | others) & ~(flag.seed & ~(flags & others))
}

export function familyOf(key: EndpointKey): Family {
  return typeof key === 'number' ? 4 : 6
}
