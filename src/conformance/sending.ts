/**
 * What a node's messages say of the swarm, held against the facts: is it true, and is it all?
 *
 *     an added contact is            judged by
 *     live                           N7–N11 its flags, N14 whether its receiver can reach it
 *     gone, its peer still there     N14: the endpoint of before
 *     gone                           N25: it must be recently seen
 *     none                           N13 hearsay or half-connected, N14 an ephemeral port
 *
 * A message that has room says all that is due (N15, N20), and whoever has something to say speaks within a turn. Due is
 * what has gone or come since `factMs`, as far as this receiver must hear of it: not of itself, not of what it told itself,
 * no seed of seeds, nobody that it cannot reach, and nobody whom the node does not share.
 */

import { mayCross, Scope } from '../address/index.ts'
import type { Connection } from './connection.ts'
import { bit } from './connection.ts'
import { type Contact, type Contacts, departuresOf, flagsOf, type Gone } from './contacts.ts'
import { familyOf, type Key, scopeOfKey, textOf } from './endpoint.ts'
import { type Ledger, listed, type Where } from './ledger.ts'
import type { Rules } from './rules.ts'
import type { Listed, StrictMessage } from './strict-message.ts'
import type { News } from './wire.ts'

/** What must be remembered of a receiver, for as long as it takes messages. */
class Book {
  /** Recently seen contacts that the last message told, to be dropped by the next. */
  owed = new Set<Key>()
  /** Which departure of a contact was told as recently seen. */
  readonly recent = new Map<Key, number>()
  /** What a finding was made of already. */
  readonly missed = new Set<Key>()
}

/** What the judge knows of the node besides its connections. */
export interface NodeFacts {
  /** Since when the torrent is known not to be private; Infinity while it is not. */
  readonly publicSince: number
}

const flagClauses = [
  ['N7', bit.encryption, 'that it prefers encryption'],
  ['N8', bit.seed, 'that it is a seed or only uploads'],
  ['N9', bit.utp, 'that it speaks uTP'],
  ['N10', bit.holepunch, 'that it speaks ut_holepunch'],
  ['N11', bit.outgoing, 'that it was dialled'],
] as const

export class Sending<Id> {
  readonly #ledger: Ledger<Id>
  readonly #rules: Rules
  readonly #contacts: Contacts<Id>
  readonly #connections: ReadonlyMap<Id, Connection<Id>>
  readonly #node: NodeFacts
  readonly #books = new Map<Connection<Id>, Book>()

  constructor(parts: {
    readonly ledger: Ledger<Id>
    readonly rules: Rules
    readonly contacts: Contacts<Id>
    readonly connections: ReadonlyMap<Id, Connection<Id>>
    readonly node: NodeFacts
  }) {
    this.#ledger = parts.ledger
    this.#rules = parts.rules
    this.#contacts = parts.contacts
    this.#connections = parts.connections
    this.#node = parts.node
  }

  /** What the receiver was told is over. */
  forget(connection: Connection<Id>): void {
    this.#books.delete(connection)
  }

  /** Judges a message before its receiver has read it. */
  judge(connection: Connection<Id>, message: StrictMessage, news: News, at: number): void {
    const where: Where<Id> = { connection: connection.id, by: 'local', at }
    this.judgeSilence(connection, at)
    const book = this.#bookOf(connection)
    const told = new Set<Key>()
    for (const contact of news.added) {
      const gone = this.#judgeAdded(connection, contact, where)
      if (gone === undefined) continue
      this.#judgeRecent(book, gone, { ...where, isAgain: news.addedAgain.has(gone.key) })
      told.add(gone.key)
    }
    this.#judgeDropped(connection, news, where)
    this.#judgeOwed(book, news, where)
    this.#judgeRoom(connection, message, news, where)
    book.owed = told
    for (const { key } of [...news.added, ...news.dropped]) book.missed.delete(key)
  }

  /** Whether the node has been silent for too long, though it had something to tell. */
  judgeSilence(connection: Connection<Id>, at: number): void {
    const { turnMs, maxContacts } = this.#rules
    const { outbound } = connection
    if (at - this.#sendableSince(connection) <= turnMs) return
    const since = Math.max(outbound.lastMessageAt, this.#sendableSince(connection))
    const drops = this.#dueDrops(connection)
    const adds = outbound.held.size >= this.#rules.maxHeld ? [] : this.#dueAdds(connection)
    const backlogMs = (Math.ceil(drops.length / maxContacts) + 1) * turnMs
    const isLate = ({ dueAt }: Due): boolean => at - Math.max(dueAt, since) > turnMs
    const isOverdue = (due: Due): boolean => isLate(due) || at - due.dueAt > backlogMs
    this.#missed(connection, drops.filter(isOverdue), { clause: 'N15', at, message: 'Contacts have gone, and the sender is silent.' })
    this.#missed(connection, adds.filter(isLate), { clause: 'N20', at, message: 'Contacts have come, and the sender is silent.' })
  }

  #bookOf(connection: Connection<Id>): Book {
    let book = this.#books.get(connection)
    if (book === undefined) {
      book = new Book()
      this.#books.set(connection, book)
    }
    return book
  }

  /** Judges a contact that is added; answers it if it has gone, so that it must be recently seen. */
  #judgeAdded(connection: Connection<Id>, { key, flags }: Listed, where: Where<Id>): Gone | undefined {
    const contact = this.#contacts.live.get(key)
    const gone = this.#contacts.gone.get(key)
    if (contact === undefined && gone === undefined) {
      this.#judgeStranger(key, where)
      return undefined
    }
    this.#ledger.kept('N13')
    // A contact that was there only for a moment may be told as it went before.
    const departures = contact === undefined ? departuresOf(gone!) : []
    const isMoved = departures.length > 0 && departures.every((departure) => departure.isMoved)
    this.#ledger.judge('N14', where, !isMoved, () => ({
      message: 'An endpoint is added that its peer has given up.',
      expected: 'its present port',
      seen: textOf(key),
    }))
    if (isMoved) return undefined
    const { scope } = connection
    this.#ledger.judge('N14', where, scope === undefined || mayCross(scopeOfKey(key), scope), () => ({
      message: 'A contact is added that its receiver cannot reach.',
      expected: 'a contact in a network of its own',
      seen: textOf(key),
    }))
    this.#judgeFlags((contact ?? gone)!, flags, where)
    return contact === undefined ? gone : undefined
  }

  /** Judges an endpoint that is no contact and never was. */
  #judgeStranger(key: Key, where: Where<Id>): void {
    let what = 'that the sender was never connected to'
    for (const { fact, isComplete, listenKey, remoteKey } of this.#connections.values()) {
      if (key !== listenKey && key !== remoteKey) continue
      what = isComplete ? '' : 'whose handshakes are not done'
      if (fact.direction === 'outgoing' || key === listenKey) break
      this.#ledger.judge('N14', where, false, () => ({
        message: 'The port that a peer dialled from is added.',
        expected: listenKey === undefined ? 'nothing: it gave no port' : textOf(listenKey),
        seen: textOf(key),
      }))
      break
    }
    this.#ledger.judge('N13', where, what === '', () => ({
      message: `A contact is added ${what}.`,
      expected: 'a peer that the sender completed a connection to',
      seen: textOf(key),
    }))
  }

  #judgeFlags(contact: Contact<Id> | Gone, flags: Listed['flags'], where: Where<Id>): void {
    if (typeof flags !== 'number') return
    const { required, allowed } = flagsOf(contact, where.at - this.#rules.factMs)
    for (const [clause, mask, what] of flagClauses) {
      const isSet = (flags & mask) !== 0
      const isRight = isSet ? (allowed & mask) !== 0 : (required & mask) === 0
      this.#ledger.judge(clause, where, isRight, () => ({
        message: isSet ? `A flag says ${what}, which is not so.` : `No flag says ${what}.`,
        expected: `${textOf(contact.key)} with 0x${mask.toString(16).padStart(2, '0')} ${isSet ? 'clear' : 'set'}`,
        seen: `0x${flags.toString(16).padStart(2, '0')}`,
      }))
    }
  }

  #judgeRecent(book: Book, gone: Gone, where: Where<Id> & { readonly isAgain: boolean }): void {
    const { maxRecent, factMs } = this.#rules
    const harmless = departuresOf(gone).filter(({ reason }) => reason !== undefined)
    const isTold = book.recent.get(gone.key) === gone.order && !where.isAgain
    let problem: string | undefined
    if (harmless.length === 0) problem = 'A contact is added that has gone, and was not hung up on for a harmless reason.'
    else if (this.#contacts.liveCount(familyOf(gone.key), where.at - factMs) >= maxRecent) {
      problem = 'A recently seen contact is added though enough are live.'
    } else if (!harmless.some((departure) => this.#contacts.isAmongLast(departure, maxRecent))) {
      problem = 'A contact is added that was not seen so recently.'
    } else if (isTold) problem = 'A recently seen contact is added a second time.'
    this.#ledger.judge('N25', where, problem === undefined, () => ({
      message: problem ?? '',
      expected: `one of the last ${maxRecent}, while fewer are live`,
      seen: textOf(gone.key),
    }))
    book.recent.set(gone.key, gone.order)
  }

  #judgeDropped(connection: Connection<Id>, { dropped }: News, where: Where<Id>): void {
    // Who has just come back may not be taken for a contact yet.
    const isThere = (key: Key): boolean =>
      (this.#contacts.live.get(key)?.liveSince ?? Number.POSITIVE_INFINITY) <= where.at - this.#rules.factMs
    const test = { isKept: ({ key }: Listed) => !isThere(key), nameOf: ({ key }: Listed) => textOf(key) }
    this.#ledger.judgeEach('N16', where, dropped, test, { message: 'Contacts are dropped that are there.', expected: 'only what has gone' })
    this.#ledger.kept('N15', dropped.filter(({ key }) => connection.outbound.held.has(key)).length)
  }

  /** What the last message told as recently seen, this one drops, unless it is live again. */
  #judgeOwed(book: Book, { dropped }: News, where: Where<Id>): void {
    const droppedKeys = new Set(dropped.map(({ key }) => key))
    const test = { isKept: (key: Key) => droppedKeys.has(key) || this.#contacts.live.has(key), nameOf: textOf }
    const words = { message: 'Recently seen contacts are not dropped in the next message.', expected: 'their drop' }
    this.#ledger.judgeEach('N25', where, [...book.owed], test, words)
  }

  /** Nothing that is due waits for the next message while this one has room for it. */
  #judgeRoom(connection: Connection<Id>, message: StrictMessage, news: News, { at }: Where<Id>): void {
    const { maxContacts, maxHeld, factMs } = this.#rules
    if (message.dropped.length >= maxContacts) return
    const isIn = new Set([...news.added, ...news.dropped].map(({ key }) => key))
    const { owed } = this.#bookOf(connection)
    const isMissed = ({ key, dueAt }: Due): boolean => at - dueAt >= factMs && !isIn.has(key)
    const drops = this.#dueDrops(connection).filter((due) => isMissed(due) && !owed.has(due.key))
    this.#missed(connection, drops, { clause: 'N15', at, message: 'Contacts have gone, and are not dropped though there is room.' })
    if (message.added.length >= maxContacts || connection.outbound.held.size + news.added.length >= maxHeld) return
    const adds = this.#dueAdds(connection).filter(isMissed)
    this.#missed(connection, adds, { clause: 'N20', at, message: 'Contacts have come, and are not added though there is room.' })
  }

  #missed(connection: Connection<Id>, dues: readonly Due[], what: { clause: 'N15' | 'N20'; at: number; message: string }): void {
    const { missed } = this.#bookOf(connection)
    const fresh = dues.filter(({ key }) => !missed.has(key))
    const { outbound } = connection
    // Who was not named by the last handshake only seems to take nothing any more.
    const clause = outbound.isNamedLast ? what.clause : 'N31'
    const where: Where<Id> = { connection: connection.id, by: 'local', at: what.at }
    this.#ledger.judge(clause, where, fresh.length === 0, () => ({
      message: what.message,
      expected: what.clause === 'N15' ? 'their drop' : 'to be told of them',
      seen: `nothing of ${listed(fresh.map(({ key }) => textOf(key)))}`,
    }))
    for (const { key } of fresh) missed.add(key)
  }

  /** Since when this receiver could have been told; Infinity if it cannot be now. */
  #sendableSince(connection: Connection<Id>): number {
    const { completedAt, outbound, sendableAt, isStopped } = connection
    if (isStopped) return Number.POSITIVE_INFINITY
    return Math.max(completedAt, outbound.enabledAt, sendableAt, this.#node.publicSince)
  }

  /** What the receiver holds though it has gone. */
  #dueDrops(connection: Connection<Id>): Due[] {
    const since = this.#sendableSince(connection)
    const dues: Due[] = []
    for (const [key, toldAt] of connection.outbound.held) {
      if (this.#contacts.live.has(key)) continue
      const gone = this.#contacts.gone.get(key)
      if (gone !== undefined) dues.push({ key, dueAt: Math.max(gone.leftAt, toldAt, since) })
    }
    return dues
  }

  /** What the receiver does not hold though it is there, and must hear of. */
  #dueAdds(connection: Connection<Id>): Due[] {
    const since = Math.max(this.#sendableSince(connection), connection.keySince, connection.lastDropAt)
    const { outbound, inbound, scope, wasSeed } = connection
    const dues: Due[] = []
    for (const contact of this.#contacts.live.values()) {
      const { key } = contact
      if (outbound.held.has(key) || inbound.held.has(key) || inbound.lapsed.has(key)) continue
      if (connection.key === key) continue
      if (!contact.isShared || (wasSeed && contact.wasSeed) || !mayCross(scopeOfKey(key), scope ?? Scope.global)) continue
      dues.push({ key, dueAt: Math.max(contact.liveSince, since) })
    }
    return dues
  }
}

interface Due {
  readonly key: Key
  readonly dueAt: number
}
