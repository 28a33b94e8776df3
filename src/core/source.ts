/**
 * Where candidates come from: the sources, who is behind each, and whose turn it is.
 *
 * Turns go round over the parties (`party.ts`): the one that was served longest ago is next, and a newcomer queues behind all that
 * wait. Two rules keep that fair towards those who are many or come again:
 *
 *     a party in poor standing   waits four rounds instead of one
 *     parties that have gone     have one turn a round together: who hangs up and comes again from elsewhere, again
 *                                and again, gets no more turns than who stays
 *
 * Over both stands T8's: no party gets more than 10 of any 40 consecutive turns while four or more can be served.
 *
 * A source is remembered while it is open, and afterwards while anything refers to it: a candidate that it
 * claimed, or one that was handed out for it and is not reported. So there are never many.
 */
import { scramble } from './endpoint-hash.ts'
import type { Limits } from './limits.ts'
import { type Network, Parties, Party, poorDivisor, Source, type SourceId } from './party.ts'

/** A connection that tells us of contacts. */
export interface Teller {
  readonly source: SourceId
  /** Its address if that is global; undefined if it is not, or unknown. Asked when it becomes a source. */
  readonly network: Network | undefined
}

/** T8: of so many consecutive turns … */
const shareWindow = 40
/** … one party gets no more than these … */
const shareOfOne = 10
/** … while so many can be served. */
const shareParties = 4

export class Sources {
  readonly #limits: Limits
  readonly #seed: number
  readonly #byId = new Map<SourceId, Source>()
  readonly #parties = new Parties()
  /** The one that was opened last, unless it was forgotten: one message is many claims of one source. */
  #latest: Source | undefined
  /** By number; number 0 is nobody's. */
  readonly #byNumber: (Source | undefined)[] = [undefined]
  readonly #unusedNumbers: number[] = []
  /** How many parties hold so many candidates, and the greatest number that one of them holds. Made with the first source. */
  #countsOfHeld: Uint16Array | undefined
  readonly #maxHeld: number
  #greatestCount = 0
  /** Where the search for a party that holds most goes on. */
  #searchFrom = 0
  #turns: Party[] = []
  #turnsServed = 0
  #closedDue = 0

  /** A party holds at most `maxHeld` candidates, and one more for a moment. */
  constructor(limits: Limits, maxHeld: number, seed: number) {
    this.#limits = limits
    this.#maxHeld = maxHeld
    this.#seed = seed
  }

  get size(): number {
    return this.#byId.size
  }

  /** The most candidates that one party holds. */
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

  /** The open source of this connection. One that was closed does not open again: a new one takes its id. */
  open(teller: Teller): Source {
    const found = this.find(teller.source)
    if (found?.isOpen) {
      this.#latest = found
      return found
    }
    const source = new Source(teller.source, this.#partyOf(teller))
    this.#parties.enter(source.party)
    this.#byId.set(source.id, source)
    this.#latest = source
    return source
  }

  /** A connection has closed. Its source counts on while anything refers to it. */
  close(source: Source, now: number): void {
    source.closedAt = now
    source.party.openCount--
    if (source.references > 0) source.party.past ??= source
    else this.#forget(source)
  }

  clear(): void {
    this.#byId.clear()
    this.#parties.clear()
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
    if (!source.isOpen) this.#forget(source)
  }

  /** The number of candidates that this party holds was `before`, and has changed by one. */
  recount(party: Party, before: number): void {
    this.#countsOfHeld ??= new Uint16Array(this.#maxHeld + 2)
    const counts = this.#countsOfHeld
    counts[before]!--
    counts[party.count]!++
    if (party.count > this.#greatestCount) this.#greatestCount = party.count
    else if (before === this.#greatestCount && counts[before] === 0) this.#greatestCount--
  }

  /** A party that holds most candidates; undefined if there are none. */
  greatest(): Party | undefined {
    if (this.#greatestCount === 0) return undefined
    // Those that hold most are usually many, and the next of them is near.
    do this.#searchFrom = (this.#searchFrom + 1) % this.#byNumber.length
    while (this.#byNumber[this.#searchFrom]?.party.count !== this.#greatestCount)
    return this.#byNumber[this.#searchFrom]!.party
  }

  /** Whose turn it is, of those that have something to hand out. */
  nextOf(waiting: ReadonlyMap<Party, unknown>): Party {
    const isShared = waiting.size >= shareParties
    let first: Party | undefined
    for (const party of waiting.keys()) {
      if (isShared && party.turnCount >= shareOfOne) continue
      if (first === undefined || this.#isBefore(party, first)) first = party
    }
    // Four parties cannot have had ten of the last 39 turns each, so somebody is left.
    return first!
  }

  /** This party had its turn, and so many could have. */
  serve(party: Party, waitingCount: number): void {
    const due = ++this.#turnsServed
    party.due = party.isPoor(this.#limits) ? due + (poorDivisor - 1) * waitingCount : due
    if (!party.isOpen) this.#closedDue = due
    party.turnCount++
    this.#turns.push(party)
    if (this.#turns.length === shareWindow) this.#turns.shift()!.turnCount--
  }

  #isBefore(party: Party, other: Party): boolean {
    const [mine, its] = [this.#dueOf(party), this.#dueOf(other)]
    return mine === its ? party.due < other.due : mine < its
  }

  #dueOf(party: Party): number {
    return party.isOpen ? party.due : Math.max(party.due, this.#closedDue)
  }

  #partyOf({ source: id, network }: Teller): Party {
    const found = network === undefined ? undefined : this.#parties.find(network)
    // Those who come at the same time are served in an order that they cannot know.
    return found ?? new Party(id, network, this.#turnsServed + (scramble(this.#seed ^ id) >>> 0) / 2 ** 32)
  }

  #forget(source: Source): void {
    this.#parties.leave(source.party)
    if (source === source.party.past) source.party.past = undefined
    if (source === this.#latest) this.#latest = undefined
    if (this.#byId.get(source.id) === source) this.#byId.delete(source.id)
  }
}
