/** Those whom others would have us dial, and what it costs us: the threat model's T6, T9 and T10 with their figures, and BEP 11's N28. */
import { describe, expect, test } from 'vitest'
import { Dialler, hour, minute, range, record, spread } from './candidates-kit.ts'

describe('T9: aiming at one address', () => {
  test('of 65,535 ports of one address one is dialled at a time, and two an hour (N28)', () => {
    const dialler = new Dialler()
    const ports = range(65_535, 1)
    const dials: { at: number; text: string }[] = []
    for (const [turn, start] of range(65_535, 0)
      .filter((port) => port % 2_185 === 0)
      .entries()) {
      dialler.now = turn * 12 * minute
      for (const port of ports.slice(start, start + 2_185)) dialler.offer(port % 20, [`20.0.0.1:${port}`])
      for (const offset of range(4)) {
        dialler.now = turn * 12 * minute + offset
        const texts = dialler.next()
        expect(texts.length).toBeLessThanOrEqual(1)
        expect(dialler.pending.size).toBeLessThanOrEqual(1)
        for (const text of texts) dials.push({ at: dialler.now, text })
        if (offset % 2 === 1) dialler.report('failed')
      }
    }
    expect(dials.length).toBeGreaterThanOrEqual(10)
    for (const { at } of dials) expect(dials.filter((dial) => dial.at > at - hour && dial.at <= at).length).toBeLessThanOrEqual(2)
  })

  test('another port comes when the first has failed, not before, and not while it is connected', () => {
    for (const outcome of ['failed', 'connected'] as const) {
      const dialler = new Dialler()
      dialler.offer(1, ['20.0.0.1:1001', '20.0.0.1:1002'])
      const [first] = dialler.next()
      expect(dialler.next()).toEqual([])
      if (outcome === 'failed') dialler.report('failed')
      else dialler.connect(first!)
      expect(dialler.hasNext()).toBe(outcome === 'failed')
      dialler.now = 10 * hour
      expect(dialler.hasNext()).toBe(outcome === 'failed')
      if (outcome === 'failed') continue
      dialler.disconnect(first!)
      expect(dialler.hasNext()).toBe(true)
    }
  })

  test('a connection whose end nobody tells stands in the way for a minute', () => {
    const dialler = new Dialler()
    dialler.offer(1, ['20.0.0.1:1001', '20.0.0.1:1002'])
    dialler.next()
    dialler.report('connected')
    expect(dialler.hasNext()).toBe(false)
    expect(dialler.candidates.nextTimeout()).toBe(minute)
    dialler.now = minute
    expect(dialler.hasNext()).toBe(true)
  })

  test('all hosts of an IPv6 /64 are one address', () => {
    const dialler = new Dialler()
    dialler.offer(
      1,
      range(100).map((host) => `[2001:4860:1:1::${host.toString(16)}]:6881`),
    )
    const counts = range(5).map(() => {
      const count = dialler.next().length
      dialler.report('failed')
      return count
    })
    expect(counts).toEqual([1, 1, 0, 0, 0])
  })

  test('the hour is an hour, and dropping and offering again changes nothing', () => {
    const dialler = new Dialler()
    const dial = (now: number): number => {
      dialler.now = now
      dialler.withdraw(1, ['20.0.0.1:6881'])
      dialler.offer(1, ['20.0.0.1:6881'])
      const { length } = dialler.next()
      dialler.report('failed')
      return length
    }
    expect([0, 30 * minute, 31 * minute, hour - 1].map(dial)).toEqual([1, 1, 0, 0])
    expect([hour, hour + 1, 90 * minute - 1, 90 * minute].map(dial)).toEqual([1, 0, 0, 1])
  })
})

describe('T10: aiming at a subnet', () => {
  test('of a /24 of 256 hosts offered by 100 sources at most eight are pending at once, and all come in the end', () => {
    const dialler = new Dialler()
    const hosts = range(256).map((host) => `20.0.0.${host}:6881`)
    for (const source of range(100)) dialler.offer(source, hosts)
    const dialled = new Set<string>()
    for (let round = 0; round < 64; round++) {
      for (const text of dialler.next()) dialled.add(text)
      expect(dialler.pending.size).toBe(round < 32 ? 8 : 0)
      dialler.report('failed')
    }
    expect(dialled.size).toBe(256)
  })
})

describe('quotas do not slow', () => {
  test('one neighbour alone', () => {
    const dialler = new Dialler()
    dialler.offer(1, spread(1, 200))
    expect(dialler.next(200)).toHaveLength(200)
  })

  test('one neighbour alone that was never any good', () => {
    const dialler = new Dialler()
    record(dialler, 1, 100, 0)
    dialler.offer(1, spread(1, 60))
    expect(dialler.next()).toHaveLength(60)
  })

  test('a local network, or many clients on one host', () => {
    for (const host of [
      (index: number) => `192.168.1.${index}:6881`,
      (index: number) => `127.0.0.1:${1_000 + index}`,
      (index: number) => `[fe80::1]:${1_000 + index}`,
      (index: number) => `[fd00:1:2:3::${index.toString(16)}]:6881`,
      (index: number) => `100.64.0.${index}:6881`,
    ]) {
      const dialler = new Dialler()
      const texts = range(200, 1).map(host)
      dialler.offer(1, texts)
      expect(dialler.next().sort()).toEqual(texts.sort())
      dialler.report('connected')
      dialler.withdraw(1, texts)
      dialler.offer(1, texts)
      expect(dialler.next()).toHaveLength(200)
    }
  })

  test('one /24 whose dials are reported', () => {
    const dialler = new Dialler()
    dialler.offer(
      1,
      range(200).map((host) => `20.0.0.${host}:6881`),
    )
    for (const _ of range(100)) {
      expect(dialler.next()).toHaveLength(2)
      dialler.report('connected')
    }
  })
})

describe('T6: memory', () => {
  test('one source makes us keep 16 KiB of candidates at the most', () => {
    const dialler = new Dialler()
    // As if there were room for eight times as many sources: the rest of the table is everybody's.
    const empty = new Dialler()
    empty.offer(1, spread(1, 1))
    for (const round of range(40))
      dialler.offer(
        1,
        range(200).map((host) => `[2001:4860:${round}:${host.toString(16)}::1]:6881`),
      )
    expect(dialler.candidates.size).toBe(240)
    expect(dialler.byteLength - empty.byteLength).toBeLessThanOrEqual(16 * 1024)
  })

  test('whatever 100 sources claim, the table stays below 120 KiB', () => {
    const dialler = new Dialler()
    const bytes = new Uint8Array(18)
    for (let index = 0; index < 1_000_000; index++) {
      bytes[0] = 0x20
      bytes[3] = index >>> 16
      bytes[4] = index >>> 8
      bytes[5] = index
      bytes[17] = 2
      dialler.offerBytes(index % 100, bytes, index % 3 === 0 ? 4 : 6)
    }
    expect(dialler.candidates.stats).toMatchObject({ candidates: 2_000, sources: 100 })
    expect(dialler.byteLength).toBeLessThanOrEqual(120 * 1024)
  })

  test('sources that came and went are forgotten with their last candidate', () => {
    const dialler = new Dialler()
    for (const source of range(10_000)) {
      dialler.offer(source, spread(1, 20, source % 200))
      dialler.close(source)
    }
    expect(dialler.candidates.stats.sources).toBeLessThanOrEqual(8 * dialler.candidates.size)
    dialler.now = 30 * minute
    expect(dialler.hasNext()).toBe(false)
    expect(dialler.candidates.stats).toMatchObject({ candidates: 0, sources: 0 })
  })
})
