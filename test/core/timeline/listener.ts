/** A peer that listens to a timeline: what it hears, in words, and what it then holds. For stories about one or two peers. */

import { endpointKey, endpointOfKey, type Family } from '../../../src/codec/contact.ts'
import type { Cursor, Receiver } from '../../../src/core/cursor.ts'
import type { Entry } from '../../../src/core/entry.ts'
import { defaultLimits, type Limits } from '../../../src/core/limits.ts'
import { Timeline } from '../../../src/core/timeline.ts'
import { newCursor } from './cursor.ts'

/** The endpoint of a number: 198.51.0.0 and on, or [2001:db8::] and on. */
function endpointOf(number: number, family: Family): Uint8Array {
  const tail = [number >> 8, number & 0xff, 0x1a, 0xe1]
  return family === 4 ? Uint8Array.of(198, 51, ...tail) : Uint8Array.of(0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ...tail)
}

/** What an entry is called: its number, with a colon before it for IPv6. */
function nameOf({ key, family }: Entry): string {
  const bytes = endpointOfKey(key)
  const at = family === 4 ? 2 : 14
  return `${family === 4 ? '' : ':'}${((bytes[at] as number) << 8) | (bytes[at + 1] as number)}`
}

/** Contacts by name: '7' is IPv4, ':7' is IPv6. */
export class Town {
  readonly timeline: Timeline
  readonly cursors: Cursor[] = []
  now = 0
  readonly #entries = new Map<string, Entry>()

  constructor(limits: Partial<Limits> = {}) {
    this.timeline = new Timeline({ ...defaultLimits, ...limits }, () => this.cursors, 1)
  }

  /** The names of those who are there. */
  get live(): string[] {
    return [...this.#entries.keys()]
  }

  connect(names: string | readonly string[], audience = 0, flags = 0): void {
    for (const name of [names].flat()) {
      const family = name.startsWith(':') ? 6 : 4
      const bytes = endpointOf(Number(name.replace(':', '')), family)
      this.#entries.set(name, this.timeline.connect(endpointKey(bytes, 0, family), audience, flags))
    }
  }

  disconnect(names: string | readonly string[], why: 'recent' | 'gone' = 'gone'): void {
    for (const name of [names].flat()) {
      this.timeline.disconnect(this.entry(name), why, this.now)
      this.#entries.delete(name)
    }
  }

  entry(name: string): Entry {
    return this.#entries.get(name) as Entry
  }
}

export class Listener implements Receiver {
  /** What it has by another way. */
  readonly claims: Set<string> = new ListenerClaims(this)
  readonly cursor: Cursor
  readonly town: Town
  readonly #audiences: readonly number[]
  readonly #held = new Set<string>()

  constructor(town: Town, audiences: readonly number[] = [0]) {
    this.town = town
    this.#audiences = audiences
    this.cursor = newCursor(this)
    town.cursors.push(this.cursor)
    town.timeline.open(this.cursor)
  }

  /** What it holds by all that it heard. */
  get held(): string[] {
    return [...this.#held].sort()
  }

  /** What the timeline believes that it holds. */
  get believed(): string[] {
    return this.town.timeline.heldBy(this.cursor).map(nameOf).sort()
  }

  sees(audience: number): boolean {
    return this.#audiences.includes(audience)
  }

  withholds(entry: Entry): boolean {
    return this.claims.has(nameOf(entry))
  }

  /** Takes the next message: '+1 +2 -3', more of it to come with ' …'; an empty text for silence. */
  hear(): string {
    const batch = this.town.timeline.take(this.cursor, this.town.now)
    if (batch === undefined) return ''
    for (const entry of batch.dropped) this.#held.delete(nameOf(entry))
    for (const entry of batch.added) this.#held.add(nameOf(entry))
    const words = [...batch.added.map((entry) => `+${nameOf(entry)}`), ...batch.dropped.map((entry) => `-${nameOf(entry)}`)]
    return words.join(' ') + (batch.hasMore ? ' …' : '')
  }

  /** Counts of the next message: added, dropped. */
  count(): readonly [number, number] {
    const words = this.hear().split(' ')
    return [words.filter((word) => word.startsWith('+')).length, words.filter((word) => word.startsWith('-')).length]
  }
}

/** When one of them ends, what was withheld for it may be told. */
class ListenerClaims extends Set<string> {
  readonly #listener: Listener

  constructor(listener: Listener) {
    super()
    this.#listener = listener
  }

  override delete(name: string): boolean {
    this.#listener.town.timeline.release(this.#listener.cursor)
    return super.delete(name)
  }

  override clear(): void {
    this.#listener.town.timeline.release(this.#listener.cursor)
    super.clear()
  }
}

/** The names from `first` on, this many: '1', '2', '3', … or with a prefix ':1', ':2', ':3', … */
export function names(count: number, first = 1, prefix = ''): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${first + index}`)
}
