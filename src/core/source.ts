/**
 * Where candidates come from: what each source holds, how good its contacts were, and whose turn it is.
 *
 * Turns go round: the source that was served longest ago is next, and a newcomer queues behind all that
 * wait. Two rules keep that fair towards those who are many or come again:
 *
 *     a source in poor standing   waits four rounds instead of one
 *     closed sources              have one turn a round together: who hangs up and connects again, again
 *                                 and again, gets no more turns than who stays
 *
 * Over both stands T8's: no source gets more than 10 of any 40 consecutive turns while four or more can be served.
 *
 * A source is remembered while it is open, and afterwards while anything refers to it: a candidate that it
 * claimed, or one that was handed out for it and is not reported. So there are never many.
 */
import type { RowList } from './candidate-table.ts'
import { scramble } from './endpoint-hash.ts'
import type { Limits } from './limits.ts'

/** A number for one connection, the caller's: an integer of 32 bits. */
export type SourceId = number

/** T8: of so many consecutive turns … */
const shareWindow = 40
/** … one source gets no more than these … */
const shareOfOne = 10
/** … while so many can be served. */
const shareSources = 4
/** T7: what a source in poor standing may do is divided by this. */
const poorDivisor = 4
/** Reported dials, in multiples of those that standing needs, after which the older half counts no more: a source may get better or worse. */
const standingMemory = 4

export class Source implements RowList {
  readonly id: SourceId
  /** Its number among the claims of the table while anything refers to it; else 0. */
  number = 0
  /** Its claims in the table and what is handed out for it. */
  references = 0
  /** When its connection was closed; Infinity while it is open. */
  closedAt: number = Number.POSITIVE_INFINITY
  oldest = 0
  newest = 0
  /** Candidates that it holds. */
  count = 0
  /** The smaller, the sooner it is served. */
  due: number
  /** How many of the last turns were its. */
  turnCount = 0
  #dialCount = 0
  #successCount = 0

  constructor(id: SourceId, due: number) {
    this.id = id
    this.due = due
  }

  get isOpen(): boolean {
    return this.closedAt === Number.POSITIVE_INFINITY
  }

  /** A dial of one of its contacts was reported. */
  record(outcome: 'connected' | 'failed', limits: Limits): void {
    this.#dialCount++
    if (outcome === 'connected') this.#successCount++
    if (this.#dialCount < standingMemory * limits.minDialsForStanding) return
    this.#dialCount /= 2
    this.#successCount /= 2
  }

  /** T7: whether so few of its contacts could be connected to that it must be making them up. Measured: 11–25 % can in the wild. */
  isPoor(limits: Limits): boolean {
    return this.#dialCount >= limits.minDialsForStanding && this.#successCount < limits.minSuccessShare * this.#dialCount
  }

  /** A quota of this source: a quarter in poor standing, and never less than one. */
  quota(quota: number, limits: Limits): number {
    return this.isPoor(limits) ? Math.max(Math.min(quota, 1), Math.floor(quota / poorDivisor)) : quota
  }
}

export class Sources {
  readonly #limits: Limits
  readonly #seed: number
  readonly #byId = new Map<SourceId, Source>()
  /** The one that was opened last, unless it was forgotten: one message is many claims of one source. */
  #latest: Source | undefined
  /** By number; number 0 is nobody's. */
  readonly #byNumber: (Source | undefined)[] = [undefined]
  readonly #unusedNumbers: number[] = []
  /** How many sources hold so many candidates, and the greatest number that one of them holds. Made with the first source. */
  #countsOfHeld: Uint16Array | undefined
  readonly #maxHeld: number
  #greatestCount = 0
  /** Where the search for a source that holds most goes on. */
  #searchFrom = 0
  #turns: Source[] = []
  #turnsServed = 0
  #closedDue = 0

  /** A source holds at most `maxHeld` candidates, and one more for a moment. */
  constructor(limits: Limits, maxHeld: number, seed: number) {
    this.#limits = limits
    this.#maxHeld = maxHeld
    this.#seed = seed
  }

  get size(): number {
    return this.#byId.size
  }

  /** The most candidates that one source holds. */
  get greatestCount(): number {
    return this.#greatestCount
  }

  find(id: SourceId): Source | undefined {
    return this.#latest?.id === id ? this.#latest : this.#byId.get(id)
  }

  /** A source that a claim refers to. */
  at(number: number): Source {
    return this.#byNumber[number]!
  }

  /** The open source with this id. One that was closed does not open again: a new one takes its id. */
  open(id: SourceId): Source {
    let source = this.find(id)
    if (source === undefined || !source.isOpen) {
      // Those who come at the same time are served in an order that they cannot know.
      source = new Source(id, this.#turnsServed + (scramble(this.#seed ^ id) >>> 0) / 2 ** 32)
      this.#byId.set(id, source)
    }
    this.#latest = source
    return source
  }

  close(id: SourceId, now: number): void {
    const source = this.find(id)
    if (source === undefined || !source.isOpen) return
    source.closedAt = now
    this.#forgetUnlessNeeded(source)
  }

  clear(): void {
    this.#byId.clear()
    this.#latest = undefined
    this.#byNumber.length = 1
    this.#unusedNumbers.length = this.#turns.length = 0
    this.#countsOfHeld = undefined
    this.#greatestCount = this.#searchFrom = 0
  }

  /** A claim or a dial refers to this source from now on. */
  refer(source: Source): void {
    if (source.references++ > 0) return
    source.number = this.#unusedNumbers.pop() ?? this.#byNumber.length
    this.#byNumber[source.number] = source
  }

  /** A claim or a dial refers to it no more. */
  release(source: Source): void {
    if (--source.references > 0) return
    this.#byNumber[source.number] = undefined
    this.#unusedNumbers.push(source.number)
    source.number = 0
    this.#forgetUnlessNeeded(source)
  }

  /** The number of candidates that this source holds was `before`, and has changed by one. */
  recount(source: Source, before: number): void {
    this.#countsOfHeld ??= new Uint16Array(this.#maxHeld + 2)
    const counts = this.#countsOfHeld
    counts[before]!--
    counts[source.count]!++
    if (source.count > this.#greatestCount) this.#greatestCount = source.count
    else if (before === this.#greatestCount && counts[before] === 0) this.#greatestCount--
  }

  /** A source that holds most candidates; undefined if there are none. */
  greatest(): Source | undefined {
    if (this.#greatestCount === 0) return undefined
    // Those that hold most are usually many, and the next of them is near.
    do this.#searchFrom = (this.#searchFrom + 1) % this.#byNumber.length
    while (this.#byNumber[this.#searchFrom]?.count !== this.#greatestCount)
    return this.#byNumber[this.#searchFrom]
  }

  /** Whose turn it is, of those that have something to hand out. */
  nextOf(waiting: ReadonlyMap<Source, unknown>): Source {
    const isShared = waiting.size >= shareSources
    let first: Source | undefined
    for (const source of waiting.keys()) {
      if (isShared && source.turnCount >= shareOfOne) continue
      if (first === undefined || this.#isBefore(source, first)) first = source
    }
    // Four sources cannot have had ten of the last 39 turns each, so somebody is left.
    return first!
  }

  /** This source had its turn, and so many could have. */
  serve(source: Source, waitingCount: number): void {
    const due = ++this.#turnsServed
    source.due = source.isPoor(this.#limits) ? due + (poorDivisor - 1) * waitingCount : due
    if (!source.isOpen) this.#closedDue = due
    source.turnCount++
    this.#turns.push(source)
    if (this.#turns.length === shareWindow) this.#turns.shift()!.turnCount--
  }

  #isBefore(source: Source, other: Source): boolean {
    const [mine, its] = [this.#dueOf(source), this.#dueOf(other)]
    return mine === its ? source.due < other.due : mine < its
  }

  #dueOf(source: Source): number {
    return source.isOpen ? source.due : Math.max(source.due, this.#closedDue)
  }

  #forgetUnlessNeeded(source: Source): void {
    if (source.references > 0 || source.isOpen || this.#byId.get(source.id) !== source) return
    this.#byId.delete(source.id)
    if (source === this.#latest) this.#latest = undefined
  }
}
