/**
 * The live entries of a timeline, by endpoint.
 *
 * A `Map` would do, but a host that feeds a wire by hand asks twice for each contact, and a large swarm for each departure and peer. A
 * number's hash is computed by a Map in another language, and each time. (Of a hundred IPv4 endpoints one is looked for and added, another
 * one deleted: 0.12 µs with a Map, 0.05 here. IPv6, whose keys are text, takes as long either way.)
 *
 * Open addressing: an entry is at the slot that its hash says, or at the next free one behind it, and one that goes away draws those
 * behind it nearer, so that a search ends at the first free slot. The hashes lie side by side, apart from the entries: an endpoint that is
 * not there costs one look into memory. A third of the slots is free at least. The hash is keyed, for endpoints are what peers say they are.
 */
import type { EndpointKey } from '../codec/contact.ts'
import { hashOfIPv6, mix, otherSeedOf } from './address-hash.ts'
import type { Entry } from './entry.ts'

const firstCapacity = 8
const noHashes = new Int32Array(1)

export class EntryTable {
  readonly #seed: number
  /** Of the entry in each slot; 0 where there is none. */
  #hashes: Int32Array = noHashes
  #entries: (Entry | undefined)[] = []
  #size = 0

  /** @param seed any 32-bit integer that peers cannot guess */
  constructor(seed: number) {
    this.#seed = seed | 0
  }

  get size(): number {
    return this.#size
  }

  /** The hash that the entry of this endpoint must have: any 32-bit integer but 0. */
  hashOf(key: EndpointKey): number {
    if (typeof key === 'number') return mix(mix(this.#seed, (key / 0x1_0000) | 0), key & 0xffff) || 1
    const word = (at: number): number => (key.charCodeAt(at) << 16) | key.charCodeAt(at + 1)
    const address = hashOfIPv6(this.#seed, otherSeedOf(this.#seed), word(0), word(2), word(4), word(6))
    return mix(address, key.charCodeAt(8)) || 1
  }

  get(key: EndpointKey): Entry | undefined {
    return this.#entries[this.#slotOf(key, this.hashOf(key))]
  }

  /** The entry that has the endpoint of this one, which has its hash from this table, and may be in it or not. */
  like({ key, hash }: Entry): Entry | undefined {
    return this.#entries[this.#slotOf(key, hash)]
  }

  /** Its endpoint must not be in the table. */
  add(entry: Entry): void {
    if (++this.#size * 3 > this.#hashes.length * 2) this.#resize(Math.max(firstCapacity, this.#hashes.length * 2))
    this.#put(entry)
  }

  /** It must be in the table. */
  delete({ key, hash }: Entry): void {
    const hashes = this.#hashes
    const entries = this.#entries
    const mask = hashes.length - 1
    let free = this.#slotOf(key, hash)
    for (let slot = (free + 1) & mask; hashes[slot] !== 0; slot = (slot + 1) & mask) {
      // One that is where it wants to be, or would be before that, stays.
      const distance = (slot - hashes[slot]!) & mask
      if (distance < ((slot - free) & mask)) continue
      hashes[free] = hashes[slot]!
      entries[free] = entries[slot]
      free = slot
    }
    hashes[free] = 0
    entries[free] = undefined
    if (--this.#size * 8 < hashes.length && hashes.length > firstCapacity) this.#resize(hashes.length / 2)
  }

  /** The slot of this endpoint, or the free one where a search for it ends. */
  #slotOf(key: EndpointKey, hash: number): number {
    const hashes = this.#hashes
    const mask = hashes.length - 1
    let slot = hash & mask
    for (; hashes[slot] !== 0; slot = (slot + 1) & mask) {
      if (hashes[slot] === hash && this.#entries[slot]!.key === key) break
    }
    return slot
  }

  #put(entry: Entry): void {
    const mask = this.#hashes.length - 1
    let slot = entry.hash & mask
    while (this.#hashes[slot] !== 0) slot = (slot + 1) & mask
    this.#hashes[slot] = entry.hash
    this.#entries[slot] = entry
  }

  #resize(capacity: number): void {
    const entries = this.#entries
    this.#hashes = new Int32Array(capacity)
    this.#entries = new Array<Entry | undefined>(capacity).fill(undefined)
    for (const entry of entries) if (entry !== undefined) this.#put(entry)
  }
}
