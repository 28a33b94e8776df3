/** A place on a timeline for a receiver of a test. */

import { type Cursor, deaf, type Receiver } from '../../../src/core/cursor.ts'

export function newCursor(receiver: Receiver): Cursor {
  return {
    receiver,
    arrivals: 0,
    departures: deaf.closed,
    recent: 0,
    toldCount: 0,
    odd: undefined,
    owed: undefined,
    isReleased: false,
  }
}
