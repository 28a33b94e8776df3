/** Private torrents (BEP 27) on real wires: `false`, `true` and `'unknown'`, and all six ways from one to another. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Privacy } from '../../src/core/swarm.ts'
import utPex, { PexSwarm } from '../../src/index.ts'
import { closeWires, join, listen, newWire, pex, type RealWire, Remote, settle, shakeHands } from './wires.ts'

let swarm: PexSwarm
let events: unknown[][]
let count: number
beforeEach(() => {
  vi.useFakeTimers()
  count = 0
})
afterEach(async () => {
  await closeWires()
  swarm.close()
  expect(vi.getTimerCount(), 'timers left after the last wire has closed').toBe(0)
  vi.useRealTimers()
})

function make(privacy: Privacy): void {
  swarm = new PexSwarm({ private: privacy, listenPort: 6_999 })
  events = []
  swarm.on('peer', (peer) => events.push(['peer', peer]))
  swarm.on('dropped', (peer) => events.push(['dropped', peer]))
  swarm.on('candidates', () => events.push(['candidates']))
  swarm.on('violation', ({ code }) => events.push(['violation', code]))
}

interface Member {
  readonly ours: RealWire
  readonly remote: Remote
  readonly heard: unknown[][]
  /** Every extended handshake that the remote got: `m` and `p`. */
  readonly handshakes: Record<string, unknown>[]
}

/** A wire with another extension beside ours, and its remote at 203.0.113.x:6881. */
async function enter(direction: 'in' | 'out' = 'in'): Promise<Member> {
  const ours = newWire(direction === 'in' ? 'tcpIncoming' : 'tcpOutgoing', { address: `203.0.113.${++count}`, port: 6_881 })
  const remote = new Remote({ p: 6_881 })
  const handshakes: Record<string, unknown>[] = []
  remote.wire.on(
    'extended',
    ((name: string, { m, p }: Record<string, unknown>) => name === 'handshake' && handshakes.push({ m, p })) as never,
  )
  function Other(): void {}
  Other.prototype.name = 'ut_other'
  ours.use(utPex({ swarm }))
  ours.use(Other)
  const heard = listen(ours.ut_pex)
  join(ours, remote.wire)
  if (direction === 'in') shakeHands(remote.wire, ours)
  else shakeHands(ours, remote.wire)
  await settle()
  remote.wire.haveNone()
  await settle()
  return { ours, remote, heard, handshakes }
}

/** A message under the id that ut_pex has with us, whether or not our handshake said so. */
async function say({ remote }: Member, added: string[], dropped: string[] = []): Promise<void> {
  remote.wire.extended(1, pex({ added, dropped }))
  await settle()
}

const turns = (number: number): Promise<unknown> => vi.advanceTimersByTimeAsync(number * 66_000)
const with0 = { m: { ut_pex: 0, ut_other: 2 }, p: 6_999 }
const with1 = { m: { ut_pex: 1, ut_other: 2 }, p: 6_999 }
const without = { m: { ut_other: 2 }, p: 6_999 }
const [x, y, z] = ['198.51.1.1:6881', '198.51.2.1:6881', '198.51.3.1:6881'] as const

function expectSilence(...members: Member[]): void {
  expect(events).toEqual([])
  expect([swarm.next(9), swarm.known(), swarm.sourcesOf(x)]).toEqual([[], [], []])
  for (const { remote, heard } of members) {
    expect(remote.received).toEqual([])
    expect(heard).toEqual([])
  }
}

describe('a private swarm', () => {
  it.each(['in', 'out'] as const)('leaves ut_pex out of `m` of a new connection (%s), and the other extensions in', async (direction) => {
    make(true)
    const { handshakes } = await enter(direction)
    await turns(1)
    expect(handshakes).toEqual([without])
  })

  it('sends no byte, and takes and reports nothing, though remotes send all the same', async () => {
    make(true)
    const members = [await enter(), await enter('out')]
    for (const member of members) {
      await say(member, [x])
      for (let i = 0; i < 30; i++) member.ours.ut_pex.onMessage(pex({ added: [`198.51.1.${i}:6881`], dropped: [x] }))
      member.ours.ut_pex.onMessage(new TextEncoder().encode('garbage'))
    }
    await turns(4)
    expectSilence(...members)
    expect(swarm.stats()).toMatchObject({ known: 0, claims: 0, candidates: 0, messagesSent: 0 })
    expect(members.map(({ ours }) => ours.destroyed)).toEqual([false, false])
  })

  it('does not name ut_pex to the remote of a wire that was attached late', async () => {
    make(true)
    const ours = newWire('tcpIncoming', { address: '203.0.113.1', port: 50_000 })
    const remote = new Remote()
    join(ours, remote.wire)
    shakeHands(remote.wire, ours)
    await settle()
    ours.use(utPex({ swarm }))
    await settle()
    expect(remote.wire.peerExtendedMapping.ut_pex ?? 0).toBe(0)
  })

  it('takes a wire that was fed by hand, and forgets what it had told', async () => {
    make(true)
    const ours = newWire('tcpIncoming', { address: '203.0.113.1', port: 50_000 })
    const remote = new Remote()
    ours.use(utPex())
    join(ours, remote.wire)
    shakeHands(remote.wire, ours)
    await settle()
    remote.say(pex({ added: [x] }))
    await settle()
    ours.use(utPex({ swarm }))
    await settle()
    expect(remote.wire.peerExtendedMapping.ut_pex).toBe(0)
    swarm.private = false
    await settle()
    expect(swarm.known()).toEqual([])
    expect(remote.wire.peerExtendedMapping.ut_pex).toBeGreaterThan(0)
  })
})

describe('from public', () => {
  it('to private: open wires get `ut_pex: 0` once, everything is forgotten without an event, nothing is sent or taken', async () => {
    make(false)
    const members = [await enter(), await enter('out')]
    await say(members[0]!, [x])
    swarm.private = true
    events.length = 0
    for (const { heard } of members) heard.length = 0
    await settle()
    expect(members.map(({ handshakes }) => handshakes)).toEqual([
      [with1, with0],
      [with1, with0],
    ])
    await say(members[1]!, [y], [x])
    await turns(3)
    expectSilence(...members)
    expect(swarm.stats()).toMatchObject({ known: 0, claims: 0, candidates: 0 })
    expect(members[0]!.handshakes.length).toBe(2)
  })

  it('to unknown: nothing is sent, reported or handed out, and nothing is lost', async () => {
    make(false)
    const first = await enter()
    await say(first, [x])
    swarm.private = 'unknown'
    events.length = 0
    first.heard.length = 0
    const second = await enter()
    await say(second, [y])
    await turns(2)
    expectSilence(first, second)
    expect(first.handshakes).toEqual([with1])
    swarm.private = false
    await turns(1)
    expect(events).toContainEqual(['peer', y])
    expect(swarm.known().map(({ peer }) => peer)).toEqual([x, y])
    expect(swarm.next(9).sort()).toEqual([x, y])
    expect(first.remote.holds()).toEqual(['203.0.113.2:6881'])
    expect(second.remote.holds()).toEqual(['203.0.113.1:6881'])
  })
})

describe('from unknown', () => {
  it('nothing comes out, though ut_pex is in `m` and what comes is kept', async () => {
    make('unknown')
    const members = [await enter(), await enter('out')]
    await say(members[0]!, [x, y])
    await say(members[0]!, [z], [y])
    for (let i = 0; i < 20; i++) members[1]!.ours.ut_pex.onMessage(pex({}))
    await turns(4)
    expectSilence(...members)
    expect(members.map(({ handshakes }) => handshakes)).toEqual([[with1], [with1]])
    expect(swarm.stats()).toMatchObject({ claims: 2 })
  })

  it('to public: what is held is reported, handed out and sent, with no new handshake', async () => {
    make('unknown')
    const members = [await enter(), await enter('out'), await enter()]
    await say(members[0]!, [x, y])
    await say(members[1]!, [y])
    await say(members[0]!, [z], [x])
    await turns(1)
    swarm.private = false
    await settle()
    expect(events).toEqual([['peer', y], ['peer', z], ['candidates']])
    expect(members.map(({ heard }) => heard.map(([name, peer]) => `${name} ${peer}`))).toEqual([
      [`peer ${y}`, `peer ${z}`],
      [`peer ${y}`],
      [],
    ])
    expect(swarm.next(9).sort()).toEqual([y, z])
    await turns(1)
    expect(members[2]!.remote.holds()).toEqual(['203.0.113.1:6881', '203.0.113.2:6881'])
    expect(members.map(({ handshakes }) => handshakes.length)).toEqual([1, 1, 1])
    await say(members[0]!, [], [y])
    await say(members[1]!, [], [y])
    expect(events.at(-1)).toEqual(['dropped', y])
  })

  it('to private: it is forgotten, and says so to open wires', async () => {
    make('unknown')
    const member = await enter()
    await say(member, [x])
    swarm.private = true
    await say(member, [y])
    await turns(2)
    expectSilence(member)
    expect(member.handshakes).toEqual([with1, with0])
    swarm.private = false
    await turns(1)
    expect(swarm.known()).toEqual([])
    expect(events).toEqual([])
  })
})

describe('from private', () => {
  it('to public: ut_pex is back under its id, and what a peer was told before is told to the end', async () => {
    make(false)
    const members = [await enter(), await enter('out'), await enter()]
    await turns(1)
    expect(members[0]!.remote.holds()).toEqual(['203.0.113.2:6881', '203.0.113.3:6881'])
    swarm.private = true
    await settle()
    members[2]!.ours.destroy()
    await turns(2)
    expect(members[0]!.remote.received.length).toBe(1)
    swarm.private = false
    await turns(1)
    expect(members[0]!.handshakes).toEqual([with1, with0, with1])
    expect(members[0]!.remote.holds()).toEqual(['203.0.113.2:6881'])
    expect(Math.min(...members[0]!.remote.gaps())).toBeGreaterThanOrEqual(62_000)
    await say(members[0]!, [x])
    expect(events).toEqual([['peer', x], ['candidates']])
  })

  it('to public before the first handshake: nobody notices', async () => {
    make(true)
    const ours = newWire('tcpOutgoing', { address: '203.0.113.1', port: 6_881 })
    const remote = new Remote()
    ours.use(utPex({ swarm }))
    swarm.private = false
    join(ours, remote.wire)
    shakeHands(ours, remote.wire)
    await settle()
    expect(remote.wire.peerExtendedHandshake).toMatchObject({ m: { ut_pex: 1 } })
  })

  it('to unknown: ut_pex is back in `m`, and nothing comes out until it is known', async () => {
    make(true)
    const members = [await enter(), await enter('out')]
    swarm.private = 'unknown'
    await settle()
    expect(members[0]!.handshakes).toEqual([without, with1])
    await say(members[0]!, [x])
    await turns(2)
    expectSilence(...members)
    swarm.private = false
    await turns(1)
    expect(events).toEqual([['peer', x], ['candidates']])
    expect(members[0]!.remote.holds()).toEqual(['203.0.113.2:6881'])
  })
})

it('setting what it is already changes nothing and says nothing', async () => {
  for (const privacy of [false, true, 'unknown'] as const) {
    make(privacy)
    const { handshakes } = await enter()
    swarm.private = privacy
    await settle()
    expect(handshakes.length).toBe(1)
    swarm.close()
  }
})

it('a private swarm that is closed gives the wire its `m` back', async () => {
  make(false)
  const { ours, remote } = await enter()
  swarm.private = true
  await settle()
  expect(ours.extendedMapping).toEqual({ 2: 'ut_other' })
  swarm.close()
  expect(ours.extendedMapping).toEqual({ 1: 'ut_pex', 2: 'ut_other' })
  ours._sendExtendedHandshake()
  await settle()
  expect(remote.wire.peerExtendedHandshake).toMatchObject({ m: { ut_pex: 1 } })
})
