import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Family } from '../../src/codec/contact.ts'
import { addressHash, ipv4OfHash, mix, otherSeedOf } from '../../src/core/address-hash.ts'
import { keyOf } from '../../src/core/connection.ts'
import * as block from '../../src/core/endpoint-block.ts'
import { type AddOutcome, EndpointSet } from '../../src/core/endpoint-set.ts'
import { endpoint, textOf } from './endpoints.ts'

const bounds = { seed: 0x5eed, maxCount: 100, maxPorts: 4 }

/** The entries of a set, oldest first. */
function entriesOf(set: EndpointSet, family: Family): [string, number][] {
  const entries: [string, number][] = []
  set.forEach((bytes, offset, flags) => {
    entries.push([textOf(bytes, offset, family), flags])
  })
  return entries
}

/** The same set, slow: a Map of strings, which keeps the order of insertion. */
class TwinSet {
  readonly entries = new Map<string, { flags: number; isMarked: boolean }>()
  readonly #maxCount: number
  readonly #maxPorts: number

  constructor(maxCount: number, maxPorts: number) {
    this.#maxCount = maxCount
    this.#maxPorts = maxPorts
  }

  ofAddress(text: string): string[] {
    const address = text.slice(0, text.lastIndexOf(':') + 1)
    return [...this.entries.keys()].filter((other) => other.startsWith(address))
  }

  add(text: string, flags: number): AddOutcome {
    const present = this.entries.get(text)
    if (present !== undefined) {
      present.flags = flags
      return 'present'
    }
    const others = this.ofAddress(text)
    for (const other of others) this.entries.get(other)!.isMarked = true
    if (others.length >= this.#maxPorts) return 'crowded'
    if (this.entries.size >= this.#maxCount) return 'full'
    this.entries.set(text, { flags, isMarked: others.length > 0 })
    return 'added'
  }

  deleteOnly(text: string): string | undefined {
    const [only, ...others] = this.ofAddress(text)
    if (only === undefined || others.length > 0 || this.entries.get(only)!.isMarked) return undefined
    this.entries.delete(only)
    return only
  }

  shift(): string | undefined {
    const [oldest] = this.entries.keys()
    if (oldest !== undefined) this.entries.delete(oldest)
    return oldest
  }
}

interface Model {
  readonly twin: TwinSet
}
interface Real {
  readonly set: EndpointSet
  readonly family: Family
}

/** One call on both, and what both answered. Afterwards both hold the same. */
class Call implements fc.Command<Model, Real> {
  readonly #name: string
  readonly #onModel: (model: Model) => unknown
  readonly #onReal: (real: Real) => unknown

  constructor(name: string, onModel: (model: Model) => unknown, onReal: (real: Real) => unknown) {
    this.#name = name
    this.#onModel = onModel
    this.#onReal = onReal
  }

  check(): boolean {
    return true
  }

  run(model: Model, real: Real): void {
    expect(this.#onReal(real)).toEqual(this.#onModel(model))
    expect(entriesOf(real.set, real.family)).toEqual([...model.twin.entries].map(([text, { flags }]) => [text, flags]))
    expect(real.set.size).toBe(model.twin.entries.size)
  }

  toString(): string {
    return this.#name
  }
}

function commandsOn(texts: fc.Arbitrary<string>): fc.Arbitrary<Call>[] {
  const removed = (isRemoved: boolean, into: Uint8Array, family: Family) => (isRemoved ? textOf(into, 0, family) : undefined)
  const add = fc.tuple(texts, fc.nat(255)).map(
    ([text, flags]) =>
      new Call(
        `add ${text}`,
        ({ twin }) => twin.add(text, flags),
        ({ set }) => set.add(endpoint(text), 0, flags),
      ),
  )
  return [
    add,
    add,
    texts.map(
      (text) =>
        new Call(
          `has ${text}`,
          ({ twin }) => twin.entries.has(text),
          ({ set }) => set.has(keyOf(endpoint(text))),
        ),
    ),
    texts.map(
      (text) =>
        new Call(
          `delete ${text}`,
          ({ twin }) => twin.entries.delete(text),
          ({ set }) => set.delete(endpoint(text), 0),
        ),
    ),
    texts.map((text) => {
      const into = new Uint8Array(18)
      const onReal = ({ set, family }: Real) => removed(set.deleteOnly(endpoint(text), 0, into), into, family)
      return new Call(`deleteOnly ${text}`, ({ twin }) => twin.deleteOnly(text), onReal)
    }),
    fc.constant(null).map(() => {
      const into = new Uint8Array(18)
      return new Call(
        'shift',
        ({ twin }) => twin.shift(),
        ({ set, family }) => removed(set.shift(into), into, family),
      )
    }),
  ]
}

describe('a set of endpoints', () => {
  test.each([4, 6, 4, 6, 4, 6, 4, 6, 4, 6] as const)(
    'answers as a Map of strings does, whatever is called on it (IPv%d, a hundred times)',
    (family) => {
      const addresses = family === 4 ? ['1.2.3.4', '1.2.3.5', '200.2.3.4'] : ['[2001:db8::1]', '[2001:db8::2]', '[2001:db8:1::1]', '[::1]']
      const texts = fc
        .tuple(fc.constantFrom(...addresses), fc.integer({ min: 0xfffd, max: 0xffff }))
        .map(([address, port]) => `${address}:${port}`)
      const scene = fc.record({ seed: fc.integer(), maxCount: fc.integer({ min: 0, max: 8 }), maxPorts: fc.integer({ min: 1, max: 3 }) })
      fc.assert(
        fc.property(scene, fc.commands(commandsOn(texts), { size: '+1' }), (scene, commands) => {
          const setup = () => ({
            model: { twin: new TwinSet(scene.maxCount, scene.maxPorts) },
            real: { set: new EndpointSet(family, scene), family },
          })
          fc.modelRun(setup, commands)
        }),
        { numRuns: 100 },
      )
    },
  )

  test.each([4, 6] as const)('keeps the order and all that is in it while it grows (IPv%d)', (family) => {
    const set = new EndpointSet(family, { ...bounds, maxCount: 201 })
    const expected = Array.from({ length: 201 }, (_, i): [string, number] => [
      family === 4 ? `10.0.${i % 7}.${i}:9` : `[fd00::a${i % 7}:${i}]:9`,
      i,
    ])
    for (const [text, flags] of expected) expect(set.add(endpoint(text), 0, flags)).toBe('added')
    expect(entriesOf(set, family)).toEqual(expected)
    for (const [text] of expected) expect(set.has(keyOf(endpoint(text)))).toBe(true)
  })

  test('reads an endpoint where it stands in a message', () => {
    const set = new EndpointSet(4, bounds)
    const bytes = Uint8Array.of(99, ...endpoint('1.2.3.4:5'), ...endpoint('6.7.8.9:10'))
    set.add(bytes, 1, 0)
    set.add(bytes, 7, 0)
    expect(entriesOf(set, 4).map(([text]) => text)).toEqual(['1.2.3.4:5', '6.7.8.9:10'])
    expect(set.delete(bytes, 7)).toBe(true)
    expect(set.has(keyOf(endpoint('1.2.3.4:5')))).toBe(true)
  })

  test('tells two IPv6 addresses apart that have one hash', () => {
    const { seed } = bounds
    const one = endpoint('[2001:db8::1:2:3:4]:6881')
    const other = endpoint('[2001:db8::5:6:0:0]:6881')
    const wordOf = (bytes: Uint8Array, at: number) => new DataView(bytes.buffer).getInt32(at)
    // The last word is chosen so that the second halves come to the same.
    const half = mix(mix(otherSeedOf(seed), wordOf(one, 8)), wordOf(one, 12))
    new DataView(other.buffer).setInt32(12, ipv4OfHash(half, mix(otherSeedOf(seed), wordOf(other, 8))))
    expect(addressHash(other, 0, 4, seed)).toBe(addressHash(one, 0, 4, seed))

    for (const [first, second] of [
      [one, other],
      [other, one],
    ] as const) {
      const set = new EndpointSet(6, bounds)
      expect([set.add(first, 0, 1), set.has(keyOf(second)), set.add(second, 0, 2), set.size]).toEqual(['added', false, 'added', 2])
      block.offsets[0] = 0
      set.deleteBlock(new DataView(first.buffer), 1)
      expect([block.outcomes[0], set.has(keyOf(first)), set.has(keyOf(second))]).toEqual([block.outcome.deleted, false, true])
      set.deleteBlock(new DataView(first.buffer), 1)
      expect([block.outcomes[0], set.has(keyOf(second))]).toEqual([block.outcome.absent, true])
    }
  })

  test('gives back the IPv4 address of which it keeps the hash', () => {
    fc.assert(fc.property(fc.integer(), fc.integer(), (seed, word) => ipv4OfHash(mix(seed, word), seed) === word))
  })

  test.each([
    [4, 114],
    [6, 226],
  ] as const)('takes the memory of six with the first endpoint, and no more before the seventh (IPv%d)', (family, byteLength) => {
    const set = new EndpointSet(family, bounds)
    const add = (i: number) => set.add(endpoint(family === 4 ? `1.2.3.${i}:5` : `[2001:db8::${i}]:5`), 0, 0)
    for (let i = 1; i <= 6; i++) {
      add(i)
      expect(set.byteLength).toBe(byteLength)
    }
    add(7)
    expect(set.byteLength).toBeGreaterThan(byteLength)
  })

  test('takes no memory before the first endpoint, and no more however often rows change hands', () => {
    const set = new EndpointSet(6, bounds)
    expect(set.byteLength).toBe(0)
    const bytes = endpoint('[2001:db8::]:6881')
    for (let i = 0; i < 100_000; i++) {
      bytes[14] = i
      bytes[15] = i >> 8
      set.add(bytes, 0, 0)
      bytes[14] = i - 6
      bytes[15] = (i - 6) >> 8
      set.delete(bytes, 0)
      if (i === 6) expect(set.byteLength).toBeLessThan(512)
    }
    expect(set.size).toBe(6)
    expect(set.byteLength).toBeLessThan(512)
  })

  test.each([
    [{ maxCount: -1 }, /maxCount/],
    [{ maxCount: 65_535 }, /maxCount/],
    [{ maxCount: Number.POSITIVE_INFINITY }, /maxCount/],
    [{ maxCount: 1.5 }, /maxCount/],
    [{ maxPorts: 0 }, /maxPorts/],
    [{ maxPorts: Number.NaN }, /maxPorts/],
  ])('refuses bounds that it could not keep: %o', (wrong, message) => {
    expect(() => new EndpointSet(4, { ...bounds, ...wrong })).toThrow(RangeError)
    expect(() => new EndpointSet(4, { ...bounds, ...wrong })).toThrow(message)
  })

  test('is full with as many as it may hold', () => {
    const set = new EndpointSet(4, { ...bounds, maxCount: 1 })
    expect(['1.1.0.1:6881', '1.1.0.2:6881', '1.1.0.1:6881'].map((text) => set.add(endpoint(text), 0, 0))).toEqual([
      'added',
      'full',
      'present',
    ])
  })

  test('can hold 65,534 endpoints', () => {
    const set = new EndpointSet(4, { ...bounds, maxCount: 65_534 })
    const bytes = endpoint('1.1.0.0:6881')
    const addressOf = (i: number) => {
      bytes[2] = i >> 8
      bytes[3] = i
      return bytes
    }
    for (let i = 0; i < 65_534; i++) set.add(addressOf(i), 0, 0)
    expect(set.size).toBe(65_534)
    expect(set.add(addressOf(65_534), 0, 0)).toBe('full')
    for (let i = 0; i < 65_534; i++) set.delete(addressOf(i), 0)
    expect(set.size).toBe(0)
  })
})

describe('the hash', () => {
  /** The most of 200 addresses that meet in one of 256 buckets. */
  function longestBucket(family: Family, seed: number, write: (bytes: Uint8Array, i: number) => void): number {
    const counts = new Uint16Array(256)
    for (let i = 0; i < 200; i++) {
      const bytes = new Uint8Array(family === 4 ? 4 : 16)
      write(bytes, i)
      counts[addressHash(bytes, 0, family === 4 ? 1 : 4, seed) & 255]!++
    }
    return Math.max(...counts)
  }

  const base4 = (bytes: Uint8Array, at: number, value: number) => {
    bytes.set([44, 55, 66, 77])
    bytes[at] = value
  }
  const patterns: [string, Family, (bytes: Uint8Array, i: number) => void][] = [
    ['the hosts of a /24', 4, (bytes, i) => base4(bytes, 3, i)],
    ['one host in each /24', 4, (bytes, i) => base4(bytes, 2, i)],
    ['one host in each /16', 4, (bytes, i) => base4(bytes, 1, i)],
    ['one host in each /8', 4, (bytes, i) => base4(bytes, 0, i)],
    [
      'four values of the highest bits of each word',
      6,
      (bytes, i) => [0, 4, 8, 12].forEach((at, k) => bytes.set([(i >> (2 * k)) << 6], at)),
    ],
    [
      'four values of the lowest bits of each word',
      6,
      (bytes, i) => [3, 7, 11, 15].forEach((at, k) => bytes.set([(i >> (2 * k)) & 3], at)),
    ],
    ['one number in the first and the second half', 6, (bytes, i) => [0, 8].forEach((at) => bytes.set([i], at))],
    ['the hosts of a network', 6, (bytes, i) => bytes.set([0x20, 0x01, i], 13)],
    ['differences that cancel where words are only added', 6, (bytes, i) => [3, 7].forEach((at, k) => bytes.set([k === 0 ? i : -i], at))],
  ]

  test.each(patterns)('spreads what a peer may choose, whatever the seed: %s', (_name, family, write) => {
    for (let i = 0; i < 200; i++) {
      // 200 balls in 256 bins at random: mostly 4 or 5 in the fullest, 8 or more once in 2,500 times.
      expect(longestBucket(family, Math.imul(i, 0x9e3779b1), write)).toBeLessThanOrEqual(9)
    }
  })

  test('follows the seed: addresses that meet under one do not meet under another', () => {
    const bucketOf = (i: number, seed: number) => addressHash(Uint8Array.of(5, 6, i >> 8, i), 0, 1, seed) & 255
    const aimed = Array.from({ length: 65_536 }, (_, i) => i)
      .filter((i) => bucketOf(i, 1) === 0)
      .slice(0, 200)
    const counts = new Uint16Array(256)
    for (const i of aimed) counts[bucketOf(i, 2)]!++
    expect(aimed).toHaveLength(200)
    expect(Math.max(...counts)).toBeLessThanOrEqual(9)
  })
})
