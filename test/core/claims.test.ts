import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ClaimOutcome, Claims } from '../../src/core/claims.ts'
import { keyOf } from '../../src/core/connection.ts'
import { defaultLimits } from '../../src/core/limits.ts'
import { endpoint, familyOf, textOf } from './endpoints.ts'

const seed = 0x5eed
const other = new Uint8Array(18)

/** What became of an add or a drop, and which other endpoint it hit, if it did. */
type Answer = readonly [outcome: string, hit?: string]

function add(claims: Claims, text: string, flags = 0): Answer {
  const outcome = claims.add(endpoint(text), 0, familyOf(text), flags, other)
  return outcome === 'replaced' ? [outcome, textOf(other, 0, familyOf(text))] : [outcome]
}

function drop(claims: Claims, text: string): Answer {
  const outcome = claims.drop(endpoint(text), 0, familyOf(text), other)
  return outcome === 'other-port' ? [outcome, textOf(other, 0, familyOf(text))] : [outcome]
}

function textsOf(claims: Claims): string[] {
  const texts: string[] = []
  claims.forEach((bytes, offset, family) => {
    texts.push(textOf(bytes, offset, family))
  })
  return texts
}

/** Claims on these endpoints, added in this order. */
function claimsOn(...texts: readonly string[]): Claims {
  const claims = new Claims(defaultLimits, seed)
  for (const text of texts) add(claims, text)
  return claims
}

const addressOf = (text: string): string => text.slice(0, text.lastIndexOf(':'))

/** The rules again, in the words of the table, with nothing shared: lists of text. */
class Twin {
  claims: { readonly text: string; flags: number }[] = []
  /** Addresses of which two ports were there at a time, while at least one is. */
  readonly #shared = new Set<string>()
  readonly #maxClaims: number
  readonly #maxPorts: number

  constructor(maxClaims: number, maxPorts: number) {
    this.#maxClaims = maxClaims
    this.#maxPorts = maxPorts
  }

  #ofAddress(text: string) {
    return this.claims.filter((claim) => addressOf(claim.text) === addressOf(text))
  }

  #remove(text: string): void {
    this.claims = this.claims.filter((claim) => claim.text !== text)
    if (this.#ofAddress(text).length === 0) this.#shared.delete(addressOf(text))
  }

  add(text: string, flags: number): Answer {
    const present = this.claims.find((claim) => claim.text === text)
    if (present !== undefined) {
      present.flags = flags
      return ['present']
    }
    if (this.#maxClaims === 0) return ['not-taken']
    const ports = this.#ofAddress(text).length
    if (ports > 0) this.#shared.add(addressOf(text))
    if (ports === this.#maxPorts) return ['not-taken']
    this.claims.push({ text, flags })
    const ofFamily = this.claims.filter((claim) => familyOf(claim.text) === familyOf(text))
    if (ofFamily.length <= this.#maxClaims) return ['added']
    this.#remove(ofFamily[0]!.text)
    return ['replaced', ofFamily[0]!.text]
  }

  drop(text: string): Answer {
    if (this.claims.some((claim) => claim.text === text)) {
      this.#remove(text)
      return ['same']
    }
    const [only, ...others] = this.#ofAddress(text)
    if (only === undefined || others.length > 0 || this.#shared.has(addressOf(text))) return ['unknown']
    this.#remove(only.text)
    return ['other-port', only.text]
  }
}

interface Model {
  readonly twin: Twin
}
interface Real {
  readonly claims: Claims
}

class AddOrDrop implements fc.Command<Model, Real> {
  readonly #text: string
  /** undefined for a drop. */
  readonly #flags: number | undefined

  constructor(text: string, flags: number | undefined) {
    this.#text = text
    this.#flags = flags
  }

  check(): boolean {
    return true
  }

  run({ twin }: Model, { claims }: Real): void {
    if (this.#flags === undefined) expect(drop(claims, this.#text)).toEqual(twin.drop(this.#text))
    else expect(add(claims, this.#text, this.#flags)).toEqual(twin.add(this.#text, this.#flags))
    const expected = [4, 6].flatMap((family) => twin.claims.filter(({ text }) => familyOf(text) === family))
    const actual: { text: string; flags: number }[] = []
    claims.forEach((bytes, offset, family, flags) => {
      actual.push({ text: textOf(bytes, offset, family), flags })
    })
    expect(actual).toEqual(expected)
    expect(claims.size).toBe(expected.length)
    const isClaimed = expected.some(({ text }) => text === this.#text)
    expect(claims.has(keyOf(endpoint(this.#text)))).toBe(isClaimed)
  }

  toString(): string {
    return this.#flags === undefined ? `drop ${this.#text}` : `add ${this.#text} ${this.#flags}`
  }
}

describe('claims', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])('follow the rules for any schedule of adds and drops (hundred %i)', () => {
    const addresses = ['1.1.1.1', '2.2.2.2', '3.3.3.3', '4.4.4.4', '5.5.5.5', '[2001:db8::1]', '[2001:db8::2]']
    const texts = fc.tuple(fc.constantFrom(...addresses), fc.integer({ min: 2, max: 5 })).map(([address, port]) => `${address}:${port}`)
    const command = fc.tuple(texts, fc.option(fc.nat(255), { nil: undefined, freq: 2 })).map(([text, flags]) => new AddOrDrop(text, flags))
    const bounds = fc.record({ maxClaims: fc.nat(5), maxPortsPerAddress: fc.integer({ min: 1, max: 3 }) })
    fc.assert(
      fc.property(bounds, fc.commands([command], { size: '+1' }), (bounds, commands) => {
        const setup = () => ({
          model: { twin: new Twin(bounds.maxClaims, bounds.maxPortsPerAddress) },
          real: { claims: new Claims({ ...defaultLimits, ...bounds }, seed) },
        })
        fc.modelRun(setup, commands)
      }),
      { numRuns: 100 },
    )
  })

  test('end with the drop of just that endpoint', () => {
    const claims = claimsOn('1.1.1.1:10', '1.1.1.1:11', '[2001:db8::1]:10')
    expect(drop(claims, '1.1.1.1:11')).toEqual(['same'])
    expect(drop(claims, '[2001:db8::1]:10')).toEqual(['same'])
    expect(textsOf(claims)).toEqual(['1.1.1.1:10'])
  })

  test.each(['1.1.1.1', '[2001:db8::1]'])(
    'end with the drop of another port, if there was one port of the address at a time: %s',
    (address) => {
      const claims = claimsOn(`${address}:10`)
      expect(drop(claims, `${address}:999`)).toEqual(['other-port', `${address}:10`])
      add(claims, `${address}:11`)
      expect(drop(claims, `${address}:10`)).toEqual(['other-port', `${address}:11`])
      expect(claims.size).toBe(0)
    },
  )

  test('stay with the drop of another port, if the source claims several of the address', () => {
    const claims = claimsOn('1.1.1.1:10', '1.1.1.1:11')
    expect(drop(claims, '1.1.1.1:999')).toEqual(['unknown'])
    expect(claims.size).toBe(2)
  })

  test('stay with the drop of another port, if the source claimed a second one of the address since', () => {
    const claims = claimsOn('1.1.1.1:10', '1.1.1.1:11')
    drop(claims, '1.1.1.1:10')
    expect(drop(claims, '1.1.1.1:10')).toEqual(['unknown'])
    expect(textsOf(claims)).toEqual(['1.1.1.1:11'])
    // With the last one of the address that memory ends.
    drop(claims, '1.1.1.1:11')
    add(claims, '1.1.1.1:12')
    expect(drop(claims, '1.1.1.1:10')).toEqual(['other-port', '1.1.1.1:12'])
  })

  test('stay with the drop of another port, if the second one pushed the first out', () => {
    const claims = new Claims({ ...defaultLimits, maxClaims: 1 }, seed)
    add(claims, '1.1.1.1:10')
    expect(add(claims, '1.1.1.1:11')).toEqual(['replaced', '1.1.1.1:10'])
    expect(drop(claims, '1.1.1.1:10')).toEqual(['unknown'])
  })

  test('are four ports of one address at the most, the first four', () => {
    const outcomes = new Map<ClaimOutcome, number>()
    const claims = new Claims(defaultLimits, seed)
    const bytes = endpoint('1.1.1.1:0')
    for (let port = 2; port < 65_536; port++) {
      bytes[4] = port >> 8
      bytes[5] = port
      const outcome = claims.add(bytes, 0, 4, 0, other)
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    }
    expect(Object.fromEntries(outcomes)).toEqual({ added: 4, 'not-taken': 65_530 })
    expect(textsOf(claims)).toEqual(['1.1.1.1:2', '1.1.1.1:3', '1.1.1.1:4', '1.1.1.1:5'])
  })

  test('are 200 of each family at the most, of which the oldest gives way', () => {
    const claims = new Claims(defaultLimits, seed)
    for (let i = 0; i < 200; i++) {
      expect(add(claims, `8.8.4.${i}:6881`)).toEqual(['added'])
      expect(add(claims, `[2001:db8::${i}]:6881`)).toEqual(['added'])
    }
    expect(add(claims, '8.8.8.8:6881')).toEqual(['replaced', '8.8.4.0:6881'])
    expect(add(claims, '[2001:db8::a:b]:6881')).toEqual(['replaced', '[2001:db8::]:6881'])
    expect(claims.size).toBe(400)
  })

  test('cost at most 16 KiB, nothing before the first, and little for a few', () => {
    const claims = new Claims(defaultLimits, seed)
    expect(claims.byteLength).toBe(0)
    for (let i = 0; i < 5; i++) add(claims, `8.8.4.${i}:6881`)
    expect(claims.byteLength).toBeLessThanOrEqual(128)
    const before = claims.byteLength
    add(claims, '[2001:db8::]:6881')
    expect(claims.byteLength).toBeGreaterThan(before)
    const bytes4 = endpoint('9.0.0.0:6881')
    const bytes6 = endpoint('[2001:db8::]:6881')
    for (let i = 0; i < 100_000; i++) {
      bytes4.set([i >> 16, i >> 8, i], 1)
      bytes6.set([i >> 16, i >> 8, i], 8)
      claims.add(bytes4, 0, 4, 0, other)
      claims.add(bytes6, 0, 6, 0, other)
    }
    expect(claims.size).toBe(400)
    expect(claims.byteLength).toBeLessThanOrEqual(16 * 1024)
    claims.clear()
    expect([claims.size, claims.byteLength]).toEqual([0, 0])
  })

  test('are not kept where none are allowed', () => {
    const claims = new Claims({ ...defaultLimits, maxClaims: 0 }, seed)
    expect(add(claims, '1.1.1.1:10')).toEqual(['not-taken'])
    expect(drop(claims, '1.1.1.1:10')).toEqual(['unknown'])
    expect([claims.size, claims.byteLength]).toEqual([0, 0])
  })
})
