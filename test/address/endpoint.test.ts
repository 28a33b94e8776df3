import { isIP } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatAddress, formatEndpoint, packEndpoint, parseAddress, parseEndpoint } from '../../src/address/index.ts'
import { addresses, invalidAddresses } from './texts.ts'

const ipv4Bytes = fc.uint8Array({ minLength: 4, maxLength: 4 })
/** Groups are often zero, and zeros often in runs: that is what `::` is about. */
const ipv6Bytes = fc
  .array(fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 0xffff }), fc.constantFrom(0xffff, 1, 0x100)), {
    minLength: 8,
    maxLength: 8,
  })
  .map((groups) => Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff])))
const port = fc.integer({ min: 1, max: 0xffff })

const isMapped = (bytes: Uint8Array): boolean => bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255
const familyOf = (bytes: Uint8Array): 4 | 6 => (bytes.length < 16 ? 4 : 6)
const format = (bytes: Uint8Array): string => formatAddress(bytes, 0, familyOf(bytes))

/** RFC 5952 by another way: all groups written out, then the longest of the zero runs replaced. */
function slowFormat(bytes: Uint8Array): string {
  const groups: string[] = []
  for (let at = 0; at < 16; at += 2) groups.push((((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)).toString(16))
  for (let length = 8; length >= 2; length--) {
    for (let start = 0; start + length <= 8; start++) {
      if (groups.slice(start, start + length).every((group) => group === '0')) {
        return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`
      }
    }
  }
  return groups.join(':')
}

describe('parseAddress', () => {
  test.each(addresses)('%s is written %s', (text, canonical) => {
    const bytes = parseAddress(text)
    expect(bytes && format(bytes)).toBe(canonical)
    expect(bytes?.length).toBe(canonical.includes(':') ? 16 : 4)
  })

  test.each(invalidAddresses.map((text) => [text]))('refuses %j', (text) => {
    expect(parseAddress(text)).toBeUndefined()
    if (text.includes('[')) return
    expect(parseEndpoint(`${text}:6881`)).toBeUndefined()
    expect(parseEndpoint(`[${text}]:6881`)).toBeUndefined()
  })

  test('accepts exactly what Node takes for an address, apart from zone ids', () => {
    const character = fc.constantFrom(...'0123456789abcdefF:::::....%xg[] ')
    const pieces = fc.constantFrom('::', ':', '.', '0', '1', '25', '255', '256', '01', 'ffff', 'fffff', 'FFFF', '10.0.0.1', 'db8', ' ')
    const texts = fc.oneof(
      fc.string({ unit: character, maxLength: 20 }),
      fc.array(pieces, { maxLength: 17 }).map((parts) => parts.join('')),
    )
    const mutated = fc
      .record({ bytes: fc.oneof(ipv4Bytes, ipv6Bytes), at: fc.nat(45), insert: fc.oneof(character, pieces), remove: fc.nat(2) })
      .map(({ bytes, at, insert, remove }) => {
        const text = format(bytes)
        return text.slice(0, at) + insert + text.slice(at + remove)
      })
    let valid = 0
    fc.assert(
      fc.property(fc.oneof(texts, mutated, mutated), (text) => {
        const isAddress = isIP(text) !== 0 && !text.includes('%')
        if (isAddress) valid++
        expect(parseAddress(text) !== undefined).toBe(isAddress)
      }),
      { numRuns: 5_000 },
    )
    expect(valid).toBeGreaterThan(200)
  })

  test('reads back every address that formatAddress writes', () => {
    fc.assert(
      fc.property(fc.oneof(ipv4Bytes, ipv6Bytes), (bytes) => {
        const expected = bytes.length === 16 && isMapped(bytes) ? bytes.slice(12) : bytes
        expect(parseAddress(format(bytes))).toEqual(expected)
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('formatAddress', () => {
  test('writes IPv6 as RFC 5952 says, as a slow twin does', () => {
    fc.assert(
      fc.property(ipv6Bytes, (bytes) => {
        fc.pre(!isMapped(bytes))
        expect(format(bytes)).toBe(slowFormat(bytes))
      }),
      { numRuns: 5_000 },
    )
  })

  test('writes each of the 256 patterns of zero groups as the slow twin does', () => {
    for (let pattern = 0; pattern < 256; pattern++) {
      const bytes = new Uint8Array(16)
      for (let group = 0; group < 8; group++) if (pattern & (1 << group)) bytes[2 * group + 1] = group + 1
      expect(format(bytes)).toBe(slowFormat(bytes))
    }
  })

  test('writes the groups of IPv6 in hexadecimal without leading zeros', () => {
    for (let value = 1; value < 0x10000; value += value < 0x300 ? 1 : 97) {
      const bytes = new Uint8Array(16).fill(value & 0xff).fill(value >> 8, 0, 1)
      bytes[1] = value & 0xff
      expect(format(bytes).split(':')[0]).toBe(value.toString(16))
    }
  })

  test('writes an IPv4-mapped address with its dotted quad (RFC 5952, section 5)', () => {
    expect(format(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 1))).toBe('::ffff:192.0.2.1')
  })

  test('writes every byte and every port in decimal without leading zeros', () => {
    for (let byte = 0; byte < 256; byte++) expect(format(Uint8Array.of(byte, 0, byte, 7))).toBe(`${byte}.0.${byte}.7`)
    const wrong: string[] = []
    for (let number = 0; number <= 0xffff; number++) {
      const text = formatEndpoint(Uint8Array.of(1, 2, 3, 4, number >> 8, number), 0, 4)
      if (text !== `1.2.3.4:${number}`) wrong.push(text)
    }
    expect(wrong).toEqual([])
  })

  test('reads at an offset and nothing beside it', () => {
    const bytes = Uint8Array.of(9, 9, 192, 0, 2, 1, 0x1a, 0xe1, 9)
    expect(formatAddress(bytes, 2, 4)).toBe('192.0.2.1')
    expect(formatEndpoint(bytes, 2, 4)).toBe('192.0.2.1:6881')
    const six = new Uint8Array(30).fill(9)
    six.set(parseEndpoint('[2001:db8::1]:6881') ?? [], 5)
    expect(formatAddress(six, 5, 6)).toBe('2001:db8::1')
    expect(formatEndpoint(six, 5, 6)).toBe('[2001:db8::1]:6881')
  })
})

describe('parseEndpoint', () => {
  test.each([
    ['203.0.113.5:6881', [203, 0, 113, 5, 0x1a, 0xe1]],
    ['0.0.0.0:1', [0, 0, 0, 0, 0, 1]],
    ['255.255.255.255:65535', [255, 255, 255, 255, 255, 255]],
    ['[2001:db8::1]:256', [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0]],
    ['[::]:80', [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 80]],
    ['[::ffff:1.2.3.4]:6881', [1, 2, 3, 4, 0x1a, 0xe1]],
    ['[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:65535', new Array(18).fill(255)],
  ])('%s is the bytes %j', (text, expected) => {
    expect(parseEndpoint(text)).toEqual(Uint8Array.from(expected))
  })

  const ports = [
    '',
    '0',
    '00',
    '01',
    '080',
    '65536',
    '99999',
    '100000',
    '4294967297',
    '+1',
    '-1',
    ' 1',
    '1 ',
    '1\n',
    '1.0',
    '1e3',
    '0x50',
    'a',
    '٣',
    'NaN',
  ]
  test.each(ports.map((text) => [text]))('refuses the port %j', (text) => {
    expect(parseEndpoint(`1.2.3.4:${text}`)).toBeUndefined()
    expect(parseEndpoint(`[2001:db8::1]:${text}`)).toBeUndefined()
  })

  const malformed = [
    '1.2.3.4',
    '1.2.3.4:1:2',
    ':80',
    '::1:80',
    '2001:db8::1:80',
    '[::1]',
    '[::1]80',
    '[::1:80',
    '::1]:80',
    '[[::1]]:80',
    '[::1]]:80',
    '[]:80',
    'x::1]:80',
    '1::1]:80',
  ]
  test.each([...malformed, '[1.2.3.4]:80', '[::1%1]:80', 'a.b:80', ' [::1]:80', '[::1] :80', '[', '[:80', ']:80'].map((text) => [text]))(
    'refuses %j',
    (text) => {
      expect(parseEndpoint(text)).toBeUndefined()
    },
  )

  test('reads back what formatEndpoint writes', () => {
    fc.assert(
      fc.property(fc.oneof(ipv4Bytes, ipv6Bytes), port, (address, number) => {
        const packed = packEndpoint(address, number)
        const expected = address.length === 16 && isMapped(address) ? packed.slice(12) : packed
        expect(parseEndpoint(formatEndpoint(packed, 0, familyOf(address)))).toEqual(expected)
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('both readers', () => {
  test('never throw, whatever they are given', () => {
    const odd = [
      undefined,
      null,
      0,
      1n,
      true,
      Symbol('s'),
      {},
      [],
      () => 1,
      new String('1.2.3.4'),
      new Uint8Array(4),
      Object.create(null),
      Number.NaN,
    ]
    for (const value of odd) {
      expect(parseAddress(value as string)).toBeUndefined()
      expect(parseEndpoint(value as string)).toBeUndefined()
    }
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.string({ unit: 'binary' })), (value) => {
        parseAddress(value as string)
        parseEndpoint(value as string)
      }),
      { numRuns: 2_000 },
    )
  })

  test('take no longer for four million characters than for a few hundred', () => {
    /** Milliseconds of the quickest of ten rounds of ten readings. */
    const quickest = (text: string): number => {
      const rounds = Array.from({ length: 10 }, () => {
        const start = performance.now()
        for (let call = 0; call < 10; call++) if (parseAddress(text) || parseEndpoint(text)) throw new Error('that was no address')
        return performance.now() - start
      })
      return Math.min(...rounds)
    }
    for (const piece of ['1', ':', '1.', '1:', '::', '[', '0', '1.2.3.4:', '[::1]:']) {
      const [short, long] = [piece.repeat(100), piece.repeat(4_000_000 / piece.length)]
      quickest(long)
      expect([piece, quickest(long) < 100 * quickest(short) + 0.05]).toEqual([piece, true])
    }
  })
})

describe('packEndpoint', () => {
  test('puts the port behind the address, big-endian, in a copy', () => {
    const address = Uint8Array.of(1, 2, 3, 4)
    const packed = packEndpoint(address, 0x0102)
    address[0] = 9
    expect(packed).toEqual(Uint8Array.of(1, 2, 3, 4, 1, 2))
    expect(packEndpoint(new Uint8Array(16).fill(7), 65535)).toEqual(Uint8Array.from([...new Array(16).fill(7), 255, 255]))
  })

  test.each([0, 3, 5, 6, 15, 17, 18])('throws for an address of %i bytes', (length) => {
    expect(() => packEndpoint(new Uint8Array(length), 1)).toThrow(new RangeError(`address must have 4 or 16 bytes, not ${length}`))
  })

  test.each([-1, 65536, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('throws for the port %d', (number) => {
    expect(() => packEndpoint(new Uint8Array(4), number)).toThrow(new RangeError(`port must be an integer from 0 to 65535, not ${number}`))
  })
})
