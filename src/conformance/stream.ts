/**
 * One direction of one connection: the messages of one side, and what its receiver makes of them.
 *
 * What a receiver holds is the sum of the messages: `added` without `dropped`. It ends when the receiver gives ut_pex the
 * id 0, and begins anew, with nothing, when it gives another one again. The sender's clock does not: that is the connection's.
 */

import { remember } from './bounds.ts'
import type { Key } from './endpoint.ts'

interface FormerId {
  readonly id: number
  readonly endedAt: number
}

/** Ids that a receiver had before: nobody changes them often, and who does need not be remembered. */
const maxFormerIds = 16

export class Stream {
  /** The id that the receiver gave: 1–255; 0 for none. */
  id = 0
  /** Whether the receiver's extended handshakes are known at all. */
  isNegotiated = false
  formerIds: FormerId[] = []
  /** When the receiver began to take messages; Infinity while it takes none. */
  enabledAt: number = Number.POSITIVE_INFINITY
  /** Whether the receiver's last handshake named ut_pex at all. */
  isNamedLast = true
  /** Whether a handshake of the receiver, not the first, came after the last message. */
  isAfterFurtherHandshake = false
  handshakeCount = 0
  /** When the last message was sent; −Infinity before the first. */
  lastMessageAt: number = Number.NEGATIVE_INFINITY
  /** Messages since the receiver began to take them. */
  messageCount = 0
  /** What the receiver holds, and since when. */
  readonly held: Map<Key, number> = new Map()
  /** What the receiver held when it ended to take messages: the sender knows of it, though it will not say so again. */
  readonly lapsed: Set<Key> = new Set()
  /** Whether every message since the receiver began to take them is known. */
  isComplete: boolean

  constructor(isComplete: boolean) {
    this.isComplete = isComplete
  }

  get isEnabled(): boolean {
    return this.id > 0
  }

  /** Whether the receiver makes anything of a message. Nobody knows that of a receiver whose handshakes were not reported. */
  get isRead(): boolean {
    return this.isEnabled || !this.isNegotiated
  }

  /** The receiver sent an extended handshake; what it leaves out stays as it was (BEP 10). True if it begins to take messages, or ends that. */
  learn(id: number | undefined, at: number): boolean {
    this.isNegotiated = true
    this.isNamedLast = id !== undefined
    this.isAfterFurtherHandshake ||= this.handshakeCount++ > 0
    if (id === undefined || id === this.id) return false
    const wasEnabled = this.isEnabled
    if (wasEnabled) this.formerIds = [...this.formerIds.slice(1 - maxFormerIds), { id: this.id, endedAt: at }]
    this.id = id
    if (wasEnabled === this.isEnabled) return false
    for (const key of this.held.keys()) remember(this.lapsed, key)
    this.held.clear()
    this.messageCount = 0
    this.enabledAt = this.isEnabled ? at : Number.POSITIVE_INFINITY
    return true
  }

  /** Whether this was the receiver's id, and since no longer ago than `flightMs`. */
  wasLately(id: number, at: number, flightMs: number): boolean {
    return this.formerIds.some((former) => former.id === id && at - former.endedAt <= flightMs)
  }

  hadOnce(id: number): boolean {
    return this.formerIds.some((former) => former.id === id)
  }
}
