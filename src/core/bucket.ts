/**
 * A token bucket for one connection's messages: `burstMessages` at once, then one every `messageRefillMs`.
 *
 * Instead of tokens it keeps the moment at which the bucket will be full again. A message moves that
 * moment by one refill, from now if it has passed; a message that would move it further than a whole
 * bucket from now is in excess. All moments are whole milliseconds: if two messages are `messageRefillMs` apart,
 * so are their moments rounded down, and sums of integers are exact. So a peer that keeps that gap
 * is never refused, however long it lives, also when `burstMessages` is 1.
 *
 * The bucket has its own clock, which adds up what `now` moves forward. When `now` goes back, that
 * clock stands still for one message and goes on from there; a leap forward just fills the bucket.
 */
import type { Limits } from './limits.ts'

/** `flood`: in excess, and the last of `floodMessages` in excess within `floodWindowMs`. */
export type BucketOutcome = 'taken' | 'excess' | 'flood'

export class Bucket {
  #limits: Limits
  #now = 0
  #clock = 0
  #fullAt = 0
  /** When the last messages in excess came, a ring; only who ever sent one has it. */
  #excess: Float64Array | undefined
  #excessCount = 0

  constructor(limits: Limits) {
    this.#limits = limits
  }

  /** Other limits from now on. What was taken counts, but nobody waits longer than for a whole bucket; a flood is counted anew if it takes another number. */
  setLimits(limits: Limits): void {
    const { burstMessages, floodMessages, messageRefillMs } = limits
    const wholeMs = burstMessages * messageRefillMs
    if (this.#fullAt - this.#clock > wholeMs) this.#fullAt = this.#clock + wholeMs
    if (floodMessages !== this.#limits.floodMessages) {
      this.#excess = undefined
      this.#excessCount = 0
    }
    this.#limits = limits
  }

  /** Judges a message that arrives now (milliseconds, monotonic; fractions are fine). */
  take(now: number): BucketOutcome {
    const { burstMessages, messageRefillMs } = this.#limits
    const moment = Math.floor(now)
    if (moment > this.#now) this.#clock += moment - this.#now
    this.#now = moment
    const from = Math.max(this.#fullAt, this.#clock)
    if (from + messageRefillMs - this.#clock > burstMessages * messageRefillMs) return this.#countExcess() ? 'flood' : 'excess'
    this.#fullAt = from + messageRefillMs
    return 'taken'
  }

  /** Whether this message completes a flood; then counting starts anew. */
  #countExcess(): boolean {
    const { floodMessages, floodWindowMs } = this.#limits
    if (floodMessages === Infinity) return false
    this.#excess ??= new Float64Array(floodMessages)
    const next = this.#excessCount % floodMessages
    this.#excess[next] = this.#clock
    this.#excessCount++
    if (this.#excessCount < floodMessages) return false
    const first = this.#excess[this.#excessCount % floodMessages]!
    if (this.#clock - first >= floodWindowMs) return false
    this.#excessCount = 0
    return true
  }
}
