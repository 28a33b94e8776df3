import { describe, expect, test } from 'vitest'
import { Swarm } from '../../../src/core/index.ts'
import { enumerations, explain, firstFaultOfAll } from './schedules.ts'

describe('every short schedule of a whole swarm tells everybody the truth:', () => {
  test.each([
    { ...enumerations.nineSteps, count: 3 },
    { ...enumerations.sixSteps, count: 3 },
  ])('$count steps, $title', ({ count, ...enumeration }) => {
    const failing = firstFaultOfAll(Swarm, enumeration, count)
    expect(failing && explain(Swarm, failing)).toBe(undefined)
  })
})
