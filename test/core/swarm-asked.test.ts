/** What a host asks its swarm for: who claims what, how much there was, and when it is due. */
import { beforeEach, describe, expect, test } from 'vitest'
import { decodeMessage, encodeMessage } from '../../src/codec/index.ts'
import { Swarm, type SwarmOptions } from '../../src/core/swarm.ts'
import { nothingSaid } from '../nothing-said.ts'
import { endpoint, textOf } from './endpoints.ts'

const minute = 60_000
const x = '40.0.0.1:6881'
const y = '50.0.0.1:6881'
const sink = { turn() {}, added() {}, dropped() {}, candidates() {}, violation() {} }
let swarm: Swarm<number>

function begin(options: Partial<SwarmOptions<number>> = {}): void {
  swarm = new Swarm<number>({ sink, ...options })
}

function meet(id: number, now = 0, pieces: 'some' | 'silent' = 'some'): void {
  const address = Uint8Array.of(20, 0, 0, id)
  swarm.handleConnect(id, { address, port: 6881, direction: 'outgoing', transport: 'tcp', isExtended: true }, now)
  swarm.handleExtendedHandshake(id, { ...nothingSaid, utPex: 1 }, now)
  if (pieces === 'some') swarm.handlePieces(id, false, now)
}

const tell = (id: number, text: string, now = 0): void => swarm.handleMessage(id, encodeMessage({ added: endpoint(text) }), now)

/** The last bytes of those whom this one is told of, with their flags; undefined for no message. */
function told(id: number, now: number): (readonly [number, number])[] | undefined {
  swarm.handleTimeout(now)
  const bytes = swarm.takeMessage(id, now)
  if (bytes === undefined) return undefined
  const { added, addedFlags } = decodeMessage(bytes)
  return [...addedFlags].map((flags, index) => [added[6 * index + 3]!, flags] as const)
}

function claims(): string[] {
  const texts: string[] = []
  swarm.forEachClaim((id, bytes, offset, family, flags) => texts.push(`${id} ${textOf(bytes, offset, family)} ${flags}`))
  return texts
}

beforeEach(() => begin())

describe('who claims a contact', () => {
  test('is each source of it, with the flags that BEP 11 knows, and none who has said nothing', () => {
    for (const id of [1, 2, 3]) meet(id)
    tell(1, x)
    swarm.handleMessage(3, encodeMessage({ added: endpoint(x), addedFlags: Uint8Array.of(0xe2) }), 0)
    tell(3, y, minute)
    expect(claims()).toEqual([`1 ${x} 0`, `3 ${x} 2`, `3 ${y} 0`])
    expect([swarm.sourcesOf(endpoint(x)), swarm.sourcesOf(endpoint(y))]).toEqual([[1, 3], [3]])
    swarm.handleReset(3, minute)
    expect([claims(), swarm.sourcesOf(endpoint(x)), swarm.stats().claims]).toEqual([[`1 ${x} 0`], [1], 1])
  })

  test('is eight sources at most, and nobody while the torrent may be private', () => {
    for (let id = 1; id <= 9; id++) {
      meet(id)
      tell(id, x)
    }
    expect(swarm.sourcesOf(endpoint(x))).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    swarm.handlePrivate('unknown', 0)
    expect([swarm.sourcesOf(endpoint(x)), claims(), swarm.stats().claims]).toEqual([[], [], 9])
  })
})

describe('how much there was', () => {
  test('counts messages of those who have gone, and of ours those alone that were sent', () => {
    for (const id of [1, 2]) meet(id)
    tell(1, x)
    tell(1, y, minute)
    tell(2, x, minute)
    swarm.handleDisconnect(1, minute)
    expect(swarm.stats()).toMatchObject({ connections: 1, messagesReceived: 3, messagesSent: 0 })
    expect(told(2, 2 * minute)).toBeUndefined()
    expect(swarm.stats().messagesSent).toBe(0)
    meet(3, 2 * minute)
    expect(told(2, 5 * minute)).toHaveLength(1)
    expect(swarm.stats().messagesSent).toBe(1)
  })
})

describe('when it is due', () => {
  test('is the first of what it waits for, and never while nobody is connected', () => {
    meet(1)
    tell(1, x)
    swarm.next(1, 0)
    expect(swarm.nextTimeout()).toBe(1_000)
    expect(told(1, 1_000)).toBeUndefined()
    const handedOutMs = 10 * minute
    expect(swarm.nextTimeout()).toBe(handedOutMs)
    meet(2, 1_000)
    meet(3, 1_500, 'silent')
    expect(swarm.nextTimeout()).toBe(2_000)
    for (const id of [1, 2]) expect(told(id, 2_000)).toHaveLength(1)
    meet(4, 2_100)
    expect(told(4, 3_100)).toHaveLength(2)
    // The others are told of the fourth in a minute.
    expect(swarm.nextTimeout()).toBe(3_500)
    swarm.handleTimeout(3_500)
    for (const id of [1, 2, 3, 4]) swarm.handleDisconnect(id, 3_500)
    expect(swarm.nextTimeout()).toBeUndefined()
  })

  test('follows from the seed', () => {
    const times = [1, 2, 1].map((seed) => {
      begin({ seed })
      for (const id of [1, 2]) meet(id)
      told(1, 1_000)
      swarm.handleDisconnect(2, 30_000)
      return swarm.nextTimeout()
    })
    expect(times[2]).toBe(times[0])
    expect(times[1]).not.toBe(times[0])
  })
})

describe('a connection', () => {
  test('whose sending was stopped is told the rest when it goes on', () => {
    for (const id of [1, 2]) meet(id)
    swarm.handleStopped(1, true, 0)
    expect(told(1, minute)).toBeUndefined()
    swarm.handleStopped(1, false, minute)
    expect(told(1, minute + 1_000)).toEqual([[2, 0x10]])
  })

  test('that said nothing of its pieces, and more of itself later, is told of as it is then', () => {
    meet(1)
    meet(2, 0, 'silent')
    swarm.handleTimeout(2_000)
    swarm.handleExtendedHandshake(2, { ...nothingSaid, utPex: 1, encryption: true }, 2_500)
    expect(told(1, 3_000)).toEqual([[2, 0x11]])
  })

  test('that said nothing of its pieces is told nothing until it is taken as it is', () => {
    meet(1)
    meet(2, 0, 'silent')
    expect(told(2, 1_000)).toBeUndefined()
    expect(told(2, 2_000)).toEqual([[1, 0x10]])
  })

  test('that has everything by and by is told of as a seed from then on', () => {
    for (const id of [1, 2]) meet(id)
    swarm.handlePieces(2, true, 500)
    expect(told(1, 1_000)).toEqual([[2, 0x12]])
  })

  test('that said twice who it is may be dialled once it has gone', () => {
    for (const id of [1, 2]) meet(id)
    swarm.handleExtendedHandshake(2, { ...nothingSaid, utPex: 1 }, 0)
    swarm.handleDisconnect(2, 0)
    tell(1, '20.0.0.2:6881')
    expect(swarm.next(1, 0)).toEqual([endpoint('20.0.0.2:6881')])
  })

  test('that goes on in another swarm has its turns there alone', () => {
    const turns: string[] = []
    const create = (name: string) => new Swarm<number>({ sink: { ...sink, turn: (id) => turns.push(`${name} ${id}`) } })
    // So many that what is out of date is not looked for at once.
    swarm = create('first')
    for (let id = 1; id <= 40; id++) meet(id)
    told(1, 1_000)
    swarm.handleDisconnect(2, 10_000)
    const halves = swarm.handleRelease(1, 20_000)
    const other = create('second')
    const address = Uint8Array.of(20, 0, 0, 1)
    other.handleConnect(1, { address, port: 6881, direction: 'outgoing', transport: 'tcp', isExtended: true }, 20_000, halves)
    other.handleExtendedHandshake(1, { ...nothingSaid, utPex: 1 }, 20_000)
    other.handlePieces(1, false, 20_000)
    // The same time as it would have had there.
    const due = other.nextTimeout()!
    turns.length = 0
    swarm.handleTimeout(due)
    other.handleTimeout(due)
    expect(turns.filter((turn) => turn.endsWith(' 1'))).toEqual(['second 1'])
  })

  test('that has said nothing may go on in a private swarm', () => {
    meet(1)
    const halves = swarm.handleRelease(1, 0)
    begin({ private: true })
    const address = Uint8Array.of(20, 0, 0, 1)
    swarm.handleConnect(1, { address, port: 6881, direction: 'outgoing', transport: 'tcp', isExtended: true }, 0, halves)
    expect(swarm.stats()).toMatchObject({ connections: 1, claims: 0, messagesReceived: 0 })
  })
})
