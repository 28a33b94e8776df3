/**
 * Do peers that share messages hear the same as peers that do not? The slow twin of sharing is a receiver without a `view`:
 * two timelines live through the same random events with the same peers, on one of them nothing can be shared, and every
 * message must be the same, also as bytes, and as bytes that `encodeMessage` writes.
 */
import { describe, expect, it } from 'vitest'
import { endpointOfKey } from '../../../src/codec/contact.ts'
import { encodeMessage } from '../../../src/codec/message.ts'
import { writeBatch } from '../../../src/core/batch-writer.ts'
import { Chance } from '../../../src/core/chance.ts'
import { keyOf } from '../../../src/core/connection.ts'
import type { Cursor, Receiver } from '../../../src/core/cursor.ts'
import { Entry } from '../../../src/core/entry.ts'
import { limitsWith } from '../../../src/core/limits.ts'
import type { Batch } from '../../../src/core/shared-batches.ts'
import { Timeline } from '../../../src/core/timeline.ts'
import { newCursor } from './cursor.ts'

const limits = limitsWith({ maxContacts: 3, maxTold: 8, maxDepartures: 6, maxOwed: 6, maxRecent: 2 })
const addressCount = 12
const peerCount = 16

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

  withholds({ key }: Entry): boolean {
    return this.withheld.has((endpointOfKey(key).at(-1) as number) - 1)
  }
}

class World {
  readonly timeline = new Timeline(limits, () => this.cursors, 1)
  readonly peers: Peer[]
  readonly cursors: Cursor[]

  constructor(withheld: readonly Set<number>[], sharing: 'shares' | 'alone') {
    this.peers = withheld.map((set, index) => new Peer(1 + (index % 2), set, sharing))
    this.cursors = this.peers.map(newCursor)
    for (const cursor of this.cursors) this.timeline.open(cursor)
  }

  change(address: number, flags: number, how: 'recent' | 'gone' | 'flags', now: number): void {
    const bytes = endpointOf(address)
    const live = this.timeline.live(keyOf(bytes))
    if (live === undefined) this.timeline.connect(keyOf(bytes), address % 3, flags)
    else if (how === 'flags') this.timeline.setFlags(live, flags)
    else this.timeline.disconnect(live, how, now)
  }

  take(peer: number, now: number): Batch | undefined {
    return this.timeline.take(this.cursors[peer] as Cursor, now)
  }
}

/** What `encodeMessage` makes of it, list by list. */
function encodeSlowly({ added, dropped }: Batch): Uint8Array {
  const join = (entries: readonly Entry[], family: number) =>
    Uint8Array.from(entries.filter((entry) => entry.family === family).flatMap(({ key }) => [...endpointOfKey(key)]))
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

/** Counts how many messages were another peer's, too: of peers from whom nothing is withheld, and of others. */
function run(seed: number, counts: { plain: number; withholding: number }): void {
  const chance = new Chance(seed)
  const next = (count: number): number => chance.uint32() % count
  const withheld = Array.from({ length: peerCount }, () => new Set<number>())
  const [sharing, alone] = [new World(withheld, 'shares'), new World(withheld, 'alone')]
  const written = new Set<Uint8Array>()
  for (let step = 0; step < 60; step++) {
    const now = step * 1_000
    const what = next(8)
    if (what < 3) {
      const [address, flags] = [next(addressCount), next(32)]
      const how = (['recent', 'gone', 'gone', 'flags'] as const)[next(4)] as 'recent'
      for (const world of [sharing, alone]) world.change(address, flags, how, now)
      continue
    }
    if (what === 3 && next(4) === 0) {
      // The others have nothing of their own.
      const peer = peerCount - 1 - next(peerCount / 4)
      const address = next(addressCount)
      if (withheld[peer]?.delete(address)) for (const { cursors, timeline } of [sharing, alone]) timeline.release(cursors[peer] as Cursor)
      else withheld[peer]?.add(address)
    }
    const first = next(peerCount)
    for (let peer = first; peer < (what < 6 ? first + 1 : peerCount); peer++) {
      const [shared, own] = [sharing.take(peer, now), alone.take(peer, now)]
      expect(shared === undefined, `seed ${seed}, step ${step}, peer ${peer}`).toBe(own === undefined)
      if (shared === undefined || own === undefined) continue
      const bytes = writeBatch(shared)
      expect(bytes, `seed ${seed}, step ${step}, peer ${peer}`).toEqual(encodeSlowly(own))
      expect(shared.hasMore).toBe(own.hasMore)
      const { receiver: _one, ...place } = sharing.cursors[peer] as Cursor
      const { receiver: _other, ...placeAlone } = alone.cursors[peer] as Cursor
      expect(place).toEqual(placeAlone)
      if (written.has(bytes)) counts[alone.cursors[peer]?.odd === undefined ? 'plain' : 'withholding']++
      written.add(bytes)
    }
  }
}

describe('peers that share messages', () => {
  const counts = { plain: 0, withholding: 0 }

  it.each(Array.from({ length: 40 }, (_, block) => 1 + block * 10))(
    'hear what they would hear alone, over ten random lives from seed %i',
    (from) => {
      for (let seed = from; seed < from + 10; seed++) run(seed, counts)
    },
  )

  it('share many messages in those lives', () => {
    expect(counts.plain).toBeGreaterThan(200)
    expect(counts.withholding).toBeGreaterThan(5)
  })

  it('are also those from whom something is withheld, until that has gone', () => {
    // Each of the first six has one of the addresses 3, 6, 9 itself, which are told to everybody.
    const withheld = Array.from({ length: 6 }, (_, peer) => new Set([3 + 3 * (peer % 3)]))
    const world = new World(withheld, 'shares')
    const bytesFor = (peer: number): Uint8Array => writeBatch(world.take(peer, 0) as Batch)
    for (const address of [3, 6, 9]) world.change(address, 0, 'gone', 0)
    for (let peer = 0; peer < 6; peer++) bytesFor(peer)
    world.change(0, 0, 'gone', 0)
    const [, second, third] = [0, 2, 4].map(bytesFor)
    expect(third).toBe(second)
    for (const peer of [1, 3, 5]) bytesFor(peer)
    world.change(3, 0, 'gone', 0)
    const heard = [0, 2, 4, 1, 3, 5].map((peer) => world.take(peer, 0)?.dropped.length)
    // Peers 0 and 3 had it themselves, and were not told of it.
    expect(heard).toEqual([undefined, 1, 1, 1, undefined, 1])
  })

  it('do not get it if the first that did not fit is withheld from them: they are told what comes after it', () => {
    const world = new World([new Set(), new Set(), new Set([9])], 'shares')
    for (const address of [0, 3, 6, 9]) world.change(address, 0, 'gone', 0)
    expect(world.take(0, 0)).toMatchObject({ added: { length: 3 }, hasMore: true })
    expect(world.take(2, 0)).toMatchObject({ added: { length: 3 }, hasMore: false })
    expect(world.take(2, 0)).toBeUndefined()
    expect(world.take(0, 0)?.added.length).toBe(1)
  })

  it('are also those from whom something is withheld while others have gone', () => {
    const world = new World(
      [3, 6, 9].flatMap((address) => [new Set([address]), new Set<number>()]),
      'shares',
    )
    for (const address of [3, 6, 9]) world.change(address, 0, 'gone', 0)
    for (const peer of [0, 2, 4]) writeBatch(world.take(peer, 0) as Batch)
    world.change(0, 0, 'gone', 0)
    for (const peer of [0, 2, 4]) writeBatch(world.take(peer, 0) as Batch)
    world.change(0, 0, 'gone', 0)
    world.change(4, 0, 'gone', 0)
    const batches = [0, 2, 4].map((peer) => world.take(peer, 0) as Batch)
    expect(batches[0]).toMatchObject({ added: { length: 1 }, dropped: { length: 1 } })
    expect(batches[2]).toBe(batches[1])
  })

  it('do not get it if they have more room than the one for whom it was made', () => {
    const world = new World([new Set(), new Set(), new Set([18])], 'shares')
    for (let address = 0; address <= 18; address += 3) world.change(address, 0, 'gone', 0)
    for (let message = 0; message < 3; message++) for (const peer of [0, 2]) world.take(peer, 0)
    for (const address of [21, 24, 27]) world.change(address, 0, 'gone', 0)
    expect([0, 2].map((peer) => world.take(peer, 0)?.added.length)).toEqual([1, 2])
  })

  it('do not get it if somebody is in it who has come back to them in the meantime', () => {
    const withheld = new Set([0])
    const world = new World([withheld, new Set(), new Set()], 'shares')
    const addresses = [0, 3, 6, 9, 12]
    for (const address of addresses) world.change(address, 0, 'gone', 0)
    for (const peer of [0, 2]) for (let message = 0; message < 2; message++) world.take(peer, 0)
    for (const address of [...addresses, 0]) world.change(address, 0, 'gone', 0)
    for (const peer of [0, 2]) expect(world.take(peer, 0)).toMatchObject({ added: [], dropped: { length: 3 }, hasMore: true })
    withheld.clear()
    expect(world.take(0, 0)).toMatchObject({ added: { length: 1 }, dropped: { length: 1 } })
    expect(world.take(2, 0)).toMatchObject({ added: [], dropped: { length: 1 } })
  })

  it('share it also when somebody of one family was seen recently, and enough of the other are there', () => {
    const world = new World([new Set(), new Set(), new Set()], 'shares')
    for (const address of [0, 6, 12]) world.change(address, 0, 'gone', 0)
    for (const peer of [0, 2]) world.take(peer, 0)
    world.change(0, 0, 'recent', 0)
    const [first, second] = [0, 2].map((peer) => world.take(peer, 0))
    expect(first).toMatchObject({ dropped: { length: 1 } })
    expect(second).toBe(first)
  })

  it('do not get what is for those who have been told of sixteen departures less', () => {
    const timeline = new Timeline(limitsWith({}), () => cursors, 1)
    const cursors = [0, 1].map(() => newCursor(new Peer(1, new Set(), 'shares')))
    const [first, other] = cursors as [Cursor, Cursor]
    for (const cursor of cursors) timeline.open(cursor)
    const before = Array.from({ length: 16 }, (_, index) => timeline.connect(keyOf(endpointOf(2 * index)), 0, 0))
    for (const cursor of cursors) expect(timeline.take(cursor, 0)?.added).toEqual(before)
    for (const entry of before) timeline.disconnect(entry, 'gone', 0)
    expect(timeline.take(other, 0)?.dropped).toEqual(before)
    other.arrivals = first.arrivals
    const late = timeline.connect(keyOf(endpointOf(40)), 0, 0)
    expect(timeline.take(first, 0)).toMatchObject({ dropped: before, added: [late] })
    expect(timeline.take(other, 0)).toMatchObject({ dropped: [], added: [late] })
  })

  it('do not wait for what only another one is still owed', () => {
    const nobody = new Set<number>()
    const world = new World([nobody, nobody, nobody], 'shares')
    const { timeline } = world
    const [first, , other] = world.cursors as [Cursor, Cursor, Cursor]
    const connect = (address: number, audience: number): Entry => timeline.connect(keyOf(endpointOf(address)), audience, 0)
    // The first is told of one that comes back in a role in which it is shown to neither, and counts as held.
    const before = connect(0, 0)
    timeline.take(first, 0)
    timeline.disconnect(before, 'gone', 0)
    const back = connect(0, 2)
    const three = [2, 4, 6].map((address) => connect(address, 0))
    for (const cursor of [first, other]) expect(timeline.take(cursor, 0)?.added).toEqual(three)
    for (const entry of [...three, back]) timeline.disconnect(entry, 'gone', 0)
    const late = connect(8, 0)
    expect(timeline.take(first, 0)).toMatchObject({ dropped: three, added: [] })
    expect(timeline.take(other, 0)).toMatchObject({ dropped: three, added: [late] })
    expect(timeline.take(first, 0)).toMatchObject({ dropped: [back], added: [late] })
  })
})

describe('a message', () => {
  const entryOf = (address: number, flags: number): Entry => {
    return new Entry({ key: keyOf(endpointOf(address)), hash: 1, audience: 0, flags, arrivedAt: 1 })
  }

  it.each([
    [0, 40],
    [41, 60],
    [61, 80],
    [81, 100],
    [101, 120],
  ])('is written as encodeMessage writes it, for every number of contacts from %i to %i in each list', (least, most) => {
    for (let count = least; count <= most; count++) {
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

  it('is written once for all who get it, and anew when a flag has changed since', () => {
    const world = new World(
      Array.from({ length: 6 }, () => new Set<number>()),
      'shares',
    )
    for (const address of [0, 3]) world.change(address, 1, 'gone', 0)
    const [, second, third] = [0, 2, 4].map((peer) => writeBatch(world.take(peer, 0) as Batch))
    expect(third).toBe(second)
    const late = [6, 7, 8, 9].map(() => newCursor(new Peer(1, new Set(), 'shares')))
    const flagsOf = (cursor: Cursor): number[] | undefined => world.timeline.take(cursor, 0)?.added.map(({ flags }) => flags)
    for (const cursor of late) world.timeline.open(cursor)
    expect([flagsOf(late[0] as Cursor), flagsOf(late[1] as Cursor)]).toEqual([
      [1, 1],
      [1, 1],
    ])
    world.change(0, 0x10, 'flags', 0)
    const batch = world.timeline.take(late[2] as Cursor, 0) as Batch
    expect(writeBatch(batch)).toEqual(encodeSlowly(batch))
    expect(batch.added.map(({ flags }) => flags)).toEqual([0x10, 1])
  })
})
