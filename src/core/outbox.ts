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
import type { Limits } from './limits.ts'
import type { Cursor, Entry, Receiver, Timeline } from './timeline.ts'

/** Whose turn it is: `open` may be left for later, `final` is skipped if it is not taken. */
export type Turn = 'open' | 'final'

export class Outbox {
  readonly #limits: Limits
  /** Where in the grid this connection speaks, 0 ≤ phase < 1. */
  readonly #phase: number
  #timeline: Timeline | undefined
  #cursor: Cursor | undefined
  /** What the peer holds of the timeline before this one. */
  #inherited: readonly Entry[] = []
  #isPaused = false
  #lastSentAt = Number.NEGATIVE_INFINITY
  /** The next point of the grid; undefined until the first message. */
  #slotAt: number | undefined
  #turn: Turn | undefined
  #turnEndsAt = 0

  /** The peer that this is for. */
  receiver: Receiver
  /** When `turn` has something to say, in milliseconds; Infinity while asleep. */
  dueAt: number = Number.POSITIVE_INFINITY
  /** Messages taken, ever. */
  sentCount = 0

  constructor(limits: Limits, receiver: Receiver, phase: number) {
    this.#limits = limits
    this.receiver = receiver
    this.#phase = phase
  }

  /** Contacts of ours that the peer holds. */
  get toldCount(): number {
    return this.#cursor?.toldCount ?? 0
  }

  /** Whether only `wake` can bring its next turn. */
  get isAsleep(): boolean {
    return this.#cursor !== undefined && !this.#isPaused && this.dueAt === Number.POSITIVE_INFINITY
  }

  get isOpen(): boolean {
    return this.#cursor !== undefined
  }

  /** Whether something was withheld when its turn came, which may be told once that reason ends. */
  get mayTellWithheld(): boolean {
    return this.#cursor?.odd !== undefined
  }

  /**
   * The peer takes our messages from now on: it has been told nothing of this timeline. `readyAt` is when
   * it said so, which may be a while ago: the first message's delay runs from there.
   */
  open(timeline: Timeline, now: number, readyAt: number = now): void {
    if (this.#cursor !== undefined) return
    this.#timeline = timeline
    this.#cursor = timeline.open(this.receiver)
    if (this.#inherited.length > 0) {
      this.#cursor.owed = [...this.#inherited]
      this.#cursor.toldCount = this.#inherited.length
      this.#inherited = []
    }
    this.wake(now)
    if (this.#slotAt === undefined && this.dueAt !== Number.POSITIVE_INFINITY) {
      this.dueAt = Math.max(now, readyAt + this.#limits.firstSendDelayMs)
    }
  }

  /** The peer takes no more messages, or has gone. What it was told is over, nothing is owed. */
  close(): void {
    if (this.#cursor !== undefined) this.#timeline?.close(this.#cursor)
    this.#timeline = undefined
    this.#cursor = undefined
    this.#inherited = []
    this.#sleep()
  }

  /** Leaves its timeline for another one, opened later: what was told of the first is dropped then, or found live. */
  leave(): void {
    const told = this.#cursor === undefined ? this.#inherited : (this.#timeline?.heldBy(this.#cursor) ?? [])
    this.close()
    this.#inherited = told
  }

  /** Nothing is sent until `resume`; what happens meanwhile is told then. */
  pause(): void {
    this.#isPaused = true
    this.#sleep()
  }

  resume(now: number): void {
    this.#isPaused = false
    this.wake(now)
  }

  /** The timeline has changed, or something that was withheld no longer is: there may be something to tell. */
  wake(now: number): void {
    if (this.dueAt !== Number.POSITIVE_INFINITY || this.#isPaused || this.#cursor === undefined) return
    if (this.#timeline?.isBehind(this.#cursor) !== true && this.#cursor.odd === undefined) return
    this.dueAt = this.#nextSlot(now)
  }

  /** At `dueAt`: whether a message may be taken now. */
  turn(now: number): Turn | undefined {
    if (now < this.dueAt) return undefined
    if (this.#turn === 'final') {
      this.#sleep()
      this.#slotAt = (this.#slotAt ?? now) + this.#limits.sendIntervalMs
      this.wake(now)
      return undefined
    }
    if (this.#turn === undefined) this.#turnEndsAt = now + this.#limits.backPressureMs
    this.#turn = now < this.#turnEndsAt ? 'open' : 'final'
    // Never now again, whatever the limit: whoever asks until nothing is due would ask for ever.
    const retryAt = now + Math.max(1, this.#limits.retryMs)
    this.dueAt = this.#turn === 'open' ? Math.min(retryAt, this.#turnEndsAt) : retryAt
    return this.#turn
  }

  /** The message of the open turn; undefined when it is not this connection's turn, or there is nothing to tell. */
  take(now: number): Uint8Array | undefined {
    if (this.#turn === undefined || this.#cursor === undefined || this.#timeline === undefined) return undefined
    this.#sleep()
    // The very sum by which the turn was set: a difference is rounded otherwise, and a turn on time would be too early for ever.
    if (now < this.#lastSentAt + this.#limits.minSendGapMs) {
      this.wake(now)
      return undefined
    }
    const batch = this.#timeline.take(this.#cursor, now)
    if (batch === undefined) return undefined
    this.#slotAt = this.#slotAfter(now)
    this.#lastSentAt = now
    this.sentCount++
    if (batch.hasMore || this.#timeline.isBehind(this.#cursor)) this.wake(now)
    return writeBatch(batch)
  }

  #sleep(): void {
    this.dueAt = Number.POSITIVE_INFINITY
    this.#turn = undefined
  }

  #nextSlot(now: number): number {
    if (this.#slotAt === undefined) return now + this.#limits.firstSendDelayMs
    const interval = Math.max(1, this.#limits.sendIntervalMs)
    if (this.#slotAt < now) this.#slotAt += Math.ceil((now - this.#slotAt) / interval) * interval
    return Math.max(this.#slotAt, this.#lastSentAt + this.#limits.minSendGapMs)
  }

  #slotAfter(now: number): number {
    const { sendIntervalMs, minSendGapMs } = this.#limits
    if (this.#slotAt === undefined) return now + sendIntervalMs - this.#phase * Math.min(2_000, sendIntervalMs - minSendGapMs)
    return Math.max(this.#slotAt + sendIntervalMs, now + minSendGapMs)
  }
}
