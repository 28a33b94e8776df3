/**
 * Which addresses were dialled in the last hour.
 *
 * A ring of dials, oldest first, in which the dials of one bucket are linked from the newest to the
 * oldest. A link needs no upkeep when the oldest dials are forgotten: it is an ordinal, and one from
 * before the oldest that is remembered leads nowhere.
 *
 * This must be exact for the whole hour, or whoever makes us dial many addresses could make us dial one
 * of them again. So when the ring is full nothing is overwritten; the host must dial more slowly. The
 * memory (20 bytes for each dial of the last hour) follows from how fast it does, not from what peers send.
 */
const firstCapacity = 32

export class DialLog {
  readonly #maxCount: number
  readonly #windowMs: number
  #addresses: Int32Array = new Int32Array(0)
  #times: Float64Array = new Float64Array(0)
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
    const mask = this.#times.length - 1
    while (this.#start < this.#end && this.#times[this.#start & mask]! + this.#windowMs <= now) this.#start++
    if (this.#start === this.#end && mask >= firstCapacity) this.#resize(0)
  }

  /** An address was dialled; it is a hash of 32 bits. `isFull` must be false. */
  add(address: number, now: number): void {
    if (this.size === this.#times.length) this.#resize(Math.max(firstCapacity, this.size * 2))
    this.#write(this.#end++, address, now)
  }

  /**
   * When an address may be dialled, if it may be dialled `count` times within the window: 0 for now. Dials that
   * `settle` has not forgotten count.
   */
  freeAt(address: number, count: number): number {
    const mask = this.#times.length - 1
    if (this.size >= this.#maxCount) return this.#times[this.#start & mask]! + this.#windowMs
    let left = count
    for (let dial = this.#newest[address & mask] ?? 0; dial >= this.#start; dial = this.#earlier[dial & mask]!) {
      if (this.#addresses[dial & mask] === address && --left === 0) return this.#times[dial & mask]! + this.#windowMs
    }
    return 0
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
    this.#times = new Float64Array(capacity)
    this.#earlier = new Int32Array(capacity)
    this.#newest = new Int32Array(capacity)
    for (let dial = this.#start; dial < this.#end; dial++) this.#write(dial, addresses[dial & mask]!, times[dial & mask]!)
  }
}
