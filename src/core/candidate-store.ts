/**
 * What is remembered of candidates: who claims which, and who has to give way.
 *
 * Each candidate is held by the party (`party.ts`) of one of the sources that claim it. What one party may hold is bounded, and when
 * the whole store is full the one that holds most gives way, with its oldest. So nobody crowds others out
 * by claiming much; nor by claiming first what others will claim, for then the candidate passes to them.
 *
 * A claim ends when its source drops the contact, and the candidate goes with the last living claim. A source
 * that closes ends its claims, too, but the candidates stay, until another source has claimed and dropped
 * them, or until they are stale after `candidateMs`.
 *
 * Invariant: a row is in the list of the party of its first claim, which holds it, and in no other.
 */
import { type EndpointKey, endpointOfKey, type Family, flag } from '../codec/contact.ts'
import { CandidateTable, greatestRowCount, rowState } from './candidate-table.ts'
import type { Known } from './known.ts'
import type { Limits } from './limits.ts'
import type { Party, Source, SourceId } from './party.ts'
import { Sources, type Teller } from './source.ts'

export class CandidateStore {
  readonly table: CandidateTable
  readonly sources: Sources
  readonly #limits: Limits
  readonly #known: Known
  /** What one party may hold. */
  readonly #quota: number
  /** When what is offered comes, milliseconds. Not an argument: a number that is no small integer costs an allocation for each call. */
  now = 0

  constructor(limits: Limits, known: Known, seed: number) {
    this.#limits = limits
    this.#known = known
    this.#quota = Math.min(limits.maxCandidatesPerSource, limits.maxCandidates, greatestRowCount)
    this.table = new CandidateTable(limits.maxCandidates)
    this.sources = new Sources(limits, this.#quota, seed)
  }

  /** A source claims the contact at this place, which it did not claim before, at the time `now`. */
  offer(teller: Teller, place: number, flags: number): void {
    const source = this.sources.open(teller)
    const row = this.#known.candidateOf(place)
    if (row !== 0 && !this.isStale(row, this.now)) {
      this.#vouch(row, source, flags)
      return
    }
    if (row !== 0) this.remove(row)
    const { party } = source
    if (!this.#makeRoom(party)) return
    this.sources.refer(source)
    this.#known.setCandidate(place, this.table.insert(place, flags, source.number, party))
    this.sources.recount(party, party.count - 1)
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
    this.#endClaim(row, claimPlace)
  }

  /**
   * A connection has closed. All closed claims of one party are as old as the latest of them, and one source stands for all its past:
   * who hangs up and comes again all day leaves as much as who does so once.
   */
  close(id: SourceId, now: number): void {
    const source = this.sources.find(id)
    if (source === undefined || !source.isOpen) return
    const { party } = source
    // What is stale stays so, whoever comes again.
    if (party.past !== undefined && party.past.closedAt + this.#limits.candidateMs <= now) this.#endClaimsOf(party.past, now)
    if (party.past !== undefined) {
      party.past.closedAt = now
      this.#bequeath(source, party.past)
    }
    this.sources.close(source, now)
  }

  /** The row of this endpoint; 0 if there is none. */
  find(key: EndpointKey): number {
    return this.#known.candidateOf(this.#known.find(endpointOfKey(key), 0, familyOf(key)))
  }

  /** Whether the last claim ended `candidateMs` ago. Stale rows are removed when somebody comes across them. */
  isStale(row: number, now: number): boolean {
    for (let place = 0; this.table.claimAt(row, place) !== 0; place++) {
      const { closedAt } = this.#claimantAt(row, place)
      if (closedAt + this.#limits.candidateMs > now) return false
    }
    return true
  }

  /** The open sources that claim this candidate, 8 at most (T21). */
  sourcesOf(key: EndpointKey): readonly SourceId[] {
    const ids: SourceId[] = []
    const row = this.find(key)
    for (let at = 0; row !== 0 && this.table.claimAt(row, at) !== 0; at++) {
      const source = this.#claimantAt(row, at)
      if (source.isOpen) ids.push(source.id)
    }
    return ids
  }

  /** Forgets a candidate, and its claims. */
  remove(row: number): void {
    const table = this.table
    const holder = this.#claimantAt(row, 0)
    for (let place = 1; table.claimAt(row, place) !== 0; place++) this.sources.release(this.#claimantAt(row, place))
    this.#known.setCandidate(table.placeOf(row), 0)
    table.remove(row, holder.party)
    this.sources.recount(holder.party, holder.party.count + 1)
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

  /** Whose claim has this place. */
  #claimantAt(row: number, place: number): Source {
    return this.sources.at(this.table.claimAt(row, place))
  }

  /** A claim takes this place, and whatever claim has it ends. */
  #claim(row: number, place: number, source: Source): void {
    const before = this.table.claimAt(row, place)
    this.sources.refer(source)
    this.table.setClaim(row, place, source.number)
    if (before !== 0) this.sources.release(this.sources.at(before))
  }

  #hold(row: number, party: Party): void {
    this.table.append(party, row)
    this.sources.recount(party, party.count - 1)
  }

  #letGo(row: number): void {
    const { party } = this.#claimantAt(row, 0)
    this.table.unlink(party, row)
    this.sources.recount(party, party.count + 1)
  }

  /** Whoever has the first claim now holds the candidate, and gives way with its oldest if it holds too many. */
  #inherit(row: number): void {
    const { party } = this.#claimantAt(row, 0)
    this.#hold(row, party)
    if (party.count > this.#quota) this.#giveWay(party)
  }

  /** One more source claims a candidate, or the same one again. */
  #vouch(row: number, source: Source, flags: number): void {
    const table = this.table
    table.setFlags(row, this.#isAlone(row, source.party) ? flags : mergeFlags(table.flagsOf(row), flags))
    // Whoever claims it, it is worth another dial; when, `pending.ts` says.
    if (table.stateOf(row) === rowState.failed) table.setState(row, rowState.waiting)
    if (source.number !== 0 && table.claimPlaceOf(row, source.number) >= 0) return
    const place = this.#placeFor(row, source.party)
    if (place < 0) table.setCrowded(row)
    else this.#claim(row, place, source)
  }

  /** One of several claims of a candidate ends. */
  #endClaim(row: number, place: number): void {
    const source = this.#claimantAt(row, place)
    if (place === 0) this.#letGo(row)
    this.table.endClaim(row, place)
    if (place === 0) this.#inherit(row)
    this.sources.release(source)
  }

  /** The claims of a source are another's of its party from now on. */
  #bequeath(source: Source, heir: Source): void {
    for (let row = 1; row < this.table.rowEnd && source.number !== 0; row++) {
      const place = this.table.claimPlaceOf(row, source.number)
      if (place < 0) continue
      if (this.table.claimPlaceOf(row, heir.number) < 0) this.#claim(row, place, heir)
      else this.#endClaim(row, place)
    }
  }

  /** The claims of a past source are stale, and so is what nobody else claims. */
  #endClaimsOf(past: Source, now: number): void {
    past.party.past = undefined
    for (let row = 1; row < this.table.rowEnd && past.number !== 0; row++) {
      const place = this.table.claimPlaceOf(row, past.number)
      if (place < 0) continue
      if (this.isStale(row, now)) this.remove(row)
      else this.#endClaim(row, place)
    }
  }

  /** Where one more claim of this party goes: instead of one that it has closed, else to a free place, else instead of anybody's that has closed; −1 for nowhere. */
  #placeFor(row: number, party: Party): number {
    const { table } = this
    let place = table.claimPlaceOf(row, 0)
    for (let at = 0; table.claimAt(row, at) !== 0; at++) {
      const other = this.#claimantAt(row, at)
      if (other.isOpen) continue
      if (other.party === party) return at
      if (place < 0 && at > 0) place = at
    }
    return place
  }

  #isClaimedBesides(row: number, source: Source): boolean {
    for (let place = 0; this.table.claimAt(row, place) !== 0; place++) {
      const other = this.#claimantAt(row, place)
      if (other !== source && other.isOpen) return true
    }
    return false
  }

  /** Whether nobody but this party has claimed it. */
  #isAlone(row: number, party: Party): boolean {
    for (let place = 0; this.table.claimAt(row, place) !== 0; place++) {
      if (this.#claimantAt(row, place).party !== party) return false
    }
    return !this.table.isCrowded(row)
  }

  /** Makes room for one more candidate of this party. False if it may have none. */
  #makeRoom(party: Party): boolean {
    const quota = party.quota(this.#quota, this.#limits)
    if (quota < 1) return false
    while (party.count >= quota) this.#giveWay(party)
    while (this.table.isFull) this.#giveWay(party.count === this.sources.greatestCount ? party : this.sources.greatest()!)
    return true
  }

  /**
   * The oldest candidate of a party gives way. If others claim it and hold less, the one that holds least has it
   * from now on: else whoever claims first what somebody else will claim, and then floods, would drive it out.
   */
  #giveWay(party: Party): void {
    const table = this.table
    const row = party.oldest
    let heirPlace = 0
    let leastCount = party.count - 1
    for (let place = 1; table.claimAt(row, place) !== 0; place++) {
      const { count } = this.#claimantAt(row, place).party
      if (count >= leastCount) continue
      heirPlace = place
      leastCount = count
    }
    if (heirPlace === 0) {
      this.remove(row)
      return
    }
    this.#letGo(row)
    const [first, heir] = [table.claimAt(row, 0), table.claimAt(row, heirPlace)]
    table.setClaim(row, heirPlace, first)
    table.setClaim(row, 0, heir)
    this.#hold(row, this.sources.at(heir).party)
  }
}

/** The flags of all claims together. But one party alone must not be able to make a seed of a contact that others say is none (T17). */
function mergeFlags(flags: number, others: number): number {
  return (flags | others) & ~(flag.seed & ~(flags & others))
}

export function familyOf(key: EndpointKey): Family {
  return typeof key === 'number' ? 4 : 6
}
