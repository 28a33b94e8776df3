/** Two real wires back to back, with mocked time: what a remote sees of us. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import utPex, { PexSwarm } from '../../src/index.ts'
import { type Connected, closeWires, connect, peersOf } from './wires.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(async () => {
  await closeWires()
  vi.useRealTimers()
})

/** A wire of ours in a swarm, and its remote at that address. */
const enter = (swarm: PexSwarm, address: string, p?: number): Promise<Connected> =>
  connect(utPex({ swarm }), p === undefined ? { address } : { address, p })

describe('a swarm on real wires', () => {
  it('tells each peer of the others one second after its handshake, and nobody of itself', async () => {
    const swarm = new PexSwarm({ listenPort: 6881 })
    const a = await enter(swarm, '203.0.113.1', 7001)
    const b = await enter(swarm, '203.0.113.2', 7002)
    await vi.advanceTimersByTimeAsync(1_100)
    expect(peersOf(a.remote.received[0]!.message.added)).toEqual(['203.0.113.2:7002'])
    expect(peersOf(b.remote.received[0]!.message.added)).toEqual(['203.0.113.1:7001'])
    expect(a.remote.received.length + b.remote.received.length).toBe(2)
    swarm.close()
  })

  it('gives the listen port in its handshake, also when it becomes known later', async () => {
    const swarm = new PexSwarm()
    const { remote } = await enter(swarm, '203.0.113.1')
    expect(remote.wire.peerExtendedHandshake.p).toBeUndefined()
    swarm.listenPort = 6999
    await vi.advanceTimersByTimeAsync(1)
    expect(remote.wire.peerExtendedHandshake).toMatchObject({ p: 6999, m: { ut_pex: 1 } })
    swarm.close()
  })

  it('keeps messages to one peer 62 s apart or more, and sends none when nothing has changed', async () => {
    const swarm = new PexSwarm()
    const { remote } = await enter(swarm, '203.0.113.1', 7001)
    for (let i = 2; i < 40; i++) {
      await enter(swarm, `203.0.113.${i}`, 7000)
      await vi.advanceTimersByTimeAsync(10_000)
    }
    const times = remote.received.map(({ at }) => at)
    const gaps = times.slice(1).map((at, i) => at - times[i]!)
    expect(gaps.length).toBeGreaterThanOrEqual(5)
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(62_000)
    expect(Math.max(...gaps)).toBeLessThanOrEqual(65_100)
    const count = remote.received.length
    await vi.advanceTimersByTimeAsync(70_000)
    expect(remote.received.length).toBe(count + 1)
    await vi.advanceTimersByTimeAsync(600_000)
    expect(remote.received.length).toBe(count + 1)
    swarm.close()
  })
})
