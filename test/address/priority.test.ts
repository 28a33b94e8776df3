import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { crc32cAdd } from '../../src/address/crc32c.ts'
import { canonicalPriority, parseEndpoint } from '../../src/address/index.ts'

/** The checksum bit by bit from the definition: polynomial 0x1edc6f41, reflected, all ones at the start and the end. */
function slowCrc32c(bytes: Iterable<number>): number {
  let register = 0xffffffffn
  for (const byte of bytes) {
    register ^= BigInt(byte)
    for (let bit = 0; bit < 8; bit++) register = register & 1n ? (register >> 1n) ^ 0x82f63b78n : register >> 1n
  }
  return Number(register ^ 0xffffffffn)
}

const fromHex = (hex: string): Uint8Array => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
const crcOfHex = (hex: string): number => slowCrc32c(fromHex(hex))

function endpoint(text: string): Uint8Array {
  const bytes = parseEndpoint(text)
  if (!bytes) throw new Error(`no endpoint: ${text}`)
  return bytes
}

describe('crc32c', () => {
  const fast = (bytes: Iterable<number>): number => ~[...bytes].reduce(crc32cAdd, -1) >>> 0
  const ascending = Array.from({ length: 32 }, (_, at) => at)
  test.each([
    ['32 zeros', new Array<number>(32).fill(0), 0x8a9136aa],
    ['32 ones', new Array<number>(32).fill(0xff), 0x62a8ab43],
    ['32 ascending bytes', ascending, 0x46dd794e],
    ['32 descending bytes', ascending.toReversed(), 0x113fdb5c],
    ['the digits 1 to 9', [...'123456789'].map((digit) => digit.charCodeAt(0)), 0xe3069283],
    ['nothing', [], 0],
  ])('of %s is that of RFC 3720, appendix B.4', (_name, bytes, expected) => {
    expect(fast(bytes)).toBe(expected)
    expect(slowCrc32c(bytes)).toBe(expected)
  })

  test('is the same from the table as bit by bit', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(fast(bytes)).toBe(slowCrc32c(bytes))
      }),
    )
  })
})

describe('canonicalPriority (BEP 40)', () => {
  test('gives the two vectors of the BEP', () => {
    expect(canonicalPriority(endpoint('123.213.32.10:1'), endpoint('98.76.54.32:2'))).toBe(0xec2d7224)
    expect(canonicalPriority(endpoint('123.213.32.10:1'), endpoint('123.213.32.234:2'))).toBe(0x99568189)
  })

  test.each([
    ['IPv4, not the same /16: ff.ff.55.55', '123.213.32.10:1', '98.76.54.32:2', '624c1400' + '7bd50000'],
    ['IPv4, the same /8 only', '10.255.255.255:1', '10.254.255.255:2', '0afe5555' + '0aff5555'],
    ['IPv4, the same /16: ff.ff.ff.55', '10.1.255.255:1', '10.1.254.255:2', '0a01fe55' + '0a01ff55'],
    ['IPv4, the same /24: ff.ff.ff.ff', '123.213.32.234:1', '123.213.32.10:2', '7bd5200a' + '7bd520ea'],
    ['IPv4, the same address: the ports', '10.0.0.1:65280', '10.0.0.1:255', '00ff' + 'ff00'],
    ['IPv4, the same address, ports that differ in the second byte', '10.0.0.1:513', '10.0.0.1:512', '0200' + '0201'],
    ['IPv4, the same address and port', '10.0.0.1:258', '10.0.0.1:258', '0102' + '0102'],
    [
      'IPv6, nothing in common',
      '[ffff::ffff]:1',
      '[1::ffff]:2',
      '000100000000' + '00000000000000005555' + 'ffff00000000' + '00000000000000005555',
    ],
    [
      'IPv6, the same /40',
      '[2001:db8:ffff:ffff:ffff:ffff:ffff:ffff]:1',
      '[2001:db8:fffe:ffff:ffff:ffff:ffff:ffff]:2',
      `20010db8fffe${'5'.repeat(20)}20010db8ffff${'5'.repeat(20)}`,
    ],
    [
      'IPv6, the same /48',
      '[2001:db8:1:ffff:ffff:ffff:ffff:ffff]:1',
      '[2001:db8:1:feff:ffff:ffff:ffff:ffff]:2',
      `20010db80001fe${'5'.repeat(18)}20010db80001ff${'5'.repeat(18)}`,
    ],
    [
      'IPv6, the same /56',
      '[2001:db8:1:ffff:ffff:ffff:ffff:ffff]:1',
      '[2001:db8:1:fffe:ffff:ffff:ffff:ffff]:2',
      `20010db80001fffe${'5'.repeat(16)}20010db80001ffff${'5'.repeat(16)}`,
    ],
    ['IPv6, the same /112', '[2001:db8::ffff]:1', '[2001:db8::feff]:2', `20010db8${'0'.repeat(20)}fe5520010db8${'0'.repeat(20)}ff55`],
    ['IPv6, the same /120', '[2001:db8::ffff]:1', '[2001:db8::fffe]:2', `20010db8${'0'.repeat(20)}fffe20010db8${'0'.repeat(20)}ffff`],
    ['IPv6, the same address: the ports', '[2001:db8::1]:6882', '[2001:db8::1]:6881', '1ae1' + '1ae2'],
  ])('%s', (_name, a, b, hashed) => {
    expect(canonicalPriority(endpoint(a), endpoint(b))).toBe(crcOfHex(hashed))
    expect(canonicalPriority(endpoint(b), endpoint(a))).toBe(crcOfHex(hashed))
  })

  /** The BEP's sentences, word by word: choose a mask by the common prefix, mask, sort, hash. */
  function slowPriority(a: Uint8Array, b: Uint8Array): number {
    const length = a.length - 2
    const [addressA, addressB] = [[...a.slice(0, length)], [...b.slice(0, length)]]
    const share = (count: number): boolean => addressA.slice(0, count).every((byte, at) => byte === addressB[at])
    const text = (bytes: number[]): string => bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('')
    if (share(length)) return crcOfHex([text([...a.slice(length)]), text([...b.slice(length)])].sort().join(''))
    let mask = length === 4 ? 'ffff5555' : 'ffffffffffff55555555555555555555'
    for (let shared = mask.indexOf('5') / 2; shared < length && share(shared); shared++)
      mask = 'f'.repeat(2 * shared + 2) + '5'.repeat(2 * (length - shared - 1))
    const masked = [addressA, addressB].map((address) => text(address.map((byte, at) => byte & (fromHex(mask)[at] ?? 0))))
    return crcOfHex(masked.sort().join(''))
  }

  test('is what the sentences of the BEP say for any two endpoints, in either order', () => {
    const pair = fc.constantFrom(6, 18).chain((length) => {
      const bytes = fc.uint8Array({ minLength: length, maxLength: length })
      return fc.record({ a: bytes, b: bytes, common: fc.nat(length) }).map(({ a, b, common }) => {
        b.set(a.subarray(0, common))
        return [a, b] as const
      })
    })
    fc.assert(
      fc.property(pair, ([a, b]) => {
        expect(canonicalPriority(a, b)).toBe(slowPriority(a, b))
        expect(canonicalPriority(b, a)).toBe(slowPriority(a, b))
      }),
      { numRuns: 2_000 },
    )
  })

  test('is 0 for two families', () => {
    expect(canonicalPriority(endpoint('10.0.0.1:1'), endpoint('[::1]:1'))).toBe(0)
    expect(canonicalPriority(endpoint('[::1]:1'), endpoint('10.0.0.1:1'))).toBe(0)
  })
})
