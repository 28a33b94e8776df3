/** The rules of candidates written down a second time: slow, as text, and without a thing in common with the code. */
import { flag } from '../../src/codec/contact.ts'
import type { Limits } from '../../src/core/limits.ts'
import { networksOf } from './candidates-kit.ts'

export const limits: Partial<Limits> = {
  candidateMs: 100,
  handedOutMs: 40,
  redialMs: 70,
  maxPendingPerSubnet: 3,
  maxPendingPerSubnetAndSource: 2,
  minDialsForStanding: 6,
}
export const hourMs = 3_600_000

/**
 * Sources 1 and 2 are connections from one address, 3 is alone at another, 4 and 5 are on a local network; whoever comes again, as 11,
 * 21 and so on, comes from the same address.
 */
export const partyOf = (source: number): number => (source % 10 > 3 ? source : Math.max(2, source % 10))
export const hasAddress = (source: number): boolean => source % 10 <= 3

/** Few addresses with few ports, many of them neighbours. */
export const texts: string[] = [
  ...['20.0.0.1', '20.0.0.2', '20.0.0.3', '20.0.0.4', '20.0.0.5', '20.0.1.1', '20.0.2.1'].flatMap((address) => [
    `${address}:11`,
    `${address}:12`,
  ]),
  ...['2001:4860:1:1::1', '2001:4860:1:1::2', '2001:4860:1:2::1', '2001:4860:1:3::1', '2001:4860:2::1'].map((address) => `[${address}]:11`),
  ...['127.0.0.1:11', '127.0.0.1:12', '192.168.0.1:11', '[fe80::1]:11', '[fe80::1]:12'],
]

export interface TwinCandidate {
  /** By source: when its connection closed. */
  readonly claims: Map<number, number>
  state: 'waiting' | 'handed-out' | 'failed'
  isSeed: boolean
}

/** The rules again. */
export class Twin {
  readonly candidates: Map<string, TwinCandidate> = new Map()
  readonly pending: Map<string, { at: number; claimants: readonly number[] }> = new Map()
  readonly dialled: { at: number; address: string }[] = []
  /** When a contact that failed may be dialled again, whatever has become of it. */
  readonly notBefore: Map<string, number> = new Map()
  readonly connected: Set<string> = new Set()
  /** Sources that have offered anything and are open. */
  readonly open: Set<number> = new Set()
  /** Addresses of which a handed out contact connected, and until when nobody need confirm it. */
  readonly blocked: Map<string, { text: string; until: number }> = new Map()
  now = 0

  forgetStale(): void {
    for (const [text, { claims }] of this.candidates) {
      if (Math.max(...claims.values()) + limits.candidateMs! <= this.now) this.candidates.delete(text)
    }
  }

  offer(source: number, text: string, flags: number): void {
    this.forgetStale()
    this.open.add(source)
    const isSeed = (flags & flag.seed) !== 0
    const candidate = this.candidates.get(text)
    if (candidate === undefined) {
      this.candidates.set(text, { claims: new Map([[source, Infinity]]), state: 'waiting', isSeed })
      return
    }
    const isItsAlone = [...candidate.claims.keys()].every((other) => partyOf(other) === partyOf(source))
    candidate.isSeed = isItsAlone ? isSeed : isSeed && candidate.isSeed
    if (candidate.state === 'failed') candidate.state = 'waiting'
    // A new claim takes the place of what its party has closed.
    if (!candidate.claims.has(source)) {
      for (const other of candidate.claims.keys()) {
        if (partyOf(other) === partyOf(source) && !this.open.has(other)) candidate.claims.delete(other)
      }
    }
    candidate.claims.set(source, Infinity)
  }

  withdraw(source: number, text: string): void {
    const candidate = this.candidates.get(text)
    if (candidate?.claims.delete(source) && ![...candidate.claims.values()].includes(Infinity)) this.candidates.delete(text)
  }

  /** All closed claims of one party are as old as the latest, but for those that were stale. */
  close(source: number): void {
    this.forgetStale()
    if (!this.open.delete(source)) return
    for (const { claims } of this.candidates.values()) {
      for (const other of claims.keys()) {
        if (partyOf(other) !== partyOf(source) || this.open.has(other)) continue
        if (claims.get(other)! + limits.candidateMs! <= this.now) claims.delete(other)
        else claims.set(other, this.now)
      }
    }
  }

  /** Time has passed: what is overdue has failed. In the code this comes with the next question. */
  settle(): void {
    for (const [text, { at }] of this.pending) if (at + limits.handedOutMs! <= this.now) this.finish(text, 'failed')
    for (const [address, { text, until }] of this.blocked) {
      if (until > this.now) continue
      if (this.connected.has(text)) this.blocked.set(address, { text, until: Infinity })
      else this.blocked.delete(address)
    }
  }

  finish(text: string, outcome: 'connected' | 'failed'): void {
    if (!this.pending.delete(text)) return
    const candidate = this.candidates.get(text)
    const networks = networksOf(text)
    if (outcome === 'connected') {
      this.candidates.delete(text)
      if (networks !== undefined) this.blocked.set(networks.address, { text, until: this.now + 60_000 })
    } else {
      this.notBefore.set(text, this.now + limits.redialMs!)
      if (candidate?.state === 'handed-out') candidate.state = 'failed'
    }
  }

  /** Whether a contact may be handed out: `yes`, `no`, or `for-some` when it depends on for whom. */
  judge(text: string, seeding: boolean): 'yes' | 'no' | 'for-some' {
    const candidate = this.candidates.get(text)
    if (candidate === undefined || candidate.state !== 'waiting') return 'no'
    if ((this.notBefore.get(text) ?? 0) > this.now) return 'no'
    if ((seeding && candidate.isSeed) || this.connected.has(text) || this.pending.has(text)) return 'no'
    const networks = networksOf(text)
    if (networks === undefined) return 'yes'
    const neighbours = [...this.pending].filter(([other]) => networksOf(other)?.subnet === networks.subnet)
    if (neighbours.some(([other]) => networksOf(other)?.address === networks.address)) return 'no'
    if (this.blocked.has(networks.address) || neighbours.length >= limits.maxPendingPerSubnet!) return 'no'
    if (this.dialled.filter(({ at, address }) => address === networks.address && at > this.now - hourMs).length >= 2) return 'no'
    // A pending one may have been handed out for any source that claimed it then, and poor standing leaves a source one.
    const isFull = (source: number): boolean =>
      neighbours.some(([, { claimants }]) => claimants.some((other) => partyOf(other) === partyOf(source)))
    const mayBeFull = [...candidate.claims.keys()].every(isFull)
    return mayBeFull || candidate.claims.size > 8 ? 'for-some' : 'yes'
  }
}
