/**
 * Sequences: a whole swarm under random facts, messages and times, with tiny limits, checked after each step.
 *
 * The model on the other end of each connection knows only what is sent. What must hold, whatever happened:
 *
 *     sending     one dictionary as BEP 11 wants it; never under the least gap; nothing while the torrent is private or may be;
 *                 what is added was not held, what is dropped was held, nothing is in both, no more than the cap
 *     reporting   a drop only after an add by the same source; nothing while the torrent is private or may be
 *     dialling    only what somebody claimed
 *     bounds      claims, candidates, departures
 *     time        `nextTimeout` is never in the past once `handleTimeout` has run
 */

import { formatEndpoint } from '../src/address/index.ts'
import { type DecodedMessage, decodeMessage, type Family, flag } from '../src/codec/index.ts'
import { type Limits, limitsWith } from '../src/core/limits.ts'
import type { Heard } from '../src/core/sink.ts'
import { type Privacy, Swarm } from '../src/core/swarm.ts'
import type { Dice } from './chance.ts'
import { Mutator } from './mutate.ts'

interface Listener {
  readonly id: number
  readonly held: Set<string>
  readonly claimed: Set<string>
  lastSentAt: number
}

const limits: Limits = limitsWith({
  maxContacts: 3,
  maxTold: 8,
  maxOwed: 12,
  maxDepartures: 6,
  maxRecent: 3,
  maxClaims: 6,
  maxCandidates: 12,
  maxCandidatesPerSource: 5,
})
const connectionCount = 7
const peerCount = 9

export class SequenceFuzzer {
  readonly #dice: Dice
  readonly #corpus: readonly Uint8Array[]
  readonly #mutator: Mutator
  readonly #listeners = new Map<number, Listener>()
  readonly #turns: number[] = []
  readonly #everClaimed = new Set<string>()
  #swarm: Swarm<number>
  #now = 0
  #nextId = 0
  #privacy: Privacy = false
  count = 0
  messageCount = 0

  constructor(corpus: readonly Uint8Array[], dice: Dice) {
    this.#dice = dice
    this.#corpus = corpus
    this.#mutator = new Mutator(dice)
    this.#swarm = this.#newSwarm()
  }

  /** One step. Throws when something does not hold. */
  step(): void {
    this.count++
    if (this.#dice.once(2_000)) this.#startAnew()
    this.#act()
    this.#send()
    this.#checkBounds()
  }

  #act(): void {
    const dice = this.#dice
    const id = [...this.#listeners.keys()][dice.below(Math.max(1, this.#listeners.size))]
    const swarm = this.#swarm
    const now = this.#now
    const choice = dice.below(32)
    if (id === undefined || (choice < 3 && this.#listeners.size < connectionCount)) this.#connect()
    else if (choice < 6) this.#shakeHands(id)
    else if (choice < 8) swarm.handlePieces(id, dice.once(3), now)
    else if (choice < 16) this.#receive(id)
    else if (choice < 18) this.#disconnect(id)
    else if (choice < 19) this.#setPrivacy(dice.pick([false, false, true, 'unknown'] as const))
    else if (choice < 20) swarm.handleStopped(id, dice.once(2), now)
    else if (choice < 21) swarm.handleReset(id, now)
    else if (choice < 22) swarm.handleSeeding(dice.once(2), now)
    else if (choice < 24) this.#dial()
    else this.#pass(dice.once(40) ? 8 * 3_600_000 : dice.below(20_000))
  }

  #startAnew(): void {
    this.#listeners.clear()
    this.#everClaimed.clear()
    this.#turns.length = 0
    this.#privacy = false
    this.#swarm = this.#newSwarm()
  }

  #newSwarm(): Swarm<number> {
    const sink = {
      turn: (id: number) => {
        this.#turns.push(id)
      },
      added: (id: number, heard: Heard) => this.#onAdded(id, heard),
      dropped: (id: number, heard: Heard) => this.#onDropped(id, heard),
      candidates: () => this.#assertOpen('candidates'),
      violation: () => this.#assertOpen('a violation'),
    }
    return new Swarm({ sink, seed: this.#dice.roll(), limits, share: ({ port }) => port !== 7_003, accept: (_, port) => port !== 7_004 })
  }

  #connect(): void {
    const dice = this.#dice
    const id = this.#nextId++
    const address = dice.once(3) ? ipv6(dice.below(peerCount)) : Uint8Array.of(dice.once(6) ? 10 : 20, 0, 0, dice.below(peerCount))
    const direction = dice.once(2) ? 'outgoing' : 'incoming'
    this.#listeners.set(id, { id, held: new Set(), claimed: new Set(), lastSentAt: Number.NEGATIVE_INFINITY })
    const peer = {
      address: dice.once(9) ? undefined : address,
      port: 7_000 + dice.below(3),
      direction,
      transport: 'tcp',
      isExtended: !dice.once(5),
    } as const
    this.#swarm.handleConnect(id, peer, this.#now)
  }

  #disconnect(id: number): void {
    if (this.#dice.once(3)) this.#swarm.handleLeaving(id)
    this.#swarm.handleDisconnect(id, this.#now)
    this.#listeners.delete(id)
  }

  #setPrivacy(value: Privacy): void {
    this.#privacy = value
    if (value === true) for (const { claimed } of this.#listeners.values()) claimed.clear()
    this.#swarm.handlePrivate(value, this.#now)
    if (value === true) this.#everClaimed.clear()
  }

  #dial(): void {
    for (const endpoint of this.#swarm.next(1 + this.#dice.below(3), this.#now)) {
      const peer = formatEndpoint(endpoint, 0, endpoint.length === 6 ? 4 : 6)
      assert(this.#privacy === false, `${peer} was handed out while the torrent is ${this.#privacy}`)
      assert(this.#everClaimed.has(peer), `${peer} was handed out, but nobody claimed it`)
      if (!this.#dice.once(3)) this.#swarm.report(endpoint, this.#dice.once(2) ? 'failed' : 'connected', this.#now)
    }
  }

  #pass(ms: number): void {
    this.#now += ms
    this.#swarm.handleTimeout(this.#now)
    const next = this.#swarm.nextTimeout()
    assert(next === undefined || next > this.#now, `nextTimeout is ${next}, now is ${this.#now}`)
  }

  #receive(id: number): void {
    const message = this.#message()
    const { added, added6 } = decodeMessage(message)
    for (const peer of [...textsOf(added, 4), ...textsOf(added6, 6)]) this.#everClaimed.add(peer)
    this.#swarm.handleMessage(id, message, this.#now)
  }

  #shakeHands(id: number): void {
    const handshake = this.#handshake()
    // An id of 0 ends what the remote was told; enabling starts anew (BEP 10).
    if (handshake.utPex === 0) this.#listeners.get(id)?.held.clear()
    this.#swarm.handleExtendedHandshake(id, handshake, this.#now)
  }

  #handshake(): Parameters<Swarm<number>['handleExtendedHandshake']>[1] {
    const dice = this.#dice
    const maybe = <Value>(value: Value): Value | undefined => (dice.once(3) ? undefined : value)
    return {
      utPex: maybe(dice.once(5) ? 0 : 1 + dice.below(255)),
      utHolepunch: maybe(dice.below(2)),
      port: maybe(7_000 + dice.below(5)),
      encryption: maybe(dice.once(2)),
      uploadOnly: maybe(dice.once(4)),
      yourIp: maybe(Uint8Array.of(20, 0, 0, 99)),
      client: undefined,
    }
  }

  #message(): Uint8Array {
    const dice = this.#dice
    if (dice.once(3)) return this.#mutator.next(this.#corpus)
    const list = (count: number): number[] =>
      Array.from({ length: count }, () => [20, 0, 0, dice.below(peerCount), 0x1b, 0x58 + dice.below(6)]).flat()
    const [added, dropped] = [list(dice.below(5)), list(dice.below(3))]
    const flags = dice.once(4) ? '' : `7:added.f${added.length / 6}:${'\0'.repeat(added.length / 6)}`
    const texts = [`d5:added${added.length}:`, `${flags}7:dropped${dropped.length}:`, 'e']
    const ascii = (value: string): number[] => Array.from(value, (character) => character.charCodeAt(0))
    return Uint8Array.from([...ascii(texts[0] as string), ...added, ...ascii(texts[1] as string), ...dropped, ...ascii('e')])
  }

  #send(): void {
    for (const id of this.#turns.splice(0)) {
      if (this.#dice.once(4)) continue
      const listener = this.#listeners.get(id)
      const bytes = this.#swarm.takeMessage(id, this.#now)
      if (bytes === undefined) continue
      this.messageCount++
      assert(listener !== undefined, 'a message for a connection that is closed')
      assert(this.#privacy === false, `a message while the torrent is ${this.#privacy}`)
      assert(this.#now - listener.lastSentAt >= limits.minSendGapMs, `a message after ${this.#now - listener.lastSentAt} ms`)
      listener.lastSentAt = this.#now
      hear(listener, decodeMessage(bytes))
    }
  }

  #onAdded(id: number, { bytes, offset, family }: Heard): void {
    this.#assertOpen('a contact')
    const peer = formatEndpoint(bytes, offset, family)
    this.#listeners.get(id)?.claimed.add(peer)
  }

  #onDropped(id: number, { bytes, offset, family }: Heard): void {
    this.#assertOpen('a drop')
    const peer = formatEndpoint(bytes, offset, family)
    assert(this.#listeners.get(id)?.claimed.delete(peer) === true, `${peer} was reported as dropped by a source that had not added it`)
  }

  #assertOpen(what: string): void {
    assert(this.#swarm.private === false, `${what} came out while the torrent is ${this.#swarm.private}`)
  }

  #checkBounds(): void {
    const { claims, candidates, departures, connections } = this.#swarm.stats()
    assert(claims <= 2 * limits.maxClaims * connections, `${claims} claims of ${connections} connections`)
    assert(candidates <= limits.maxCandidates, `${candidates} candidates`)
    assert(departures <= Math.max(limits.maxDepartures, 2 * connectionCount), `${departures} departures are kept`)
  }
}

function ipv6(last: number): Uint8Array {
  const address = new Uint8Array(16)
  address.set([0x26, 0x07, 0xf2])
  address[15] = last
  return address
}

function hear({ held }: Listener, message: DecodedMessage): void {
  assert(message.faults.length === 0, `a message with faults: ${message.faults.join()}`)
  const added = [...textsOf(message.added, 4), ...textsOf(message.added6, 6)]
  const dropped = [...textsOf(message.dropped, 4), ...textsOf(message.dropped6, 6)]
  assert(added.length + dropped.length > 0, 'an empty message')
  assert(added.length <= limits.maxContacts && dropped.length <= limits.maxContacts, 'more contacts than the cap')
  assert(new Set([...added, ...dropped]).size === added.length + dropped.length, 'a contact twice in one message')
  assert(
    [...message.addedFlags, ...message.added6Flags].every((byte) => byte < flag.outgoing * 2),
    'a reserved flag',
  )
  for (const peer of dropped) assert(held.delete(peer), `${peer} was dropped, but not held`)
  for (const peer of added) {
    assert(!held.has(peer), `${peer} was added, but is held`)
    held.add(peer)
  }
}

function textsOf(list: Uint8Array, family: Family): string[] {
  const byteLength = family === 4 ? 6 : 18
  return Array.from({ length: list.length / byteLength }, (_, i) => formatEndpoint(list, i * byteLength, family))
}

function assert(holds: boolean, message: string): asserts holds {
  if (!holds) throw new Error(message)
}
