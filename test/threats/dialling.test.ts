/** T7–T10: whom others would have us dial. */
import { describe, expect, test } from 'vitest'
import { chance, hour, many, many6, minute, Scene, second } from './scene.ts'

const sequence = (count: number): number[] => Array.from({ length: count }, (_, index) => index)
/** The hosts of a /24. */
const hosts = (count: number, first = 1, net = '99.0.0'): string[] => sequence(count).map((index) => `${net}.${first + index}:6881`)

describe('T7 contacts that nobody can connect to', () => {
  /** How many of one /24 a source may have dialled at a time, after so many of its contacts were dialled and so many of them connected. */
  function quotaAfter(dials: number, connected: number): number {
    const scene = new Scene()
    scene.connect('a')
    scene.say('a', { added: many(dials) })
    for (let count = 0; count < dials; count++) {
      const [contact] = scene.next(1) as [string]
      scene.report(contact, count < connected ? 'connected' : 'failed')
    }
    scene.now += minute
    scene.say('a', { added: hosts(9) })
    return scene.next(9).length
  }

  test('cost their source three quarters of its quotas after 40 dials, not after 39', () => {
    expect(quotaAfter(39, 0)).toBe(2)
    expect(quotaAfter(40, 0)).toBe(1)
  })

  test('cost it nothing where 5 % connect: 2 of 40; 1 of 40 is too few, 15 % are plenty', () => {
    expect(quotaAfter(40, 1)).toBe(1)
    expect(quotaAfter(40, 2)).toBe(2)
    expect(quotaAfter(100, 15)).toBe(2)
    expect(quotaAfter(200, 9)).toBe(1)
  })

  test('give their source one turn where others have four', () => {
    const scene = new Scene()
    for (const [index, id] of ['liar', 'b', 'c', 'd', 'e'].entries()) {
      scene.connect(id)
      if (id === 'liar') {
        scene.say(id, { added: many(40) })
        scene.dialInVain(40)
        scene.now += minute
      }
      scene.say(id, { added: many(100, 10 + index) })
    }
    const dialled = scene.next(170)
    expect(dialled.filter((contact) => contact.startsWith('40.')).length).toBeLessThanOrEqual(11)
  })
})

describe('T8 a source that crowds out others', () => {
  test('holds no more than a quarter of the candidates, full store or not', () => {
    const alone = new Scene()
    alone.connect('liar')
    for (let turn = 0; turn < 30; turn++, alone.now += minute) alone.say('liar', { added: many(100, turn) })
    expect(alone.swarm.stats().candidates).toBeLessThanOrEqual(500)
    const scene = new Scene()
    scene.connect('liar')
    for (let source = 0; source < 12; source++) {
      scene.connect(`s${source}`)
      scene.say(`s${source}`, { added: many(200, 50 + source) })
    }
    for (let turn = 0; turn < 30; turn++, scene.now += minute) scene.say('liar', { added: many(100, turn) })
    expect(scene.swarm.stats().candidates).toBe(2_000)
    for (let source = 0; source < 12; source++) scene.say(`s${source}`, { dropped: many(200, 50 + source) })
    expect(scene.swarm.stats().candidates).toBeLessThanOrEqual(500)
  })

  test('has 10 of any 40 dials in a row while four can be served, and goes round and round with fewer', () => {
    const scene = new Scene()
    for (const [index, id] of ['liar', 'b', 'c', 'd'].entries()) {
      scene.connect(id)
      scene.say(id, { added: many(id === 'liar' ? 200 : 60, index) })
    }
    expect(mostOf40(scene.dialInVain(160))).toBe(10)
    const left = new Scene()
    for (const [index, id] of ['liar', 'b', 'c', 'd'].entries()) {
      left.connect(id)
      left.say(id, { added: many(id === 'liar' ? 200 : 60, index) })
      if (id !== 'liar') left.swarm.handleDisconnect(id, left.now)
    }
    expect(mostOf40(left.dialInVain(160))).toBe(10)
    const two = new Scene()
    for (const [index, id] of ['liar', 'b'].entries()) {
      two.connect(id)
      two.say(id, { added: many(60, index) })
    }
    expect(two.next(60).filter((contact) => contact.startsWith('30.')).length).toBe(30)
  })

  /** The most contacts of the liar's among forty dialled in a row. */
  function mostOf40(dialled: readonly string[]): number {
    const isLiars = dialled.map((contact) => contact.startsWith('30.'))
    return Math.max(...isLiars.slice(39).map((_, start) => isLiars.slice(start, start + 40).filter(Boolean).length))
  }

  test.each([
    ['a /24', (host: number) => `99.0.0.${host}:6881`, (host: number) => `99.0.1.${host}:6881`],
    ['a /56', (host: number) => `[2a00:9:9:${host}::1]:6881`, (host: number) => `[2a00:9:9:1${String(host).padStart(2, '0')}::1]:6881`],
  ])('has two contacts of %s dialled at a time, and eight of all sources', (_title, inside, beside) => {
    const scene = new Scene()
    for (let source = 0; source < 5; source++) {
      scene.connect(`s${source}`)
      scene.say(`s${source}`, { added: sequence(5).map((index) => inside(10 * source + index + 1)) })
      if (source > 0) continue
      const dialled = scene.next(99)
      expect(dialled).toHaveLength(2)
      scene.report(dialled[0] as string, 'failed')
      expect(scene.next(99)).toHaveLength(1)
    }
    // Two are being dialled, and eight are the most.
    expect(scene.next(99)).toHaveLength(6)
    scene.say('s0', { added: [beside(1)] })
    expect(scene.next(99)).toEqual([beside(1)])
  })

  test('and is one of twenty liars among a hundred sources gets them no more than 22 % of the dials', () => {
    const random = chance(5)
    const scene = new Scene()
    for (let source = 0; source < 100; source++) scene.connect(`s${source}`)
    const isLiar = (source: number): boolean => source % 5 === 0
    let [dials, toLiars] = [0, 0]
    for (let turn = 0; turn < 30; turn++, scene.now += minute) {
      for (let source = 0; source < 100; source++) {
        const count = isLiar(source) ? 100 : 4
        const first = turn * count
        const prefix = isLiar(source) ? 150 + (source % 50) : 30 + source
        const added = sequence(count).map((index) => `${prefix}.${source}.${(first + index) % 250}.${1 + ((first + index) % 199)}:6881`)
        scene.say(`s${source}`, { added })
      }
      for (const contact of scene.next(30)) {
        const isTheirs = Number(contact.split('.')[0]) >= 150
        dials++
        if (isTheirs) toLiars++
        scene.report(contact, !isTheirs && random() < 0.15 ? 'connected' : 'failed')
      }
    }
    expect(dials).toBe(900)
    expect(toLiars / dials).toBeLessThanOrEqual(0.22)
    expect(toLiars).toBeGreaterThan(0)
  })
})

describe('T9 one victim', () => {
  test.each([
    ['of IPv4', (port: number) => `99.0.0.1:${port}`],
    ['in a /64', (port: number) => `[2a00:9:9:9::${port.toString(16)}]:6881`],
  ])('%s is dialled once at a time, again only after that failed, and twice in an hour', (_title, victim) => {
    const scene = new Scene()
    for (let source = 0; source < 100; source++) {
      scene.connect(`s${source}`)
      scene.say(`s${source}`, { added: sequence(4).map((index) => victim(1_000 + 4 * source + index)) })
    }
    const [first] = scene.next(1_000) as [string]
    expect(scene.next(1_000)).toEqual([])
    scene.now = 10 * second
    scene.report(first, 'failed')
    const [again, ...more] = scene.next(1_000)
    expect([again === first, more]).toEqual([false, []])
    scene.report(again as string, 'failed')
    scene.now = hour - 1
    expect(scene.next(1_000)).toEqual([])
    scene.now = hour
    const third = scene.next(1_000)
    expect(third).toHaveLength(1)
    scene.report(third[0] as string, 'failed')
    scene.now = hour + 10 * second - 1
    expect(scene.next(1_000)).toEqual([])
    scene.now++
    expect(scene.next(1_000)).toHaveLength(1)
  })

  test('that we are connected to is not dialled at all', () => {
    const scene = new Scene()
    scene.connect('victim', { address: '99.0.0.1' })
    scene.connect('a')
    scene.say('a', { added: ['99.0.0.1:6881'] })
    expect(scene.next(9)).toEqual([])
  })

  test('has four ports in the claims of one peer, however many it tells of', () => {
    const scene = new Scene()
    scene.connect('a')
    for (let turn = 0; turn < 20; turn++, scene.now += minute) {
      scene.say('a', { added: sequence(50).map((index) => `99.0.0.1:${1_000 + 50 * turn + index}`) })
    }
    expect(scene.claimsOf('a')).toEqual([1_000, 1_001, 1_002, 1_003].map((port) => `99.0.0.1:${port}`))
  })
})

describe('T10 one victim network', () => {
  test.each([
    ['a /24 of 254 hosts', hosts(200), hosts(54, 201)],
    ['a /56 of 256 /64s', many6(200).map((_, index) => `[2a00:9:9:${index.toString(16)}::1]:6881`), []],
  ])(
    '%s, told of by a hundred sources, has eight dials at a time; the next come when those are ten minutes old',
    (_title, some, others) => {
      const scene = new Scene()
      for (let source = 0; source < 100; source++) {
        scene.connect(`s${source}`)
        scene.say(`s${source}`, { added: some })
        scene.say(`s${source}`, { added: others })
      }
      expect(scene.next(10_000)).toHaveLength(8)
      scene.now = 10 * minute - 1
      expect(scene.next(10_000)).toEqual([])
      scene.now++
      expect(scene.next(10_000)).toHaveLength(8)
    },
  )

  test('with nothing else to dial has each of its hosts twice an hour, and others do not wait for it', () => {
    const scene = new Scene()
    for (let source = 0; source < 20; source++) {
      scene.connect(`s${source}`)
      scene.say(`s${source}`, { added: hosts(200) })
    }
    expect(scene.next(10_000)).toHaveLength(8)
    scene.connect('honest')
    scene.say('honest', { added: many(30) })
    expect(scene.next(10_000).toSorted()).toEqual(many(30).toSorted())
    const counts = new Map<string, number>()
    for (let time = 0; time < 59; time++, scene.now += minute) {
      for (const contact of scene.dialInVain(10_000)) counts.set(contact, (counts.get(contact) ?? 0) + 1)
    }
    expect(Math.max(...counts.values())).toBeLessThanOrEqual(2)
  })
})
