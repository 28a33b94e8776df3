/**
 * What was reported of each source's claims when reporting paused: while it is unknown again whether a torrent is
 * private, claims come and go unreported. What is to be reported when it goes on follows from a claim then and now:
 *
 *     then       now        to be reported
 *     no claim   claim      added
 *     claim      no claim   dropped
 *     claim      claim      nothing: it is known
 *     no claim   no claim   nothing: it came and went unseen
 *
 * A claim that gave way to newer ones is never reported as dropped, so it is as if it had not been reported.
 */
import { type EndpointKey, endpointKey, type Family, knownFlags } from '../codec/contact.ts'
import { Claims } from './claims.ts'
import type { Limits } from './limits.ts'
import { type Heard, HeardView } from './sink.ts'

/** A source and its claims. */
export interface Claimant {
  readonly inbox: { readonly claims: Claims } | undefined
}

/** What is to be reported of a contact; its count is that of the sources that claim it, as far as was reported. */
export type Report<Source> = (kind: 'added' | 'dropped', source: Source, contact: Heard) => void

const scratch = new Uint8Array(18)

export class Reported<Source extends Claimant> {
  readonly #limits: Limits
  readonly #seed: number
  readonly #claims = new Map<Source, Claims>()

  /** The seed is any 32-bit integer that peers cannot guess. */
  constructor(limits: Limits, seed: number) {
    this.#limits = limits
    this.#seed = seed
  }

  /** Reporting pauses: all that these sources claim was reported. */
  pause(sources: Iterable<Source>): void {
    for (const source of sources) {
      if (source.inbox === undefined || source.inbox.claims.size === 0) continue
      const claims = new Claims(this.#limits, this.#seed)
      source.inbox.claims.forEach((bytes, offset, family) => {
        claims.add(bytes, offset, family, 0, scratch)
      })
      this.#claims.set(source, claims)
    }
  }

  /** A claim of this source has given way. */
  forgetClaim(source: Source, bytes: Uint8Array, offset: number, family: Family): void {
    const claims = this.#claims.get(source)
    // Not so that a claim with another port of the address is forgotten for it.
    if (claims?.has(endpointKey(bytes, offset, family))) claims.drop(bytes, offset, family, scratch)
  }

  /** Its claims have ended without an event. */
  forgetSource(source: Source): void {
    this.#claims.delete(source)
  }

  clear(): void {
    this.#claims.clear()
  }

  /** Reporting goes on. What is new comes first, so that a contact which passed from one source to another stays known. */
  resume(sources: Iterable<Source>, report: Report<Source>): void {
    const heard = new HeardView()
    const counts = new Map<EndpointKey, number>()
    const count = (bytes: Uint8Array, offset: number, family: Family, by: 1 | -1): number => {
      const key = endpointKey(bytes, offset, family)
      const sourceCount = (counts.get(key) ?? 0) + by
      counts.set(key, sourceCount)
      return sourceCount
    }
    for (const claims of this.#claims.values()) {
      claims.forEach((bytes, offset, family) => {
        count(bytes, offset, family, 1)
      })
    }
    for (const source of sources) {
      const before = this.#claims.get(source)
      source.inbox?.claims.forEach((bytes, offset, family, flags) => {
        if (before?.has(endpointKey(bytes, offset, family))) return
        report('added', source, heard.show(bytes, offset, family, flags & knownFlags, count(bytes, offset, family, 1)))
      })
    }
    for (const [source, before] of this.#claims) {
      before.forEach((bytes, offset, family) => {
        if (source.inbox?.claims.has(endpointKey(bytes, offset, family))) return
        report('dropped', source, heard.show(bytes, offset, family, 0, count(bytes, offset, family, -1)))
      })
    }
    this.#claims.clear()
  }
}
