/**
 * The contacts of one family that a swarm has heard of: a row for each endpoint, with how many sources claim it
 * and the number of its candidate.
 *
 * Every claim and every drop of a swarm goes through here, so everything lies in one typed array, and no call
 * but one that grows it allocates (50 added and 50 dropped: 3 µs). A row of IPv4 takes 16 bytes, one of IPv6 28:
 *
 *     the address (1 word for IPv4, 4 for IPv6)
 *     port << 16 | the number of its candidate, 0 for none
 *     the next row of its bucket, or the next unused one
 *     how many sources claim it
 *
 * After the rows come the buckets, the first row of each. Row 0 holds no contact: as a link it means "none", and the
 * endpoint that is looked for is read into it, so that its bytes are read once.
 * A row is in use while somebody claims it or it has a candidate, and does not move meanwhile, but for `trim`.
 */
import type { Family } from '../codec/contact.ts'
import { hashOfIPv6, mix, otherSeedOf, readPort, readWord } from './address-hash.ts'

/** Rows that are made at a time; of a greater table a sixteenth of it, which is as much as may lie unused. */
const leastGrowth = 16

/** A table without rows. Never read or written to. */
const noWords = new Int32Array(0)

export class ContactTable {
  readonly #seed: number
  readonly #otherSeed: number
  readonly #addressWords: 1 | 4
  /** Words of a row, and where in it the last three are. */
  readonly #stride: number
  readonly #meta: number
  readonly #next: number
  readonly #count: number
  #words: Int32Array = noWords
  /** Row 0 included. */
  #rowEnd = 0
  /** Position of the first bucket, and the number of buckets less one. */
  #buckets = 0
  #mask = 0
  /** The first unused row; further ones follow by their link. */
  #unused = 0
  #usedCount = 0
  #claimedCount = 0
  /** The row that was found last, and the hash of its endpoint: it is often the next to be freed. */
  #latestRow = 0
  #latestHash = 0

  /** The seed is any 32-bit integer that peers cannot guess. */
  constructor(family: Family, seed: number) {
    this.#seed = seed | 0
    this.#otherSeed = otherSeedOf(this.#seed)
    this.#addressWords = family === 4 ? 1 : 4
    this.#meta = this.#addressWords
    this.#next = this.#addressWords + 1
    this.#count = this.#addressWords + 2
    this.#stride = this.#addressWords + 3
  }

  /** Contacts that at least one source claims. */
  get claimedCount(): number {
    return this.#claimedCount
  }

  get byteLength(): number {
    return this.#words.byteLength
  }

  /** Whether most of its memory would be given back by `trim`. */
  get isLoose(): boolean {
    return this.#rowEnd > 4 * leastGrowth && 2 * this.#usedCount < this.#rowEnd
  }

  /** The row of this endpoint; 0 if there is none. */
  find(bytes: Uint8Array, offset: number): number {
    if (this.#rowEnd === 0) return 0
    this.#latestHash = this.#read(bytes, offset)
    this.#latestRow = this.#find(this.#latestHash)
    return this.#latestRow
  }

  /** One more source claims this endpoint. Its row. */
  claim(bytes: Uint8Array, offset: number): number {
    if (this.#rowEnd === 0) this.#rebuild(leastGrowth)
    const hash = this.#read(bytes, offset)
    let row = this.#find(hash)
    if (row === 0) row = this.#insert(hash)
    if (this.#words[row * this.#stride + this.#count]!++ === 0) this.#claimedCount++
    return row
  }

  /** One source fewer claims the endpoint of this row. How many still do. */
  unclaim(row: number): number {
    const words = this.#words
    const at = row * this.#stride
    const count = --words[at + this.#count]!
    if (count === 0) {
      this.#claimedCount--
      if ((words[at + this.#meta]! & 0xffff) === 0) this.#free(row)
    }
    return count
  }

  countOf(row: number): number {
    return this.#words[row * this.#stride + this.#count]!
  }

  /** The number of its candidate; 0 for none. */
  candidateOf(row: number): number {
    return this.#words[row * this.#stride + this.#meta]! & 0xffff
  }

  /** From now on the contact has this candidate, 1–65,535; or none, 0. */
  setCandidate(row: number, candidate: number): void {
    const words = this.#words
    const at = row * this.#stride
    words[at + this.#meta] = (words[at + this.#meta]! & ~0xffff) | candidate
    if (candidate === 0 && words[at + this.#count] === 0) this.#free(row)
  }

  /** Writes the endpoint of a row, 6 or 18 bytes. */
  write(row: number, into: Uint8Array): void {
    const words = this.#words
    const end = this.#addressWords * 4
    let at = row * this.#stride
    for (let index = 0; index < end; index += 4) {
      const word = words[at++]!
      into[index] = word >>> 24
      into[index + 1] = word >>> 16
      into[index + 2] = word >>> 8
      into[index + 3] = word
    }
    into[end] = words[at]! >>> 24
    into[end + 1] = words[at]! >>> 16
  }

  /** Gives memory back after many contacts were forgotten. Rows move, and what has a candidate is told: its number and its new row. */
  trim(move: (candidate: number, row: number) => void): void {
    if (this.#usedCount === 0) this.clear()
    else if (this.isLoose) {
      this.#rebuild(this.#usedCount + 1 + leastGrowth)
      for (let row = 1; row <= this.#usedCount; row++) if (this.candidateOf(row) !== 0) move(this.candidateOf(row), row)
    }
  }

  clear(): void {
    this.#words = noWords
    this.#rowEnd = this.#buckets = this.#mask = this.#unused = this.#usedCount = this.#claimedCount = this.#latestRow = 0
  }

  /** Reads an endpoint into row 0. Its hash. */
  #read(bytes: Uint8Array, offset: number): number {
    const words = this.#words
    const port = readPort(bytes, offset + this.#addressWords * 4)
    words[this.#meta] = port << 16
    words[0] = readWord(bytes, offset)
    if (this.#addressWords === 4) {
      words[1] = readWord(bytes, offset + 4)
      words[2] = readWord(bytes, offset + 8)
      words[3] = readWord(bytes, offset + 12)
    }
    return this.#hashOf(0)
  }

  /** The row that has the endpoint of row 0. */
  #find(hash: number): number {
    const words = this.#words
    const stride = this.#stride
    const meta = this.#meta
    const port = words[meta]!
    let row = words[this.#buckets + (hash & this.#mask)]!
    for (; row !== 0; row = words[row * stride + meta + 1]!) {
      const at = row * stride
      if ((words[at + meta]! ^ port) >>> 16 !== 0 || words[at] !== words[0]) continue
      if (meta === 1) break
      if (words[at + 3] === words[3] && words[at + 2] === words[2] && words[at + 1] === words[1]) break
    }
    return row
  }

  /** A new row, unclaimed, for the endpoint of row 0. */
  #insert(hash: number): number {
    if (this.#unused === 0) this.#rebuild(this.#rowEnd + Math.max(leastGrowth, this.#rowEnd >> 4))
    const words = this.#words
    const row = this.#unused
    const at = row * this.#stride
    this.#unused = words[at + this.#next]!
    for (let word = 0; word <= this.#meta; word++) words[at + word] = words[word]!
    words[at + this.#count] = 0
    this.#link(row, hash)
    this.#usedCount++
    return row
  }

  /** Puts a row into its bucket. */
  #link(row: number, hash: number): void {
    const words = this.#words
    const bucket = this.#buckets + (hash & this.#mask)
    words[row * this.#stride + this.#next] = words[bucket]!
    words[bucket] = row
  }

  #free(row: number): void {
    const words = this.#words
    const next = row * this.#stride + this.#next
    const hash = row === this.#latestRow ? this.#latestHash : this.#hashOf(row)
    let link = this.#buckets + (hash & this.#mask)
    while (words[link] !== row) link = words[link]! * this.#stride + this.#next
    words[link] = words[next]!
    words[next] = this.#unused
    this.#unused = row
    this.#latestRow = 0
    this.#usedCount--
  }

  #hashOf(row: number): number {
    const words = this.#words
    const at = row * this.#stride
    const hash =
      this.#addressWords === 1
        ? mix(this.#seed, words[at]!)
        : hashOfIPv6(this.#seed, this.#otherSeed, words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!)
    return mix(hash, words[at + this.#meta]! >>> 16)
  }

  /** Makes the table anew with so many rows, those in use first, in their order. If all are in use, none moves. */
  #rebuild(rowEnd: number): void {
    const [before, rowEndBefore, stride] = [this.#words, this.#rowEnd, this.#stride]
    let bucketCount = leastGrowth
    while (4 * bucketCount <= rowEnd) bucketCount *= 2
    this.#words = new Int32Array(rowEnd * stride + bucketCount)
    this.#rowEnd = rowEnd
    this.#buckets = rowEnd * stride
    this.#mask = bucketCount - 1
    this.#latestRow = 0
    for (let word = 0; word < Math.min(stride, before.length); word++) this.#words[word] = before[word]!
    let row = 1
    for (let at = stride; at < rowEndBefore * stride; at += stride) {
      const isInUse = before[at + this.#count] !== 0 || (before[at + this.#meta]! & 0xffff) !== 0
      if (!isInUse) continue
      for (let word = 0; word < stride; word++) this.#words[row * stride + word] = before[at + word]!
      this.#link(row, this.#hashOf(row))
      row++
    }
    this.#unused = 0
    for (let unused = rowEnd - 1; unused >= row; unused--) {
      this.#words[unused * stride + this.#next] = this.#unused
      this.#unused = unused
    }
  }
}
