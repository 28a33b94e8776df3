/** The judge's own reader: does it know the canonical form from every other, and survive whatever it is given? */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeMessage, encodeMessage, type MessageFault } from '../../src/codec/index.ts'
import { keyAt } from '../../src/conformance/endpoint.ts'
import { readStrictly } from '../../src/conformance/strict-message.ts'
import { fromText } from '../codec/bytes.ts'

const sentences = (text: string): string[] => readStrictly(fromText(text)).faults.map(({ clause, message }) => `${clause} ${message}`)

describe('a payload that is not canonical', () => {
  test.each([
    ['nothing', '', 'N2 The payload is no dictionary.'],
    ['a list', 'le', 'N2 The payload is no dictionary.'],
    ['an end that is missing', 'd', 'N2 The dictionary breaks off.'],
    ['a value that is missing', 'd5:addede', 'N2 The dictionary breaks off.'],
    ['a length beyond the payload', 'd5:added7:123456e', 'N2 The dictionary breaks off.'],
    ['a length beyond all numbers', `d5:added${'9'.repeat(400)}:e`, 'N2 The dictionary breaks off.'],
    ['a negative length', 'd5:added-6:123456e', 'N2 The dictionary breaks off.'],
    ['a key that is no string', 'di1e6:123456e', 'N2 The dictionary breaks off.'],
    ['an integer that is not closed', 'd5:added6:1234561:vi1', 'N2 A key is none of the six.'],
    ['bytes behind the dictionary', 'd5:added6:123456ee', 'N2 Something follows the dictionary.'],
    ['a leading zero in a key', 'd05:added6:123456e', 'N2 A length has leading zeros.'],
    ['an unknown key with a dictionary in it', 'd5:added6:1234561:xd1:ai-1eee', 'N2 A key is none of the six.'],
    ['added.f alone', 'd7:added.f0:e', 'N6 The message has no list.'],
    ['added6 with 6 bytes', 'd6:added66:123456e', 'N2 added6 ends within a contact.'],
    ['an integer for a list', 'd5:addedi6ee', 'N2 added is no string.'],
    ['flags for contacts that are not there', 'd8:added6.f1:\x017:dropped6:123456e', 'N5 added6.f does not fit added6.'],
  ])('%s is told from it', (_name, text, sentence) => {
    expect(sentences(text)).toContain(sentence)
  })

  test('is told of once for each kind, and what it says all the same is read', () => {
    const message = readStrictly(fromText('d7:dropped6:abcdef5:added6:1234561:xi1e1:yi2eezz'))
    expect(message.faults.map((fault) => fault.message)).toEqual([
      'The keys are not sorted.',
      'A key is none of the six.',
      'Something follows the dictionary.',
    ])
    expect(message.added).toEqual([{ key: '123456', flags: 'absent' }])
    expect(message.dropped).toEqual([{ key: 'abcdef', flags: 'absent' }])
  })
})

const list = (byteLength: number): fc.Arbitrary<Uint8Array> =>
  fc.nat(4).chain((count) => fc.uint8Array({ minLength: count * byteLength, maxLength: count * byteLength }))
const lists = fc.record({ added: list(6), added6: list(18), dropped: list(6), dropped6: list(18) })

describe('any payload', () => {
  test('that our codec writes is canonical and says the same, unless it says nothing', () => {
    fc.assert(
      fc.property(lists, fc.nat(255), (lists, flags) => {
        const addedFlags = new Uint8Array(lists.added.length / 6).fill(flags)
        const added6Flags = new Uint8Array(lists.added6.length / 18).fill(flags)
        const { added, dropped, faults } = readStrictly(encodeMessage({ ...lists, addedFlags, added6Flags }))
        const isEmpty = Object.values(lists).every(({ length }) => length === 0)
        expect(faults.map(({ clause }) => clause)).toEqual(isEmpty ? ['N6'] : [])
        const keysOf = (bytes: Uint8Array, byteLength: number): string[] =>
          Array.from({ length: bytes.length / byteLength }, (_, at) => keyAt(bytes, at * byteLength, byteLength))
        expect(added.map(({ key }) => key)).toEqual([...keysOf(lists.added, 6), ...keysOf(lists.added6, 18)])
        expect(dropped.map(({ key }) => key)).toEqual([...keysOf(lists.dropped, 6), ...keysOf(lists.dropped6, 18)])
        expect(added.every((contact) => contact.flags === flags)).toBe(true)
      }),
    )
  })

  test('that the codec has a fault with is not canonical here either, though neither knows of the other', () => {
    const words = [
      'd',
      'e',
      '5:added',
      '6:added6',
      '7:added.f',
      '7:dropped',
      '8:dropped6',
      '6:123456',
      '1:x',
      '0:',
      'i1e',
      'le',
      '06:',
      '18:',
      'z',
    ]
    const seen = new Set<MessageFault>()
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...words), { maxLength: 9 }), (parts) => {
        const bytes = fromText(`d${parts.join('')}e`)
        const { faults } = decodeMessage(bytes)
        for (const fault of faults) seen.add(fault)
        if (faults.length > 0) expect(readStrictly(bytes).faults).not.toEqual([])
      }),
      { numRuns: 3_000, seed: 1 },
    )
    expect(seen.size).toBe(7)
  })

  test('of any bytes is read without a throw, in time that grows with its length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        readStrictly(bytes)
        readStrictly(Uint8Array.of(0x64, ...bytes))
      }),
    )
    expect(sentences(`d${'1:xl'.repeat(200_000)}`)).toContain('N2 The dictionary breaks off.')
  })
})
