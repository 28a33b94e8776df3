/** How many sources claim each contact, compared with its slow twin, a map by key. */
import { describe, expect, it } from 'vitest'
import { type EndpointKey, endpointKey, type Family } from '../../src/codec/contact.ts'
import { Chance } from '../../src/core/chance.ts'
import { Known } from '../../src/core/known.ts'

/** Neighbours in one network, so that some endpoints differ by the last byte alone; the port is the same for all. */
function endpointOf(number: number, family: Family): Uint8Array {
  const bytes = new Uint8Array(family === 4 ? 6 : 18).fill(17)
  bytes[bytes.length - 3] = number
  bytes[bytes.length - 4] = number >> 8
  return bytes
}

class MapOfCounts {
  readonly #counts = new Map<EndpointKey, number>()

  get size(): number {
    return this.#counts.size
  }

  add(key: EndpointKey): number {
    const count = (this.#counts.get(key) ?? 0) + 1
    this.#counts.set(key, count)
    return count
  }

  remove(key: EndpointKey): number {
    const count = (this.#counts.get(key) ?? 1) - 1
    if (count > 0) this.#counts.set(key, count)
    else this.#counts.delete(key)
    return count
  }
}

describe('what is known', () => {
  it('counts as a map by key does, over random lives of tables that grow and shrink', () => {
    for (let seed = 1; seed <= 30; seed++) {
      const chance = new Chance(seed)
      const [known, twin] = [new Known(seed), new MapOfCounts()]
      const addressCount = [3, 40, 700][seed % 3] as number
      for (let step = 0; step < 4_000; step++) {
        const family = chance.uint32() % 3 === 0 ? 6 : 4
        const bytes = endpointOf(chance.uint32() % addressCount, family)
        const key = endpointKey(bytes, 0, family)
        // For a while claims are many, and then drops are.
        const adds = chance.uint32() % 10 < (step % 1_000 < 500 ? 7 : 2)
        const count = adds ? known.add(bytes, 0, family) : known.remove(bytes, 0, family)
        expect(count, `seed ${seed}, step ${step}`).toBe(adds ? twin.add(key) : twin.remove(key))
        expect(known.size).toBe(twin.size)
      }
    }
  })

  it('is nothing after it was cleared', () => {
    const known = new Known(1)
    for (let number = 0; number < 100; number++) known.add(endpointOf(number, 4), 0, 4)
    known.clear()
    expect(known.size).toBe(0)
    expect(known.remove(endpointOf(1, 4), 0, 4)).toBe(0)
    expect(known.add(endpointOf(1, 4), 0, 4)).toBe(1)
  })
})
