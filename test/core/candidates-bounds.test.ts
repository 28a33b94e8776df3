/** Candidates when very many are handed out, when hardly any are left, and which of several is dialled. */
import { describe, expect, test } from 'vitest'
import { greatestRowCount } from '../../src/core/candidate-table.ts'
import { Dialler, minute, range, spread } from './candidates-kit.ts'

describe('when much is handed out and not reported', () => {
  test.each([
    ['as many as are kept', 2, 2],
    ['as many as have numbers', 10_000, greatestRowCount],
  ])('nothing follows %s', (_title, maxCandidates, bound) => {
    const dialler = new Dialler({ maxCandidates, maxCandidatesPerSource: 10_000, maxDialsPerHour: 100_000 })
    let handedOut: string[] = []
    for (let source = 1; handedOut.length < bound; source++) {
      const texts = spread(source, Math.min(250, bound - handedOut.length))
      dialler.offer(source, texts)
      const next = dialler.next()
      expect(next).toHaveLength(texts.length)
      // They are forgotten, but not what became of them.
      dialler.withdraw(source, texts)
      handedOut = [...handedOut, ...next]
    }
    dialler.offer(99, ['30.0.0.1:6881'])
    expect([dialler.hasNext(), dialler.next()]).toEqual([false, []])
    dialler.report('failed', handedOut.slice(0, 1))
    expect([dialler.hasNext(), dialler.next()]).toEqual([true, ['30.0.0.1:6881']])
  })
})

describe('after most were forgotten', () => {
  test.each([
    ['IPv4', (index: number) => `20.${index >> 8}.${index & 0xff}.1:6881`],
    ['IPv6', (index: number) => `[2001:4860:${index.toString(16)}::1]:6881`],
  ])('the others are what they were, in less memory: %s', (_title, textOf) => {
    const dialler = new Dialler({ maxCandidatesPerSource: 1_000 })
    const texts = range(600, 1).map(textOf)
    dialler.offer(1, texts)
    dialler.offer(2, texts.slice(590))
    const before = dialler.byteLength
    dialler.withdraw(1, texts.slice(0, 580))
    dialler.candidates.trim()
    expect(dialler.byteLength).toBeLessThan(before)
    expect(texts.map((text) => dialler.sourcesOf(text).length)).toEqual([
      ...range(580).map(() => 0),
      ...range(10).map(() => 1),
      ...range(10).map(() => 2),
    ])
    dialler.withdraw(1, texts.slice(585))
    expect(new Set(dialler.next())).toEqual(new Set([...texts.slice(580, 585), ...texts.slice(590)]))
  })
})

describe('what several claim', () => {
  test('counts for the party whose turn it was', () => {
    // One of a /24 for each party: whoever is served first has the contact that both claim, the other one its own.
    const handedOut = (seed: number): string[] => {
      const dialler = new Dialler({ maxPendingPerSubnetAndSource: 1, maxPendingPerSubnet: 3 }, seed)
      dialler.offer(1, ['20.0.0.1:6881', '20.0.0.2:6881'])
      dialler.offer(2, ['20.0.0.1:6881', '20.0.0.3:6881'])
      return dialler.next().sort()
    }
    const outcomes = new Set(range(40).map((seed) => handedOut(seed).join(' ')))
    expect(outcomes).toEqual(new Set(['20.0.0.1:6881 20.0.0.2:6881', '20.0.0.1:6881 20.0.0.3:6881']))
  })
})

describe('of equals', () => {
  /** Which port of an address is dialled, under so many seeds. BEP 40 is the same for both. */
  const firstOf = (texts: readonly string[], seed: number): string[] => {
    const dialler = new Dialler({}, seed)
    dialler.candidates.externalAddress = Uint8Array.of(81, 2, 69, 142)
    dialler.offer(1, texts)
    return dialler.next()
  }

  test('chance decides, and not who was named first', () => {
    const texts = ['20.0.0.1:6881', '20.0.0.1:6882']
    const firsts = range(40).map((seed) => firstOf(texts, seed))
    expect(firsts.every(({ length }) => length === 1)).toBe(true)
    expect(new Set(firsts.flat())).toEqual(new Set(texts))
    expect(range(40).map((seed) => firstOf([...texts].reverse(), seed))).toEqual(firsts)
  })
})

describe('what is dialled', () => {
  test('follows from our own address as it was when it was named', () => {
    const texts = spread(1, 50)
    const orderFrom = (change: (address: Uint8Array) => void): string[] => {
      const dialler = new Dialler()
      const address = Uint8Array.of(81, 2, 69, 142)
      dialler.candidates.externalAddress = address
      change(address)
      dialler.offer(1, texts)
      return dialler.next()
    }
    expect(orderFrom((address) => address.fill(9))).toEqual(orderFrom(() => {}))
  })

  test('is one of an address for documentation at a time, as of any other', () => {
    const dialler = new Dialler()
    dialler.offer(1, ['192.0.2.1:6881', '192.0.2.1:6882', '192.168.0.1:6881', '192.168.0.1:6882'])
    expect(dialler.next().filter((text) => text.startsWith('192.0.2.'))).toHaveLength(1)
    expect(dialler.pending.size).toBe(3)
    dialler.report('failed')
    dialler.now = minute
    expect(dialler.next()).toHaveLength(1)
  })
})
