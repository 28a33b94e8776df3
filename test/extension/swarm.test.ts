/** A swarm's events and answers: what is known, by whom, and whom to dial. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import utPex, { PexSwarm, type PexSwarmOptions, type UtPexOptions } from '../../src/index.ts'
import { type Connected, type ConnectOptions, closeWires, connect, listen, manyPeers, pex, type Remote, settle } from './wires.ts'

let swarm: PexSwarm
let events: unknown[][]
beforeEach(() => {
  vi.useFakeTimers()
  make()
})
afterEach(async () => {
  await closeWires()
  swarm.close()
  expect(vi.getTimerCount(), 'timers left after the last wire has closed').toBe(0)
  vi.useRealTimers()
})

function make(options: PexSwarmOptions = {}): void {
  swarm?.close()
  swarm = new PexSwarm(options)
  events = []
  swarm.on('peer', (peer, _flags, source) => events.push(['peer', peer, source]))
  swarm.on('dropped', (peer, source) => events.push(['dropped', peer, source]))
  swarm.on('candidates', () => events.push(['candidates']))
  swarm.on('violation', ({ code, count }) => events.push(['violation', code, count]))
}

const enter = (address: string, options: ConnectOptions = {}): Promise<Connected> =>
  connect(utPex({ swarm }), { address, p: 6_881, ...options })
async function hear(remote: Remote, bytes: Uint8Array): Promise<void> {
  remote.say(bytes)
  await settle()
}
const x = '198.51.1.1:6881'
const y = '198.51.2.1:6881'

describe('the events of a swarm', () => {
  it('are `peer` for the first source of a contact and `dropped` for the last that drops it, with that source', async () => {
    const [a, b] = [await enter('203.0.113.1'), await enter('203.0.113.2', { outgoing: true })]
    const onA = listen(a.ours.ut_pex)
    const onB = listen(b.ours.ut_pex)
    await hear(a.remote, pex({ added: [x], flags: [0x10] }))
    await hear(b.remote, pex({ added: [x, '[2001:db8::5]:6881'] }))
    await hear(a.remote, pex({ dropped: [x] }))
    await hear(b.remote, pex({ dropped: [x] }))
    expect(events.filter(([name]) => name !== 'candidates')).toEqual([
      ['peer', x, '203.0.113.1:6881'],
      ['peer', '[2001:db8::5]:6881', '203.0.113.2:6881'],
      ['dropped', x, '203.0.113.2:6881'],
    ])
    const names = (each: unknown[][]): string[] => each.map(([name, peer]) => `${name} ${peer}`)
    expect(names(onA)).toEqual([`peer ${x}`, `dropped ${x}`])
    expect(names(onB)).toEqual([`peer ${x}`, 'peer [2001:db8::5]:6881', `dropped ${x}`])
  })

  it('come when only the listeners of a wire, or only those of the swarm, are interested', async () => {
    const { ours, remote } = await enter('203.0.113.1')
    swarm.removeAllListeners()
    const onWire = listen(ours.ut_pex)
    await hear(remote, pex({ added: [x] }))
    ours.ut_pex.removeAllListeners()
    await hear(remote, pex({ added: [y] }))
    const dropped: unknown[] = []
    swarm.on('dropped', (...args) => dropped.push(args))
    await hear(remote, pex({ dropped: [x, y] }))
    expect(onWire.map(([, peer]) => peer)).toEqual([x])
    expect(dropped).toEqual([
      [x, '203.0.113.1:6881'],
      [y, '203.0.113.1:6881'],
    ])
  })

  it('do not come when a wire closes: its claims end, and what it told of stays worth dialling', async () => {
    const { ours, remote } = await enter('203.0.113.1')
    await hear(remote, pex({ added: [x] }))
    ours.destroy()
    await settle()
    expect(events.map(([name]) => name)).toEqual(['peer', 'candidates'])
    expect([swarm.known(), swarm.sourcesOf(x)]).toEqual([[], []])
    expect(swarm.next(1)).toEqual([x])
  })

  it('name a source as others would dial it, else as we see it, else not at all', async () => {
    const sources: (string | undefined)[] = []
    swarm.on('violation', ({ source }) => sources.push(source))
    const wires: [ConnectOptions, UtPexOptions][] = [
      [{ address: '203.0.113.1', p: 7_000 }, {}],
      [{ address: '203.0.113.2' }, {}],
      [{ address: '203.0.113.3', outgoing: true, p: 7_000 }, {}],
      [{ address: '2001:db8::4', p: 7_000 }, {}],
      [{ p: 7_000 }, { address: '::ffff:203.0.113.5' }],
      [{ p: 7_000 }, {}],
      [{ address: 'nowhere', p: 7_000 }, {}],
    ]
    for (const [options, more] of wires) {
      const { remote } = await connect(utPex({ swarm, ...more }), options)
      await hear(remote, new TextEncoder().encode('x'))
    }
    expect(sources).toEqual([
      '203.0.113.1:7000',
      '203.0.113.2:50000',
      '203.0.113.3:6881',
      '[2001:db8::4]:7000',
      '203.0.113.5:7000',
      undefined,
      undefined,
    ])
  })

  it('name a source by the listen port that it gave last', async () => {
    const sources: (string | undefined)[] = []
    swarm.on('violation', ({ source }) => sources.push(source))
    const { remote } = await enter('203.0.113.1')
    const noMessage = new TextEncoder().encode('x')
    await hear(remote, noMessage)
    remote.sayHandshake({ m: { ut_pex: 1 }, p: 7_001 })
    await hear(remote, noMessage)
    expect(sources).toEqual(['203.0.113.1:6881', '203.0.113.1:7001'])
  })

  it('tell of violations with a code, once for each kind in a message, and nothing of the message is thrown', async () => {
    const { remote } = await enter('203.0.113.1')
    await hear(remote, pex({ added: [x, '127.0.0.1:6881', '203.0.113.7:1'], dropped: [y] }))
    await hear(remote, new TextEncoder().encode('d5:addedi1e5:added0:e '))
    expect(events.filter(([name]) => name === 'violation')).toEqual([
      ['violation', 'unknown-drop', 1],
      ['violation', 'refused-contact', 2],
      ['violation', 'wrong-type', 1],
      ['violation', 'duplicate-key', 1],
      ['violation', 'trailing-bytes', 1],
    ])
    expect(swarm.stats().violations).toEqual({
      'unknown-drop': 1,
      'refused-contact': 2,
      'wrong-type': 1,
      'duplicate-key': 1,
      'trailing-bytes': 1,
    })
  })
})

describe('the candidates of a swarm', () => {
  it('are announced at most once in a turn of the event loop, whatever comes in it, and next() after it has gone dry', async () => {
    const [a, b] = [await enter('203.0.113.1'), await enter('203.0.113.2')]
    let count = 0
    swarm.on('candidates', () => count++)
    const peers = manyPeers(8).map((_, index) => `198.51.${index}.1:6881`)
    for (const [index, peer] of peers.entries()) {
      const { ut_pex } = (index % 2 === 0 ? a : b).ours
      ut_pex.onMessage(pex({ added: [peer] }))
      if (index > 3) expect(swarm.next(9).length).toBe(index === 4 ? 5 : 1)
      await Promise.resolve()
    }
    expect(count).toBe(0)
    await settle()
    expect(count).toBe(1)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(count).toBe(1)
    await vi.advanceTimersByTimeAsync(60_000)
    await hear(a.remote, pex({ added: ['203.0.200.1:6881'] }))
    expect(count).toBe(2)
    await hear(b.remote, pex({ added: ['203.0.201.1:6881'] }))
    expect(count).toBe(2)
  })

  it('are handed out by next(), at most as many as asked for, each once', async () => {
    const { remote } = await enter('203.0.113.1')
    await hear(remote, pex({ added: [x, y, '[2001:db8::5]:6881'] }))
    for (const count of [0, -1, Number.NEGATIVE_INFINITY, 0.9]) expect(swarm.next(count)).toEqual([])
    expect(swarm.next(1.9).length).toBe(1)
    expect(swarm.next(Number.POSITIVE_INFINITY).length).toBe(2)
    expect(swarm.next(10)).toEqual([])
  })

  it('come again after report() says that they failed and a source claims them anew, not before 15 minutes', async () => {
    const [a, b] = [await enter('203.0.113.1'), await enter('203.0.113.2')]
    await hear(a.remote, pex({ added: [x] }))
    expect(swarm.next(1)).toEqual([x])
    swarm.report(x, 'failed')
    await hear(b.remote, pex({ added: [x] }))
    expect(swarm.next(1)).toEqual([])
    events.length = 0
    await vi.advanceTimersByTimeAsync(15 * 60_000)
    expect(events).toEqual([['candidates']])
    expect(swarm.next(1)).toEqual([x])
  })

  it('are none any more once a wire has connected to them', async () => {
    const { remote } = await enter('203.0.113.1')
    await hear(remote, pex({ added: [x, y] }))
    expect(swarm.stats().candidates).toBe(2)
    await enter('198.51.1.1', { outgoing: true })
    expect(swarm.stats().candidates).toBe(1)
    expect(swarm.next(9)).toEqual([y])
  })

  it('leave out seeds while we are one', async () => {
    make({ seeding: true })
    const { remote } = await enter('203.0.113.1')
    await hear(remote, pex({ added: [x, y], flags: [2, 0] }))
    expect(swarm.next(9)).toEqual([y])
    swarm.seeding = false
    expect(swarm.seeding).toBe(false)
    expect(swarm.next(9)).toEqual([x])
  })

  it('are never ourselves: our address by the word of two peers, or of the one that tells, with our listen port', async () => {
    make({ listenPort: 6_999 })
    const yourip = Uint8Array.of(198, 51, 1, 1)
    const { remote } = await enter('203.0.113.1', { handshake: { yourip } })
    await enter('203.0.113.2', { handshake: { yourip } })
    const { remote: other } = await enter('203.0.113.3')
    await hear(remote, pex({ added: ['198.51.1.1:6999', y] }))
    await hear(other, pex({ added: ['198.51.1.1:6999', '198.51.1.1:7000'] }))
    expect(swarm.known().map(({ peer }) => peer)).toEqual([y, '198.51.1.1:7000'])
    expect(swarm.stats().violations).toEqual({ 'refused-contact': 2 })
  })

  it('are only what accept() lets in; it is asked with the address as text, and a throw is a no', async () => {
    const asked: unknown[][] = []
    make({
      accept: (address, port) => {
        asked.push([address, port])
        if (port === 7_001) throw new Error('no')
        return (port === 7_002 ? 1 : port !== 7_003) as boolean
      },
    })
    const { remote } = await enter('203.0.113.1')
    await hear(remote, pex({ added: ['198.51.1.1:7000', '198.51.1.2:7001', '198.51.1.3:7002', '198.51.1.4:7003', '[2001:db8::5]:7004'] }))
    expect(asked).toEqual([
      ['198.51.1.1', 7_000],
      ['198.51.1.2', 7_001],
      ['198.51.1.3', 7_002],
      ['198.51.1.4', 7_003],
      ['2001:db8::5', 7_004],
    ])
    expect(swarm.next(9).sort()).toEqual(['198.51.1.1:7000', '[2001:db8::5]:7004'])
    expect(swarm.stats()).toMatchObject({ known: 2, claims: 2 })
  })
})

describe('what a swarm knows', () => {
  it('is listed by known() with flags and sources, by sourcesOf() with wires, 8 at most, and counted by stats()', async () => {
    const connected: Connected[] = []
    for (let i = 1; i <= 10; i++) connected.push(await enter(`203.0.113.${i}`))
    for (const [index, { remote }] of connected.entries())
      await hear(remote, pex({ added: index === 3 ? [x, y] : [x], flags: [0xe0 + (index === 0 ? 0x12 : 0)] }))
    const sources = connected.map((_, index) => `203.0.113.${index + 1}:6881`)
    expect(swarm.known()).toEqual([
      { peer: x, flags: expect.objectContaining({ isSender: true, isReachable: true, supportsUtp: false }), sources },
      { peer: y, flags: expect.objectContaining({ isSender: false }), sources: ['203.0.113.4:6881'] },
    ])
    expect(swarm.sourcesOf(y)).toEqual([{ source: '203.0.113.4:6881', wire: connected[3]!.ours }])
    expect(swarm.sourcesOf(x).length).toBe(8)
    expect(swarm.sourcesOf('[2001:db8::5]:6881')).toEqual([])
    await vi.advanceTimersByTimeAsync(2_000)
    expect(swarm.stats()).toMatchObject({
      connections: 10,
      contacts: 10,
      known: 2,
      claims: 11,
      candidates: 2,
      messagesReceived: 10,
      messagesSent: 10,
    })
    connected[3]!.ours.destroy()
    await settle()
    expect(swarm.stats()).toMatchObject({ connections: 9, contacts: 9, known: 1, claims: 9, messagesReceived: 10, messagesSent: 10 })
  })

  it('is without what a peer told before reset() of its wire, without an event; and nothing is sent there until start()', async () => {
    const { ours, remote } = await enter('203.0.113.1')
    await hear(remote, pex({ added: [x] }))
    ours.ut_pex.reset()
    expect([swarm.known(), swarm.sourcesOf(x), swarm.stats().claims]).toEqual([[], [], 0])
    await hear(remote, pex({ added: [x] }))
    expect(events.map(([name]) => name)).toEqual(['peer', 'candidates', 'peer'])
    await enter('203.0.113.2')
    await vi.advanceTimersByTimeAsync(100_000)
    expect(remote.received).toEqual([])
    ours.ut_pex.start()
    await vi.advanceTimersByTimeAsync(65_000)
    expect(remote.holds()).toEqual(['203.0.113.2:6881'])
  })

  it('does not count what was sent and received before a wire joined', async () => {
    const { ours, remote } = await connect(utPex(), { address: '203.0.113.1' })
    await hear(remote, pex({ added: [x] }))
    ours.ut_pex.addPeer(y)
    ours.ut_pex.start()
    await vi.advanceTimersByTimeAsync(2_000)
    ours.use(utPex({ swarm }))
    await settle()
    expect(swarm.stats()).toMatchObject({ messagesSent: 0, messagesReceived: 0, claims: 1 })
  })
})

describe('close()', () => {
  it('can be called again, lets every wire go, and leaves everything harmless', async () => {
    const { ours, remote } = await enter('203.0.113.1')
    await hear(remote, pex({ added: [x] }))
    await enter('203.0.113.2')
    swarm.close()
    swarm.close()
    expect(vi.getTimerCount()).toBe(0)
    events.length = 0
    await hear(remote, pex({ added: [y], dropped: [x] }))
    ours.ut_pex.leaving('duplicate')
    ours.ut_pex.start()
    ours.ut_pex.addPeer(x)
    ours.ut_pex.stop()
    ours.ut_pex.reset()
    swarm.private = true
    swarm.private = false
    swarm.listenPort = 7_000
    swarm.pieceCount = 5
    swarm.seeding = true
    swarm.report(x, 'failed')
    await vi.advanceTimersByTimeAsync(200_000)
    expect(events).toEqual([])
    expect(remote.received).toEqual([])
    expect([swarm.next(9), swarm.known(), swarm.sourcesOf(x)]).toEqual([[], [], []])
    expect(swarm.stats()).toMatchObject({ connections: 0, contacts: 0, known: 0, claims: 0 })
    expect(vi.getTimerCount()).toBe(0)
    expect(ours.destroyed).toBe(false)
  })

  it('is what `using` calls', async () => {
    await enter('203.0.113.1')
    expect(swarm.stats().connections).toBe(1)
    swarm[Symbol.dispose]()
    expect(swarm.stats().connections).toBe(0)
  })
})
