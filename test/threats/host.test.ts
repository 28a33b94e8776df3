/** T1, T14, T18 and T22 where a host sees them: on real wires, with listeners that misbehave. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import utPex, { PexSwarm } from '../../src/index.ts'
import { bencoded, fromText } from '../codec/bytes.ts'
import { closeWires, connect, listen, manyPeers, pex, settle } from '../extension/wires.ts'

let swarm: PexSwarm
beforeEach(() => {
  vi.useFakeTimers()
  swarm = new PexSwarm({ listenPort: 6_999 })
})
afterEach(async () => {
  await closeWires()
  swarm.close()
  expect(vi.getTimerCount(), 'timers left after the last wire has closed').toBe(0)
  vi.useRealTimers()
})

const message = pex({ added: ['198.51.100.1:6881'] })

describe('T1 a flood', () => {
  it('ends the wire with the tenth message in excess, not with the ninth, and a drop-in warns', async () => {
    const [inSwarm, alone] = [await connect(utPex({ swarm }), { address: '203.0.113.1' }), await connect(utPex())]
    const codes: string[] = []
    swarm.on('violation', ({ code }) => codes.push(code))
    const warnings = listen(alone.ours.ut_pex)
    for (const { ours, remote } of [inSwarm, alone]) {
      for (let index = 0; index < 15; index++) remote.say(message)
      await settle()
      expect(ours.destroyed).toBe(false)
      remote.say(message)
      await settle()
      expect(ours.destroyed).toBe(true)
    }
    expect(codes).toEqual([...Array(10).fill('too-frequent'), 'flood'])
    expect(warnings.at(-1)).toEqual(['warning', 'Peer disconnected for sending PEX messages too frequently'])
  })

  it('does not end it where the host sets the limit to Infinity', async () => {
    const lenient = new PexSwarm({ limits: { floodMessages: Number.POSITIVE_INFINITY } })
    const { ours, remote } = await connect(utPex({ swarm: lenient }), { address: '203.0.113.1' })
    for (let index = 0; index < 500; index++) remote.say(message)
    await settle()
    expect(ours.destroyed).toBe(false)
    lenient.close()
  })
})

describe('T14 a private torrent', () => {
  it('has no `ut_pex` in `m`, sends no byte of it, and reads none', async () => {
    swarm.private = true
    const events: unknown[] = []
    for (const name of ['peer', 'dropped', 'candidates', 'violation'] as const)
      swarm.on(name, (...args: unknown[]) => events.push([name, args]))
    const [a, b] = [
      await connect(utPex({ swarm }), { address: '203.0.113.1', p: 6_881 }),
      await connect(utPex({ swarm }), { address: '203.0.113.2', p: 6_881 }),
    ]
    for (let minute = 0; minute < 5; minute++) {
      for (const { remote } of [a, b]) remote.wire.extended(1, message)
      await vi.advanceTimersByTimeAsync(60_000)
    }
    for (const { remote } of [a, b]) expect([remote.wire.peerExtendedHandshake.m, remote.received]).toEqual([{}, []])
    expect([events, swarm.next(9), swarm.known()]).toEqual([[], [], []])
  })
})

describe('T18 many wires', () => {
  it('share one timer, and no two calls of a wire’s extended() are less than 62 s apart', async () => {
    const before = vi.getTimerCount()
    const members = []
    for (const [index, peer] of manyPeers(20).entries()) {
      members.push(await connect(utPex({ swarm }), { address: peer.split(':')[0] as string, p: 6_881, outgoing: index % 2 === 0 }))
    }
    expect(vi.getTimerCount() - before).toBe(1)
    for (let turn = 0; turn < 12; turn++) {
      await connect(utPex({ swarm }), { address: `203.0.113.${turn}`, p: 6_881 })
      await vi.advanceTimersByTimeAsync(30_000 + 100 * turn)
      expect(vi.getTimerCount() - before).toBeLessThanOrEqual(1)
    }
    const gaps = members.flatMap(({ remote }) => remote.gaps())
    expect(gaps.length).toBeGreaterThan(60)
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(62_000)
  })
})

describe('T22 what runs in the host’s process', () => {
  it('gets no property from a key that a remote chose', async () => {
    const { remote } = await connect(utPex({ swarm }), { address: '203.0.113.1' })
    const evil = `d${bencoded('polluted')}i1ee`
    for (const key of ['__proto__', 'constructor']) {
      remote.say(fromText(`d${bencoded(key)}${evil}5:added${bencoded('\xc6\x33\x64\x01\x1a\xe1')}e`))
      remote.wire.extended(0, fromText(`d${bencoded(key)}${evil}1:md${bencoded(key)}i5e${bencoded('ut_pex')}i5eee`) as never)
    }
    await settle()
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
    expect((Object as unknown as { polluted?: unknown }).polluted).toBeUndefined()
    expect(swarm.known().map(({ peer }) => peer)).toEqual(['198.51.100.1:6881'])
  })

  it('may throw in each of its listeners: every contact is reported, the wire lives, and the errors are warnings', async () => {
    const { ours, remote } = await connect(utPex({ swarm }), { address: '203.0.113.1' })
    const heard: string[] = []
    const warnings: unknown[] = []
    const fail = (): void => {
      throw new Error('mine')
    }
    for (const name of ['peer', 'dropped', 'candidates', 'violation'] as const) swarm.on(name, fail)
    ours.ut_pex.on('peer', fail)
    swarm.on('peer', (peer) => heard.push(peer))
    swarm.on('warning', (error) => warnings.push(error))
    ours.ut_pex.on('warning', (error) => warnings.push(error))
    remote.say(pex({ added: manyPeers(20) }))
    remote.say(pex({ dropped: manyPeers(30) }))
    await settle()
    expect(heard).toEqual(manyPeers(20))
    expect(warnings.length).toBeGreaterThanOrEqual(20 + 20 + 20 + 1)
    expect(ours.destroyed).toBe(false)
    remote.say(pex({ added: manyPeers(1, '198.18') }))
    remote.say(pex({ added: manyPeers(1, '192.99') }))
    await settle()
    expect(heard).toHaveLength(21)
  })

  it.each(['the wire', 'the swarm'])('may close %s while it hears of a contact', async (which) => {
    const { ours, remote } = await connect(utPex({ swarm }), { address: '203.0.113.1' })
    const other = await connect(utPex({ swarm }), { address: '203.0.113.2' })
    const warnings: unknown[] = []
    swarm.on('warning', (error) => warnings.push(error))
    let count = 0
    swarm.on('peer', () => {
      if (count++ > 0) return
      if (which === 'the wire') ours.destroy()
      else swarm.close()
    })
    remote.say(pex({ added: manyPeers(20) }))
    await settle()
    expect(count).toBe(which === 'the wire' ? 20 : 1)
    other.remote.say(pex({ added: manyPeers(1, '192.99') }))
    await vi.advanceTimersByTimeAsync(120_000)
    expect(warnings).toEqual([])
    expect(count).toBe(which === 'the wire' ? 21 : 1)
  })

  it('may call the swarm back from every event', async () => {
    const { remote } = await connect(utPex({ swarm }), { address: '203.0.113.1' })
    const seen: string[] = []
    const warnings: unknown[] = []
    swarm.on('warning', (error) => warnings.push(error))
    swarm.on('peer', (peer) => {
      for (const candidate of swarm.next(1)) {
        seen.push(candidate)
        swarm.report(candidate, 'failed')
      }
      swarm.sourcesOf(peer)
      swarm.seeding = !swarm.seeding
    })
    swarm.on('violation', () => {
      swarm.private = 'unknown'
      swarm.private = false
    })
    remote.say(pex({ added: manyPeers(10), dropped: manyPeers(1, '192.99') }))
    await settle()
    expect([warnings, seen.length > 0]).toEqual([[], true])
  })
})
