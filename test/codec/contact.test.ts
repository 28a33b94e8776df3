import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { endpointByteLength, endpointKey, endpointOfKey, type Family, flag, knownFlags } from '../../src/codec/index.ts'
import { fromHex, toHex } from './bytes.ts'

/** 203.0.113.5:6881 and [2001:db8::8a2e:370:7334]:51413: no two bytes of a port are equal, so that swapping them shows. */
const ipv4 = 'cb0071051ae1'
const ipv6 = '20010db80000000000008a2e03707334c8d5'

const endpoints = fc.constantFrom<Family>(4, 6).chain((family) => {
  const byteLength = endpointByteLength(family)
  // Few different bytes, so that some endpoints are equal and many nearly so.
  const byte = fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xd8, 0xdf, 0xff), fc.integer({ min: 0, max: 255 }))
  return fc.record({ family: fc.constant(family), bytes: fc.array(byte, { minLength: byteLength, maxLength: byteLength }) })
})

describe('flags', () => {
  test('are the five bits of BEP 11', () => {
    expect(flag).toEqual({ encryption: 0x01, seed: 0x02, utp: 0x04, holepunch: 0x08, outgoing: 0x10 })
  })

  test('are all of the known ones', () => {
    expect(Object.values(flag).reduce((all: number, bit) => all | bit, 0)).toBe(knownFlags)
  })
})

describe('an endpoint key', () => {
  test('of IPv4 is the number that its six bytes spell, the port last', () => {
    expect(endpointKey(fromHex(ipv4), 0, 4)).toBe(0xcb00_7105 * 0x10000 + 6881)
  })

  test('of IPv6 is nine code units, the port last', () => {
    const key = endpointKey(fromHex(ipv6), 0, 6) as string
    expect(Array.from(key, (unit) => unit.charCodeAt(0).toString(16))).toEqual([
      '2001',
      'db8',
      '0',
      '0',
      '0',
      '8a2e',
      '370',
      '7334',
      'c8d5',
    ])
  })

  test.each([
    ['000000000000', 0],
    ['ffffffffffff', 2 ** 48 - 1],
    ['800000000001', 2 ** 47 + 1],
  ])('of %s is exact and not negative', (hex, key) => {
    expect(endpointKey(fromHex(hex), 0, 4)).toBe(key)
    expect(toHex(endpointOfKey(key))).toBe(hex)
  })

  test('reads at its offset and nowhere else', () => {
    expect(endpointKey(fromHex(`ffff${ipv4}ffff`), 2, 4)).toBe(endpointKey(fromHex(ipv4), 0, 4))
    expect(endpointKey(fromHex(`ff${ipv6}ffff`), 1, 6)).toBe(endpointKey(fromHex(ipv6), 0, 6))
  })

  test('gives back the endpoint, in bytes of its own', () => {
    for (const [hex, family] of [
      [ipv4, 4],
      [ipv6, 6],
    ] as const) {
      const key = endpointKey(fromHex(hex), 0, family)
      expect(toHex(endpointOfKey(key))).toBe(hex)
      expect(endpointOfKey(key).buffer).not.toBe(endpointOfKey(key).buffer)
    }
  })

  test('is refused where there is no whole endpoint', () => {
    expect(() => endpointKey(fromHex(ipv4), 1, 4)).toThrow(new RangeError('offset: 1 of 6 bytes'))
    expect(() => endpointKey(fromHex(ipv6), -1, 6)).toThrow(RangeError)
    expect(() => endpointKey(fromHex(ipv4), 0, 6)).toThrow(RangeError)
    expect(() => endpointKey(fromHex(ipv4), Number.NaN, 4)).toThrow(RangeError)
  })

  test('is equal exactly for equal endpoints, and gives them back', () => {
    fc.assert(
      fc.property(endpoints, endpoints, (one, other) => {
        const key = endpointKey(Uint8Array.from(one.bytes), 0, one.family)
        const otherKey = endpointKey(Uint8Array.from(other.bytes), 0, other.family)
        expect(key === otherKey).toBe(String(one.bytes) === String(other.bytes))
        expect(Array.from(endpointOfKey(key))).toEqual(one.bytes)
        expect(typeof key).toBe(one.family === 4 ? 'number' : 'string')
      }),
    )
  })
})
