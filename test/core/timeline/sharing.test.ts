/**
 * Do peers that share messages hear the same as peers that do not? The slow twin of sharing is a receiver without a `view`:
 * two timelines live through the same random events with the same peers, on one of them nothing can be shared, and every
 * message must be the same, also as bytes, and as bytes that `encodeMessage` writes.
 */
import { describe, expect, it } from 'vitest'
import { encodeMessage } from '../../../src/codec/message.ts'
import { writeBatch } from '../../../src/core/batch-writer.ts'
import { Chance } from '../../../src/core/chance.ts'
import { keyOf } from '../../../src/core/connection.ts'
import { limitsWith } from '../../../src/core/limits.ts'
import { type Batch, type Cursor, type Entry, type Receiver, Timeline } from '../../../src/core/timeline.ts'

const limits = limitsWith({ maxContacts: 3, maxTold: 5, maxDepartures: 6, maxOwed: 6, maxRecent: 2 })
const addressCount = 12
const peerCount = 6

/** IPv4 for even numbers, IPv6 for odd ones. */
function endpointOf(address: number): Uint8Array {
  const bytes = new Uint8Array(address % 2 === 0 ? 6 : 18).fill(32)
  bytes[bytes.length - 1] = address + 1
  return bytes
}

/** A peer that sees contacts of its own audience and of audience 0, and withholds what it is told to. */
class Peer implements Receiver {
  readonly withheld: Set<number>
  readonly view: number | undefined
  readonly #audience: number

  constructor(audience: number, withheld: Set<number>, sharing: 'shares' | 'alone') {
    this.#audience = audience
    this.withheld = withheld
    // Far enough apart to fall on one place of those that messages are kept in.
    this.view = sharing === 'shares' ? 16 * audience : undefined
  }

  sees(audience: number): boolean {
    return audience === 0 || audience === this.#audience
  }

  withholds({ bytes }: Entry): boolean {
    return this.withheld.has((bytes.at(-1) as number) - 1)
  }
}

class World {
  readonly timeline = new Timeline(limits)
  readonly peers: Peer[]
  readonly cursors: Cursor[]

  constructor(withheld: readonly Set<number>[], sharing: 'shares' | 'alone') {
    this.peers = withheld.map((set, index) => new Peer(1 + (index % 2), set, sharing))
    this.cursors = this.peers.map((peer) => this.timeline.open(peer))
  }

  change(address: number, flags: number, how: 'recent' | 'gone' | 'flags', now: number): void {
    const bytes = endpointOf(address)
    const live = this.timeline.live(keyOf(bytes))
    if (live === undefined) this.timeline.connect(keyOf(bytes), bytes, address % 3, flags)
    else if (how === 'flags') live.flags = flags
    else this.timeline.disconnect(live, how, now)
  }

  take(peer: number, now: number): Batch | undefined {
    return this.timeline.take(this.cursors[peer] as Cursor, now)
  }
}

/** What `encodeMessage` makes of it, list by list. */
function encodeSlowly({ added, dropped }: Batch): Uint8Array {
  const join = (entries: readonly Entry[], family: number) =>
    Uint8Array.from(entries.filter((entry) => entry.family === family).flatMap(({ bytes }) => [...bytes]))
  const flagsOf = (family: number) => Uint8Array.from(added.filter((entry) => entry.family === family).map(({ flags }) => flags))
  return encodeMessage({
    added: join(added, 4),
    addedFlags: flagsOf(4),
    added6: join(added, 6),
    added6Flags: flagsOf(6),
    dropped: join(dropped, 4),
    dropped6: join(dropped, 6),
  })
}

/** How many messages were another peer's, too. */
function run(seed: number): number {
  const chance = new Chance(seed)
  const next = (count: number): number => chance.uint32() % count
  const withheld = Array.from({ length: peerCount }, () => new Set<number>())
  const [sharing, alone] = [new World(withheld, 'shares'), new World(withheld, 'alone')]
  const written = new Set<Uint8Array>()
  let sharedCount = 0
  for (let step = 0; step < 60; step++) {
    const now = step * 1_000
    const what = next(8)
    if (what < 3) {
      const [address, flags] = [next(addressCount), next(32)]
      const how = (['recent', 'gone', 'gone', 'flags'] as const)[next(4)] as 'recent'
      for (const world of [sharing, alone]) world.change(address, flags, how, now)
      continue
    }
    if (what === 3 && next(3) === 0) (withheld[next(peerCount)] as Set<number>).add(next(addressCount))
    const first = next(peerCount)
    for (let peer = first; peer < (what < 6 ? first + 1 : peerCount); peer++) {
      const [shared, own] = [sharing.take(peer, now), alone.take(peer, now)]
      expect(shared === undefined, `seed ${seed}, step ${step}, peer ${peer}`).toBe(own === undefined)
      if (shared === undefined || own === undefined) continue
      const bytes = writeBatch(shared)
      expect(bytes, `seed ${seed}, step ${step}, peer ${peer}`).toEqual(encodeSlowly(own))
      expect(shared.hasMore).toBe(own.hasMore)
      expect(sharing.cursors[peer]).toEqual(alone.cursors[peer])
      if (written.has(bytes)) sharedCount++
      written.add(bytes)
    }
  }
  return sharedCount
}

describe('peers that share messages', () => {
  it('hear what they would hear alone, over 400 random lives, and many messages are shared', () => {
    let sharedCount = 0
    for (let seed = 1; seed <= 400; seed++) sharedCount += run(seed)
    expect(sharedCount).toBeGreaterThan(200)
  })
})

describe('a message', () => {
  const entryOf = (address: number, flags: number): Entry => {
    const bytes = endpointOf(address)
    return { key: keyOf(bytes), family: bytes.length === 6 ? 4 : 6, bytes, audience: 0, flags, arrivedAt: 1, departedAt: 0 }
  }

  it('is written as encodeMessage writes it, for every number of contacts up to 120 in each list', () => {
    for (let count = 0; count <= 120; count++) {
      const contacts = Array.from({ length: count }, (_, index) => entryOf(index % 7 < 3 ? 2 * index : 2 * index + 1, index % 32))
      for (const [added, dropped] of [
        [contacts, contacts],
        [contacts, []],
        [[], contacts],
      ] as const) {
        const batch = { added, dropped, hasMore: false, bytes: undefined }
        expect(writeBatch(batch)).toEqual(encodeSlowly(batch))
      }
    }
  })

  it('is written anew for the next peer when a flag has changed since, and not before', () => {
    for (const address of [0, 1]) {
      const contact = entryOf(address, 0)
      const batch: Batch = { added: [entryOf(2, 1), entryOf(3, 2), contact], dropped: [], hasMore: false, bytes: undefined }
      const first = writeBatch(batch)
      expect(writeBatch(batch)).toBe(first)
      contact.flags = 0x10
      expect(writeBatch(batch)).toEqual(encodeSlowly(batch))
      expect(first).not.toEqual(writeBatch(batch))
    }
  })
})
