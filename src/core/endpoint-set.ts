/**
 * A bounded set of compact endpoints of one family, in the order in which they were added.
 *
 * This is the ugly fast place of the receive path: a hostile peer may make us add and delete a few thousand endpoints
 * a message, and whoever has a thousand connections has two thousand sets. Everything lies in two typed arrays (three for
 * IPv6), so no call but one that grows them allocates, and an IPv4 endpoint takes 16 bytes.
 *
 *     row r of #rows        the hash of the address, then port << 16 | mark | flags
 *     row r of #links       the next row of its bucket, the next older row, the next newer row
 *     after the links       the first row of each bucket
 *     row r of #addresses   IPv6: the four words of the address
 *
 * Endpoints come and go in blocks (`endpoint-block.ts`): all have been read and hashed when they are looked up, in a loop without a call
 * that leaves to a slower function what is not simple. (50 added and 50 deleted, all of them fresh: 1.4 µs; with a Map of strings, 19 µs.)
 *
 * Of IPv4 only the hash is kept: it can be undone, so equal hashes are equal addresses. Row 0 holds no endpoint: as a link it means
 * "none", and its own links close the order to a ring. A row never moves while its endpoint is in the set, and a deleted one is used again
 * at once, so no tombstones pile up. Buckets are chosen by the *address* alone: all ports of one address are in one bucket, which is how a
 * drop with another port is found without a second index. The set keeps at most `maxPorts` of them, so that one address cannot make a
 * bucket long; and since the hash is keyed with a seed that no peer knows, many addresses cannot either.
 *
 * Two ports of one address that are offered at one time leave a mark on both, which lasts as long as they are in the set. What has no mark
 * is the only port of its address, and has been since it came.
 */
import type { EndpointKey, Family } from '../codec/contact.ts'
import { ipv4OfHash } from './address-hash.ts'
import * as block from './endpoint-block.ts'

export interface EndpointSetBounds {
  /** Any 32-bit integer; what peers cannot guess, they cannot aim collisions at. */
  readonly seed: number
  /** Endpoints that the set holds at the most, 0–65,534. */
  readonly maxCount: number
  /** Endpoints of one address, with different ports, that the set holds at the most. The cost of a call grows with it. */
  readonly maxPorts: number
}

/** `crowded`: the set has `maxPorts` other ports of that address. `full`: it has `maxCount` endpoints. Neither changes what is in it. */
export type AddOutcome = 'added' | 'present' | 'crowded' | 'full'

const addOutcomes: readonly AddOutcome[] = ['added', 'added', 'present', 'crowded', 'full']

/** As many rows of IPv4 as fit, with their links, into two arrays of 64 bytes: V8 keeps arrays up to that size in its own heap, without a buffer. */
const firstCapacity = 6
/** Links are 16 bits wide, and row 0 is taken. */
const greatestCount = 0xfffe
/** Links of a row: the next of its bucket is at 0, so that a row's position among the links is its first link. */
const rowLinks = 3
const older = 1
const newer = 2
/** Another port of its address has been in the set beside it, or would have been but for a bound. */
const mark = 0x100

/** The arrays of a set without rows: all its endpoints are in one bucket, which is empty. Never written to. */
const noWords = new Int32Array(0)
const noLinks = new Uint16Array(1)

export class EndpointSet {
  readonly #seed: number
  #maxCount = 0
  #maxPorts = 0
  readonly #is4: boolean
  // Signed, because a comparison of two 32-bit loads stays in integers that way.
  #rows: Int32Array = noWords
  #addresses: Int32Array = noWords
  #links: Uint16Array = noLinks
  #size = 0
  #capacity = 0
  /** Position of the first bucket in `#links`, and the number of buckets less one. */
  #buckets = 0
  #mask = 0
  /** The first unused row; further ones follow by their first link. */
  #unused = 0

  /** @throws RangeError for a `maxCount` or `maxPorts` that is out of range. */
  constructor(family: Family, bounds: EndpointSetBounds) {
    this.#seed = bounds.seed | 0
    this.#is4 = family === 4
    this.setBounds(bounds)
  }

  /** Other bounds from now on; there must not be more than `maxCount`. Ports that are there stay. @throws RangeError as the constructor. */
  setBounds({ maxCount, maxPorts }: Omit<EndpointSetBounds, 'seed'>): void {
    const isCount = Number.isInteger(maxCount) && maxCount >= 0 && maxCount <= greatestCount
    if (!isCount) throw new RangeError(`maxCount must be an integer from 0 to ${greatestCount}, not ${maxCount}`)
    if (!(maxPorts >= 1)) throw new RangeError(`maxPorts must be 1 or more, not ${maxPorts}`)
    this.#maxCount = maxCount
    this.#maxPorts = maxPorts
  }

  get size(): number {
    return this.#size
  }

  /** Bytes in the typed arrays; 0 for a set that nothing was added to. */
  get byteLength(): number {
    return this.#capacity === 0 ? 0 : this.#rows.byteLength + this.#addresses.byteLength + this.#links.byteLength
  }

  /** The key must be one of this family. */
  has(key: EndpointKey): boolean {
    if (this.#size === 0) return false
    block.readKey(key, this.#seed)
    return this.#linkTo(0) >= 0
  }

  /** Adds an endpoint as the newest. One that is present keeps its place and gets the new flags (one byte). */
  add(bytes: Uint8Array, offset: number, flags: number): AddOutcome {
    block.readOne(bytes, offset, this.#seed, this.#is4)
    block.metas[0]! |= flags & 0xff
    this.#addRead(1, greatestCount)
    return addOutcomes[block.outcomes[0]!]!
  }

  delete(bytes: Uint8Array, offset: number): boolean {
    block.readOne(bytes, offset, this.#seed, this.#is4)
    return this.#deleteSame(0)
  }

  /**
   * Deletes the only endpoint of an address, whatever its port, and writes it to `into` (6 or 18 bytes).
   * False, and nothing is deleted, if there is none, or if there are several or were while this one was in the set.
   */
  deleteOnly(bytes: Uint8Array, offset: number, into: Uint8Array): boolean {
    block.readOne(bytes, offset, this.#seed, this.#is4)
    return this.#deleteOnly(0, into, 0)
  }

  /** Removes the oldest endpoint and writes it to `into` (6 or 18 bytes). False if the set is empty. */
  shift(into: Uint8Array): boolean {
    if (this.#size === 0) return false
    this.#shift(into, 0)
    return true
  }

  /**
   * Adds the first `count` endpoints of the block, with their flags, which lie in a message at `block.offsets`. Whenever
   * there are more than `keep` afterwards, the oldest one gives way.
   */
  addBlock(message: DataView, count: number, keep: number): void {
    block.read(message, count, this.#seed, this.#is4)
    for (let i = 0; i < count; i++) block.metas[i]! |= block.flags[i]!
    this.#addRead(count, keep)
  }

  /** Deletes the first `count` endpoints of the block; for what is not there, the only endpoint of its address. */
  deleteBlock(message: DataView, count: number): void {
    block.read(message, count, this.#seed, this.#is4)
    for (let i = this.#deleteRun(0, count); i < count; i = this.#deleteRun(i + 1, count)) {
      block.outcomes[i] = this.#deleteAny(i)
    }
  }

  /** Visits the oldest first. The bytes are a scratch buffer that is valid until the visit returns; a visit must not change the set. */
  forEach(visit: (bytes: Uint8Array, offset: number, flags: number) => void): void {
    if (this.#size === 0) return
    const bytes = new Uint8Array(this.#is4 ? 6 : 18)
    for (let row = this.#links[newer]!; row !== 0; row = this.#links[row * rowLinks + newer]!) {
      this.#write(row, bytes, 0)
      visit(bytes, 0, this.#rows[2 * row + 1]! & 0xff)
    }
  }

  #addRead(count: number, keep: number): void {
    for (let i = this.#addRun(0, count, keep); i < count; i = this.#addRun(i + 1, count, keep)) {
      block.outcomes[i] = this.#addAny(i)
      // The newcomer comes first: the oldest must see it, should they be two ports of one address.
      if (this.#size > keep) {
        this.#shift(block.others, 18 * i)
        block.outcomes[i] = block.outcome.replaced
      }
    }
  }

  /** Adds endpoints from `start` on as long as that is simple: the address is new, and there is an unused row. Returns where it is not. */
  #addRun(start: number, count: number, keep: number): number {
    const rows = this.#rows
    const links = this.#links
    const buckets = this.#buckets
    const mask = this.#mask
    const kept = this.#addresses
    const is4 = this.#is4
    const end = Math.min(count, start + Math.min(keep, this.#maxCount) - this.#size)
    let unused = this.#unused
    let newest = links[older]!
    let i = start
    for (; i < end && unused !== 0; i++) {
      const hash = block.hashes[i]!
      const bucket = buckets + (hash & mask)
      const first = links[bucket]!
      let row = first
      while (row !== 0 && rows[2 * row] !== hash) row = links[row * rowLinks]!
      // For IPv6 it may be another address with that hash.
      if (row !== 0) break
      row = unused
      const at = row * rowLinks
      unused = links[at]!
      links[at] = first
      links[bucket] = row
      links[at + older] = newest
      links[newest * rowLinks + newer] = row
      rows[2 * row] = hash
      rows[2 * row + 1] = block.metas[i]!
      newest = row
      if (!is4) block.copyAddress(i, kept, 4 * row)
      block.outcomes[i] = block.outcome.added
    }
    if (i > start) {
      links[newest * rowLinks + newer] = 0
      links[older] = newest
      this.#unused = unused
      this.#size += i - start
    }
    return i
  }

  /** Deletes endpoints from `start` on as long as they are in the set. Returns where one is not. */
  #deleteRun(start: number, count: number): number {
    const rows = this.#rows
    const links = this.#links
    const buckets = this.#buckets
    const mask = this.#mask
    const kept = this.#addresses
    const is4 = this.#is4
    let unused = this.#unused
    let i = start
    for (; i < count; i++) {
      const hash = block.hashes[i]!
      const port = block.metas[i]! >>> 16
      let link = buckets + (hash & mask)
      let row = links[link]!
      while (row !== 0 && (rows[2 * row] !== hash || rows[2 * row + 1]! >>> 16 !== port)) {
        link = row * rowLinks
        row = links[link]!
      }
      if (row === 0) break
      // Of IPv6 two addresses may have one hash.
      if (!is4 && !block.isAddress(i, kept, 4 * row)) break
      const at = row * rowLinks
      const before = links[at + older]!
      const after = links[at + newer]!
      links[link] = links[at]!
      links[before * rowLinks + newer] = after
      links[after * rowLinks + older] = before
      links[at] = unused
      unused = row
      block.outcomes[i] = block.outcome.deleted
    }
    this.#unused = unused
    this.#size -= i - start
    return i
  }

  /** Adds an endpoint, whatever there is. */
  #addAny(i: number): number {
    const rows = this.#rows
    const links = this.#links
    const meta = block.metas[i]!
    const bucket = this.#buckets + (block.hashes[i]! & this.#mask)
    let ports = 0
    for (let row = links[bucket]!; row !== 0; row = links[row * rowLinks]!) {
      if (!this.#isAddress(row, i)) continue
      const present = rows[2 * row + 1]!
      if (present >>> 16 === meta >>> 16) {
        rows[2 * row + 1] = (present & ~0xff) | (meta & 0xff)
        return block.outcome.present
      }
      ports++
    }
    for (let row = links[bucket]!; row !== 0; row = links[row * rowLinks]!) {
      if (this.#isAddress(row, i)) rows[2 * row + 1]! |= mark
    }
    if (ports >= this.#maxPorts) return block.outcome.crowded
    if (this.#size === this.#maxCount) return block.outcome.full
    this.#insert(i, ports > 0 ? meta | mark : meta)
    return block.outcome.added
  }

  /** The position of the link that leads to an endpoint's row; -1 if it is not in the set. */
  #linkTo(i: number): number {
    const links = this.#links
    let link = this.#buckets + (block.hashes[i]! & this.#mask)
    for (let row = links[link]!; row !== 0; row = links[link]!) {
      if (this.#rows[2 * row + 1]! >>> 16 === block.metas[i]! >>> 16 && this.#isAddress(row, i)) return link
      link = row * rowLinks
    }
    return -1
  }

  #isAddress(row: number, i: number): boolean {
    if (this.#rows[2 * row] !== block.hashes[i]) return false
    return this.#is4 || block.isAddress(i, this.#addresses, 4 * row)
  }

  /** Deletes an endpoint, whatever there is. */
  #deleteAny(i: number): number {
    if (this.#deleteSame(i)) return block.outcome.deleted
    return this.#deleteOnly(i, block.others, 18 * i) ? block.outcome.otherDeleted : block.outcome.absent
  }

  #deleteSame(i: number): boolean {
    const link = this.#linkTo(i)
    if (link >= 0) this.#remove(link)
    return link >= 0
  }

  #deleteOnly(i: number, into: Uint8Array, at: number): boolean {
    const links = this.#links
    let link = this.#buckets + (block.hashes[i]! & this.#mask)
    for (let row = links[link]!; row !== 0; row = links[link]!) {
      if (this.#isAddress(row, i)) {
        if ((this.#rows[2 * row + 1]! & mark) !== 0) return false
        this.#write(row, into, at)
        this.#remove(link)
        return true
      }
      link = row * rowLinks
    }
    return false
  }

  #shift(into: Uint8Array, at: number): void {
    const links = this.#links
    const oldest = links[newer]!
    this.#write(oldest, into, at)
    let link = this.#buckets + (this.#rows[2 * oldest]! & this.#mask)
    while (links[link] !== oldest) link = links[link]! * rowLinks
    this.#remove(link)
  }

  /** Writes an endpoint that is not in the set to an unused row. */
  #insert(i: number, meta: number): void {
    if (this.#unused === 0) this.#grow()
    const links = this.#links
    const rows = this.#rows
    const hash = block.hashes[i]!
    const row = this.#unused
    const at = row * rowLinks
    const bucket = this.#buckets + (hash & this.#mask)
    const newest = links[older]!
    this.#unused = links[at]!
    links[at] = links[bucket]!
    links[bucket] = row
    links[at + older] = newest
    links[at + newer] = 0
    links[newest * rowLinks + newer] = row
    links[older] = row
    rows[2 * row] = hash
    rows[2 * row + 1] = meta
    this.#size++
    if (!this.#is4) block.copyAddress(i, this.#addresses, 4 * row)
  }

  /** Removes the row that the link at a position leads to. */
  #remove(link: number): void {
    const links = this.#links
    const row = links[link]!
    const at = row * rowLinks
    const before = links[at + older]!
    const after = links[at + newer]!
    links[link] = links[at]!
    links[before * rowLinks + newer] = after
    links[after * rowLinks + older] = before
    links[at] = this.#unused
    this.#unused = row
    this.#size--
  }

  #write(row: number, into: Uint8Array, at: number): void {
    const meta = this.#rows[2 * row + 1]!
    if (this.#is4) block.writeIPv4(into, at, ipv4OfHash(this.#rows[2 * row]!, this.#seed), meta >>> 16)
    else block.writeIPv6(into, at, this.#addresses, 4 * row, meta >>> 16)
  }

  /** Doubles the rows, all of which are in use, up to `maxCount`. Rows and order stay; the buckets are made anew. */
  #grow(): void {
    const before = this.#capacity
    const capacity = Math.min(Math.max(firstCapacity, before * 2), this.#maxCount)
    let bucketCount = 8
    while (bucketCount < capacity) bucketCount *= 2
    this.#rows = grown(this.#rows, new Int32Array((capacity + 1) * 2))
    if (!this.#is4) this.#addresses = grown(this.#addresses, new Int32Array((capacity + 1) * 4))
    this.#links = grown(this.#links.subarray(0, this.#buckets), new Uint16Array((capacity + 1) * rowLinks + bucketCount))
    this.#capacity = capacity
    this.#buckets = (capacity + 1) * rowLinks
    this.#mask = bucketCount - 1
    for (let row = 1; row <= capacity; row++) {
      // A new row goes to the unused ones, where no bucket leads.
      const bucket = this.#buckets + (this.#rows[2 * row]! & this.#mask)
      this.#links[row * rowLinks] = row > before ? (row < capacity ? row + 1 : 0) : this.#links[bucket]!
      if (row <= before) this.#links[bucket] = row
    }
    this.#unused = before + 1
  }
}

function grown<Numbers extends Int32Array | Uint16Array>(numbers: Numbers, larger: Numbers): Numbers {
  larger.set(numbers)
  return larger
}
