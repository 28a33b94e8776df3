/** The extension without a swarm: every call, event and flag name of ut_pex 5, and what it sends. */

import releasedUtPex from 'ut_pex5'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import utPex, { type PexFlags, type UtPex } from '../../src/index.ts'
import { type Connected, closeWires, connect, listen, manyPeers, newWire, peersOf, pex, type Remote, settle } from './wires.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(async () => {
  await closeWires()
  expect(vi.getTimerCount(), 'timers left after the last wire has closed').toBe(0)
  vi.useRealTimers()
})

const minute = 60_000
const noFlags: PexFlags = { prefersEncryption: false, isSender: false, supportsUtp: false, supportsUtHolepunch: false, isReachable: false }

const dropIn = (address?: string): Promise<Connected> => connect(utPex(), address === undefined ? {} : { address })

/** Said by a remote at a pace that nobody can mind. */
async function hear(remote: Remote, bytes: Uint8Array): Promise<void> {
  remote.say(bytes)
  await vi.advanceTimersByTimeAsync(minute)
}

describe('the names of ut_pex 5', () => {
  it('are all there: each public call of the released package, and an event emitter', () => {
    const instance = new (utPex())(newWire())
    const released = Object.getOwnPropertyNames(releasedUtPex().prototype).filter((name) => name !== 'constructor' && !name.startsWith('_'))
    expect(released).toContain('addPeer6')
    for (const name of released) expect(typeof instance[name as keyof UtPex], name).toBe(name === 'name' ? 'string' : 'function')
    for (const name of ['on', 'once', 'off', 'addListener', 'removeListener', 'removeAllListeners', 'emit', 'listenerCount']) {
      expect(typeof instance[name as keyof UtPex], name).toBe('function')
    }
  })

  it('come with a fresh constructor from each call, named for the wire on its prototype', () => {
    const [first, second] = [utPex(), utPex()]
    expect(first).not.toBe(second)
    expect(first.prototype.name).toBe('ut_pex')
    const wire = newWire()
    wire.use(first)
    expect(wire.ut_pex).toBeInstanceOf(first)
    expect(wire.extendedMapping).toEqual({ 1: 'ut_pex' })
  })

  it('have flags of exactly five booleans, for each of the 256 bytes; reserved bits are not heard', async () => {
    const { ours, remote } = await dropIn()
    const heard: PexFlags[] = []
    ours.ut_pex.on('peer', (_peer, flags) => heard.push(flags))
    for (let byte = 0; byte < 256; byte += 64) {
      const peers = manyPeers(64, `203.${byte}`)
      const flags = peers.map((_, index) => byte + index)
      await hear(remote, pex({ added: peers, flags }))
    }
    expect(heard.length).toBe(256)
    for (const [byte, flags] of heard.entries()) {
      const { prefersEncryption, isSender, supportsUtp, supportsUtHolepunch, isReachable, ...rest } = flags
      const bits = [prefersEncryption, isSender, supportsUtp, supportsUtHolepunch, isReachable]
      expect(rest).toEqual({})
      expect(bits).toEqual([1, 2, 4, 8, 16].map((bit) => (byte & bit) !== 0))
    }
  })

  it('set the bits of what is sent; only `true` counts, and a name that does not exist does not', async () => {
    const { ours, remote } = await dropIn()
    const all = { prefersEncryption: true, isSender: true, supportsUtp: true, supportsUtHolepunch: true, isReachable: true }
    ours.ut_pex.addPeer('203.0.113.1:6881')
    ours.ut_pex.addPeer('203.0.113.2:6881', all)
    Object.keys(noFlags).forEach((name, index) => ours.ut_pex.addPeer(`203.0.113.${3 + index}:6881`, { [name]: true }))
    ours.ut_pex.addPeer('203.0.113.8:6881', { isSender: 1, isReachable: 'true', isEvil: true } as never)
    ours.ut_pex.addPeer('203.0.113.9:6881', null as never)
    ours.ut_pex.addPeer6('[2001:db8::1]:6881', { isReachable: true })
    ours.ut_pex.start()
    await vi.advanceTimersByTimeAsync(2_000)
    const { message } = remote.received[0]!
    expect([...message.addedFlags]).toEqual([0, 0x1f, 1, 2, 4, 8, 16, 0, 0])
    expect([...message.added6Flags]).toEqual([16])
  })
})

describe('what the remote tells', () => {
  it("is a 'peer' once for each contact until that wire drops it, and 'dropped' only after 'peer'", async () => {
    const { ours, remote } = await dropIn()
    const events = listen(ours.ut_pex)
    await hear(remote, pex({ dropped: ['203.0.113.1:1000', '[2001:db8::1]:1000'] }))
    await hear(remote, pex({ added: ['203.0.113.1:1000', '203.0.113.1:1000', '[2001:db8::1]:1000'], flags: [2, 2] }))
    await hear(remote, pex({ added: ['203.0.113.1:1000', '[2001:db8::1]:1000'] }))
    await hear(remote, pex({ dropped: ['203.0.113.1:1000', '203.0.113.1:1000', '[2001:db8::1]:1000'] }))
    await hear(remote, pex({ added: ['203.0.113.1:1000'] }))
    expect(events).toEqual([
      ['peer', '203.0.113.1:1000', { ...noFlags, isSender: true }],
      ['peer', '[2001:db8::1]:1000', noFlags],
      ['dropped', '203.0.113.1:1000'],
      ['dropped', '[2001:db8::1]:1000'],
      ['peer', '203.0.113.1:1000', noFlags],
    ])
  })

  it('is each wire’s own: another wire hears of the same contact, too, and cannot drop it here', async () => {
    const [a, b] = [await dropIn(), await dropIn()]
    const [eventsOfA, eventsOfB] = [listen(a.ours.ut_pex), listen(b.ours.ut_pex)]
    a.remote.say(pex({ added: ['203.0.113.1:1000'] }))
    b.remote.say(pex({ added: ['203.0.113.1:1000'] }))
    await settle()
    b.remote.say(pex({ dropped: ['203.0.113.1:1000'] }))
    await settle()
    expect(eventsOfA.length).toBe(1)
    expect(eventsOfB.length).toBe(2)
  })

  it('is heard from a peer of unknown address whatever can be dialled; from a known one, what its scope may tell', async () => {
    const contacts = ['203.0.113.1:1000', '10.0.0.1:1000', '127.0.0.1:1000', '0.0.0.1:1000', '224.0.0.1:1000', '203.0.113.2:1']
    const heardFrom = async (address?: string): Promise<unknown[]> => {
      const { ours, remote } = await dropIn(address)
      const events = listen(ours.ut_pex)
      remote.say(pex({ added: contacts }))
      await settle()
      return events.map(([, peer]) => peer)
    }
    expect(await heardFrom()).toEqual(['203.0.113.1:1000', '10.0.0.1:1000', '127.0.0.1:1000'])
    expect(await heardFrom('198.51.1.1')).toEqual(['203.0.113.1:1000'])
    expect(await heardFrom('10.9.9.9')).toEqual(['203.0.113.1:1000', '10.0.0.1:1000'])
    expect(await heardFrom('127.0.0.1')).toEqual(['203.0.113.1:1000', '10.0.0.1:1000', '127.0.0.1:1000'])
  })

  it('may be anything, at any time: onMessage throws nothing', async () => {
    const { ours } = await dropIn()
    const events = listen(ours.ut_pex)
    const messages = [
      '',
      'i1e',
      'd',
      'd5:addedi7ee',
      'd5:added5:abcdee',
      'le',
      'd5:added',
      '\u0000',
      'd9:__proto__d1:xi1eee',
      '99999999999:x',
    ]
    const others: unknown[] = [undefined, null, 'd5:added0:e', 7, {}, [], new ArrayBuffer(4), new Float64Array(2)]
    for (const text of messages) {
      ours.ut_pex.onMessage(new TextEncoder().encode(text))
      vi.advanceTimersByTime(minute)
    }
    for (const message of others) ours.ut_pex.onMessage(message as Uint8Array)
    expect(events).toEqual([])
    const added = pex({ added: ['203.0.113.1:1000'] })
    ours.ut_pex.onMessage(added)
    ours.ut_pex.onMessage(Buffer.from(pex({ added: ['203.0.113.2:1000'] })))
    added.fill(0)
    expect(events.map(([, peer]) => peer)).toEqual(['203.0.113.1:1000', '203.0.113.2:1000'])
  })
})

describe('what is sent after start()', () => {
  it('goes out within 65 s, is no more than 50 added and 50 dropped in one message, and never less than 62 s after the last', async () => {
    const { ours, remote } = await dropIn()
    const peers = [...manyPeers(80), ...Array.from({ length: 40 }, (_, index) => `[2001:db8::${index}]:6881`)]
    for (const peer of peers) ours.ut_pex.addPeer(peer)
    ours.ut_pex.start()
    await vi.advanceTimersByTimeAsync(65_000)
    expect(remote.received.length).toBe(1)
    await vi.advanceTimersByTimeAsync(3 * 65_000)
    for (const peer of peers) ours.ut_pex.dropPeer(peer)
    await vi.advanceTimersByTimeAsync(10 * 65_000)
    const counts = remote.received.map(({ message: { added, added6, dropped, dropped6 } }) => [
      added.length / 6 + added6.length / 18,
      dropped.length / 6 + dropped6.length / 18,
    ])
    expect(counts).toEqual([
      [50, 0],
      [50, 0],
      [20, 0],
      [0, 50],
      [0, 50],
      [0, 20],
    ])
    expect(Math.min(...remote.gaps())).toBeGreaterThanOrEqual(62_000)
    expect(remote.holds()).toEqual([])
  })

  it.each([
    ['start() twice', (extension: UtPex) => extension.start()],
    [
      'stop() and start()',
      (extension: UtPex) => {
        extension.stop()
        extension.start()
      },
    ],
    [
      'reset() and start()',
      (extension: UtPex) => {
        extension.reset()
        extension.addPeer('203.0.113.1:6881')
        extension.start()
      },
    ],
  ])('keeps its pace through %s at any time: a message within 65 s, none within 62 s of the last', async (_title, disturb) => {
    const { ours, remote } = await dropIn()
    ours.ut_pex.start()
    for (const [index, peer] of manyPeers(60).entries()) {
      ours.ut_pex.addPeer(peer)
      disturb(ours.ut_pex)
      ours.ut_pex.addPeer(peer)
      await vi.advanceTimersByTimeAsync(7_000 + index)
    }
    expect(remote.received.length).toBeGreaterThanOrEqual(6)
    expect(Math.min(...remote.gaps())).toBeGreaterThanOrEqual(62_000)
    expect(Math.max(...remote.gaps())).toBeLessThanOrEqual(65_000)
  })

  it('is nothing before start(), nothing after stop(), and all of it after the next start()', async () => {
    const { ours, remote } = await dropIn()
    ours.ut_pex.addPeer('203.0.113.1:6881')
    await vi.advanceTimersByTimeAsync(3 * minute)
    expect(remote.received).toEqual([])
    ours.ut_pex.start()
    ours.ut_pex.stop()
    await vi.advanceTimersByTimeAsync(3 * minute)
    expect(remote.received).toEqual([])
    ours.ut_pex.addPeer('203.0.113.2:6881')
    ours.ut_pex.start()
    await vi.advanceTimersByTimeAsync(65_000)
    expect(remote.holds()).toEqual(['203.0.113.1:6881', '203.0.113.2:6881'])
  })

  it('is never an empty message: not without peers, not for a peer that came and went, not for one that was never told', async () => {
    const { ours, remote } = await dropIn()
    ours.ut_pex.start()
    await vi.advanceTimersByTimeAsync(3 * minute)
    ours.ut_pex.addPeer('203.0.113.1:6881')
    ours.ut_pex.dropPeer('203.0.113.1:6881')
    ours.ut_pex.dropPeer('203.0.113.2:6881')
    ours.ut_pex.dropPeer6('[2001:db8::2]:6881')
    await vi.advanceTimersByTimeAsync(10 * minute)
    expect(remote.received).toEqual([])
  })

  it('does not repeat a peer that is added again: other flags are for those who are not told yet', async () => {
    const { ours, remote } = await dropIn()
    ours.ut_pex.addPeer('203.0.113.1:6881', { isSender: true })
    ours.ut_pex.addPeer('203.0.113.1:6881', { isReachable: true })
    ours.ut_pex.start()
    await vi.advanceTimersByTimeAsync(2_000)
    expect([...remote.received[0]!.message.addedFlags]).toEqual([0x10])
    ours.ut_pex.addPeer('203.0.113.1:6881', { isSender: true })
    await vi.advanceTimersByTimeAsync(10 * minute)
    expect(remote.received.length).toBe(1)
  })

  it('leaves out what the remote itself has told, until it drops that', async () => {
    const { ours, remote } = await dropIn()
    remote.say(pex({ added: ['203.0.113.1:6881'] }))
    await settle()
    ours.ut_pex.addPeer('203.0.113.1:6881')
    ours.ut_pex.addPeer('203.0.113.2:6881')
    ours.ut_pex.start()
    await vi.advanceTimersByTimeAsync(2 * minute)
    expect(remote.holds()).toEqual(['203.0.113.2:6881'])
    await hear(remote, pex({ dropped: ['203.0.113.1:6881'] }))
    await vi.advanceTimersByTimeAsync(minute)
    expect(remote.holds()).toEqual(['203.0.113.2:6881', '203.0.113.1:6881'])
  })

  it('drops, after reset() and another start(), what the remote was told before', async () => {
    const { ours, remote } = await dropIn()
    ours.ut_pex.addPeer('203.0.113.1:6881')
    ours.ut_pex.addPeer('203.0.113.2:6881')
    ours.ut_pex.start()
    await vi.advanceTimersByTimeAsync(2_000)
    ours.ut_pex.reset()
    ours.ut_pex.addPeer('203.0.113.2:6881')
    ours.ut_pex.addPeer('203.0.113.3:6881')
    await vi.advanceTimersByTimeAsync(5 * minute)
    expect(remote.received.length).toBe(1)
    ours.ut_pex.start()
    await vi.advanceTimersByTimeAsync(65_000)
    expect(peersOf(remote.received[1]!.message.dropped)).toEqual(['203.0.113.1:6881'])
    expect(remote.holds()).toEqual(['203.0.113.2:6881', '203.0.113.3:6881'])
  })

  it('forgets at reset() what the remote has told: it is news again', async () => {
    const { ours, remote } = await dropIn()
    const events = listen(ours.ut_pex)
    await hear(remote, pex({ added: ['203.0.113.1:6881'] }))
    ours.ut_pex.reset()
    await hear(remote, pex({ dropped: ['203.0.113.1:6881'] }))
    await hear(remote, pex({ added: ['203.0.113.1:6881'] }))
    expect(events.map(([name]) => name)).toEqual(['peer', 'peer'])
  })
})

describe('what addPeer and dropPeer are given', () => {
  const valid4 = '203.0.113.7:6881'
  const valid6 = '[2001:db8::7]:6881'

  it('is told in the list of its family, whichever call it came by', async () => {
    const { ours, remote } = await dropIn()
    ours.ut_pex.addPeer(valid6)
    ours.ut_pex.addPeer6(valid4)
    ours.ut_pex.addPeer6('[::ffff:203.0.113.8]:6881')
    ours.ut_pex.start()
    await vi.advanceTimersByTimeAsync(2_000)
    const { added, added6 } = remote.received[0]!.message
    expect(peersOf(added)).toEqual([valid4, '203.0.113.8:6881'])
    expect(peersOf(added6, 6)).toEqual([valid6])
    ours.ut_pex.dropPeer(valid6)
    ours.ut_pex.dropPeer6(valid4)
    await vi.advanceTimersByTimeAsync(65_000)
    expect(remote.holds()).toEqual(['203.0.113.8:6881'])
  })

  const invalid: readonly unknown[] = [
    ...[
      undefined,
      null,
      '',
      ':',
      '::',
      0,
      7,
      Number.NaN,
      {},
      [],
      true,
      Symbol('peer'),
      () => {},
      { toString: () => valid4, includes: () => true },
    ],
    ...['203.0.113.9', '203.0.113.9:', '203.0.113.9:0', '203.0.113.9:1', '203.0.113.9:65536', '203.0.113.9:-1', '203.0.113.9:6881 '],
    ...['203.0.113.9:06881', '203.0.113.9:6.5', '203.0.113.9:1e3', '203.0.113.256:6881', '203.0.113:6881', '0xcb.0.113.9:6881'],
    ...[
      'example.com:6881',
      'localhost:6881',
      '[example.com]:6881',
      '2001:db8::9:6881',
      '[2001:db8::9]',
      '[2001:db8::9]:0',
      '[2001:db8::9]:99999',
    ],
    ...['[2001:db8::9%eth0]:6881', '[203.0.113.9]:6881', '__proto__:6881', 'x'.repeat(100_000), `${'1'.repeat(50)}:6881`],
  ]

  it.each(['addPeer', 'addPeer6'] as const)('is disregarded by %s when it is no peer, and poisons no later message', async (method) => {
    const { ours, remote } = await dropIn()
    ours.ut_pex.start()
    for (const peer of invalid) ours.ut_pex[method](peer as string, { isSender: true })
    await vi.advanceTimersByTimeAsync(3 * minute)
    expect(remote.received).toEqual([])
    ours.ut_pex[method](valid4)
    ours.ut_pex[method](valid6)
    await vi.advanceTimersByTimeAsync(minute)
    expect(remote.received.length).toBe(1)
    expect(remote.received[0]!.message.faults).toEqual([])
    expect(remote.holds()).toEqual([valid4, valid6])
  })

  it.each(['dropPeer', 'dropPeer6'] as const)('is disregarded by %s when it is no peer', async (method) => {
    const { ours, remote } = await dropIn()
    ours.ut_pex.addPeer(valid4)
    ours.ut_pex.start()
    await vi.advanceTimersByTimeAsync(minute)
    for (const peer of invalid) ours.ut_pex[method](peer as string)
    await vi.advanceTimersByTimeAsync(3 * minute)
    expect(remote.received.length).toBe(1)
  })
})
