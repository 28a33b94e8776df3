/** Sources that lie, or are many: the threat model's T7 and T8 with their figures, and BEP 11's N27. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { flag } from '../../src/codec/contact.ts'
import { Dialler, local, minute, networksOf, range, record, spread, tally } from './candidates-kit.ts'

/** How often each of these sources has its turn in 200, while all of them have plenty to hand out, and nothing is reported. */
function turnsOf(dialler: Dialler, ...sources: readonly number[]): Map<number, number> {
  // Who has just had all the turns must wait for forty.
  for (const source of range(8, 101)) dialler.offer(source, local(source, 5))
  dialler.next(40)
  for (const source of sources) dialler.offer(source, local(source, 100))
  return tally(dialler.next(200).map((text) => Number(text.split('.')[2])))
}

describe('T7: bogus contacts', () => {
  test.each([
    { dials: 39, connected: 0, turns: 40, why: 'too few dials to judge' },
    { dials: 40, connected: 6, turns: 40, why: '15 % is normal in the wild' },
    { dials: 40, connected: 2, turns: 40, why: '5 % is just enough' },
    { dials: 40, connected: 1, turns: 12, why: 'fewer than 5 %' },
  ])('of $dials reported dials $connected connected: $why', ({ dials, connected, turns }) => {
    const dialler = new Dialler()
    record(dialler, 9, dials, connected)
    const counts = turnsOf(dialler, 1, 2, 3, 4, 9)
    expect(counts.get(9)).toBeLessThanOrEqual(turns)
    expect(counts.get(9)).toBeGreaterThanOrEqual(turns - 2)
  })

  test('what is not reported within ten minutes counts as failed', () => {
    const dialler = new Dialler()
    for (const index of range(40)) dialler.offer(9, local(9, 1, 20_000 + index))
    expect(dialler.next()).toHaveLength(40)
    dialler.now = 10 * minute
    expect(turnsOf(dialler, 1, 2, 3, 4, 9).get(9)).toBeLessThanOrEqual(12)
  })

  test('poor standing quarters the share of a subnet and of the store, too', () => {
    const dialler = new Dialler()
    record(dialler, 9, 40, 0)
    const victims = range(100, 1).map((host) => `20.0.0.${host}:6881`)
    dialler.offer(9, victims)
    dialler.offer(8, ['20.0.1.1:6881', '20.0.1.2:6881', '20.0.1.3:6881'])
    expect(tally(dialler.next().map((text) => networksOf(text)?.subnet))).toEqual(
      new Map([
        ['4/20,0,0', 1],
        ['4/20,0,1', 2],
      ]),
    )
    dialler.offer(9, spread(9, 240))
    dialler.withdraw(8, ['20.0.1.1:6881', '20.0.1.2:6881', '20.0.1.3:6881'])
    expect(dialler.candidates.size).toBe(60)
  })

  test('a source that gets better gets its turns back', () => {
    const dialler = new Dialler()
    record(dialler, 9, 40, 0)
    record(dialler, 9, 10, 10)
    expect(turnsOf(dialler, 1, 2, 3, 4, 9).get(9)).toBeGreaterThanOrEqual(38)
  })

  test('a source that was good for long and turns bad is found out within 160 dials', () => {
    const dialler = new Dialler()
    record(dialler, 9, 1_000, 150)
    record(dialler, 9, 160, 0)
    expect(turnsOf(dialler, 1, 2, 3, 4, 9).get(9)).toBeLessThanOrEqual(12)
  })

  test('a source is judged by what was handed out for it, also after it closed', () => {
    const dialler = new Dialler()
    dialler.offer(9, local(9, 100))
    dialler.next(40)
    dialler.close(9)
    dialler.report('failed')
    expect(turnsOf(dialler, 1, 2, 3, 4).get(9)).toBeLessThanOrEqual(12)
  })
})

describe('T8: eclipse, sybil, crowding out', () => {
  test('sources take turns, however much each of them has (N27)', () => {
    const dialler = new Dialler()
    for (const source of range(9, 1)) dialler.offer(source, local(source, 20))
    dialler.offer(10, local(10, 240))
    const texts = dialler.next(100)
    expect([...tally(texts.map((text) => text.split('.')[2])).values()]).toEqual(Array(10).fill(10))
  })

  test('the same turns come of many small calls and of one large one', () => {
    const texts = [1, 3, 200].map((step) => {
      const dialler = new Dialler()
      for (const source of range(7, 1)) dialler.offer(source, local(source, 10 * source))
      return range(Math.ceil(200 / step))
        .flatMap(() => dialler.next(step))
        .slice(0, 200)
    })
    expect(texts[1]).toEqual(texts[0])
    expect(texts[2]).toEqual(texts[0])
  })

  test('of any 40 in a row at most 10 are of one source while four or more have some waiting', () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('next' as const), count: fc.integer({ min: 1, max: 30 }) }) },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant('offer' as const),
          source: fc.integer({ min: 1, max: 7 }),
          count: fc.integer({ min: 1, max: 12 }),
        }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('drop' as const), source: fc.integer({ min: 1, max: 7 }) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('close' as const), source: fc.integer({ min: 1, max: 7 }) }) },
    )
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 120 }), fc.integer(), (steps, seed) => {
        const dialler = new Dialler({}, seed)
        const waiting = new Map<number, Set<string>>()
        // Of each turn: whose it was, and whether four had something.
        const turns: { source: number; isShared: boolean }[] = []
        // Whoever closed and offers again is another source: 1, 11, 21 …
        const ids = new Map<number, number>()
        let fresh = 0
        for (const step of steps) {
          const source = 'source' in step ? (ids.get(step.source) ?? step.source) : 0
          if (step.kind === 'offer') {
            fresh += step.count
            const texts = local(source, step.count, fresh)
            dialler.offer(source, texts)
            waiting.set(source, new Set([...(waiting.get(source) ?? []), ...texts]))
          } else if (step.kind === 'drop') {
            dialler.withdraw(source, [...(waiting.get(source) ?? [])])
            waiting.delete(source)
          } else if (step.kind === 'close') {
            dialler.close(source)
            ids.set(step.source, source + 10)
          } else {
            for (const text of dialler.next(step.count)) {
              const source = Number(text.split('.')[2])
              turns.push({ source, isShared: [...waiting.values()].filter((own) => own.size > 0).length >= 4 })
              expect(waiting.get(source)?.delete(text)).toBe(true)
            }
            dialler.report('connected')
          }
        }
        for (let start = 0; start + 40 <= turns.length; start++) {
          const slice = turns.slice(start, start + 40)
          if (slice.every(({ isShared }) => isShared))
            expect(Math.max(...tally(slice.map(({ source }) => source)).values())).toBeLessThanOrEqual(10)
        }
      }),
      { numRuns: 200 },
    )
  })

  test.each([
    { why: 'three of four are in poor standing', poor: [2, 3, 4], closed: [] },
    { why: 'three of five have closed', poor: [], closed: [3, 4, 5] },
  ])('at most 10 of any 40 in a row are of one source though $why', ({ poor, closed }) => {
    const dialler = new Dialler()
    for (const source of poor) record(dialler, source, 40, 0)
    for (const source of [1, 2, 3, 4, ...closed]) dialler.offer(source, local(source, 100))
    for (const source of closed) dialler.close(source)
    // In one call and in many: what counts are the last turns, not the calls.
    const turns = [...dialler.next(100), ...range(100).flatMap(() => dialler.next(1))].map((text) => Number(text.split('.')[2]))
    for (let start = 0; start + 40 <= turns.length; start++) {
      const counts = tally(turns.slice(start, start + 40))
      expect(Math.max(...counts.values()), `from turn ${start}`).toBeLessThanOrEqual(10)
    }
  })

  test('a newcomer queues behind all that wait, and those who come together are served in no order of theirs', () => {
    const dialler = new Dialler()
    for (const source of range(5, 1)) dialler.offer(source, local(source, 20))
    dialler.next(12)
    dialler.offer(6, local(6, 20))
    expect(
      dialler
        .next(6)
        .map((text) => Number(text.split('.')[2]))
        .indexOf(6),
    ).toBe(5)
    for (const seed of range(20)) {
      const fresh = new Dialler({}, seed)
      for (const source of range(100)) fresh.offer(source, local(source, 1))
      const early = fresh.next(20).filter((text) => Number(text.split('.')[2]) < 20)
      expect(early.length).toBeLessThanOrEqual(10)
    }
  })

  test('with 20 attackers among 100 sources at most 22 % of the dials go to them, from the first minute on', () => {
    const dialler = new Dialler({}, 4711)
    const isAttacker = (source: number): boolean => source < 20
    const sourceOfText = new Map<string, number>()
    const offered = new Map<number, number>()
    const offer = (source: number, count: number): string[] => {
      const start = offered.get(source) ?? 0
      offered.set(source, start + count)
      const texts = spread(source, count, start % 900)
      dialler.offer(source, texts)
      for (const text of texts) sourceOfText.set(text, source)
      return texts
    }
    const dials: number[] = []
    for (let now = 0; now < 60; now++) {
      dialler.now = now * minute
      // Attackers come first, tell as much as they may, and vouch for what their friends tell.
      const lies = range(20).flatMap((source) => offer(source, 100))
      for (const source of range(20))
        dialler.offer(
          source,
          lies.filter((_, index) => index % 20 === source),
        )
      for (const source of range(80, 20)) offer(source, now === 0 ? 50 : 3)
      for (const text of dialler.next(100)) {
        const source = sourceOfText.get(text)!
        dials.push(source)
        dialler.report(!isAttacker(source) && dials.length % 5 === 0 ? 'connected' : 'failed', [text])
      }
    }
    const share = (turns: readonly number[]): number => turns.filter(isAttacker).length / turns.length
    expect(dials.length).toBeGreaterThan(5_000)
    expect(share(dials.slice(0, 200))).toBeLessThanOrEqual(0.22)
    expect(share(dials)).toBeLessThanOrEqual(0.22)
    // Once they have a reputation it is far less.
    expect(share(dials.slice(-1_000))).toBeLessThanOrEqual(0.1)
  })

  test('an attacker that connects again and again has no more turns than one that stays', () => {
    const dialler = new Dialler()
    for (const source of range(9, 1)) dialler.offer(source, local(source, 100))
    let attacks = 0
    for (const source of range(100, 100)) {
      dialler.offer(source, local(source, 10))
      dialler.close(source)
    }
    for (const text of dialler.next(400)) attacks += Number(text.split('.')[2]) >= 100 ? 1 : 0
    expect(attacks).toBe(40)
    // When only those who left have anything, all turns are theirs.
    expect(dialler.next()).toHaveLength(9 * 100 + 100 * 10 - 400)
  })

  test('one source holds a quarter of the store at the most, and drives nobody out', () => {
    const dialler = new Dialler()
    for (const source of range(19, 1)) dialler.offer(source, local(source, 50))
    dialler.offer(99, local(99, 10_000))
    expect(dialler.candidates.size).toBeLessThanOrEqual(19 * 50 + dialler.limits.maxCandidates / 4)
    const counts = tally(dialler.next().map((text) => Number(text.split('.')[2])))
    for (const source of range(19, 1)) expect(counts.get(source)).toBe(50)
    expect(counts.get(99)).toBe(240)
  })

  test('what gives way is the oldest of its source', () => {
    const dialler = new Dialler({ maxCandidatesPerSource: 3 })
    dialler.offer(1, local(1, 5))
    expect(dialler.next().sort()).toEqual(local(1, 3, 2).sort())
  })

  test('a source holds no more than its share by inheriting from others that drop what it claims, too', () => {
    const dialler = new Dialler({ maxCandidatesPerSource: 3 })
    for (const source of [1, 2, 3]) dialler.offer(source, local(source, 3))
    dialler.offer(9, [...local(1, 3), ...local(2, 3), ...local(3, 3)])
    expect(dialler.candidates.size).toBe(9)
    for (const source of [1, 2, 3]) dialler.withdraw(source, local(source, 3))
    expect(dialler.next().sort()).toEqual(local(3, 3).sort())
  })

  test('when the store is full the source that holds most gives way', () => {
    const dialler = new Dialler({ maxCandidates: 10, maxCandidatesPerSource: 9 })
    dialler.offer(1, local(1, 6))
    dialler.offer(2, local(2, 4))
    dialler.offer(3, local(3, 2))
    dialler.offer(2, local(2, 1, 4))
    expect(dialler.candidates.size).toBe(10)
    // 6, 4, 0 → 4, 4, 2 → the fifth of source 2 costs it its first.
    expect(dialler.next().sort()).toEqual([...local(1, 4, 2), ...local(2, 4, 1), ...local(3, 2)].sort())
  })

  test('many that flood leave those who tell little what they told', () => {
    const dialler = new Dialler()
    for (const source of range(50, 100)) dialler.offer(source, local(source, 10))
    for (const round of range(20)) for (const source of range(50)) dialler.offer(source, local(source, 100, 100 * round))
    expect(dialler.candidates.size).toBe(2_000)
    const counts = tally(dialler.next().map((text) => Number(text.split('.')[2])))
    for (const source of range(50, 100)) expect(counts.get(source)).toBe(10)
    for (const source of range(50)) expect(counts.get(source)).toBe(30)
  })

  test('who claims first what another will claim, and then floods, does not drive it out', () => {
    const dialler = new Dialler()
    const theirs = local(1, 40)
    dialler.offer(99, theirs)
    dialler.offer(1, theirs)
    dialler.offer(99, local(99, 10_000))
    expect(dialler.sourcesOf(theirs[0]!)).toContain(1)
    expect(dialler.next()).toEqual(expect.arrayContaining(theirs))
  })

  test('handed out and not reported are two of a /24 or /56 for each source, and eight in all', () => {
    for (const host of [(index: number) => `20.0.0.${index}:6881`, (index: number) => `[2001:4860:1:${index.toString(16)}::1]:6881`]) {
      const dialler = new Dialler()
      dialler.offer(1, range(20).map(host))
      expect(dialler.next()).toHaveLength(2)
      for (const source of range(6, 2)) dialler.offer(source, range(10, 20 + 10 * source).map(host))
      expect(dialler.next()).toHaveLength(6)
      expect(dialler.hasNext()).toBe(false)
      dialler.report('failed', [...dialler.pending].slice(0, 1))
      expect(dialler.hasNext()).toBe(true)
      expect(dialler.next()).toHaveLength(1)
    }
  })
})

describe('who comes again from one global address', () => {
  test('is one past source however often, also for candidates that others hold, and nothing in the end', () => {
    const dialler = new Dialler()
    const shared = spread(8, 50)
    dialler.offer(8, shared)
    for (const source of range(200, 100)) {
      dialler.networks.set(source, 4711)
      dialler.offer(source, [...spread(9, 1, source), shared[source % 50]!])
      dialler.close(source)
    }
    expect(dialler.candidates.stats).toMatchObject({ candidates: 250, sources: 2 })
    dialler.withdraw(8, shared)
    dialler.close(8)
    expect(dialler.candidates.stats).toMatchObject({ candidates: 200, sources: 1 })
    dialler.now = 30 * minute
    dialler.hasNext()
    expect(dialler.candidates.stats).toMatchObject({ candidates: 0, sources: 0 })
  })

  test('ends with one drop what it claimed before, too', () => {
    const dialler = new Dialler()
    for (const source of [1, 2]) dialler.networks.set(source, 4711)
    dialler.offer(8, ['20.0.0.1:6881', '20.0.0.2:6881'])
    expect(dialler.next()).toHaveLength(2)
    for (const source of [1, 8, 2]) {
      dialler.offer(source, ['20.0.0.3:6881'])
      if (source === 1) dialler.close(1)
    }
    dialler.withdraw(2, ['20.0.0.3:6881'])
    // Source 8 alone claims it, and its share of the subnet is full.
    expect(dialler.next()).toEqual([])
  })

  test('claims no more what has grown stale, though others claim it', () => {
    const dialler = new Dialler()
    for (const source of [1, 2]) dialler.networks.set(source, 4711)
    dialler.seeding = true
    dialler.offer(1, ['20.0.0.3:6881'], flag.seed)
    dialler.close(1)
    dialler.now = 29 * minute
    dialler.offer(8, ['20.0.0.3:6881'], flag.seed)
    dialler.offer(8, ['20.0.0.1:6881', '20.0.0.2:6881'])
    expect(dialler.next()).toHaveLength(2)
    dialler.now = 30 * minute
    dialler.offer(2, spread(2, 1))
    dialler.close(2)
    dialler.seeding = false
    expect(dialler.next()).toEqual(spread(2, 1))
  })

  test('does not make young again what has grown stale', () => {
    const dialler = new Dialler()
    for (const source of [1, 2, 3]) dialler.networks.set(source, 4711)
    dialler.offer(1, spread(1, 5))
    dialler.close(1)
    dialler.now = 30 * minute
    dialler.offer(2, spread(2, 5))
    dialler.close(2)
    // What has grown stale is not made young by who comes again.
    expect(dialler.next().toSorted()).toEqual(spread(2, 5).toSorted())
  })
})
