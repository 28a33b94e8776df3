/**
 * A swarm as one node sees it: our core in the middle, peers by chance around it, and the observer beside.
 *
 * Peers come and go, dial and are dialled, over IPv4, IPv6 and the local network; do their handshakes late, half or not at
 * all; change their port, their id and their mind; have everything or get it; tell of contacts and drop them; are connected
 * twice; are hung up on for reasons and without. Everything follows from a seed. Core and observer are told the same facts,
 * and learn nothing of each other but the messages.
 */
import { decodeMessage, type ExtendedHandshake } from '../../src/codec/index.ts'
import { type LeavingReason, Observer, type Privacy, type Rules } from '../../src/conformance/index.ts'
import type { Limits } from '../../src/core/limits.ts'
import { Swarm } from '../../src/core/swarm.ts'
import { endpoint } from '../core/endpoints.ts'
import { nothingSaid } from '../nothing-said.ts'
import { Agenda, Chance } from './chance.ts'
import { Speaker } from './speaker.ts'

export interface HubOptions {
  readonly seed: number
  readonly peers: number
  readonly hours: number
  /** Minutes that a peer stays, and stays away, on average. */
  readonly stayMinutes: number
  readonly awayMinutes: number
  /** Minutes between two messages of a peer: one at least, four times this at most; 1 if not given. */
  readonly tellMinutes?: number
  readonly limits?: Partial<Limits>
  readonly rules?: Partial<Rules>
  /** `magnet`: it is unknown at first whether the torrent is private, and changes a few times. */
  readonly torrent?: 'public' | 'magnet'
  /** Another core than ours, to be shown at fault. */
  readonly core?: typeof Swarm
  /** What becomes of a message of the core on its way: the messages that are sent in its stead. */
  readonly alter?: (connection: string, bytes: Uint8Array) => readonly Uint8Array[]
}

/** What became of it: figures that show whether anything was put to the test. */
export interface HubCounts {
  messages: number
  added: number
  dropped: number
  fullMessages: number
  recentlySeen: number
  moved: number
  reenabled: number
  dials: number
  greatestFirst: number
  greatestBytes: number
}

interface Peer {
  readonly place: Uint8Array
  /** Where it listens now. */
  port: number
  readonly connections: Session[]
}

interface Session {
  readonly id: string
  readonly peer: Peer
  readonly direction: 'incoming' | 'outgoing'
  readonly speaker: Speaker
  remoteId: number
  isComplete: boolean
  isOpen: boolean
  messages: number
}

const minuteMs = 60_000
const reasons: readonly LeavingReason[] = ['duplicate', 'no-mutual-interest', 'resource-limit']
const ownAddress = Uint8Array.of(198, 51, 100, 1)
const ownPort = 6881

export class Hub {
  readonly observer: Observer<string>
  readonly counts: HubCounts = {
    messages: 0,
    added: 0,
    dropped: 0,
    fullMessages: 0,
    recentlySeen: 0,
    moved: 0,
    reenabled: 0,
    dials: 0,
    greatestFirst: 0,
    greatestBytes: 0,
  }
  readonly #options: HubOptions
  readonly #chance: Chance
  readonly #agenda = new Agenda()
  readonly #swarm: Swarm<string>
  readonly #peers: Peer[] = []
  readonly #sessions = new Map<string, Session>()
  #turns: { id: string; turn: 'open' | 'final' }[] = []
  #now = 0
  #sessionCount = 0

  constructor(options: HubOptions) {
    this.#options = options
    this.#chance = new Chance(options.seed)
    const privacy: Privacy = options.torrent === 'magnet' ? 'unknown' : false
    // Within 65 s a connection has its turn, and 10 s may pass before a busy wire takes the message.
    const rules = { turnMs: 77_000, requiresFlags: true, ...options.rules }
    this.observer = new Observer({ private: privacy, rules, listenPort: ownPort, isReporting: true })
    const SwarmClass = options.core ?? Swarm
    this.#swarm = new SwarmClass<string>({
      seed: options.seed,
      private: privacy,
      ...(options.limits === undefined ? {} : { limits: options.limits }),
      sink: {
        turn: (id, turn) => void this.#turns.push({ id, turn }),
        added: (source, { bytes, offset, family, flags }) => {
          const peer = bytes.slice(offset, offset + (family === 4 ? 6 : 18))
          this.observer.reported({ at: this.#now, kind: 'peer', peer, source, flags })
        },
        dropped: (source, { bytes, offset, family }) => {
          const peer = bytes.slice(offset, offset + (family === 4 ? 6 : 18))
          this.observer.reported({ at: this.#now, kind: 'dropped', peer, source })
        },
        candidates: () => {},
        violation: () => {},
      },
    })
    this.#swarm.listenPort = ownPort
    for (let index = 0; index < options.peers; index++) this.#peers.push({ ...placeOf(index, this.#chance), connections: [] })
  }

  /** Runs to the end, and closes the books. */
  run(): this {
    const end = this.#options.hours * 60 * minuteMs
    for (const peer of this.#peers) this.#agenda.add(this.#chance.between(0, this.#options.awayMinutes * minuteMs), () => this.#come(peer))
    this.#agenda.add(this.#chance.between(30, 60) * minuteMs, () => this.#lose())
    this.#agenda.add(10_000, () => this.#dial())
    if (this.#options.torrent === 'magnet') this.#agenda.add(this.#chance.between(2, 20) * minuteMs, () => this.#changePrivacy(false))
    for (;;) {
      const timeout = this.#swarm.nextTimeout() ?? Number.POSITIVE_INFINITY
      const next = Math.min(timeout, this.#agenda.nextAt)
      if (next > end) break
      this.#now = Math.max(this.#now, next)
      if (timeout <= this.#agenda.nextAt) this.#swarm.handleTimeout(this.#now)
      else this.#agenda.runNext()
      this.#speak()
    }
    this.observer.finish(end)
    return this
  }

  /** Whoever has a turn is sent a message, sometimes only when the wire is free again. */
  #speak(): void {
    for (const { id, turn } of this.#turns.splice(0)) {
      if (turn === 'open' && this.#chance.isTrue(0.1)) continue
      const bytes = this.#swarm.takeMessage(id, this.#now)
      const session = this.#sessions.get(id)!
      if (bytes === undefined) continue
      this.#count(bytes, session)
      for (const sent of this.#options.alter?.(id, bytes) ?? [bytes]) {
        this.observer.message({ connection: id, at: this.#now, from: 'local', id: session.remoteId, bytes: sent })
      }
    }
  }

  #count(bytes: Uint8Array, session: Session): void {
    const { added, added6, dropped, dropped6 } = decodeMessage(bytes)
    const [addedCount, droppedCount] = [added.length / 6 + added6.length / 18, dropped.length / 6 + dropped6.length / 18]
    const { counts } = this
    counts.messages++
    counts.added += addedCount
    counts.dropped += droppedCount
    if (Math.max(addedCount, droppedCount) >= (this.#options.limits?.maxContacts ?? 50)) counts.fullMessages++
    if (session.messages++ === 0) counts.greatestFirst = Math.max(counts.greatestFirst, addedCount)
    counts.greatestBytes = Math.max(counts.greatestBytes, bytes.length)
  }

  #come(peer: Peer, direction: 'incoming' | 'outgoing' = this.#chance.isTrue(0.4) ? 'outgoing' : 'incoming'): void {
    const chance = this.#chance
    const id = `${this.#peers.indexOf(peer)}.${++this.#sessionCount}`
    const session: Session = {
      id,
      peer,
      direction,
      speaker: new Speaker(chance),
      remoteId: 0,
      isComplete: false,
      isOpen: true,
      messages: 0,
    }
    peer.connections.push(session)
    this.#sessions.set(id, session)
    const isExtended = chance.isTrue(0.95)
    const facts = {
      address: peer.place.slice(0, -2),
      port: direction === 'outgoing' ? peer.port : 40_000 + chance.below(20_000),
      direction,
      transport: chance.isTrue(0.15) ? ('utp' as const) : ('tcp' as const),
      isExtended,
    }
    this.#swarm.handleConnect(id, facts, this.#now)
    this.observer.connected({ connection: id, at: this.#now, ...facts })
    const at = this.#now
    if (isExtended) {
      this.observer.handshake({ connection: id, at, from: 'local', handshake: { ...nothingSaid, utPex: 7 } })
      if (chance.isTrue(0.97)) this.#later(session, chance.between(0, 1_500), () => this.#shakeHands(session))
    }
    if (chance.isTrue(0.9)) this.#later(session, chance.between(0, 5_000), () => this.#hasPieces(session, chance.isTrue(0.4)))
    const { stayMinutes } = this.#options
    this.#later(session, chance.isTrue(0.1) ? chance.between(1, 30_000) : chance.around(stayMinutes * minuteMs), () => this.#leave(session))
    if (peer.connections.length === 1 && chance.isTrue(0.05))
      this.#later(session, chance.between(1, 9_000), () => this.#come(peer, 'outgoing'))
  }

  /** Does something later, if the connection is open then. */
  #later(session: Session, ms: number, run: () => void): void {
    this.#agenda.add(this.#now + Math.ceil(ms), () => {
      if (session.isOpen) run()
    })
  }

  #shakeHands(session: Session): void {
    const chance = this.#chance
    const id = chance.isTrue(0.85) ? 1 + chance.below(255) : chance.isTrue(0.3) ? 0 : undefined
    const says: ExtendedHandshake = {
      ...nothingSaid,
      utPex: id,
      utHolepunch: chance.isTrue(0.3) ? chance.below(3) : undefined,
      port: chance.isTrue(session.direction === 'incoming' ? 0.85 : 0.5) ? session.peer.port : undefined,
      encryption: chance.isTrue(0.4) ? chance.isTrue(0.5) : undefined,
      uploadOnly: chance.isTrue(0.2) ? chance.isTrue(0.5) : undefined,
      yourIp: ownAddress,
    }
    this.#hear(session, says)
    session.isComplete = true
    this.#poll()
    this.#later(session, chance.around(20 * minuteMs), () => this.#shakeHandsAgain(session))
    this.#later(session, chance.between(100, 60_000), () => this.#tell(session))
    this.#later(session, chance.around(300 * minuteMs), () => this.#stop(session))
  }

  /** The node believes what two of its peers say of its address. */
  #poll(): void {
    const votes = [...this.#sessions.values()].filter(({ isComplete }) => isComplete)
    this.observer.addressed({ at: this.#now, address: votes.length >= 2 ? ownAddress : undefined })
  }

  #hear(session: Session, handshake: ExtendedHandshake): void {
    if (handshake.utPex !== undefined) session.remoteId = handshake.utPex
    this.#swarm.handleExtendedHandshake(session.id, handshake, this.#now)
    this.observer.handshake({ connection: session.id, at: this.#now, from: 'remote', handshake })
  }

  /** A further handshake: nothing new, another port, another id, none, or back again. */
  #shakeHandsAgain(session: Session): void {
    const chance = this.#chance
    const kind = chance.below(6)
    if (kind === 0) this.#hear(session, nothingSaid)
    if (kind === 1) this.#hear(session, { ...nothingSaid, encryption: chance.isTrue(0.5), uploadOnly: chance.isTrue(0.5) })
    if (kind === 2) {
      this.counts.moved++
      session.peer.port = 1_000 + chance.below(60_000)
      this.#hear(session, { ...nothingSaid, port: session.peer.port })
    }
    if (kind === 3) this.#hear(session, { ...nothingSaid, utPex: 1 + chance.below(255), utHolepunch: chance.below(2) })
    if (kind >= 4) {
      this.counts.reenabled++
      this.#hear(session, { ...nothingSaid, utPex: 0 })
      const back = (): void => this.#hear(session, { ...nothingSaid, utPex: 1 + chance.below(255) })
      this.#later(session, chance.isTrue(0.5) ? chance.between(0, 5_000) : chance.between(1, 10) * minuteMs, back)
    }
    this.#later(session, chance.around(20 * minuteMs), () => this.#shakeHandsAgain(session))
  }

  #hasPieces(session: Session, hasEverything: boolean): void {
    this.#swarm.handlePieces(session.id, hasEverything, this.#now)
    this.observer.pieces({ connection: session.id, at: this.#now, hasEverything })
    if (!hasEverything) this.#later(session, this.#chance.around(60 * minuteMs), () => this.#hasPieces(session, true))
  }

  /** The peer tells of others, and drops what it told. */
  #tell(session: Session): void {
    const bytes = session.speaker.message(() => (this.#chance.isTrue(0.7) ? this.#placeOfSome() : undefined))
    if (bytes !== undefined) {
      this.observer.message({ connection: session.id, at: this.#now, from: 'remote', id: 7, bytes })
      this.#swarm.handleMessage(session.id, bytes, this.#now)
    }
    this.#later(session, this.#chance.between(1, 4 * (this.#options.tellMinutes ?? 1)) * minuteMs, () => this.#tell(session))
  }

  #placeOfSome(): Uint8Array {
    const { place, port } = this.#chance.of(this.#peers)
    return Uint8Array.of(...place.slice(0, -2), port >> 8, port & 0xff)
  }

  #stop(session: Session): void {
    for (const [isStopped, ms] of [
      [true, 0],
      [false, this.#chance.between(1_000, 300_000)],
    ] as const) {
      this.#later(session, ms, () => {
        this.#swarm.handleStopped(session.id, isStopped, this.#now)
        this.observer.stopped({ connection: session.id, at: this.#now, isStopped })
      })
    }
  }

  #leave(session: Session, isLost = false): void {
    const { id, peer } = session
    const reason = !isLost && this.#chance.isTrue(0.4) ? this.#chance.of(reasons) : undefined
    if (reason !== undefined) {
      this.counts.recentlySeen++
      this.#swarm.handleLeaving(id)
    }
    session.isOpen = false
    this.#sessions.delete(id)
    peer.connections.splice(peer.connections.indexOf(session), 1)
    this.#swarm.handleDisconnect(id, this.#now)
    this.observer.disconnected({ connection: id, at: this.#now, reason })
    this.#poll()
    if (peer.connections.length > 0) return
    const away = this.#chance.isTrue(0.2) ? this.#chance.between(10, 3_000) : this.#chance.around(this.#options.awayMinutes * minuteMs)
    this.#agenda.add(this.#now + Math.ceil(away), () => {
      if (peer.connections.length === 0) this.#come(peer)
    })
  }

  /** The network fails: many connections are lost at once. */
  #lose(): void {
    for (const session of [...this.#sessions.values()]) if (this.#chance.isTrue(0.6)) this.#leave(session, true)
    this.#agenda.add(this.#now + this.#chance.between(40, 90) * minuteMs, () => this.#lose())
  }

  /** Now and then the node dials whom it was told of. */
  #dial(): void {
    for (const contact of this.#swarm.next(3, this.#now)) {
      this.counts.dials++
      this.observer.dialled({ at: this.#now, peer: contact })
      const peer = this.#peers.find(({ place, port }) => contact.length === place.length && isAt(contact, place, port))
      this.#agenda.add(this.#now + 1_000 + this.#chance.below(3_000), () => {
        if (peer !== undefined && peer.connections.length === 0 && isAt(contact, peer.place, peer.port)) this.#come(peer, 'outgoing')
        else {
          this.#swarm.report(contact, 'failed', this.#now)
          this.observer.dialFailed({ at: this.#now, peer: contact })
        }
      })
    }
    this.#agenda.add(this.#now + this.#chance.between(5_000, 60_000), () => this.#dial())
  }

  #changePrivacy(value: Privacy): void {
    this.#swarm.handlePrivate(value, this.#now)
    this.observer.privacy({ at: this.#now, private: value })
    // A torrent that was used as a public one while that was unknown never turns out to be private; ours never is.
    const next = this.#chance.of([true, false, 'unknown'] as const)
    this.#agenda.add(this.#now + this.#chance.between(10, 120) * minuteMs, () => this.#changePrivacy(next))
  }
}

function isAt(contact: Uint8Array, place: Uint8Array, port: number): boolean {
  return contact.every(
    (byte, index) => byte === (index < place.length - 2 ? place[index] : [port >> 8, port & 0xff][index - place.length + 2]),
  )
}

/** Where a peer is: most have IPv4 addresses, some IPv6 ones, and some are in the local network or on this host. */
function placeOf(index: number, chance: Chance): { place: Uint8Array; port: number } {
  const kind = chance.next()
  const port = 1_025 + chance.below(60_000)
  const [high, low] = [index >> 8, index & 0xff]
  if (kind < 0.6) return { place: endpoint(`${20 + chance.below(60)}.${high}.${low}.7:${port}`), port }
  if (kind < 0.85) return { place: endpoint(`[2a02:${index.toString(16)}::1]:${port}`), port }
  if (kind < 0.95) return { place: endpoint(`192.168.${high}.${low}:${port}`), port }
  return { place: endpoint(`127.0.${high}.${low + 1}:${port}`), port }
}
