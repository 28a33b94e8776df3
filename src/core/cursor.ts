/**
 * A peer's place on a timeline: what it was told, in a few numbers, whatever the size of the swarm.
 *
 * What the positions say is wrong about the entries in `odd`, see `timeline.ts`. An entry is named there by the position of
 * its arrival, in 8 bytes; the list is small, sorted and never written to, so that it takes no more than it needs, and who
 * has the same one before and after a message has had nothing happen to it.
 */

import type { Entry } from './entry.ts'

/** What the timeline must know of the peer that a message is for. */
export interface Receiver {
  /** Whether a contact of this audience may ever be told to it. The same answer for as long as the cursor is open. */
  sees(audience: number): boolean
  /** Whether it has this contact already by another way: its own address, or what it claims itself. May change at any time; when that ends, `Timeline.release` must be called. */
  withholds(entry: Entry): boolean
  /** Two receivers with the same number see the same, so they may share a message. One without shares none. */
  readonly view?: number | undefined
}

/** What `departures` is of a cursor that hears nothing. */
export const deaf = {
  closed: -1,
  /** Too much was owed to it. */
  retired: -2,
} as const

export interface Cursor {
  readonly receiver: Receiver
  /** Arrivals up to this position have been told. */
  arrivals: number
  /** Departures up to this position have been told; one of `deaf` while it is not open. */
  departures: number
  /** Position of the last message: what departed before it is not told as recently seen. */
  recent: number
  /** How many of our contacts the peer holds. */
  toldCount: number
  /** The entries about which the positions lie, by their arrival. */
  odd: readonly number[] | undefined
  /** What must be dropped next, in this order. */
  owed: readonly Entry[] | undefined
  /** Whether some of `odd` may be withheld no longer. */
  isReleased: boolean
}

/** Whether the peer holds this contact of ours. */
export function holds(cursor: Cursor, entry: Entry): boolean {
  return isToldByPosition(cursor, entry) !== (cursor.odd !== undefined && isIn(cursor.odd, entry))
}

/** What the positions say, whether it is true or not. */
export function isToldByPosition({ arrivals, receiver }: Cursor, entry: Entry): boolean {
  return entry.arrivedAt <= arrivals && receiver.sees(entry.audience)
}

/**
 * What the positions say of this entry, which was true so far, is wrong from now on: it is withheld, or it came after `arrivals` and
 * the peer holds its endpoint from an earlier entry.
 */
export function flip(cursor: Cursor, { arrivedAt }: Entry): void {
  const { odd = [] } = cursor
  const place = placeOf(odd, arrivedAt)
  cursor.odd = [...odd.slice(0, place), arrivedAt, ...odd.slice(place)]
}

/** What the positions say of this entry is true from now on, as it may have been before. */
export function settle(cursor: Cursor, entry: Entry): void {
  const { odd } = cursor
  if (odd === undefined || !isIn(odd, entry)) return
  cursor.odd = odd.length === 1 ? undefined : odd.filter((position) => position !== entry.arrivedAt)
}

export function isIn(odd: readonly number[], { arrivedAt }: Entry): boolean {
  // Most that are asked for came after all of them.
  return arrivedAt <= odd[odd.length - 1]! && odd[placeOf(odd, arrivedAt)] === arrivedAt
}

/** The place of this position in a sorted list, or where it would be. */
function placeOf(odd: readonly number[], position: number): number {
  let low = 0
  let high = odd.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (odd[middle]! < position) low = middle + 1
    else high = middle
  }
  return low
}
