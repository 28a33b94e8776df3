/**
 * Who of the connected peers stands on the timeline, and under which endpoint; and who is connected at all.
 *
 * Two connections can have one endpoint (both dialled each other, or one came back before the other was
 * closed): they are one contact while either lives, and its flags are the union of theirs.
 *
 *     meet, part      we are connected to an endpoint, and need not dial it
 *     enter, leave    others are told of it: its handshakes are complete, and the host shares it
 */

import { formatAddress } from '../address/endpoint.ts'
import { Scope } from '../address/ranges.ts'
import type { EndpointKey } from '../codec/contact.ts'
import { type Connection, keyOf } from './connection.ts'
import type { Entry, Timeline } from './timeline.ts'

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

interface Contact<Id> {
  readonly entry: Entry
  readonly holders: Connection<Id>[]
}

export class Contacts<Id> {
  readonly #timeline: Timeline
  readonly #options: ContactsOptions
  readonly #contacts = new Map<EndpointKey, Contact<Id>>()
  /** How many connections there are to an endpoint. */
  readonly #met = new Map<EndpointKey, number>()

  constructor(timeline: Timeline, options: ContactsOptions) {
    this.#timeline = timeline
    this.#options = options
  }

  /** Whether there is a connection to this endpoint, be others told of it or not. */
  has(key: EndpointKey): boolean {
    return this.#met.has(key)
  }

  /** This connection is one to this endpoint, and to no other. */
  meet(connection: Connection<Id>, key: EndpointKey): void {
    this.part(connection)
    connection.metKey = key
    this.#met.set(key, (this.#met.get(key) ?? 0) + 1)
  }

  /** It is none any more. Its endpoint, if there is no other connection to it. */
  part(connection: Connection<Id>): EndpointKey | undefined {
    const key = connection.metKey
    if (key === undefined) return undefined
    connection.metKey = undefined
    const count = (this.#met.get(key) ?? 1) - 1
    if (count === 0) this.#met.delete(key)
    else this.#met.set(key, count)
    return count === 0 ? key : undefined
  }

  /** This connection is a contact under this endpoint, if others may be told of it. */
  enter(connection: Connection<Id>, endpoint: Uint8Array): void {
    const key = keyOf(endpoint)
    const known = this.#contacts.get(key)
    connection.key = key
    if (!this.#mayShare(connection, endpoint)) return
    if (known === undefined) {
      const entry = this.#timeline.connect(key, endpoint, connection.audience, connection.flags)
      this.#contacts.set(key, { entry, holders: [connection] })
    } else {
      known.holders.push(connection)
      this.refreshFlags(connection)
    }
  }

  /** It is none any more; the contact goes with its last connection. */
  leave(connection: Connection<Id>, now: number): void {
    const { key } = connection
    const contact = key === undefined ? undefined : this.#contacts.get(key)
    const index = contact?.holders.indexOf(connection) ?? -1
    if (key === undefined || contact === undefined || index < 0) return
    contact.holders.splice(index, 1)
    connection.key = undefined
    if (contact.holders.length > 0) {
      contact.entry.flags = unionOfFlags(contact.holders)
      return
    }
    this.#contacts.delete(key)
    this.#timeline.disconnect(contact.entry, connection.leaving, now)
  }

  /** Its flags may have changed: later receivers get the new ones. */
  refreshFlags(connection: Connection<Id>): void {
    const contact = connection.key === undefined ? undefined : this.#contacts.get(connection.key)
    if (contact?.holders.includes(connection)) contact.entry.flags = unionOfFlags(contact.holders)
  }

  #mayShare(connection: Connection<Id>, endpoint: Uint8Array): boolean {
    const { documentationNets, share } = this.#options
    if (connection.scope === Scope.never) return false
    if (connection.scope === Scope.documentation && !documentationNets) return false
    if (share === undefined) return true
    const addressLength = endpoint.length - 2
    const address = formatAddress(endpoint, 0, addressLength === 4 ? 4 : 6)
    const port = ((endpoint[addressLength] as number) << 8) | (endpoint[addressLength + 1] as number)
    try {
      return share({ address, port, flags: connection.flags }) === true
    } catch {
      return false
    }
  }
}

function unionOfFlags(holders: readonly { readonly flags: number }[]): number {
  return holders.reduce((union, { flags }) => union | flags, 0)
}
