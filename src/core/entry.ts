/**
 * A contact on the timeline, in few bytes: a large swarm has one of these for every wire.
 *
 * An endpoint is kept as its key alone, for a typed array of six bytes takes two hundred. Measured: 10,000 wires took 210 B more each.
 */

import type { EndpointKey, Family } from '../codec/contact.ts'

/** Bits below it: a byte of flags, and room. */
const audienceAt = 12

export interface EntryFacts {
  readonly key: EndpointKey
  readonly hash: number
  /** 0–65,535 */
  readonly audience: number
  /** 0–255 */
  readonly flags: number
  readonly arrivedAt: number
}

/** The same endpoint that comes back is another entry. */
export class Entry {
  readonly key: EndpointKey
  /** Of the key, as its timeline's `EntryTable.hashOf` says: to compute it takes longer than to find an entry by it. */
  readonly hash: number
  /** Position of its arrival, from 1. */
  readonly arrivedAt: number
  /** Position of its departure; 0 while it is live. */
  departedAt = 0
  /** Whose contact it is: for whoever connected it, the timeline does not look at it. */
  holder: unknown = undefined
  /** The audience, above the flags. */
  #bits: number

  constructor({ key, hash, audience, flags, arrivedAt }: EntryFacts) {
    this.key = key
    this.hash = hash
    this.arrivedAt = arrivedAt
    this.#bits = (audience << audienceAt) | flags
  }

  /** Who may see it, 0–65,535, a number that means something to `Receiver.sees` only; it never changes. */
  get audience(): number {
    return this.#bits >> audienceAt
  }

  /** The flag byte that the next receivers get. Those who were told are not told again. The timeline's to change. */
  get flags(): number {
    return this.#bits & 0xff
  }

  set flags(flags: number) {
    this.#bits = (this.#bits & ~0xff) | flags
  }

  get family(): Family {
    return typeof this.key === 'number' ? 4 : 6
  }
}

export const arrivedAt = (entry: Entry): number => entry.arrivedAt
export const departedAt = (entry: Entry): number => entry.departedAt

/** Index of the first entry whose position is greater than this one, in a list sorted by it. */
export function indexAfter(entries: readonly Entry[], position: number, positionOf: (entry: Entry) => number): number {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (positionOf(entries[middle]!) > position) high = middle
    else low = middle + 1
  }
  return low
}
