/** What is known, compared with its slow twins: a map of counts by key, and a map of candidates by key. */
import { describe, expect, it } from 'vitest'
import { type EndpointKey, endpointKey, type Family } from '../../src/codec/contact.ts'
import { Chance } from '../../src/core/chance.ts'
import { Known } from '../../src/core/known.ts'

/** Neighbours in one network, so that some endpoints differ by the last byte of the address alone, or by the first; of two one has another port. */
function endpointOf(number: number, family: Family): Uint8Array {
  const bytes = new Uint8Array(family === 4 ? 6 : 18).fill(17)
  bytes[bytes.length - 1] = number & 1
  bytes[bytes.length - 3] = number >> 1
  bytes[bytes.length - 4] = number >> 9
  bytes[0] = number >> 13
  return bytes
}

/** As `expect`, at the price of a comparison. */
function check(holds: boolean, claim: string): void {
  if (!holds) throw new Error(claim)
}

class MapOfCounts {
  readonly counts = new Map<EndpointKey, number>()

  get size(): number {
    return this.counts.size
  }

  add(key: EndpointKey): number {
    const count = (this.counts.get(key) ?? 0) + 1
    this.counts.set(key, count)
    return count
  }

  remove(key: EndpointKey): number {
    const count = (this.counts.get(key) ?? 1) - 1
    if (count > 0) this.counts.set(key, count)
    else this.counts.delete(key)
    return count
  }
}

describe('what is known', () => {
  it('counts as a map by key does, and knows whose candidate is whose, over random lives of tables that grow, empty and are trimmed', () => {
    let [trimmedCount, movedCount] = [0, 0]
    for (let seed = 1; seed <= 90; seed++) {
      const chance = new Chance(seed)
      const [known, twin] = [new Known(seed), new MapOfCounts()]
      const candidates = new Map<EndpointKey, number>()
      /** As the table of candidates keeps them: places by number. */
      const places = new Map<number, number>()
      const addressCount = [3, 40, 250][seed % 3] as number
      for (let step = 0; step < 4_000; step++) {
        const family = chance.uint32() % 3 === 0 ? 6 : 4
        const bytes = endpointOf(chance.uint32() % addressCount, family)
        const key = endpointKey(bytes, 0, family)
        // For a while claims are many, and then drops are.
        const adds = chance.uint32() % 10 < (step % 2_000 < 600 ? 8 : 0)
        const count = adds ? known.countOf(known.claim(bytes, 0, family)) : known.unclaim(known.find(bytes, 0, family))
        check(count === (adds ? twin.add(key) : twin.remove(key)), `the count, seed ${seed}, step ${step}`)
        const place = known.find(bytes, 0, family)
        check(known.candidateOf(place) === (candidates.get(key) ?? 0), `the candidate, seed ${seed}, step ${step}`)
        if (adds && !candidates.has(key) && step % 3 === 0) {
          known.setCandidate(place, step + 1)
          candidates.set(key, step + 1)
          places.set(step + 1, place)
        }
        // The oldest candidates go by themselves: nobody has looked for them before.
        if (candidates.size > 15 || chance.uint32() % 50 === 0) {
          for (const [oldest, candidate] of [...candidates].slice(0, 1)) {
            known.setCandidate(places.get(candidate)!, 0)
            candidates.delete(oldest)
            places.delete(candidate)
          }
        }
        if (step % 500 === 499) {
          const before = known.byteLength
          known.trim((candidate, place) => {
            if (places.get(candidate) !== place) movedCount++
            places.set(candidate, place)
          })
          if (known.byteLength < before) trimmedCount++
          expect([...candidates.values()].map((candidate) => known.keyOf(places.get(candidate)!))).toEqual([...candidates.keys()])
        }
        check(known.size === twin.size, `the size, seed ${seed}, step ${step}`)
      }
    }
    expect(trimmedCount).toBeGreaterThan(2)
    expect(movedCount).toBeGreaterThan(2)
  })

  it('is found only under its own address, port and family', () => {
    const known = new Known(1)
    const ipv4 = Uint8Array.of(20, 0, 0, 1, 0x1a, 0xe1)
    const place = known.claim(ipv4, 0, 4)
    for (let index = 0; index < 6; index++) expect(known.find(ipv4.with(index, 99), 0, 4)).toBe(0)
    const ipv6 = new Uint8Array(18)
    ipv6.set(ipv4)
    expect(known.find(ipv6, 0, 6)).toBe(0)
    const place6 = known.claim(ipv6, 0, 6)
    for (let index = 0; index < 18; index++) expect(known.find(ipv6.with(index, 99), 0, 6)).toBe(0)
    expect([known.familyOf(place), known.familyOf(place6), place === place6]).toEqual([4, 6, false])
    expect([known.keyOf(place), known.keyOf(place6)]).toEqual([endpointKey(ipv4, 0, 4), endpointKey(ipv6, 0, 6)])
  })

  it('is no longer than a source claims it or it is a candidate', () => {
    const known = new Known(1)
    const [a, b] = [endpointOf(1, 4), endpointOf(2, 4)]
    for (const bytes of [a, b]) known.setCandidate(known.claim(bytes, 0, 4), 7)
    known.unclaim(known.find(a, 0, 4))
    known.setCandidate(known.find(b, 0, 4), 0)
    expect([known.candidateOf(known.find(a, 0, 4)), known.countOf(known.find(b, 0, 4)), known.size]).toEqual([7, 1, 1])
    known.setCandidate(known.find(a, 0, 4), 0)
    known.unclaim(known.find(b, 0, 4))
    expect([known.find(a, 0, 4), known.find(b, 0, 4), known.size]).toEqual([0, 0, 0])
  })

  it('is not mixed up with what was in its row before', () => {
    const known = new Known(1)
    for (let number = 0; number < 60; number++) {
      const [a, b] = [endpointOf(number, 4), endpointOf(number + 1, 4)]
      known.claim(a, 0, 4)
      const place = known.find(a, 0, 4)
      known.unclaim(place)
      expect(known.claim(b, 0, 4)).toBe(place)
      known.unclaim(place)
      expect([known.find(a, 0, 4), known.find(b, 0, 4)]).toEqual([0, 0])
    }
  })

  it('takes 16 and 28 bytes for each contact, and a sixteenth more at the most', () => {
    for (const [family, byteLength] of [
      [4, 16],
      [6, 28],
    ] as const) {
      const known = new Known(1)
      for (let number = 0; number < 4_000; number++) known.claim(endpointOf(number, family), 0, family)
      // The buckets take two bytes for a contact at the most.
      expect(known.byteLength).toBeLessThanOrEqual(4_000 * 1.0625 * (byteLength + 2) + 500)
      expect(known.size).toBe(4_000)
    }
  })

  it.each([4, 6] as const)('tells apart what differs in a single byte, wherever it lies in a message, IPv%d', (family) => {
    const length = family === 4 ? 6 : 18
    for (let at = 0; at < length; at++) {
      const known = new Known(at)
      const message = new Uint8Array(3 + length + 3).fill(0xff)
      const places = Array.from({ length: 60 }, (_, value) => {
        message.fill(17, 3, 3 + length)
        message[3 + at] = value
        const place = known.claim(message, 3, family)
        expect([known.countOf(place), known.candidateOf(place), known.find(message, 3, family)]).toEqual([1, 0, place])
        return place
      })
      expect(new Set(places).size).toBe(60)
    }
  })

  it.each([4, 6] as const)('gives memory back when most of what it held of one family is forgotten, IPv%d', (family) => {
    const known = new Known(1)
    for (const [other, count] of [
      [4, 1],
      [6, 1],
      [family, 999],
    ] as const) {
      for (let number = 2; number < 2 + count; number++) known.claim(endpointOf(number, other), 0, other)
    }
    expect(known.isLoose).toBe(false)
    const full = known.byteLength
    expect(full).toBeGreaterThan(1_000 * (family === 4 ? 6 : 18))
    for (let number = 3; number < 1_001; number++) known.unclaim(known.find(endpointOf(number, family), 0, family))
    expect([known.isLoose, known.byteLength]).toEqual([true, full])
    known.trim(() => expect.unreachable())
    expect(known.isLoose).toBe(false)
    expect(known.byteLength).toBeLessThan(full / 10)
  })

  it('is nothing after it was cleared, and takes no memory after all was dropped and it was trimmed', () => {
    const known = new Known(1)
    for (let number = 0; number < 100; number++) known.claim(endpointOf(number, 4), 0, 4)
    known.clear()
    expect(known.size).toBe(0)
    expect(known.byteLength).toBe(0)
    expect(known.unclaim(known.find(endpointOf(1, 4), 0, 4))).toBe(0)
    const place = known.claim(endpointOf(1, 4), 0, 4)
    expect(known.countOf(place)).toBe(1)
    expect(known.unclaim(place)).toBe(0)
    known.trim(() => expect.unreachable())
    expect(known.byteLength).toBe(0)
  })
})
