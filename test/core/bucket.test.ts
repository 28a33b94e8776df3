import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Bucket, type BucketOutcome } from '../../src/core/bucket.ts'
import { defaultLimits } from '../../src/core/limits.ts'

const hour = 3_600_000

/** The outcomes of messages at these times. */
function outcomesOf(times: readonly number[], limits = defaultLimits): BucketOutcome[] {
  const bucket = new Bucket(limits)
  return times.map((now) => bucket.take(now))
}

/** The times that begin at `start` with these gaps between them. */
function timesOf(start: number, gaps: readonly number[]): number[] {
  let now = start
  return [start, ...gaps.map((gap) => (now += gap))]
}

const takenOf = (outcomes: readonly BucketOutcome[]): number => outcomes.filter((outcome) => outcome === 'taken').length

describe('the bucket', () => {
  test('takes six messages at once, and not a seventh', () => {
    expect(outcomesOf([5, 5, 5, 5, 5, 5, 5])).toEqual([...Array(6).fill('taken'), 'excess'])
  })

  test('takes one more after 30 s, not after 29,999 ms', () => {
    const burst = [0, 0, 0, 0, 0, 0]
    expect(outcomesOf([...burst, 29_999]).at(-1)).toBe('excess')
    expect(outcomesOf([...burst, 30_000, 30_000]).slice(-2)).toEqual(['taken', 'excess'])
  })

  test('takes every message that comes 30 s or more after the one before, whatever came earlier', () => {
    const gap = fc.oneof(
      fc.double({ min: 0, max: 10, noNaN: true }),
      fc.double({ min: -hour, max: hour, noNaN: true }),
      fc.double({ min: 30_000, max: 30_001, noNaN: true }),
      fc.constant(30_000),
    )
    const start = fc.double({ min: 0, max: 1e9, noNaN: true })
    fc.assert(
      fc.property(start, fc.array(gap, { maxLength: 60, size: 'max' }), fc.integer({ min: 1, max: 6 }), (start, gaps, burstMessages) => {
        const times = timesOf(start, gaps)
        const outcomes = outcomesOf(times, { ...defaultLimits, burstMessages })
        for (let i = 1; i < times.length; i++) {
          if (times[i]! - 30_000 >= times[i - 1]!) expect(outcomes[i]).toBe('taken')
        }
      }),
      { numRuns: 1_000 },
    )
  })

  test('refuses nobody who keeps 30 s, or 59.98 s, for years of fractions', () => {
    for (const gap of [30_000, 30_000.1, 59_980 + 1 / 3]) {
      const bucket = new Bucket({ ...defaultLimits, burstMessages: 1 })
      let now = 0.1
      let taken = 0
      for (let i = 0; i < 1_000_000; i++, now += gap) if (bucket.take(now) === 'taken') taken++
      expect(taken).toBe(1_000_000)
    }
  })

  test('refuses nobody who sends every 30 s over a line that delays by up to 150 s', () => {
    const delays = fc.array(fc.integer({ min: 0, max: 150_000 }), { maxLength: 200, size: 'max' })
    fc.assert(
      fc.property(delays, (delays) => {
        const arrivals = delays.map((delay, i) => i * 30_000 + delay).sort((a, b) => a - b)
        expect(takenOf(outcomesOf(arrivals))).toBe(arrivals.length)
      }),
    )
  })

  test('takes as many as the tokens that there can be since any earlier moment, and no fewer', () => {
    const gaps = fc.array(fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 40 })), { maxLength: 80, size: 'max' })
    fc.assert(
      fc.property(gaps, fc.integer({ min: 1, max: 3 }), (gaps, burstMessages) => {
        const times = timesOf(0, gaps)
        const limits = { ...defaultLimits, burstMessages, messageRefillMs: 10, floodMessages: Number.POSITIVE_INFINITY }
        const taken: number[] = []
        const expected = times.map((now): BucketOutcome => {
          const fits = taken.every((then, i) => taken.length - i + 1 <= burstMessages + (now - then) / 10)
          if (fits) taken.push(now)
          return fits ? 'taken' : 'excess'
        })
        expect(outcomesOf(times, limits)).toEqual(expected)
      }),
      { numRuns: 1_000 },
    )
  })

  test('is full after a sleep of 8 h, and no more than full', () => {
    const bucket = new Bucket(defaultLimits)
    for (let i = 0; i < 20; i++) bucket.take(i)
    const outcomes = Array.from({ length: 8 }, () => bucket.take(8 * hour))
    expect(takenOf(outcomes)).toBe(6)
  })

  test('goes on when the clock goes back: nothing is given, and nobody is locked out', () => {
    const bucket = new Bucket(defaultLimits)
    for (let i = 0; i < 6; i++) bucket.take(8 * hour)
    expect(bucket.take(hour)).toBe('excess')
    expect(bucket.take(hour + 29_999)).toBe('excess')
    expect(bucket.take(hour + 30_000)).toBe('taken')
  })
})

describe('other limits for a bucket', () => {
  test('give nothing, and take nothing that was there', () => {
    const bucket = new Bucket(defaultLimits)
    for (const now of [0, hour, hour]) bucket.take(now)
    bucket.setLimits({ ...defaultLimits })
    expect(Array.from({ length: 5 }, () => bucket.take(hour))).toEqual([...Array(4).fill('taken'), 'excess'])
  })

  test('let nobody wait longer than for a whole bucket', () => {
    const bucket = new Bucket({ ...defaultLimits, messageRefillMs: hour })
    for (let i = 0; i < 6; i++) bucket.take(hour)
    bucket.setLimits({ ...defaultLimits, burstMessages: 2 })
    expect(bucket.take(hour + 29_999)).toBe('excess')
    expect(bucket.take(hour + 30_000)).toBe('taken')
  })

  test('count a flood anew if it takes another number of messages, and else go on', () => {
    const limits = { ...defaultLimits, burstMessages: 0, floodMessages: 3 }
    const outcomesWith = (floodMessages: number): BucketOutcome[] => {
      const bucket = new Bucket(limits)
      const before = [bucket.take(0), bucket.take(0)]
      bucket.setLimits({ ...limits, floodMessages })
      return [...before, bucket.take(0)]
    }
    expect(outcomesWith(3)).toEqual(['excess', 'excess', 'flood'])
    expect(outcomesWith(2)).toEqual(['excess', 'excess', 'excess'])
  })
})

describe('a flood', () => {
  const limits = { ...defaultLimits, burstMessages: 1, messageRefillMs: 10 * hour }

  test('is ten messages in excess within 60 s: the tenth says so', () => {
    const burst = Array(10).fill(0)
    expect(outcomesOf([...burst, 59_999], limits)).toEqual(['taken', ...Array(9).fill('excess'), 'flood'])
    expect(outcomesOf([...burst, 60_000], limits)).toEqual(['taken', ...Array(10).fill('excess')])
  })

  test('is found wherever the 60 s begin', () => {
    const times = [0, 1, 2, 50_000, 50_001, 50_002, 60_000, 60_001, 60_003, 60_004, 60_005, 60_006, 60_007]
    expect(outcomesOf(times, limits).indexOf('flood')).toBe(12)
  })

  test('is said again after ten more, not before', () => {
    const outcomes = outcomesOf(Array(41).fill(0), limits)
    expect(outcomes.flatMap((outcome, i) => (outcome === 'flood' ? [i] : []))).toEqual([10, 20, 30, 40])
  })

  test('is exactly that for any times', () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 80, size: 'max' })
    fc.assert(
      fc.property(gaps, fc.integer({ min: 1, max: 4 }), (gaps, floodMessages) => {
        const times = timesOf(1, gaps)
        let recent: number[] = []
        const expected = times.slice(1).map((now) => {
          recent = [...recent.filter((then) => now - then < 50), now]
          if (recent.length < floodMessages) return 'excess'
          recent = []
          return 'flood'
        })
        expect(outcomesOf(times, { ...limits, floodMessages, floodWindowMs: 50 }).slice(1)).toEqual(expected)
      }),
      { numRuns: 1_000 },
    )
  })

  test('never comes where the limit is Infinity', () => {
    expect(outcomesOf(Array(1_000).fill(0), { ...limits, floodMessages: Number.POSITIVE_INFINITY })).not.toContain('flood')
  })
})
