/** How hosts and sockets write addresses and ports: what means one is taken, whatever its spelling, and what means none is none. */
import { afterEach, beforeEach, describe, expect, it, test, vi } from 'vitest'
import utPex, { PexSwarm } from '../../src/index.ts'
import { closeWires, connect, join, newWire, pex, type RealWire, Remote, settle, shakeHands } from './wires.ts'

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

/** What a listener on our own host is told of a wire that gives these facts. */
async function told(wire: { readonly remoteAddress?: unknown; readonly remotePort?: unknown }, options: object = {}): Promise<string[]> {
  const { remote: listener } = await connect(utPex({ swarm }), { address: '127.0.0.1' })
  const ours = newWire('tcpOutgoing')
  Object.assign(ours, wire)
  const remote = new Remote()
  ours.use(utPex({ swarm, ...options }))
  join(ours, remote.wire)
  shakeHands(ours, remote.wire)
  await settle()
  remote.wire.haveNone()
  await vi.advanceTimersByTimeAsync(70_000)
  return listener.holds()
}

const spellings: readonly (readonly [string, string])[] = [
  ['203.0.113.7', '203.0.113.7:7000'],
  ['::ffff:203.0.113.7', '203.0.113.7:7000'],
  ['[::ffff:203.0.113.7]', '203.0.113.7:7000'],
  ['::ffff:cb00:7107', '203.0.113.7:7000'],
  ['0:0:0:0:0:FFFF:203.0.113.7', '203.0.113.7:7000'],
  ['2001:DB8:0:0::0:7', '[2001:db8::7]:7000'],
  ['[2001:db8::7]', '[2001:db8::7]:7000'],
  ['fe80::1%eth0', '[fe80::1]:7000'],
  ['[fe80::1%25eth0]', '[fe80::1]:7000'],
]
const noAddresses = [
  '01.2.3.4',
  '1.2.3',
  '1.2.3.4.5',
  '0x1.2.3.4',
  '256.1.1.1',
  'localhost',
  '',
  ' 1.2.3.4',
  '1.2.3.4:5',
  '2001:db8::7]',
  ':::',
]
const noPorts = ['7000', Number.NaN, 65_536, -1, 0, 7_000.5, Number.POSITIVE_INFINITY, null, {}]

describe('a wire’s address', () => {
  test.each(spellings)('%s is %s', async (text, peer) => {
    expect(await told({ remoteAddress: text, remotePort: 7_000 })).toEqual([peer])
  })

  test.each(spellings)('%s is %s, also as an option', async (text, peer) => {
    expect(await told({ remotePort: 7_000 }, { address: text })).toEqual([peer])
  })

  test.each([...noAddresses, undefined, null, 7, {}, '::%', 'x'.repeat(100)])(
    '%j is none: nobody is told of it, and nothing is thrown',
    async (text) => {
      expect(await told({ remoteAddress: text, remotePort: 7_000 })).toEqual([])
    },
  )

  test.each(noAddresses)('%j is refused as an option', (text) => {
    expect(() => utPex({ address: text })).toThrow(/^address: an IPv4 or IPv6 address was expected, not /)
  })
})

describe('a wire’s port', () => {
  test.each(noPorts)('%s is none: nobody is told of it, and nothing is thrown', async (port) => {
    expect(await told({ remoteAddress: '203.0.113.7', remotePort: port })).toEqual([])
  })

  test.each(noPorts.filter((port) => port !== 0))('%s is refused as an option', (port) => {
    expect(() => utPex({ port: port as number })).toThrow(/^port: an integer 0–65535 was expected, not /)
  })
})

describe('a peer to be reported or asked for', () => {
  test.each([
    '1.2.3.4',
    '1.2.3.4:0',
    '1.2.3.4:65536',
    '1.2.3.4:-1',
    '01.2.3.4:5',
    '::1:5',
    '[::1]',
    '[fe80::1%eth0]:5',
    '1.2.3.4:05',
    '',
    5,
    null,
  ])('%s is refused', (peer) => {
    for (const act of [() => swarm.report(peer as string, 'failed'), () => swarm.sourcesOf(peer as string)]) expect(act).toThrow(/^peer: /)
  })

  test.each(['[::ffff:198.51.1.1]:6881', '[::FFFF:c633:101]:6881', '198.51.1.1:6881'])('%s is one', async (peer) => {
    const { ours } = await connect(utPex({ swarm }), { address: '203.0.113.1' })
    ours.ut_pex.onMessage(pex({ added: ['198.51.1.1:6881'] }))
    expect(swarm.sourcesOf(peer)).toHaveLength(1)
  })
})

describe('a clock', () => {
  test.each([Number.NaN, undefined, '5', null])('that gives %s is refused where it is given', (now) => {
    expect(() => new PexSwarm({ clock: () => now as number })).toThrow(/^clock: milliseconds were expected, not /)
  })

  it('that goes back sends nothing twice, and nothing is lost', async () => {
    let leap = 0
    const timed = new PexSwarm({ clock: () => performance.now() + leap })
    const { remote } = await connect(utPex({ swarm: timed }), { address: '203.0.113.1', outgoing: true })
    await connect(utPex({ swarm: timed }), { address: '203.0.113.2', outgoing: true })
    await vi.advanceTimersByTimeAsync(2_000)
    leap = -40_000
    await connect(utPex({ swarm: timed }), { address: '203.0.113.3', outgoing: true })
    await vi.advanceTimersByTimeAsync(200_000)
    expect(remote.holds()).toEqual(['203.0.113.2:6881', '203.0.113.3:6881'])
    expect(remote.gaps()[0]).toBeGreaterThanOrEqual(62_000)
    timed.close()
  })
})

describe('facts that come too late', () => {
  it('of a wire that has closed, or of a swarm that has, change nothing and are not thrown', async () => {
    const { ours, remote } = await connect(utPex({ swarm }), { address: '203.0.113.1', p: 7_000 })
    const late = (wire: RealWire): void => {
      const extension = wire.ut_pex
      extension.onHandshake('', '', { extended: true })
      extension.onExtendedHandshake({ m: { ut_pex: 3 }, p: 7_001 })
      extension.onMessage(pex({ added: ['198.51.1.1:6881'] }))
      extension.leaving('duplicate')
      for (const call of ['start', 'stop', 'reset'] as const) extension[call]()
      extension.addPeer('198.51.1.1:6881')
      extension.dropPeer('198.51.1.1:6881')
    }
    ours.destroy()
    await settle()
    late(ours)
    const open = await connect(utPex({ swarm }), { address: '203.0.113.2' })
    swarm.close()
    swarm.close()
    late(open.ours)
    swarm.listenPort = 6_999
    swarm.private = true
    swarm.seeding = true
    swarm.pieceCount = 5
    swarm.report('198.51.1.1:6881', 'failed')
    await vi.advanceTimersByTimeAsync(200_000)
    expect([swarm.next(5), swarm.known(), swarm.stats().connections]).toEqual([[], [], 0])
    expect([...remote.received, ...open.remote.received]).toEqual([])
  })

  it('a second handshake of the same wire does not connect it twice', async () => {
    const { ours } = await connect(utPex({ swarm }), { address: '203.0.113.1', p: 7_000 })
    ours.ut_pex.onHandshake('', '', { extended: true })
    expect(swarm.stats()).toMatchObject({ connections: 1, contacts: 1 })
  })
})
