/**
 * How many sources claim each contact: the first one makes it known, the last one to drop it ends that.
 * Bounded by the claims of all sources together.
 *
 * Every claim and every drop of a swarm goes through here, so the contacts lie in two typed arrays for each family: rows that are
 * found by a seeded hash, in the next free one if theirs is taken. Measured: a message of 50 added
 * and 50 dropped takes a swarm 17 µs, not 19 µs as with a `Map` by key, and of IPv6 no text is kept.
 */

import type { Family } from '../codec/contact.ts'
import { endpointHash } from './endpoint-hash.ts'

export class Known {
  readonly #counts4: Counts
  readonly #counts6: Counts

  /** The seed is any 32-bit integer that peers cannot guess. */
  constructor(seed: number) {
    this.#counts4 = new Counts(4, seed)
    this.#counts6 = new Counts(6, seed)
  }

  /** Contacts that are known. */
  get size(): number {
    return this.#counts4.size + this.#counts6.size
  }

  /** One more source claims it. How many do now. */
  add(bytes: Uint8Array, offset: number, family: Family): number {
    return (family === 4 ? this.#counts4 : this.#counts6).add(bytes, offset)
  }

  /** One source fewer claims it. How many still do. */
  remove(bytes: Uint8Array, offset: number, family: Family): number {
    return (family === 4 ? this.#counts4 : this.#counts6).remove(bytes, offset)
  }

  clear(): void {
    this.#counts4.clear()
    this.#counts6.clear()
  }
}

/** Rows, a power of two of them, of which at most half are taken and, once they were more than that, at least one in sixteen. */
const leastRowCount = 16

class Counts {
  readonly #family: Family
  readonly #byteLength: number
  readonly #seed: number
  /** The endpoint of each row. */
  #endpoints: Uint8Array = new Uint8Array(0)
  /** How many sources claim it; 0 for a free row. */
  #counts: Uint32Array = new Uint32Array(0)
  #size = 0

  constructor(family: Family, seed: number) {
    this.#family = family
    this.#byteLength = family === 4 ? 6 : 18
    this.#seed = seed
  }

  get size(): number {
    return this.#size
  }

  add(bytes: Uint8Array, offset: number): number {
    if (2 * this.#size >= this.#counts.length) this.#resize(Math.max(leastRowCount, 2 * this.#counts.length))
    const row = this.#rowOf(bytes, offset)
    const count = this.#counts[row]! + 1
    if (count === 1) this.#write(row, bytes, offset)
    this.#counts[row] = count
    return count
  }

  remove(bytes: Uint8Array, offset: number): number {
    if (this.#size === 0) return 0
    const row = this.#rowOf(bytes, offset)
    const count = this.#counts[row]! - 1
    if (count > 0) this.#counts[row] = count
    if (count === 0) this.#free(row)
    return Math.max(0, count)
  }

  clear(): void {
    this.#endpoints = new Uint8Array(0)
    this.#counts = new Uint32Array(0)
    this.#size = 0
  }

  /** The row of this endpoint, or the free one where it belongs. */
  #rowOf(bytes: Uint8Array, offset: number): number {
    const mask = this.#counts.length - 1
    let row = endpointHash(bytes, offset, this.#family, this.#seed) & mask
    while (this.#counts[row] !== 0 && !this.#is(row, bytes, offset)) row = (row + 1) & mask
    return row
  }

  #is(row: number, bytes: Uint8Array, offset: number): boolean {
    const at = row * this.#byteLength
    // The port is last and differs most, the network is first and differs least.
    let index = this.#byteLength - 1
    while (index >= 0 && this.#endpoints[at + index] === bytes[offset + index]) index--
    return index < 0
  }

  #write(row: number, bytes: Uint8Array, offset: number): void {
    const at = row * this.#byteLength
    for (let index = 0; index < this.#byteLength; index++) this.#endpoints[at + index] = bytes[offset + index]!
    this.#size++
  }

  /** Frees a row. Those after it that would not be found any more across it move up. */
  #free(row: number): void {
    const mask = this.#counts.length - 1
    let hole = row
    for (let next = (row + 1) & mask; this.#counts[next] !== 0; next = (next + 1) & mask) {
      const home = endpointHash(this.#endpoints, next * this.#byteLength, this.#family, this.#seed) & mask
      if (((next - home) & mask) < ((next - hole) & mask)) continue
      this.#endpoints.copyWithin(hole * this.#byteLength, next * this.#byteLength, (next + 1) * this.#byteLength)
      this.#counts[hole] = this.#counts[next]!
      hole = next
    }
    this.#counts[hole] = 0
    this.#size--
    if (this.#counts.length > leastRowCount && 16 * this.#size < this.#counts.length) this.#resize(this.#counts.length / 4)
  }

  #resize(rowCount: number): void {
    const [endpoints, counts] = [this.#endpoints, this.#counts]
    this.#endpoints = new Uint8Array(rowCount * this.#byteLength)
    this.#counts = new Uint32Array(rowCount)
    this.#size = 0
    for (let row = 0; row < counts.length; row++) {
      if (counts[row] === 0) continue
      const place = this.#rowOf(endpoints, row * this.#byteLength)
      this.#write(place, endpoints, row * this.#byteLength)
      this.#counts[place] = counts[row]!
    }
  }
}
