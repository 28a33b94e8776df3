/**
 * The claims of one source: what it has added and not dropped.
 *
 * A source may drop only what it claims, so that nobody can make us forget what others told us.
 * The number of its claims is bounded: `maxClaims` per family, where the oldest gives way, because
 * a source whose drops never match must not go deaf; and `maxPortsPerAddress` of one address, where
 * those that are there stay and the newcomer is not taken, because BEP 11 advises to ignore further
 * ports of one IP and a source must not be able to walk a victim's ports with one message.
 *
 *     a drop names         and the source claims                           it drops
 *     address and port     just that                                       that
 *     another port         one port of the address, never two at a time    that one
 *     another port         several ports, or has claimed several at a time nothing
 *     another address                                                      nothing
 *
 * The second line is for libtorrent, which drops another port than it added. "Has claimed several"
 * is remembered by the claims themselves and ends with the last one of that address.
 */
import type { EndpointKey, Family } from '../codec/contact.ts'
import * as block from './endpoint-block.ts'
import { EndpointSet, type EndpointSetBounds } from './endpoint-set.ts'
import type { Limits } from './limits.ts'

/** `replaced`: added, and the oldest claim gave way. `not-taken`: the address has as many ports as it may have, or no claims are kept at all. */
export type ClaimOutcome = 'added' | 'replaced' | 'present' | 'not-taken'

/** `same`: the endpoint that was named is dropped. `other-port`: the only one of its address is. `unknown`: nothing is. */
export type DropOutcome = 'same' | 'other-port' | 'unknown'

/** For claims that give way unseen. */
const givenWay = new Uint8Array(18)

export class Claims {
  #limits: Limits
  readonly #seed: number
  #set4: EndpointSet | undefined
  #set6: EndpointSet | undefined

  /** `limits.maxClaims` is 0–65,533; another throws a RangeError at the first claim. The seed keys the hash, see `EndpointSet`. */
  constructor(limits: Limits, seed: number) {
    this.#limits = limits
    this.#seed = seed
  }

  /** Other limits from now on: the oldest claims that are too many give way. Ports of one address that are too many stay. */
  setLimits(limits: Limits): void {
    this.#limits = limits
    for (const set of [this.#set4, this.#set6]) {
      while (set !== undefined && set.size > limits.maxClaims) set.shift(givenWay)
      set?.setBounds(this.#bounds())
    }
  }

  /** The number of claims of both families. */
  get size(): number {
    return (this.#set4?.size ?? 0) + (this.#set6?.size ?? 0)
  }

  /** Bytes in typed arrays. 16 KiB at the most with the default limits. */
  get byteLength(): number {
    return (this.#set4?.byteLength ?? 0) + (this.#set6?.byteLength ?? 0)
  }

  has(key: EndpointKey): boolean {
    return (typeof key === 'number' ? this.#set4 : this.#set6)?.has(key) ?? false
  }

  /**
   * Adds a claim with its flags (the raw byte), or gives one that is there new flags. After `replaced` the
   * claim that gave way, of the same family, is in `evicted`, which has 18 bytes.
   */
  add(bytes: Uint8Array, offset: number, family: Family, flags: number, evicted: Uint8Array): ClaimOutcome {
    const { maxClaims } = this.#limits
    if (maxClaims === 0) return 'not-taken'
    const set = this.#setFor(family)
    const outcome = set.add(bytes, offset, flags)
    if (outcome === 'present') return 'present'
    if (outcome !== 'added') return 'not-taken'
    // The newcomer comes first: the oldest must see it, should they be two ports of one address.
    if (set.size <= maxClaims) return 'added'
    set.shift(evicted)
    return 'replaced'
  }

  /** Ends a claim as the table above says. After `other-port` the claim that has ended is in `dropped`, which has 18 bytes. */
  drop(bytes: Uint8Array, offset: number, family: Family, dropped: Uint8Array): DropOutcome {
    const set = family === 4 ? this.#set4 : this.#set6
    if (set === undefined) return 'unknown'
    if (set.delete(bytes, offset)) return 'same'
    return set.deleteOnly(bytes, offset, dropped) ? 'other-port' : 'unknown'
  }

  /**
   * Adds the first `count` endpoints of the block of `EndpointSet`, which lie in this message, as `add` does one by one. Outcomes: `added`,
   * `replaced`, `present`; all else is not taken.
   */
  addBlock(message: DataView, count: number, family: Family): void {
    const { maxClaims } = this.#limits
    if (maxClaims === 0) block.outcomes.fill(block.outcome.full, 0, count)
    else this.#setFor(family).addBlock(message, count, maxClaims)
  }

  /** Drops them, as `drop` does one by one. Outcomes: `deleted`, `otherDeleted`, `absent`. */
  dropBlock(message: DataView, count: number, family: Family): void {
    const set = family === 4 ? this.#set4 : this.#set6
    if (set === undefined) block.outcomes.fill(block.outcome.absent, 0, count)
    else set.deleteBlock(message, count)
  }

  /** Visits IPv4 before IPv6, the oldest first. The bytes are valid until the visit returns; a visit must not change the claims. */
  forEach(visit: (bytes: Uint8Array, offset: number, family: Family, flags: number) => void): void {
    this.#set4?.forEach((bytes, offset, flags) => {
      visit(bytes, offset, 4, flags)
    })
    this.#set6?.forEach((bytes, offset, flags) => {
      visit(bytes, offset, 6, flags)
    })
  }

  /** Forgets all claims and gives the memory back. */
  clear(): void {
    this.#set4 = undefined
    this.#set6 = undefined
  }

  #setFor(family: Family): EndpointSet {
    if (family === 4) {
      this.#set4 ??= this.#newSet(4)
      return this.#set4
    }
    this.#set6 ??= this.#newSet(6)
    return this.#set6
  }

  #newSet(family: Family): EndpointSet {
    return new EndpointSet(family, { seed: this.#seed, ...this.#bounds() })
  }

  /** One more than are kept: the newcomer comes before the oldest gives way. */
  #bounds(): Omit<EndpointSetBounds, 'seed'> {
    return { maxCount: this.#limits.maxClaims + 1, maxPorts: this.#limits.maxPortsPerAddress }
  }
}
