/**
 * Runs a whole swarm through a schedule, with the oracle watching, and the observer of `src/conformance` beside it if wanted.
 *
 * A schedule is text, so that a failure can be read, kept and replayed. A is a contact, 0 a receiver:
 *
 *     ^A  A connects; live, it leaves               !0  receiver 0 gets its next turn, and takes the message
 *     *A  the same, as a seed                       m0  receiver 0 takes its message at once, if it is its turn
 *     ?A  the same, saying nothing of its pieces    c0A receiver 0 claims A, or drops it
 *     hA  the same, without its handshake           z0  receiver 0 gives ut_pex the id 0, or an id again
 *     =A  a second connection to A comes, or goes   i0  it shakes hands twice more: without `m`, and with another id
 *     ~A  we hang up on A, for a harmless reason    q0  receiver 0 listens at its other port
 *     pA  A gives its other port                    R0  receiver 0 comes anew, as a seed if it was none
 *     fA  A gets its last piece, or loses one; g0: receiver 0 does
 *     SA  the host shares A no more, or again       D0  receiver 0 goes, or comes; L0: we hang up on it, harmlessly
 *                                                   s0  sending to receiver 0 stops, or goes on; x0: its claims are forgotten
 *     Pt, Pf, Pu  the torrent is private, public, or nobody knows
 *     t   time passes: rather more than half of what `recentMs` allows; J: eight hours do
 */
import type { Observer } from '../../../src/conformance/index.ts'
import type { ExtendedHandshake, Peer, Swarm } from '../../../src/core/index.ts'
import { nothingSaid } from '../../nothing-said.ts'
import { type Holder, Oracle, Violation } from './oracle.ts'
import { read } from './reading.ts'
import { type Ground, portOf } from './world.ts'

export type SwarmClass = typeof Swarm
export type Schedule = readonly string[]

interface Connection extends Holder {
  readonly id: number
  /** Whether it gave no extended handshake though it has the protocol. */
  readonly isHalf: boolean
  readonly direction: 'incoming' | 'outgoing'
  /** The endpoint at which it listens, be it a contact or not. */
  place: number
}

const idOfReceiver = 100
const silentSink = { added() {}, dropped() {}, candidates() {}, violation() {} }
const eightHours = 8 * 60 * 60_000

export class Run {
  readonly oracle: Oracle
  readonly #ground: Ground
  readonly #swarm: Swarm<number>
  readonly #observer: Observer<number> | undefined
  /** By contact: its first connection, and its second. */
  readonly #first: (Connection | undefined)[]
  readonly #second: (Connection | undefined)[]
  readonly #receivers: (Connection | undefined)[]
  readonly #comesAsSeed: boolean[]
  /** A bit for each receiver whose turn it is, since the last look. */
  #offered = 0
  readonly #isStopped = new Set<number>()
  #now = 0

  constructor(SwarmUnderTest: SwarmClass, ground: Ground, observer?: Observer<number>) {
    this.#ground = ground
    this.#observer = observer
    this.oracle = new Oracle(ground)
    const { contacts, limits, receivers } = ground.world
    this.#swarm = new SwarmUnderTest<number>({
      limits,
      sink: {
        turn: (id) => {
          this.#offered |= 1 << (id - idOfReceiver)
        },
        ...silentSink,
      },
      share: ({ port }) => (this.oracle.unshared & (1 << ((port & 0xff) >> 1))) === 0,
    })
    this.#first = contacts.map(() => undefined)
    this.#second = contacts.map(() => undefined)
    this.#receivers = receivers.map(() => undefined)
    this.#comesAsSeed = receivers.map(({ isSeed }) => isSeed)
    for (let receiver = 0; receiver < receivers.length; receiver++) this.#enter(receiver)
  }

  step(step: string): void {
    const last = step.charCodeAt(step.length - 1)
    const contact = last - 65
    const receiver = step.charCodeAt(1) - 48
    const kind = step.charAt(0)
    if (kind === 'P') this.#becomes(step.charAt(1))
    else if (kind === 't') this.#wait(Math.floor(this.#ground.world.limits.recentMs / 2) + 1)
    else if (kind === 'J') this.#wait(eightHours)
    else if ('^*?h=~pfS'.includes(kind)) this.#stepOfContact(kind, contact)
    else if (kind === '!') this.#deliver(receiver)
    else if (kind === 'm') this.#take(receiver)
    else if (kind === 'c') this.#claim(receiver, 2 * contact)
    else if ('ziqRDLsxg'.includes(kind)) this.#stepOfReceiver(kind, receiver)
    else throw new RangeError(`step: '${step}' is none`)
    this.#judgeBounds()
  }

  /**
   * The last event is over. The torrent is public, everybody listens, and after enough messages everybody holds what is there. Then
   * all claims end, and what was withheld must follow; then all leave, and nobody holds anything of them.
   */
  finish(): void {
    this.#becomes('f')
    for (let receiver = 0; receiver < this.#receivers.length; receiver++) {
      if (this.#receivers[receiver] === undefined) continue
      this.#stop(receiver, false)
      if (!this.oracle.isListening(receiver)) this.#stepOfReceiver('z', receiver)
    }
    this.#settle()
    for (let receiver = 0; receiver < this.#receivers.length; receiver++) {
      for (const endpoint of [...this.oracle.claimsOf(receiver)]) this.#claim(receiver, endpoint)
    }
    this.#settle()
    for (let contact = 0; contact < this.#first.length; contact++) {
      this.#disconnect(this.#first, contact)
      this.#disconnect(this.#second, contact)
    }
    this.#judgeBounds()
    this.#settle()
    this.#observer?.finish(this.#now)
  }

  #stepOfContact(kind: string, contact: number): void {
    const first = this.#first[contact]
    if (kind === '~') this.#hangUp(contact)
    else if (kind === 'S') this.oracle.unshared ^= 1 << contact
    else if (kind === '=') {
      if (this.#second[contact] === undefined) this.#connectSecond(contact)
      else this.#disconnect(this.#second, contact)
    } else if (kind === 'p') this.#givesPort(first)
    else if (kind === 'f') this.#changesPieces(first)
    else if (first === undefined) this.#connectFirst(contact, kind)
    else this.#disconnect(this.#first, contact)
  }

  #connectFirst(contact: number, kind: string): void {
    const { direction } = this.#ground.world.contacts[contact] as { direction: 'incoming' | 'outgoing' }
    // Some of those that we dialled have no extension protocol.
    const isExtended = kind === 'h' || direction === 'incoming' || contact % 2 === 0
    const flags = direction === 'outgoing' ? 0x10 : 0
    const connection: Connection = {
      id: 2 * contact,
      isHalf: kind === 'h',
      direction,
      place: 2 * contact,
      endpoint: -1,
      isSeed: false,
      flags,
      isLeaving: false,
    }
    this.#first[contact] = connection
    this.#connect(connection, { address: this.#ground.addresses[contact], direction, isExtended, transport: 'tcp' })
    if (kind === 'h') return
    if (isExtended) this.#handshake(connection.id, { port: portOf(connection.place) })
    if (kind === '?') this.#wait(this.#ground.world.limits.settleMs)
    else this.#hasPieces(connection, kind === '*')
    this.oracle.enters(connection, connection.place)
  }

  /** The other way round, over uTP, and it prefers encryption. */
  #connectSecond(contact: number): void {
    const { direction: first } = this.#ground.world.contacts[contact] as { direction: 'incoming' | 'outgoing' }
    const direction = first === 'incoming' ? 'outgoing' : 'incoming'
    const flags = direction === 'outgoing' ? 0x15 : 0x05
    const connection: Connection = {
      id: 2 * contact + 1,
      isHalf: false,
      direction,
      place: 2 * contact,
      endpoint: -1,
      isSeed: false,
      flags,
      isLeaving: false,
    }
    this.#second[contact] = connection
    this.#connect(connection, { address: this.#ground.addresses[contact], direction, isExtended: true, transport: 'utp' })
    this.#handshake(connection.id, { port: portOf(connection.place), encryption: true })
    this.#hasPieces(connection, false)
    this.oracle.enters(connection, connection.place)
  }

  #hangUp(contact: number): void {
    for (const list of [this.#first, this.#second]) {
      const connection = list[contact]
      if (connection !== undefined) this.#isLeaving(connection)
      this.#disconnect(list, contact)
    }
  }

  /** What one that dialled us says counts; of one that we dialled we know better. */
  #givesPort(connection: Connection | undefined): void {
    if (connection === undefined || connection.isHalf) return
    this.#handshake(connection.id, { port: portOf(connection.place ^ 1) })
    if (connection.direction === 'outgoing') return
    connection.place ^= 1
    this.oracle.leaves(connection, this.#now)
    this.oracle.enters(connection, connection.place)
  }

  #changesPieces(connection: Connection | undefined): void {
    if (connection !== undefined && !connection.isHalf) this.#hasPieces(connection, !connection.isSeed)
  }

  #stepOfReceiver(kind: string, receiver: number): void {
    const connection = this.#receivers[receiver]
    if (kind === 'D' && connection === undefined) this.#enter(receiver)
    if (connection === undefined) {
      if (kind === 'R') this.#enter(receiver)
      return
    }
    if (kind === 'L') this.#isLeaving(connection)
    if (kind === 'L' || kind === 'D' || kind === 'R') this.#leave(receiver)
    if (kind === 'R') this.#enter(receiver)
    if (kind === 'z') this.#toggleListening(receiver, connection)
    if (kind === 'i') {
      this.#handshake(connection.id, {})
      if (this.oracle.isListening(receiver)) this.#handshake(connection.id, { utPex: 200 })
    }
    if (kind === 'g') this.#changesPieces(connection)
    if (kind === 's') this.#stop(receiver, !this.#isStopped.has(receiver))
    if (kind === 'x') {
      this.#swarm.handleReset(connection.id, this.#now)
      this.oracle.endsClaims(receiver)
    }
    if (kind === 'q' && this.#ground.world.receivers[receiver]!.own >= 0) {
      this.#givesPort(connection)
      this.oracle.moves(receiver, connection.place)
    }
  }

  #stop(receiver: number, isStopped: boolean): void {
    const id = idOfReceiver + receiver
    if (isStopped) this.#isStopped.add(receiver)
    else this.#isStopped.delete(receiver)
    this.#swarm.handleStopped(id, isStopped, this.#now)
    this.#observer?.stopped({ connection: id, at: this.#now, isStopped })
    this.oracle.stops(receiver, isStopped)
  }

  #toggleListening(receiver: number, { id }: Connection): void {
    const listens = this.oracle.isListening(receiver)
    this.#handshake(id, { utPex: listens ? 0 : 7 })
    if (listens) this.oracle.endsListening(receiver)
    else this.oracle.listens(receiver)
  }

  #enter(receiver: number): void {
    const { own } = this.#ground.world.receivers[receiver] as { own: number }
    const isSeed = this.#comesAsSeed[receiver] === true
    this.#comesAsSeed[receiver] = !isSeed
    const place = own < 0 ? -1 : 2 * own
    const id = idOfReceiver + receiver
    const connection: Connection = {
      id,
      isHalf: false,
      direction: 'incoming',
      place,
      endpoint: -1,
      isSeed: false,
      flags: 0,
      isLeaving: false,
    }
    this.#receivers[receiver] = connection
    this.#connect(connection, {
      address: this.#ground.receiverAddresses[receiver],
      direction: 'incoming',
      isExtended: true,
      transport: 'tcp',
    })
    this.#handshake(id, { utPex: 1, port: place < 0 ? undefined : portOf(place) })
    this.#hasPieces(connection, isSeed)
    this.oracle.connects(receiver, isSeed)
    this.oracle.moves(receiver, place)
    if (place >= 0) this.oracle.enters(connection, place)
    this.oracle.listens(receiver)
  }

  #leave(receiver: number): void {
    this.#isStopped.delete(receiver)
    this.#disconnect(this.#receivers, receiver)
    this.oracle.endsListening(receiver)
    this.oracle.endsClaims(receiver)
  }

  #claim(receiver: number, endpoint: number): void {
    const connection = this.#receivers[receiver]
    if (connection === undefined) return
    const isNew = this.oracle.togglesClaim(receiver, endpoint)
    const bytes = (isNew ? this.#ground.claims : this.#ground.drops)[endpoint >> 1] as Uint8Array
    this.#observer?.message({ connection: connection.id, at: this.#now, from: 'remote', id: undefined, bytes })
    this.#swarm.handleMessage(connection.id, bytes, this.#now)
  }

  #becomes(letter: string): void {
    const privacy = letter === 't' ? true : letter === 'f' ? false : 'unknown'
    if (privacy === this.oracle.privacy) return
    this.#swarm.handlePrivate(privacy, this.#now)
    this.#observer?.privacy({ at: this.#now, private: privacy })
    this.oracle.privacy = privacy
    if (privacy === true) for (let receiver = 0; receiver < this.#receivers.length; receiver++) this.oracle.endsClaims(receiver)
  }

  #wait(ms: number): void {
    this.#now += ms
    this.#swarm.handleTimeout(this.#now)
  }

  /** Time passes until this receiver has its turn; it has none if a turn's time and another one pass without. */
  #deliver(receiver: number): 'told' | 'silent' {
    if (this.#receivers[receiver] === undefined) return 'silent'
    const { sendIntervalMs, backPressureMs, retryMs } = this.#ground.world.limits
    const deadline = this.#now + 2 * sendIntervalMs + Math.min(backPressureMs, sendIntervalMs) + 2 * retryMs
    const bit = 1 << receiver
    for (let calls = 0; ; calls++) {
      const dueAt = this.#swarm.nextTimeout()
      if (dueAt === undefined || dueAt > deadline) break
      if (calls > 1_000) throw new Violation('it is due again and again')
      this.#now = Math.max(this.#now, dueAt)
      this.#offered = 0
      this.#swarm.handleTimeout(this.#now)
      if ((this.#offered & bit) !== 0 && this.#take(receiver) === 'told') return 'told'
    }
    this.oracle.reads(receiver, undefined, this.#now)
    return 'silent'
  }

  #take(receiver: number): 'told' | 'silent' {
    if (this.#receivers[receiver] === undefined) return 'silent'
    const id = idOfReceiver + receiver
    const bytes = this.#swarm.takeMessage(id, this.#now)
    if (bytes === undefined) return 'silent'
    this.#observer?.message({ connection: id, at: this.#now, from: 'local', id: undefined, bytes })
    this.oracle.reads(receiver, read(bytes, this.#ground), this.#now)
    return 'told'
  }

  #settle(): void {
    for (let receiver = 0; receiver < this.#receivers.length; receiver++) {
      if (this.#receivers[receiver] === undefined) continue
      const turns = Math.ceil(this.oracle.pendingCount(receiver) / this.#ground.world.limits.maxContacts) + 1
      for (let turn = 0; turn < turns; turn++) if (this.#deliver(receiver) === 'silent') break
      this.oracle.isComplete(receiver)
    }
  }

  #judgeBounds(): void {
    const { maxDepartures, maxOwed } = this.#ground.world.limits
    if (maxDepartures > 100) return
    const { contacts, departures, retired } = this.#swarm.stats()
    if (departures > Math.max(maxDepartures, 2 * contacts)) throw new Violation(`${departures} departures kept`)
    if (maxOwed !== Number.POSITIVE_INFINITY) this.oracle.retires(retired)
  }

  #connect({ id, place }: Connection, peer: Omit<Peer, 'address' | 'port'> & { readonly address: Uint8Array | undefined }): void {
    const port = peer.direction === 'outgoing' ? portOf(place) : 50_000
    const facts = { ...peer, address: peer.address, port }
    this.#swarm.handleConnect(id, facts, this.#now)
    const contact = place >> 1
    const isShared =
      place < 0 || ((this.oracle.unshared >> contact) % 2 === 0 && this.#ground.world.contacts[contact]?.place !== 'documentation')
    this.#observer?.connected({ ...facts, connection: id, at: this.#now, isShared })
  }

  #handshake(id: number, said: Partial<ExtendedHandshake>): void {
    const handshake = { ...nothingSaid, ...said }
    this.#observer?.handshake({ connection: id, at: this.#now, from: 'remote', handshake })
    this.#swarm.handleExtendedHandshake(id, handshake, this.#now)
  }

  #hasPieces(connection: Connection, hasEverything: boolean): void {
    const { id } = connection
    this.#observer?.pieces({ connection: id, at: this.#now, hasEverything })
    this.#swarm.handlePieces(id, hasEverything, this.#now)
    connection.isSeed = hasEverything
    connection.flags = hasEverything ? connection.flags | 0x02 : connection.flags & ~0x02
    this.oracle.changesFlags(connection.endpoint)
  }

  #isLeaving(connection: Connection): void {
    this.#swarm.handleLeaving(connection.id)
    connection.isLeaving = true
  }

  #disconnect(list: (Connection | undefined)[], index: number): void {
    const connection = list[index]
    if (connection === undefined) return
    list[index] = undefined
    const { id, isLeaving } = connection
    this.#swarm.handleDisconnect(id, this.#now)
    this.#observer?.disconnected({ connection: id, at: this.#now, ...(isLeaving ? { reason: 'duplicate' as const } : {}) })
    this.oracle.leaves(connection, this.#now)
  }
}
