/**
 * What a message says of its sender by itself: form, id, pace, and whether it fits what the same sender said before on the
 * same connection. Needs no knowledge of the swarm, so it judges strangers as well.
 *
 *     form     N2  N3  N5  N6  N12  N14 (ports)         within the message
 *              N19  N21  N22  N23
 *     pace     N18                                      the time of the message before
 *     id       N1  N31                                  the receiver's extended handshakes
 *     content  N17  N20  N31                            what the receiver holds
 */

import { forgetOldest, remember } from './bounds.ts'
import { leastPort, reservedBits } from './connection.ts'
import { familyOf, isMapped, type Key, portOf, textOf } from './endpoint.ts'
import type { Ledger, Where } from './ledger.ts'
import type { Rules } from './rules.ts'
import type { Stream } from './stream.ts'
import type { Listed, StrictMessage } from './strict-message.ts'

/** What a message tells a receiver, once what contradicts itself is left out. */
export interface News {
  /** Each contact once, and none that is dropped as well. */
  readonly added: readonly Listed[]
  readonly dropped: readonly Listed[]
  /** Whether the message restates what the receiver held. */
  readonly addedAgain: ReadonlySet<Key>
}

const nameOf = ({ key }: Listed): string => textOf(key)

/** The id that a message carries. */
export function judgeId<Id>(stream: Stream, id: number | undefined, where: Where<Id>, ledger: Ledger<Id>, rules: Rules): void {
  if (id === undefined || (where.by === 'remote' && !stream.isNegotiated)) return
  const isLate = where.by === 'remote' && stream.wasLately(id, where.at, rules.flightMs)
  const isRight = (stream.isEnabled && id === stream.id) || isLate
  const words = () => ({
    message: stream.isEnabled ? 'The message carries another id than its receiver gave.' : 'The receiver takes no messages.',
    expected: stream.isEnabled ? `id ${stream.id}` : 'none',
    seen: `id ${id}`,
  })
  // An id that was right once means that a further handshake was not heeded.
  const wasRight = stream.hadOnce(id)
  ledger.judge('N1', where, isRight || wasRight, words)
  if (stream.handshakeCount > 1) ledger.judge('N31', where, isRight || !wasRight, words)
}

/** The time since the message before. */
export function judgePace<Id>(stream: Stream, where: Where<Id>, ledger: Ledger<Id>, rules: Rules): void {
  if (stream.lastMessageAt === Number.NEGATIVE_INFINITY) return
  const leastMs = rules.minGapMs - (where.by === 'remote' ? rules.jitterMs : 0)
  const gapMs = where.at - stream.lastMessageAt
  ledger.judge('N18', where, gapMs >= leastMs, () => ({
    message: 'The message follows the one before it too soon.',
    expected: `${leastMs} ms or more`,
    seen: `${gapMs} ms`,
  }))
}

/** Everything that can be seen in the message alone. */
export function judgeForm<Id>(message: StrictMessage, where: Where<Id>, ledger: Ledger<Id>, rules: Rules): void {
  const { added, faults } = message
  for (const clause of ['N2', 'N5', 'N6'] as const) {
    const found = faults.filter((fault) => fault.clause === clause)
    if (found.length === 0) ledger.kept(clause)
    for (const fault of found) ledger.judge(clause, where, false, () => fault)
  }
  if (rules.requiresFlags && where.by === 'local') {
    const test = { isKept: ({ flags }: Listed) => flags !== 'absent', nameOf }
    ledger.judgeEach('N5', where, added, test, { message: 'Contacts are added without flags.', expected: 'a byte for each' })
  }
  const isUnreserved = { isKept: ({ flags }: Listed) => typeof flags !== 'number' || (flags & reservedBits) === 0, nameOf }
  ledger.judgeEach('N12', where, added, isUnreserved, { message: 'Reserved flags are set.', expected: 'bits 0x20, 0x40 and 0x80 are 0' })
}

/**
 * What the message means where contacts stand in the list of the other family: an IPv4-mapped contact is IPv4, and if all of
 * a list makes known contacts once it is cut as the other family's, those are meant.
 */
export function judgeFamilies<Id>(
  message: StrictMessage,
  where: Where<Id>,
  ledger: Ledger<Id>,
  isKnown: (key: Key) => boolean,
): StrictMessage {
  const [added, dropped] = [recut(message.added, isKnown), recut(message.dropped, isKnown)]
  const before = [...message.added, ...message.dropped]
  const meant = new Set([...added, ...dropped])
  const test = { isKept: (contact: Listed) => meant.has(contact), nameOf }
  const words = {
    message: 'Contacts stand in the list of the other family.',
    expected: 'added and dropped for IPv4, added6 and dropped6 for IPv6',
  }
  ledger.judgeEach('N3', where, before, test, words)
  return { faults: message.faults, added, dropped }
}

function recut(list: readonly Listed[], isKnown: (key: Key) => boolean): readonly Listed[] {
  const of4 = list.filter(({ key }) => familyOf(key) === 4)
  const of6 = list.filter(({ key }) => familyOf(key) === 6)
  const as6 = cut(of4, 18)
  const meantAs6 = as6.length > 0 && as6.every(({ key }) => isKnown(key)) ? as6 : undefined
  const meantAs4 = of6.flatMap((contact) => {
    if (isMapped(contact.key)) return [{ ...contact, key: contact.key.slice(12) }]
    const as4 = cut([contact], 6)
    return as4.every(({ key }) => isKnown(key)) ? as4 : [contact]
  })
  return [...(meantAs6 ?? of4), ...meantAs4]
}

/** The bytes of these contacts, cut into contacts of another length; none if that does not come out even. */
function cut(list: readonly Listed[], length: number): Listed[] {
  const bytes = list.map(({ key }) => key).join('')
  if (bytes.length % length !== 0) return []
  return Array.from({ length: bytes.length / length }, (_, at) => ({ key: bytes.slice(at * length, (at + 1) * length), flags: 'misfit' }))
}

/** Whether somebody could listen on the ports that are added. */
export function judgePorts<Id>({ added }: StrictMessage, where: Where<Id>, ledger: Ledger<Id>): void {
  // Port 1 is nobody's, but that is no rule of the BEP.
  const least = where.by === 'remote' ? 1 : leastPort
  const test = { isKept: ({ key }: Listed) => portOf(key) >= least, nameOf }
  ledger.judgeEach('N14', where, added, test, { message: 'A port that nobody listens on is added.', expected: `a port from ${least} on` })
}

/** How much the message says, and whether it says anything twice. */
export function judgeLists<Id>(stream: Stream, message: StrictMessage, where: Where<Id>, ledger: Ledger<Id>, rules: Rules): void {
  const { added, dropped } = message
  const { maxContacts } = rules
  const addedKeys = new Set(added.map(({ key }) => key))
  const droppedKeys = new Set(dropped.map(({ key }) => key))
  const twice = [...repeated(added), ...repeated(dropped)]
  ledger.judge('N19', where, twice.length === 0, () => ({
    message: 'A list has a contact twice.',
    expected: 'each once',
    seen: twice.slice(0, 5).map(textOf).join(', '),
  }))
  const isInOne = { isKept: (key: Key) => !droppedKeys.has(key), nameOf: textOf }
  ledger.judgeEach('N21', where, [...addedKeys], isInOne, { message: 'A contact is added and dropped.', expected: 'one of the two' })
  const expected = `${maxContacts} at most`
  if (stream.messageCount > 0 && stream.isComplete) {
    const words = () => ({ message: 'Too many contacts are added.', expected, seen: String(added.length) })
    ledger.judge('N22', where, added.length <= maxContacts, words)
  }
  const words = () => ({ message: 'Too many contacts are dropped.', expected, seen: String(dropped.length) })
  ledger.judge('N23', where, dropped.length <= maxContacts, words)
}

function repeated(list: readonly Listed[]): Key[] {
  const seen = new Set<Key>()
  return list.map(({ key }) => key).filter((key) => seen.size === seen.add(key).size)
}

/** Whether the message fits what its receiver holds. Answers what of it is news; the receiver's holdings stay as they were. */
export function judgeContent<Id>(stream: Stream, message: StrictMessage, where: Where<Id>, ledger: Ledger<Id>): News {
  const [addedKeys, droppedKeys] = [message.added, message.dropped].map((list) => new Set(list.map(({ key }) => key)))
  const added = once(message.added).filter(({ key }) => !droppedKeys!.has(key))
  const dropped = once(message.dropped).filter(({ key }) => !addedKeys!.has(key))
  if (stream.isComplete) {
    const wasTold = { isKept: ({ key }: Listed) => stream.held.has(key), nameOf }
    const words = { message: 'Contacts are dropped that this receiver was not told.', expected: 'only what it holds' }
    ledger.judgeEach('N17', where, dropped, wasTold, words)
  }
  const addedAgain = new Set(added.filter(({ key }) => stream.held.has(key)).map(({ key }) => key))
  const isNew = { isKept: ({ key }: Listed) => !addedAgain.has(key), nameOf }
  const expected = 'only what it does not hold'
  if (stream.isAfterFurtherHandshake) {
    const message = 'A further handshake made the sender begin anew.'
    ledger.judgeEach('N31', where, added, isNew, { message, expected })
  } else {
    ledger.judgeEach('N20', where, added, isNew, { message: 'Contacts are added that the receiver holds.', expected })
  }
  return { added, dropped, addedAgain }
}

function once(list: readonly Listed[]): Listed[] {
  const seen = new Set<Key>()
  return list.filter(({ key }) => seen.size !== seen.add(key).size)
}

/** The receiver has read the message. */
export function apply(stream: Stream, { added, dropped }: News, at: number): void {
  for (const { key } of dropped) {
    stream.held.delete(key)
    stream.lapsed.delete(key)
  }
  for (const { key } of added) {
    stream.held.set(key, at)
    // Who tells so much is no longer followed to the letter.
    if (!forgetOldest(stream.held)) stream.isComplete = false
  }
}

/** The message came when its receiver had just ended to take messages: what it says is known, and adds up to nothing. */
export function lapse(stream: Stream, { added, dropped }: StrictMessage): void {
  for (const { key } of dropped) stream.lapsed.delete(key)
  for (const { key } of added) remember(stream.lapsed, key)
}
