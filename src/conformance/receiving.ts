/**
 * What a node makes of what it is told, as far as that shows: what its host hears, whom it dials, on whom it hangs up.
 *
 *     N4, N12   a contact that comes without flags, or with reserved ones, is reported like any other
 *     N24       who is hung up on has deserved it: more than six messages in a minute, over 32 KiB, or no dictionary
 *     N26       nothing is reported that its source did not say
 *     N27–N29   dials are spread over sources, over addresses, and follow BEP 40's priority among equals
 *     N30       nothing comes out on a private torrent
 *
 * Only what is plain is judged: a contact that the node may have any reason to leave out need not be reported or dialled.
 */

import { mayCross, Scope } from '../address/index.ts'
import { remember } from './bounds.ts'
import { bit, type Connection, leastPort, reservedBits } from './connection.ts'
import { Dials } from './dials.ts'
import { addressOf, type Key, keyAt, portOf, scopeOfKey, textOf } from './endpoint.ts'
import type { AddressFact, DialFact, HungUpFact, Privacy, ReportedFact } from './facts.ts'
import type { Ledger } from './ledger.ts'
import type { Rules } from './rules.ts'
import type { Listed, StrictMessage } from './strict-message.ts'
import type { News } from './wire.ts'

/** More messages than these within a minute are a flood. Measured: libtorrent hangs up at the seventh. */
const honestPerMinute = 6
/** Milliseconds between messages below which a receiver may leave a message unread: half of BEP 11's minute. */
const readGapMs = 30_000
/** Measured: rTorrent and rqbit hang up above this. */
const maxMessageBytes = 32 * 1024
/** Contacts of one source, and ports of one address, that every receiver can be asked to take. */
const [maxExpected, maxPorts] = [50, 4]

/** What was heard on one connection, beside what its peer holds true now. */
class Heard {
  /** When the last messages came. */
  times: number[] = []
  isEgregious = false
  /** Addresses of which anything was ever dropped. */
  readonly droppedAddresses = new Set<string>()
  /** What its peer told while the torrent was private, or before it turned out to be. */
  forgotten = new Set<Key>()
}

/** When a message came, how long it was, and whether the torrent was private then. */
interface Circumstances {
  readonly at: number
  readonly byteLength: number
  readonly privacy: Privacy
}

interface Expected<Id> {
  readonly connection: Id
  readonly key: Key
  readonly clause: 'N4' | 'N12'
  readonly until: number
}

export class Receiving<Id> {
  readonly #ledger: Ledger<Id>
  readonly #rules: Rules
  readonly #isReporting: boolean
  readonly #connections: ReadonlyMap<Id, Connection<Id>>
  readonly #heard = new Map<Connection<Id>, Heard>()
  readonly #dials: Dials<Id>
  readonly #listenPort: number | undefined
  /** Contacts that must be reported, in the order of their deadlines. */
  #expected: Expected<Id>[] = []

  constructor(parts: {
    readonly ledger: Ledger<Id>
    readonly rules: Rules
    readonly connections: ReadonlyMap<Id, Connection<Id>>
    readonly isReporting: boolean
    readonly listenPort: number | undefined
  }) {
    this.#ledger = parts.ledger
    this.#rules = parts.rules
    this.#connections = parts.connections
    this.#isReporting = parts.isReporting
    this.#listenPort = parts.listenPort
    const { connections, ledger, rules } = parts
    const connected = (): Set<string> =>
      new Set([...connections.values()].flatMap(({ remoteKey }) => (remoteKey === undefined ? [] : addressOf(remoteKey))))
    this.#dials = new Dials({ ledger, rules, connected })
  }

  /** A peer's message, before it is added to what the peer holds true. */
  heard(connection: Connection<Id>, message: StrictMessage, news: News, circumstances: Circumstances): void {
    const { at, byteLength, privacy } = circumstances
    const heard = this.#heardOn(connection)
    const isCalm = at - (heard.times.at(-1) ?? Number.NEGATIVE_INFINITY) >= readGapMs
    heard.times = [...heard.times.slice(-honestPerMinute).filter((time) => at - time < 60_000), at]
    const isBroken = message.faults.some(({ clause }) => clause === 'N2')
    if (heard.times.length > honestPerMinute || byteLength > maxMessageBytes || isBroken) heard.isEgregious = true
    for (const { key } of news.dropped) {
      remember(heard.droppedAddresses, addressOf(key))
      this.#dials.drop(connection.id, key)
    }
    const isPlain = isCalm && privacy === false && !isBroken && message.added.length <= maxExpected && !heard.isEgregious
    for (const contact of news.added) {
      if (privacy === true) {
        remember(heard.forgotten, contact.key)
        this.#dials.forget(contact.key)
        continue
      }
      heard.forgotten.delete(contact.key)
      if (news.addedAgain.has(contact.key)) continue
      this.#dials.offer(connection.id, contact)
      const clause = reasonToExpect(contact)
      if (!isPlain || !this.#isReporting || clause === undefined || !this.#mustTake(connection, contact.key, news)) continue
      this.#expected.push({ connection: connection.id, key: contact.key, clause, until: at + this.#rules.reportMs })
    }
  }

  /** Time has passed: what should have been reported by now? */
  advance(at: number): void {
    const overdue = this.#expected.filter(({ until }) => until < at)
    if (overdue.length === 0) return
    this.#expected = this.#expected.filter(({ until }) => until >= at)
    for (const { connection, key, clause, until } of overdue) {
      this.#ledger.judge(clause, { connection, by: 'local', at: until }, false, () => ({
        message:
          clause === 'N4' ? 'A contact that came without flags is not taken.' : 'A contact that came with reserved flags is not taken.',
        expected: 'its report',
        seen: `nothing of ${textOf(key)}`,
      }))
    }
  }

  reported({ at, flags = 0, kind, peer, source }: ReportedFact<Id>): void {
    const key = keyAt(peer, 0, peer.length)
    const connection = this.#connections.get(source)
    const where = { connection: source, by: 'local', at } as const
    this.#ledger.judge('N12', where, (flags & reservedBits) === 0, () => ({
      message: 'Reserved flags are handed on.',
      expected: 'bits 0x20, 0x40 and 0x80 are 0',
      seen: `0x${flags.toString(16)}`,
    }))
    const isForgotten = connection !== undefined && this.#heard.get(connection)?.forgotten.has(key) === true
    this.#ledger.judge('N30', where, kind === 'dropped' || !isForgotten, () => ({
      message: 'A contact is reported that was received before the torrent was found to be private.',
      expected: 'nothing of it',
      seen: textOf(key),
    }))
    const isTrue = connection !== undefined && (kind === 'peer' ? connection.inbound.held.has(key) : this.#hasDropped(connection, key))
    // What comes late, after the node said that it takes no more, was not added up here.
    const isUnknown = connection !== undefined && !(connection.inbound.isComplete && connection.inbound.isRead)
    this.#ledger.judge('N26', where, isTrue || isUnknown, () => ({
      message:
        kind === 'peer' ? 'A contact is reported that its source does not claim.' : 'A drop is reported that its source did not send.',
      expected: 'what the source said',
      seen: `${kind} ${textOf(key)}`,
    }))
    const met = this.#expected.filter((expected) => expected.connection === source && expected.key === key)
    for (const { clause } of met) this.#ledger.kept(clause)
    if (met.length > 0) this.#expected = this.#expected.filter((expected) => !met.includes(expected))
  }

  addressed({ address }: AddressFact): void {
    this.#dials.address = address
  }

  dialled({ at, peer }: DialFact): void {
    this.#dials.dialled(keyAt(peer, 0, peer.length), at)
  }

  dialFailed({ peer }: DialFact): void {
    this.#dials.end(keyAt(peer, 0, peer.length))
  }

  hungUp({ at, connection }: HungUpFact<Id>): void {
    const of = this.#connections.get(connection)
    const heard = of === undefined ? undefined : this.#heard.get(of)
    this.#ledger.judge('N24', { connection, by: 'local', at }, heard?.isEgregious === true, () => ({
      message: 'A peer is hung up on that did nothing egregious.',
      expected: `more than ${honestPerMinute} messages in a minute, over ${maxMessageBytes} bytes, or no dictionary`,
      seen: `${heard?.times.length ?? 0} messages in the last minute`,
    }))
  }

  /** The torrent is private: what was received must be forgotten. */
  forgetAll(): void {
    this.#expected = []
    this.#dials.forgetAll()
    for (const connection of this.#connections.values()) this.#heardOn(connection).forgotten = new Set(connection.inbound.held.keys())
  }

  /** Where this peer listens is known. */
  met({ listenKey }: Connection<Id>): void {
    if (listenKey !== undefined) this.#dials.meet(listenKey)
  }

  disconnected(connection: Connection<Id>): void {
    this.met(connection)
    this.#heard.delete(connection)
    this.#dials.close(connection.id)
    if (connection.remoteKey !== undefined) this.#dials.end(connection.remoteKey)
  }

  #heardOn(connection: Connection<Id>): Heard {
    let heard = this.#heard.get(connection)
    if (heard === undefined) {
      heard = new Heard()
      this.#heard.set(connection, heard)
    }
    return heard
  }

  /** Whether no receiver has a reason to leave out this contact of this source. */
  #mustTake({ inbound, key: own, remoteKey, scope = Scope.global }: Connection<Id>, key: Key, { added }: News): boolean {
    if (portOf(key) < leastPort || key === own || key === remoteKey || portOf(key) === this.#listenPort) return false
    if (inbound.held.size >= maxExpected || !mayCross(scopeOfKey(key), scope)) return false
    const ports = new Set(
      [...inbound.held.keys(), ...added.map((contact) => contact.key)].filter((told) => addressOf(told) === addressOf(key)),
    )
    return ports.size <= maxPorts
  }

  /** A drop with another port stands for the one that was added: libtorrent drops so. */
  #hasDropped(connection: Connection<Id>, key: Key): boolean {
    return this.#heard.get(connection)?.droppedAddresses.has(addressOf(key)) === true
  }
}

/** Which clause asks for this contact to be taken though something about its flags is unusual. */
function reasonToExpect({ flags }: Listed): 'N4' | 'N12' | undefined {
  if (flags === 'absent') return 'N4'
  return typeof flags === 'number' && (flags & reservedBits) !== 0 && (flags & bit.seed) === 0 ? 'N12' : undefined
}
