/**
 * What was dialled lately: which addresses in the last hour, and which contacts to no avail since `redialMs`.
 *
 * A ring of dials, oldest first, in which the dials of one bucket are linked from the newest to the
 * oldest. A link needs no upkeep when the oldest dials are forgotten: it is an ordinal, and one from
 * before the oldest that is remembered leads nowhere.
 *
 * This must be exact for the whole hour, or whoever makes us dial many addresses could make us dial one
 * of them again. So when the ring is full nothing is overwritten; the host must dial more slowly. The
 * memory (16 bytes for each dial) follows from how fast it does, not from what peers send.
 */
const firstCapacity = 32

export class DialLog {
  readonly #maxCount: number
  readonly #windowMs: number
  #addresses: Int32Array = new Int32Array(0)
  /** Whole milliseconds, rounded up, modulo 2³²: which of them is meant, `#now` tells. */
  #times: Uint32Array = new Uint32Array(0)
  /** The latest time that was told. */
  #now = 0
  /** The ordinal of the dial before this one in its bucket. */
  #earlier: Int32Array = new Int32Array(0)
  /** The ordinal of the newest dial of each bucket. */
  #newest: Int32Array = new Int32Array(0)
  #start = 1
  #end = 1

  constructor(maxCount: number, windowMs: number) {
    this.#maxCount = maxCount
    this.#windowMs = windowMs
  }

  /** Dials that are remembered. */
  get size(): number {
    return this.#end - this.#start
  }

  /** Forgets what is older than the window. */
  settle(now: number): void {
    this.#now = Math.ceil(now)
    while (this.#start < this.#end && this.#timeOf(this.#start) + this.#windowMs <= now) this.#start++
    if (this.#start === this.#end && this.#times.length > firstCapacity) this.#resize(0)
  }

  /** An address was dialled; it is a hash of 32 bits. Nothing gives way to it, also above the bound. */
  add(address: number, now: number): void {
    if (this.size === this.#times.length) this.#resize(Math.max(firstCapacity, this.size * 2))
    this.#now = Math.ceil(now)
    this.#write(this.#end++, address, this.#now)
  }

  /**
   * When an address may be dialled, if it may be dialled `count` times within the window: 0 for now. Dials that
   * `settle` has not forgotten count.
   */
  freeAt(address: number, count: number): number {
    const mask = this.#times.length - 1
    if (this.size >= this.#maxCount) return this.#timeOf(this.#start) + this.#windowMs
    let left = count
    for (let dial = this.#newest[address & mask] ?? 0; dial >= this.#start; dial = this.#earlier[dial & mask]!) {
      if (this.#addresses[dial & mask] === address && --left === 0) return this.#timeOf(dial) + this.#windowMs
    }
    return 0
  }

  #timeOf(dial: number): number {
    return this.#now - ((this.#now - this.#times[dial & (this.#times.length - 1)]!) >>> 0)
  }

  #write(ordinal: number, address: number, time: number): void {
    const mask = this.#times.length - 1
    this.#addresses[ordinal & mask] = address
    this.#times[ordinal & mask] = time
    this.#earlier[ordinal & mask] = this.#newest[address & mask]!
    this.#newest[address & mask] = ordinal
  }

  /** The capacity is 0 or a power of two. */
  #resize(capacity: number): void {
    const [addresses, times, mask] = [this.#addresses, this.#times, this.#times.length - 1]
    this.#addresses = new Int32Array(capacity)
    this.#times = new Uint32Array(capacity)
    this.#earlier = new Int32Array(capacity)
    this.#newest = new Int32Array(capacity)
    for (let dial = this.#start; dial < this.#end; dial++) this.#write(dial, addresses[dial & mask]!, times[dial & mask]!)
  }
}
