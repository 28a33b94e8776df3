/** T7 and T8 for who hangs up and comes again, or comes many times at once: what is counted is the address, where it is global. */
import { describe, expect, test } from 'vitest'
import { maxRemembered } from '../../src/core/party.ts'
import { hour, many, minute, Scene } from './scene.ts'

const hosts = (count: number, first = 1): string[] => Array.from({ length: count }, (_, index) => `99.0.0.${first + index}:6881`)

/** Two connections from one party, and two from neighbours that are not. */
const oneParty: readonly (readonly [string, string, string])[] = [
  ['an IPv4 address', '20.9.9.9', '20.9.9.9'],
  ['a /64', '2a00:9:9:9::1', '2a00:9:9:9:ffff::2'],
]
const twoParties: readonly (readonly [string, string | null, string | null])[] = [
  ['neighbours in IPv4', '20.9.9.9', '20.9.9.8'],
  ['neighbouring /64s', '2a00:9:9:9::1', '2a00:9:9:8::1'],
  ['one host', '127.0.0.1', '127.0.0.1'],
  ['one home', '192.168.0.9', '192.168.0.9'],
  ['one link', 'fe80::9', 'fe80::9'],
  ['one carrier’s network', '100.64.0.9', '100.64.0.9'],
  ['one ULA', 'fd00::9', 'fd00::9'],
  ['an unknown address', null, null],
]

/** How many of one /24 are dialled at a time for somebody at `second`, after 40 dials in vain for somebody at `first` who has gone. */
function quotaAfter(first: string | null, second: string | null): number {
  const scene = new Scene()
  scene.connect('before', { address: first })
  scene.say('before', { added: many(40) })
  expect(scene.dialInVain(99)).toHaveLength(40)
  scene.swarm.handleDisconnect('before', scene.now)
  scene.now += hour
  scene.connect('after', { address: second })
  scene.say('after', { added: hosts(9) })
  return scene.next(9).length
}

/** How many candidates stay of what ten connections tell, one after the other or all at once. */
function shareOf(addresses: readonly (string | null)[], how: 'again' | 'at once'): number {
  const scene = new Scene()
  for (let turn = 0; turn < 10; turn++, scene.now += minute) {
    scene.connect(`c${turn}`, { address: addresses[turn % addresses.length] as string | null })
    scene.say(`c${turn}`, { added: many(200, turn) })
    if (how === 'again') scene.swarm.handleDisconnect(`c${turn}`, scene.now)
  }
  return scene.swarm.stats().candidates
}

describe('T7 who hangs up and comes again is the same source', () => {
  test.each(oneParty)('with its standing, at %s', (_title, first, second) => {
    expect(quotaAfter(first, second)).toBe(1)
  })

  test.each(twoParties)('but %s are two', (_title, first, second) => {
    expect(quotaAfter(first, second)).toBe(2)
  })

  test('until as many have gone as are remembered', () => {
    const quotaAfterOthers = (count: number): number => {
      const scene = new Scene()
      for (let index = 0; index <= count; index++) {
        scene.connect(`c${index}`, { address: `20.9.${index >> 8}.${index & 255}` })
        scene.say(`c${index}`, { added: index === 0 ? many(40) : many(1, 1 + (index % 90)) })
        scene.dialInVain(99)
        scene.swarm.handleDisconnect(`c${index}`, scene.now)
        scene.now += hour
      }
      // Who goes is gone when nothing of it is kept: what is stale goes when somebody looks.
      expect(scene.next(9)).toEqual([])
      scene.connect('again', { address: '20.9.0.0' })
      scene.say('again', { added: hosts(9) })
      return scene.next(9).length
    }
    expect(quotaAfterOthers(maxRemembered - 1)).toBe(1)
    expect(quotaAfterOthers(maxRemembered)).toBe(2)
  })
})

describe('T8 who hangs up and comes again is the same source', () => {
  test.each(oneParty)('with its share of the candidates, at %s', (_title, first, second) => {
    expect(shareOf([first, second], 'again')).toBe(240)
    expect(shareOf([first, second], 'at once')).toBe(240)
  })

  test.each(twoParties)('but %s have two, or more', (_title, first, second) => {
    expect(shareOf([first, second], 'again')).toBeGreaterThanOrEqual(480)
    expect(shareOf([first, second], 'at once')).toBeGreaterThanOrEqual(480)
  })

  test('with its share of a subnet', () => {
    const scene = new Scene()
    const dialled: number[] = []
    for (let turn = 0; turn < 4; turn++) {
      scene.connect(`c${turn}`, { address: '20.9.9.9' })
      scene.say(`c${turn}`, { added: hosts(3, 1 + 3 * turn) })
      dialled.push(scene.next(9).length)
      scene.swarm.handleDisconnect(`c${turn}`, scene.now)
    }
    expect(dialled).toEqual([2, 0, 0, 0])
  })

  test.each(['again', 'at once'])('with its turns, %s', (how) => {
    const scene = new Scene()
    for (const [index, id] of ['b', 'c', 'd', 'e'].entries()) {
      scene.connect(id)
      scene.say(id, { added: many(200, 10 + index) })
    }
    const dialled: string[] = []
    for (let turn = 0; turn < 20; turn++) {
      scene.connect(`liar ${turn}`, { address: '20.9.9.9' })
      scene.say(`liar ${turn}`, { added: many(10, 30 + turn) })
      dialled.push(...scene.next(10))
      if (how === 'again') scene.swarm.handleDisconnect(`liar ${turn}`, scene.now)
    }
    // Five take turns, whoever comes how often.
    const liars = dialled.filter((contact) => Number(contact.split('.')[0]) >= 60)
    expect(dialled).toHaveLength(200)
    expect(liars.length).toBeLessThanOrEqual(40)
    expect(liars.length).toBeGreaterThan(30)
  })

  test('and vouches for nothing that it told before', () => {
    const scene = new Scene()
    const own = many(100, 5)
    for (const id of ['liar 1', 'liar 2', 'liar 3']) {
      scene.connect(id, { address: '20.9.9.9' })
      scene.say(id, { added: own })
    }
    const vouched = many(9)
    scene.say('liar 1', { added: vouched })
    scene.connect('b')
    scene.say('b', { added: vouched })
    // What two parties tell comes first for both of them.
    expect(scene.next(9).toSorted()).toEqual(vouched.toSorted())
  })
})

describe('T8 two clients behind one NAT', () => {
  test('both get their contacts dialled, and each drops only its own', () => {
    const scene = new Scene()
    const [both, ofA, ofB] = [many(5), many(5, 1), many(5, 2)]
    for (const [id, own] of [
      ['a', ofA],
      ['b', ofB],
    ] as const) {
      scene.connect(id, { address: '20.9.9.9' })
      scene.say(id, { added: [...both, ...own] })
    }
    expect(scene.sourcesOf(both[0] as string)).toEqual(['a', 'b'])
    expect(scene.sourcesOf(ofA[0] as string)).toEqual(['a'])
    scene.say('a', { dropped: [both[0] as string, ofA[0] as string] })
    expect(scene.sourcesOf(both[0] as string)).toEqual(['b'])
    expect(scene.next(99).toSorted()).toEqual([...both, ...ofA.slice(1), ...ofB].toSorted())
  })

  test('and what one told who left is as old as when it left, though the other stays', () => {
    const scene = new Scene()
    scene.connect('a', { address: '20.9.9.9' })
    scene.connect('b', { address: '20.9.9.9' })
    scene.say('a', { added: many(5) })
    scene.swarm.handleDisconnect('a', scene.now)
    scene.now += 30 * minute - 1
    scene.say('b', { added: many(5, 1) })
    expect(scene.swarm.stats().candidates).toBe(10)
    scene.now++
    expect(scene.next(99).toSorted()).toEqual(many(5, 1).toSorted())
  })
})
