/** Whatever happens on the wires of a swarm, and whatever a host calls: the promises of `model-swarm.ts` and `model-drop-in.ts` hold. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import * as library from '../../src/index.ts'
import { checkDropIn } from './model-drop-in.ts'
import { checkSwarms } from './model-swarm.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

it('whatever happens on its wires, a swarm tells each remote who is there, in time, and nothing that is forbidden', async () => {
  expect(await checkSwarms(library, { runs: 60, seed: 1 })).toBeGreaterThan(300)
})

it('whatever its host calls, a wire that is fed by hand tells its remote what was added, in time, and nothing that is forbidden', async () => {
  expect(await checkDropIn(library, { runs: 60, seed: 1 })).toBeGreaterThan(100)
})
