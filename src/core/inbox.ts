/**
 * The receiving half of a connection: everything that arrives is untrusted.
 *
 *     bytes ─ rate ─ size ─ scanner ─┬─ dropped, dropped6: what this source claims ───────────── released
 *                                    └─ added, added6: count ─ port ─ scope ─ owner ─ claims ─── claimed
 *
 * What a message did wrong is counted and reported once for each kind, never thrown; the rest of the message
 * holds. Drops come first, as BEP 11's lists are a difference: a contact in both is there afterwards.
 * They only shrink what we keep, so they are read whole; of the added ones we look at so many, in their order.
 *
 * A message costs no allocation, however much is in it: contacts stay bytes in the message, and
 * endpoints that are not in it (given way, dropped with another port) are handed on in a scratch buffer.
 * Each list is handled in blocks of up to 128 contacts: all are judged, then all claimed or released, then the owner hears of each.
 */
import { mayCross, Scope, scopeOf } from '../address/ranges.ts'
import type { Family } from '../codec/contact.ts'
import { createLayout, faultsOf, locateMessage, type MessageLayout, type Slot, slot } from '../codec/message.ts'
import { Bucket } from './bucket.ts'
import { Claims } from './claims.ts'
import * as block from './endpoint-block.ts'
import type { Limits } from './limits.ts'
import type { ViolationCode } from './violation.ts'

/** Who hears what an inbox does, during `handleMessage`. It must not throw or call that inbox; the bytes are valid until it returns. */
export interface InboxOwner {
  /** Whether a contact may not be taken for a reason that the inbox cannot know: our own address, that of its sender, the host's `accept`. Absent: none is. */
  refuses?(inbox: Inbox, bytes: Uint8Array, offset: number, family: Family): boolean
  /** Whether anybody wants to hear of contacts now; if not, `claimed` and `released` are not called for this list. Absent: yes. */
  isListening?(inbox: Inbox): boolean
  /** A contact that this source did not claim before; the flags are the raw byte, reserved bits included. */
  claimed(inbox: Inbox, bytes: Uint8Array, offset: number, family: Family, flags: number): void
  /** A claim has ended: its source dropped it, or it was the oldest and gave way. */
  released(inbox: Inbox, bytes: Uint8Array, offset: number, family: Family, why: 'dropped' | 'evicted'): void
  /** At most once per message and code. The count is of contacts for `too-many-contacts`, `refused-contact` and `unknown-drop`; else of messages. */
  violation(inbox: Inbox, code: ViolationCode, count: number): void
}

const noViolations: ReadonlyMap<ViolationCode, number> = new Map()
/** Handling is synchronous and does not nest, so all inboxes share these. */
const layout: MessageLayout = createLayout()
/** A message of a usual size is copied here, because a view reads words quickly and takes 0.2 µs to make. */
const copy = new Uint8Array(4096)
const viewOfCopy = new DataView(copy.buffer)

/** The scopes that a peer of each scope may tell us of, as bits. */
const crossing: readonly number[] = Object.values(Scope).map((peer: Scope) =>
  Object.values(Scope).reduce<number>((bits, scope) => (mayCross(scope, peer) ? bits | (1 << scope) : bits), 0),
)

export class Inbox {
  /** What this source has added and not dropped. */
  readonly claims: Claims
  /** The network that the source is in, as it decides what it may tell us of. Global until somebody knows better. */
  peerScope: Scope = Scope.global
  /** Who hears of it; another one when a swarm takes the connection over. */
  owner: InboxOwner
  #limits: Limits
  #bucket: Bucket | undefined
  #violations: Map<ViolationCode, number> | undefined
  #messageCount = 0
  #refusedMessageCount = 0
  #crowdedContactCount = 0
  #isBeforeFirst = true
  // Of the message that is being handled.
  #refusedContacts = 0
  #unknownDrops = 0

  /** The seed is any 32-bit integer that peers cannot guess, see `EndpointSet`. */
  constructor(limits: Limits, owner: InboxOwner, seed: number) {
    this.#limits = limits
    this.owner = owner
    this.claims = new Claims(limits, seed)
  }

  /** A swarm takes the connection over: its limits hold from now on. Of too many claims the oldest give way, and `released` is not called. */
  join(limits: Limits, owner: InboxOwner, peerScope: Scope): void {
    this.#limits = limits
    this.owner = owner
    this.peerScope = peerScope
    this.claims.setLimits(limits)
    this.#bucket?.setLimits(limits)
  }

  /** Messages that have arrived, those that were not read included. */
  get messageCount(): number {
    return this.#messageCount
  }

  /** Messages that were not read: too frequent or too large. */
  get refusedMessageCount(): number {
    return this.#refusedMessageCount
  }

  /**
   * Contacts that were not taken because this source claims `maxPortsPerAddress` other ports of their address.
   * No violation: several clients may share one.
   */
  get crowdedContactCount(): number {
    return this.#crowdedContactCount
  }

  /** The counts of each violation summed up; a code that never occurred is not in it. A live view. */
  get violations(): ReadonlyMap<ViolationCode, number> {
    return this.#violations ?? noViolations
  }

  /** Handles one ut_pex payload that arrived at `now` (milliseconds, monotonic). The bytes are not kept. Never throws, whatever they are. */
  handleMessage(bytes: Uint8Array, now: number): void {
    this.#messageCount++
    this.#bucket ??= new Bucket(this.#limits)
    const outcome = this.#bucket.take(now)
    if (outcome !== 'taken') {
      this.#refusedMessageCount++
      this.#report('too-frequent', 1)
      if (outcome === 'flood') this.#report('flood', 1)
      return
    }
    if (bytes.length > this.#limits.maxMessageBytes) {
      this.#refusedMessageCount++
      this.#report('too-large', 1)
      return
    }
    const faults = locateMessage(bytes, layout)
    if (faults !== 0) for (const fault of faultsOf(faults)) this.#report(fault, 1)
    const view = viewOf(bytes)
    this.#handleDropped(bytes, view)
    this.#handleAdded(bytes, view)
  }

  /** Forgets all claims, and `released` is not called. Rate, counts and whether a first message has come stay: they are the connection's. */
  clear(): void {
    this.claims.clear()
  }

  #handleDropped(bytes: Uint8Array, view: DataView): void {
    this.#unknownDrops = 0
    this.#drop(bytes, view, slot.dropped, 4)
    this.#drop(bytes, view, slot.dropped6, 6)
    this.#report('unknown-drop', this.#unknownDrops)
  }

  /** The first message that adds anything tells all that its sender knows, later ones what has changed since. */
  #handleAdded(bytes: Uint8Array, view: DataView): void {
    const { maxAddedPerMessage, maxClaims } = this.#limits
    const count4 = byteLengthOf(slot.added) / 6
    const count6 = byteLengthOf(slot.added6) / 18
    if (count4 + count6 === 0) return
    const taken4 = Math.min(count4, this.#isBeforeFirst ? maxClaims : maxAddedPerMessage)
    const taken6 = Math.min(count6, this.#isBeforeFirst ? maxClaims : maxAddedPerMessage - taken4)
    this.#isBeforeFirst = false
    this.#refusedContacts = 0
    this.#add(bytes, view, slot.added, taken4, 4)
    this.#add(bytes, view, slot.added6, taken6, 6)
    this.#report('refused-contact', this.#refusedContacts)
    this.#report('too-many-contacts', count4 - taken4 + count6 - taken6)
  }

  #drop(bytes: Uint8Array, view: DataView, list: Slot, family: Family): void {
    const { owner } = this
    const isListening = owner.isListening?.(this) !== false
    const byteLength = family === 4 ? 6 : 18
    const end = layout[2 * list + 1]!
    for (let offset = layout[2 * list]!; offset < end; ) {
      let count = 0
      for (; offset < end && count < block.maxCount; offset += byteLength) block.offsets[count++] = offset
      this.claims.dropBlock(view, count, family)
      for (let i = 0; i < count; i++) {
        const became = block.outcomes[i]
        if (became === block.outcome.absent) this.#unknownDrops++
        else if (!isListening) continue
        else if (became === block.outcome.deleted) owner.released(this, bytes, block.offsets[i]!, family, 'dropped')
        else owner.released(this, block.others, 18 * i, family, 'dropped')
      }
    }
  }

  #add(bytes: Uint8Array, view: DataView, list: Slot, taken: number, family: Family): void {
    const { owner } = this
    const isListening = owner.isListening?.(this) !== false
    // Flags follow their list.
    const flagsStart = byteLengthOf((list + 1) as Slot) > 0 ? layout[2 * list + 2]! : -1
    const start = layout[2 * list]!
    for (let index = 0; index < taken; index += block.maxCount) {
      const count = this.#judge(bytes, start, flagsStart, index, Math.min(taken, index + block.maxCount), family)
      this.claims.addBlock(view, count, family)
      for (let i = 0; i < count; i++) {
        const became = block.outcomes[i]!
        if (became > block.outcome.present) this.#crowdedContactCount++
        if (became >= block.outcome.present || !isListening) continue
        if (became === block.outcome.replaced) owner.released(this, block.others, 18 * i, family, 'evicted')
        owner.claimed(this, bytes, block.offsets[i]!, family, block.flags[i]!)
      }
    }
  }

  /** Makes a block of those of the contacts from `index` to before `end` that may be taken. Returns how many they are. */
  #judge(bytes: Uint8Array, start: number, flagsStart: number, index: number, end: number, family: Family): number {
    const byteLength = family === 4 ? 6 : 18
    const { owner } = this
    const mayRefuse = owner.refuses !== undefined
    const scopes = crossing[this.peerScope]! & (this.#limits.documentationNets ? -1 : ~(1 << Scope.documentation))
    let count = 0
    for (let at = index; at < end; at++) {
      const offset = start + at * byteLength
      const port = offset + byteLength - 2
      const isDialable = bytes[port] !== 0 || bytes[port + 1]! > 1
      if (
        !isDialable ||
        ((scopes >> scopeOf(bytes, offset, family)) & 1) === 0 ||
        (mayRefuse && owner.refuses!(this, bytes, offset, family))
      ) {
        continue
      }
      block.offsets[count] = offset
      block.flags[count] = flagsStart < 0 ? 0 : bytes[flagsStart + at]!
      count++
    }
    this.#refusedContacts += end - index - count
    return count
  }

  #report(code: ViolationCode, count: number): void {
    if (count === 0) return
    this.#violations ??= new Map()
    this.#violations.set(code, (this.#violations.get(code) ?? 0) + count)
    this.owner.violation(this, code, count)
  }
}

function byteLengthOf(list: Slot): number {
  return layout[2 * list + 1]! - layout[2 * list]!
}

function viewOf(bytes: Uint8Array): DataView {
  if (bytes.length > copy.length) return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  copy.set(bytes)
  return viewOfCopy
}
