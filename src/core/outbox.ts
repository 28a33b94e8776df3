/**
 * The send side of one connection: its place on the timeline, and when it may speak.
 *
 * A connection has turns. It falls asleep when it has told all, and the next change of the timeline
 * wakes it for its next turn:
 *
 *     nothing sent yet    `firstSendDelayMs` after it could first speak, or after there was first something to say
 *     else                the next point of its own grid, `sendIntervalMs` apart, and never less than
 *                         `minSendGapMs` after the last message
 *
 * The grid starts with the first message and is this connection's own, so that a swarm does not speak in
 * chorus. Nothing resets it: a re-handshake, a pause, an id of 0 and a sleeping computer leave the clock
 * alone (BEP 11: no more than one message a minute).
 *
 * A turn stays open for `backPressureMs` and is offered again every `retryMs`: the host takes the message when
 * the wire is free. The last offer is the final one; not taken even then, the turn is skipped and nothing lost.
 */

import { writeBatch } from './batch-writer.ts'
import { type Cursor, deaf, type Receiver } from './cursor.ts'
import type { Entry } from './entry.ts'
import type { Limits } from './limits.ts'
import type { Timeline } from './timeline.ts'

/** Whose turn it is: `open` may be left for later, `final` is skipped if it is not taken. */
export type Turn = 'open' | 'final'

/** What all outboxes of a swarm have in common. */
export interface OutboxSettings {
  readonly limits: Limits
  readonly timeline: Timeline
  /** Where in the grid a connection speaks, 0 ≤ phase < 1: asked with its first message. */
  readonly nextPhase: () => number
}

const bit = {
  /** The first message was sent, or its turn skipped. */
  onGrid: 1,
  paused: 2,
  /** Some of what was withheld may be withheld no longer. */
  released: 4,
} as const

/** It is its own cursor, because there are many: one object less takes 40 B less. */
export class Outbox implements Cursor {
  #settings: OutboxSettings
  /** When the open turn ends; −Infinity once it was offered for the last time, undefined while there is none. */
  #turnEndsAt: number | undefined
  /** The next point of the grid, `minSendGapMs` or more after the last message. Before the first one: not to be sent before this. */
  #slotAt: number = Number.NEGATIVE_INFINITY
  /** Those of `bit`. */
  #bits = 0

  /** The peer that this is for. */
  receiver: Receiver
  /** When `turn` has something to say, in milliseconds; Infinity while asleep. */
  dueAt: number = Number.POSITIVE_INFINITY

  // The place on the timeline. The timeline's to change.
  arrivals = 0
  departures: number = deaf.closed
  recent = 0
  toldCount = 0
  odd: readonly number[] | undefined = undefined
  /** Also, while it is closed: what the peer holds of the timeline before. */
  owed: readonly Entry[] | undefined = undefined

  constructor(settings: OutboxSettings, receiver: Receiver) {
    this.#settings = settings
    this.receiver = receiver
  }

  /** Whether only `wake` can bring its next turn. */
  get isAsleep(): boolean {
    return this.isOpen && (this.#bits & bit.paused) === 0 && this.dueAt === Number.POSITIVE_INFINITY
  }

  get isReleased(): boolean {
    return (this.#bits & bit.released) !== 0
  }

  set isReleased(value: boolean) {
    this.#bits = value ? this.#bits | bit.released : this.#bits & ~bit.released
  }

  get isOpen(): boolean {
    return this.departures !== deaf.closed
  }

  /** Another host takes the connection over, with another timeline: its clock goes on. */
  join(settings: OutboxSettings, receiver: Receiver): void {
    this.leave()
    this.#settings = settings
    this.receiver = receiver
  }

  /** The handshakes are complete: the first message's delay runs from here. */
  ready(now: number): void {
    if ((this.#bits & bit.onGrid) === 0) this.#slotAt = now + this.#settings.limits.firstSendDelayMs
  }

  /** The peer takes our messages from now on: it has been told nothing of this timeline. */
  open(now: number): void {
    if (this.isOpen) return
    const inherited = this.owed
    this.#settings.timeline.open(this)
    if (inherited !== undefined) {
      this.owed = inherited
      this.toldCount = inherited.length
    }
    this.wake(now)
    if ((this.#bits & bit.onGrid) === 0 && this.dueAt !== Number.POSITIVE_INFINITY) this.dueAt = Math.max(now, this.#slotAt)
  }

  /** The peer takes no more messages, or has gone. What it was told is over, nothing is owed. */
  close(): void {
    this.#settings.timeline.close(this)
    this.owed = undefined
    this.sleep()
  }

  /** Leaves its timeline for another one, opened later: what was told of the first is dropped then, or found live. */
  leave(): void {
    const told = this.isOpen ? this.#settings.timeline.heldBy(this) : this.owed
    this.close()
    if (told !== undefined && told.length > 0) this.owed = told
  }

  /** Nothing is sent until `resume`; what happens meanwhile is told then. */
  pause(): void {
    this.#bits |= bit.paused
    this.sleep()
  }

  resume(now: number): void {
    this.#bits &= ~bit.paused
    this.wake(now)
  }

  /** Something that was withheld from the peer may be told now. */
  release(now: number): void {
    this.#settings.timeline.release(this)
    this.wake(now)
  }

  /** The timeline has changed: there may be something to tell. */
  wake(now: number): void {
    if (!this.isAsleep || !this.#settings.timeline.isBehind(this)) return
    const { firstSendDelayMs, sendIntervalMs } = this.#settings.limits
    if ((this.#bits & bit.onGrid) !== 0 && this.#slotAt < now) {
      const interval = Math.max(1, sendIntervalMs)
      this.#slotAt += Math.ceil((now - this.#slotAt) / interval) * interval
    }
    this.dueAt = (this.#bits & bit.onGrid) !== 0 ? this.#slotAt : now + firstSendDelayMs
  }

  /** Loses its turn, until it is woken. */
  sleep(): void {
    this.dueAt = Number.POSITIVE_INFINITY
    this.#turnEndsAt = undefined
  }

  /** At `dueAt`: whether a message may be taken now. */
  turn(now: number): Turn | undefined {
    const { backPressureMs, retryMs, sendIntervalMs } = this.#settings.limits
    if (now < this.dueAt) return undefined
    if (this.#turnEndsAt === Number.NEGATIVE_INFINITY) {
      this.sleep()
      this.#slotAt = ((this.#bits & bit.onGrid) !== 0 ? this.#slotAt : now) + sendIntervalMs
      this.#bits |= bit.onGrid
      this.wake(now)
      return undefined
    }
    const endsAt = this.#turnEndsAt ?? now + backPressureMs
    // Never now again, whatever the limit: whoever asks until nothing is due would ask for ever.
    const retryAt = now + Math.max(1, retryMs)
    const isFinal = now >= endsAt
    this.#turnEndsAt = isFinal ? Number.NEGATIVE_INFINITY : endsAt
    this.dueAt = isFinal ? retryAt : Math.min(retryAt, endsAt)
    return isFinal ? 'final' : 'open'
  }

  /** The message of the open turn; undefined when it is not this connection's turn, or there is nothing to tell. */
  take(now: number): Uint8Array | undefined {
    const { limits, nextPhase, timeline } = this.#settings
    if (this.#turnEndsAt === undefined) return undefined
    this.sleep()
    if (now < this.#slotAt) {
      this.wake(now)
      return undefined
    }
    const batch = timeline.take(this, now)
    if (batch === undefined) return undefined
    const { minSendGapMs, sendIntervalMs } = limits
    const slotAt = (this.#bits & bit.onGrid) !== 0 ? this.#slotAt : now - nextPhase() * Math.min(2_000, sendIntervalMs - minSendGapMs)
    this.#slotAt = Math.max(slotAt + sendIntervalMs, now + minSendGapMs)
    this.#bits |= bit.onGrid
    this.wake(now)
    return writeBatch(batch)
  }
}
