/**
 * One connected peer, as the swarm sees it: the facts it gave about itself, who it is as a receiver, and
 * its two halves, the inbox and the outbox. It decides nothing about others; `swarm.ts` does.
 */

import { mayCross, Scope, scopeOf } from '../address/ranges.ts'
import { type EndpointKey, endpointKey, flag, knownFlags } from '../codec/contact.ts'
import type { ExtendedHandshake } from '../codec/handshake.ts'
import type { Receiver } from './cursor.ts'
import type { Entry } from './entry.ts'
import type { Inbox } from './inbox.ts'
import { Outbox, type OutboxSettings } from './outbox.ts'
import { type Network, networkOf } from './party.ts'
import type { Scheduled } from './schedule.ts'

/** The facts of a connection when the BitTorrent handshake is done. */
export interface Peer {
  /** Its address: 4 or 16 bytes, an IPv4-mapped one as 4; undefined when unknown. It is copied. */
  readonly address: Uint8Array | undefined
  /** The port at its end of the connection, 0–65535; undefined when unknown. */
  readonly port: number | undefined
  /** Who dialled. We know where an outgoing one listens; an incoming one has to say so (`p`). */
  readonly direction: 'outgoing' | 'incoming'
  readonly transport: 'tcp' | 'utp'
  /** Whether it set the bit of the extension protocol (BEP 10) in its handshake. */
  readonly isExtended: boolean
}

/** Both sides of a connection that was set up elsewhere. */
export interface Halves {
  /** Undefined while no message has come. */
  readonly inbox: Inbox | undefined
  readonly outbox: Outbox
}

/** How far a connection is: see `swarm.ts`. */
type State = (typeof states)[number]
const states = ['handshaking', 'settling', 'settled', 'closed'] as const

/** Places of the small facts, above BEP 11's flags. Measured: as fields of their own they take 70 B more. */
const bit = {
  hasSaid: 1 << 5,
  hasEverything: 1 << 6,
  stopped: 1 << 7,
  leavesAsRecent: 1 << 8,
  entered: 1 << 9,
  listedAsleep: 1 << 10,
  seedAsReceiver: 1 << 11,
  /** Two of them. */
  state: 12,
  /** Eight of them. */
  remoteId: 16,
  /** Four of them. */
  scope: 24,
} as const

function withBit(bits: number, which: number, value: boolean): number {
  return value ? bits | which : bits & ~which
}

const endpointBytes = new Uint8Array(18)
const endpointView = new DataView(endpointBytes.buffer)

export class Connection<Id> implements Receiver, Scheduled {
  readonly id: Id
  /** Stands for this connection as a source of candidates, also when it has gone. */
  readonly source: number
  readonly outbox: Outbox
  /** Made with the first message: most connections of a large swarm have told us nothing. */
  inbox: Inbox | undefined
  /** What it is to others on the timeline; undefined while they are told of no such contact. */
  contact: Entry | undefined = undefined
  /** What it calls our address (`yourip`). */
  yourIp: Uint8Array | undefined = undefined
  /** Where it can be dialled, as far as that is known: its address, and port 0 while no port is. */
  #endpoint: EndpointKey | undefined
  /** The flags that others get, but for what `hasEverything` says; and above them the small facts, because there are many connections. */
  #bits: number

  constructor(id: Id, source: number, peer: Peer, sending: OutboxSettings | Outbox) {
    const { address, direction, port, transport } = peer
    this.id = id
    this.source = source
    const scope = address === undefined ? Scope.global : scopeOf(address, 0, address.length === 4 ? 4 : 6)
    this.#endpoint = address && keyWith(address, (direction === 'outgoing' && port) || 0)
    this.#bits = (direction === 'outgoing' ? flag.outgoing : 0) | (transport === 'utp' ? flag.utp : 0) | (scope << bit.scope)
    this.outbox = sending instanceof Outbox ? sending : new Outbox(sending, this)
  }

  /** Who is behind it, for candidates: its address where that is global, and known. */
  get network(): Network | undefined {
    const isGlobal = this.scope === Scope.global || this.scope === Scope.documentation
    return isGlobal && this.#endpoint !== undefined ? networkOf(this.#endpoint) : undefined
  }

  get dueAt(): number {
    return this.state === 'closed' ? Number.POSITIVE_INFINITY : this.outbox.dueAt
  }

  get state(): State {
    return states[(this.#bits >> bit.state) & 3]!
  }

  set state(state: State) {
    this.#bits = (this.#bits & ~(3 << bit.state)) | (states.indexOf(state) << bit.state)
  }

  /** Its scope as a receiver and as a source. Of a peer of unknown address: global. */
  get scope(): Scope {
    return ((this.#bits >> bit.scope) & 0xf) as Scope
  }

  get isSettled(): boolean {
    return this.state === 'settled'
  }

  /** The id it wants our messages under, 1–255; 0 for none. */
  get remoteId(): number {
    return (this.#bits >> bit.remoteId) & 0xff
  }

  /** Whether it has every piece; undefined until it said what it has. BEP 21's `upload_only` is not meant. */
  get hasEverything(): boolean | undefined {
    return this.#bits & bit.hasSaid ? (this.#bits & bit.hasEverything) !== 0 : undefined
  }

  set hasEverything(value: boolean) {
    this.#bits = withBit(this.#bits | bit.hasSaid, bit.hasEverything, value)
  }

  get isStopped(): boolean {
    return (this.#bits & bit.stopped) !== 0
  }

  set isStopped(value: boolean) {
    this.#bits = withBit(this.#bits, bit.stopped, value)
  }

  /** How the host closes it: for one of the three reasons of BEP 11, or not. */
  get leaving(): 'recent' | 'gone' {
    return this.#bits & bit.leavesAsRecent ? 'recent' : 'gone'
  }

  set leaving(value: 'recent' | 'gone') {
    this.#bits = withBit(this.#bits, bit.leavesAsRecent, value === 'recent')
  }

  /** Whether it was asked if others may be told of its endpoint. */
  get hasEntered(): boolean {
    return (this.#bits & bit.entered) !== 0
  }

  set hasEntered(value: boolean) {
    this.#bits = withBit(this.#bits, bit.entered, value)
  }

  /** Whether the swarm has it among those to be woken. */
  get isListedAsleep(): boolean {
    return (this.#bits & bit.listedAsleep) !== 0
  }

  set isListedAsleep(value: boolean) {
    this.#bits = withBit(this.#bits, bit.listedAsleep, value)
  }

  /** The flag byte that others get, from first-hand facts as they are now: N7–N12. */
  get flags(): number {
    return (this.#bits & knownFlags) | (this.hasEverything === true ? flag.seed : 0)
  }

  /** Takes what this extended handshake says. `m` is additive: what it leaves out stays as it was (BEP 10). */
  learn(handshake: ExtendedHandshake): void {
    const { encryption, port, uploadOnly, utHolepunch, utPex, yourIp } = handshake
    if (utPex !== undefined) {
      const remoteId = isWithin(utPex, 1, 255) ? utPex : 0
      this.#bits = (this.#bits & ~(0xff << bit.remoteId)) | (remoteId << bit.remoteId)
    }
    if (yourIp !== undefined) this.yourIp = yourIp
    if (encryption !== undefined) this.#bits = withBit(this.#bits, flag.encryption, encryption)
    if (utHolepunch !== undefined) this.#bits = withBit(this.#bits, flag.holepunch, utHolepunch > 0)
    if (uploadOnly !== undefined) this.#bits = withBit(this.#bits, flag.seed, uploadOnly)
    // Of one that we dialled we know better.
    const mayListen = port !== undefined && isWithin(port, 2, 0xffff) && (this.#bits & flag.outgoing) === 0
    if (!mayListen || this.#endpoint === undefined || portOf(this.#endpoint) === port) return
    this.#endpoint = withPort(this.#endpoint, port)
    this.hasEntered = false
  }

  /** Where it can be dialled: the endpoint that we dialled, or its address and the `p` it gave. Never an ephemeral port. */
  get key(): EndpointKey | undefined {
    return this.#endpoint !== undefined && portOf(this.#endpoint) >= 2 ? this.#endpoint : undefined
  }

  /** From now on it is taken as it is: as a contact and as a receiver. */
  settle(): void {
    this.state = 'settled'
    this.#bits = withBit(this.#bits, bit.seedAsReceiver, this.hasEverything === true)
  }

  /** Who may be told of it: a number for `sees`. */
  get audience(): number {
    return this.scope * 2 + (this.hasEverything === true ? 1 : 0)
  }

  sees(audience: number): boolean {
    if ((this.#bits & bit.seedAsReceiver) !== 0 && audience % 2 === 1) return false
    return mayCross((audience >> 1) as Scope, this.scope)
  }

  get view(): number {
    return this.scope * 2 + ((this.#bits & bit.seedAsReceiver) === 0 ? 0 : 1)
  }

  withholds(entry: Entry): boolean {
    // No two live entries have one endpoint: if it is a contact itself, that alone is its own.
    if (this.contact === undefined ? entry.key === this.#endpoint : entry === this.contact) return true
    return this.inbox?.claims.has(entry.key) === true
  }
}

function isWithin(value: number, least: number, greatest: number): boolean {
  return Number.isInteger(value) && value >= least && value <= greatest
}

/** The key of a compact endpoint of either family. */
export function keyOf(endpoint: Uint8Array): EndpointKey {
  return endpointKey(endpoint, 0, endpoint.length === 6 ? 4 : 6)
}

function keyWith(address: Uint8Array, port: number): EndpointKey {
  endpointBytes.set(address)
  endpointView.setUint16(address.length, port)
  return endpointKey(endpointBytes, 0, address.length === 4 ? 4 : 6)
}

function withPort(endpoint: EndpointKey, port: number): EndpointKey {
  if (typeof endpoint === 'number') return endpoint - portOf(endpoint) + port
  return endpoint.slice(0, -1) + String.fromCharCode(port)
}

function portOf(endpoint: EndpointKey): number {
  return typeof endpoint === 'number' ? endpoint % 0x1_0000 : endpoint.charCodeAt(endpoint.length - 1)
}
