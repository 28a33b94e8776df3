/** What each wire of a swarm is told, when, and what is kept from it. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import utPex, { type LeavingReason, PexSwarm, type PexSwarmOptions } from '../../src/index.ts'
import { type Connected, type ConnectOptions, closeWires, connect, manyPeers, peersOf, pex, type Remote, settle } from './wires.ts'

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

describe('a peer is not told', () => {
  it('of other seeds if it is one; leechers are told of seeds, and seeds of leechers', async () => {
    const [seed1, seed2] = [await enter('203.0.113.1', { pieces: 'all' }), await enter('203.0.113.2', { pieces: 'all' })]
    const uploader = await enter('203.0.113.3', { handshake: { upload_only: 1 } })
    const leecher = await enter('203.0.113.4')
    await vi.advanceTimersByTimeAsync(140_000)
    expect(seed1.remote.holds().sort()).toEqual(['203.0.113.3:6881', '203.0.113.4:6881'])
    expect(seed2.remote.holds().sort()).toEqual(['203.0.113.3:6881', '203.0.113.4:6881'])
    expect(uploader.remote.holds().length).toBe(3)
    expect(leecher.remote.holds().length).toBe(3)
  })

  it('of addresses outside its own scope, unless they are global or it is on our host: all pairs of scopes', async () => {
    const nets = {
      global: ['198.51.1.1', '2606:4700::1'],
      private: ['10.0.0.1', '192.168.1.1'],
      cgnat: ['100.64.0.1', '100.64.9.9'],
      linkLocal: ['169.254.7.7', 'fe80::7'],
      ula: ['fd00::1', 'fd00::2'],
      loopback: ['127.0.0.1', '::1'],
      unknown: [undefined],
    }
    const members: { scope: string; remote: Remote }[] = []
    for (const [scope, addresses] of Object.entries(nets)) {
      for (const address of addresses)
        members.push({ scope, remote: (await connect(utPex({ swarm }), address === undefined ? {} : { address, p: 6_881 })).remote })
    }
    await vi.advanceTimersByTimeAsync(200_000)
    const scopeOf = (peer: string): string =>
      Object.entries(nets).find(([, addresses]) => addresses.some((address) => [`${address}:6881`, `[${address}]:6881`].includes(peer)))![0]
    for (const { scope, remote } of members) {
      const told = [...new Set(remote.holds().map(scopeOf))].sort()
      const expected =
        scope === 'loopback'
          ? Object.keys(nets).filter((name) => name !== 'unknown')
          : ['global', scope].filter((name) => name !== 'unknown')
      expect(told, scope).toEqual([...new Set(expected)].sort())
    }
  })

  it('of what it has told itself; it is told once it drops that, while we are connected', async () => {
    const { remote } = await enter('203.0.113.1')
    remote.say(pex({ added: ['203.0.113.2:6881', '203.0.113.3:6881'] }))
    await settle()
    await enter('203.0.113.2')
    const other = await enter('203.0.113.3')
    await vi.advanceTimersByTimeAsync(120_000)
    expect(remote.received).toEqual([])
    other.ours.destroy()
    await aTurn()
    remote.say(pex({ dropped: ['203.0.113.2:6881', '203.0.113.3:6881'] }))
    await aTurn()
    expect(remote.holds()).toEqual(['203.0.113.2:6881'])
  })

  it('of a peer for which share() says no, or throws; it is asked once for each', async () => {
    swarm.close()
    const asked: unknown[] = []
    swarm = new PexSwarm({
      share: (contact) => {
        asked.push(contact)
        if (contact.address === '203.0.113.2') throw new Error('no')
        return contact.port !== 7_000
      },
    })
    const { remote } = await enter('203.0.113.1')
    await enter('203.0.113.2')
    await enter('203.0.113.3', { p: 7_000 })
    const last = await enter('2001:db8::4', { handshake: { e: 1 } })
    last.remote.sayHandshake({ p: 6_881, e: 1 })
    await vi.advanceTimersByTimeAsync(140_000)
    expect(remote.holds()).toEqual(['[2001:db8::4]:6881'])
    expect(asked).toEqual([
      { address: '203.0.113.1', port: 6_881, flags: 0 },
      { address: '203.0.113.2', port: 6_881, flags: 0 },
      { address: '203.0.113.3', port: 7_000, flags: 0 },
      { address: '2001:db8::4', port: 6_881, flags: 1 },
    ])
  })
})

describe('each peer', () => {
  it('is told of no one whom we know from others only (N13)', async () => {
    const [{ remote }, { remote: other }] = [await enter('203.0.113.1'), await enter('203.0.113.2')]
    remote.say(pex({ added: [...manyPeers(50), '[2001:db8::5]:6881'], flags: [0xff] }))
    await vi.advanceTimersByTimeAsync(200_000)
    expect(other.holds()).toEqual(['203.0.113.1:6881'])
  })

  it('is told at a time of its own: after an idle hour an arrival is not told to all at once', async () => {
    // The swarm's seed: where in its first two seconds each grid begins is chance.
    const random = vi.spyOn(Math, 'random').mockReturnValue(0.5)
    swarm = new PexSwarm({ listenPort: 6881 })
    random.mockRestore()
    const remotes: Remote[] = []
    for (let i = 1; i <= 20; i++) {
      remotes.push((await enter(`203.0.113.${i}`)).remote)
      await vi.advanceTimersByTimeAsync(3_100)
    }
    await vi.advanceTimersByTimeAsync(3_600_000)
    await enter('203.0.113.99')
    const arrivedAt = performance.now()
    await vi.advanceTimersByTimeAsync(65_000)
    const times = remotes.map(({ received }) => received.at(-1)!.at - arrivedAt).sort((a, b) => a - b)
    expect(times[0]).toBeGreaterThan(0)
    expect(times.at(-1)! - times[0]!).toBeGreaterThan(50_000)
    expect(Math.max(...times.map((at) => times.filter((other) => other >= at && other < at + 1_000).length))).toBeLessThan(5)
  })
})

describe('a peer that we leave', () => {
  it.each<[LeavingReason]>([['duplicate'], ['no-mutual-interest'], ['resource-limit']])(
    'for the reason %s is told as recently seen, once, and dropped in the very next message',
    async (reason) => {
      const left = await enter('203.0.113.1')
      const { remote } = await enter('203.0.113.2')
      left.ours.ut_pex.leaving(reason)
      left.ours.destroy()
      await vi.advanceTimersByTimeAsync(2_000)
      const late = await enter('203.0.113.3')
      await vi.advanceTimersByTimeAsync(2 * 66_000)
      await enter('203.0.113.4')
      await vi.advanceTimersByTimeAsync(2 * 66_000)
      for (const { received, holds } of [remote, late.remote].map((each) => ({ received: each.received, holds: each.holds() }))) {
        const position = received.findIndex(({ message }) => peersOf(message.added).includes('203.0.113.1:6881'))
        expect(position).toBeGreaterThanOrEqual(0)
        expect(received.filter(({ message }) => peersOf(message.added).includes('203.0.113.1:6881')).length).toBe(1)
        expect(peersOf(received[position + 1]!.message.dropped)[0]).toBe('203.0.113.1:6881')
        expect(holds).not.toContain('203.0.113.1:6881')
      }
    },
  )

  it('without a reason, or that leaves us, is not told to newcomers', async () => {
    const left = await enter('203.0.113.1')
    await vi.advanceTimersByTimeAsync(2_000)
    left.remote.wire.destroy()
    await settle()
    expect(left.ours.destroyed).toBe(true)
    const { remote } = await enter('203.0.113.2')
    await vi.advanceTimersByTimeAsync(3 * 66_000)
    expect(remote.received).toEqual([])
  })

  it('for another reason than the three is our caller’s mistake', async () => {
    const { ours } = await enter('203.0.113.1')
    expect(() => ours.ut_pex.leaving('boredom' as never)).toThrow(/^reason: one of 'duplicate', .* was expected, not boredom$/)
    ours.destroy()
    await settle()
    ours.ut_pex.leaving('duplicate')
  })
})

describe('a remote that switches ut_pex off and on', () => {
  it('is told all anew, but never sooner than 62 s after its last message, however often it does', async () => {
    const options: PexSwarmOptions = { limits: { maxContacts: 3 } }
    swarm.close()
    swarm = new PexSwarm(options)
    for (const peer of manyPeers(5)) await enter(peer.split(':')[0]!)
    const { remote } = await enter('203.0.113.1')
    await vi.advanceTimersByTimeAsync(2_000)
    expect(remote.received.length).toBe(1)
    remote.sayHandshake({ m: { ut_pex: 0 } })
    await vi.advanceTimersByTimeAsync(200_000)
    expect(remote.received.length).toBe(1)
    remote.received.length = 0
    remote.sayHandshake({ m: { ut_pex: 1 } })
    await vi.advanceTimersByTimeAsync(2 * 66_000)
    expect(remote.holds().sort()).toEqual(manyPeers(5))
    for (let i = 0; i < 60; i++) {
      remote.sayHandshake({ m: { ut_pex: i % 2 } })
      await vi.advanceTimersByTimeAsync(5_000 + i)
    }
    expect(remote.gaps().length).toBeGreaterThan(2)
    expect(remote.gaps().every(isGap)).toBe(true)
  })

  it('keeps its claims: id 0 is about what it receives', async () => {
    const { remote } = await enter('203.0.113.1')
    remote.say(pex({ added: ['198.51.1.1:6881'] }))
    remote.sayHandshake({ m: { ut_pex: 0 } })
    await settle()
    expect(swarm.known().length).toBe(1)
  })

  it('for an id that is no integer 1–255 has switched it off: nothing is sent', async () => {
    const { ours, remote } = await enter('203.0.113.1')
    const send = vi.spyOn(ours, 'extended')
    for (const id of [256, -1, '5', [5], {}]) {
      remote.sayHandshake({ m: { ut_pex: id } })
      await enter(`203.0.113.${10 + swarm.stats().connections}`)
      await aTurn()
    }
    expect(send).not.toHaveBeenCalled()
    remote.sayHandshake({ m: { ut_pex: 255 } })
    await aTurn()
    expect(send.mock.calls.map(([id]) => id)).toEqual([255])
  })
})
