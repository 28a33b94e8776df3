/** One connection, as far as peer exchange has to know it: what the peer said of itself, and the messages both ways. */

import { Scope, scopeOf } from '../address/index.ts'
import type { ExtendedHandshake } from '../codec/index.ts'
import { type Key, keyOf } from './endpoint.ts'
import type { ConnectedFact } from './facts.ts'
import { Stream } from './stream.ts'

/** The bits of a contact's flags. BEP 11, "added.f". */
export const bit = { encryption: 0x01, seed: 0x02, utp: 0x04, holepunch: 0x08, outgoing: 0x10 } as const
export const reservedBits = 0xe0

/** BEP 11 knows no port that is none; 1 is nobody's either, and stands for “as if absent”. */
export const leastPort = 2

export class Connection<Id> {
  readonly id: Id
  readonly fact: ConnectedFact<Id>
  readonly connectedAt: number
  /** The network that the peer is in; undefined when its address is unknown. */
  readonly scope: Scope | undefined
  /** When all its handshakes were done; Infinity before. */
  completedAt: number = Number.POSITIVE_INFINITY
  /** What the node sends. */
  readonly outbound: Stream
  /** What the peer sends. */
  readonly inbound: Stream
  isStopped = false
  /** Since when the node could send, as far as the connection alone is concerned. */
  sendableAt: number
  /** When the peer last dropped something: what was held back because the peer has it may be due since. */
  lastDropAt: number = Number.NEGATIVE_INFINITY
  /** The endpoint under which it is a contact; undefined while it is none. */
  key: Key | undefined
  /** Since when that is so. */
  keySince: number
  /** Whether it has every piece; false until it said so. */
  hasEverything = false
  /** Whether it ever had, in the life of this connection. */
  wasSeed = false

  /** Where the peer can be dialled: the endpoint that the node dialled, or its address with the `p` it gave. */
  listenKey: Key | undefined
  #encryption = false
  #uploadOnly = false
  #holepunch = false

  constructor(fact: ConnectedFact<Id>) {
    const isComplete = fact.isHeardFromStart ?? true
    this.id = fact.connection
    this.fact = fact
    this.connectedAt = this.sendableAt = this.keySince = fact.at
    this.scope = scopeOfPeer(fact.address)
    this.listenKey = fact.direction === 'outgoing' ? endpointOf(fact.address, fact.port) : undefined
    this.outbound = new Stream(isComplete)
    this.inbound = new Stream(isComplete)
  }

  get isComplete(): boolean {
    return this.completedAt !== Number.POSITIVE_INFINITY
  }

  /** First-hand facts as they are now: N7–N11. */
  get flags(): number {
    return (
      (this.#encryption ? bit.encryption : 0) |
      (this.hasEverything || this.#uploadOnly ? bit.seed : 0) |
      (this.fact.transport === 'utp' ? bit.utp : 0) |
      (this.#holepunch ? bit.holepunch : 0) |
      (this.fact.direction === 'outgoing' ? bit.outgoing : 0)
    )
  }

  /** The peer's end of this connection: where it cannot be dialled if it dialled the node. */
  get remoteKey(): Key | undefined {
    const { address, port } = this.fact
    return address === undefined || port === undefined ? undefined : keyOf(address, port)
  }

  /** Takes what an extended handshake says; what it leaves out stays as it was. */
  learn(handshake: ExtendedHandshake): void {
    const { encryption, port, uploadOnly, utHolepunch } = handshake
    if (this.fact.direction === 'incoming') this.listenKey = endpointOf(this.fact.address, port) ?? this.listenKey
    if (encryption !== undefined) this.#encryption = encryption
    if (uploadOnly !== undefined) this.#uploadOnly = uploadOnly
    if (utHolepunch !== undefined) this.#holepunch = utHolepunch > 0
  }
}

/** The endpoint that others can dial; undefined if there is none. */
function endpointOf(address: Uint8Array | undefined, port: number | undefined): Key | undefined {
  return address === undefined || port === undefined || port < leastPort ? undefined : keyOf(address, port)
}

function scopeOfPeer(address: Uint8Array | undefined): Scope | undefined {
  if (address === undefined) return undefined
  return scopeOf(address, 0, address.length === 4 ? 4 : 6)
}

export { Scope }
