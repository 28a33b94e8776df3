/**
 * The protocol on one connection that its host feeds by hand: what `addPeer` and `dropPeer` of ut_pex 5 need.
 *
 * The same inbox, outbox and timeline as a swarm's, but a timeline of its own; nothing is learnt from the
 * connection, nobody is dialled, and every contact that the peer tells of is reported, once until it drops it.
 */

import { Scope, scopeOf } from '../address/ranges.ts'
import { type EndpointKey, type Family, knownFlags } from '../codec/contact.ts'
import type { Halves } from './connection.ts'
import type { Entry } from './entry.ts'
import { Inbox, type InboxOwner } from './inbox.ts'
import { type Limits, limitsWith } from './limits.ts'
import { Outbox } from './outbox.ts'
import { HeardView, type Sink } from './sink.ts'
import { Timeline } from './timeline.ts'

export interface SoloOptions<Id> {
  readonly sink: Sink<Id>
  /** Salt of the hash tables, 0–2³²−1. */
  readonly seed: number
  readonly limits?: Partial<Limits>
  /** The peer's address: 4 or 16 bytes. Undefined: everything that can be dialled is taken from it. */
  readonly address?: Uint8Array | undefined
}

export class Solo<Id> {
  readonly #timeline: Timeline
  readonly #inbox: Inbox
  readonly #outbox: Outbox
  #remoteId = 0

  constructor(id: Id, options: SoloOptions<Id>) {
    const limits = { ...limitsWith(options.limits), maxTold: Number.POSITIVE_INFINITY }
    this.#timeline = new Timeline(limits, () => [this.#outbox], options.seed)
    this.#inbox = new Inbox(limits, reportAll(id, options.sink), options.seed)
    const { address } = options
    this.#inbox.peerScope = address === undefined ? Scope.loopback : scopeOf(address, 0, address.length === 4 ? 4 : 6)
    const { claims } = this.#inbox
    const withholds = ({ key }: Entry): boolean => claims.has(key)
    this.#outbox = new Outbox({ limits, timeline: this.#timeline, nextPhase: () => 0 }, { sees: () => true, withholds })
    this.#outbox.pause()
    this.#turn = (turn) => options.sink.turn(id, turn)
  }

  readonly #turn: (turn: 'open' | 'final') => void

  /** Whether `wake` is needed after a change. */
  get isAsleep(): boolean {
    return this.#outbox.isAsleep
  }

  wake(now: number): void {
    this.#outbox.wake(now)
  }

  /** Tell the peer of this contact. If it is told already, only the flags change. */
  connect(key: EndpointKey, flags: number): void {
    const live = this.#timeline.live(key)
    if (live === undefined) this.#timeline.connect(key, 0, flags & knownFlags)
    else this.#timeline.setFlags(live, flags & knownFlags)
  }

  /** Tell the peer that this contact has gone, if it was told of it. */
  disconnect(key: EndpointKey): void {
    const entry = this.#timeline.live(key)
    // When is of no interest: it does not count as recently seen.
    if (entry !== undefined) this.#timeline.disconnect(entry, 'gone', 0)
  }

  /** The id that the peer wants ut_pex messages under, 1–255; 0 for none. */
  handleRemoteId(id: number, now: number): void {
    this.#remoteId = id
    if (id === 0) this.#outbox.close()
    else if (!this.#outbox.isOpen) {
      this.#outbox.ready(now)
      this.#outbox.open(now)
    }
  }

  get remoteId(): number {
    return this.#remoteId
  }

  handleMessage(bytes: Uint8Array, now: number): void {
    this.#inbox.handleMessage(bytes, now)
    // A claim of its may have ended.
    this.#outbox.release(now)
  }

  /** Sending begins, or goes on. A second time it changes nothing. */
  start(now: number): void {
    this.#outbox.resume(now)
  }

  stop(): void {
    this.#outbox.pause()
  }

  /** Stops, forgets what was received, and drops all that was told, should sending start again. */
  reset(now: number): void {
    this.stop()
    this.#inbox.clear()
    this.#outbox.release(now)
    for (const entry of this.#timeline.liveEntries()) this.#timeline.disconnect(entry, 'gone', now)
  }

  nextTimeout(): number | undefined {
    return this.#outbox.dueAt === Number.POSITIVE_INFINITY ? undefined : this.#outbox.dueAt
  }

  handleTimeout(now: number): void {
    const turn = this.#outbox.turn(now)
    if (turn !== undefined) this.#turn(turn)
  }

  takeMessage(now: number): Uint8Array | undefined {
    return this.#outbox.take(now)
  }

  /** Gives its halves to a swarm that takes the connection over. */
  halves(): Halves {
    return { inbox: this.#inbox, outbox: this.#outbox }
  }
}

function reportAll<Id>(id: Id, sink: Sink<Id>): InboxOwner {
  const heard = new HeardView()
  return {
    isListening: () => sink.isListening?.(id) !== false,
    claimed: (_inbox: Inbox, bytes: Uint8Array, offset: number, family: Family, flags: number) =>
      sink.added(id, heard.show(bytes, offset, family, flags & knownFlags, 1)),
    released: (_inbox: Inbox, bytes: Uint8Array, offset: number, family: Family, why: 'dropped' | 'evicted') => {
      if (why === 'dropped') sink.dropped(id, heard.show(bytes, offset, family, 0, 0))
    },
    violation: (_inbox, code, count) => sink.violation(id, code, count),
  }
}
