/**
 * The oracle: what one peer after another may be told, judged from the outside.
 *
 * It knows facts (who connected when, who left when and why, who may see whom, what a receiver claims
 * itself at this moment) and it reads messages, as the receiver does. It knows nothing of positions,
 * cursors or lists of departures. After every message it asks whether the message was
 *
 *     true        dropped: held and gone. added: there (or recently seen, within BEP 11's bounds), visible, not withheld
 *     consistent  nothing twice, nothing held is added, nothing in both lists, no more than the caps
 *     complete    what was recently seen is dropped next; nothing else waits while there is room for it
 *     in order    who has been connected longest comes first; what was recently seen comes last
 *
 * Contacts are numbered, sets of them are the bits of an integer: millions of schedules are judged.
 */

import type { Family } from '../../../src/codec/contact.ts'
import type { Limits } from '../../../src/core/limits.ts'

/** At most 30 contacts, so that a set of them is a small integer. */
export interface World {
  readonly limits: Limits
  readonly contacts: readonly ContactFacts[]
  readonly receivers: readonly ReceiverFacts[]
}

export interface ContactFacts {
  readonly family: Family
  /** Its audience, and the one that it has when it connects in another role: as a seed, say. */
  readonly audiences: readonly [number, number]
}

export interface ReceiverFacts {
  /** A bit for every audience that it sees. */
  readonly sees: number
  /** The contact that it is itself; −1 for none of them. */
  readonly own: number
  readonly listensFromStart: boolean
}

/** A law was broken. */
export class Violation extends Error {}

interface ReceiverState {
  readonly facts: ReceiverFacts
  listens: boolean
  /** What it holds, by all the messages that it read. */
  held: number
  claims: number
  /** What the last message told as recently seen. */
  mustDrop: number
  /** For each contact, which of its departures was told as recently seen. */
  readonly toldRecent: number[]
}

/** Names of contacts, for messages and schedules: A, B, C, … */
export const nameOf = (contact: number): string => String.fromCharCode(65 + contact)

function namesOf(set: number): string {
  let names = ''
  for (let contact = 0; contact < 30; contact++) if (set & (1 << contact)) names += nameOf(contact)
  return names
}

export function sizeOf(set: number): number {
  let size = 0
  for (let rest = set; rest !== 0; rest &= rest - 1) size++
  return size
}

export class Oracle {
  readonly #limits: Limits
  readonly #contacts: readonly ContactFacts[]
  readonly #receivers: ReceiverState[]
  readonly #audience: number[]
  readonly #connectedAt: number[]
  readonly #leftAt: number[]
  readonly #leftMs: number[]
  /** Whose last departure was for one of the three reasons. */
  #leftRecently = 0
  #eventCount = 0
  live = 0
  /** Of each kind, how many were judged: what a check never meets it does not check. */
  readonly seen = { added: 0, dropped: 0, recent: 0, fullAdded: 0, fullDropped: 0, stillTold: 0, retired: 0 }

  constructor({ limits, contacts, receivers }: World) {
    this.#limits = limits
    this.#contacts = contacts
    const zeros = (): number[] => contacts.map(() => 0)
    this.#audience = contacts.map(({ audiences }) => audiences[0])
    this.#connectedAt = zeros()
    this.#leftAt = zeros()
    this.#leftMs = zeros()
    this.#receivers = receivers.map((facts) => ({ facts, listens: false, held: 0, claims: 0, mustDrop: 0, toldRecent: zeros() }))
  }

  connects(contact: number, audience: number): void {
    this.live |= 1 << contact
    this.#audience[contact] = audience
    this.#connectedAt[contact] = ++this.#eventCount
    this.#leftRecently &= ~(1 << contact)
  }

  leaves(contact: number, why: 'recent' | 'gone', now: number): void {
    this.live &= ~(1 << contact)
    this.#leftAt[contact] = ++this.#eventCount
    this.#leftMs[contact] = now
    if (why === 'recent') this.#leftRecently |= 1 << contact
  }

  /** The receiver starts to claim this contact itself, or ends it. */
  togglesClaim(receiver: number, contact: number): void {
    this.#state(receiver).claims ^= 1 << contact
  }

  endsClaims(receiver: number): void {
    this.#state(receiver).claims = 0
  }

  /** The receiver takes messages from now on, and holds nothing. */
  listens(receiver: number): void {
    const state = this.#state(receiver)
    state.listens = true
    state.held = 0
    state.mustDrop = 0
    state.toldRecent.fill(0)
  }

  /** What it was told is over. */
  endsListening(receiver: number): void {
    this.#state(receiver).listens = false
  }

  isListening(receiver: number): boolean {
    return this.#state(receiver).listens
  }

  /** The sender gave up on this receiver, which it may only if it owes it too much. */
  isRetired(receiver: number): void {
    const owed = this.#state(receiver).held & ~this.live
    if (sizeOf(owed) <= this.#limits.maxOwed) throw new Violation(`${receiver} is retired though it is owed no more than ${namesOf(owed)}`)
    this.seen.retired++
    this.endsListening(receiver)
  }

  withholds(receiver: number, contact: number): boolean {
    return (this.#withheld(this.#state(receiver)) & (1 << contact)) !== 0
  }

  /** What the sender believes that this receiver holds, contact for contact. */
  isBelievedToHold(receiver: number, believed: readonly number[], count: number): void {
    const { held } = this.#state(receiver)
    const set = setOf(believed)
    if (set !== held) throw new Violation(`${receiver} holds ${namesOf(held)}, is believed to hold ${namesOf(set)}`)
    if (believed.length !== sizeOf(set)) throw new Violation(`${receiver} is believed to hold something twice: ${believed.map(nameOf)}`)
    if (count !== believed.length) throw new Violation(`${receiver} holds ${believed.length}, counted as ${count}`)
  }

  /** How many contacts are to be told to this receiver or dropped, at the most. */
  pendingCount(receiver: number): number {
    const state = this.#state(receiver)
    return sizeOf(state.held & ~this.live) + sizeOf(this.#untold(state)) + sizeOf(this.#leftRecently & ~this.live)
  }

  /** The receiver reads a message; `undefined` when its turn passed in silence. */
  reads(
    receiver: number,
    message: { readonly added: readonly number[]; readonly dropped: readonly number[] } | undefined,
    now: number,
  ): void {
    const state = this.#state(receiver)
    const { added, dropped } = message ?? { added: [], dropped: [] }
    if (message !== undefined && added.length + dropped.length === 0) throw new Violation('a message with nothing in it')
    this.#judgeForm(added, dropped)
    this.#judgeDropped(state, setOf(dropped))
    const heldBefore = state.held
    const recent = setOf(added) & ~this.live
    for (const contact of added) this.#judgeAdded(state, contact, now)
    state.held = (state.held & ~setOf(dropped)) | setOf(added)
    this.#judgeOrder(state, added, recent)
    const isFull = added.length >= this.#limits.maxContacts || sizeOf(heldBefore) + added.length >= this.#limits.maxTold
    this.#judgeRest(state, { recent, isFull, droppedCount: dropped.length })
    state.mustDrop = recent
    this.#count(added, dropped, recent, state)
  }

  /** Once nothing happens any more and enough messages were read. */
  isComplete(receiver: number): void {
    const state = this.#state(receiver)
    const dead = state.held & ~this.live
    if (dead !== 0) throw new Violation(`in the end ${receiver} holds ${namesOf(dead)}, who left`)
    const untold = this.#untold(state)
    if (untold !== 0 && sizeOf(state.held) < this.#limits.maxTold) throw new Violation(`in the end ${receiver} lacks ${namesOf(untold)}`)
  }

  #judgeForm(added: readonly number[], dropped: readonly number[]): void {
    const { maxContacts } = this.#limits
    if (added.length > maxContacts) throw new Violation(`${added.length} added, more than ${maxContacts}`)
    if (dropped.length > maxContacts) throw new Violation(`${dropped.length} dropped, more than ${maxContacts}`)
    const [addedSet, droppedSet] = [setOf(added), setOf(dropped)]
    if (sizeOf(addedSet) !== added.length) throw new Violation(`added twice in one message: ${added.map(nameOf)}`)
    if (sizeOf(droppedSet) !== dropped.length) throw new Violation(`dropped twice in one message: ${dropped.map(nameOf)}`)
    if ((addedSet & droppedSet) !== 0) throw new Violation(`added and dropped in one message: ${namesOf(addedSet & droppedSet)}`)
  }

  #judgeDropped(state: ReceiverState, dropped: number): void {
    if ((dropped & this.live) !== 0) throw new Violation(`dropped though live: ${namesOf(dropped & this.live)}`)
    if ((dropped & ~state.held) !== 0) throw new Violation(`dropped though never told: ${namesOf(dropped & ~state.held)}`)
    const late = state.mustDrop & ~this.live & ~dropped
    if (late !== 0) throw new Violation(`told as recently seen and not dropped next: ${namesOf(late)}`)
  }

  #judgeAdded(state: ReceiverState, contact: number, now: number): void {
    const bit = 1 << contact
    if ((state.held & bit) !== 0) throw new Violation(`added though held: ${nameOf(contact)}`)
    if ((this.#visible(state) & bit) === 0) throw new Violation(`added though not for this receiver: ${nameOf(contact)}`)
    if ((this.#withheld(state) & bit) !== 0) throw new Violation(`added though the receiver has it: ${nameOf(contact)}`)
    if ((this.live & bit) === 0) this.#judgeRecent(state, contact, now)
  }

  #judgeRecent(state: ReceiverState, contact: number, now: number): void {
    const { maxRecent, recentMs } = this.#limits
    const leftAt = this.#leftAt[contact] as number
    const family = this.#familySet(contact)
    if ((this.#leftRecently & (1 << contact)) === 0) throw new Violation(`added though gone: ${nameOf(contact)}`)
    if (now - (this.#leftMs[contact] as number) > recentMs) throw new Violation(`not so recently seen: ${nameOf(contact)}`)
    if (sizeOf(this.live & family) >= maxRecent) throw new Violation(`recently seen though enough are live: ${nameOf(contact)}`)
    const newer = bitsWhere(this.#leftRecently & ~this.live & family, (other) => (this.#leftAt[other] as number) > leftAt)
    if (sizeOf(newer) >= maxRecent) throw new Violation(`${maxRecent} were seen later than ${nameOf(contact)}`)
    if (state.toldRecent[contact] === leftAt) throw new Violation(`told as recently seen twice: ${nameOf(contact)}`)
    state.toldRecent[contact] = leftAt
  }

  #judgeOrder(state: ReceiverState, added: readonly number[], recent: number): void {
    let latest = 0
    for (const contact of added) {
      if ((recent & (1 << contact)) !== 0) {
        latest = Number.POSITIVE_INFINITY
        continue
      }
      const connectedAt = this.#connectedAt[contact] as number
      if (connectedAt < latest) throw new Violation(`added out of order: ${added.map(nameOf)}`)
      latest = connectedAt
    }
    const passedOver = bitsWhere(this.#untold(state), (contact) => (this.#connectedAt[contact] as number) < latest)
    if (passedOver !== 0) throw new Violation(`${namesOf(passedOver)} left out for ${added.map(nameOf)}, who came later`)
  }

  /** Nothing waits for the next message that this one had room for. */
  #judgeRest(state: ReceiverState, message: { recent: number; isFull: boolean; droppedCount: number }): void {
    const undropped = state.held & ~this.live & ~message.recent
    const mayWait = undropped !== 0 && message.droppedCount >= this.#limits.maxContacts
    if (undropped !== 0 && !mayWait) throw new Violation(`not dropped though there was room: ${namesOf(undropped)}`)
    const untold = this.#untold(state)
    if (untold !== 0 && !message.isFull && !mayWait) throw new Violation(`not added though there was room: ${namesOf(untold)}`)
    if (sizeOf(state.held) > this.#limits.maxTold) throw new Violation(`holds ${namesOf(state.held)}, too many`)
  }

  #count(added: readonly number[], dropped: readonly number[], recent: number, state: ReceiverState): void {
    const { maxContacts } = this.#limits
    this.seen.added += added.length
    this.seen.dropped += dropped.length
    this.seen.recent += sizeOf(recent)
    if (added.length === maxContacts) this.seen.fullAdded++
    if (dropped.length === maxContacts) this.seen.fullDropped++
    if ((state.held & this.live & (this.#withheld(state) | ~this.#visible(state))) !== 0) this.seen.stillTold++
  }

  /** Live, visible, and neither held nor withheld. */
  #untold(state: ReceiverState): number {
    return this.live & this.#visible(state) & ~this.#withheld(state) & ~state.held
  }

  #visible({ facts }: ReceiverState): number {
    let visible = 0
    for (let contact = 0; contact < this.#audience.length; contact++) {
      if ((facts.sees & (1 << (this.#audience[contact] as number))) !== 0) visible |= 1 << contact
    }
    return visible
  }

  #withheld({ facts, claims }: ReceiverState): number {
    return facts.own < 0 ? claims : claims | (1 << facts.own)
  }

  #familySet(contact: number): number {
    const family = this.#contacts[contact]?.family
    let set = 0
    for (let other = 0; other < this.#contacts.length; other++) if (this.#contacts[other]?.family === family) set |= 1 << other
    return set
  }

  #state(receiver: number): ReceiverState {
    return this.#receivers[receiver] as ReceiverState
  }
}

function setOf(contacts: readonly number[]): number {
  let set = 0
  for (const contact of contacts) set |= 1 << contact
  return set
}

function bitsWhere(set: number, test: (contact: number) => boolean): number {
  let bits = 0
  for (let contact = 0; contact < 30; contact++) if ((set & (1 << contact)) !== 0 && test(contact)) bits |= 1 << contact
  return bits
}
