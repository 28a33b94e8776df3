/** When a wire speaks (N18): by the calls of its `extended`, and by the clock of a receiver behind a network that delays. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import utPex, { PexSwarm } from '../../src/index.ts'
import { closeWires, connect, newWire, type RealWire, Remote, settle, shakeHands } from './wires.ts'

let swarm: PexSwarm
beforeEach(() => {
  vi.useFakeTimers()
  swarm = new PexSwarm()
})
afterEach(async () => {
  await closeWires()
  swarm.close()
  expect(vi.getTimerCount(), 'timers left after the last wire has closed').toBe(0)
  vi.useRealTimers()
})

/** When ut_pex messages are handed to this wire. */
function callsOf(wire: RealWire): number[] {
  const times: number[] = []
  const send = wire.extended.bind(wire)
  wire.extended = (id, bytes) => {
    if (id !== 0) times.push(performance.now())
    send(id, bytes)
  }
  return times
}

const gapsOf = (times: readonly number[]): number[] => times.slice(1).map((at, index) => at - (times[index] as number))

/** So many minutes in which somebody comes or goes every half a minute. */
async function pass(minutes: number): Promise<void> {
  for (let half = 0; half < 2 * minutes; half++) {
    const address = `198.51.${half >> 8}.${half & 0xff}`
    const { ours } = await connect(utPex({ swarm }), { address, outgoing: true })
    await vi.advanceTimersByTimeAsync(29_990)
    if (half % 3 > 0) ours.destroy()
  }
}

/** A wire of ours to a remote that each chunk reaches so many milliseconds later, never before the one before it. */
async function delayed(delayMs: () => number): Promise<{ ours: RealWire; remote: Remote }> {
  const ours = newWire('tcpIncoming', { address: '203.0.113.1', port: 50_000 })
  const remote = new Remote()
  ours.use(utPex({ swarm }))
  remote.wire.pipe(ours)
  let lastAt = 0
  ours.on('data', ((chunk: Uint8Array) => {
    lastAt = Math.max(lastAt, performance.now() + delayMs())
    setTimeout(() => remote.wire.write(chunk), lastAt - performance.now())
  }) as never)
  shakeHands(remote.wire, ours)
  await vi.advanceTimersByTimeAsync(5_000)
  remote.wire.haveNone()
  await settle()
  return { ours, remote }
}

describe('in two hours of constant news a wire is handed', () => {
  it('a message every 65 s; the second one comes up to two seconds sooner, so that wires speak at times of their own', async () => {
    const wires = await Promise.all([1, 2, 3, 4].map((last) => connect(utPex({ swarm }), { address: `203.0.113.${last}`, outgoing: true })))
    const times = wires.map(({ ours }) => callsOf(ours))
    await pass(120)
    for (const gaps of times.map(gapsOf)) {
      expect(gaps.length).toBeGreaterThan(105)
      expect(gaps[0]).toBeGreaterThanOrEqual(62_999)
      expect(gaps[0]).toBeLessThanOrEqual(65_001)
      for (const gap of gaps.slice(1)) expect(Math.abs(gap - 65_000)).toBeLessThanOrEqual(1)
    }
    const phases = times.map((of) => Math.round((of.at(-1) as number) % 65_000))
    expect(new Set(phases).size).toBe(4)
  })

  it('none less than 62 s after the last one, though its remote shakes hands anew all the time', async () => {
    const { ours, remote } = await connect(utPex({ swarm }), { address: '203.0.113.1' })
    const times = callsOf(ours)
    const disturb = setInterval(() => {
      const turn = Math.floor(performance.now() / 7_000) % 4
      remote.sayHandshake([{}, { m: { ut_pex: 0 } }, { m: { ut_pex: 1 } }, { p: 7_000 + turn }][turn] as Record<string, unknown>)
    }, 7_000)
    await pass(60)
    clearInterval(disturb)
    expect(times.length).toBeGreaterThan(20)
    expect(Math.min(...gapsOf(times))).toBeGreaterThanOrEqual(62_000)
  })
})

describe('a receiver', () => {
  it('sees no two messages within a minute, though the network holds each back for up to two seconds', async () => {
    // As bad as can be: one message late, the next one at once.
    const { remote } = await delayed(() => (Math.round(performance.now() / 65_000) % 2) * 1_990)
    await pass(60)
    expect(remote.received.length).toBeGreaterThan(40)
    expect(Math.min(...remote.gaps())).toBeGreaterThanOrEqual(60_000)
    expect(Math.min(...remote.gaps())).toBeLessThan(64_000)
  })
})
