import { describe, expect, test } from 'vitest'
import { Swarm } from '../../../src/core/index.ts'
import { explain, firstFaultBySeed, randomCase } from './schedules.ts'

describe('300,000 schedules of a whole swarm by chance tell everybody the truth:', () => {
  // In blocks, so that the test runner hears from them.
  test.each(Array.from({ length: 15 }, (_, block) => 1 + block * 20_000))('20,000 from seed %i', (from) => {
    const seed = firstFaultBySeed(Swarm, { from, count: 20_000 })
    expect(seed && `seed ${seed}: ${explain(Swarm, randomCase(seed))}`).toBe(undefined)
  })
})
