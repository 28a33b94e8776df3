import { describe, expect, test } from 'vitest'
import { Timeline } from '../../../src/core/timeline.ts'
import { explain, firstFaultBySeed, nothingSeen, randomCase } from './schedules.ts'

const subject = { Timeline, beliefs: 'compared' } as const

describe('5,000 schedules by chance', () => {
  const seen = nothingSeen()
  const seed = firstFaultBySeed(subject, { from: 1, count: 5_000 }, seen)

  test('tell everybody the truth, in time, and nothing else', () => {
    expect(seed && `seed ${seed}: ${explain(subject, randomCase(seed))}`).toBe(undefined)
  })

  test.each(Object.entries(seen))('meet enough to be worth something: %s, %i times', (_, count) => {
    expect(count).toBeGreaterThan(500)
  })
})
