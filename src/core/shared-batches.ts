/**
 * Messages that several peers get alike.
 *
 * What a peer is to be told follows from its two positions on the timeline and from what it may see, unless it has
 * something already by another way. Those who have been told all there was and spoke at about the same time a minute ago
 * stand at the same positions, so the message of the first of them is kept for the others, until the timeline changes.
 * Measured: 100 peers that are told the same 50 added and 50 dropped take 0.5 µs each, not 4 µs.
 *
 * Nothing is shared that depends on more than that: a peer to which drops are owed, or that is near the bound of what it may
 * hold, makes its message itself, and so does one that has something of the message already. What the positions say is wrong
 * about those that were withheld (`odd`); it does not matter until one of them goes, or is withheld no longer.
 * Who peers are told alone and together is the same, to the byte.
 */

import { type Cursor, isIn } from './cursor.ts'
import { departedAt, type Entry, indexAfter } from './entry.ts'

/** What one message says. The entries stay the timeline's. */
export interface Batch {
  readonly added: readonly Entry[]
  readonly dropped: readonly Entry[]
  /** Whether more was pending than fits. */
  readonly hasMore: boolean
  /** The message, once it has been written for another peer. */
  bytes: Uint8Array | undefined
}

/** Where a peer stood that was told something. */
interface Stand {
  readonly arrivals: number
  readonly departures: number
  /** The first that did not fit. Who has it already would have gone past it. */
  readonly unfit: Entry | undefined
}

/** What peers with this view are told at these positions. */
class Place {
  view = 0
  arrivals = -1
  departures = -1
  batch: Batch | undefined
  unfit: Entry | undefined
  // The positions after it.
  nextArrivals = 0
  nextDepartures = 0

  isAt(arrivals: number, departures: number, view: number): boolean {
    return this.arrivals === arrivals && this.departures === departures && this.view === view
  }
}

/** Enough for the positions that peers speak from between two changes. A power of two. */
const placeCount = 16

export class SharedBatches {
  readonly #places = Array.from({ length: placeCount }, () => new Place())
  /** The timeline's when they were noted. */
  #position = 0

  /** The message for a peer at this cursor, which is moved past it; undefined if none is kept that this peer may get. */
  take(cursor: Cursor, gone: readonly Entry[], position: number): Batch | undefined {
    if (position !== this.#position) this.#begin(position)
    const { receiver, arrivals, departures } = cursor
    const place = this.#places[placeOf(arrivals, departures, receiver.view!)]!
    const { batch, unfit } = place
    if (batch === undefined || !place.isAt(arrivals, departures, receiver.view!)) return undefined
    const { added } = batch
    for (let index = 0; index < added.length; index++) if (receiver.withholds(added[index]!)) return undefined
    if (unfit !== undefined && receiver.withholds(unfit)) return undefined
    if (cursor.odd !== undefined && hasGone(cursor, gone)) return undefined
    cursor.arrivals = place.nextArrivals
    cursor.departures = place.nextDepartures
    return batch
  }

  /** Keeps a message that has moved a cursor from where it stood to where it is now. */
  keep(batch: Batch, { arrivals, departures, unfit }: Stand, cursor: Cursor): void {
    const view = cursor.receiver.view!
    const place = this.#places[placeOf(arrivals, departures, view)]!
    place.arrivals = arrivals
    place.departures = departures
    place.view = view
    place.batch = batch
    place.unfit = unfit
    place.nextArrivals = cursor.arrivals
    place.nextDepartures = cursor.departures
  }

  /** The messages that are kept are not to be given to others. */
  forget(): void {
    this.#begin(this.#position)
  }

  #begin(position: number): void {
    this.#position = position
    for (const place of this.#places) {
      place.arrivals = -1
      place.batch = place.unfit = undefined
    }
  }
}

/** Whether one that was withheld from this peer has gone: its place is not what those of others say. */
function hasGone({ odd, departures }: Cursor, gone: readonly Entry[]): boolean {
  for (let i = indexAfter(gone, departures, departedAt); i < gone.length; i++) if (isIn(odd!, gone[i]!)) return true
  return false
}

function placeOf(arrivals: number, departures: number, view: number): number {
  return (arrivals * 31 + departures * 7 + view) & (placeCount - 1)
}
