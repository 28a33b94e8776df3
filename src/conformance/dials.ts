/**
 * Whom a node dials, of those it was told of (N27, N28, N29), and whom it should have forgotten (N30).
 *
 * What else decides a dial is the node's affair: quotas, standing, failures, chance. So a dial is held against only those
 * contacts that could have been dialled as well: told by a connection that is open, not dialled since, at an address that is not
 * connected, and in a network (/24, /56) of which nothing was dialled in the last hour.
 */

import { Scope } from '../address/index.ts'
import { forgetOldest, remember } from './bounds.ts'
import { bit } from './connection.ts'
import { addressOf, familyOf, type Key, keyOf, scopeOfKey, textOf } from './endpoint.ts'
import { type Ledger, listed, type Where } from './ledger.ts'
import { priorityOf } from './priority.ts'
import type { Rules } from './rules.ts'
import type { Listed } from './strict-message.ts'

const hourMs = 60 * 60_000
/** So many dials are looked at together, and only while so many others had something to dial, too. */
const [windowLength, otherSources] = [40, 3]
/** Contacts of one address that may be dialled in an hour, the second only after the first is over. */
const maxPerHour = 2
/** So many can be asked of a node: who was told of more may have forgotten the best. */
const maxCompared = 1_000

interface Offer<Id> {
  readonly key: Key
  readonly subnet: string
  readonly isGlobal: boolean
  readonly isSeed: boolean
  /** The open connections that tell of it. */
  readonly sources: Set<Id>
  /** Whether more than one connection did, or it was dropped or connected before: then it may be preferred, or passed over, for that. */
  hasHistory: boolean
  /** Whether it was dialled since it was told last. */
  isDialled: boolean
}

interface Dial {
  readonly key: Key
  readonly at: number
  /** Whether it failed, or its connection is closed again. */
  isOver: boolean
}

export class Dials<Id> {
  /** The node's own address, once it knows it: 4 or 16 bytes. */
  address: Uint8Array | undefined
  readonly #ledger: Ledger<Id>
  readonly #rules: Rules
  readonly #connected: () => ReadonlySet<string>
  readonly #offers = new Map<Key, Offer<Id>>()
  /** What each open connection told of, and has not dropped. */
  readonly #toldBy = new Map<Id, Set<Key>>()
  /** What was an offer once. */
  readonly #past = new Set<Key>()
  /** What was told while the torrent was private, or before it turned out to be. */
  #forgotten = new Set<Key>()
  #lastHour: Dial[] = []
  /** The source of each of the last dials; undefined where several stand for it, or others had nothing. */
  #turns: (Id | undefined)[] = []

  constructor(parts: {
    readonly ledger: Ledger<Id>
    readonly rules: Rules
    /** The addresses of those who are connected. */
    readonly connected: () => ReadonlySet<string>
  }) {
    this.#ledger = parts.ledger
    this.#rules = parts.rules
    this.#connected = parts.connected
  }

  offer(source: Id, { key, flags }: Listed): void {
    this.#forgotten.delete(key)
    let offer = this.#offers.get(key)
    if (offer === undefined) {
      const isSeed = typeof flags === 'number' && (flags & bit.seed) !== 0
      offer = {
        key,
        subnet: subnetOf(key),
        isGlobal: isGlobal(key),
        isSeed,
        sources: new Set(),
        hasHistory: this.#past.has(key),
        isDialled: false,
      }
      this.#offers.set(key, offer)
      forgetOldest(this.#offers)
    } else if (!offer.sources.has(source)) offer.hasHistory = true
    offer.sources.add(source)
    offer.isDialled = false
    const told = this.#toldBy.get(source)
    if (told === undefined) this.#toldBy.set(source, new Set([key]))
    else told.add(key)
  }

  drop(source: Id, key: Key): void {
    this.#toldBy.get(source)?.delete(key)
    const offer = this.#offers.get(key)
    if (offer?.sources.delete(source) === true && offer.sources.size === 0) this.meet(key)
  }

  /** There is a connection with this endpoint, or it is closed, or nobody tells of it any more: what was offered is void. */
  meet(key: Key): void {
    this.#offers.delete(key)
    remember(this.#past, key)
  }

  /** The connection is closed. What it alone told may still be dialled, but need not be. */
  close(source: Id): void {
    for (const key of this.#toldBy.get(source) ?? []) this.#offers.get(key)?.sources.delete(source)
    this.#toldBy.delete(source)
  }

  /** This was told while the torrent is private. */
  forget(key: Key): void {
    remember(this.#forgotten, key)
  }

  forgetAll(): void {
    this.#forgotten = new Set(this.#offers.keys())
    this.#offers.clear()
    this.#toldBy.clear()
    this.#turns = []
  }

  /** A dial has failed, or a connection to this endpoint is closed. */
  end(key: Key): void {
    for (const dial of this.#lastHour) if (dial.key === key) dial.isOver = true
  }

  dialled(key: Key, at: number): void {
    this.#lastHour = this.#lastHour.filter((dial) => at - dial.at < hourMs)
    const offer = this.#offers.get(key)
    const [source, ...more] = offer?.sources ?? []
    const where: Where<Id> = { connection: source, by: 'local', at }
    this.#ledger.judge('N30', where, !this.#forgotten.has(key), () => ({
      message: 'A contact is dialled that was received before the torrent was found to be private.',
      expected: 'nothing of it',
      seen: textOf(key),
    }))
    this.#judgeAddress(key, where)
    if (offer !== undefined && source !== undefined && more.length === 0) {
      const free = this.#freeOffers()
      this.#judgePriority(offer, source, free, where)
      this.#judgeShare(source, free, where)
    } else {
      this.#turns.push(undefined)
    }
    if (offer !== undefined) offer.isDialled = true
    this.#lastHour.push({ key, at, isOver: false })
  }

  #judgeAddress(key: Key, where: Where<Id>): void {
    if (!isGlobal(key)) return
    const others = this.#lastHour.filter((dial) => dial.key !== key && addressOf(dial.key) === addressOf(key))
    const isKept = others.length < maxPerHour && others.every(({ isOver }) => isOver)
    this.#ledger.judge('N28', where, isKept, () => ({
      message: 'Another port of an address is dialled.',
      expected: 'one port, and another only when that is over',
      seen: `${textOf(key)} after ${listed(others.map((dial) => textOf(dial.key)))}`,
    }))
  }

  #judgePriority(dialled: Offer<Id>, source: Id, free: readonly Offer<Id>[], where: Where<Id>): void {
    const { address } = this
    if (
      this.#offers.size > maxCompared ||
      address === undefined ||
      dialled.hasHistory ||
      !dialled.isGlobal ||
      addressOf(dialled.key).length !== address.length
    )
      return
    const own = keyOf(address, 0)
    const priority = priorityOf(own, dialled.key)
    const isRival = (offer: Offer<Id>): boolean => offer.isGlobal && offer.isSeed === dialled.isSeed && offer.sources.has(source)
    const better = free.filter((offer) => isRival(offer) && priorityOf(own, offer.key) > priority)
    this.#ledger.judge('N29', where, better.length === 0, () => ({
      message: 'A contact is dialled though the same source told of one with a higher priority.',
      expected: textOf(better[0]!.key),
      seen: textOf(dialled.key),
    }))
  }

  #judgeShare(source: Id, free: readonly Offer<Id>[], where: Where<Id>): void {
    const others = new Set<Id>()
    for (const { sources } of free) for (const other of sources) if (other !== source) others.add(other)
    this.#turns.push(others.size >= otherSources ? source : undefined)
    if (this.#turns.length < windowLength) return
    this.#turns = this.#turns.slice(-windowLength)
    const count = this.#turns.filter((turn) => turn === source).length
    const most = Math.floor(this.#rules.maxSourceShare * windowLength)
    this.#ledger.judge('N27', where, count <= most, () => ({
      message: 'One source has most of the dials, though others told of contacts, too.',
      expected: `${most} of ${windowLength} at most`,
      seen: String(count),
    }))
  }

  /** What could be dialled as well. */
  #freeOffers(): Offer<Id>[] {
    const taken = new Set(this.#lastHour.map(({ key }) => subnetOf(key)))
    const connected = this.#connected()
    const free: Offer<Id>[] = []
    for (const offer of this.#offers.values()) {
      const isOffered = offer.sources.size > 0 && !offer.isDialled
      if (isOffered && !taken.has(offer.subnet) && !connected.has(addressOf(offer.key))) free.push(offer)
    }
    return free
  }
}

function isGlobal(key: Key): boolean {
  const scope = scopeOfKey(key)
  return scope === Scope.global || scope === Scope.documentation
}

/** The /24 or /56 of an endpoint. */
function subnetOf(key: Key): string {
  return addressOf(key).slice(0, familyOf(key) === 4 ? 3 : 7)
}
