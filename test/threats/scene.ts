/**
 * A swarm under attack, as the tests of the threat model see it: bytes go in, facts come out as text. It uses what a host of
 * `ut_pex/core` uses, and nothing of the inside.
 */
import { parseAddress } from '../../src/address/index.ts'
import { type DecodedMessage, decodeMessage, encodeMessage } from '../../src/codec/index.ts'
import { type ExtendedHandshake, type Heard, type Peer, Swarm, type SwarmOptions, type Turn } from '../../src/core/index.ts'
import { endpoint, endpoints, textOf } from '../core/endpoints.ts'

export const second = 1_000
export const minute: number = 60 * second
export const hour: number = 60 * minute
export const day: number = 24 * hour

export interface Lists {
  readonly added?: readonly string[]
  /** Of IPv4 contacts; 0 where none is given. */
  readonly flags?: readonly number[]
  readonly dropped?: readonly string[]
}

export interface Newcomer {
  /** Default: another one in 20/8 for each. `null`: unknown. */
  readonly address?: string | null
  readonly port?: number
  readonly direction?: 'outgoing' | 'incoming'
  /** Its extended handshake. Default: it takes ut_pex under id 1. */
  readonly handshake?: Partial<ExtendedHandshake>
}

const emptyHandshake: ExtendedHandshake = {
  ...{ utPex: undefined, utHolepunch: undefined, port: undefined },
  ...{ encryption: undefined, uploadOnly: undefined, yourIp: undefined, client: undefined },
}

export class Scene {
  readonly swarm: Swarm<string>
  now = 0
  /** `source contact` of each event since the last `take…`. */
  readonly #added: string[] = []
  readonly #dropped: string[] = []
  readonly #flags = new Map<string, number>()
  readonly #violations: Record<string, number> = {}
  readonly turns: { readonly id: string; readonly turn: Turn; readonly at: number }[] = []
  /** Every message sent, with its time. */
  readonly sent: { readonly id: string; readonly at: number; readonly message: DecodedMessage; readonly bytes: Uint8Array }[] = []
  readonly #queue: string[] = []
  announcedCount = 0
  #peerCount = 0

  constructor(options: Partial<SwarmOptions<string>> = {}) {
    const sink = {
      turn: (id: string, turn: Turn) => {
        this.turns.push({ id, turn, at: this.now })
        this.#queue.push(id)
      },
      added: (id: string, heard: Heard) => {
        const contact = textOf(heard.bytes, heard.offset, heard.family)
        this.#added.push(`${id} ${contact}`)
        this.#flags.set(contact, heard.flags)
      },
      dropped: (id: string, heard: Heard) => void this.#dropped.push(`${id} ${textOf(heard.bytes, heard.offset, heard.family)}`),
      candidates: () => void this.announcedCount++,
      violation: (_id: string, code: string, count: number) => {
        this.#violations[code] = (this.#violations[code] ?? 0) + count
      },
    }
    this.swarm = new Swarm<string>({ sink, ...options })
  }

  /** A peer whose handshakes are complete and that is no seed. */
  connect(id: string, newcomer: Newcomer = {}): void {
    const index = ++this.#peerCount
    const { address = `20.${index >> 8}.${index & 255}.9`, port = 6881, direction = 'outgoing' } = newcomer
    const parsed = address === null ? undefined : parseAddress(address)
    const peer: Peer = { address: parsed, port, direction, transport: 'tcp', isExtended: true }
    this.swarm.handleConnect(id, peer, this.now)
    this.shakeHands(id, { utPex: 1, ...newcomer.handshake })
    this.swarm.handlePieces(id, false, this.now)
  }

  shakeHands(id: string, handshake: Partial<ExtendedHandshake>): void {
    this.swarm.handleExtendedHandshake(id, { ...emptyHandshake, ...handshake }, this.now)
  }

  say(id: string, message: Lists | Uint8Array): void {
    this.swarm.handleMessage(id, message instanceof Uint8Array ? message : encode(message), this.now)
  }

  /** Lets time pass: turns are taken as they come, unless the wires are busy. */
  pass(milliseconds: number, wires: 'free' | 'busy' = 'free'): void {
    const until = this.now + milliseconds
    for (;;) {
      const due = this.swarm.nextTimeout() ?? Number.POSITIVE_INFINITY
      if (due > until) break
      this.now = Math.max(this.now, due)
      this.wake(wires)
    }
    this.now = until
  }

  /** The timer fires now, however late. */
  wake(wires: 'free' | 'busy' = 'free'): void {
    this.swarm.handleTimeout(this.now)
    for (const id of this.#queue.splice(0)) {
      const bytes = wires === 'free' ? this.swarm.takeMessage(id, this.now) : undefined
      if (bytes !== undefined) this.sent.push({ id, at: this.now, bytes, message: decodeMessage(bytes) })
    }
  }

  /** What has been reported as added since the last call; of one source, without its name. */
  takeAdded(source?: string): string[] {
    return pick(this.#added, source)
  }

  takeDropped(source?: string): string[] {
    return pick(this.#dropped, source)
  }

  /** The flags with which a contact was reported last. */
  flagsOf(contact: string): number | undefined {
    return this.#flags.get(contact)
  }

  /** Violations since the last call. */
  takeViolations(): Record<string, number> {
    const taken = { ...this.#violations }
    for (const code of Object.keys(taken)) delete this.#violations[code]
    return taken
  }

  next(count: number): string[] {
    return this.swarm.next(count, this.now).map((bytes) => textOf(bytes, 0, bytes.length === 6 ? 4 : 6))
  }

  report(contact: string, outcome: 'connected' | 'failed'): void {
    this.swarm.report(endpoint(contact), outcome, this.now)
  }

  /** Hands out one after the other, each of which fails, until there is nothing left or `count` are. */
  dialInVain(count: number): string[] {
    const dialled: string[] = []
    while (dialled.length < count) {
      const [contact] = this.next(1)
      if (contact === undefined) break
      dialled.push(contact)
      this.report(contact, 'failed')
    }
    return dialled
  }

  sourcesOf(contact: string): string[] {
    return this.swarm.sourcesOf(endpoint(contact))
  }

  /** All that this source claims. */
  claimsOf(source: string): string[] {
    const claims: string[] = []
    this.swarm.forEachClaim((id, bytes, offset, family) => {
      if (id === source) claims.push(textOf(bytes, offset, family))
    })
    return claims
  }

  /** What this peer holds of us: told, and not told the end of. */
  heldBy(id: string): string[] {
    const held: string[] = []
    for (const { message } of this.sent.filter((each) => each.id === id)) {
      for (const contact of [...listed(message.dropped, 4), ...listed(message.dropped6, 6)]) held.splice(held.indexOf(contact), 1)
      held.push(...listed(message.added, 4), ...listed(message.added6, 6))
    }
    return held
  }
}

function pick(events: string[], source: string | undefined): string[] {
  const taken = events.splice(0)
  return source === undefined
    ? taken
    : taken.filter((event) => event.startsWith(`${source} `)).map((event) => event.slice(source.length + 1))
}

export function listed(list: Uint8Array, family: 4 | 6): string[] {
  const width = family === 4 ? 6 : 18
  return Array.from({ length: list.length / width }, (_, index) => textOf(list, index * width, family))
}

const isIPv4 = (contact: string): boolean => !contact.startsWith('[')
const isIPv6 = (contact: string): boolean => contact.startsWith('[')

/** A message in good form; its contacts may be anything, port 0 too. */
export function encode({ added = [], flags = [], dropped = [] }: Lists): Uint8Array {
  return encodeMessage({
    added: endpoints(added.filter(isIPv4)),
    addedFlags: Uint8Array.from(added.filter(isIPv4), (_, index) => flags[index] ?? 0),
    added6: endpoints(added.filter(isIPv6)),
    dropped: endpoints(dropped.filter(isIPv4)),
    dropped6: endpoints(dropped.filter(isIPv6)),
  })
}

/** So many global addresses, each in a /24 or a /56 of its own; another `net` (0–99) has others. */
export function many(count: number, net = 0): string[] {
  return Array.from({ length: count }, (_, index) => `${30 + net}.${index >> 8}.${index & 255}.1:6881`)
}
export function many6(count: number, net = 0): string[] {
  return Array.from({ length: count }, (_, index) => `[2a00:${(net + 1).toString(16)}:${(index + 1).toString(16)}::1]:6881`)
}

/** The bytes, and how many of them have been looked at. */
export function watched(bytes: Uint8Array): { readonly bytes: Uint8Array; readonly looks: () => number } {
  let count = 0
  const proxy = new Proxy(bytes, {
    get(target, property) {
      if (typeof property === 'string' && /^[0-9]+$/.test(property)) count++
      const value: unknown = Reflect.get(target, property, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return { bytes: proxy, looks: () => count }
}

/** Numbers 0 ≤ x < 1 that follow from a seed. */
export function chance(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0
    const mixed = Math.imul(state ^ (state >>> 13), 0x85ebca6b)
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32
  }
}
