import { describe, expect, test } from 'vitest'
import { Timeline } from '../../../src/core/timeline.ts'
import { enumerations, explain, firstFaultOfAll } from './schedules.ts'

const subject = { Timeline, beliefs: 'compared' } as const

describe('every schedule of four steps out of nine tells everybody the truth:', () => {
  test.each(enumerations)('$title', (enumeration) => {
    const failing = firstFaultOfAll(subject, enumeration, 4)
    expect(failing && explain(subject, failing)).toBe(undefined)
  })
})
