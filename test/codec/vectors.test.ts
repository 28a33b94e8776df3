/** What real clients sent: do we read it as it was meant, and would we write the same? */

import { readFileSync } from 'node:fs'
import bencode from 'bencode'
import { describe, expect, test } from 'vitest'
import { decodeHandshake, decodeMessage, encodeMessage } from '../../src/codec/index.ts'
import { fromHex, fromText, toHex } from './bytes.ts'

interface Payload {
  readonly client: string
  readonly hex: string
  readonly decoded: Readonly<Record<string, readonly string[]>>
}
interface Handshake {
  readonly client: string
  readonly handshake: Readonly<Record<string, unknown>> & { readonly m: Readonly<Record<string, number>> }
}

function readLines<Line>(name: string): Line[] {
  const text = readFileSync(new URL(`../vectors/${name}`, import.meta.url), 'utf8')
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
}

/** Each contact of a list as text, the way URLs write hosts. */
function contactsOf(list: Uint8Array, width: 6 | 18): string[] {
  return Array.from({ length: list.length / width }, (_, index) => {
    const contact = Array.from(list.subarray(index * width, (index + 1) * width))
    const units = Array.from({ length: width / 2 }, (_, unit) => contact[2 * unit]! * 256 + contact[2 * unit + 1]!)
    const groups = units.slice(0, 8).map((unit) => unit.toString(16))
    const host = width === 6 ? contact.slice(0, 4).join('.') : new URL(`http://[${groups.join(':')}]`).hostname
    return `${host}:${units.at(-1)}`
  })
}

const flagsOf = (flags: Uint8Array): string[] => Array.from(flags, (byte) => `0x${byte.toString(16).padStart(2, '0')}`)

const payloads = readLines<Payload>('clients.jsonl').map((payload, index) => ({
  ...payload,
  title: `line ${index + 1}, ${payload.client}`,
}))
const handshakes = readLines<Handshake>('handshakes.jsonl').map((line, index) => ({ ...line, title: `line ${index + 1}, ${line.client}` }))

describe('messages of real clients', () => {
  test('are all here', () => {
    expect(payloads).toHaveLength(41)
    expect(new Set(payloads.map(({ client }) => client))).toEqual(new Set(['aria2', 'libtorrent', 'transmission']))
  })

  test.each(payloads)('$title is read as recorded, without fault', ({ hex, decoded }) => {
    const message = decodeMessage(fromHex(hex))
    const added = decoded.added ?? []
    const added6 = decoded.added6 ?? []
    expect(contactsOf(message.added, 6)).toEqual(added)
    expect(contactsOf(message.added6, 18)).toEqual(added6)
    expect(contactsOf(message.dropped, 6)).toEqual(decoded.dropped ?? [])
    expect(contactsOf(message.dropped6, 18)).toEqual(decoded.dropped6 ?? [])
    expect(flagsOf(message.addedFlags)).toEqual(decoded['added.f'] ?? added.map(() => '0x00'))
    expect(flagsOf(message.added6Flags)).toEqual(decoded['added6.f'] ?? added6.map(() => '0x00'))
    expect(message.faults).toEqual([])
  })

  test.each(payloads.filter(({ decoded }) => Object.values(decoded).every((list) => list.length > 0)))(
    '$title, which has no empty list, is written again byte for byte',
    ({ hex }) => {
      expect(toHex(encodeMessage(decodeMessage(fromHex(hex))))).toBe(hex)
    },
  )

  test.each(payloads.filter(({ client }) => client === 'libtorrent'))(
    '$title is written again without its empty lists',
    ({ hex, decoded }) => {
      const written = bencode.decode(encodeMessage(decodeMessage(fromHex(hex)))) as Record<string, Uint8Array>
      expect(Object.keys(written)).toEqual(Object.keys(decoded).filter((key) => decoded[key]!.length > 0))
    },
  )
})

describe('extended handshakes of real clients', () => {
  test('are all here', () => {
    expect(handshakes).toHaveLength(8)
  })

  test.each(handshakes)('$title is read as recorded', ({ handshake }) => {
    const { m, p, e, upload_only, v, yourip } = handshake
    const address = typeof yourip === 'string' ? fromHex(yourip.replace(/^hex:/, '')) : undefined
    const bytes = bencode.encode({ ...handshake, ...(address && { yourip: address }) }) as Uint8Array
    expect(decodeHandshake(bytes)).toEqual({
      utPex: m.ut_pex,
      utHolepunch: m.ut_holepunch,
      port: p,
      encryption: e === undefined ? undefined : e !== 0,
      uploadOnly: upload_only === undefined ? undefined : upload_only !== 0,
      yourIp: address,
      client: v,
    })
    expect(m.ut_pex).toBeGreaterThan(0)
  })

  test('say what they say: libtorrent by its bytes', () => {
    const text = 'd12:complete_agoi-1e1:md12:ut_holepunchi4e6:ut_pexi1ee4:reqqi2000e1:v18:libtorrent/2.0.8.06:yourip4:\x0a\x4d\x00\x02e'
    expect(decodeHandshake(fromText(text))).toMatchObject({
      utPex: 1,
      utHolepunch: 4,
      client: 'libtorrent/2.0.8.0',
      yourIp: Uint8Array.of(10, 77, 0, 2),
    })
  })
})
