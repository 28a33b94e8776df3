/** Laws of the codec for any input, and its agreement with a slow twin that shares no code with it. */
import bencode from 'bencode'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeHandshake, decodeMessage, encodeMessage, type PexMessage } from '../../src/codec/index.ts'
import { bencoded, fromText, textOf, toText } from './bytes.ts'
import { referenceDecode, referenceHandshake } from './reference-decoder.ts'

const numRuns = 2000

const byteText = fc.uint8Array({ maxLength: 24 }).map(toText)
const integer = fc
  .oneof(fc.integer({ min: -2, max: 300 }), fc.constantFrom(255, 256, 65535, 65536), fc.bigInt())
  .map((value) => `i${value}e`)
const { value } = fc.letrec<{ value: string; pair: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    byteText.map(bencoded),
    integer,
    fc.array(tie('value'), { maxLength: 4 }).map((items) => `l${items.join('')}e`),
    fc.array(tie('pair'), { maxLength: 4 }).map((pairs) => `d${pairs.join('')}e`),
  ),
  pair: fc.tuple(byteText.map(bencoded), tie('value')).map(([key, value]) => key + value),
}))

/** A string of about so many elements, rarely of a length that fits no number of them. */
const strings = (width: number): fc.Arbitrary<string> =>
  fc
    .tuple(fc.nat(3), fc.constantFrom(0, 0, 0, 0, 1, width - 1))
    .chain(([count, excess]) => fc.uint8Array({ minLength: count * width + excess, maxLength: count * width + excess }))
    .map((bytes) => bencoded(toText(bytes)))

const knownEntry = fc
  .constantFrom(['added', 6], ['added.f', 1], ['added6', 18], ['added6.f', 1], ['dropped', 6], ['dropped6', 18])
  .chain(([key, width]) => fc.tuple(fc.constant(key as string), fc.oneof({ weight: 8, arbitrary: strings(width as number) }, value)))
const otherKey = fc.oneof(
  fc.constantFrom('', 'adde', 'added\0', 'added5', 'dropped5', 'droppee', '__proto__', 'constructor', 'zzz'),
  byteText,
)
const entry = fc.oneof({ weight: 3, arbitrary: knownEntry }, fc.tuple(otherKey, value))
const rest = fc.oneof({ weight: 4, arbitrary: fc.constant('') }, byteText)

/** Whole dictionaries with known and unknown keys, sorted or not, with or without something after them. */
const dictionary = fc.tuple(fc.array(entry, { maxLength: 8 }), fc.boolean(), rest).map(([entries, isSorted, rest]) => {
  const ordered = isSorted ? entries.toSorted(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0)) : entries
  return `d${ordered.map(([key, value]) => bencoded(key) + value).join('')}e${rest}`
})

const contacts = (width: number): fc.Arbitrary<Uint8Array> =>
  fc.nat(4).chain((count) => fc.uint8Array({ minLength: count * width, maxLength: count * width }))
const flagsFor = (count: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: count, maxLength: count })
const message: fc.Arbitrary<PexMessage> = fc
  .tuple(contacts(6), contacts(6), contacts(18), contacts(18))
  .chain(([added, dropped, added6, dropped6]) =>
    fc.record({
      added: fc.constant(added),
      addedFlags: flagsFor(added.length / 6),
      dropped: fc.constant(dropped),
      added6: fc.constant(added6),
      added6Flags: flagsFor(added6.length / 18),
      dropped6: fc.constant(dropped6),
    }),
  )

/** Some bytes replaced, removed and inserted, or the end cut off. */
const mutated = (texts: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(
      texts,
      fc.array(fc.tuple(fc.nat(400), fc.nat(2), fc.oneof(fc.constantFrom('d', 'l', 'i', 'e', ':', '0', '1', '9', '-'), byteText)), {
        maxLength: 3,
      }),
    )
    .map(([text, edits]) =>
      edits.reduce((text, [at, removed, inserted]) => {
        const position = at % (text.length + 1)
        return text.slice(0, position) + inserted + text.slice(position + removed)
      }, text),
    )

/** What looks like bencode from near by. */
const soup = fc
  .array(
    fc.constantFrom(
      ...['d', 'l', 'i', 'e', ':', '-', '0', '1', '6', '0:', 'i0e', 'i-1e', 'le', 'de', '5:added', '7:added.f', '6:added6', '8:added6.f'],
      ...['7:dropped', '8:dropped6', '6:AAAApp', '12:AAAAppBBBBqq', '18:CCCCCCCCCCCCCCCCrr', '1:\x02', '2:\x01\x10', '1:a', '99:', '01:x'],
    ),
    { maxLength: 24 },
  )
  .map((pieces) => `d${pieces.join('')}`)

const idEntry = fc.tuple(fc.oneof({ weight: 4, arbitrary: fc.constantFrom('ut_pex', 'ut_holepunch') }, byteText), fc.oneof(integer, value))
const idDictionary = fc.array(idEntry, { maxLength: 3 }).map((ids) => `d${ids.map(([name, id]) => bencoded(name) + id).join('')}e`)
const handshakeEntry = fc.tuple(
  fc.constantFrom('m', 'm', 'p', 'e', 'upload_only', 'yourip', 'v', 'reqq'),
  fc.oneof(idDictionary, integer, fc.constantFrom('4:\x7f\0\0\x01', '3:abc', '16:0123456789abcdef'), value),
)
const handshake = fc
  .array(handshakeEntry, { maxLength: 6 })
  .map((entries) => `d${entries.map(([key, value]) => bencoded(key) + value).join('')}e`)

const anything: Readonly<Record<string, fc.Arbitrary<string>>> = {
  'random bytes': fc.uint8Array({ maxLength: 100 }).map(toText),
  'dictionaries of all kinds': dictionary,
  'dictionaries with some bytes changed': mutated(dictionary),
  'messages with some bytes changed': mutated(message.map((message) => toText(encodeMessage(message)))),
  'what looks like bencode': soup,
}

describe('a message is read as its slow twin reads it', () => {
  test.each(Object.entries(anything))('from %s', (_title, texts) => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(textOf(decodeMessage(fromText(text)))).toEqual(referenceDecode(text))
      }),
      { numRuns },
    )
  })
})

describe('a handshake is read as its slow twin reads it', () => {
  test.each(Object.entries({ ...anything, handshakes: handshake, 'handshakes with some bytes changed': mutated(handshake) }))(
    'from %s',
    (_title, texts) => {
      fc.assert(
        fc.property(texts, (text) => {
          const handshake = decodeHandshake(fromText(text))
          const comparable = handshake && { ...handshake, yourIp: handshake.yourIp && toText(handshake.yourIp), client: undefined }
          expect(comparable).toEqual(referenceHandshake(text))
        }),
        { numRuns },
      )
    },
  )
})

describe('writing and reading', () => {
  test('gives the same message, without fault', () => {
    fc.assert(
      fc.property(message, (message) => {
        expect(decodeMessage(encodeMessage(message))).toEqual({ ...message, faults: [] })
      }),
    )
  })

  test('gives the same bytes as the bencode package, which writes what is there', () => {
    fc.assert(
      fc.property(message, ({ added, addedFlags, added6, added6Flags, dropped, dropped6 }) => {
        const all = { added, 'added.f': addedFlags, added6, 'added6.f': added6Flags, dropped, dropped6 }
        const present = Object.fromEntries(Object.entries(all).filter(([, list]) => list.length > 0))
        const bytes = encodeMessage({ added, addedFlags, added6, added6Flags, dropped, dropped6 })
        expect(toText(bytes)).toBe(toText(bencode.encode(present) as Uint8Array))
      }),
    )
  })

  test('where a message lies in a larger buffer does not matter', () => {
    fc.assert(
      fc.property(mutated(dictionary), fc.nat(9), fc.nat(9), (text, before, after) => {
        const surrounded = fromText(`${'1'.repeat(before)}${text}${'1'.repeat(after)}`).subarray(before, before + text.length)
        expect(textOf(decodeMessage(surrounded))).toEqual(textOf(decodeMessage(fromText(text))))
      }),
    )
  })
})

describe('what is read', () => {
  test('is whole: contacts of full length, each with a byte of flags, and each fault once', () => {
    fc.assert(
      fc.property(fc.oneof(...Object.values(anything)), (text) => {
        const { added, addedFlags, added6, added6Flags, dropped, dropped6, faults } = decodeMessage(fromText(text))
        expect([added.length % 6, dropped.length % 6, added6.length % 18, dropped6.length % 18]).toEqual([0, 0, 0, 0])
        expect([addedFlags.length, added6Flags.length]).toEqual([added.length / 6, added6.length / 18])
        expect(new Set(faults).size).toBe(faults.length)
      }),
      { numRuns },
    )
  })

  test('is never more than was received', () => {
    fc.assert(
      fc.property(fc.oneof(...Object.values(anything)), (text) => {
        const { added, added6, dropped, dropped6 } = decodeMessage(fromText(text))
        expect(added.length + added6.length + dropped.length + dropped6.length).toBeLessThanOrEqual(text.length)
      }),
      { numRuns },
    )
  })
})
