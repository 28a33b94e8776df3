/**
 * Who of the connected peers stands on the timeline, and under which endpoint; and who is connected at all.
 *
 * Two connections can have one endpoint (both dialled each other, or one came back before the other was
 * closed): they are one contact while either lives, and its flags are the union of theirs.
 *
 *     meet            we are connected to an endpoint, and need not dial it
 *     enter           others are told of it: its handshakes are complete, and the host shares it
 *     leave           neither
 *
 * A contact on the timeline knows its connection, or its connections; only endpoints that nobody is told of are counted here.
 */

import { formatAddress } from '../address/endpoint.ts'
import { Scope } from '../address/ranges.ts'
import { type EndpointKey, endpointOfKey } from '../codec/contact.ts'
import type { Connection } from './connection.ts'
import type { Entry } from './entry.ts'
import type { Timeline } from './timeline.ts'

/** A contact for the host's predicates. */
export interface SharedContact {
  /** IPv4 or IPv6 as text, without brackets. */
  readonly address: string
  /** 2–65535 */
  readonly port: number
  /** BEP 11's flag byte, 0–0x1f. */
  readonly flags: number
}

export interface ContactsOptions {
  /** Whether addresses of the documentation nets may be told. */
  readonly documentationNets: boolean
  /** Asked once for each contact, when it enters: may others be told of it? A throw counts as false. */
  readonly share: ((contact: SharedContact) => boolean) | undefined
}

export class Contacts<Id> {
  readonly #timeline: Timeline
  readonly #options: ContactsOptions
  /** How many connections there are to an endpoint, those left out that are contacts under it. */
  readonly #unlisted = new Map<EndpointKey, number>()

  constructor(timeline: Timeline, options: ContactsOptions) {
    this.#timeline = timeline
    this.#options = options
  }

  /** Whether there is a connection to this endpoint, be others told of it or not. */
  has(key: EndpointKey): boolean {
    return this.#unlisted.has(key) || this.#timeline.live(key) !== undefined
  }

  /** The endpoint of this connection is known now, or another one than `before`. */
  meet(connection: Connection<Id>, before: EndpointKey | undefined): void {
    if (connection.contact === undefined) this.#count(before, -1)
    this.#count(connection.key, 1)
  }

  /** This connection is a contact under its endpoint, if others may be told of it. */
  enter(connection: Connection<Id>): void {
    const { key } = connection
    connection.hasEntered = true
    if (key === undefined || !this.#mayShare(connection, key)) return
    const known = this.#timeline.live(key)
    this.#count(key, -1)
    if (known === undefined) {
      connection.contact = this.#timeline.connect(key, connection.audience, connection.flags)
      connection.contact.holder = connection
    } else {
      connection.contact = known
      known.holder = [...this.#holders(known), connection]
      this.refreshFlags(connection)
    }
  }

  /** It is none any more, and it is closed, or has another endpoint now; the contact goes with its last connection. */
  leave(connection: Connection<Id>, how: 'recent' | 'gone', now: number): void {
    const { contact } = connection
    if (contact === undefined) return
    connection.contact = undefined
    const holders = this.#holders(contact).filter((holder) => holder !== connection)
    if (holders.length > 0) {
      contact.holder = holders
      this.#timeline.setFlags(contact, unionOfFlags(holders))
      return
    }
    contact.holder = undefined
    this.#timeline.disconnect(contact, how, now)
  }

  /** The connection is closed. Its endpoint, if there is no other connection to it. */
  part(connection: Connection<Id>, now: number): EndpointKey | undefined {
    const { key } = connection
    if (connection.contact === undefined) this.#count(key, -1)
    this.leave(connection, connection.leaving, now)
    return key === undefined || this.has(key) ? undefined : key
  }

  /** Its flags may have changed: later receivers get the new ones. */
  refreshFlags({ contact }: Connection<Id>): void {
    if (contact !== undefined) this.#timeline.setFlags(contact, unionOfFlags(this.#holders(contact)))
  }

  #holders({ holder }: Entry): readonly Connection<Id>[] {
    return Array.isArray(holder) ? holder : [holder as Connection<Id>]
  }

  #count(key: EndpointKey | undefined, change: 1 | -1): void {
    if (key === undefined) return
    const count = (this.#unlisted.get(key) ?? 0) + change
    if (count === 0) this.#unlisted.delete(key)
    else this.#unlisted.set(key, count)
  }

  #mayShare(connection: Connection<Id>, key: EndpointKey): boolean {
    const { documentationNets, share } = this.#options
    if (connection.scope === Scope.never) return false
    if (connection.scope === Scope.documentation && !documentationNets) return false
    if (share === undefined) return true
    const endpoint = endpointOfKey(key)
    const addressLength = endpoint.length - 2
    const address = formatAddress(endpoint, 0, addressLength === 4 ? 4 : 6)
    const port = (endpoint[addressLength]! << 8) | endpoint[addressLength + 1]!
    try {
      return share({ address, port, flags: connection.flags }) === true
    } catch {
      return false
    }
  }
}

function unionOfFlags(holders: readonly { readonly flags: number }[]): number {
  let union = 0
  for (const { flags } of holders) union |= flags
  return union
}
