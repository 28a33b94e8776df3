/**
 * What is handed out and not reported yet, and the quotas that count it (T8–T10).
 *
 *     of one address (IPv4) or /64 (IPv6)     one at a time, no other while we are connected to what was
 *                                             handed out, and `maxDialsPerAddressAndHour`
 *     of one /24 or /56                       `maxPendingPerSubnet`
 *     of one /24 or /56 and party             `maxPendingPerSubnetAndSource`, fewer in poor standing
 *
 * Besides, what was dialled to no avail is not dialled again for `redialMs`, whoever drops it and claims it again.
 *
 * The quotas hold for global addresses. On a local network or on one host many clients differ by the last byte or
 * by the port alone, and whoever may tell of them is there itself.
 *
 * Networks are counted by a seeded hash of 32 bits. Two that meet share their quotas, which is only stricter; two addresses of IPv4 never do.
 */
import { type EndpointKey, endpointOfKey, type Family } from '../codec/contact.ts'
import { mix } from './address-hash.ts'
import { DialLog } from './dial-log.ts'
import { endpointHash, networkHash, scramble } from './endpoint-hash.ts'
import type { Limits } from './limits.ts'
import type { Party, Source } from './party.ts'

/** Where a global endpoint is, as hashes. */
export interface Place {
  readonly address: number
  readonly subnet: number
}

/** A contact that is being dialled. Without a place no quota counts it. */
interface HandedOut {
  readonly source: Source
  readonly place: Place | undefined
  readonly at: number
}

/** What was handed out and has connected. */
interface Dialled {
  readonly key: EndpointKey
  /** When to look whether it still is; before, its handshakes may not be complete. */
  readonly checkAt: number
}

const hourMs = 60 * 60_000
/** Long enough for the handshakes of what has just connected; then it is confirmed as often. */
const confirmMs = 60_000

export class Pending {
  readonly #limits: Limits
  readonly #seed: number
  readonly #handedOut = new Map<EndpointKey, HandedOut>()
  /** By the hash of an address, a subnet, or a subnet and a party. */
  readonly #counts = new Map<number, number>()
  /** By the hash of its address, the one to be checked next first. */
  readonly #connected = new Map<number, Dialled>()
  readonly #dials: DialLog
  /** By the hash of the endpoint. */
  readonly #failures: DialLog

  constructor(limits: Limits, seed: number) {
    this.#limits = limits
    this.#seed = seed
    this.#dials = new DialLog(limits.maxDialsPerHour, hourMs)
    this.#failures = new DialLog(limits.maxDialsPerHour, limits.redialMs)
  }

  get size(): number {
    return this.#handedOut.size
  }

  has(key: EndpointKey): boolean {
    return this.#handedOut.has(key)
  }

  /** Hashes of the address or /64, and of the /24 or /56. */
  placeOf(bytes: Uint8Array, offset: number, family: Family): Place {
    return {
      address: networkHash(bytes, offset, family === 4 ? 32 : 64, this.#seed),
      subnet: networkHash(bytes, offset, family === 4 ? 24 : 56, this.#seed),
    }
  }

  /** The longest unreported contact, if its time is over. */
  overdue(now: number): EndpointKey | undefined {
    for (const [key, { at }] of this.#handedOut) return at + this.#limits.handedOutMs <= now ? key : undefined
    return undefined
  }

  /** When the longest unreported contact counts as failed; Infinity if there is none. */
  nextTimeout(): number {
    for (const { at } of this.#handedOut.values()) return at + this.#limits.handedOutMs
    return Number.POSITIVE_INFINITY
  }

  /** Forgets dials that count no more, and connections whose end nobody told. */
  settle(now: number, isConnected: (key: EndpointKey) => boolean): void {
    this.#dials.settle(now)
    this.#failures.settle(now)
    for (const [address, { key, checkAt }] of this.#connected) {
      if (checkAt > now) return
      this.#connected.delete(address)
      if (isConnected(key)) this.#connected.set(address, { key, checkAt: now + confirmMs })
    }
  }

  /** When something at this place may be handed out for anybody: 0 for now, Infinity while time alone does not help. */
  freeAt({ address, subnet }: Place): number {
    if (this.#count(address) > 0 || this.#count(subnet) >= this.#limits.maxPendingPerSubnet) return Number.POSITIVE_INFINITY
    return this.#connected.get(address)?.checkAt ?? this.#dials.freeAt(address, this.#limits.maxDialsPerAddressAndHour)
  }

  /** Whether anything was dialled to no avail within `redialMs`. */
  get hasFailures(): boolean {
    return this.#failures.size > 0
  }

  /** When this very contact may be dialled again, if it was dialled to no avail: 0 for now. */
  redialAt(bytes: Uint8Array, offset: number, family: Family): number {
    return this.#failures.freeAt(endpointHash(bytes, offset, family, this.#seed), 1)
  }

  /** Whether this party's share of the subnet has room. */
  admits(place: Place | undefined, party: Party): boolean {
    if (place === undefined) return true
    const quota = party.quota(this.#limits.maxPendingPerSubnetAndSource, this.#limits)
    return this.#count(shareOf(place.subnet, party)) < quota
  }

  add(key: EndpointKey, source: Source, place: Place | undefined, now: number): void {
    this.#handedOut.set(key, { source, place, at: now })
    if (place === undefined) return
    this.#change(place, source.party, 1)
    this.#dials.add(place.address, now)
  }

  /** What became of it is known. For whom it was handed out; undefined if it was not. */
  take(key: EndpointKey, outcome: 'connected' | 'failed', now: number): Source | undefined {
    const handedOut = this.#handedOut.get(key)
    if (handedOut === undefined) return undefined
    const { source, place } = handedOut
    this.#handedOut.delete(key)
    if (outcome === 'failed') this.#logFailure(key, now)
    if (place !== undefined) {
      this.#change(place, source.party, -1)
      if (outcome === 'connected') this.#connected.set(place.address, { key, checkAt: now + confirmMs })
    }
    return source
  }

  handleDisconnected(key: EndpointKey, { address }: Place): void {
    if (this.#connected.get(address)?.key === key) this.#connected.delete(address)
  }

  /** Forgets what is handed out. Dials of the last hour and failures still count, and nobody can tell from them who was dialled. */
  clear(): void {
    this.#handedOut.clear()
    this.#counts.clear()
    this.#connected.clear()
  }

  #logFailure(key: EndpointKey, now: number): void {
    const endpoint = endpointOfKey(key)
    this.#failures.add(endpointHash(endpoint, 0, endpoint.length === 6 ? 4 : 6, this.#seed), now)
  }

  #count(hash: number): number {
    return this.#counts.get(hash) ?? 0
  }

  #change({ address, subnet }: Place, party: Party, by: 1 | -1): void {
    for (const hash of [address, subnet, shareOf(subnet, party)]) {
      const count = this.#count(hash) + by
      if (count > 0) this.#counts.set(hash, count)
      else this.#counts.delete(hash)
    }
  }
}

function shareOf(subnet: number, party: Party): number {
  return mix(scramble(subnet), party.id)
}
