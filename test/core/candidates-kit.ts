/** Candidates as tests use them: endpoints as text, a clock, and an independent eye on the quotas. */
import { scopeOf } from '../../src/address/ranges.ts'
import { type EndpointKey, endpointKey, endpointOfKey, type Family } from '../../src/codec/contact.ts'
import { Candidates } from '../../src/core/candidates.ts'
import { Known } from '../../src/core/known.ts'
import { defaultLimits, type Limits } from '../../src/core/limits.ts'
import type { Network } from '../../src/core/party.ts'
import { endpoint, familyOf, textOf } from './endpoints.ts'

export const minute = 60_000
export const hour: number = 60 * minute

interface Endpoint {
  readonly bytes: Uint8Array
  readonly family: Family
  readonly key: EndpointKey
}

/** Text is read once: schedules name the same few endpoints again and again. */
const endpoints = new Map<string, Endpoint>()
const textsByKey = new Map<EndpointKey, string>()

function lookUp(text: string): Endpoint {
  const found = endpoints.get(text)
  if (found !== undefined) return found
  const bytes = endpoint(text)
  const family = familyOf(text)
  const entry = { bytes, family, key: endpointKey(bytes, 0, family) }
  endpoints.set(text, entry)
  return entry
}

/** As it is written canonically, however a test has spelt it. */
function textOfKey(key: EndpointKey): string {
  const found = textsByKey.get(key)
  if (found !== undefined) return found
  const bytes = endpointOfKey(key)
  const text = textOf(bytes, 0, bytes.length === 6 ? 4 : 6)
  textsByKey.set(key, text)
  return text
}

const global = 1
const documentation = 7

export class Dialler {
  readonly known: Known
  readonly candidates: Candidates
  readonly limits: Limits
  now = 0
  seeding = false
  /** Dials of `record`: what has failed once is not dialled again soon, so each is of another contact. */
  recordedCount = 0
  readonly connected: Set<string> = new Set()
  /** The addresses of sources that have a global one. */
  readonly networks: Map<number, Network> = new Map()
  /** Handed out and not reported, as the dialler knows it. */
  readonly pending: Set<string> = new Set()

  constructor(limits: Partial<Limits> = {}, seed = 0x5eed) {
    this.limits = { ...defaultLimits, ...limits }
    this.known = new Known(seed)
    this.candidates = new Candidates(this.limits, this.known, seed)
  }

  /** Bytes of the tables: what is handed out and the dials of the last hour come on top. */
  get byteLength(): number {
    return this.candidates.stats.byteLength + this.known.byteLength
  }

  offer(source: number, texts: readonly string[], flags = 0): void {
    for (const { bytes, family } of texts.map(lookUp)) this.offerBytes(source, bytes, family, flags)
  }

  withdraw(source: number, texts: readonly string[]): void {
    for (const { bytes, family } of texts.map(lookUp)) this.candidates.withdraw(source, this.known.find(bytes, 0, family))
  }

  /** The claim that makes a contact known is not kept, as if its source had closed: only candidates stay in the table. */
  offerBytes(source: number, bytes: Uint8Array, family: Family, flags = 0): void {
    const place = this.known.claim(bytes, 0, family)
    this.candidates.now = this.now
    this.candidates.offer({ source, network: this.networks.get(source) }, place, flags)
    this.known.unclaim(place)
  }

  close(source: number): void {
    this.candidates.closeSource(source, this.now)
  }

  next(count = 1_000_000): string[] {
    const texts = this.candidates.next(count, this.now, this.#context()).map(textOfKey)
    for (const text of texts) this.pending.add(text)
    return texts
  }

  hasNext(): boolean {
    return this.candidates.hasNext(this.now, this.#context())
  }

  /** Reports all that is handed out, or these. */
  report(outcome: 'connected' | 'failed', texts: Iterable<string> = [...this.pending]): void {
    for (const text of texts) {
      this.pending.delete(text)
      this.candidates.report(lookUp(text).key, outcome, this.now)
    }
  }

  connect(text: string): void {
    this.pending.delete(text)
    this.connected.add(text)
    this.candidates.handleConnected(lookUp(text).key, this.now)
  }

  disconnect(text: string): void {
    this.connected.delete(text)
    this.candidates.handleDisconnected(lookUp(text).key)
  }

  sourcesOf(text: string): readonly number[] {
    return this.candidates.sourcesOf(lookUp(text).key)
  }

  #context() {
    return {
      seeding: this.seeding,
      connected: (key: EndpointKey) => this.connected.has(textOfKey(key)),
    }
  }
}

interface Networks {
  readonly address: string
  readonly subnet: string
}

const knownNetworks = new Map<string, Networks | undefined>()

/** The address (IPv4) or /64 (IPv6), and the /24 or /56, of a global endpoint; undefined for another. */
export function networksOf(text: string): Networks | undefined {
  if (!knownNetworks.has(text)) knownNetworks.set(text, findNetworks(text))
  return knownNetworks.get(text)
}

function findNetworks(text: string): Networks | undefined {
  const bytes = endpoint(text)
  const family = familyOf(text)
  const scope = scopeOf(bytes, 0, family)
  if (scope !== global && scope !== documentation) return undefined
  const length = family === 4 ? 4 : 8
  return { address: `${family}/${bytes.subarray(0, length).join()}`, subnet: `${family}/${bytes.subarray(0, length - 1).join()}` }
}

/** How often each value occurs. */
export function tally<T>(values: Iterable<T>): Map<T, number> {
  const counts = new Map<T, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return counts
}

export const range = (count: number, start = 0): number[] => Array.from({ length: count }, (_, index) => start + index)

/** Different global addresses in different /24s, `count` of each source. */
export const spread = (source: number, count: number, start = 0): string[] =>
  range(count, start).map((index) => `${20 + (source >> 6)}.${((source & 63) << 2) | (index >> 8)}.${index & 255}.1:6881`)

/** Different ports of 127.0.0.1, which no quota counts. */
export const local = (source: number, count: number, start = 0): string[] =>
  range(count, start).map((index) => `127.0.${source}.${1 + (index >> 14)}:${2 + (index & 0x3fff)}`)

/** Reports `count` dials of contacts of this source, of which so many connected. */
export function record(dialler: Dialler, source: number, count: number, connected: number): void {
  for (const text of local(source, count, 20_000 + dialler.recordedCount)) {
    dialler.offer(source, [text])
    if (dialler.next(1)[0] !== text) throw new Error(`${text} is not handed out`)
    dialler.report(dialler.candidates.stats.connectedCount < connected ? 'connected' : 'failed')
    dialler.withdraw(source, [text])
    dialler.recordedCount++
  }
}
