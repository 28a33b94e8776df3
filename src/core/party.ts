/**
 * Who is behind the sources: all connections from one global address are one party, as they are one victim for T9.
 *
 * What is fair towards others is counted by the party, what is true of a claim by the connection:
 *
 *     by the party         standing (T7), the share of the candidates, of a subnet and of the turns (T8)
 *     by the connection    what it claims, and since when it claims it no more
 *
 * So nobody gets a new standing or a second share by hanging up and coming again, or by coming many times at once. On a local
 * network or on one host many clients share an address, or all seem to; and where no address is known nothing can be said. There each
 * connection is a party of its own.
 *
 * A party is there while one of its connections is open or still counts. Afterwards its standing is remembered if
 * it has any, for so many parties that whoever has one address, or a few, cannot shed it; who has hundreds needs not hang up.
 */
import type { EndpointKey } from '../codec/contact.ts'
import type { RowList } from './candidate-table.ts'
import type { Limits } from './limits.ts'

/** A global address as a primitive: of IPv4 all of it, of IPv6 the /64. */
export type Network = number | string

/** A number for one connection, the caller's: an integer of 32 bits. */
export type SourceId = number

/** T7: what a party in poor standing may do is divided by this. */
export const poorDivisor = 4
/** Reported dials, in multiples of those that standing needs, after which the older half counts no more: a party may get better or worse. */
const standingMemory = 4
/** Parties that have gone and are remembered, 16 KB in all. Ours: half of a /56, which is what one customer of a provider has. */
export const maxRemembered = 128

export class Source {
  readonly id: SourceId
  readonly party: Party
  /** Its number among the claims of the table while anything refers to it; else 0. */
  number = 0
  /** Its claims in the table and what is handed out for it. */
  references = 0
  /** When its connection was closed; Infinity while it is open. */
  closedAt: number = Number.POSITIVE_INFINITY

  constructor(id: SourceId, party: Party) {
    this.id = id
    this.party = party
  }

  get isOpen(): boolean {
    return this.closedAt === Number.POSITIVE_INFINITY
  }
}

export class Party implements RowList {
  /** That of the source which it came with: a number that no other party has. */
  readonly id: number
  /** Undefined where each connection is a party of its own. */
  readonly network: Network | undefined
  /** Its sources, and those of them that are open. */
  sourceCount = 0
  openCount = 0
  /** Of those that have closed, the one that the claims of all of them pass to. */
  past: Source | undefined
  oldest = 0
  newest = 0
  /** Candidates that it holds. */
  count = 0
  /** The smaller, the sooner it is served. */
  due: number
  /** How many of the last turns were its. */
  turnCount = 0
  #dialCount = 0
  #successCount = 0

  constructor(id: number, network: Network | undefined, due: number) {
    this.id = id
    this.network = network
    this.due = due
  }

  get isOpen(): boolean {
    return this.openCount > 0
  }

  /** Whether anything would be lost by forgetting it: a dial of one of its contacts was reported. */
  get hasRecord(): boolean {
    return this.#dialCount > 0
  }

  /** A dial of one of its contacts was reported. */
  record(outcome: 'connected' | 'failed', limits: Limits): void {
    this.#dialCount++
    if (outcome === 'connected') this.#successCount++
    if (this.#dialCount < standingMemory * limits.minDialsForStanding) return
    this.#dialCount /= 2
    this.#successCount /= 2
  }

  /** T7: whether so few of its contacts could be connected to that it must be making them up. Measured: 11–25 % can in the wild. */
  isPoor(limits: Limits): boolean {
    return this.#dialCount >= limits.minDialsForStanding && this.#successCount < limits.minSuccessShare * this.#dialCount
  }

  /** A quota of this party: a quarter in poor standing, and never less than one. */
  quota(quota: number, limits: Limits): number {
    return this.isPoor(limits) ? Math.max(Math.min(quota, 1), Math.floor(quota / poorDivisor)) : quota
  }
}

/** The parties with an address of their own. */
export class Parties {
  readonly #present = new Map<Network, Party>()
  /** Who went last is last. */
  readonly #gone = new Map<Network, Party>()

  /** The party at this address, present or remembered. */
  find(network: Network): Party | undefined {
    return this.#present.get(network) ?? this.#gone.get(network)
  }

  /** A source of this party has come. */
  enter(party: Party): void {
    party.openCount++
    if (party.sourceCount++ > 0 || party.network === undefined) return
    this.#gone.delete(party.network)
    this.#present.set(party.network, party)
  }

  /** A source of this party counts no more. */
  leave(party: Party): void {
    if (--party.sourceCount > 0 || party.network === undefined) return
    this.#present.delete(party.network)
    if (!party.hasRecord) return
    this.#gone.set(party.network, party)
    if (this.#gone.size <= maxRemembered) return
    for (const network of this.#gone.keys()) {
      this.#gone.delete(network)
      return
    }
  }

  clear(): void {
    this.#present.clear()
    this.#gone.clear()
  }
}

/** The network of the address in a key. */
export function networkOf(key: EndpointKey): Network {
  return typeof key === 'number' ? Math.floor(key / 0x1_0000) : key.slice(0, 4)
}
