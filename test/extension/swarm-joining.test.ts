/** Wires that come to a swarm in unusual ways, go from one to another, or throw. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import utPex, { PexSwarm } from '../../src/index.ts'
import {
  type Connected,
  type ConnectOptions,
  closeWires,
  connect,
  join,
  listen,
  newWire,
  peersOf,
  pex,
  Remote,
  settle,
  shakeHands,
} from './wires.ts'

let swarm: PexSwarm
beforeEach(() => {
  vi.useFakeTimers()
  swarm = new PexSwarm({ listenPort: 6_999 })
})
afterEach(async () => {
  await closeWires()
  expect(vi.getTimerCount(), 'timers left after the last wire has closed').toBe(0)
  swarm.close()
  vi.useRealTimers()
})

const enter = (address: string, options: ConnectOptions = {}): Promise<Connected> =>
  connect(utPex({ swarm }), { address, p: 6_881, ...options })
const aTurn = (): Promise<unknown> => vi.advanceTimersByTimeAsync(66_000)
const isGap = (gap: number): boolean => gap >= 62_000

describe('a wire that was fed by hand', () => {
  it('joins the swarm by a second use(): what it was told is dropped or found live, no sooner than 62 s after its last message', async () => {
    await enter('203.0.113.2')
    await enter('203.0.113.3')
    const { ours, remote } = await connect(utPex(), { address: '203.0.113.1', p: 6_881 })
    ours.ut_pex.addPeer('203.0.113.2:6881')
    ours.ut_pex.addPeer('198.51.1.1:6881')
    ours.ut_pex.start()
    await vi.advanceTimersByTimeAsync(2_000)
    const first = ours.ut_pex
    ours.use(utPex({ swarm }))
    expect(ours.ut_pex).toBe(first)
    await vi.advanceTimersByTimeAsync(120_000)
    expect(remote.received.length).toBe(2)
    expect(peersOf(remote.received[1]!.message.dropped)).toEqual(['198.51.1.1:6881'])
    expect(peersOf(remote.received[1]!.message.added)).toEqual(['203.0.113.3:6881'])
    expect(remote.gaps().every(isGap)).toBe(true)
    ours.ut_pex.addPeer('198.51.1.2:6881')
    ours.ut_pex.dropPeer('203.0.113.2:6881')
    ours.ut_pex.start()
    await aTurn()
    expect(remote.received.length).toBe(2)
  })

  it('brings what its remote has told: known, a candidate, and no news to the listeners of the wire', async () => {
    const { ours, remote } = await connect(utPex(), { address: '203.0.113.1', p: 6_881 })
    const events = listen(ours.ut_pex)
    const news: unknown[] = []
    swarm.on('peer', (...args) => news.push(args))
    remote.say(pex({ added: ['198.51.1.1:6881'], flags: [0x10] }))
    await settle()
    ours.use(utPex({ swarm }))
    await settle()
    expect(events.length).toBe(1)
    expect(news).toEqual([['198.51.1.1:6881', expect.objectContaining({ isReachable: true }), '203.0.113.1:6881']])
    expect(swarm.next(5)).toEqual(['198.51.1.1:6881'])
    remote.say(pex({ dropped: ['198.51.1.1:6881'] }))
    await settle()
    expect(events.slice(1)).toEqual([['dropped', '198.51.1.1:6881']])
    expect(swarm.known()).toEqual([])
  })

  it('does not bring what its remote may not tell a swarm: addresses out of its scope, and what accept() refuses', async () => {
    swarm.close()
    swarm = new PexSwarm({ accept: (address) => address !== '198.51.1.2' })
    const { ours, remote } = await connect(utPex(), { p: 6_881 })
    const events = listen(ours.ut_pex)
    remote.say(pex({ added: ['198.51.1.1:6881', '198.51.1.2:6881', '10.0.0.1:6881', '127.0.0.1:6881'] }))
    await settle()
    expect(events.length).toBe(4)
    ours.use(utPex({ swarm, address: '203.0.113.1' }))
    await settle()
    expect(swarm.known().map(({ peer }) => peer)).toEqual(['198.51.1.1:6881'])
    expect(swarm.stats()).toMatchObject({ known: 1, claims: 1, candidates: 1 })
    expect(swarm.next(9)).toEqual(['198.51.1.1:6881'])
  })

  it('owes no drop of what it was told once its remote has switched ut_pex off', async () => {
    await enter('203.0.113.2')
    const { ours, remote } = await connect(utPex(), { address: '203.0.113.1', pieces: 'silent' })
    ours.ut_pex.addPeer('198.51.1.1:6881')
    ours.ut_pex.start()
    await vi.advanceTimersByTimeAsync(2_000)
    expect(remote.received.length).toBe(1)
    ours.use(utPex({ swarm }))
    remote.sayHandshake({ m: { ut_pex: 0 } })
    await settle()
    remote.sayHandshake({ m: { ut_pex: 1 } })
    await aTurn()
    expect(remote.received.length).toBe(2)
    expect(peersOf(remote.received[1]!.message.dropped)).toEqual([])
    expect(peersOf(remote.received[1]!.message.added)).toEqual(['203.0.113.2:6881'])
  })

  it('keeps its token bucket: six messages at once, whatever it joins', async () => {
    const { ours, remote } = await connect(utPex(), { address: '203.0.113.1' })
    for (let i = 0; i < 6; i++) remote.say(pex({ added: [`198.51.1.${i}:6881`] }))
    await settle()
    ours.use(utPex({ swarm }))
    remote.say(pex({ added: ['198.51.1.9:6881'] }))
    await settle()
    expect(swarm.stats().violations).toEqual({ 'too-frequent': 1 })
  })

  it('may join before its handshakes, and stays stopped if the host has stopped it', async () => {
    await enter('203.0.113.2')
    const ours = newWire('tcpIncoming', { address: '203.0.113.1', port: 50_000 })
    const remote = new Remote()
    ours.use(utPex())
    ours.ut_pex.addPeer('198.51.1.1:6881')
    ours.ut_pex.stop()
    ours.use(utPex({ swarm }))
    join(ours, remote.wire)
    shakeHands(remote.wire, ours)
    await vi.advanceTimersByTimeAsync(120_000)
    expect(remote.received).toEqual([])
    ours.ut_pex.start()
    await aTurn()
    expect(remote.holds()).toEqual(['203.0.113.2:6881'])
    ours.ut_pex.stop()
    await enter('203.0.113.3')
    await vi.advanceTimersByTimeAsync(200_000)
    expect(remote.received.length).toBe(1)
  })

  it('may be called back while it joins', async () => {
    const { ours, remote } = await connect(utPex(), { address: '203.0.113.1', p: 6_881 })
    remote.say(pex({ added: ['198.51.1.1:6881', '198.51.2.1:6881'] }))
    await settle()
    swarm.on('peer', () => {
      ours.ut_pex.addPeer('203.0.113.77:6881')
      ours.ut_pex.start()
    })
    ours.use(utPex({ swarm }))
    await enter('203.0.113.2')
    await vi.advanceTimersByTimeAsync(120_000)
    expect(remote.holds()).toEqual(['203.0.113.2:6881'])
    expect(remote.gaps().every(isGap)).toBe(true)
  })
})

describe('a wire of a swarm', () => {
  it('stays in it when a second use() names another, and is there once', async () => {
    const other = new PexSwarm()
    const { ours } = await enter('203.0.113.1')
    ours.use(utPex({ swarm: other }))
    ours.use(utPex({ swarm }))
    ours.use(utPex())
    await settle()
    expect([swarm.stats().connections, other.stats().connections]).toEqual([1, 0])
    other.close()
  })

  it('can go to another swarm when its own is closed: its clock goes on, and what it was told is dropped', async () => {
    await enter('203.0.113.2')
    const { ours, remote } = await enter('203.0.113.1')
    await vi.advanceTimersByTimeAsync(2_000)
    expect(remote.holds()).toEqual(['203.0.113.2:6881'])
    swarm.close()
    const listeners = ['close', 'finish', 'end', 'extended', 'have', 'bitfield'].map((event) => ours.listenerCount(event))
    swarm = new PexSwarm()
    await enter('203.0.113.3')
    ours.use(utPex({ swarm }))
    expect(['close', 'finish', 'end', 'extended', 'have', 'bitfield'].map((event) => ours.listenerCount(event) > 0)).not.toContain(false)
    await aTurn()
    expect(remote.holds()).toEqual(['203.0.113.3:6881'])
    expect(remote.gaps().every(isGap)).toBe(true)
    swarm.close()
    expect(['close', 'finish', 'end', 'extended', 'have', 'bitfield'].map((event) => ours.listenerCount(event))).toEqual(listeners)
  })

  it('gets nothing of a closed swarm, and gives nothing to it', async () => {
    swarm.close()
    const { ours, remote } = await enter('203.0.113.1')
    ours.use(utPex({ swarm }))
    remote.say(pex({ added: ['198.51.1.1:6881'] }))
    await aTurn()
    expect(remote.wire.peerExtendedHandshake.p).toBeUndefined()
    expect([swarm.stats().connections, swarm.known(), remote.received.length]).toEqual([0, [], 0])
  })

  it('that was attached after its handshakes is a full member: its facts are read, its remote learns the id and `p`', async () => {
    const { remote: other } = await enter('127.0.0.1')
    const ours = newWire('tcpIncoming', { address: '203.0.113.1', port: 50_000 })
    const remote = new Remote({ p: 7_000, e: 1 })
    join(ours, remote.wire)
    shakeHands(remote.wire, ours)
    await settle()
    remote.wire.haveAll()
    await settle()
    expect(remote.wire.peerExtendedMapping.ut_pex).toBeUndefined()
    ours.use(utPex({ swarm }))
    await settle()
    expect(remote.wire.peerExtendedMapping.ut_pex).toBe(1)
    expect(remote.wire.peerExtendedHandshake.p).toBe(6_999)
    await aTurn()
    expect(other.flags()).toEqual({ '203.0.113.1:7000': 0x03 })
    remote.say(pex({ added: ['198.51.1.1:6881'] }))
    await settle()
    expect(swarm.known().map(({ sources }) => sources)).toEqual([['203.0.113.1:7000']])
    await enter('203.0.113.2')
    await aTurn()
    expect(remote.holds()).toEqual(['203.0.113.2:6881'])
  })

  it('that is used by two extensions of ours is not asked twice about its handshake, and other extensions stay in `m`', async () => {
    const ours = newWire('tcpIncoming', { address: '203.0.113.1', port: 50_000 })
    const remote = new Remote()
    function Other(): void {}
    Other.prototype.name = 'ut_other'
    ours.use(Other)
    ours.use(utPex({ swarm }))
    join(ours, remote.wire)
    shakeHands(remote.wire, ours)
    await settle()
    swarm.listenPort = 7_777
    await settle()
    expect(remote.wire.peerExtendedHandshake).toMatchObject({ p: 7_777, m: { ut_other: 1, ut_pex: 2 } })
  })

  it('whose own way to send the handshake somebody else replaces, too, is given back as it was', async () => {
    const { ours, remote } = await enter('203.0.113.1')
    const wrapped = ours._sendExtendedHandshake
    const calls: string[] = []
    ours._sendExtendedHandshake = () => {
      calls.push('other')
      wrapped.call(ours)
    }
    swarm.close()
    let count = 0
    remote.wire.on('extended', () => count++)
    ours._sendExtendedHandshake()
    await settle()
    expect(calls).toEqual(['other'])
    expect(count).toBe(1)
  })

  it('that cannot send its handshake again is a warning, not an exception in `listenPort`', async () => {
    const [broken, sound] = [await enter('203.0.113.1'), await enter('203.0.113.2')]
    const warnings: unknown[] = []
    swarm.on('warning', (error) => warnings.push((error as Error).message))
    broken.ours.extended = () => {
      throw new Error('no')
    }
    swarm.listenPort = 7_777
    await settle()
    expect(sound.remote.wire.peerExtendedHandshake.p).toBe(7_777)
    swarm.private = true
    await settle()
    expect(sound.remote.wire.peerExtendedMapping.ut_pex).toBe(0)
    expect(warnings).toEqual(['no', 'no'])
  })

  it('that throws when it is to send is a warning, and the others are told', async () => {
    const [broken, sound] = [await enter('203.0.113.1'), await enter('203.0.113.2')]
    const warnings: unknown[] = []
    swarm.on('warning', (error) => warnings.push((error as Error).message))
    broken.ours.extended = () => {
      throw new Error('no')
    }
    await aTurn()
    expect(warnings).toEqual(['no'])
    expect(sound.remote.holds()).toEqual(['203.0.113.1:6881'])
  })

  it('that floods is destroyed, with a violation; one that throws as it is destroyed hurts nobody', async () => {
    const [a, b] = [await enter('203.0.113.1'), await enter('203.0.113.2')]
    const violations: unknown[] = []
    swarm.on('violation', ({ code, source, wire, count }) => violations.push([code, source, wire === a.ours, count]))
    for (let i = 0; i < 15; i++) a.remote.say(pex({ added: ['198.51.1.1:6881'] }))
    await settle()
    expect(a.ours.destroyed).toBe(false)
    a.remote.say(pex({}))
    await settle()
    expect(a.ours.destroyed).toBe(true)
    expect(violations.at(-1)).toEqual(['flood', '203.0.113.1:6881', true, 1])
    const warnings: unknown[] = []
    swarm.on('warning', (error) => warnings.push((error as Error).message))
    vi.spyOn(b.ours, 'destroy').mockImplementationOnce(() => {
      throw new Error('no')
    })
    for (let i = 0; i < 16; i++) b.ours.ut_pex.onMessage(pex({}))
    expect(violations.filter((violation) => (violation as string[])[0] === 'flood').length).toBe(2)
    expect(warnings).toEqual(['no'])
  })
})
