/** T13, T14, T16, T20 and T21: who may say what of whom, and who is told. */
import { describe, expect, test } from 'vitest'
import type { Privacy } from '../../src/core/index.ts'
import { fromText } from '../codec/bytes.ts'
import { hour, many, minute, Scene, second } from './scene.ts'

const one = '30.0.0.1:6881'
const other = '30.0.0.2:6881'

describe('T13 a forged drop', () => {
  test('ends nothing that another source claims, and no candidate while anybody claims it', () => {
    const scene = new Scene()
    for (const id of ['a', 'b', 'liar']) scene.connect(id)
    scene.say('a', { added: [one] })
    scene.say('b', { added: [one] })
    scene.takeAdded()
    scene.say('liar', { dropped: [one] })
    expect([scene.takeDropped(), scene.takeViolations(), scene.sourcesOf(one)]).toEqual([[], { 'unknown-drop': 1 }, ['a', 'b']])
    scene.say('a', { dropped: [one] })
    expect([scene.takeDropped(), scene.swarm.stats().known, scene.swarm.stats().candidates]).toEqual([[`a ${one}`], 1, 1])
    scene.say('liar', { added: [one] })
    scene.say('liar', { dropped: [one] })
    expect([scene.swarm.stats().known, scene.next(9)]).toEqual([1, [one]])
  })

  test('the last claim’s end ends the candidate', () => {
    const scene = new Scene()
    scene.connect('a')
    scene.say('a', { added: [one] })
    scene.say('a', { dropped: [one] })
    expect([scene.next(9), scene.swarm.stats().candidates]).toEqual([[], 0])
  })

  test('with another port ends a claim only where it is the one port of that address, ever', () => {
    const dropOf = (added: readonly string[], ended: readonly string[] = []): string[] => {
      const scene = new Scene()
      scene.connect('a')
      scene.say('a', { added })
      scene.say('a', { dropped: ended })
      scene.takeDropped()
      scene.say('a', { dropped: ['30.0.0.1:50000'] })
      return scene.takeDropped('a')
    }
    expect(dropOf([one])).toEqual([one])
    expect(dropOf([one, other])).toEqual([one])
    expect(dropOf([one, '30.0.0.1:6882'])).toEqual([])
    expect(dropOf([one, '30.0.0.1:6882'], ['30.0.0.1:6882'])).toEqual([])
    expect(dropOf([other])).toEqual([])
    const scene = new Scene()
    for (const id of ['a', 'b']) scene.connect(id)
    scene.say('a', { added: [one] })
    scene.say('b', { dropped: ['30.0.0.1:50000'] })
    expect(scene.takeDropped()).toEqual([])
  })

  test('of an address with many ports finds four at the most', () => {
    const scene = new Scene()
    scene.connect('a')
    const ports = [1, 2, 3, 4, 5].map((index) => `30.0.0.1:${6_880 + index}`)
    scene.say('a', { added: ports })
    expect([scene.claimsOf('a'), scene.takeAdded('a')]).toEqual([ports.slice(0, 4), ports.slice(0, 4)])
  })

  test('comes before added: a contact in both lists of a message is there afterwards', () => {
    const scene = new Scene()
    scene.connect('a')
    scene.say('a', { added: [one] })
    scene.say('a', { added: [one, other], dropped: [one, other] })
    expect([scene.claimsOf('a').toSorted(), scene.takeViolations()]).toEqual([[one, other], { 'unknown-drop': 1 }])
  })
})

describe('T14 a private torrent', () => {
  const values: readonly Privacy[] = [false, true, 'unknown']
  const ways = values.flatMap((from) => values.filter((to) => to !== from).map((to) => [from, to] as const))

  /** Two peers that we could tell of each other; one of them tells and drops. Whatever comes out is noted. */
  function live(scene: Scene, claimed: string): { sent: number; added: string[]; dropped: string[]; dialled: string[]; announced: number } {
    const [sent, announced] = [scene.sent.length, scene.announcedCount]
    scene.say('a', { added: [claimed, other] })
    scene.say('a', { dropped: [other] })
    scene.say('a', fromText('d5:addedi1ee'))
    scene.pass(3 * minute)
    const [added, dropped, dialled] = [scene.takeAdded('a'), scene.takeDropped('a'), scene.next(9)]
    return { sent: scene.sent.length - sent, added, dropped, dialled, announced: scene.announcedCount - announced }
  }
  const nothing = { sent: 0, added: [], dropped: [], dialled: [], announced: 0 }

  test.each(ways)('from %s to %s', (from, to) => {
    const scene = new Scene({ private: from })
    for (const id of ['a', 'b']) scene.connect(id)
    const before = live(scene, one)
    expect(scene.swarm.stats().claims).toBe(from === true ? 0 : 1)
    if (from === false) expect(before).toEqual({ sent: 2, added: [one, other], dropped: [other], dialled: [one], announced: 1 })
    else expect(before).toEqual(nothing)
    scene.takeViolations()

    scene.swarm.handlePrivate(to, scene.now)
    const held = to === false && from === 'unknown' ? [one] : []
    expect([scene.takeAdded('a'), scene.takeDropped('a')]).toEqual([held, []])
    expect(scene.swarm.stats().claims).toBe(to === true || from === true ? 0 : 1)

    const third = '30.0.0.3:6881'
    const after = live(scene, third)
    if (to === false) {
      expect(after.added).toEqual([third, other])
      expect(after.dialled.toSorted()).toEqual([...held, third].toSorted())
      expect(after.sent).toBe(2)
    } else {
      expect(after).toEqual(nothing)
      expect([scene.sourcesOf(third), scene.claimsOf('a'), scene.takeViolations()]).toEqual([[], [], {}])
    }
    const kept = { false: from === true ? 1 : 2, true: 0, unknown: from === true ? 1 : 2 }
    expect(scene.swarm.stats().claims).toBe(kept[String(to) as keyof typeof kept])
  })

  test('that turns out public loses nothing: both peers are told, and what was heard is dialled', () => {
    const scene = new Scene({ private: 'unknown' })
    for (const id of ['a', 'b']) scene.connect(id)
    scene.say('a', { added: many(60) })
    scene.pass(hour)
    expect([scene.sent, scene.next(99)]).toEqual([[], []])
    scene.swarm.handlePrivate(false, scene.now)
    expect(scene.next(99)).toHaveLength(60)
    scene.pass(2 * minute)
    expect([scene.heldBy('a'), scene.heldBy('b')].map((held) => held.length)).toEqual([1, 1])
  })
})

describe('T16 a map of who talks to whom', () => {
  test('has on it only whom share() lets through, and it is asked once for each contact', () => {
    const asked: string[] = []
    const share = ({ address, port }: { address: string; port: number }): boolean => {
      asked.push(`${address}:${port}`)
      if (address === '30.0.2.1') throw new Error('no')
      return address !== '30.0.1.1'
    }
    const scene = new Scene({ share })
    for (const [index, contact] of many(6).entries()) scene.connect(`p${index}`, { address: contact.split(':')[0] as string })
    for (let index = 0; index < 20; index++) scene.connect(`crawler ${index}`, { direction: 'incoming', port: 50_000 })
    scene.pass(hour)
    const shown = many(6).filter((contact) => !/^30\.0\.[12]\./.test(contact))
    expect(scene.heldBy('crawler 7').toSorted()).toEqual(shown.toSorted())
    expect(asked.toSorted()).toEqual(many(6).toSorted())
  })

  test('has 500 of ours on it, not 501, and one more when one of them has gone', () => {
    const scene = new Scene()
    scene.connect('crawler', { direction: 'incoming', port: 50_000 })
    for (const [index, contact] of many(501).entries()) {
      scene.connect(`p${index}`, { address: contact.split(':')[0] as string, handshake: { utPex: 0 } })
    }
    scene.pass(20 * minute)
    expect(scene.heldBy('crawler')).toHaveLength(500)
    scene.swarm.handleDisconnect('p0', scene.now)
    scene.pass(3 * minute)
    expect(scene.heldBy('crawler')).toHaveLength(500)
    expect(scene.heldBy('crawler')).toContain(many(501)[500])
  })

  test('has nobody on it that dialled us and gave no `p`, or none that can be dialled', () => {
    const scene = new Scene()
    scene.connect('listener', { direction: 'incoming', port: 50_000 })
    const given = { none: undefined, zero: 0, one: 1, two: 2, most: 65_535 }
    for (const [index, [id, port]] of Object.entries(given).entries()) {
      scene.connect(id, { address: `30.0.0.${index}`, port: 50_000, direction: 'incoming', handshake: { port } })
    }
    scene.pass(5 * minute)
    expect(scene.heldBy('listener').toSorted()).toEqual(['30.0.0.3:2', '30.0.0.4:65535'])
  })
})

describe('T18 a chorus', () => {
  test('is none: each of 200 peers that came at once has a phase of its own, and gaps of 62 s or more, for three hours of news', () => {
    const scene = new Scene({ seed: 3 })
    for (let index = 0; index < 200; index++) scene.connect(`p${index}`)
    for (let step = 0; step < 360; step++) {
      scene.connect(`news ${step}`, { handshake: { utPex: 0 } })
      if (step >= 30) scene.swarm.handleDisconnect(`news ${step - 30}`, scene.now)
      scene.pass(30 * second)
    }
    const times = new Map<string, number[]>()
    for (const { id, at } of scene.sent) times.set(id, [...(times.get(id) ?? []), at])
    const gaps = [...times.values()].flatMap((all) => all.slice(1).map((at, index) => at - (all[index] as number)))
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(62_000)
    expect(Math.max(...gaps)).toBeLessThanOrEqual(2 * 65_000)
    expect(gaps.filter((gap) => Math.abs(gap - 65_000) < 1).length / gaps.length).toBeGreaterThan(0.9)
    const phases = new Set([...times.values()].map((all) => Math.round((all.at(-1) as number) % 65_000)))
    expect(phases.size).toBeGreaterThan(150)
  })

  test('62 s are kept, not 61,999 ms, also after a message that had to wait eight seconds for its wire', () => {
    const scene = new Scene()
    for (const id of ['a', 'b']) scene.connect(id)
    const toA = () => scene.sent.filter(({ id }) => id === 'a')
    scene.pass(2 * second)
    scene.connect('c')
    while (scene.turns.filter(({ id }) => id === 'a').length < 2) scene.pass(100, 'busy')
    scene.pass(8 * second, 'busy')
    scene.pass(second)
    const [first, late] = toA()
    expect((late?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(70 * second)
    scene.connect('d')
    scene.pass((late?.at ?? 0) + 61_999 - scene.now)
    expect(toA()).toHaveLength(2)
    scene.pass(1)
    expect(toA()).toHaveLength(3)
  })

  test('a wire that is busy is asked for ten seconds and then left until its next turn, and loses nothing', () => {
    const scene = new Scene()
    for (const id of ['busy', 'b']) scene.connect(id)
    scene.pass(10_999, 'busy')
    const offers = scene.turns.filter(({ id }) => id === 'busy')
    expect(offers.every(({ turn }) => turn === 'open')).toBe(true)
    scene.pass(1, 'busy')
    expect(scene.turns.filter(({ id }) => id === 'busy').at(-1)).toEqual({ id: 'busy', turn: 'final', at: 11_000 })
    scene.pass(30 * second, 'busy')
    expect(scene.turns.filter(({ id }) => id === 'busy')).toHaveLength(offers.length + 1)
    scene.pass(2 * minute)
    expect(scene.heldBy('busy')).toHaveLength(1)
  })
})

describe('T20 an id that goes on and off', () => {
  test('gets the whole list once in 62 s at the most, and no more messages read', () => {
    const scene = new Scene()
    scene.connect('toggler', { direction: 'incoming', port: 50_000 })
    for (const [index, contact] of many(40).entries()) {
      scene.connect(`p${index}`, { address: contact.split(':')[0] as string, handshake: { utPex: 0 } })
    }
    for (let step = 0; step < 3_600; step++) {
      scene.shakeHands('toggler', { utPex: step % 2 === 0 ? 0 : 1 + (step % 255) })
      scene.say('toggler', {})
      scene.pass(second)
    }
    const times = scene.sent.map(({ at }) => at)
    const gaps = times.slice(1).map((at, index) => at - (times[index] as number))
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(62_000)
    expect(times.length).toBeGreaterThan(20)
    // Six at once, and one in 30 s for an hour.
    expect(3_600 - (scene.takeViolations()['too-frequent'] ?? 0)).toBeLessThanOrEqual(6 + 120)
  })

  test('keeps its place on the grid: back on within 62 s of a message, the next one waits for them', () => {
    const scene = new Scene()
    for (const id of ['toggler', 'b']) scene.connect(id)
    scene.pass(5 * second)
    const [first] = scene.sent.filter(({ id }) => id === 'toggler')
    scene.shakeHands('toggler', { utPex: 0 })
    scene.shakeHands('toggler', { utPex: 9 })
    scene.pass((first?.at ?? 0) + 61_999 - scene.now)
    expect(scene.sent.filter(({ id }) => id === 'toggler')).toHaveLength(1)
    scene.pass(4 * second)
    expect(scene.sent.filter(({ id }) => id === 'toggler')).toHaveLength(2)
  })
})

describe('T21 a relay for hole punching', () => {
  test('is any of those that are connected and claim the contact, eight at most', () => {
    const scene = new Scene()
    for (let source = 1; source <= 9; source++) {
      scene.connect(`s${source}`)
      scene.say(`s${source}`, { added: [one] })
      expect(scene.sourcesOf(one)).toHaveLength(Math.min(8, source))
    }
    scene.swarm.handleDisconnect('s1', scene.now)
    scene.say('s2', { dropped: [one] })
    expect(scene.sourcesOf(one)).toEqual(['s3', 's4', 's5', 's6', 's7', 's8', 's9'])
    expect(scene.sourcesOf(other)).toEqual([])
  })
})
