/** When one connection may speak: its delay, its grid and its turns, to the millisecond. */
import { describe, expect, test } from 'vitest'
import { type Limits, limitsWith } from '../../src/core/limits.ts'
import { Outbox } from '../../src/core/outbox.ts'
import { Timeline } from '../../src/core/timeline.ts'

const limits = { firstSendDelayMs: 1_000, sendIntervalMs: 64_000, minSendGapMs: 60_500, backPressureMs: 10_000, retryMs: 500 }

/** An outbox that takes messages, with a phase of a half. */
class Scene {
  readonly timeline: Timeline
  readonly outbox: Outbox
  #count = 0

  constructor(changed: Partial<Limits> = {}) {
    const all = limitsWith({ ...limits, ...changed })
    this.timeline = new Timeline(all, () => [this.outbox], 1)
    const settings = { limits: all, timeline: this.timeline, nextPhase: () => 0.5 }
    this.outbox = new Outbox(settings, { sees: () => true, withholds: () => false })
  }

  /** Somebody comes, and the outbox is woken. */
  change(now: number): void {
    this.timeline.connect(20 * 2 ** 40 + ++this.#count, 0, 0)
    this.outbox.wake(now)
  }

  /** Takes the message at once when it is due. When that was. */
  speak(): number {
    const { dueAt } = this.outbox
    expect(this.outbox.turn(dueAt - 0.001)).toBeUndefined()
    expect(this.outbox.turn(dueAt)).toBe('open')
    expect(this.outbox.take(dueAt)).toBeDefined()
    return dueAt
  }
}

/** One that has just sent its first message, at 1,000. */
function speaking(changed: Partial<Limits> = {}): Scene {
  const scene = new Scene(changed)
  scene.outbox.ready(0)
  scene.outbox.open(0)
  scene.change(0)
  expect(scene.speak()).toBe(1_000)
  return scene
}

describe('a connection speaks', () => {
  test('a second after it could, if there was something to say then; else a second after there is', () => {
    const early = new Scene()
    early.outbox.ready(5_000)
    early.change(5_000)
    early.outbox.open(5_600)
    expect(early.speak()).toBe(6_000)
    const slow = new Scene()
    slow.outbox.ready(5_000)
    slow.change(5_000)
    slow.outbox.open(9_000)
    expect(slow.speak()).toBe(9_000)
    const late = new Scene()
    late.outbox.ready(5_000)
    late.outbox.open(5_000)
    expect(late.outbox.dueAt).toBe(Number.POSITIVE_INFINITY)
    late.change(8_000)
    expect(late.speak()).toBe(9_000)
  })

  test('first at a place of its grid by chance, which lies less than two seconds before its end, then once in an interval', () => {
    const scene = speaking()
    // Half of two seconds before 65,000.
    for (const slotAt of [64_000, 128_000, 192_000]) {
      scene.change(slotAt - 30_000)
      expect(scene.speak()).toBe(slotAt)
    }
  })

  test('no sooner than the least gap allows, and then at the next place of its grid', () => {
    const near = speaking({ sendIntervalMs: 61_000 })
    near.change(2_000)
    // Half of what the interval has more than the gap.
    expect(near.outbox.dueAt).toBe(1_000 + 61_000 - 250)
    const scene = speaking()
    scene.change(2_000)
    expect(scene.outbox.turn(64_000)).toBe('open')
    expect(scene.outbox.take(70_000)).toBeDefined()
    scene.change(70_000)
    expect(scene.outbox.dueAt).toBe(70_000 + 60_500)
  })

  test.each([
    [64_000, 64_000],
    [64_001, 128_000],
    [128_000, 128_000],
    [1_000_000, 1_024_000],
  ])('at a place of its grid, however long it slept: woken at %i it speaks at %i', (now, dueAt) => {
    const scene = speaking()
    scene.change(now)
    expect(scene.speak()).toBe(dueAt)
  })

  test('at once after a long sleep if its interval is nothing', () => {
    const scene = speaking({ sendIntervalMs: 0, minSendGapMs: 0 })
    scene.change(500_000.5)
    expect(scene.outbox.dueAt).toBeGreaterThanOrEqual(500_000.5)
    expect(scene.outbox.dueAt).toBeLessThan(500_002)
  })

  test('at the next place of its grid, if it was busy for the whole of its turn', () => {
    const scene = speaking()
    scene.change(2_000)
    let turn: string | undefined
    for (let now = 64_000; turn !== 'final'; now += 500) turn = scene.outbox.turn(now)
    expect(scene.outbox.turn(74_500)).toBeUndefined()
    expect(scene.speak()).toBe(128_000)
    const first = new Scene()
    first.outbox.ready(0)
    first.outbox.open(0)
    first.change(0)
    turn = undefined
    for (let now = 1_000; turn !== 'final'; now += 500) turn = first.outbox.turn(now)
    expect(first.outbox.turn(11_500)).toBeUndefined()
    expect(first.speak()).toBe(75_500)
  })

  test('not in another swarm, if nobody told it anything in the first and nobody does in the second', () => {
    for (const scene of [new Scene(), speaking()]) {
      const other = new Scene()
      if (scene.timeline.liveCount === 0) {
        scene.outbox.ready(0)
        scene.outbox.open(0)
      }
      const isTold = scene.timeline.liveCount > 0
      const all = limitsWith(limits)
      scene.outbox.join({ limits: all, timeline: other.timeline, nextPhase: () => 0 }, { sees: () => true, withholds: () => false })
      scene.outbox.open(2_000)
      expect(scene.outbox.dueAt).toBe(isTold ? 64_000 : Number.POSITIVE_INFINITY)
      expect(scene.outbox.owed?.length).toBe(isTold ? 1 : undefined)
    }
  })
})
