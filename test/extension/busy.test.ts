/** Wires that have more to send than their connection takes: PEX waits its turn, but not for ever, and nothing is lost. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import utPex, { PexSwarm } from '../../src/index.ts'
import { closeWires, connect, newWire, type RealWire, Remote, settle, shakeHands } from './wires.ts'

let swarm: PexSwarm
beforeEach(() => {
  vi.useFakeTimers()
  // Equal, so that its turns come when those of a wire that is fed by hand come.
  swarm = new PexSwarm({ limits: { sendIntervalMs: 65_000, minSendGapMs: 65_000 } })
})
afterEach(async () => {
  await closeWires()
  swarm.close()
  expect(vi.getTimerCount(), 'timers left after the last wire has closed').toBe(0)
  vi.useRealTimers()
})

const block = new Uint8Array(16_384)
const isBusy = (wire: RealWire): boolean =>
  (wire.constructor as unknown as { isBackpressured(wire: RealWire): boolean }).isBackpressured(wire)

interface Slow {
  readonly ours: RealWire
  readonly remote: Remote
  /** When we sent each of our messages. */
  readonly sentAt: number[]
  /** How the next contact is made known to it. */
  news(): Promise<void>
  /** So many bytes of what waits go to the remote, whole chunks. */
  flow(byteLength: number): Promise<void>
}

/** A wire whose other end reads only when it is told to. It has been told of one contact. */
async function slowWire(kind: 'in a swarm' | 'fed by hand'): Promise<Slow> {
  const ours = newWire('tcpIncoming', { address: '203.0.113.99', port: 50_000 })
  const remote = new Remote()
  ours.use(utPex(kind === 'in a swarm' ? { swarm } : {}))
  remote.wire.pipe(ours)
  const flow = async (byteLength: number): Promise<void> => {
    const read = (ours as unknown as { read(): Uint8Array | null }).read.bind(ours)
    for (let left = byteLength; left > 0; ) {
      const chunk = read()
      if (chunk === null) break
      left -= chunk.length
      remote.wire.write(chunk)
    }
    await settle()
  }
  shakeHands(remote.wire, ours)
  for (let i = 0; i < 3; i++) await flow(100_000)
  remote.wire.haveNone()
  await settle()
  const sentAt: number[] = []
  const send = ours.extended.bind(ours)
  vi.spyOn(ours, 'extended').mockImplementation((id, bytes) => {
    sentAt.push(performance.now())
    send(id, bytes)
  })
  let count = 0
  const news = async (): Promise<void> => {
    const address = `203.0.113.${++count}`
    if (kind === 'in a swarm') await connect(utPex({ swarm }), { address, outgoing: true })
    else ours.ut_pex.addPeer(`${address}:6881`)
  }
  if (kind === 'fed by hand') ours.ut_pex.start()
  await news()
  await vi.advanceTimersByTimeAsync(2_000)
  await flow(100_000)
  expect(remote.received.length).toBe(1)
  return { ours, remote, sentAt, news, flow }
}

/** Waits until shortly before its next turn, with something to tell. When that turn is. */
async function untilTurn({ sentAt, news }: Slow): Promise<number> {
  await news()
  const turnAt = sentAt[0]! + 65_000
  await vi.advanceTimersByTimeAsync(turnAt - 50 - performance.now())
  return turnAt
}

describe.each(['in a swarm', 'fed by hand'] as const)('a busy wire %s', (kind) => {
  it('that uploads block after block gets its message about ten seconds after its turn has come', async () => {
    const slow = await slowWire(kind)
    const { ours, remote, sentAt } = slow
    const turnAt = await untilTurn(slow)
    ours.piece(0, 0, block)
    while (remote.received.length === 1 && performance.now() < turnAt + 60_000) {
      ours.piece(0, 0, block)
      await slow.flow(16_384)
      expect(isBusy(ours)).toBe(true)
      await vi.advanceTimersByTimeAsync(99)
    }
    expect(sentAt[1]! - turnAt).toBeGreaterThanOrEqual(10_000)
    expect(sentAt[1]! - turnAt).toBeLessThanOrEqual(10_500)
    expect(remote.holds()).toEqual(['203.0.113.1:6881', '203.0.113.2:6881'])
  })

  it('gets it at once when the wire is free again', async () => {
    const slow = await slowWire(kind)
    const { ours, sentAt } = slow
    const turnAt = await untilTurn(slow)
    for (let i = 0; i < 4; i++) ours.piece(0, 0, block)
    await vi.advanceTimersByTimeAsync(4_000)
    expect(sentAt.length).toBe(1)
    await slow.flow(1_000_000)
    await vi.advanceTimersByTimeAsync(500)
    expect(sentAt[1]! - turnAt).toBeLessThan(4_500)
  })

  it('with 256 KiB and more in front of it waits for its next interval, and then tells everything', async () => {
    const slow = await slowWire(kind)
    const { ours, remote, sentAt } = slow
    const turnAt = await untilTurn(slow)
    for (let i = 0; i < 16; i++) ours.piece(0, 0, block)
    await vi.advanceTimersByTimeAsync(40_000)
    await slow.flow(1_000_000)
    await vi.advanceTimersByTimeAsync(turnAt + 65_000 - 10 - performance.now())
    expect(sentAt.length).toBe(1)
    await vi.advanceTimersByTimeAsync(20)
    expect(sentAt.length).toBe(2)
    await slow.flow(1_000_000)
    expect(remote.holds()).toEqual(['203.0.113.1:6881', '203.0.113.2:6881'])
  })

  it('with a little less than that is sent its message, behind what waits', async () => {
    const slow = await slowWire(kind)
    await untilTurn(slow)
    for (let i = 0; i < 15; i++) slow.ours.piece(0, 0, block)
    await vi.advanceTimersByTimeAsync(10_600)
    expect(slow.sentAt.length).toBe(2)
  })

  it('may close while its message waits', async () => {
    const slow = await slowWire(kind)
    await untilTurn(slow)
    for (let i = 0; i < 4; i++) slow.ours.piece(0, 0, block)
    await vi.advanceTimersByTimeAsync(3_000)
    await closeWires()
    expect(vi.getTimerCount()).toBe(0)
  })
})
