/**
 * Private torrents (BEP 27, N30). While nobody knows whether a torrent is private, what the node does is noted, and held
 * against it should the torrent turn out to be.
 */

import type { Privacy } from './facts.ts'
import type { Ledger, Where } from './ledger.ts'

/** Deeds that are noted; further ones would be findings of the same kind. */
const maxNoted = 1_000

export class Secrecy<Id> {
  readonly #ledger: Ledger<Id>
  #private: Privacy
  #noted: { readonly where: Where<Id>; readonly deed: string }[] = []
  /** Since when the torrent is known not to be private; Infinity while it is not. */
  publicSince: number

  constructor(ledger: Ledger<Id>, value: Privacy) {
    this.#ledger = ledger
    this.#private = value
    this.publicSince = value === false ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  }

  get value(): Privacy {
    return this.#private
  }

  become(value: Privacy, at: number): void {
    if (value === this.#private) return
    this.#private = value
    this.publicSince = value === false ? at : Number.POSITIVE_INFINITY
    if (value === 'unknown') return
    for (const { where, deed } of this.#noted) this.#judge(where, value === false, deed)
    this.#noted = []
  }

  /** The node did something that is for public torrents only. */
  judge(where: Where<Id>, deed: string): void {
    if (this.#private !== 'unknown') this.#judge(where, this.#private === false, deed)
    else if (this.#noted.length < maxNoted) this.#noted.push({ where, deed })
  }

  #judge(where: Where<Id>, isKept: boolean, deed: string): void {
    this.#ledger.judge('N30', where, isKept, () => ({ message: `On a private torrent ${deed}.`, expected: 'nothing', seen: deed }))
  }
}
