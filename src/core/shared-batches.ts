/**
 * Messages that several peers get alike.
 *
 * What a peer is to be told follows from its two positions on the timeline and from what it may see, unless it has
 * something already by another way. Those who have been told all there was and spoke at about the same time a minute ago
 * stand at the same positions, so the message of the first of them is kept for the others, until the timeline changes.
 * Measured: 100 peers that are told the same 50 added and 50 dropped take 1 µs each, not 5 µs.
 *
 * Nothing is shared that depends on more than that: a peer about which the positions lie (`odd`), to which drops are owed, or
 * that is near the bound of what it may hold makes its message itself, and so does one that has something of the
 * message already. Who peers are told alone and together is the same, to the byte.
 */

import type { Batch, Cursor, Entry, Receiver } from './timeline.ts'

/** What a peer with this view is told at these positions. */
export interface SharedBatch {
  readonly batch: Batch
  /** The first that did not fit. Who has it already would have gone past it. */
  readonly next: Entry | undefined
  readonly view: number
  readonly arrivals: number
  readonly departures: number
}

interface Kept extends SharedBatch {
  // The positions after it.
  readonly nextArrivals: number
  readonly nextDepartures: number
}

/** Places for messages: enough for the positions that peers speak from between two changes. A power of two. */
const placeCount = 16

export class SharedBatches {
  readonly #kept: (Kept | undefined)[] = new Array(placeCount).fill(undefined)
  /** The timeline's when they were made. */
  #position = 0

  /** The message for a peer at this cursor, which is moved past it; undefined if none is kept that this peer may get. */
  take(cursor: Cursor, receiver: Receiver, view: number, position: number): Batch | undefined {
    if (position !== this.#position) return undefined
    const kept = this.#kept[placeOf(cursor.arrivals, cursor.departures, view)]
    if (kept?.arrivals !== cursor.arrivals || kept.departures !== cursor.departures || kept.view !== view) return undefined
    const { added } = kept.batch
    for (let index = 0; index < added.length; index++) if (receiver.withholds(added[index]!)) return undefined
    if (kept.next !== undefined && receiver.withholds(kept.next)) return undefined
    cursor.arrivals = kept.nextArrivals
    cursor.departures = kept.nextDepartures
    return kept.batch
  }

  /** Keeps a message that has moved a cursor to where it is now. */
  keep(shared: SharedBatch, { arrivals, departures }: Cursor, position: number): void {
    if (position !== this.#position) this.#kept.fill(undefined)
    this.#position = position
    this.#kept[placeOf(shared.arrivals, shared.departures, shared.view)] = {
      ...shared,
      nextArrivals: arrivals,
      nextDepartures: departures,
    }
  }
}

function placeOf(arrivals: number, departures: number, view: number): number {
  return (arrivals * 31 + departures * 7 + view) & (placeCount - 1)
}
