/**
 * Who is due next, of many: a heap of times and items.
 *
 * An item whose time changes is put in once more, and what is in the heap under another time than its own is passed over
 * when it comes to the top: so nothing is ever searched for, and no item but the first is looked at. In a large swarm every
 * connection moves twice a minute, and what that costs is the memory that it touches: the times lie side by side
 * in an array of their own, and each node has four children.
 */

export interface Scheduled {
  /** When it is due, in milliseconds; Infinity for never. */
  readonly dueAt: number
}

const childCount = 4
/** Fewer than so many that have to be passed over are left alone. */
const leastStale = 64

export class Schedule<T extends Scheduled> {
  #items: T[] = []
  /** The `dueAt` of each item, as it was when it was put in. */
  #times: number[] = []
  /** Of those that were put in since it was last known, how many can be out of date; and how many were there then. */
  #putCount = 0
  #keptCount = 0
  #forgottenCount = 0

  /** When the first one is due; undefined when nobody ever is. */
  get nextDueAt(): number | undefined {
    this.#passOver()
    return this.#times[0]
  }

  /** The item has another `dueAt` than before. */
  update(item: T): void {
    const { dueAt } = item
    if (dueAt === Number.POSITIVE_INFINITY) return
    if (++this.#putCount > leastStale + 2 * this.#keptCount) this.#sweep()
    this.#rise(item, dueAt)
  }

  /** The first one if it is due, still in the heap: give it a later time and `update` it. */
  due(now: number): T | undefined {
    this.#passOver()
    const time = this.#times[0]
    return time !== undefined && time <= now ? this.#items[0] : undefined
  }

  /** An item is due no more, ever: its memory is given back before more than one in sixteen of those kept are such. */
  forget(): void {
    if (++this.#forgottenCount * 16 >= this.#items.length) this.#sweep()
  }

  /** Takes away from the top what is not due at that time any more. */
  #passOver(): void {
    const times = this.#times
    const items = this.#items
    while (items.length > 0 && items[0]!.dueAt !== times[0]) {
      const item = items.pop()!
      const time = times.pop()!
      if (items.length > 0) this.#sink(item, time)
    }
  }

  /** Forgets all that is out of date, so that there are never more of them than a multiple of the others. */
  #sweep(): void {
    const [items, times] = [this.#items, this.#times]
    this.#items = []
    this.#times = []
    for (let place = 0; place < items.length; place++) if (items[place]!.dueAt === times[place]) this.#rise(items[place]!, times[place]!)
    this.#putCount = this.#forgottenCount = 0
    this.#keptCount = this.#items.length
  }

  /** Puts an item in at the end: those that are due later make room. */
  #rise(item: T, time: number): void {
    const times = this.#times
    const items = this.#items
    let place = items.length
    items.push(item)
    times.push(time)
    while (place > 0) {
      const parent = (place - 1) >> 2
      if (times[parent]! <= time) break
      items[place] = items[parent]!
      times[place] = times[parent]!
      place = parent
    }
    items[place] = item
    times[place] = time
  }

  /** Puts an item in at the top, whose own is gone: those that are due sooner make room. */
  #sink(item: T, time: number): void {
    const times = this.#times
    const items = this.#items
    let place = 0
    for (;;) {
      const start = place * childCount + 1
      const end = Math.min(start + childCount, times.length)
      if (start >= end) break
      let first = start
      for (let child = start + 1; child < end; child++) if (times[child]! < times[first]!) first = child
      if (times[first]! >= time) break
      items[place] = items[first]!
      times[place] = times[first]!
      place = first
    }
    items[place] = item
    times[place] = time
  }
}
