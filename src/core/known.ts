/**
 * What is known: each contact once, as long as a source claims it or it is a candidate.
 *
 * How many sources claim it says what is news: the first one makes it known, the last one to drop it ends that.
 * That, and whether it is a candidate for dialling, is asked for every contact of every message, so both are found
 * with one look: a contact has a *place*, a number that stands for its endpoint while it is here. 0 means none.
 *
 * Bounded by the claims of all sources and the candidates together.
 */
import { type EndpointKey, endpointKey, type Family } from '../codec/contact.ts'
import { ContactTable } from './contact-table.ts'

/** For what a key is made of. */
const scratch = new Uint8Array(18)

export class Known {
  readonly #contacts4: ContactTable
  readonly #contacts6: ContactTable

  /** The seed is any 32-bit integer that peers cannot guess. */
  constructor(seed: number) {
    this.#contacts4 = new ContactTable(4, seed)
    this.#contacts6 = new ContactTable(6, seed)
  }

  /** Contacts that a source claims. */
  get size(): number {
    return this.#contacts4.claimedCount + this.#contacts6.claimedCount
  }

  /** Whether `trim` would give much memory back. */
  get isLoose(): boolean {
    return this.#contacts4.isLoose || this.#contacts6.isLoose
  }

  get byteLength(): number {
    return this.#contacts4.byteLength + this.#contacts6.byteLength
  }

  /** The place of this endpoint; 0 if it is neither claimed nor a candidate. */
  find(bytes: Uint8Array, offset: number, family: Family): number {
    return placeOf((family === 4 ? this.#contacts4 : this.#contacts6).find(bytes, offset), family)
  }

  /** One more source claims this endpoint. Its place. */
  claim(bytes: Uint8Array, offset: number, family: Family): number {
    return placeOf((family === 4 ? this.#contacts4 : this.#contacts6).claim(bytes, offset), family)
  }

  /** One source fewer claims it. How many still do; of one that nobody claims, none. */
  unclaim(place: number): number {
    return this.countOf(place) === 0 ? 0 : this.#contactsOf(place).unclaim(place >> 1)
  }

  /** How many sources claim it. */
  countOf(place: number): number {
    return place === 0 ? 0 : this.#contactsOf(place).countOf(place >> 1)
  }

  /** The number of its candidate; 0 if it is none. */
  candidateOf(place: number): number {
    return place === 0 ? 0 : this.#contactsOf(place).candidateOf(place >> 1)
  }

  /** It has this candidate, 1–65,535, or none any more, 0. Then it is forgotten unless a source claims it. */
  setCandidate(place: number, candidate: number): void {
    this.#contactsOf(place).setCandidate(place >> 1, candidate)
  }

  familyOf(place: number): Family {
    return (place & 1) === 0 ? 4 : 6
  }

  /** Writes its endpoint, 6 or 18 bytes. */
  write(place: number, into: Uint8Array): void {
    this.#contactsOf(place).write(place >> 1, into)
  }

  keyOf(place: number): EndpointKey {
    this.write(place, scratch)
    return endpointKey(scratch, 0, this.familyOf(place))
  }

  /** Gives memory back after many contacts were forgotten. Places change; those of candidates are told. */
  trim(move: (candidate: number, place: number) => void): void {
    this.#contacts4.trim((candidate, row) => move(candidate, placeOf(row, 4)))
    this.#contacts6.trim((candidate, row) => move(candidate, placeOf(row, 6)))
  }

  clear(): void {
    this.#contacts4.clear()
    this.#contacts6.clear()
  }

  #contactsOf(place: number): ContactTable {
    return (place & 1) === 0 ? this.#contacts4 : this.#contacts6
  }
}

/** Rows of both families as one sequence of numbers; row 0 of either is 0. */
function placeOf(row: number, family: Family): number {
  return row === 0 ? 0 : row * 2 + (family === 4 ? 0 : 1)
}
