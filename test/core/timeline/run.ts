/**
 * Runs a timeline through a schedule, with the oracle watching.
 *
 * A schedule is text, so that a failure can be read, kept and replayed:
 *
 *     ^A   A connects; live, it leaves              !0   a message for receiver 0
 *     *A   the same, in its other role              c0A  receiver 0 starts to claim A itself, or ends it
 *     ~A   we hang up on A, who was seen recently   o0   receiver 0 takes no more messages, or starts anew
 *     t    time passes: rather more than half of what `recentMs` allows
 *
 * Of the timeline's bookkeeping it reads, only to compare it with what was really told, what each receiver is
 * believed to hold, and who is behind: a connection falls asleep on that, and must not miss anything.
 */

import { type EndpointKey, endpointKey } from '../../../src/codec/contact.ts'
import type { Cursor, Receiver } from '../../../src/core/cursor.ts'
import type { Entry } from '../../../src/core/entry.ts'
import type { Timeline } from '../../../src/core/timeline.ts'
import { newCursor } from './cursor.ts'
import { nameOf, Oracle, Violation, type World } from './oracle.ts'

export type TimelineClass = typeof Timeline
export type Schedule = readonly string[]

export interface Subject {
  readonly Timeline: TimelineClass
  /** Whether its bookkeeping is compared with what was told, or the messages alone are judged. */
  readonly beliefs: 'compared' | 'ignored'
}

/** The endpoint of each contact: its number is the port's second byte. */
const endpoints4 = Array.from({ length: 30 }, (_, contact) => Uint8Array.of(203, 0, 113, 7, 0x1a, contact))
const endpoints6 = endpoints4.map((bytes) => Uint8Array.of(0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, ...bytes))
const keys4: readonly EndpointKey[] = endpoints4.map((bytes) => endpointKey(bytes, 0, 4))
const keys6: readonly EndpointKey[] = endpoints6.map((bytes) => endpointKey(bytes, 0, 6))
const contactOf = ({ key }: Entry): number => (typeof key === 'number' ? key % 256 : key.charCodeAt(8) % 256)

export class Run {
  readonly #subject: Subject
  readonly #world: World
  readonly #timeline: Timeline
  readonly #receivers: readonly Receiver[]
  readonly #cursors: (Cursor | undefined)[]
  /** Who was told all and waits for something to happen. */
  readonly #sleeps: boolean[]
  readonly #live: (Entry | undefined)[]
  #now = 0
  readonly oracle: Oracle

  constructor(subject: Subject, world: World) {
    this.#subject = subject
    this.#world = world
    this.#timeline = new subject.Timeline(world.limits, () => this.#cursors.filter((cursor) => cursor !== undefined), 1)
    this.oracle = new Oracle(world)
    this.#live = world.contacts.map(() => undefined)
    this.#cursors = world.receivers.map(() => undefined)
    this.#sleeps = world.receivers.map(() => false)
    this.#receivers = world.receivers.map(({ sees }, receiver) => ({
      sees: (audience) => (sees & (1 << audience)) !== 0,
      withholds: (entry) => this.oracle.withholds(receiver, contactOf(entry)),
    }))
    for (let receiver = 0; receiver < world.receivers.length; receiver++)
      if (world.receivers[receiver]?.listensFromStart) this.#open(receiver)
  }

  step(step: string): void {
    const contact = step.charCodeAt(step.length - 1) - 65
    const receiver = step.charCodeAt(1) - 48
    switch (step.charAt(0)) {
      case '^':
        this.#toggle(contact, 0)
        break
      case '*':
        this.#toggle(contact, 1)
        break
      case '~':
        this.#leave(contact, 'recent')
        break
      case '!':
        this.#message(receiver)
        break
      case 'c':
        this.oracle.togglesClaim(receiver, contact)
        if (!this.oracle.withholds(receiver, contact)) this.#release(receiver)
        break
      case 'o':
        if (this.oracle.isListening(receiver)) this.#close(receiver)
        else this.#open(receiver)
        break
      case 't':
        this.#now += Math.floor(this.#world.limits.recentMs / 2) + 1
        break
      default:
        throw new RangeError(`step: '${step}' is none`)
    }
    this.#compareBeliefs()
  }

  /**
   * The last event is over: enough messages, and everybody holds what is there. Then all claims end, and what
   * was withheld must follow; then all leave, and nobody holds anything.
   */
  finish(): void {
    this.#settle()
    for (let receiver = 0; receiver < this.#receivers.length; receiver++) {
      this.oracle.endsClaims(receiver)
      this.#release(receiver)
    }
    this.#settle()
    for (let contact = 0; contact < this.#live.length; contact++) this.#leave(contact, 'gone')
    this.#settle()
  }

  #toggle(contact: number, role: 0 | 1): void {
    if (this.#live[contact] !== undefined) {
      this.#leave(contact, 'gone')
      return
    }
    const facts = this.#world.contacts[contact]
    const key = (facts?.family === 4 ? keys4 : keys6)[contact]
    if (facts === undefined || key === undefined) throw new RangeError(`no contact ${nameOf(contact)} in this world`)
    this.#live[contact] = this.#timeline.connect(key, facts.audiences[role], 0)
    this.oracle.connects(contact, facts.audiences[role])
    this.#wakeAll()
  }

  #leave(contact: number, why: 'recent' | 'gone'): void {
    const entry = this.#live[contact]
    if (entry === undefined) return
    this.#live[contact] = undefined
    this.#timeline.disconnect(entry, why, this.#now)
    this.oracle.leaves(contact, why, this.#now)
    this.#wakeAll()
    this.#lookForRetired()
    const { maxDepartures } = this.#world.limits
    const { goneCount, liveCount } = this.#timeline
    if (goneCount > Math.max(maxDepartures, 2 * liveCount)) throw new Violation(`${goneCount} departures kept`)
  }

  #lookForRetired(): void {
    for (let receiver = 0; receiver < this.#cursors.length; receiver++) {
      const cursor = this.#cursors[receiver]
      if (cursor === undefined || this.#timeline.isOpen(cursor)) continue
      this.oracle.isRetired(receiver)
      this.#cursors[receiver] = undefined
    }
  }

  /** Something happened on the timeline: whoever is behind has something to do. */
  #wakeAll(): void {
    for (let receiver = 0; receiver < this.#cursors.length; receiver++) {
      const cursor = this.#cursors[receiver]
      if (cursor !== undefined && this.#timeline.isBehind(cursor)) this.#sleeps[receiver] = false
    }
  }

  /** What this receiver claims may be told to it from now on. */
  #release(receiver: number): void {
    const cursor = this.#cursors[receiver]
    if (cursor === undefined) return
    this.#timeline.release(cursor)
    if (this.#timeline.isBehind(cursor)) this.#sleeps[receiver] = false
  }

  #open(receiver: number): void {
    const cursor = newCursor(this.#receivers[receiver] as Receiver)
    this.#timeline.open(cursor)
    this.#cursors[receiver] = cursor
    this.#sleeps[receiver] = !this.#timeline.isBehind(cursor)
    this.oracle.listens(receiver)
  }

  #close(receiver: number): void {
    const cursor = this.#cursors[receiver]
    if (cursor !== undefined) this.#timeline.close(cursor)
    this.#cursors[receiver] = undefined
    this.oracle.endsListening(receiver)
  }

  #message(receiver: number): void {
    const cursor = this.#cursors[receiver]
    if (cursor === undefined) return
    const batch = this.#timeline.take(cursor, this.#now)
    const missed = batch !== undefined && this.#sleeps[receiver] === true
    if (missed && this.#subject.beliefs === 'compared') throw new Violation(`${receiver} sleeps, and there is something to tell it`)
    const isMore = batch?.hasMore === false && cursor.owed === undefined && this.#timeline.isBehind(cursor)
    if (isMore && this.#subject.beliefs === 'compared') throw new Violation(`${receiver} is told that this is all, and it is not`)
    this.#sleeps[receiver] = batch === undefined || !(batch.hasMore || this.#timeline.isBehind(cursor))
    const message = batch && { added: batch.added.map(contactOf), dropped: batch.dropped.map(contactOf) }
    this.oracle.reads(receiver, message, this.#now)
  }

  #compareBeliefs(): void {
    if (this.#subject.beliefs === 'ignored') return
    for (let receiver = 0; receiver < this.#cursors.length; receiver++) {
      const cursor = this.#cursors[receiver]
      if (cursor === undefined) continue
      this.oracle.isBelievedToHold(receiver, this.#timeline.heldBy(cursor).map(contactOf), cursor.toldCount)
    }
  }

  /** Whoever is caught up remembers nobody who left. */
  #lookForLeftovers(): void {
    if (this.#subject.beliefs === 'ignored') return
    for (const cursor of this.#cursors) {
      for (const position of cursor?.odd ?? []) {
        const isLive = this.#live.some((entry) => entry?.arrivedAt === position)
        if (!isLive) throw new Violation(`who came at ${position} and left is remembered for ever`)
      }
    }
  }

  #settle(): void {
    for (let receiver = 0; receiver < this.#cursors.length; receiver++) {
      const cursor = this.#cursors[receiver]
      if (cursor === undefined) continue
      const turns = Math.ceil(this.oracle.pendingCount(receiver) / this.#world.limits.maxContacts) + 1
      for (let turn = 0; turn < turns; turn++) this.#message(receiver)
      this.oracle.isComplete(receiver)
    }
    this.#compareBeliefs()
    this.#lookForLeftovers()
  }
}
