/** What a swarm learns from its wires, and so what others are told: endpoints that can be dialled, and first-hand flags. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import utPex, { PexSwarm, type UtPexOptions } from '../../src/index.ts'
import {
  type Connected,
  type ConnectOptions,
  closeWires,
  connect,
  manyPeers,
  newWire,
  peersOf,
  pex,
  type Remote,
  rawHandshake,
  settle,
} from './wires.ts'

let swarm: PexSwarm
/** A remote on our own host, to which everything may be told. */
let observer: Remote
beforeEach(async () => {
  vi.useFakeTimers()
  swarm = new PexSwarm({ pieceCount: 12 })
  observer = (await enter({ address: '127.0.0.1' })).remote
})
afterEach(async () => {
  await closeWires()
  expect(vi.getTimerCount(), 'timers left after the last wire has closed').toBe(0)
  swarm.close()
  vi.useRealTimers()
})

const enter = (options: ConnectOptions, more: UtPexOptions = {}): Promise<Connected> => connect(utPex({ swarm, ...more }), options)
const aTurn = (): Promise<unknown> => vi.advanceTimersByTimeAsync(66_000)

describe('the endpoint that others are told', () => {
  it('is what we dialled, for an outgoing wire: whatever `p` it gives', async () => {
    await enter({ address: '198.51.1.1', outgoing: true, p: 7_000 })
    await enter({ address: '198.51.1.2', outgoing: true })
    await aTurn()
    expect(observer.holds()).toEqual(['198.51.1.1:6881', '198.51.1.2:6881'])
  })

  it('is its address and its `p`, for an incoming wire; never the port at its end of the connection', async () => {
    await enter({ address: '198.51.1.1', p: 7_000 })
    await enter({ address: '198.51.1.2' })
    for (const p of [0, 1, 65_536, -1, 2 ** 32 + 6_881, '6881', [6_881]]) await enter({ address: '198.51.1.3', handshake: { p } })
    await vi.advanceTimersByTimeAsync(600_000)
    expect(observer.holds()).toEqual(['198.51.1.1:7000'])
  })

  it('takes the address from the option, else from the wire; without one there is none', async () => {
    await enter({ address: '198.51.1.1', p: 7_000 }, { address: '198.51.2.1' })
    await enter({ p: 7_000 }, { address: '198.51.2.2' })
    await enter({ address: '198.51.1.3', p: 7_000 }, { address: undefined })
    await enter({ p: 7_000 })
    await aTurn()
    expect(observer.holds()).toEqual(['198.51.2.1:7000', '198.51.2.2:7000', '198.51.1.3:7000'])
  })

  it('takes who dialled, and the port, from the options, else from the wire', async () => {
    await enter({ address: '198.51.1.1', type: 'tcpIncoming' }, { outgoing: true, port: 7_001 })
    await enter({ address: '198.51.1.2', type: '' }, { outgoing: true, port: 7_002 })
    await enter({ address: '198.51.1.3', type: 'tcpOutgoing' }, { outgoing: false, port: 7_003 })
    await enter({ address: '198.51.1.4', type: 'tcpOutgoing' }, { port: 7_004 })
    await enter({ address: '198.51.1.5', type: '' }, { port: 7_005 })
    await enter({ address: '198.51.1.6', outgoing: true }, { port: 1 })
    await enter({ address: '198.51.1.7', outgoing: true }, { port: 0 })
    await aTurn()
    expect(observer.holds()).toEqual(['198.51.1.1:7001', '198.51.1.2:7002', '198.51.1.4:7004'])
  })

  it('is IPv4 where a dual-stack server says ::ffff:1.2.3.4, without the zone of an address, and IPv6 in its own list', async () => {
    await enter({ address: '::ffff:198.51.1.1', p: 7_000 })
    await enter({ address: '::FFFF:c633:0102', p: 7_000 })
    await enter({ address: 'fe80::1%eth0', p: 7_000 })
    await enter({ address: '2001:db8::1', p: 7_000 })
    await aTurn()
    const { added, added6 } = observer.received.at(-1)!.message
    expect(peersOf(added)).toEqual(['198.51.1.1:7000', '198.51.1.2:7000'])
    expect(peersOf(added6, 6)).toEqual(['[fe80::1]:7000', '[2001:db8::1]:7000'])
  })

  it('is dropped and added anew when an incoming wire gives another `p`; one that is none or the same changes nothing', async () => {
    const { remote } = await enter({ address: '198.51.1.1', p: 7_000 })
    await aTurn()
    for (const handshake of [{ p: 7_000 }, { p: 0 }, { p: 1 }, {}]) remote.sayHandshake({ m: { ut_pex: 1 }, ...handshake })
    await aTurn()
    expect(observer.received.length).toBe(1)
    remote.sayHandshake({ p: 7_001 })
    await aTurn()
    expect(peersOf(observer.received[1]!.message.dropped)).toEqual(['198.51.1.1:7000'])
    expect(observer.holds()).toEqual(['198.51.1.1:7001'])
  })

  it('is told when `p` comes with a later handshake', async () => {
    const { remote } = await enter({ address: '198.51.1.1' })
    await aTurn()
    expect(observer.holds()).toEqual([])
    remote.sayHandshake({ p: 7_001 })
    await aTurn()
    expect(observer.holds()).toEqual(['198.51.1.1:7001'])
  })

  it('is told only of peers whose handshakes are complete: both of them, if the peer has BEP 10', async () => {
    const [plain, half, none] = ['198.51.1.1', '198.51.1.2', '198.51.1.3'].map((address) =>
      newWire('tcpOutgoing', { address, port: 6_881 }),
    )
    for (const wire of [plain!, half!, none!]) {
      wire.use(utPex({ swarm }))
      wire.handshake('aa'.repeat(20), 'bb'.repeat(20))
    }
    plain!.write(rawHandshake(false))
    half!.write(rawHandshake(true))
    await vi.advanceTimersByTimeAsync(600_000)
    expect(observer.holds()).toEqual(['198.51.1.1:6881'])
    half!.write(Uint8Array.of(0, 0, 0, 9, 20, 0, ...new TextEncoder().encode('d1:v0:e')))
    await aTurn()
    expect(observer.holds()).toEqual(['198.51.1.1:6881', '198.51.1.2:6881'])
  })

  it('waits two seconds for the pieces of a peer that does not say what it has, and no longer', async () => {
    await enter({ address: '198.51.1.1', outgoing: true, pieces: 'silent' })
    await vi.advanceTimersByTimeAsync(1_900)
    expect(swarm.stats().contacts).toBe(0)
    await vi.advanceTimersByTimeAsync(100)
    expect(swarm.stats().contacts).toBe(1)
  })
})

describe('the flags that others are told', () => {
  /** What a newcomer is told of a peer like this, after it has done that. */
  async function flagsOf(options: ConnectOptions, act: (remote: Remote) => void = () => {}): Promise<number | undefined> {
    const { remote } = await enter({ address: '198.51.1.1', p: 6_881, ...options })
    act(remote)
    await vi.advanceTimersByTimeAsync(3_000)
    const { remote: newcomer } = await enter({ address: '127.0.0.2' })
    await vi.advanceTimersByTimeAsync(3_000)
    return newcomer.flags()['198.51.1.1:6881']
  }
  /** Twelve pieces, the four last bits are spare. */
  const full = Uint8Array.of(0xff, 0xf0)
  const partial = Uint8Array.of(0xff, 0xe0)
  const silent = { pieces: 'silent' } as const
  function bitfieldThenHave({ wire }: Remote): void {
    wire.bitfield(partial)
    wire.have(11)
  }

  it.each<[string, number, ConnectOptions, ((remote: Remote) => void)?]>([
    ['nothing special', 0, {}],
    ['e = 1 (N7)', 0x01, { handshake: { e: 1 } }],
    ['e = 2', 0x01, { handshake: { e: 2 } }],
    ['e = 0', 0, { handshake: { e: 0 } }],
    ['e that is a string', 0, { handshake: { e: '1' } }],
    ['e = 1, then e = 0', 0, { handshake: { e: 1 } }, (remote) => remote.sayHandshake({ e: 0 })],
    ['e = 1, then a handshake without it', 0x01, { handshake: { e: 1 } }, (remote) => remote.sayHandshake({})],
    ['have-all (N8)', 0x02, { pieces: 'all' }],
    ['a full bit field', 0x02, silent, (remote) => remote.wire.bitfield(full)],
    ['a bit field that lacks a piece', 0, silent, (remote) => remote.wire.bitfield(partial)],
    ['a bit field that lacks a piece, then that piece', 0x02, silent, (remote) => bitfieldThenHave(remote)],
    ['twelve pieces, one by one', 0x02, {}, (remote) => Array.from({ length: 12 }, (_, index) => remote.wire.have(index))],
    ['eleven pieces, one by one', 0, {}, (remote) => Array.from({ length: 11 }, (_, index) => remote.wire.have(index + 1))],
    ['eleven pieces and one beyond the last', 0, {}, (remote) => Array.from({ length: 12 }, (_, index) => remote.wire.have(index + 1))],
    ['upload_only = 1', 0x02, { handshake: { upload_only: 1 } }],
    ['upload_only = 0', 0, { handshake: { upload_only: 0 } }],
    ['upload_only = 1, later 0', 0, { handshake: { upload_only: 1 } }, (remote) => remote.sayHandshake({ upload_only: 0 })],
    ['upload_only = 0 of a seed', 0x02, { pieces: 'all', handshake: { upload_only: 0 } }],
    ['an incoming uTP wire (N9)', 0x04, { type: 'utpIncoming' }],
    ['an outgoing uTP wire', 0x14, { type: 'utpOutgoing', outgoing: true }],
    ['ut_holepunch (N10)', 0x08, {}, (remote) => remote.sayHandshake({ m: { ut_holepunch: 4 } })],
    ['ut_holepunch = 0', 0, {}, (remote) => remote.sayHandshake({ m: { ut_holepunch: 0 } })],
    ['ut_holepunch, then 0', 0, {}, (remote) => [4, 0].map((id) => remote.sayHandshake({ m: { ut_holepunch: id } }))],
    ['ut_holepunch, then a handshake without it', 0x08, {}, (remote) => [{ ut_holepunch: 4 }, {}].map((m) => remote.sayHandshake({ m }))],
    ['an outgoing TCP wire (N11)', 0x10, { outgoing: true }],
    ['a wire of unknown type', 0, { type: 'x' }],
  ])('of a peer with %s are %i', async (_title, flags, options, act) => {
    expect(await flagsOf(options, act)).toBe(flags)
  })

  it('show a seed by its full bit field once the number of pieces becomes known, however late', async () => {
    swarm.pieceCount = undefined
    expect(await flagsOf(silent, (remote) => remote.wire.bitfield(full))).toBe(0)
    swarm.pieceCount = 12
    const { remote: newcomer } = await enter({ address: '127.0.0.3' })
    await vi.advanceTimersByTimeAsync(3_000)
    expect(newcomer.flags()['198.51.1.1:6881']).toBe(0x02)
  })

  it('are those of the moment of telling: nobody is told twice because they changed', async () => {
    const { remote } = await enter({ address: '198.51.1.1', p: 6_881 })
    await aTurn()
    remote.wire.haveAll()
    remote.sayHandshake({ e: 1 })
    await vi.advanceTimersByTimeAsync(300_000)
    expect(observer.received.length).toBe(1)
    const { remote: newcomer } = await enter({ address: '127.0.0.2' })
    await vi.advanceTimersByTimeAsync(3_000)
    expect(newcomer.flags()['198.51.1.1:6881']).toBe(0x03)
  })

  it('are first-hand: what a third peer says of it, reserved bits and all, is not passed on (N12)', async () => {
    const { remote } = await enter({ address: '198.51.9.9', p: 6_881 })
    remote.say(pex({ added: ['198.51.1.1:6881'], flags: [0xff] }))
    expect(await flagsOf({})).toBe(0)
  })

  it('of two wires with one endpoint are the union of theirs, and of the one that is left afterwards', async () => {
    const utp = await enter({ address: '198.51.1.1', p: 6_881, type: 'utpIncoming' })
    await enter({ address: '198.51.1.1', outgoing: true, handshake: { e: 1 } })
    expect(await flagsOf({})).toBe(0x15)
    utp.ours.destroy()
    await settle()
    const { remote: newcomer } = await enter({ address: '127.0.0.3' })
    await vi.advanceTimersByTimeAsync(3_000)
    expect(newcomer.flags()['198.51.1.1:6881']).toBe(0x11)
  })
})

describe('two wires with one endpoint', () => {
  it('are one contact while either lives', async () => {
    const first = await enter({ address: '198.51.1.1', p: 6_881 })
    const second = await enter({ address: '198.51.1.1', outgoing: true })
    await aTurn()
    expect(observer.holds()).toEqual(['198.51.1.1:6881'])
    first.ours.destroy()
    await aTurn()
    expect(observer.received.length).toBe(1)
    second.ours.destroy()
    await aTurn()
    expect(observer.holds()).toEqual([])
    expect(observer.received.length).toBe(2)
  })

  it('are no candidate while either lives', async () => {
    const first = await enter({ address: '198.51.1.1', p: 6_881 })
    await enter({ address: '198.51.1.1', outgoing: true })
    const { remote } = await enter({ address: '198.51.9.9', p: 6_881 })
    first.ours.destroy()
    await settle()
    remote.say(pex({ added: ['198.51.1.1:6881'] }))
    await settle()
    expect(swarm.next(5)).toEqual([])
  })
})

describe('a peer that we are connected to', () => {
  it.each<[string, ConnectOptions]>([
    ['before it has settled', { outgoing: true, pieces: 'silent' }],
    ['once it has settled', { p: 6_881 }],
  ])('is no candidate %s', async (_title, options) => {
    const { remote } = await enter({ address: '198.51.9.9', p: 6_881 })
    await enter({ address: '198.51.1.1', ...options })
    remote.say(pex({ added: ['198.51.1.1:6881', '198.51.2.1:6881'] }))
    await settle()
    expect(swarm.next(5)).toEqual(['198.51.2.1:6881'])
  })

  it('is no candidate before its extended handshake', async () => {
    const wire = newWire('tcpOutgoing', { address: '198.51.1.1', port: 6_881 })
    wire.use(utPex({ swarm }))
    wire.handshake('aa'.repeat(20), 'bb'.repeat(20))
    wire.write(rawHandshake(true))
    const { remote } = await enter({ address: '198.51.9.9', p: 6_881 })
    remote.say(pex({ added: ['198.51.1.1:6881', '198.51.2.1:6881'] }))
    await settle()
    expect(swarm.next(5)).toEqual(['198.51.2.1:6881'])
  })

  it('is no candidate when others may not be told of it either', async () => {
    swarm.close()
    swarm = new PexSwarm({ share: () => false })
    await enter({ address: '198.51.1.1', p: 6_881 })
    const { remote } = await enter({ address: '198.51.9.9', p: 6_881 })
    remote.say(pex({ added: ['198.51.1.1:6881', '198.51.2.1:6881'] }))
    await settle()
    expect(swarm.next(5)).toEqual(['198.51.2.1:6881'])
  })
})

it('every wire of many is told of all the others, and of itself never', async () => {
  const peers = manyPeers(8).map((peer) => peer.split(':')[0]!)
  const remotes: Remote[] = []
  for (const address of peers) remotes.push((await enter({ address, p: 6_881 })).remote)
  await aTurn()
  await aTurn()
  for (const [index, remote] of remotes.entries()) {
    expect(remote.holds().sort()).toEqual(
      peers
        .filter((_, other) => other !== index)
        .map((address) => `${address}:6881`)
        .sort(),
    )
  }
})
