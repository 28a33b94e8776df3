/**
 * Who can be told of, and who could: the contacts of one node.
 *
 * A contact is an endpoint. It is live while at least one connection whose handshakes are done has that endpoint: two
 * connections to one peer are one contact. When a peer changes its `p` one contact goes and another comes.
 */

import { forgetOldest } from './bounds.ts'
import { bit, type Connection } from './connection.ts'
import { familyOf, type Key } from './endpoint.ts'
import type { LeavingReason } from './facts.ts'

export class Contact<Id> {
  readonly key: Key
  readonly liveSince: number
  readonly connections: Set<Connection<Id>> = new Set()
  /** The end of its life before, if that is known. */
  readonly before: Gone | undefined
  /** Whether it was ever connected over uTP in this life: it speaks that, whatever it is connected over now. */
  wasUtp = false
  /** Whether it ever had everything in this life: then it need not be told to seeds, whatever it lacks now. */
  wasSeed = false

  constructor(key: Key, liveSince: number, before: Gone | undefined) {
    this.key = key
    this.liveSince = liveSince
    this.before = before
  }

  get isShared(): boolean {
    for (const { fact } of this.connections) if (fact.isShared !== false) return true
    return false
  }

  /** What its connections say together. A connection that began after `before` is left out. */
  flags(before: number = Number.POSITIVE_INFINITY): number {
    let flags = 0
    for (const connection of this.connections) if (connection.keySince <= before) flags |= connection.flags
    return flags
  }
}

/** A contact that has gone. */
export interface Gone {
  readonly key: Key
  readonly leftAt: number
  /** Number of its departure: the greater, the later. */
  readonly order: number
  /** Why, if the node hung up for one of the three harmless reasons. */
  readonly reason: LeavingReason | undefined
  /** Whether the peer stayed and only its endpoint went. */
  readonly isMoved: boolean
  /** Whether it was there so shortly that a sender may not have taken it for a contact. */
  readonly isBrief: boolean
  /** Its flags when it went. */
  readonly flags: number
  readonly wasUtp: boolean
  /** How it went the time before, if this one was brief. */
  readonly earlier: Gone | undefined
}

export class Contacts<Id> {
  readonly live: Map<Key, Contact<Id>> = new Map()
  readonly gone: Map<Key, Gone> = new Map()
  readonly #factMs: number
  #departures = 0

  /** @param factMs how long a sender may take to make a contact of a connection, in milliseconds */
  constructor(factMs: number) {
    this.#factMs = factMs
  }

  /** The connection is a contact under its endpoint from now on, if it has one. */
  enter(connection: Connection<Id>, at: number): void {
    const key = connection.listenKey
    connection.key = key
    connection.keySince = at
    if (key === undefined) return
    let contact = this.live.get(key)
    if (contact === undefined) {
      contact = new Contact(key, at, this.gone.get(key))
      this.live.set(key, contact)
      this.gone.delete(key)
    }
    contact.connections.add(connection)
    contact.wasUtp ||= connection.fact.transport === 'utp'
    contact.wasSeed ||= connection.wasSeed
  }

  /** The peer has every piece. */
  becomesSeed(connection: Connection<Id>): void {
    connection.wasSeed = true
    const contact = connection.key === undefined ? undefined : this.live.get(connection.key)
    if (contact !== undefined) contact.wasSeed = true
  }

  /**
   * It is none any more; the contact goes with its last connection. If those that remain are too new to count yet, a
   * sender may take it for gone until they do: it begins a new life.
   */
  leave(connection: Connection<Id>, at: number, why: LeavingReason | 'moved' | undefined): void {
    const { key } = connection
    const contact = key === undefined ? undefined : this.live.get(key)
    connection.key = undefined
    if (contact === undefined) return
    const gone = this.#departureOf(contact, at, why)
    contact.connections.delete(connection)
    const remaining = [...contact.connections]
    const liveSince = Math.min(...remaining.map(({ keySince }) => keySince))
    if (liveSince <= at - this.#factMs) return
    this.live.delete(contact.key)
    if (remaining.length === 0) {
      this.gone.set(contact.key, gone)
      forgetOldest(this.gone)
      return
    }
    const again = new Contact<Id>(contact.key, liveSince, gone)
    again.wasSeed = contact.wasSeed
    again.wasUtp = contact.wasUtp
    for (const other of remaining) again.connections.add(other)
    this.live.set(contact.key, again)
  }

  #departureOf(contact: Contact<Id>, at: number, why: LeavingReason | 'moved' | undefined): Gone {
    const { key, wasUtp } = contact
    const isBrief = contact.liveSince > at - this.#factMs
    const earlier = isBrief ? contact.before : undefined
    const [isMoved, reason] = why === 'moved' ? [true, undefined] : [false, why]
    return { key, leftAt: at, order: ++this.#departures, reason, isMoved, isBrief, flags: contact.flags(), wasUtp, earlier }
  }

  /** Live contacts of a family that have been so since `before`. */
  liveCount(family: 4 | 6, before: number): number {
    let count = 0
    for (const { key, liveSince, isShared } of this.live.values()) {
      if (familyOf(key) === family && liveSince <= before && isShared) count++
    }
    return count
  }

  /** Whether fewer than `count` of its family went later, and for a harmless reason too. */
  isAmongLast(gone: Gone, count: number): boolean {
    let later = 0
    for (const { isBrief, key, order, reason } of this.gone.values()) {
      if (reason !== undefined && !isBrief && order > gone.order && familyOf(key) === familyOf(gone.key)) later++
    }
    return later < count
  }
}

/** The ways in which a contact may be said to have gone, the last first. */
export function departuresOf(gone: Gone): Gone[] {
  return gone.earlier === undefined ? [gone] : [gone, ...departuresOf(gone.earlier)]
}

/**
 * What a flag byte must have, and what it may have. Connections that began after `before` may not count yet; a contact that
 * came back after it may be told as it was when it went.
 */
export function flagsOf<Id>(contact: Contact<Id> | Gone, before: number): { readonly required: number; readonly allowed: number } {
  const isLive = contact instanceof Contact
  const gone = isLive ? (contact.liveSince > before ? contact.before : undefined) : contact
  const views = gone === undefined ? [] : departuresOf(gone).map(({ flags, wasUtp }) => ({ required: flags, allowed: flags, wasUtp }))
  if (isLive) views.push({ required: contact.flags(before), allowed: contact.flags(), wasUtp: contact.wasUtp })
  return {
    required: views.reduce((all, { required }) => all & required, 0xff),
    allowed: views.reduce((all, { allowed, wasUtp }) => all | allowed | (wasUtp ? bit.utp : 0), 0),
  }
}
