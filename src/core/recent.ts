/**
 * Recently seen contacts: BEP 11, “Filling underpopulated lists”.
 *
 * A swarm of seeds hangs up on itself all the time: its live lists are nearly empty though everybody
 * has met many peers. So contacts that *we* hung up on, for one of the three reasons that say nothing
 * against them, may be told for a while as if they were live, and are dropped in the very next message.
 * Per family the newest `maxRecent` are kept, each for `recentMs` at most.
 */

import type { EndpointKey, Family } from '../codec/contact.ts'
import type { Entry } from './entry.ts'
import type { Limits } from './limits.ts'

interface Seen {
  readonly entry: Entry
  /** When we hung up, in milliseconds. */
  readonly at: number
}

export class Recent {
  readonly #limits: Limits
  #seen4: Seen[] = []
  #seen6: Seen[] = []

  constructor(limits: Limits) {
    this.#limits = limits
  }

  push(entry: Entry, now: number): void {
    const seen = entry.family === 4 ? this.#seen4 : this.#seen6
    seen.push({ entry, at: now })
    if (seen.length > this.#limits.maxRecent) seen.shift()
  }

  /** Whether any of this family are kept, old ones included. */
  has(family: Family): boolean {
    return (family === 4 ? this.#seen4 : this.#seen6).length > 0
  }

  /** It is live again, and told as such. */
  remove(key: EndpointKey, family: Family): void {
    if (family === 4) this.#seen4 = without(this.#seen4, key)
    else this.#seen6 = without(this.#seen6, key)
  }

  /** What departed after this position and is not too old, the oldest first. */
  *since(position: number, family: Family, now: number): Generator<Entry> {
    for (const { entry, at } of family === 4 ? this.#seen4 : this.#seen6) {
      if (entry.departedAt > position && now - at <= this.#limits.recentMs) yield entry
    }
  }
}

function without(seen: Seen[], key: EndpointKey): Seen[] {
  if (seen.length === 0) return seen
  return seen.some(({ entry }) => entry.key === key) ? seen.filter(({ entry }) => entry.key !== key) : seen
}
