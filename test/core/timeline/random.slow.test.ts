import { describe, expect, test } from 'vitest'
import { Timeline } from '../../../src/core/timeline.ts'
import { explain, firstFaultBySeed, randomCase } from './schedules.ts'

const subject = { Timeline, beliefs: 'compared' } as const

describe('300,000 schedules by chance tell everybody the truth:', () => {
  // In blocks, so that the test runner hears from them.
  test.each(Array.from({ length: 15 }, (_, block) => 1 + block * 20_000))('20,000 from seed %i', (from) => {
    const seed = firstFaultBySeed(subject, { from, count: 20_000 })
    expect(seed && `seed ${seed}: ${explain(subject, randomCase(seed))}`).toBe(undefined)
  })
})
