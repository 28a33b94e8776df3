import { describe, expect, test } from 'vitest'
import { decodeHandshake, type ExtendedHandshake } from '../../src/codec/index.ts'
import { nothingSaid } from '../nothing-said.ts'
import { bencoded, fromText } from './bytes.ts'

const decode = (text: string): ExtendedHandshake | undefined => decodeHandshake(fromText(text))
const expected = (handshake: Partial<ExtendedHandshake>): ExtendedHandshake => ({ ...nothingSaid, ...handshake })

describe('an extended handshake', () => {
  test('tells all that it says', () => {
    const text = 'd1:ei1e1:md12:ut_holepunchi4e6:ut_pexi200ee1:pi6881e11:upload_onlyi1e1:v10:client 1.06:yourip4:\xcb\x00\x71\x05e'
    expect(decode(text)).toEqual({
      utPex: 200,
      utHolepunch: 4,
      port: 6881,
      encryption: true,
      uploadOnly: true,
      yourIp: Uint8Array.of(203, 0, 113, 5),
      client: 'client 1.0',
    })
  })

  test('that says nothing leaves everything open', () => {
    expect(decode('de')).toEqual(nothingSaid)
    expect(decode('d1:mdee')).toEqual(nothingSaid)
  })

  test.each(['', 'le', 'i1e', '2:de', 'x', 'e'])('is not %j', (text) => {
    expect(decode(text)).toBeUndefined()
  })

  test('does not take what is elsewhere', () => {
    expect(decode('d1:ed6:ut_pexi1ee1:pd1:pi1eee')).toEqual(nothingSaid)
    expect(decode('d1:ad1:pi1e6:ut_pexi1ee1:md1:ei1e1:pi2e1:v1:xe6:ut_pexi3e1:zld1:pi1eeee')).toEqual(nothingSaid)
  })

  test('never takes a key for a property', () => {
    expect(decode('d9:__proto__d1:pi1ee1:md9:__proto__i1e11:constructori2eee')).toEqual(nothingSaid)
  })
})

describe('an extension id', () => {
  test.each([
    ['i1e', 1],
    ['i255e', 255],
    ['i0e', 0],
    ['i256e', 0],
    ['i-1e', 0],
    [`i${'9'.repeat(400)}e`, 0],
    ['1:1', 0],
    ['li1ee', 0],
    ['d6:ut_pexi1ee', 0],
  ])('that is written %s is %i', (value, id) => {
    expect(decode(`d1:md6:ut_pex${value}ee`)).toEqual(expected({ utPex: id }))
    expect(decode(`d1:md12:ut_holepunch${value}ee`)).toEqual(expected({ utHolepunch: id }))
  })

  test('is not there when `m` is no dictionary', () => {
    for (const m of ['i1e', 'l6:ut_pexi1ee', '11:6:ut_pexi1e', 'le']) expect(decode(`d1:m${m}1:pi2ee`)).toEqual(expected({ port: 2 }))
  })
})

describe('a key that comes again', () => {
  test('does not count', () => {
    expect(decode('d1:pi1e1:pi2ee')).toEqual(expected({ port: 1 }))
    expect(decode('d1:pi0e1:pi2ee')).toEqual(nothingSaid)
    expect(decode('d1:p1:x1:pi2ee')).toEqual(nothingSaid)
    expect(decode('d1:md6:ut_pexi1e6:ut_pexi2eee')).toEqual(expected({ utPex: 1 }))
    expect(decode('d1:md6:ut_pexi1ee1:md6:ut_pexi2e12:ut_holepunchi3eee')).toEqual(expected({ utPex: 1 }))
    expect(decode('d1:mi1e1:md6:ut_pexi2eee')).toEqual(nothingSaid)
  })
})

describe('what a peer says of itself', () => {
  test.each([
    ['i1e', 1],
    ['i65535e', 65535],
    ['i0e', undefined],
    ['i65536e', undefined],
    ['i-6881e', undefined],
    ['4:6881', undefined],
    ['le', undefined],
  ])('port: %s is %s', (value, port) => {
    expect(decode(`d1:p${value}e`)).toEqual(expected({ port }))
  })

  test.each([
    ['i0e', false],
    ['i1e', true],
    ['i-1e', true],
    [`i${'9'.repeat(400)}e`, true],
    ['1:1', undefined],
    ['de', undefined],
  ])('encryption and upload_only: %s is %s', (value, isSet) => {
    expect(decode(`d1:e${value}e`)).toEqual(expected({ encryption: isSet }))
    expect(decode(`d11:upload_only${value}e`)).toEqual(expected({ uploadOnly: isSet }))
  })

  test.each([
    [0, false],
    [3, false],
    [4, true],
    [5, false],
    [15, false],
    [16, true],
    [18, false],
  ])('our address: %i bytes are one: %s', (byteLength, isAddress) => {
    const address = 'ABCDEFGHIJKLMNOPQR'.slice(0, byteLength)
    expect(decode(`d6:yourip${bencoded(address)}e`)).toEqual(expected({ yourIp: isAddress ? fromText(address) : undefined }))
  })

  test('our address is a copy, also from a Buffer', () => {
    const bytes = Buffer.from('d6:yourip4:ABCDe')
    const yourIp = decodeHandshake(bytes)?.yourIp
    bytes.fill(0)
    expect(yourIp).toEqual(fromText('ABCD'))
    expect(yourIp?.buffer).not.toBe(bytes.buffer)
  })
})

describe('the name of a client', () => {
  const utf8 = (text: string): string => Buffer.from(text).toString('latin1')
  const nameOf = (bytes: string): string | undefined => decode(`d1:v${bencoded(bytes)}e`)?.client

  test.each(['Transmission 3.00', 'libtorrent/2.0.8.0', '\u00b5Torrent 3.5.5', '\u8fc5\u96f7 5.8', '%41%', '<b>"\'&'])(
    '%j is read as it is',
    (name) => {
      expect(nameOf(utf8(name))).toBe(name)
    },
  )

  test.each([
    ['\xb5Torrent 1.8', '\u00b5Torrent 1.8'],
    ['a\xc3', 'a\u00c3'],
    ['\xed\xa0\x80', '\u00ed'],
    ['\xc0\xafx', '\u00c0\u00afx'],
  ])('%j is latin-1, being no UTF-8', (bytes, name) => {
    expect(nameOf(bytes)).toBe(name)
  })

  test.each([
    ['\x1b[31mred\x07', '[31mred'],
    ['two\r\nlines\x00', 'twolines'],
    [utf8('right\u202eto left'), 'rightto left'],
    [utf8('\ufeffbom\u200b\u2028\u0085'), 'bom'],
    [utf8('no\u00a0break'), 'nobreak'],
    [utf8('\u00b5\tTorrent'), '\u00b5Torrent'],
  ])('%j loses what is not printed', (bytes, name) => {
    expect(nameOf(bytes)).toBe(name)
  })

  test.each(['', '\x00', '\r\n'])('%j is none', (bytes) => {
    expect(nameOf(bytes)).toBeUndefined()
  })

  test('is cut after 64 bytes, between characters', () => {
    expect(nameOf('x'.repeat(64))).toBe('x'.repeat(64))
    expect(nameOf('x'.repeat(65))).toBe('x'.repeat(64))
    expect(nameOf('x'.repeat(30_000))).toBe('x'.repeat(64))
    expect(nameOf(utf8(`${'x'.repeat(62)}\u00b5`))).toBe(`${'x'.repeat(62)}\u00b5`)
    expect(nameOf(utf8(`${'x'.repeat(63)}\u00b5`))).toBe('x'.repeat(63))
    expect(nameOf(utf8(`${'x'.repeat(62)}\u8fc5`))).toBe('x'.repeat(62))
    expect(nameOf(utf8(`\u00b5${'x'.repeat(70)}`))).toBe(`\u00b5${'x'.repeat(62)}`)
  })

  test.each(['i1e', 'l1:xe', 'd1:v1:xe'])('is not %s', (value) => {
    expect(decode(`d1:v${value}e`)).toEqual(nothingSaid)
  })
})

describe('malformed input', () => {
  test.each(['', 'x', 'i1e', '1:m', '1:md', '1:md6:ut_pex', '1:mdi1ei2ee', '1:p', '1:pi', '1:pi05e', '1:v9:x', '6:yourip99999999999:x'])(
    'keeps what came before %j',
    (text) => {
      expect(decode(`d1:ei1e${text}`)).toEqual(expected({ encryption: true }))
    },
  )

  test('within `m` ends everything, and keeps the ids before it', () => {
    expect(decode('d1:md6:ut_pexi1e1:xe1:pi2ee')).toEqual(expected({ utPex: 1 }))
    expect(decode('d1:md12:ut_holepunchi2e6:ut_pexi01eee')).toEqual(expected({ utHolepunch: 2 }))
  })

  test('may nest as deep as it is long', () => {
    const depth = 200_000
    expect(decode(`d1:m${'d1:m'.repeat(depth)}`)).toEqual(nothingSaid)
    expect(decode(`d1:md6:ut_pex${'l'.repeat(depth)}${'e'.repeat(depth)}e1:pi2ee`)).toEqual(expected({ utPex: 0, port: 2 }))
  })
})
