/**
 * Who is due next, of many: a heap in which every item knows its own place, so that an item whose time
 * changes moves instead of being searched for.
 *
 * Each node has four children, and the times lie side by side in an array of their own: a large swarm moves every
 * connection twice a minute, and what that costs is the memory that it touches. Measured: a quarter
 * of the time of a binary heap that reads the time from each of 10,000 connections.
 */

export interface Scheduled {
  /** When it is due, in milliseconds; Infinity for never. */
  dueAt: number
  /** Its place in the heap; −1 while it is not in one. The schedule's own. */
  place: number
}

const childCount = 4

export class Schedule<T extends Scheduled> {
  readonly #items: T[] = []
  /** The `dueAt` of each item, as it was at its last update. */
  readonly #times: number[] = []

  /** When the first one is due; undefined when nobody ever is. */
  get nextDueAt(): number | undefined {
    return this.#times[0]
  }

  /** Brings the item to where its `dueAt` belongs; Infinity takes it out. */
  update(item: T): void {
    if (item.dueAt === Number.POSITIVE_INFINITY) {
      this.remove(item)
      return
    }
    if (item.place < 0) {
      item.place = this.#items.length
      this.#items.push(item)
      this.#times.push(item.dueAt)
    }
    this.#settle(item, item.place, item.dueAt)
  }

  remove(item: T): void {
    const { place } = item
    if (place < 0) return
    item.place = -1
    const last = this.#items.pop() as T
    const time = this.#times.pop() as number
    if (last !== item) this.#settle(last, place, time)
  }

  /** The first one if it is due, still in the heap: give it a later time and `update` it. */
  due(now: number): T | undefined {
    const time = this.#times[0]
    return time !== undefined && time <= now ? this.#items[0] : undefined
  }

  /** Puts an item where it belongs, beginning with a free place: those in its way move into it, and leave another free. */
  #settle(item: T, free: number, time: number): void {
    const times = this.#times
    let place = free
    while (place > 0) {
      const parent = (place - 1) >> 2
      if (times[parent]! <= time) break
      this.#put(this.#items[parent]!, place, times[parent]!)
      place = parent
    }
    for (let child = this.#firstChild(place); child >= 0 && times[child]! < time; child = this.#firstChild(place)) {
      this.#put(this.#items[child]!, place, times[child]!)
      place = child
    }
    this.#put(item, place, time)
  }

  /** The place of the child that is due first; −1 if there is none. */
  #firstChild(place: number): number {
    const times = this.#times
    const start = place * childCount + 1
    const end = Math.min(start + childCount, times.length)
    if (start >= end) return -1
    let first = start
    for (let child = start + 1; child < end; child++) if (times[child]! < times[first]!) first = child
    return first
  }

  #put(item: T, place: number, time: number): void {
    this.#items[place] = item
    this.#times[place] = time
    item.place = place
  }
}
