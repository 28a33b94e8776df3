import { describe, expect, test } from 'vitest'
import { Swarm } from '../../../src/core/index.ts'
import { enumerations, explain, firstFaultOfAll } from './schedules.ts'

describe('every schedule of a whole swarm tells everybody the truth:', () => {
  test.each([
    { ...enumerations.nineSteps, count: 6 },
    { ...enumerations.sixSteps, count: 7 },
  ])('of $count steps out of $steps.length, $title', ({ count, ...enumeration }) => {
    const failing = firstFaultOfAll(Swarm, enumeration, count)
    expect(failing && explain(Swarm, failing)).toBe(undefined)
  })
})
