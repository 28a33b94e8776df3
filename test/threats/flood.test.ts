/** T1, T2 and T23: too much, too often, and clocks that leap. */
import { describe, expect, test } from 'vitest'
import { bencoded, fromText } from '../codec/bytes.ts'
import { chance, day, encode, hour, many, many6, minute, Scene, second, watched } from './scene.ts'

const contact = '30.0.0.1:6881'
const either = (index: number): { added: string[]; dropped: string[] } => {
  const [one, other] = index % 2 === 0 ? ['30.0.0.1:6881', '30.0.0.2:6881'] : ['30.0.0.2:6881', '30.0.0.1:6881']
  return { added: [one as string], dropped: [other as string] }
}

describe('T1 many messages', () => {
  test.each([
    ['30 s apart to the millisecond, for four weeks', 28, () => 30 * second],
    ['59.98 s apart, as libtorrent’s first two, for a week', 7, () => 59_980 + 1 / 3],
    ['30 s apart and up to 30 s later, for a week', 7, (random: () => number) => (30 + 30 * random()) * second],
    [
      '30 s apart, now and then after hours, for a year',
      365,
      (random: () => number) => 30_000 + (random() < 0.1 ? 80 : 0) * hour * random(),
    ],
  ])('%s, are all read, and no change is lost', (_title, days, gap) => {
    const scene = new Scene()
    const random = chance(1)
    scene.connect('a')
    let count = 0
    for (scene.now = 0.25; scene.now < days * day; scene.now += gap(random)) {
      scene.say('a', either(count++))
      if (scene.takeAdded().length !== 1) throw new Error(`message ${count} at ${scene.now} was not read`)
    }
    expect(count).toBeGreaterThan(1_000)
    expect(scene.takeDropped()).toHaveLength(count - 1)
    expect(Object.keys(scene.takeViolations())).toEqual(['unknown-drop'])
  })

  test('six at once are read after a stall, the seventh is not, and 30 s later one more is', () => {
    const scene = new Scene()
    scene.connect('a')
    scene.now = day
    for (let index = 0; index < 6; index++) scene.say('a', either(index))
    expect(scene.takeAdded()).toHaveLength(6)
    scene.say('a', either(6))
    scene.now += 29_999
    scene.say('a', either(6))
    expect([scene.takeAdded(), scene.takeViolations()['too-frequent']]).toEqual([[], 2])
    scene.now += 1
    scene.say('a', either(6))
    scene.say('a', either(7))
    expect([scene.takeAdded().length, scene.takeViolations()['too-frequent']]).toEqual([1, 1])
  })

  test('one in excess costs no look at its bytes', () => {
    const scene = new Scene()
    scene.connect('a')
    for (let index = 0; index < 6; index++) scene.say('a', either(index))
    const { bytes, looks } = watched(encode({ added: many(50) }))
    scene.swarm.handleMessage('a', bytes, scene.now)
    expect(looks()).toBe(0)
  })

  /** Fifteen at once, so nine in excess; then what a minute later leaves of them. */
  function exceed(lastAt: number): Record<string, number> {
    const scene = new Scene()
    scene.connect('a')
    for (let index = 0; index < 15; index++) scene.say('a', {})
    expect(scene.takeViolations()).toEqual({ 'too-frequent': 9 })
    for (const tokenAt of [30_000, 60_000].filter((time) => time <= lastAt)) {
      scene.now = tokenAt
      scene.say('a', {})
    }
    scene.now = lastAt
    scene.say('a', {})
    return scene.takeViolations()
  }

  test('ten in excess are a flood within 59,999 ms, and none within 60,000', () => {
    expect(exceed(0)).toEqual({ 'too-frequent': 1, flood: 1 })
    expect(exceed(59_999)).toEqual({ 'too-frequent': 1, flood: 1 })
    expect(exceed(60_000)).toEqual({ 'too-frequent': 1 })
  })

  test('a host that wants no flood reported sets the limit to Infinity', () => {
    const scene = new Scene({ limits: { floodMessages: Number.POSITIVE_INFINITY } })
    scene.connect('a')
    for (let index = 0; index < 1_000; index++) scene.say('a', {})
    expect(scene.takeViolations()).toEqual({ 'too-frequent': 994 })
  })
})

describe('T2 big messages', () => {
  /** A message with one contact, of exactly so many bytes. */
  function ofLength(byteLength: number): Uint8Array {
    const head = 'd5:added6:\x1e\0\0\x01\x1a\xe17:dropped0:1:z'
    const content = byteLength - head.length - 1 - 6
    return fromText(`${head}${bencoded('x'.repeat(content))}e`)
  }

  test('32 KiB are read, a byte more is refused without a look', () => {
    const scene = new Scene()
    scene.connect('a')
    const [fits, isLonger] = [ofLength(32_768), watched(ofLength(32_769))]
    expect([fits.length, isLonger.bytes.length]).toEqual([32_768, 32_769])
    scene.swarm.handleMessage('a', isLonger.bytes, 0)
    expect([scene.takeAdded(), scene.takeViolations(), isLonger.looks()]).toEqual([[], { 'too-large': 1 }, 0])
    scene.say('a', fits)
    expect([scene.takeAdded('a'), scene.takeViolations()]).toEqual([[contact], {}])
  })

  test('of the first message 200 contacts of each family are taken, and what is beyond is counted', () => {
    const scene = new Scene()
    scene.connect('a')
    scene.say('a', { added: [...many(200), ...many6(200)] })
    expect([scene.takeAdded().length, scene.takeViolations()]).toEqual([400, {}])
    scene.connect('b')
    scene.say('b', { added: [...many(201), ...many6(203)] })
    expect([scene.takeAdded('b'), scene.takeViolations()]).toEqual([[...many(200), ...many6(200)], { 'too-many-contacts': 4 }])
  })

  test('of a later one 100 are taken, both families together', () => {
    const scene = new Scene()
    scene.connect('a')
    scene.say('a', { added: many(1) })
    scene.takeAdded()
    scene.say('a', { added: many(100, 1) })
    expect([scene.takeAdded().length, scene.takeViolations()]).toEqual([100, {}])
    scene.say('a', { added: many(101, 2) })
    expect([scene.takeAdded().length, scene.takeViolations()]).toEqual([100, { 'too-many-contacts': 1 }])
    scene.say('a', { added: [...many(60, 3), ...many6(41)] })
    expect([scene.takeAdded('a'), scene.takeViolations()]).toEqual([[...many(60, 3), ...many6(40)], { 'too-many-contacts': 1 }])
  })

  test('dropped is read to its end: the last of five thousand ends a claim', () => {
    const scene = new Scene()
    scene.connect('a')
    scene.say('a', { added: [contact] })
    scene.say('a', { dropped: [...many(5_000, 1), contact] })
    expect([scene.takeDropped('a'), scene.takeViolations()]).toEqual([[contact], { 'unknown-drop': 5_000 }])
  })
})

describe('T23 a clock that leaps', () => {
  test('over eight hours asleep costs each peer one message and not one for each minute', () => {
    const scene = new Scene()
    for (let index = 0; index < 20; index++) scene.connect(`peer ${index}`)
    scene.pass(10 * minute)
    scene.connect('late')
    const before = scene.sent.length
    scene.now += 8 * hour
    scene.wake()
    for (let step = 0; step < 10; step++) {
      scene.connect(`news ${step}`, { handshake: { utPex: 0 } })
      scene.pass(6_199)
    }
    const counts = new Map<string, number>()
    for (const { id } of scene.sent.slice(before)) counts.set(id, (counts.get(id) ?? 0) + 1)
    expect(counts.size).toBe(21)
    expect(new Set(counts.values())).toEqual(new Set([1]))
  })

  test('gives a peer no more than a full bucket, and back it locks nobody out', () => {
    const scene = new Scene()
    scene.connect('a')
    for (let index = 0; index < 9; index++) scene.say('a', either(index))
    scene.now += 8 * hour
    scene.takeAdded()
    for (let index = 0; index < 9; index++) scene.say('a', either(index))
    expect(scene.takeAdded().length).toBeLessThanOrEqual(6)
    scene.now -= 8 * hour
    scene.say('a', {})
    scene.now += 30_000
    scene.takeViolations()
    scene.say('a', {})
    expect(scene.takeViolations()).toEqual({})
  })
})
