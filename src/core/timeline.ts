/**
 * The timeline: which contacts came to one torrent and went, in order, and what each peer was told.
 *
 * BEP 11's note on implementation suggests one list of events for a torrent and a position in it for
 * every peer. One position is not exact when a message cannot hold all that is pending: the part that
 * fits may tell of a contact that has gone since, or drop one that is back. So there are two lists,
 * `live` in the order of arrival and `gone` in the order of departure, numbered by one counter, and a
 * cursor has a position in each. What a peer was told follows from these two numbers:
 *
 *     told(x)  =  (x is visible to the peer  and  x arrived no later than `cursor.arrivals`)  XOR  x is in `cursor.odd`
 *
 * for every x that is live, and for every x that departed after `cursor.departures`. `odd` holds the
 * few about which the positions lie: contacts withheld when their turn came (the peer has them already),
 * and contacts that came back before their drop was sent, so that the peer holds them all along.
 *
 * A message is made in this order, each step only when the one before left nothing behind:
 *
 *     0  owed         dropped; or, live again, held
 *     1  departures   told and dead: dropped; told and live again: held, nothing is sent
 *     2  arrivals     told unless withheld; never before 1 is done, or `arrivals` would pass over
 *                     contacts that died before they were told
 *     3  recent       contacts that we hung up on ourselves, while few are live (`recent.ts`)
 *
 * Invariants, after every message: dropped ⊆ told and dead, added ⊆ (live or recent) and not told, and
 * told(x) is what the peer holds, to the letter. A peer that keeps listening ends with exactly the live
 * contacts that are visible to it and not withheld.
 */

import type { EndpointKey, Family } from '../codec/contact.ts'
import type { Limits } from './limits.ts'
import { Recent } from './recent.ts'
import { SharedBatches } from './shared-batches.ts'

/** A contact on the timeline. The same endpoint that comes back is another entry. */
export interface Entry {
  readonly key: EndpointKey
  readonly family: Family
  /** The compact endpoint: 6 or 18 bytes. */
  readonly bytes: Uint8Array
  /** Who may see it, a number that means something to `Receiver.sees` only; it never changes. */
  readonly audience: number
  /** The flag byte that the next receivers get. Those who were told are not told again. */
  flags: number
  /** Position of its arrival, from 1. */
  readonly arrivedAt: number
  /** Position of its departure; 0 while it is live. */
  departedAt: number
}

/** What the timeline must know of the peer that a message is for. */
export interface Receiver {
  /** Whether a contact of this audience may ever be told to it. The same answer for as long as the cursor lives. */
  sees(audience: number): boolean
  /** Whether it has this contact already by another way: its own address, or what it claims itself. May change at any time. */
  withholds(entry: Entry): boolean
  /** Two receivers with the same number see the same, so they may share a message. One without shares none. */
  readonly view?: number | undefined
}

/** What one message says. The entries stay the timeline's. */
export interface Batch {
  readonly added: readonly Entry[]
  readonly dropped: readonly Entry[]
  /** Whether more was pending than fits. */
  readonly hasMore: boolean
  /** The message, once it has been written for another peer; the flags in it may have changed since. */
  bytes: Uint8Array | undefined
}

/** A peer's place on the timeline: a few numbers, whatever the size of the swarm. */
export class Cursor {
  /** Arrivals up to this position have been told. */
  arrivals = 0
  /** Departures up to this position have been told. */
  departures: number
  /** Position of the last message: what departed before it is not told as recently seen. */
  recent = 0
  /** How many of our contacts the peer holds. */
  toldCount = 0
  /** The entries about which the positions lie. */
  odd: Set<Entry> | undefined = undefined
  /** What must be dropped next, in this order. */
  owed: Entry[] | undefined = undefined

  constructor(departures: number) {
    this.departures = departures
  }

  /** Whether the peer holds this contact of ours. */
  holds(entry: Entry, receiver: Receiver): boolean {
    const byPosition = entry.arrivedAt <= this.arrivals && receiver.sees(entry.audience)
    return byPosition !== (this.odd?.has(entry) ?? false)
  }

  /** From now on the peer counts as holding this one: it has the same endpoint from an earlier entry. */
  hold(entry: Entry, receiver: Receiver): void {
    if (!this.holds(entry, receiver)) this.flip(entry)
  }

  /** Turn round what the positions say of this entry. */
  flip(entry: Entry): void {
    if (this.odd === undefined) this.odd = new Set()
    if (!this.odd.delete(entry)) this.odd.add(entry)
  }
}

export class Timeline {
  readonly #limits: Limits
  readonly #live = new Map<EndpointKey, Entry>()
  /** Live entries by arrival, with holes where one has departed; `#arrivalHoles` counts them. */
  #arrivals: Entry[] = []
  #arrivalHoles = 0
  #gone: Entry[] = []
  /** Fewer departures are not worth a look at who has not been told of them. */
  #forgetAt = 32
  readonly #recent: Recent
  readonly #cursors = new Map<Cursor, Receiver>()
  readonly #shared = new SharedBatches()
  #position = 0
  #live4 = 0

  /** Cursors that fell too far behind and were let go, ever. */
  retiredCount = 0

  constructor(limits: Limits) {
    this.#limits = limits
    this.#recent = new Recent(limits)
  }

  /** Number of the last event; it grows with each. */
  get position(): number {
    return this.#position
  }

  get liveCount(): number {
    return this.#live.size
  }

  /** Departures that are kept for those who have not been told. */
  get goneCount(): number {
    return this.#gone.length
  }

  live(key: EndpointKey): Entry | undefined {
    return this.#live.get(key)
  }

  liveEntries(): IterableIterator<Entry> {
    return this.#live.values()
  }

  /** A contact is there. Its endpoint must not be live. The bytes are kept, not copied. */
  connect(key: EndpointKey, bytes: Uint8Array, audience: number, flags: number): Entry {
    const family = bytes.length === 6 ? 4 : 6
    const entry: Entry = { key, family, bytes, audience, flags, arrivedAt: ++this.#position, departedAt: 0 }
    this.#live.set(key, entry)
    this.#arrivals.push(entry)
    if (family === 4) this.#live4++
    this.#recent.remove(key, family)
    return entry
  }

  /** A contact has gone. `recentlySeen` when we hung up for one of the three reasons of BEP 11. */
  disconnect(entry: Entry, recentlySeen: 'recent' | 'gone', now: number): void {
    if (entry.departedAt !== 0) return
    entry.departedAt = ++this.#position
    this.#live.delete(entry.key)
    if (entry.family === 4) this.#live4--
    this.#gone.push(entry)
    if (recentlySeen === 'recent') this.#recent.push(entry, now)
    if (++this.#arrivalHoles > 32 && this.#arrivalHoles * 2 > this.#arrivals.length) this.#closeHoles()
    if (this.#gone.length >= Math.min(this.#forgetAt, this.#maxGone())) this.#forgetDepartures()
  }

  /** A place for a peer that has been told nothing. `close` it when the peer has gone. */
  open(receiver: Receiver): Cursor {
    const cursor = new Cursor(this.#position)
    this.#cursors.set(cursor, receiver)
    return cursor
  }

  close(cursor: Cursor): void {
    this.#cursors.delete(cursor)
  }

  /** False once the cursor was closed, or retired because too much was owed to it. */
  isOpen(cursor: Cursor): boolean {
    return this.#cursors.has(cursor)
  }

  /** All that this peer holds of ours, and would have to be dropped if we left. */
  heldBy(cursor: Cursor): readonly Entry[] {
    const receiver = this.#cursors.get(cursor)
    if (receiver === undefined) return []
    const unheard = this.#gone.slice(indexAfter(this.#gone, cursor.departures, departedAt))
    const held = [...unheard, ...this.#live.values()].filter((entry) => cursor.holds(entry, receiver))
    return [...(cursor.owed ?? []), ...held]
  }

  /** Whether `take` has something to look at. A cursor that is caught up costs nothing until the timeline changes. */
  isBehind(cursor: Cursor): boolean {
    return cursor.arrivals !== this.#position || cursor.departures !== this.#position || (cursor.owed?.length ?? 0) > 0
  }

  /** The next message for this peer, and the cursor moved past it; undefined when there is nothing to say. */
  take(cursor: Cursor, now: number): Batch | undefined {
    const receiver = this.#cursors.get(cursor)
    if (receiver === undefined) return undefined
    const batch = this.#takeShared(cursor, receiver) ?? this.#takeOwn(cursor, receiver, now)
    cursor.recent = this.#position
    const { added, dropped } = batch
    cursor.toldCount += added.length - dropped.length
    return added.length + dropped.length === 0 ? undefined : batch
  }

  #takeShared(cursor: Cursor, receiver: Receiver): Batch | undefined {
    if (!this.#mayShare(cursor, receiver)) return undefined
    return this.#shared.take(cursor, receiver, receiver.view as number, this.#position)
  }

  /** Whether the next message follows from the positions and the view alone, but for what is withheld. */
  #mayShare({ odd, owed, toldCount }: Cursor, { view }: Receiver): boolean {
    if (view === undefined || odd !== undefined || owed !== undefined) return false
    return toldCount + this.#limits.maxContacts <= this.#limits.maxTold && !this.#tellsRecent(4) && !this.#tellsRecent(6)
  }

  #takeOwn(cursor: Cursor, receiver: Receiver, now: number): Batch {
    const { arrivals, departures } = cursor
    const mayShare = this.#mayShare(cursor, receiver)
    const dropped: Entry[] = []
    const added: Entry[] = []
    const caughtUp = this.#takeOwed(cursor, receiver, dropped) && this.#takeDepartures(cursor, receiver, dropped)
    let hasMore = !caughtUp
    if (caughtUp) {
      hasMore = !this.#takeArrivals(cursor, receiver, added)
      this.#takeRecent(cursor, receiver, added, dropped, now)
    }
    const batch: Batch = { added, dropped, hasMore, bytes: undefined }
    if (mayShare && cursor.odd === undefined) {
      const next = hasMore && caughtUp ? this.#nextArrival(cursor, receiver) : undefined
      this.#shared.keep({ batch, next, view: receiver.view as number, arrivals, departures }, cursor, this.#position)
    }
    return batch
  }

  /** The first that a message had no room for. */
  #nextArrival(cursor: Cursor, receiver: Receiver): Entry | undefined {
    let place = indexAfter(this.#arrivals, cursor.arrivals, arrivedAt)
    for (; place < this.#arrivals.length; place++) {
      const entry = this.#arrivals[place] as Entry
      if (entry.departedAt === 0 && receiver.sees(entry.audience)) return entry
    }
    return undefined
  }

  #takeOwed(cursor: Cursor, receiver: Receiver, dropped: Entry[]): boolean {
    const owed = cursor.owed
    if (owed === undefined) return true
    let taken = 0
    for (const entry of owed) {
      const again = this.#live.get(entry.key)
      if (again !== undefined) cursor.hold(again, receiver)
      else if (dropped.length >= this.#limits.maxContacts) break
      else dropped.push(entry)
      taken++
    }
    cursor.owed = taken === owed.length ? undefined : owed.slice(taken)
    return cursor.owed === undefined
  }

  #takeDepartures(cursor: Cursor, receiver: Receiver, dropped: Entry[]): boolean {
    const gone = this.#gone
    for (let i = indexAfter(gone, cursor.departures, departedAt); i < gone.length; i++) {
      const entry = gone[i] as Entry
      if (cursor.holds(entry, receiver)) {
        const again = this.#live.get(entry.key)
        if (again !== undefined) cursor.hold(again, receiver)
        else if (dropped.length >= this.#limits.maxContacts) return false
        else dropped.push(entry)
      }
      cursor.odd?.delete(entry)
      cursor.departures = entry.departedAt
    }
    cursor.departures = this.#position
    return true
  }

  #takeArrivals(cursor: Cursor, receiver: Receiver, added: Entry[]): boolean {
    const room = Math.min(this.#limits.maxContacts, this.#limits.maxTold - cursor.toldCount)
    if (cursor.odd !== undefined) {
      for (const entry of cursor.odd) {
        if (entry.arrivedAt > cursor.arrivals || !receiver.sees(entry.audience) || receiver.withholds(entry)) continue
        if (added.length >= room) return false
        added.push(entry)
        cursor.odd.delete(entry)
      }
    }
    const arrivals = this.#arrivals
    for (let i = indexAfter(arrivals, cursor.arrivals, arrivedAt); i < arrivals.length; i++) {
      const entry = arrivals[i] as Entry
      if (entry.departedAt !== 0) continue
      if (receiver.sees(entry.audience)) {
        if (cursor.odd?.has(entry)) cursor.odd.delete(entry)
        else if (receiver.withholds(entry)) cursor.flip(entry)
        else if (added.length >= room) return false
        else added.push(entry)
      }
      cursor.arrivals = entry.arrivedAt
    }
    if (cursor.odd?.size === 0) cursor.odd = undefined
    cursor.arrivals = this.#position
    return true
  }

  /** Tells what was recently seen, each to each peer at most once, and owes its drop at once: BEP 11, “Filling underpopulated lists”. */
  #takeRecent(cursor: Cursor, receiver: Receiver, added: Entry[], dropped: readonly Entry[], now: number): void {
    for (const family of [4, 6] as const) {
      const liveCount = this.#liveCount(family)
      if (liveCount >= this.#limits.maxRecent) continue
      for (const entry of this.#recent.since(cursor.recent, family, now)) {
        if (added.length >= Math.min(this.#limits.maxContacts, this.#limits.maxTold - cursor.toldCount)) break
        if (!receiver.sees(entry.audience) || receiver.withholds(entry) || dropped.some(({ key }) => key === entry.key)) continue
        added.push(entry)
        if (cursor.owed === undefined) cursor.owed = []
        cursor.owed.push(entry)
      }
    }
  }

  #tellsRecent(family: Family): boolean {
    return this.#liveCount(family) < this.#limits.maxRecent && this.#recent.has(family)
  }

  #liveCount(family: Family): number {
    return family === 4 ? this.#live4 : this.#live.size - this.#live4
  }

  #maxGone(): number {
    return Math.max(this.#limits.maxDepartures, 2 * this.#live.size)
  }

  #closeHoles(): void {
    this.#arrivals = this.#arrivals.filter((entry) => entry.departedAt === 0)
    this.#arrivalHoles = 0
  }

  /**
   * Forgets the departures that everybody has been told: when they have doubled, and are more than the cursors that are looked at.
   * At the bound those furthest behind copy what they are still owed, which is exact, and at most what they were told.
   */
  #forgetDepartures(): void {
    const maxGone = this.#maxGone()
    const keep = this.#gone.length < maxGone ? maxGone : Math.floor(maxGone / 2)
    const horizon = this.#gone.length > keep ? (this.#gone[this.#gone.length - keep - 1] as Entry).departedAt : 0
    let smallest = this.#position
    for (const [cursor, receiver] of this.#cursors) {
      if (cursor.departures < horizon) this.#copyOwed(cursor, receiver)
      else smallest = Math.min(smallest, cursor.departures)
    }
    this.#gone = this.#gone.slice(indexAfter(this.#gone, smallest, departedAt))
    this.#forgetAt = Math.max(32, this.#cursors.size, 2 * this.#gone.length)
  }

  #copyOwed(cursor: Cursor, receiver: Receiver): void {
    const owed = cursor.owed ?? []
    for (let i = indexAfter(this.#gone, cursor.departures, departedAt); i < this.#gone.length; i++) {
      const entry = this.#gone[i] as Entry
      if (cursor.holds(entry, receiver)) {
        const again = this.#live.get(entry.key)
        if (again === undefined) owed.push(entry)
        else cursor.hold(again, receiver)
      }
      cursor.odd?.delete(entry)
    }
    cursor.departures = this.#position
    cursor.owed = owed.length > 0 ? owed : undefined
    // Who came back meanwhile keeps its place in `owed`, but is no longer owed a drop.
    if (owed.filter(({ key }) => !this.#live.has(key)).length > this.#limits.maxOwed) {
      this.#cursors.delete(cursor)
      cursor.odd = undefined
      cursor.owed = undefined
      this.retiredCount++
    }
  }
}

const arrivedAt = (entry: Entry): number => entry.arrivedAt
const departedAt = (entry: Entry): number => entry.departedAt

/** Index of the first entry whose position is greater than this one, in a list sorted by it. */
function indexAfter(entries: readonly Entry[], position: number, positionOf: (entry: Entry) => number): number {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (positionOf(entries[middle] as Entry) > position) high = middle
    else low = middle + 1
  }
  return low
}
