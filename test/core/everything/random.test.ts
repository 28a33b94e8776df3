import { describe, expect, test } from 'vitest'
import { Swarm } from '../../../src/core/index.ts'
import { explain, firstFaultBySeed, nothingSeen, randomCase } from './schedules.ts'

describe('2,000 schedules by chance, with everything that can happen to a swarm,', () => {
  const seen = nothingSeen()
  const seed = firstFaultBySeed(Swarm, { from: 1, count: 2_000 }, seen)

  test('tell everybody the truth, in time, and nothing else', () => {
    expect(seed && `seed ${seed}: ${explain(Swarm, randomCase(seed))}`).toBe(undefined)
  })

  test.each(Object.entries(seen))('meet enough to be worth something: %s, %i times', (_, count) => {
    expect(count).toBeGreaterThan(100)
  })
})
