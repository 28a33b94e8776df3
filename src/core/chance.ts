/**
 * All the chance that the core has: a sequence of numbers that follows from one seed, so that the same
 * seed gives the same run. Not for secrets: it spreads turns in time and salts hash tables, whose seed a
 * remote must not know but cannot read from anything that we send.
 */
export class Chance {
  #state: number

  /** @param seed an integer, 0–2³²−1 */
  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** The next number, 0–2³²−1. A Weyl sequence through the finalizer of MurmurHash3. */
  uint32(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
    return (mixed ^ (mixed >>> 16)) >>> 0
  }

  /** The next number as a fraction, 0 ≤ x < 1. */
  fraction(): number {
    return this.uint32() / 2 ** 32
  }
}
