/** Ours and the released ut_pex 5.0.2, which half of the JavaScript swarm runs, at the two ends of real wires. */

import releasedUtPex from 'ut_pex5'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import utPex, { PexSwarm, type UtPex } from '../../src/index.ts'
import { closeWires, connect, join, listen, newWire, type RealWire, settle, shakeHands } from './wires.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(async () => {
  await closeWires()
  vi.useRealTimers()
})

const yes = { prefersEncryption: true, isSender: false, supportsUtp: true, supportsUtHolepunch: false, isReachable: true }
const no = { prefersEncryption: false, isSender: true, supportsUtp: false, supportsUtHolepunch: true, isReachable: false }

/** A wire of ours joined to one with the released package; what each of them hears. */
async function pair(
  extension: unknown = utPex(),
): Promise<{ ours: RealWire; theirs: RealWire; heard: unknown[][]; theyHeard: unknown[][] }> {
  const [ours, theirs] = [newWire('tcpIncoming', { address: '203.0.113.99', port: 50_000 }), newWire()]
  ours.use(extension)
  theirs.use(releasedUtPex())
  join(ours, theirs)
  shakeHands(theirs, ours)
  await settle()
  return { ours, theirs, heard: listen(ours.ut_pex), theyHeard: listen(theirs.ut_pex as UtPex) }
}

describe('the drop-in and ut_pex 5.0.2', () => {
  it('understand each other in both directions: two messages each way, with the right peers, flags and drops', async () => {
    const { ours, theirs, heard, theyHeard } = await pair()
    for (const [wire, net] of [
      [ours, 1],
      [theirs, 2],
    ] as const) {
      wire.ut_pex.addPeer(`203.0.${net}.1:6881`, yes)
      wire.ut_pex.addPeer(`203.0.${net}.2:6881`, no)
      wire.ut_pex.addPeer6(`[2001:db8:${net}::1]:6881`, no)
      wire.ut_pex.start()
    }
    await vi.advanceTimersByTimeAsync(65_100)
    for (const [wire, net] of [
      [ours, 1],
      [theirs, 2],
    ] as const) {
      wire.ut_pex.addPeer(`203.0.${net}.3:6881`)
      wire.ut_pex.dropPeer(`203.0.${net}.1:6881`)
      wire.ut_pex.dropPeer6(`[2001:db8:${net}::1]:6881`)
    }
    await vi.advanceTimersByTimeAsync(65_100)
    const expected = (net: number): unknown[][] => [
      ['peer', `203.0.${net}.1:6881`, yes],
      ['peer', `203.0.${net}.2:6881`, no],
      ['peer', `[2001:db8:${net}::1]:6881`, no],
      ['peer', `203.0.${net}.3:6881`, { ...no, isSender: false, supportsUtHolepunch: false }],
      ['dropped', `203.0.${net}.1:6881`],
      ['dropped', `[2001:db8:${net}::1]:6881`],
    ]
    const inOrder = (events: unknown[][]): unknown[][] =>
      [...events].sort((a, b) => (String(a[0] === 'dropped') < String(b[0] === 'dropped') ? -1 : 1))
    expect(inOrder(theyHeard)).toEqual(expected(1))
    expect(inOrder(heard)).toEqual(expected(2))
    expect([ours.destroyed, theirs.destroyed]).toEqual([false, false])
  })

  it('stay connected for six hours of constant news, though ut_pex 5 hangs up on gaps below 60 s', async () => {
    const { ours, theirs, theyHeard } = await pair()
    const times: number[] = []
    theirs.on('extended', ((name: string) => name === 'ut_pex' && times.push(Date.now())) as never)
    theirs.ut_pex.start()
    ours.ut_pex.start()
    for (let i = 0; i < 6 * 60; i++) {
      ours.ut_pex.addPeer(`203.0.${i >> 8}.${i & 255}:6881`)
      if (i % 7 === 0) ours.ut_pex.start()
      if (i % 31 === 0) ours.ut_pex.stop()
      await vi.advanceTimersByTimeAsync(60_000)
    }
    expect([ours.destroyed, theirs.destroyed]).toEqual([false, false])
    expect(times.length).toBeGreaterThan(250)
    expect(Math.min(...times.slice(1).map((at, index) => at - times[index]!))).toBeGreaterThanOrEqual(62_000)
    expect(theyHeard.filter(([name]) => name === 'peer').length).toBeGreaterThan(300)
    expect(theyHeard.filter(([name]) => name === 'warning')).toEqual([])
  })

  it('part, if one is flooded: the released one hangs up on a second message at once', async () => {
    const { ours, theirs, theyHeard } = await pair()
    ours.extended('ut_pex', new TextEncoder().encode('de'))
    ours.extended('ut_pex', new TextEncoder().encode('de'))
    await settle()
    expect(theirs.destroyed).toBe(true)
    expect(theyHeard).toContainEqual(['warning', 'Peer disconnected for sending PEX messages too frequently'])
  })
})

describe('a swarm and ut_pex 5.0.2', () => {
  it('tells it of the others, and hears from it, through hours of churn', async () => {
    const swarm = new PexSwarm({ listenPort: 6881 })
    const known: string[] = []
    swarm.on('peer', (peer) => known.push(peer))
    const { ours, theirs, theyHeard } = await pair(utPex({ swarm }))
    theirs.ut_pex.addPeer('203.0.2.1:6881')
    theirs.ut_pex.start()
    const remotes: RealWire[] = []
    for (let i = 1; i <= 60; i++) {
      const { ours: other } = await connect(utPex({ swarm }), { address: `203.0.5.${i}`, p: 7_000 + i })
      remotes.push(other)
      if (i > 10) remotes[i - 11]!.destroy()
      await vi.advanceTimersByTimeAsync(41_000)
    }
    await vi.advanceTimersByTimeAsync(130_000)
    expect([ours.destroyed, theirs.destroyed]).toEqual([false, false])
    expect(known).toEqual(['203.0.2.1:6881'])
    const view = new Set<string>()
    for (const [name, peer] of theyHeard) {
      if (name === 'peer') view.add(String(peer))
      else view.delete(String(peer))
    }
    const live = Array.from({ length: 10 }, (_, index) => `203.0.5.${51 + index}:${7_051 + index}`)
    expect([...view].sort()).toEqual(live.sort())
    swarm.close()
  })
})
