import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeMessage, encodeMessage, endpointKey, type PexMessage } from '../../src/codec/index.ts'
import { bencoded, emptyMessage, fromHex, fromText, type TextMessage, textOf, toHex, toText } from './bytes.ts'

const decode = (text: string): TextMessage => textOf(decodeMessage(fromText(text)))
const encode = (message: Partial<PexMessage>): string => toText(encodeMessage(message))
/** A message with these strings in this order, and the message that is expected of it. */
const dictionary = (...strings: readonly string[]): string => `d${strings.map(bencoded).join('')}e`
const expected = (message: Partial<TextMessage>): TextMessage => ({ ...emptyMessage, ...message })

const a = 'AAAApp'
const b = 'BBBBqq'
const c = 'CCCCCCCCCCCCCCCCrr'

describe('byte order', () => {
  // 203.0.113.5:6881 and 198.51.100.7:51413, [2001:db8::1]:6882: ports of which no two bytes are equal.
  const golden =
    '64' +
    '353a616464656431323a' +
    'cb0071051ae1' +
    'c6336407c8d5' +
    '373a61646465642e66323a' +
    '0210' +
    '363a61646465643631383a' +
    '20010db80000000000000000000000011ae2' +
    '383a6164646564362e66313a' +
    '08' +
    '65'

  test('of what is read is that of the network', () => {
    const message = decodeMessage(fromHex(golden))
    expect(endpointKey(message.added, 0, 4)).toBe((203 * 2 ** 24 + 113 * 2 ** 8 + 5) * 2 ** 16 + 6881)
    expect(endpointKey(message.added, 6, 4)).toBe((198 * 2 ** 24 + 51 * 2 ** 16 + 100 * 2 ** 8 + 7) * 2 ** 16 + 51413)
    expect(endpointKey(message.added6, 0, 6)).toBe(String.fromCharCode(0x2001, 0x0db8, 0, 0, 0, 0, 0, 1, 6882))
    expect(Array.from(message.addedFlags)).toEqual([0x02, 0x10])
    expect(Array.from(message.added6Flags)).toEqual([0x08])
  })

  test('of what is written is that of the network', () => {
    const message = {
      added: Uint8Array.of(203, 0, 113, 5, 6881 >> 8, 6881 & 255, 198, 51, 100, 7, 51413 >> 8, 51413 & 255),
      addedFlags: Uint8Array.of(0x02, 0x10),
      added6: Uint8Array.of(0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 6882 >> 8, 6882 & 255),
      added6Flags: Uint8Array.of(0x08),
    }
    expect(toHex(encodeMessage(message))).toBe(golden)
  })
})

describe('reading a message', () => {
  test('finds each of the six strings', () => {
    const text = dictionary('added', a + b, 'added.f', '\x02\x10', 'added6', c, 'added6.f', '\x01', 'dropped', b, 'dropped6', c + c)
    expect(decode(text)).toEqual({
      added: a + b,
      addedFlags: '\x02\x10',
      added6: c,
      added6Flags: '\x01',
      dropped: b,
      dropped6: c + c,
      faults: [],
    })
  })

  test('takes an empty dictionary and empty lists for what they are', () => {
    expect(decode('de')).toEqual(emptyMessage)
    const empty = dictionary('added', '', 'added.f', '', 'added6', '', 'added6.f', '', 'dropped', '', 'dropped6', '')
    expect(decode(empty)).toEqual(emptyMessage)
  })

  test('skips keys that it does not know, whatever their value', () => {
    expect(decode(`d0:i1e${bencoded('added')}${bencoded(a)}6:added0li0edee7:dropped${bencoded(b)}1:zd1:a0:ee`)).toEqual(
      expected({ added: a, addedFlags: '\0', dropped: b }),
    )
  })

  test('never takes a key for a property', () => {
    const text = 'd9:__proto__d5:added6:AAAAppe11:constructor1:x8:toStringi1e7:valueOf0:e'
    expect(decode(text)).toEqual(emptyMessage)
    expect(({} as Record<string, unknown>).added).toBeUndefined()
  })

  test('gives views into the input, and one shared empty array for what is absent', () => {
    const bytes = fromText(`xx${dictionary('added', a, 'added.f', '\x02')}`).subarray(2)
    const message = decodeMessage(bytes)
    for (const list of [message.added, message.addedFlags]) expect(list.buffer).toBe(bytes.buffer)
    expect(toText(message.added)).toBe(a)
    expect(message.dropped).toBe(decodeMessage(new Uint8Array(0)).added6Flags)
  })

  test('gives plain arrays also of a Buffer', () => {
    const message = decodeMessage(Buffer.from(dictionary('added', a, 'added.f', '\x02'), 'latin1'))
    expect(Object.getPrototypeOf(message.added)).toBe(Uint8Array.prototype)
    expect(toText(message.added)).toBe(a)
  })

  test('makes the zeros for missing flags anew, so that nobody can write into another message', () => {
    const bytes = fromText(dictionary('added', a))
    decodeMessage(bytes).addedFlags.fill(0xff)
    expect(decodeMessage(bytes).addedFlags).toEqual(Uint8Array.of(0))
  })

  test('reads a buffer that was transferred away as nothing', () => {
    const bytes = fromText(dictionary('added', a))
    structuredClone(bytes.buffer, { transfer: [bytes.buffer as ArrayBuffer] })
    expect(textOf(decodeMessage(bytes))).toEqual(expected({ faults: ['malformed'] }))
  })
})

describe('flags', () => {
  test('that are absent are 0 for each contact, and no fault: BEP 11 calls them optional', () => {
    expect(decode(dictionary('added', a + b, 'added6', c))).toEqual(
      expected({ added: a + b, addedFlags: '\0\0', added6: c, added6Flags: '\0' }),
    )
  })

  test.each([
    ['one too few', '\x01'],
    ['one too many', '\x01\x01\x01'],
    ['none at all', ''],
  ])('are 0 when there is %s', (_title, flags) => {
    expect(decode(dictionary('added', a + b, 'added.f', flags))).toEqual(
      expected({ added: a + b, addedFlags: '\0\0', faults: ['flags-mismatch'] }),
    )
  })

  test('are judged for each family by itself', () => {
    const text = dictionary('added', a, 'added.f', '\x01', 'added6', c, 'added6.f', '\x01\x01')
    expect(decode(text)).toEqual(expected({ added: a, addedFlags: '\x01', added6: c, added6Flags: '\0', faults: ['flags-mismatch'] }))
  })

  test('of contacts that are not there do not count', () => {
    expect(decode(dictionary('added.f', '\x01'))).toEqual(expected({ faults: ['flags-mismatch'] }))
    expect(decode(dictionary('added.f', '', 'added6.f', ''))).toEqual(emptyMessage)
  })

  test('may come before their contacts', () => {
    expect(decode(dictionary('added.f', '\x01', 'added', a))).toEqual(expected({ added: a, addedFlags: '\x01', faults: ['unsorted-keys'] }))
  })

  test.each(['i1e', 'l1:\x01e', 'd0:0:e'])('that are %j are no flags', (value) => {
    expect(decode(`d5:added${bencoded(a)}7:added.f${value}e`)).toEqual(
      expected({ added: a, addedFlags: '\0', faults: ['wrong-type', 'flags-mismatch'] }),
    )
    expect(decode(`d7:added.f${value}e`)).toEqual(expected({ faults: ['wrong-type'] }))
  })

  test('keep the bits that BEP 11 reserves', () => {
    expect(decode(dictionary('added', a, 'added.f', '\xff')).addedFlags).toBe('\xff')
  })
})

describe('a fault', () => {
  test.each(['i1e', 'i-1e', 'le', 'l6:AAAAppe', 'de', 'd5:added6:AAAAppe'])('of type, %s for a list, is counted and ignored', (value) => {
    expect(decode(`d5:added${value}7:dropped${bencoded(b)}e`)).toEqual(expected({ dropped: b, faults: ['wrong-type'] }))
  })

  test.each([1, 5, 7, 11])('of length, %i bytes for a list of IPv4, leaves the whole contacts', (length) => {
    const list = (a + b).slice(0, length)
    const whole = list.slice(0, length < 6 ? 0 : 6)
    expect(decode(dictionary('added', list, 'dropped', list))).toEqual(
      expected({ added: whole, addedFlags: whole && '\0', dropped: whole, faults: ['partial-contact'] }),
    )
  })

  test.each([1, 17, 19, 35])('of length, %i bytes for a list of IPv6, leaves the whole contacts', (length) => {
    const list = (c + c).slice(0, length)
    const whole = list.slice(0, length < 18 ? 0 : 18)
    expect(decode(dictionary('added6', list, 'added6.f', whole && '\x02', 'dropped6', list))).toEqual(
      expected({ added6: whole, added6Flags: whole && '\x02', dropped6: whole, faults: ['partial-contact'] }),
    )
  })

  test('of a key that comes again: the first counts, also where it was of a wrong type', () => {
    expect(decode(dictionary('added', a, 'added', b))).toEqual(expected({ added: a, addedFlags: '\0', faults: ['duplicate-key'] }))
    expect(decode(`d5:addedi1e5:added${bencoded(b)}e`)).toEqual(expected({ faults: ['wrong-type', 'duplicate-key'] }))
    expect(decode(dictionary('added', a, 'dropped', b, 'added', b)).faults).toEqual(['duplicate-key', 'unsorted-keys'])
  })

  test('of order: all keys count', () => {
    expect(decode(dictionary('dropped', b, 'added', a))).toEqual(
      expected({ added: a, addedFlags: '\0', dropped: b, faults: ['unsorted-keys'] }),
    )
    expect(decode(dictionary('b', '', 'a', '')).faults).toEqual(['unsorted-keys'])
    expect(decode(dictionary('b', '', '', '')).faults).toEqual(['unsorted-keys'])
    expect(decode(dictionary('\0b', '', '\0a', '')).faults).toEqual(['unsorted-keys'])
    expect(decode(dictionary('', '', '', '', 'a', '', 'a', '', 'a\0', '', '\xff', '')).faults).toEqual([])
  })

  test('of what follows: it is not looked at', () => {
    expect(decode(`${dictionary('added', a)}${dictionary('dropped', b)}`)).toEqual(
      expected({ added: a, addedFlags: '\0', faults: ['trailing-bytes'] }),
    )
  })

  test('of each kind is listed once, in the order of their names', () => {
    const text = 'd7:droppedi1e5:added1:x7:added.f2:xx7:droppedi1e5:added1:xex'
    expect(decode(text).faults).toEqual([
      'wrong-type',
      'partial-contact',
      'flags-mismatch',
      'duplicate-key',
      'unsorted-keys',
      'trailing-bytes',
    ])
  })

  test('that is absent costs nothing: all share one list, which cannot be written to', () => {
    const { faults } = decodeMessage(fromText('de'))
    expect(faults).toBe(decodeMessage(fromText('de')).faults)
    expect(Object.isFrozen(faults)).toBe(true)
  })
})

describe('malformed input', () => {
  test.each(['', 'x', 'i1e', 'le', 'l5:added6:AAAAppe', '5:added', '2:de', 'e', '\0', ' de'])('%j, no dictionary, is nothing', (text) => {
    expect(decode(text)).toEqual(expected({ faults: ['malformed'] }))
  })

  test.each([
    '',
    'x',
    'i1e',
    '7',
    '7:',
    '7:droppe',
    '7:dropped',
    '7:droppede',
    '7:dropped8:BBBBqqe',
    '7:dropped06:BBBBqqe',
    '7:droppedi-0ee',
  ])('keeps what came before %j', (text) => {
    const before = dictionary('added', a, 'added.f', '\x02').slice(0, -1)
    expect(decode(before + text)).toEqual(expected({ added: a, addedFlags: '\x02', faults: ['malformed'] }))
  })

  test('keeps the contacts when it breaks off at their flags', () => {
    expect(decode(`d5:added${bencoded(a)}7:added.f2:x`)).toEqual(expected({ added: a, addedFlags: '\0', faults: ['malformed'] }))
  })

  test('may promise any length', () => {
    for (const length of ['32769', '2147483648', '4294967302', '9007199254740993', '9'.repeat(1000)]) {
      expect(decode(`d5:added${length}:${a}e`)).toEqual(expected({ faults: ['malformed'] }))
    }
  })

  test('may nest as deep as it is long', () => {
    const depth = 200_000
    expect(decode(`d1:a${'l'.repeat(depth)}${'e'.repeat(depth)}7:dropped${bencoded(b)}e`)).toEqual(expected({ dropped: b }))
    expect(decode(`d1:a${'d'.repeat(depth)}`).faults).toEqual(['malformed'])
  })
})

describe('writing a message', () => {
  const contacts = fromText(a + b)

  test('of nothing makes an empty dictionary', () => {
    expect(encode({})).toBe('de')
    const nothing = new Uint8Array(0)
    expect(
      encode({ added: nothing, addedFlags: nothing, dropped: nothing, added6: nothing, added6Flags: nothing, dropped6: nothing }),
    ).toBe('de')
  })

  test('sorts its keys and leaves out empty lists with their flags', () => {
    const message = {
      dropped6: fromText(c),
      dropped: fromText(b),
      added6: new Uint8Array(0),
      addedFlags: Uint8Array.of(1, 2),
      added: contacts,
    }
    expect(encode(message)).toBe(dictionary('added', a + b, 'added.f', '\x01\x02', 'dropped', b, 'dropped6', c))
  })

  test('gives each contact a byte of flags, 0 where none are given', () => {
    expect(encode({ added: contacts, added6: fromText(c) })).toBe(
      dictionary('added', a + b, 'added.f', '\0\0', 'added6', c, 'added6.f', '\0'),
    )
  })

  test('takes any number of contacts', () => {
    for (const count of [1, 9, 10, 16, 17, 99, 100, 166, 167, 5461]) {
      const added = new Uint8Array(6 * count).fill(0x41)
      expect(encode({ added })).toBe(dictionary('added', 'A'.repeat(6 * count), 'added.f', '\0'.repeat(count)))
    }
  })

  test('copies', () => {
    const added = fromText(a)
    const bytes = encodeMessage({ added })
    added.fill(0)
    expect(toText(bytes)).toContain(a)
  })

  test.each([
    ['added', 7],
    ['added', 5],
    ['dropped', 1],
    ['added6', 17],
    ['dropped6', 6],
  ] as const)('refuses %s of %i bytes', (field, byteLength) => {
    expect(() => encodeMessage({ [field]: new Uint8Array(byteLength) })).toThrow(new RangeError(`message.${field}: ${byteLength} bytes`))
  })

  test.each([0, 1, 3])('refuses flags of %i bytes for two contacts', (byteLength) => {
    expect(() => encodeMessage({ added: contacts, addedFlags: new Uint8Array(byteLength) })).toThrow(
      new RangeError(`message.addedFlags: ${byteLength} bytes`),
    )
  })

  test('refuses flags without contacts', () => {
    expect(() => encodeMessage({ added6Flags: Uint8Array.of(0) })).toThrow(new RangeError('message.added6Flags: 1 bytes'))
  })

  test.each(['AAAApp', [1, 2, 3, 4, 5, 6], new Uint16Array(6), new DataView(new ArrayBuffer(6)), 6, {}])(
    'refuses %j for a list',
    (list) => {
      expect(() => encodeMessage({ dropped: list as unknown as Uint8Array })).toThrow(new TypeError('message.dropped: not a Uint8Array'))
    },
  )
})

test('no input makes reading throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      decodeMessage(bytes)
    }),
  )
})
