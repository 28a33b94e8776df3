import { describe, expect, it } from 'vitest'
import { endpointKey } from '../../src/codec/contact.ts'
import { Chance } from '../../src/core/chance.ts'
import { Entry } from '../../src/core/entry.ts'
import { EntryTable } from '../../src/core/entry-table.ts'

/** Endpoints of both families that differ in the last bit of the address, in the port, or in nearly all. */
function endpointOf(index: number): Uint8Array {
  const bytes = new Uint8Array(index % 2 === 0 ? 6 : 18).fill(index % 7 === 0 ? index : 1)
  new DataView(bytes.buffer).setUint32(bytes.length - 4, index * (index % 3 === 0 ? 65_537 : 1))
  return bytes
}

function entryOf(table: EntryTable, index: number, flags = 0): Entry {
  const bytes = endpointOf(index)
  const key = endpointKey(bytes, 0, bytes.length === 6 ? 4 : 6)
  return new Entry({ key, hash: table.hashOf(key), audience: 0, flags, arrivedAt: 1 })
}

describe('a table of entries', () => {
  it('is what a Map is, while entries come and go', () => {
    for (let seed = 0; seed < 20; seed++) {
      const chance = new Chance(seed)
      const table = new EntryTable(chance.uint32())
      const twin = new Map<number, Entry>()
      // It fills, stays full, and becomes empty: all sizes come twice.
      for (let step = 0; step < 3_000; step++) {
        const index = chance.uint32() % 400
        const wanted = step < 1_500 ? chance.fraction() < 0.7 : chance.fraction() < 0.2
        const entry = twin.get(index)
        if (wanted && entry === undefined) {
          const fresh = entryOf(table, index)
          table.add(fresh)
          twin.set(index, fresh)
        } else if (!wanted && entry !== undefined) {
          table.delete(entry)
          twin.delete(index)
        }
        const other = chance.uint32() % 400
        expect(table.get(entryOf(table, other).key)).toBe(twin.get(other))
        expect(table.size).toBe(twin.size)
      }
      for (let index = 0; index < 400; index++) expect(table.like(entryOf(table, index))).toBe(twin.get(index))
    }
  })

  it('keeps apart entries of one hash, and finds them when others of it go', () => {
    const table = new EntryTable(1)
    // Hashes that begin at the last slot of eight and at the first: the search goes round.
    const entries = [7, 7, 15, 0, 7].map((hash, index) => new Entry({ key: index, hash: hash || 8, audience: 0, flags: 0, arrivedAt: 1 }))
    for (const gone of entries) {
      const few = entries.filter((entry) => entry.key !== 4)
      for (const entry of few) table.add(entry)
      const left = few.filter((entry) => entry !== gone)
      if (left.length < few.length) table.delete(gone)
      for (const entry of entries) expect(table.like(entry)).toBe(left.includes(entry) ? entry : undefined)
      for (const entry of left) table.delete(entry)
      expect(table.size).toBe(0)
    }
  })

  it('finds the entry of an endpoint by another one, and by the key as a host writes it', () => {
    const table = new EntryTable(2)
    const entry = entryOf(table, 5)
    expect(table.like(entry)).toBeUndefined()
    table.add(entry)
    expect(table.like(entryOf(table, 5, 3))).toBe(entry)
    expect(table.get(entryOf(table, 5).key)).toBe(entry)
  })

  it('never has 0 for a hash, which says that a slot is free', () => {
    // An address that is the seed, and port 0, come to 0.
    const table = new EntryTable(0x01020304)
    const key = 0x01020304 * 0x1_0000
    expect(table.hashOf(key)).not.toBe(0)
  })

  it('looks at the whole of an endpoint', () => {
    const table = new EntryTable(5)
    for (const [byteLength, family] of [
      [6, 4],
      [18, 6],
    ] as const) {
      const bytes = new Uint8Array(byteLength)
      const hash = table.hashOf(endpointKey(bytes, 0, family))
      for (let place = 0; place < byteLength; place++) {
        bytes[place] = 1
        expect(table.hashOf(endpointKey(bytes, 0, family)), `byte ${place}`).not.toBe(hash)
        bytes[place] = 0
      }
    }
  })

  it('puts neighbours under other hashes, and under others again with another seed', () => {
    const indices = Array.from({ length: 1_000 }, (_, index) => index)
    const [one, other] = [3, 4].map((seed) => indices.map((index) => entryOf(new EntryTable(seed), index).hash))
    expect(new Set(one).size).toBe(1_000)
    expect(one?.filter((hash, index) => hash === other?.[index])).toEqual([])
  })
})
