/**
 * Would the observer notice? In an hour of our core's messages one is altered on its way, in one thing; that is found.
 *
 * The table of clauses shows that each is judged in a stream made for it. This shows that it is judged in the thick of it.
 */
import { describe, expect, test } from 'vitest'
import { decodeMessage, encodeMessage } from '../../src/codec/index.ts'
import type { Clause } from '../../src/conformance/index.ts'
import { endpoint } from '../core/endpoints.ts'
import { Hub, type HubOptions } from './hub.ts'

interface Contact {
  readonly bytes: Uint8Array
  flags: number
}
interface Lists {
  added: Contact[]
  dropped: Contact[]
}
/** Alters the lists; false if there is nothing in them that could be altered so. `held`: what the receiver holds besides. */
type Alter = (lists: Lists, held: readonly Contact[]) => boolean

const stranger: Contact = { bytes: endpoint('9.9.9.9:999'), flags: 0 }
const flip =
  (bit: number): Alter =>
  ({ added }) => {
    if (added[0] !== undefined) added[0].flags ^= bit
    return added.length > 0
  }
const addTo =
  (list: 'added' | 'dropped', contactOf: (lists: Lists, held: readonly Contact[]) => Contact | undefined): Alter =>
  (lists, held) => {
    const contact = contactOf(lists, held)
    if (contact !== undefined) lists[list].push(contact)
    return contact !== undefined
  }

const alterations: readonly (readonly [string, Clause | readonly Clause[], Alter])[] = [
  ['a drop is lost', 'N15', ({ added, dropped }) => added.length > 0 && dropped.shift() !== undefined],
  ['somebody who is there is dropped', 'N16', addTo('dropped', (_lists, held) => held[0])],
  ['a stranger is dropped', 'N17', addTo('dropped', () => stranger)],
  ['a stranger is added', 'N13', addTo('added', () => stranger)],
  ['somebody is added again', 'N20', addTo('added', (_lists, held) => held[0])],
  // Who leaves soon is dropped before anybody misses it.
  ['somebody is not added', ['N17', 'N20'], ({ added }) => added.length > 1 && added.shift() !== undefined],
  ['encryption is told wrongly', 'N7', flip(0x01)],
  ['a seed is told wrongly', 'N8', flip(0x02)],
  ['uTP is told wrongly', 'N9', flip(0x04)],
  ['ut_holepunch is told wrongly', 'N10', flip(0x08)],
  ['who dialled is told wrongly', 'N11', flip(0x10)],
  ['a reserved flag is set', 'N12', flip(0x20)],
  ['somebody is added twice', 'N19', addTo('added', ({ added }) => added[0])],
  ['somebody is dropped twice', 'N19', addTo('dropped', ({ dropped }) => dropped[0])],
  ['somebody is added and dropped', 'N21', addTo('added', ({ dropped }) => dropped[0])],
]

const hour: HubOptions = { seed: 1, peers: 10, hours: 1 / 3, stayMinutes: 5, awayMinutes: 1, tellMinutes: 9 }

function listsOf(bytes: Uint8Array): Lists {
  const message = decodeMessage(bytes)
  const of = (list: Uint8Array, byteLength: number, flags: Uint8Array): Contact[] =>
    Array.from({ length: list.length / byteLength }, (_, at) => ({
      bytes: list.slice(at * byteLength, (at + 1) * byteLength),
      flags: flags[at] ?? 0,
    }))
  const { added, added6, addedFlags, added6Flags, dropped, dropped6 } = message
  const none = new Uint8Array(0)
  return {
    added: [...of(added, 6, addedFlags), ...of(added6, 18, added6Flags)],
    dropped: [...of(dropped, 6, none), ...of(dropped6, 18, none)],
  }
}

function bytesOf({ added, dropped }: Lists): Uint8Array {
  const joined = (contacts: readonly Contact[], byteLength: number): Uint8Array =>
    Uint8Array.from(contacts.filter(({ bytes }) => bytes.length === byteLength).flatMap(({ bytes }) => [...bytes]))
  const flagsOf = (contacts: readonly Contact[], byteLength: number): Uint8Array =>
    Uint8Array.from(contacts.filter(({ bytes }) => bytes.length === byteLength).map(({ flags }) => flags))
  return encodeMessage({
    added: joined(added, 6),
    addedFlags: flagsOf(added, 6),
    added6: joined(added, 18),
    added6Flags: flagsOf(added, 18),
    dropped: joined(dropped, 6),
    dropped6: joined(dropped, 18),
  })
}

/** Alters the first message that can be altered so, after the first twenty; and counts how many were. */
function alterOnce(alter: Alter): { alter: NonNullable<HubOptions['alter']>; count: () => number } {
  const held = new Map<string, Map<string, Contact>>()
  let [messages, altered] = [0, 0]
  return {
    count: () => altered,
    alter: (connection, bytes) => {
      const lists = listsOf(bytes)
      const told = held.get(connection) ?? new Map<string, Contact>()
      held.set(connection, told)
      for (const contact of lists.dropped) told.delete(contact.bytes.join())
      const isAltered = altered === 0 && ++messages > 20 && alter(lists, [...told.values()])
      if (isAltered) altered++
      for (const contact of listsOf(bytes).added) told.set(contact.bytes.join(), contact)
      return [isAltered ? bytesOf(lists) : bytes]
    },
  }
}

describe('it is found when of all messages of an hour one is altered so that', () => {
  test.each(alterations)('%s', (_name, clause, alter) => {
    const once = alterOnce(alter)
    const { findings } = new Hub({ ...hour, alter: once.alter }).run().observer
    expect(once.count()).toBe(1)
    expect([clause].flat()).toContain(findings[0]?.clause)
    expect(findings[0]?.by).toBe('local')
  })

  test('it is sent a second time', () => {
    let count = 0
    const { findings } = new Hub({ ...hour, alter: (_connection, bytes) => (++count === 30 ? [bytes, bytes] : [bytes]) }).run().observer
    expect(findings[0]?.clause).toBe('N18')
  })

  test('it is not sent at all', () => {
    let count = 0
    const { findings } = new Hub({ ...hour, alter: (_connection, bytes) => (++count === 20 ? [] : [bytes]) }).run().observer
    expect(findings.map(({ clause }) => clause)).toEqual(expect.arrayContaining(['N20']))
  })
})

test('and nothing is found when none is', () => {
  expect(new Hub({ ...hour, alter: (_connection, bytes) => [bytesOf(listsOf(bytes))] }).run().observer.findings).toEqual([])
})
