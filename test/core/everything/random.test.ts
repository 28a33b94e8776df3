import { describe, expect, test } from 'vitest'
import { Swarm } from '../../../src/core/index.ts'
import { explain, firstFaultBySeed, nothingSeen, randomCase } from './schedules.ts'

describe('2,000 schedules by chance, with everything that can happen to a swarm,', () => {
  const seen = nothingSeen()

  // In blocks, each of which can be run alone.
  test.each(Array.from({ length: 20 }, (_, block) => 1 + block * 100))(
    'tell everybody the truth, in time, and nothing else: 100 from seed %i',
    (from) => {
      const seed = firstFaultBySeed(Swarm, { from, count: 100 }, seen)
      expect(seed && `seed ${seed}: ${explain(Swarm, randomCase(seed))}`).toBe(undefined)
    },
  )

  test.each(Object.keys(seen) as (keyof typeof seen)[])('meet enough to be worth something: %s', (what) => {
    expect(seen[what]).toBeGreaterThan(100)
  })
})
