/** The parts that candidates are made of, each beside a slow twin. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mix } from '../../src/core/address-hash.ts'
import { CandidateTable, type RowList, rowState } from '../../src/core/candidate-table.ts'
import { DialLog } from '../../src/core/dial-log.ts'
import { endpointHash, networkHash } from '../../src/core/endpoint-hash.ts'
import { defaultLimits } from '../../src/core/limits.ts'
import { Parties, Party } from '../../src/core/party.ts'
import { range } from './candidates-kit.ts'
import { endpoint, familyOf } from './endpoints.ts'

const texts = [
  ...range(200, 1).flatMap((host) => [`20.0.0.${host}:6881`, `20.0.${host}.1:6882`]),
  ...range(100, 1).map((host) => `[2001:4860::${host.toString(16)}]:6881`),
  ...range(200, 1).map((port) => `20.0.0.1:${port}`),
]

function withBitTurned(bytes: Uint8Array, bit: number): Uint8Array {
  return bytes.with(bit >> 3, bytes[bit >> 3]! ^ (0x80 >> (bit & 7)))
}

describe('the table of candidates', () => {
  test('keeps what was inserted and not removed, and lists it in order, however it grows', () => {
    const step = fc.tuple(fc.constantFrom('insert', 'insert', 'remove'), fc.integer({ min: 2, max: 700 }))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 600, size: 'max' }), (steps) => {
        const table = new CandidateTable(150)
        const list: RowList = { oldest: 0, newest: 0, count: 0 }
        /** Rows by the places of their contacts. */
        const twin = new Map<number, number>()
        for (const [kind, place] of steps) {
          const row = twin.get(place)
          if (kind === 'insert' && row === undefined && !table.isFull) {
            twin.set(place, table.insert(place, place, 1, list))
          } else if (kind === 'remove' && row !== undefined) {
            table.remove(row, list)
            twin.delete(place)
          }
          if (table.size !== twin.size) throw new Error(`${table.size} rows, not ${twin.size}`)
        }
        expect(table.isFull).toBe(twin.size === 150)
        expect(list.count).toBe(twin.size)
        const used = range(table.rowEnd).filter((row) => table.claimAt(row, 0) !== 0)
        expect(new Map(used.map((row) => [table.placeOf(row), row]))).toEqual(new Map([...twin].sort(([, row], [, other]) => row - other)))
        for (const row of twin.values()) {
          expect(list.oldest).toBe(row)
          table.unlink(list, row)
        }
        expect(list).toEqual({ oldest: 0, newest: 0, count: 0 })
      }),
      { numRuns: 60 },
    )
  })

  test('keeps the facts of a row apart', () => {
    const table = new CandidateTable(10)
    const list: RowList = { oldest: 0, newest: 0, count: 0 }
    const row = table.insert(17, 0xff, 9, list)
    expect([list.oldest, list.newest, list.count, table.claimAt(row, 0), table.soleClaimOf(row)]).toEqual([row, row, 1, 9, 9])
    expect([table.flagsOf(row), table.stateOf(row), table.isPrepared(row), table.isCrowded(row)]).toEqual([
      0x1f,
      rowState.waiting,
      false,
      false,
    ])
    table.setState(row, rowState.failed)
    table.setFlags(row, 0x02)
    table.setCrowded(row)
    expect(table.soleClaimOf(row)).toBe(0)
    table.prepare(row, 0xffff_ffff, 'global')
    for (const place of range(8)) table.setClaim(row, place, place + 60_000)
    expect([table.placeOf(row), table.flagsOf(row), table.stateOf(row), table.isCrowded(row)]).toEqual([17, 2, rowState.failed, true])
    expect([table.isPrepared(row), table.isGlobal(row), table.priorityOf(row)]).toEqual([true, true, 0xffff_ffff])
    expect(range(9).map((place) => table.claimAt(row, place))).toEqual([...range(8, 60_000), 0])
    table.endClaim(row, 2)
    expect(range(8).map((place) => table.claimAt(row, place))).toEqual([60_000, 60_001, 60_007, 60_003, 60_004, 60_005, 60_006, 0])
    expect([table.claimPlaceOf(row, 60_007), table.claimPlaceOf(row, 60_002), table.claimPlaceOf(row, 0)]).toEqual([2, -1, 7])
    table.unprepare()
    expect(table.isPrepared(row)).toBe(false)
    table.remove(row, list)
    // What takes its place starts anew.
    expect(table.insert(18, 0, 3, list)).toBe(row)
    expect([table.placeOf(row), table.stateOf(row), table.claimAt(row, 0), table.isCrowded(row)]).toEqual([18, 0, 3, false])
  })

  test('of the smallest size works, and of none holds nothing', () => {
    const table = new CandidateTable(1)
    const list: RowList = { oldest: 0, newest: 0, count: 0 }
    for (const place of range(5, 2)) {
      expect(table.isFull).toBe(false)
      table.remove(table.insert(place, 0, 1, list), list)
    }
    expect(new CandidateTable(0).isFull).toBe(true)
  })

  test('forgets the claims of one row and no more, also when it has eight', () => {
    const table = new CandidateTable(10)
    const list: RowList = { oldest: 0, newest: 0, count: 0 }
    const [first, row, neighbour] = [table.insert(2, 0, 1, list), table.insert(3, 0, 1, list), table.insert(4, 0, 1, list)]
    expect([row, neighbour]).toEqual([first + 1, first + 2])
    for (const place of range(8)) for (const at of [row, neighbour]) table.setClaim(at, place, 10 + place)
    table.remove(row, list)
    expect(range(8).map((place) => table.claimAt(neighbour, place))).toEqual(range(8, 10))
    table.remove(neighbour, list)
    expect([list.oldest, list.newest, list.count]).toEqual([first, first, 1])
  })

  test('takes thirty bytes a row, used or not', () => {
    const table = new CandidateTable(100)
    const list: RowList = { oldest: 0, newest: 0, count: 0 }
    for (const place of range(40, 2)) table.insert(place, 0, 1, list)
    expect(table.rowEnd).toBeGreaterThan(40)
    expect(table.byteLength).toBe(30 * table.rowEnd)
  })
})

describe('the log of dials', () => {
  test('knows the dials of the last hour exactly, however it grows and forgets', () => {
    const step = fc.tuple(fc.integer({ min: -3, max: 3 }), fc.constantFrom(0, 0, 0, 1, 7, 400, 999, 1_000))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400, size: 'max' }), (steps) => {
        const log = new DialLog(100, 1_000)
        let twin: { address: number; at: number }[] = []
        let now = 0
        for (const [address, ms] of steps) {
          now += ms
          log.settle(now)
          twin = twin.filter(({ at }) => at > now - 1_000)
          if (log.size !== twin.length) throw new Error(`${log.size} dials, not ${twin.length}`)
          for (const count of [1, 2, 5]) {
            const its = twin.filter((dial) => dial.address === address)
            const freeAt = twin.length === 100 ? twin[0]!.at + 1_000 : its.length < count ? 0 : its.at(-count)!.at + 1_000
            if (log.freeAt(address, count) !== freeAt) throw new Error(`free at ${log.freeAt(address, count)}, not ${freeAt}`)
          }
          if (twin.length === 100) continue
          log.add(address, now)
          twin.push({ address, at: now })
        }
      }),
      { numRuns: 100 },
    )
  })

  test('is exact, and never early, when time has fractions and is great', () => {
    for (const start of [0.25, 2 ** 32 - 500, 2 ** 40 + 0.5]) {
      const log = new DialLog(100, 1_000)
      log.settle(start)
      log.add(5, start)
      const freeAt = log.freeAt(5, 1)
      expect(freeAt).toBe(Math.ceil(start) + 1_000)
      log.settle(freeAt - 0.25)
      expect(log.freeAt(5, 1)).toBe(freeAt)
      log.settle(freeAt)
      expect(log.freeAt(5, 1)).toBe(0)
    }
  })

  test('is full at its bound, for every address, and nothing is overwritten', () => {
    const log = new DialLog(3, 1_000)
    for (const now of [1, 2, 3]) log.add(now, now)
    expect(log.freeAt(99, 1)).toBe(1_001)
    log.settle(1_001)
    expect([log.freeAt(99, 1), log.freeAt(1, 1), log.freeAt(2, 1)]).toEqual([0, 0, 1_002])
  })
})

describe('the standing of a source', () => {
  test.each([
    [39, 0, false],
    [40, 0, true],
    [40, 1, true],
    [40, 2, false],
    [40, 6, false],
    [159, 7, true],
    [159, 8, false],
  ])('after %i dials of which %i connected: poor is %s', (dials, connected, isPoor) => {
    const source = new Party(1, undefined, 0)
    for (const dial of range(dials)) source.record(dial < connected ? 'connected' : 'failed', defaultLimits)
    expect(source.isPoor(defaultLimits)).toBe(isPoor)
    expect([1, 2, 7, 8, 256, 0].map((quota) => source.quota(quota, defaultLimits))).toEqual(
      isPoor ? [1, 1, 1, 2, 64, 0] : [1, 2, 7, 8, 256, 0],
    )
  })

  test('forgets the older half of its dials when there are four times as many as standing needs', () => {
    const limits = { ...defaultLimits, minDialsForStanding: 2, minSuccessShare: 0.5 }
    /** Contacts that have to connect until a party counts as any other, after so many that did not. */
    const neededAfter = (failed: number): number => {
      const party = new Party(1, undefined, 0)
      for (const _ of range(failed)) party.record('failed', limits)
      let needed = 0
      for (; party.isPoor(limits); needed++) party.record('connected', limits)
      return needed
    }
    // Eight dials count as four.
    expect([2, 3, 8].map(neededAfter)).toEqual([2, 3, 4])
  })

  test('is remembered if anything is known of it, whoever else comes and goes', () => {
    const parties = new Parties()
    const [known, unknown] = [new Party(1, 1, 0), new Party(2, 2, 0)]
    known.record('failed', defaultLimits)
    for (const party of [known, unknown, ...range(500, 3).map((id) => new Party(id, id, 0))]) {
      parties.enter(party)
      parties.leave(party)
    }
    expect([parties.find(1), parties.find(2)]).toEqual([known, undefined])
  })
})

describe('hashes', () => {
  test('depend on every byte and on the seed, and spread neighbours evenly', () => {
    const counts = new Map<number, number>()
    for (const text of texts) {
      const bucket = endpointHash(endpoint(text), 0, familyOf(text), 5) & 63
      counts.set(bucket, (counts.get(bucket) ?? 0) + 1)
    }
    expect(counts.size).toBe(64)
    expect(Math.max(...counts.values())).toBeLessThan(32)
    for (const text of ['20.0.0.1:6881', '[2001:4860::1]:6881']) {
      const bytes = endpoint(text)
      const hashes = new Set([endpointHash(bytes, 0, familyOf(text), 5), endpointHash(bytes, 0, familyOf(text), 6)])
      for (const index of bytes.keys()) hashes.add(endpointHash(bytes.with(index, bytes[index]! ^ 0x80), 0, familyOf(text), 5))
      expect(hashes.size).toBe(bytes.length + 2)
    }
  })

  test.each([24, 32, 56, 64] as const)('of a network of %i bits depends on these bits alone, and on the seed', (bitLength) => {
    const bytes = endpoint('[2001:4860:1:2:3:4:5:6]:6881')
    const hash = networkHash(bytes, 0, bitLength, 5)
    const hashes = new Set([hash, networkHash(bytes, 0, bitLength, 6)])
    for (let bit = 0; bit < bitLength; bit++) hashes.add(networkHash(withBitTurned(bytes, bit), 0, bitLength, 5))
    expect(hashes.size).toBe(bitLength + 2)
    for (let bit = bitLength; bit < 8 * bytes.length; bit++) expect(networkHash(withBitTurned(bytes, bit), 0, bitLength, 5)).toBe(hash)
    expect(networkHash(Uint8Array.of(9, ...bytes), 1, bitLength, 5)).toBe(hash)
    expect(new Set(([24, 32, 56, 64] as const).map((other) => networkHash(bytes, 0, other, 5))).size).toBe(4)
  })

  // Seeds under which one `mix` a word, or a byte, takes these for one.
  test.each([
    [1_729_776_940, '20.0.0.4:6881', '20.0.1.1:6881'],
    [40_768, '20.0.0.17:6894', '20.0.0.18:6881'],
    [2_740, '[2001:487e:1:5::1]:6881', '[2001:487f:1:0::1]:6881'],
    [12_080, '[2001:486e:1:5::1]:6881', '[2001:486f:1:0::1]:6881'],
  ])('do not meet of neighbours: seed %i, %s and %s', (seed, one, other) => {
    const hashesOf = (text: string): number[] => {
      const [bytes, family] = [endpoint(text), familyOf(text)]
      return [networkHash(bytes, 0, family === 4 ? 32 : 64, seed), endpointHash(bytes, 0, family, seed)]
    }
    const [hashes, others] = [hashesOf(one), hashesOf(other)]
    for (const index of [0, 1]) expect(hashes[index]).not.toBe(others[index])
  })

  test('do not meet of IPv6 by what does not depend on the seed', () => {
    // The same first half; the last word makes the second halves one under a seed that anybody knows.
    const words = (third: number, fourth: number): Uint8Array => {
      const bytes = endpoint('[2001:4860:1::]:6881')
      const view = new DataView(bytes.buffer)
      view.setInt32(8, third)
      view.setInt32(12, fourth)
      return bytes
    }
    for (const known of [0, 1, 0x9e3779b1]) {
      const [one, other] = [words(5, 7), words(6, 7 ^ mix(known, 5) ^ mix(known, 6))]
      for (const seed of range(20, 100)) expect(endpointHash(one, 0, 6, seed)).not.toBe(endpointHash(other, 0, 6, seed))
    }
  })

  test('never meet of IPv4 networks', () => {
    const addresses = range(64).flatMap((high) => range(64).map((low) => endpoint(`20.${high}.${low}.1:6881`)))
    for (const seed of range(20)) {
      expect(new Set(addresses.map((bytes) => networkHash(bytes, 0, 24, seed))).size).toBe(addresses.length)
      expect(new Set(addresses.map((bytes) => networkHash(bytes, 0, 32, seed))).size).toBe(addresses.length)
    }
  })
})
