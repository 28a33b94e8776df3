/**
 * The candidates, as rows of a table: an endpoint, who claims it, and a few facts.
 *
 * The whole state of one hostile peer is bounded by a few KiB, and a flood of claims goes through here,
 * so a row is 54 bytes in typed arrays (an object with a Map entry takes about 200) and no call but one
 * that grows them allocates.
 *
 *     #endpoints   18 bytes  the compact endpoint; IPv4 uses the first 6
 *     #words       24 bytes  three links, the facts, and the numbers of up to eight sources that claim it
 *     #notBefore    8 bytes  milliseconds
 *     #priorities   4 bytes
 *
 * Row 0 holds no candidate: as a link it means "none", and so does source number 0 among the claims. The
 * source of the first claim *holds* the candidate: the rows that one source holds are a list, oldest first.
 * The table only stores; who holds what, and for how long, is decided in `candidate-store.ts`.
 */
import { type EndpointKey, endpointKey, type Family } from '../codec/contact.ts'
import { endpointHash } from './endpoint-hash.ts'

/** The rows of one source, oldest first; 0 for none. */
export interface RowList {
  oldest: number
  newest: number
  count: number
}

/** `waiting`: may be handed out. `handedOut`: it was, and nothing is known yet. `failed`: it was to no avail, and nobody has claimed it since. */
export const rowState = { waiting: 0, handedOut: 0x40, failed: 0x80 } as const
export type RowState = (typeof rowState)[keyof typeof rowState]

/** Sources that a row remembers as claiming it. */
export const maxClaimsPerRow = 8
/** Rows and sources are numbered with 16 bits, and each row may name nine sources: its claims, and the one that it was handed out for. */
export const greatestRowCount = 7_000

const endpointBytes = 18
const rowWords = 12
const nextInBucket = 0
const older = 1
const newer = 2
const facts = 3
const firstClaim = 4
/** Few enough that the unused rows weigh little, many enough that growing to the full size copies no more than 2 MB. */
const growthRows = 64

// The facts: flags in the low five bits, the state above them.
const flagBits = 0x1f
const isIpv6 = 0x20
const stateBits = 0xc0
const isPrepared = 0x100
const isGlobal = 0x200
const isCrowded = 0x400

export class CandidateTable {
  readonly #maxRows: number
  readonly #seed: number
  #endpoints: Uint8Array = new Uint8Array(endpointBytes)
  #words: Uint16Array = new Uint16Array(rowWords)
  #notBefore: Float64Array = new Float64Array(1)
  #priorities: Uint32Array = new Uint32Array(1)
  #buckets: Uint16Array = new Uint16Array(1)
  #size = 0
  /** The first unused row; further ones follow by their link. */
  #unused = 0

  /** Keeps at most `maxRows`, of which 7,000 count. The seed is any 32-bit integer that peers cannot guess. */
  constructor(maxRows: number, seed: number) {
    this.#maxRows = Math.min(maxRows, greatestRowCount)
    this.#seed = seed | 0
  }

  get size(): number {
    return this.#size
  }

  get isFull(): boolean {
    return this.#size >= this.#maxRows
  }

  /** Rows are numbered from 1 to less than this; some of them may be unused. */
  get rowEnd(): number {
    return this.#notBefore.length
  }

  get endpoints(): Uint8Array {
    return this.#endpoints
  }

  get byteLength(): number {
    return (
      this.#endpoints.byteLength +
      this.#words.byteLength +
      this.#notBefore.byteLength +
      this.#priorities.byteLength +
      this.#buckets.byteLength
    )
  }

  /** The row of this endpoint; 0 if there is none. */
  find(bytes: Uint8Array, offset: number, family: Family): number {
    const byteLength = family === 4 ? 6 : 18
    for (let row = this.#buckets[this.#bucketOf(bytes, offset, family)]!; row !== 0; row = this.#words[row * rowWords + nextInBucket]!) {
      if (this.familyOf(row) !== family) continue
      const at = row * endpointBytes
      // The port is last and differs most, the network is first and differs least.
      let index = byteLength - 1
      while (index >= 0 && this.#endpoints[at + index] === bytes[offset + index]) index--
      if (index < 0) return row
    }
    return 0
  }

  /** A new row for an endpoint that is not in the table, which must not be full: waiting, claimed by nobody. */
  insert(bytes: Uint8Array, offset: number, family: Family, flags: number): number {
    if (this.#unused === 0) this.#grow()
    const row = this.#unused
    const at = row * rowWords
    this.#unused = this.#words[at + nextInBucket]!
    const byteLength = family === 4 ? 6 : 18
    for (let index = 0; index < byteLength; index++) this.#endpoints[row * endpointBytes + index] = bytes[offset + index]!
    const bucket = this.#bucketOf(bytes, offset, family)
    this.#words[at + nextInBucket] = this.#buckets[bucket]!
    this.#buckets[bucket] = row
    this.#words[at + facts] = (flags & flagBits) | (family === 4 ? 0 : isIpv6)
    this.#notBefore[row] = 0
    this.#size++
    return row
  }

  /** Forgets a row. It must be in no list. */
  remove(row: number): void {
    const words = this.#words
    const at = row * rowWords
    const bucket = this.#bucketOf(this.#endpoints, row * endpointBytes, this.familyOf(row))
    const first = this.#buckets[bucket]!
    if (first === row) this.#buckets[bucket] = words[at + nextInBucket]!
    else {
      let before = first
      while (words[before * rowWords + nextInBucket] !== row) before = words[before * rowWords + nextInBucket]!
      words[before * rowWords + nextInBucket] = words[at + nextInBucket]!
    }
    for (let claim = at + firstClaim; claim < at + rowWords && words[claim] !== 0; claim++) words[claim] = 0
    words[at + nextInBucket] = this.#unused
    this.#unused = row
    this.#size--
  }

  /** Forgets everything and gives the memory back. */
  clear(): void {
    this.#endpoints = new Uint8Array(endpointBytes)
    this.#words = new Uint16Array(rowWords)
    this.#notBefore = new Float64Array(1)
    this.#priorities = new Uint32Array(1)
    this.#buckets = new Uint16Array(1)
    this.#size = this.#unused = 0
  }

  /** Where the endpoint of a row begins in `endpoints`. */
  offsetOf(row: number): number {
    return row * endpointBytes
  }

  familyOf(row: number): Family {
    return (this.#words[row * rowWords + facts]! & isIpv6) === 0 ? 4 : 6
  }

  keyOf(row: number): EndpointKey {
    return endpointKey(this.#endpoints, row * endpointBytes, this.familyOf(row))
  }

  /** BEP 11's flags byte, 0–0x1f. */
  flagsOf(row: number): number {
    return this.#words[row * rowWords + facts]! & flagBits
  }

  setFlags(row: number, flags: number): void {
    this.#words[row * rowWords + facts] = (this.#words[row * rowWords + facts]! & ~flagBits) | (flags & flagBits)
  }

  stateOf(row: number): RowState {
    return (this.#words[row * rowWords + facts]! & stateBits) as RowState
  }

  setState(row: number, state: RowState): void {
    this.#words[row * rowWords + facts] = (this.#words[row * rowWords + facts]! & ~stateBits) | state
  }

  /** When this row may be handed out again, in milliseconds; 0 if it never was. */
  notBefore(row: number): number {
    return this.#notBefore[row]!
  }

  setNotBefore(row: number, time: number): void {
    this.#notBefore[row] = time
  }

  /** Whether `prepare` was called for this row. */
  isPrepared(row: number): boolean {
    return (this.#words[row * rowWords + facts]! & isPrepared) !== 0
  }

  /** What costs too much for each claim, and is needed only for what may be handed out. */
  prepare(row: number, priority: number, network: 'global' | 'local'): void {
    this.#priorities[row] = priority
    this.#words[row * rowWords + facts]! |= isPrepared | (network === 'global' ? isGlobal : 0)
  }

  /** All rows are to be prepared anew. */
  unprepare(): void {
    for (let at = facts; at < this.#words.length; at += rowWords) this.#words[at]! &= ~isPrepared
  }

  isGlobal(row: number): boolean {
    return (this.#words[row * rowWords + facts]! & isGlobal) !== 0
  }

  /** 0–2³²−1; the greater, the better. */
  priorityOf(row: number): number {
    return this.#priorities[row]!
  }

  /** The number of the source whose claim has this place, 0–7; 0 from the last claim on, and for place 0 of an unused row. */
  claimAt(row: number, place: number): number {
    return place < maxClaimsPerRow ? this.#words[row * rowWords + firstClaim + place]! : 0
  }

  /** Whether more sources than there are places claimed it. */
  isCrowded(row: number): boolean {
    return (this.#words[row * rowWords + facts]! & isCrowded) !== 0
  }

  setCrowded(row: number): void {
    this.#words[row * rowWords + facts]! |= isCrowded
  }

  /** The place of a source's claim; −1 if it has none. For source 0: the first free place. */
  placeOf(row: number, source: number): number {
    const start = row * rowWords + firstClaim
    for (let place = 0; place < maxClaimsPerRow; place++) if (this.#words[start + place] === source) return place
    return -1
  }

  setClaim(row: number, place: number, source: number): void {
    this.#words[row * rowWords + firstClaim + place] = source
  }

  /** Ends the claim that has this place; the last claim takes it. */
  endClaim(row: number, place: number): void {
    const start = row * rowWords + firstClaim
    let last = maxClaimsPerRow - 1
    while (this.#words[start + last] === 0) last--
    this.#words[start + place] = this.#words[start + last]!
    this.#words[start + last] = 0
  }

  /** Makes a row the newest of a list. */
  append(list: RowList, row: number): void {
    const words = this.#words
    words[row * rowWords + older] = list.newest
    words[row * rowWords + newer] = 0
    if (list.newest === 0) list.oldest = row
    else words[list.newest * rowWords + newer] = row
    list.newest = row
    list.count++
  }

  /** Takes a row out of the list that it is in. */
  unlink(list: RowList, row: number): void {
    const words = this.#words
    const before = words[row * rowWords + older]!
    const after = words[row * rowWords + newer]!
    if (before === 0) list.oldest = after
    else words[before * rowWords + newer] = after
    if (after === 0) list.newest = before
    else words[after * rowWords + older] = before
    list.count--
  }

  #bucketOf(bytes: Uint8Array, offset: number, family: Family): number {
    return endpointHash(bytes, offset, family, this.#seed) & (this.#buckets.length - 1)
  }

  /** Adds unused rows. The buckets are made once, for the full size. */
  #grow(): void {
    const before = this.rowEnd
    const end = Math.min(before + growthRows, this.#maxRows + 1)
    if (this.#buckets.length === 1) this.#buckets = new Uint16Array(2 ** Math.ceil(Math.log2(this.#maxRows + 1) - 1))
    const endpoints = new Uint8Array(end * endpointBytes)
    const words = new Uint16Array(end * rowWords)
    const notBefore = new Float64Array(end)
    const priorities = new Uint32Array(end)
    endpoints.set(this.#endpoints)
    words.set(this.#words)
    notBefore.set(this.#notBefore)
    priorities.set(this.#priorities)
    for (let row = end - 1; row >= before; row--) {
      words[row * rowWords + nextInBucket] = this.#unused
      this.#unused = row
    }
    this.#endpoints = endpoints
    this.#words = words
    this.#notBefore = notBefore
    this.#priorities = priorities
  }
}
