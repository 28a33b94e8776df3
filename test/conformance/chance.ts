/** Chance that can be replayed, and events in the order of their times: what simulations are made of. */

/** Numbers that follow from a seed alone (mulberry32). */
export class Chance {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0
  }

  /** 0 ≤ x < 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let bits = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    bits = (bits + Math.imul(bits ^ (bits >>> 7), bits | 61)) ^ bits
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number, 0 ≤ x < bound. */
  below(bound: number): number {
    return Math.floor(this.next() * bound)
  }

  /** A number between two bounds. */
  between(from: number, to: number): number {
    return from + this.next() * (to - from)
  }

  /** A time whose mean is given, any length, as between the calls at a telephone exchange. */
  around(mean: number): number {
    return -Math.log(1 - this.next()) * mean
  }

  isTrue(probability: number): boolean {
    return this.next() < probability
  }

  of<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)] as Item
  }
}

interface Event {
  readonly at: number
  /** Orders those of one moment. */
  readonly number: number
  readonly run: () => void
}

/** What is to happen, the next first: a binary heap. */
export class Agenda {
  readonly #heap: Event[] = []
  #count = 0

  get nextAt(): number {
    return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY
  }

  add(at: number, run: () => void): void {
    const event = { at, number: ++this.#count, run }
    let place = this.#heap.push(event) - 1
    while (place > 0) {
      const parent = (place - 1) >> 1
      if (!isBefore(event, this.#heap[parent]!)) break
      this.#heap[place] = this.#heap[parent]!
      place = parent
    }
    this.#heap[place] = event
  }

  /** Takes the next event out and runs it. */
  runNext(): void {
    const heap = this.#heap
    const first = heap[0]!
    const last = heap.pop()!
    if (heap.length > 0) {
      let place = 0
      for (;;) {
        let child = 2 * place + 1
        if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
        if (child >= heap.length || !isBefore(heap[child]!, last)) break
        heap[place] = heap[child]!
        place = child
      }
      heap[place] = last
    }
    first.run()
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at === b.at ? a.number < b.number : a.at < b.at
}
