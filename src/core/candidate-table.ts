/**
 * The candidates, as rows of a table: which contact, who claims it, and a few facts.
 *
 * The whole state of one hostile peer is bounded by 32 KiB, and a flood of claims goes through here,
 * so a row is 30 bytes in typed arrays, the endpoint is not repeated (`known.ts` has it), and no call but one
 * that grows them allocates.
 *
 *     #words       22 bytes  two links, the facts, and the numbers of up to eight sources that claim it
 *     #places       4 bytes  the place of its contact
 *     #priorities   4 bytes
 *
 * Row 0 holds no candidate: as a link it means "none", and so does source number 0 among the claims. The
 * party of the first claim *holds* the candidate: the rows that one party holds are a list, oldest first.
 * The table only stores; who holds what, and for how long, is decided in `candidate-store.ts`.
 */

/** The rows of one party, oldest first; 0 for none. */
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

const rowWords = 11
const older = 0
/** Of an unused row: the next one. */
const newer = 1
const facts = 2
const firstClaim = 3
/** Rows that are made at a time; of a greater table a sixteenth of it: so few that the unused rows weigh little. */
const leastGrowth = 16

// The facts: flags in the low five bits, the state above them.
const flagBits = 0x1f
const stateBits = 0xc0
const isPrepared = 0x100
const isGlobal = 0x200
const isCrowded = 0x400

export class CandidateTable {
  readonly #maxRows: number
  #words: Uint16Array = new Uint16Array(rowWords)
  #places: Int32Array = new Int32Array(1)
  #priorities: Uint32Array = new Uint32Array(1)
  #size = 0
  /** The first unused row; further ones follow by their link. */
  #unused = 0

  /** Keeps at most `maxRows`, of which 7,000 count. */
  constructor(maxRows: number) {
    this.#maxRows = Math.min(maxRows, greatestRowCount)
  }

  get size(): number {
    return this.#size
  }

  get isFull(): boolean {
    return this.#size >= this.#maxRows
  }

  /** Rows are numbered from 1 to less than this; some of them may be unused. */
  get rowEnd(): number {
    return this.#places.length
  }

  get byteLength(): number {
    return this.#words.byteLength + this.#places.byteLength + this.#priorities.byteLength
  }

  /** A new row for the contact at this place, which has none, in a table that is not full: waiting, claimed by the source with this number, 1–65,535, and held. */
  insert(place: number, flags: number, claimant: number, holder: RowList): number {
    if (this.#unused === 0) this.#grow()
    const words = this.#words
    const row = this.#unused
    const at = row * rowWords
    this.#unused = words[at + newer]!
    words[at + facts] = flags & flagBits
    words[at + firstClaim] = claimant
    this.#places[row] = place
    this.#size++
    this.append(holder, row)
    return row
  }

  /** Forgets a row of this list, and its claims. */
  remove(row: number, holder: RowList): void {
    this.unlink(holder, row)
    const words = this.#words
    const at = row * rowWords
    for (let claim = at + firstClaim; claim < at + rowWords && words[claim] !== 0; claim++) words[claim] = 0
    words[at + newer] = this.#unused
    this.#unused = row
    this.#size--
  }

  /** Forgets everything and gives the memory back. */
  clear(): void {
    this.#words = new Uint16Array(rowWords)
    this.#places = new Int32Array(1)
    this.#priorities = new Uint32Array(1)
    this.#size = this.#unused = 0
  }

  /** The place of its contact. */
  placeOf(row: number): number {
    return this.#places[row]!
  }

  setPlace(row: number, place: number): void {
    this.#places[row] = place
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

  /** The number of the source whose claim is the only one, and was never one of more than there are places; else 0. */
  soleClaimOf(row: number): number {
    const at = row * rowWords
    return this.#words[at + firstClaim + 1] === 0 && (this.#words[at + facts]! & isCrowded) === 0 ? this.#words[at + firstClaim]! : 0
  }

  /** Whether more sources than there are places claimed it. */
  isCrowded(row: number): boolean {
    return (this.#words[row * rowWords + facts]! & isCrowded) !== 0
  }

  setCrowded(row: number): void {
    this.#words[row * rowWords + facts]! |= isCrowded
  }

  /** The place of a source's claim; −1 if it has none. For source 0: the first free place. */
  claimPlaceOf(row: number, source: number): number {
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

  /** Adds unused rows. */
  #grow(): void {
    const before = this.rowEnd
    const end = Math.min(before + Math.max(leastGrowth, before >> 4), this.#maxRows + 1)
    const words = new Uint16Array(end * rowWords)
    const places = new Int32Array(end)
    const priorities = new Uint32Array(end)
    words.set(this.#words)
    places.set(this.#places)
    priorities.set(this.#priorities)
    for (let row = end - 1; row >= before; row--) {
      words[row * rowWords + newer] = this.#unused
      this.#unused = row
    }
    this.#words = words
    this.#places = places
    this.#priorities = priorities
  }
}
