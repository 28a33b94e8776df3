import { describe, expect, test } from 'vitest'
import { Timeline } from '../../../src/core/timeline.ts'
import { explain, firstFaultBySeed, nothingSeen, randomCase } from './schedules.ts'

const subject = { Timeline, beliefs: 'compared' } as const

describe('5,000 schedules by chance', () => {
  const seen = nothingSeen()

  // In blocks, each of which can be run alone.
  test.each(Array.from({ length: 25 }, (_, block) => 1 + block * 200))(
    'tell everybody the truth, in time, and nothing else: 200 from seed %i',
    (from) => {
      const seed = firstFaultBySeed(subject, { from, count: 200 }, seen)
      expect(seed && `seed ${seed}: ${explain(subject, randomCase(seed))}`).toBe(undefined)
    },
  )

  test.each(Object.keys(seen) as (keyof typeof seen)[])('meet enough to be worth something: %s', (what) => {
    expect(seen[what]).toBeGreaterThan(500)
  })
})
