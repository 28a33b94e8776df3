/**
 * The observer: it stands beside one node of one torrent's swarm, is told what happens, and judges every ut_pex message
 * against BEP 11, clause by clause (`clauses.ts`).
 *
 *     messages that the node sends (`local`)         all clauses of sending: the facts are known
 *     messages that it receives (`remote`)           what they tell of their sender by themselves (`wire.ts`)
 *     reports, dials, hanging up                     the clauses of receiving (`receiving.ts`)
 *
 * To judge a client of which only the wire is known, stand beside its peer; to judge it with all its facts, stand beside it.
 * Pure: no clock, no chance, no I/O; it never throws for what peers send. It knows nothing of how the node works, and shares
 * no code with the core.
 */

import { decodeHandshake } from '../codec/index.ts'
import type { Clause } from './clauses.ts'
import { Connection } from './connection.ts'
import { Contacts } from './contacts.ts'
import type {
  AddressFact,
  ConnectedFact,
  DialFact,
  DisconnectedFact,
  HandshakeFact,
  HungUpFact,
  MessageFact,
  PiecesFact,
  Privacy,
  PrivacyFact,
  ReportedFact,
  StoppedFact,
} from './facts.ts'
import { type Count, type Finding, Ledger, type Where } from './ledger.ts'
import { Receiving } from './receiving.ts'
import { defaultRules, type Rules } from './rules.ts'
import { Secrecy } from './secrecy.ts'
import { Sending } from './sending.ts'
import type { Stream } from './stream.ts'
import { readStrictly, type StrictMessage } from './strict-message.ts'
import { apply, judgeContent, judgeFamilies, judgeForm, judgeId, judgeLists, judgePace, judgePorts, lapse } from './wire.ts'

export interface ObserverOptions {
  /** Whether the torrent is private; by default it is not. */
  readonly private?: Privacy
  readonly rules?: Partial<Rules>
  /** The node's own listen port: contacts with it may be the node itself. */
  readonly listenPort?: number
  /** Whether `reported` is called for everything that the node reports to its host, so that its silence means something. By default it is not. */
  readonly isReporting?: boolean
}

export class Observer<Id = number> {
  readonly #rules: Rules
  readonly #ledger: Ledger<Id>
  readonly #secrecy: Secrecy<Id>
  readonly #connections = new Map<Id, Connection<Id>>()
  readonly #contacts: Contacts<Id>
  readonly #sending: Sending<Id>
  readonly #receiving: Receiving<Id>
  #now: number = Number.NEGATIVE_INFINITY

  constructor(options: ObserverOptions = {}) {
    this.#rules = { ...defaultRules, ...options.rules }
    this.#ledger = new Ledger(this.#rules.maxFindings)
    this.#secrecy = new Secrecy(this.#ledger, options.private ?? false)
    this.#contacts = new Contacts(this.#rules.factMs)
    const common = { ledger: this.#ledger, rules: this.#rules, connections: this.#connections }
    this.#sending = new Sending({ ...common, contacts: this.#contacts, node: this.#secrecy })
    const { isReporting = false, listenPort } = options
    this.#receiving = new Receiving({ ...common, isReporting, listenPort })
  }

  /** What was found, in the order in which it was found. */
  get findings(): readonly Finding<Id>[] {
    return this.#ledger.findings
  }

  /** How often each clause was judged and found broken. */
  summary(): Readonly<Record<Clause, Count>> {
    return this.#ledger.summary()
  }

  /**
   * A peer has connected, and its BitTorrent handshake is done.
   * @throws {RangeError} if a connection of that name is open.
   */
  connected(fact: ConnectedFact<Id>): void {
    this.#advance(fact.at)
    if (this.#connections.has(fact.connection)) throw new RangeError(`connection: ${String(fact.connection)} is open already`)
    const connection = new Connection(fact)
    this.#connections.set(fact.connection, connection)
    this.#receiving.met(connection)
    if (!fact.isExtended) this.#complete(connection, fact.at)
  }

  /** An extended handshake was sent or received. */
  handshake({ at, connection: id, from, handshake }: HandshakeFact<Id>): void {
    const connection = this.#connectionOf(id, at)
    const content = handshake instanceof Uint8Array ? decodeHandshake(handshake) : handshake
    if (content === undefined) return
    if (from === 'local') {
      connection.inbound.learn(content.utPex, at)
      return
    }
    if (content.utPex === 0) this.#sending.judgeSilence(connection, at)
    if (connection.outbound.learn(content.utPex, at)) this.#sending.forget(connection)
    this.#receiving.met(connection)
    connection.learn(content)
    this.#receiving.met(connection)
    if (!connection.isComplete) this.#complete(connection, at)
    else if (connection.listenKey !== connection.key) {
      this.#contacts.leave(connection, at, 'moved')
      this.#contacts.enter(connection, at)
    }
  }

  /** A peer said which pieces it has. */
  pieces({ at, connection: id, hasEverything }: PiecesFact<Id>): void {
    const connection = this.#connectionOf(id, at)
    connection.hasEverything = hasEverything
    if (hasEverything) this.#contacts.becomesSeed(connection)
  }

  /** The host stops the node's sending on a connection, or lets it go on. */
  stopped({ at, connection: id, isStopped }: StoppedFact<Id>): void {
    const connection = this.#connectionOf(id, at)
    this.#sending.judgeSilence(connection, at)
    connection.isStopped = isStopped
    connection.sendableAt = at
  }

  /** A connection is closed. */
  disconnected({ at, connection: id, reason }: DisconnectedFact<Id>): void {
    const connection = this.#connectionOf(id, at)
    this.#sending.judgeSilence(connection, at)
    this.#sending.forget(connection)
    this.#receiving.disconnected(connection)
    this.#connections.delete(id)
    this.#contacts.leave(connection, at, reason)
  }

  /** Whether the torrent is private is known, or has changed. */
  privacy({ at, private: value }: PrivacyFact): void {
    this.#advance(at)
    for (const connection of this.#connections.values()) this.#sending.judgeSilence(connection, at)
    this.#secrecy.become(value, at)
    if (value === true) this.#receiving.forgetAll()
  }

  /** A ut_pex message was sent, or has arrived and is about to be read. */
  message({ at, bytes, connection: id, from, id: messageId }: MessageFact<Id>): void {
    const connection = this.#connectionOf(id, at)
    const stream = from === 'local' ? connection.outbound : connection.inbound
    const where: Where<Id> = { connection: id, by: from, at }
    const read = readStrictly(bytes)
    judgeId(stream, messageId, where, this.#ledger, this.#rules)
    judgePace(stream, where, this.#ledger, this.#rules)
    judgeForm(read, where, this.#ledger, this.#rules)
    // Of strangers' contacts nothing is known; only the node's own can be recognised in the wrong list.
    const message = judgeFamilies(read, where, this.#ledger, (key) => from === 'local' && this.#contacts.live.has(key))
    judgePorts(message, where, this.#ledger)
    judgeLists(stream, message, where, this.#ledger, this.#rules)
    if (from === 'local') this.#secrecy.judge(where, 'a message was sent')
    if (stream.isRead) this.#judgeContent(connection, stream, message, where, bytes)
    else lapse(stream, message)
    if (from === 'remote' && message.dropped.length > 0) connection.lastDropAt = at
    stream.lastMessageAt = at
    stream.messageCount++
    stream.isAfterFurtherHandshake = false
  }

  /** The node told its host of a contact, or of its drop. */
  reported(fact: ReportedFact<Id>): void {
    this.#advance(fact.at)
    this.#secrecy.judge({ connection: fact.source, by: 'local', at: fact.at }, 'a contact was reported')
    this.#receiving.reported(fact)
  }

  /** The node has learnt its own address, or is no longer sure of it. */
  addressed(fact: AddressFact): void {
    this.#advance(fact.at)
    this.#receiving.addressed(fact)
  }

  /** The node dials a contact that peer exchange told it of. */
  dialled(fact: DialFact): void {
    this.#advance(fact.at)
    this.#secrecy.judge({ connection: undefined, by: 'local', at: fact.at }, 'a contact was dialled')
    this.#receiving.dialled(fact)
  }

  /** Such a dial has failed. */
  dialFailed(fact: DialFact): void {
    this.#advance(fact.at)
    this.#receiving.dialFailed(fact)
  }

  /** The node hangs up on a peer because of how that does peer exchange. To be told before `disconnected`. */
  hungUp(fact: HungUpFact<Id>): void {
    this.#advance(fact.at)
    this.#receiving.hungUp(fact)
  }

  /** Closes the books: whatever should have been said or reported by now is missing. The observer can go on afterwards. */
  finish(at: number): void {
    this.#advance(at)
    for (const connection of this.#connections.values()) this.#sending.judgeSilence(connection, at)
  }

  #judgeContent(connection: Connection<Id>, stream: Stream, message: StrictMessage, where: Where<Id>, bytes: Uint8Array): void {
    const news = judgeContent(stream, message, where, this.#ledger)
    if (where.by === 'local') {
      this.#sending.judge(connection, message, news, where.at)
    } else {
      this.#receiving.heard(connection, message, news, { at: where.at, byteLength: bytes.length, privacy: this.#secrecy.value })
    }
    apply(stream, news, where.at)
  }

  #complete(connection: Connection<Id>, at: number): void {
    connection.completedAt = at
    this.#contacts.enter(connection, at)
  }

  #connectionOf(id: Id, at: number): Connection<Id> {
    this.#advance(at)
    const connection = this.#connections.get(id)
    if (connection === undefined) throw new RangeError(`connection: there is none of the name ${String(id)}`)
    return connection
  }

  #advance(at: number): void {
    if (!(at >= this.#now)) throw new RangeError(`at: ${at} is before ${this.#now}`)
    this.#now = at
    this.#receiving.advance(at)
  }
}
