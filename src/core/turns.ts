/**
 * Whose turn it is, of all connections of a swarm: those that are due at some time, and those that have been told all there
 * was and sleep until something happens.
 */

import type { Connection } from './connection.ts'
import { Schedule, type Scheduled } from './schedule.ts'

export class Turns<Id> {
  readonly #schedule = new Schedule<Connection<Id>>()
  /** Whoever fell asleep since all were woken last; some of them may be awake again, or closed. */
  #asleep: Connection<Id>[] = []
  #closedCount = 0

  /** When the first one is due; undefined when nobody ever is. */
  get nextDueAt(): number | undefined {
    return this.#schedule.nextDueAt
  }

  /** The first one if it is due. It must not be due now any more when it is `changed`. */
  due(now: number): Connection<Id> | undefined {
    return this.#schedule.due(now)
  }

  /** Its outbox was due at `before`, which may have changed. */
  changed(connection: Connection<Id>, before: number): void {
    const { outbox } = connection
    if (outbox.dueAt !== before) this.#schedule.update(connection)
    if (!outbox.isAsleep || connection.isListedAsleep) return
    connection.isListedAsleep = true
    this.#asleep.push(connection)
  }

  /** Something has happened that all are to be told: each wakes once for all that it has not heard. */
  wakeAll(now: number): void {
    const asleep = this.#asleep
    this.#asleep = []
    for (const connection of asleep) {
      connection.isListedAsleep = false
      if (!connection.outbox.isAsleep) continue
      connection.outbox.wake(now)
      this.changed(connection, Number.POSITIVE_INFINITY)
    }
  }

  /** A connection was closed. Before more than one in sixteen of those kept are, they are forgotten. */
  closed(): void {
    this.#schedule.forget()
    if (++this.#closedCount * 16 < this.#asleep.length) return
    this.#closedCount = 0
    this.#asleep = this.#asleep.filter(({ state }) => state !== 'closed')
  }
}

/** A connection that is taken as it is at some time, if it has not said by then which pieces it has. */
export class Settling<Id> implements Scheduled {
  readonly connection: Connection<Id>
  readonly #at: number

  constructor(connection: Connection<Id>, at: number) {
    this.connection = connection
    this.#at = at
  }

  get dueAt(): number {
    return this.connection.state === 'settling' ? this.#at : Number.POSITIVE_INFINITY
  }
}
