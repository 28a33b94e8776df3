/** Numbers that follow from a seed: xorshift128, fast and good enough to choose with. */
export class Dice {
  #a: number
  #b: number
  #c: number
  #d: number

  constructor(seed: number) {
    this.#a = seed | 0
    this.#b = 0x9e3779b9 | 0
    this.#c = 0x243f6a88 | 0
    this.#d = 0xb7e15162 | 0
    for (let i = 0; i < 20; i++) this.roll()
  }

  /** 0–2³²−1 */
  roll(): number {
    let t = this.#d
    this.#d = this.#c
    this.#c = this.#b
    this.#b = this.#a
    t ^= t << 11
    t ^= t >>> 8
    this.#a = t ^ this.#a ^ (this.#a >>> 19)
    return this.#a >>> 0
  }

  /** An integer from 0 to below `end`. */
  below(end: number): number {
    return this.roll() % end
  }

  /** True once in so many times. */
  once(times: number): boolean {
    return this.roll() % times === 0
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)] as Item
  }
}
