/**
 * Where the outputs of the core go. They come in order, while a `handle…` runs: a sink records or acts on
 * other things, and must not call back into the core. Endpoints are compact, and views: copy what is kept.
 */

import type { Family } from '../codec/contact.ts'
import type { Turn } from './outbox.ts'
import type { ViolationCode } from './violation.ts'

/** A contact in a compact list, for the length of a call. */
export interface Heard {
  readonly bytes: Uint8Array
  readonly offset: number
  readonly family: Family
  /** BEP 11's flag byte as the source gave it, 0–0x1f. */
  readonly flags: number
  /** How many sources claim it now: 1 when it is news, 0 when the last one has dropped it. */
  readonly sourceCount: number
}

/** The one object of type `Heard` that all contacts of a core are shown in, one after the other: a message costs no allocation. */
export class HeardView implements Heard {
  bytes: Uint8Array = new Uint8Array(0)
  offset = 0
  family: Family = 4
  flags = 0
  sourceCount = 0

  show(bytes: Uint8Array, offset: number, family: Family, flags: number, sourceCount: number): this {
    this.bytes = bytes
    this.offset = offset
    this.family = family
    this.flags = flags
    this.sourceCount = sourceCount
    return this
  }
}

export interface Sink<Id> {
  /** Send `takeMessage(id, now)` now; or, while the transport is busy and the turn is `open`, later. */
  turn(id: Id, turn: Turn): void
  /** Whether anybody wants to hear now what this source tells, which its `Solo` asks for each list. Absent: yes. */
  isListening?(source: Id): boolean
  /** A source claims a contact that it did not claim before. */
  added(source: Id, contact: Heard): void
  /** A source has dropped a contact that it claimed. The flags are 0. */
  dropped(source: Id, contact: Heard): void
  /** `next` has become non-empty. */
  candidates(): void
  /** A peer broke a rule, `count` times in one message. */
  violation(source: Id, code: ViolationCode, count: number): void
}
