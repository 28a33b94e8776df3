/**
 * A small world for a swarm: who may connect, from where, and who listens.
 *
 * Every contact has two ports, so that it can move: its endpoints are numbered `2 × contact` and `2 × contact + 1`, and the number is
 * the low byte of the port. Sets of endpoints are the bits of an integer. A receiver listens to us; if it has an `own` contact it is
 * one itself, under that contact's endpoints, beside the connections that the contact has by its own steps.
 */
import type { Family } from '../../../src/codec/contact.ts'
import { defaultLimits, type Limits } from '../../../src/core/limits.ts'

/** Networks: `global` is told to all, `private` within the private network and to our own host, `documentation` to nobody. */
export type Place = 'global' | 'private' | 'documentation'

export interface ContactFacts {
  readonly family: Family
  readonly place: Place
  /** Who dialled its first connection; a second one goes the other way. */
  readonly direction: 'incoming' | 'outgoing'
}

export interface ReceiverFacts {
  /** Where it is, over IPv4, unless it is a contact. */
  readonly place: 'global' | 'private' | 'loopback'
  /** The contact that it is itself; −1 for one that nobody can dial. */
  readonly own: number
  /** Whether it has every piece when it connects first; it is the other way round after every second connect. */
  readonly isSeed: boolean
}

export interface World {
  readonly limits: Limits
  /** At most 15. */
  readonly contacts: readonly ContactFacts[]
  /** At most 9. */
  readonly receivers: readonly ReceiverFacts[]
}

/** Names of contacts: A, B, C, … */
export const nameOf = (contact: number): string => String.fromCharCode(65 + contact)

/** Names of endpoints in a set: A, and a for its other port. */
export function namesOf(set: number): string {
  let names = ''
  for (let place = 0; place < 30; place++) {
    if (set & (1 << place)) names += place % 2 === 0 ? nameOf(place >> 1) : nameOf(place >> 1).toLowerCase()
  }
  return names
}

export function sizeOf(set: number): number {
  let size = 0
  for (let rest = set; rest !== 0; rest &= rest - 1) size++
  return size
}

/** Default limits, but small ones, so that every bound is met; and no bound on what arrives. */
export const tinyLimits: Limits = {
  ...defaultLimits,
  maxContacts: 1,
  maxTold: Number.POSITIVE_INFINITY,
  maxRecent: 1,
  maxOwed: Number.POSITIVE_INFINITY,
  retryMs: 10_000,
  burstMessages: 1_000_000,
  documentationNets: false,
}

const addresses4: Readonly<Record<Place, readonly number[]>> = {
  global: [11, 22, 33],
  private: [10, 0, 0],
  documentation: [203, 0, 113],
}
const addresses6: Readonly<Record<Place, readonly number[]>> = {
  global: [0x26, 0x00, 0x12, 0x34],
  private: [0xfd, 0x00, 0x12, 0x34],
  documentation: [0x20, 0x01, 0x0d, 0xb8],
}

/** What follows from a world once for all its runs. */
export class Ground {
  readonly world: World
  /** The address of each contact: 4 or 16 bytes. */
  readonly addresses: readonly Uint8Array[]
  /** The compact form of each endpoint: 6 or 18 bytes. */
  readonly endpoints: readonly Uint8Array[]
  /** For each receiver, the endpoints that may be told to it, and taken from it, as far as networks go. */
  readonly reachable: readonly number[]
  readonly receiverAddresses: readonly Uint8Array[]
  /** A message that claims this contact's first endpoint, and one that drops it. */
  readonly claims: readonly Uint8Array[]
  readonly drops: readonly Uint8Array[]
  /** Endpoints of IPv4, and of IPv6. */
  readonly families: readonly [number, number]

  constructor(world: World) {
    this.world = world
    this.addresses = world.contacts.map(({ family, place }, contact) => {
      const address = new Uint8Array(family === 4 ? 4 : 16)
      address.set((family === 4 ? addresses4 : addresses6)[place])
      address[address.length - 1] = contact + 1
      return address
    })
    this.endpoints = world.contacts.flatMap((_, contact) => [0, 1].map((port) => this.#endpoint(contact, 2 * contact + port)))
    const setOf = (test: (facts: ContactFacts) => boolean): number =>
      world.contacts.reduce((set, facts, contact) => (test(facts) ? set | (3 << (2 * contact)) : set), 0)
    this.reachable = world.receivers.map((receiver) => {
      const { place, family } = world.contacts[receiver.own] ?? { place: receiver.place, family: 4 }
      // IPv4's private network and IPv6's are two.
      const isNear = (facts: ContactFacts): boolean => place === 'loopback' || (place === 'private' && family === facts.family)
      return setOf((facts) => facts.place === 'global' || (facts.place === 'private' && isNear(facts)))
    })
    this.receiverAddresses = world.receivers.map(({ place, own }, receiver) => {
      if (own >= 0) return this.addresses[own] as Uint8Array
      if (place === 'loopback') return Uint8Array.of(127, 0, 0, 1)
      return Uint8Array.of(...addresses4[place], 200 + receiver)
    })
    this.families = [setOf(({ family }) => family === 4), setOf(({ family }) => family === 6)]
    const message = (contact: number, key: string): Uint8Array => listMessage(key, this.endpoints[2 * contact] as Uint8Array)
    this.claims = world.contacts.map((_, contact) => message(contact, 'added'))
    this.drops = world.contacts.map((_, contact) => message(contact, 'dropped'))
  }

  #endpoint(contact: number, number: number): Uint8Array {
    const address = this.addresses[contact] as Uint8Array
    return Uint8Array.of(...address, 0x1a, number)
  }
}

/** The port of an endpoint. */
export const portOf = (endpoint: number): number => 0x1a00 + endpoint

function listMessage(key: string, endpoint: Uint8Array): Uint8Array {
  const name = endpoint.length === 6 ? key : `${key}6`
  const text = new TextEncoder()
  return Uint8Array.of(...text.encode(`d${name.length}:${name}${endpoint.length}:`), ...endpoint, 0x65)
}
