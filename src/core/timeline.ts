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
import { type Cursor, deaf, flip, holds, isIn, isToldByPosition, settle } from './cursor.ts'
import { arrivedAt, departedAt, Entry, indexAfter } from './entry.ts'
import { EntryTable } from './entry-table.ts'
import type { Limits } from './limits.ts'
import { Recent } from './recent.ts'
import { type Batch, SharedBatches } from './shared-batches.ts'

/** From whom more was withheld than this, some of that has usually gone: to look for it costs more than a message of its own. */
const maxOddToShare = 4

export class Timeline {
  readonly #limits: Limits
  readonly #cursors: () => Iterable<Cursor>
  readonly #live: EntryTable
  /** Live entries by arrival, with holes where one has departed; `#arrivalHoles` counts them. */
  #arrivals: Entry[] = []
  #arrivalHoles = 0
  #gone: Entry[] = []
  /** Fewer departures are not worth a look at who has not been told of them. */
  #forgetAt = 32
  readonly #recent: Recent
  readonly #shared = new SharedBatches()
  #position = 0
  #live4 = 0
  // The lists of the message that is being made, and the first that did not fit. Reused, because most messages are made for one peer.
  readonly #added: Entry[] = []
  readonly #dropped: Entry[] = []
  #addedCount = 0
  #droppedCount = 0
  #unfit: Entry | undefined

  /** Cursors that fell too far behind and were let go, ever. */
  retiredCount = 0

  /**
   * @param cursors all that are open, and perhaps some that are not: looked through when those furthest behind have to be found
   * @param seed of the hash table: any 32-bit integer that peers cannot guess
   */
  constructor(limits: Limits, cursors: () => Iterable<Cursor>, seed: number) {
    this.#limits = limits
    this.#cursors = cursors
    this.#live = new EntryTable(seed)
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

  /** A list of its own, in the order of arrival. */
  liveEntries(): Entry[] {
    return this.#arrivals.filter((entry) => entry.departedAt === 0)
  }

  /** A contact is there. Its endpoint must not be live. */
  connect(key: EndpointKey, audience: number, flags: number): Entry {
    const entry = new Entry({ key, hash: this.#live.hashOf(key), audience, flags, arrivedAt: ++this.#position })
    this.#live.add(entry)
    this.#arrivals.push(entry)
    if (entry.family === 4) this.#live4++
    this.#recent.remove(key, entry.family)
    return entry
  }

  /** A contact has gone. `recentlySeen` when we hung up for one of the three reasons of BEP 11. */
  disconnect(entry: Entry, recentlySeen: 'recent' | 'gone', now: number): void {
    if (entry.departedAt !== 0) return
    entry.departedAt = ++this.#position
    this.#live.delete(entry)
    if (entry.family === 4) this.#live4--
    this.#gone.push(entry)
    if (recentlySeen === 'recent') this.#recent.push(entry, now)
    if (++this.#arrivalHoles > 32 && this.#arrivalHoles * 2 > this.#arrivals.length) this.#closeHoles()
    if (this.#gone.length >= Math.min(this.#forgetAt, this.#maxGone())) this.#forgetDepartures()
  }

  /** Those who are told of this contact from now on get these flags. */
  setFlags(entry: Entry, flags: number): void {
    if (entry.flags === flags) return
    entry.flags = flags
    this.#shared.forget()
  }

  /** The peer has been told nothing, and listens from now on. `close` its cursor when it has gone. */
  open(cursor: Cursor): void {
    cursor.arrivals = cursor.recent = cursor.toldCount = 0
    cursor.departures = this.#position
    cursor.odd = cursor.owed = undefined
    cursor.isReleased = false
  }

  close(cursor: Cursor): void {
    cursor.departures = deaf.closed
    cursor.odd = cursor.owed = undefined
    cursor.toldCount = 0
  }

  /** Something that was withheld from this peer may be told to it now. */
  release(cursor: Cursor): void {
    cursor.isReleased = cursor.odd !== undefined
  }

  /** False once the cursor was closed, or retired because too much was owed to it. */
  isOpen(cursor: Cursor): boolean {
    return cursor.departures >= 0
  }

  /** All that this peer holds of ours, and would have to be dropped if we left. */
  heldBy(cursor: Cursor): readonly Entry[] {
    if (!this.isOpen(cursor)) return []
    const unheard = this.#gone.slice(indexAfter(this.#gone, cursor.departures, departedAt))
    const held = [...unheard, ...this.liveEntries()].filter((entry) => holds(cursor, entry))
    return [...(cursor.owed ?? []), ...held]
  }

  /** Whether `take` has something to look at. A cursor that is caught up costs nothing until the timeline changes. */
  isBehind(cursor: Cursor): boolean {
    const { arrivals, departures, owed, isReleased } = cursor
    return arrivals !== this.#position || departures !== this.#position || owed !== undefined || isReleased
  }

  /** The next message for this peer, and the cursor moved past it; undefined when there is nothing to say. */
  take(cursor: Cursor, now: number): Batch | undefined {
    if (!this.isOpen(cursor)) return undefined
    const batch = this.#takeShared(cursor) ?? this.#takeOwn(cursor, now)
    cursor.recent = this.#position
    const { added, dropped } = batch
    cursor.toldCount += added.length - dropped.length
    return added.length + dropped.length === 0 ? undefined : batch
  }

  #takeShared(cursor: Cursor): Batch | undefined {
    return this.#mayShare(cursor) ? this.#shared.take(cursor, this.#gone, this.#position) : undefined
  }

  /** Whether the next message follows from the positions and the view alone, but for what is withheld. */
  #mayShare({ receiver, arrivals, odd, owed, toldCount, isReleased }: Cursor): boolean {
    if (receiver.view === undefined || isReleased || owed !== undefined) return false
    if (odd !== undefined && (odd.length > maxOddToShare || odd[odd.length - 1]! > arrivals)) return false
    return toldCount + this.#limits.maxContacts <= this.#limits.maxTold && !this.#tellsRecent(4) && !this.#tellsRecent(6)
  }

  #takeOwn(cursor: Cursor, now: number): Batch {
    const { arrivals, departures, odd } = cursor
    const mayShare = this.#mayShare(cursor)
    this.#addedCount = this.#droppedCount = 0
    this.#unfit = undefined
    const caughtUp = this.#takeOwed(cursor) && this.#takeDepartures(cursor)
    let hasMore = !caughtUp
    if (caughtUp) {
      hasMore = !(this.#takeReleased(cursor) && this.#takeArrivals(cursor))
      this.#takeRecent(cursor, now)
    }
    const added = this.#added.slice(0, this.#addedCount)
    const dropped = this.#dropped.slice(0, this.#droppedCount)
    const batch: Batch = { added, dropped, hasMore, bytes: undefined }
    // What is wrong about this peer's places did not matter, and none of it waits among the departures that are left.
    const isPlain = cursor.odd === odd && (odd === undefined || caughtUp)
    if (mayShare && isPlain) this.#shared.keep(batch, { arrivals, departures, unfit: this.#unfit }, cursor)
    return batch
  }

  #takeOwed(cursor: Cursor): boolean {
    const owed = cursor.owed
    if (owed === undefined) return true
    let taken = 0
    for (const entry of owed) {
      // It may be of the timeline that the peer heard before, whose hashes are others.
      const again = this.#live.get(entry.key)
      if (again !== undefined) flip(cursor, again)
      else if (this.#droppedCount >= this.#limits.maxContacts) break
      else this.#drop(entry)
      taken++
    }
    cursor.owed = taken === owed.length ? undefined : owed.slice(taken)
    return cursor.owed === undefined
  }

  #takeDepartures(cursor: Cursor): boolean {
    const gone = this.#gone
    for (let i = indexAfter(gone, cursor.departures, departedAt); i < gone.length; i++) {
      const entry = gone[i]!
      const isOdd = cursor.odd !== undefined && isIn(cursor.odd, entry)
      if (isToldByPosition(cursor, entry) !== isOdd) {
        const again = this.#live.like(entry)
        if (again !== undefined) flip(cursor, again)
        else if (this.#droppedCount >= this.#limits.maxContacts) return false
        else this.#drop(entry)
      }
      if (isOdd) settle(cursor, entry)
      cursor.departures = entry.departedAt
    }
    cursor.departures = this.#position
    return true
  }

  /** What was withheld when its turn came, and no longer is. */
  #takeReleased(cursor: Cursor): boolean {
    if (!cursor.isReleased) return true
    const { odd = [], receiver } = cursor
    const room = this.#roomFor(cursor)
    for (const position of odd) {
      if (position > cursor.arrivals) break
      // Whoever has departed is not in `odd` any more.
      const entry = this.#arrivals[indexAfter(this.#arrivals, position - 1, arrivedAt)]!
      if (!receiver.sees(entry.audience) || receiver.withholds(entry)) continue
      if (this.#addedCount >= room) return false
      this.#add(entry)
      settle(cursor, entry)
    }
    cursor.isReleased = false
    return true
  }

  #takeArrivals(cursor: Cursor): boolean {
    const { receiver } = cursor
    const room = this.#roomFor(cursor)
    const arrivals = this.#arrivals
    for (let i = indexAfter(arrivals, cursor.arrivals, arrivedAt); i < arrivals.length; i++) {
      const entry = arrivals[i]!
      if (entry.departedAt !== 0) continue
      if (receiver.sees(entry.audience)) {
        if (cursor.odd !== undefined && isIn(cursor.odd, entry)) settle(cursor, entry)
        else if (receiver.withholds(entry)) flip(cursor, entry)
        else if (this.#addedCount >= room) {
          this.#unfit = entry
          return false
        } else this.#add(entry)
      }
      cursor.arrivals = entry.arrivedAt
    }
    cursor.arrivals = this.#position
    return true
  }

  /** Tells what was recently seen, each to each peer at most once, and owes its drop at once: BEP 11, “Filling underpopulated lists”. */
  #takeRecent(cursor: Cursor, now: number): void {
    const { receiver } = cursor
    for (const family of [4, 6] as const) {
      if (!this.#tellsRecent(family)) continue
      for (const entry of this.#recent.since(cursor.recent, family, now)) {
        if (this.#addedCount >= this.#roomFor(cursor)) break
        if (!receiver.sees(entry.audience) || receiver.withholds(entry) || this.#isDropped(entry)) continue
        this.#add(entry)
        cursor.owed = [...(cursor.owed ?? []), entry]
      }
    }
  }

  #tellsRecent(family: Family): boolean {
    return this.#liveCount(family) < this.#limits.maxRecent && this.#recent.has(family)
  }

  #roomFor(cursor: Cursor): number {
    return Math.min(this.#limits.maxContacts, this.#limits.maxTold - cursor.toldCount)
  }

  #add(entry: Entry): void {
    this.#added[this.#addedCount++] = entry
  }

  #drop(entry: Entry): void {
    this.#dropped[this.#droppedCount++] = entry
  }

  #isDropped({ key }: Entry): boolean {
    for (let i = 0; i < this.#droppedCount; i++) if (this.#dropped[i]!.key === key) return true
    return false
  }

  #liveCount(family: Family): number {
    return family === 4 ? this.#live4 : this.#live.size - this.#live4
  }

  #maxGone(): number {
    return Math.max(this.#limits.maxDepartures, 2 * this.#live.size)
  }

  #closeHoles(): void {
    this.#arrivals = this.liveEntries()
    this.#arrivalHoles = 0
  }

  /**
   * Forgets the departures that everybody has been told: when they have doubled, and are more than the cursors that are looked at.
   * At the bound those furthest behind copy what they are still owed, which is exact, and at most what they were told.
   */
  #forgetDepartures(): void {
    const maxGone = this.#maxGone()
    const keep = this.#gone.length < maxGone ? maxGone : Math.floor(maxGone / 2)
    const horizon = this.#gone.length > keep ? this.#gone[this.#gone.length - keep - 1]!.departedAt : 0
    let smallest = this.#position
    let cursorCount = 0
    for (const cursor of this.#cursors()) {
      cursorCount++
      if (!this.isOpen(cursor)) continue
      if (cursor.departures < horizon) this.#copyOwed(cursor)
      else smallest = Math.min(smallest, cursor.departures)
    }
    this.#gone = this.#gone.slice(indexAfter(this.#gone, smallest, departedAt))
    this.#forgetAt = Math.max(32, cursorCount, 2 * this.#gone.length)
  }

  #copyOwed(cursor: Cursor): void {
    const owed = [...(cursor.owed ?? [])]
    for (let i = indexAfter(this.#gone, cursor.departures, departedAt); i < this.#gone.length; i++) {
      const entry = this.#gone[i]!
      if (holds(cursor, entry)) {
        const again = this.#live.like(entry)
        if (again === undefined) owed.push(entry)
        else flip(cursor, again)
      }
      settle(cursor, entry)
    }
    cursor.departures = this.#position
    cursor.owed = owed.length > 0 ? owed : undefined
    // Who came back meanwhile keeps its place in `owed`, but is no longer owed a drop.
    if (owed.filter(({ key }) => this.#live.get(key) === undefined).length > this.#limits.maxOwed) {
      this.close(cursor)
      cursor.departures = deaf.retired
      this.retiredCount++
    }
  }
}
