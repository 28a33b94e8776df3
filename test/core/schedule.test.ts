/** Who is due next, compared with a slow twin, which sorts; and how often an item is looked at for it. */
import { describe, expect, test } from 'vitest'
import { Chance } from '../../src/core/chance.ts'
import { Schedule, type Scheduled } from '../../src/core/schedule.ts'

const never = Number.POSITIVE_INFINITY
let looks = 0

class Item implements Scheduled {
  time: number

  constructor(time: number) {
    this.time = time
  }

  get dueAt(): number {
    looks++
    return this.time
  }
}

/** Items in a schedule, due at these times. */
function scheduleOf(times: readonly number[]): { schedule: Schedule<Item>; items: Item[] } {
  const schedule = new Schedule<Item>()
  const items = times.map((time) => new Item(time))
  for (const item of items) schedule.update(item)
  looks = 0
  return { schedule, items }
}

const count = (length: number): number[] => Array.from({ length }, (_, index) => index)

describe('a schedule', () => {
  test('is of nobody at first, and of nobody who is never due', () => {
    const { schedule } = scheduleOf([never])
    expect([schedule.nextDueAt, schedule.due(never)]).toEqual([undefined, undefined])
  })

  test('is of nobody again when the only one is due no more', () => {
    const { schedule, items } = scheduleOf([5])
    items[0]!.time = never
    expect([schedule.nextDueAt, schedule.due(never)]).toEqual([undefined, undefined])
  })

  test('says who is due, at the very time and not before, and again until its time is another', () => {
    const { schedule, items } = scheduleOf([7, 5, 9])
    expect([schedule.nextDueAt, schedule.due(4.999), schedule.due(5), schedule.due(6)]).toEqual([5, undefined, items[1], items[1]])
    items[1]!.time = 8
    schedule.update(items[1]!)
    expect([schedule.due(6), schedule.nextDueAt, schedule.due(7)]).toEqual([undefined, 7, items[0]])
  })

  test.each(count(10))('is in the order of times, over random lives from seed %i', (seed) => {
    const chance = new Chance(seed)
    const next = (most: number): number => chance.uint32() % most
    const { schedule, items } = scheduleOf(Array.from({ length: 150 }, () => next(1_000)))
    let now = 0
    for (let step = 0; step < 3_000; step++) {
      const item = items[next(items.length)]!
      const what = next(10)
      if (what === 0) {
        if (item.time !== never) schedule.forget()
        item.time = never
      } else if (what < 6) {
        item.time = now + next(1_000)
        schedule.update(item)
      } else now += next(20)
      for (let due = schedule.due(now); due !== undefined; due = schedule.due(now)) {
        expect(due.time).toBe(Math.min(...items.map(({ time }) => time)))
        due.time = next(5) === 0 ? never : now + 1 + next(1_000)
        schedule.update(due)
      }
      const first = Math.min(...items.map(({ time }) => time))
      expect(schedule.nextDueAt).toBe(first === never ? undefined : first)
      expect(first).toBeGreaterThan(now)
    }
  })

  test('looks at none but the first, until one in sixteen is due no more; then those are forgotten', () => {
    const { schedule, items } = scheduleOf(count(160))
    const end = (item: Item): void => {
      item.time = never
      schedule.forget()
    }
    for (const item of items.slice(100, 109)) end(item)
    expect([schedule.nextDueAt, looks]).toEqual([0, 1])
    looks = 0
    end(items[109]!)
    expect(looks).toBe(160)
    // Of 150 it takes ten again.
    for (const item of items.slice(110, 119)) end(item)
    expect(looks).toBe(160)
    end(items[119]!)
    expect(looks).toBe(160 + 150)
  })

  test('has nothing of those that were forgotten to pass over', () => {
    const { schedule, items } = scheduleOf(count(160))
    for (const item of items.slice(0, 100)) {
      item.time = never
      schedule.forget()
    }
    looks = 0
    expect(schedule.nextDueAt).toBe(100)
    expect(looks).toBeLessThan(10)
  })

  test('has no more to pass over, however often a time changes', () => {
    const { schedule, items } = scheduleOf([0, 1_000_000])
    for (let time = 1; time <= 10_000; time++) {
      items[0]!.time = time
      schedule.update(items[0]!)
    }
    looks = 0
    expect(schedule.nextDueAt).toBe(10_000)
    expect(looks).toBeLessThan(80)
  })

  test('costs a few looks for each change, however many there are', () => {
    const { schedule, items } = scheduleOf(count(1_000))
    for (let round = 1; round <= 20; round++) {
      for (const [index, item] of items.entries()) {
        item.time = 1_000 * round + index
        schedule.update(item)
      }
      expect(schedule.nextDueAt).toBe(1_000 * round)
    }
    expect(looks).toBeLessThan(4 * 20_000)
  })
})
