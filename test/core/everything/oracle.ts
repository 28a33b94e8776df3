/**
 * The oracle of a whole swarm: it knows the facts and reads the messages, and nothing of how the core works.
 *
 * Facts are who is connected to us, under which endpoint and since when; who may be told of whom; what each receiver claims; whether it
 * takes messages, and whether the torrent lets us send any. After every message, and every turn that passes in silence, it asks:
 *
 *     allowed     the torrent is public, the receiver takes ut_pex, sending is not stopped, 62 s have passed
 *     true        dropped: held and gone. added: there (or recently seen, within BEP 11's bounds), for this receiver, not withheld.
 *                 flags: of all connections to that endpoint
 *     consistent  nothing twice, nothing held is added, nothing in both lists, no more than the caps
 *     complete    what was recently seen is dropped next; nothing else waits while there is room for it
 *     in order    who has been connected longest comes first; what was recently seen comes last
 */
import type { Limits } from '../../../src/core/limits.ts'
import type { Told } from './reading.ts'
import { type Ground, namesOf, sizeOf } from './world.ts'

/** A law was broken. */
export class Violation extends Error {}

/** A connection, as a contact for others. */
export interface Holder {
  /** The endpoint under which it is one; −1 while it is none. */
  endpoint: number
  isSeed: boolean
  flags: number
  isLeaving: boolean
}

interface ReceiverState {
  /** It is connected and takes ut_pex. */
  listens: boolean
  isStopped: boolean
  isSeed: boolean
  own: number
  held: number
  /** Oldest first, of both families. */
  claims: number[]
  mustDrop: number
  toldRecent: number[]
  lastMessageAt: number
  /** It has been owed more than `maxOwed` since somebody was retired last. */
  wasOwedTooMuch: boolean
  /** Somebody was retired while this one was owed too much: it may be the one. */
  mayBeRetired: boolean
}

export class Oracle {
  readonly #ground: Ground
  readonly #limits: Limits
  readonly #receivers: ReceiverState[]
  readonly #holders: Holder[][]
  readonly #connectedAt: number[]
  readonly #leftAt: number[]
  readonly #leftMs: number[]
  readonly #flags: number[]
  /** Whose last departure was for one of the three reasons. */
  #leftRecently = 0
  /** Endpoints that entered as seeds, the last time that they did. */
  #seeds = 0
  #eventCount = 0
  /** Contacts that the host does not share now. */
  unshared = 0
  live = 0
  privacy: boolean | 'unknown' = false
  /** Of each kind, how many were judged: what a check never meets it does not check. */
  readonly seen = {
    added: 0,
    dropped: 0,
    recent: 0,
    fullAdded: 0,
    fullDropped: 0,
    silent: 0,
    forbidden: 0,
    stillTold: 0,
    retired: 0,
    flags: 0,
  }

  constructor(ground: Ground) {
    this.#ground = ground
    this.#limits = ground.world.limits
    const zeros = (): number[] => ground.endpoints.map(() => 0)
    this.#holders = ground.endpoints.map(() => [])
    this.#connectedAt = zeros()
    this.#leftAt = zeros()
    this.#leftMs = zeros()
    this.#flags = zeros()
    this.#receivers = ground.world.receivers.map(() => ({
      listens: false,
      isStopped: false,
      isSeed: false,
      own: 0,
      held: 0,
      claims: [],
      mustDrop: 0,
      toldRecent: zeros(),
      lastMessageAt: Number.NEGATIVE_INFINITY,
      wasOwedTooMuch: false,
      mayBeRetired: false,
    }))
  }

  /** A connection has become a contact under this endpoint. */
  enters(holder: Holder, endpoint: number): void {
    const contact = endpoint >> 1
    if ((this.unshared & (1 << contact)) !== 0 || this.#ground.world.contacts[contact]?.place === 'documentation') return
    const holders = this.#holders[endpoint] as Holder[]
    const bit = 1 << endpoint
    if (holders.length === 0) {
      this.live |= bit
      this.#leftRecently &= ~bit
      this.#seeds = holder.isSeed ? this.#seeds | bit : this.#seeds & ~bit
      this.#connectedAt[endpoint] = ++this.#eventCount
    }
    holder.endpoint = endpoint
    holders.push(holder)
    this.changesFlags(endpoint)
  }

  /** It is none any more. */
  leaves(holder: Holder, now: number): void {
    const { endpoint } = holder
    if (endpoint < 0) return
    const holders = this.#holders[endpoint] as Holder[]
    holders.splice(holders.indexOf(holder), 1)
    holder.endpoint = -1
    if (holders.length > 0) {
      this.changesFlags(endpoint)
      return
    }
    this.live &= ~(1 << endpoint)
    this.#leftAt[endpoint] = ++this.#eventCount
    this.#leftMs[endpoint] = now
    if (holder.isLeaving) this.#leftRecently |= 1 << endpoint
    const { maxOwed } = this.#limits
    if (maxOwed === Number.POSITIVE_INFINITY) return
    for (const state of this.#receivers) if (state.listens && sizeOf(state.held & ~this.live) > maxOwed) state.wasOwedTooMuch = true
  }

  /** The flags of a connection to this endpoint have changed. */
  changesFlags(endpoint: number): void {
    if (endpoint < 0) return
    this.#flags[endpoint] = (this.#holders[endpoint] as Holder[]).reduce((union, { flags }) => union | flags, 0)
  }

  /** A receiver has connected, and is taken for what it is then. */
  connects(receiver: number, isSeed: boolean): void {
    const state = this.#state(receiver)
    state.isSeed = isSeed
    state.isStopped = false
    state.claims = []
    state.own = 0
    state.lastMessageAt = Number.NEGATIVE_INFINITY
  }

  /** It takes messages from now on, and holds nothing. */
  listens(receiver: number): void {
    const state = this.#state(receiver)
    if (state.listens) return
    state.listens = true
    state.held = 0
    state.mustDrop = 0
    state.mayBeRetired = false
    state.wasOwedTooMuch = false
    state.toldRecent.fill(0)
  }

  /** It takes none any more; what it was told is over. */
  endsListening(receiver: number): void {
    this.#state(receiver).listens = false
  }

  isListening(receiver: number): boolean {
    return this.#state(receiver).listens
  }

  stops(receiver: number, isStopped: boolean): void {
    this.#state(receiver).isStopped = isStopped
  }

  /** The endpoint that it is itself. */
  moves(receiver: number, own: number): void {
    this.#state(receiver).own = own < 0 ? 0 : 1 << own
  }

  /** It tells us of an endpoint, or drops it, if it may: true for the first. */
  togglesClaim(receiver: number, endpoint: number): boolean {
    const state = this.#state(receiver)
    const isClaimed = state.claims.includes(endpoint)
    if (this.privacy === true) return !isClaimed
    const bit = 1 << endpoint
    if (isClaimed) state.claims = state.claims.filter((claim) => claim !== endpoint)
    else if (((this.#ground.reachable[receiver] as number) & bit) !== 0) {
      state.claims.push(endpoint)
      const family = this.#familyOf(endpoint)
      const ofFamily = state.claims.filter((claim) => (family & (1 << claim)) !== 0)
      if (ofFamily.length > this.#limits.maxClaims) state.claims.splice(state.claims.indexOf(ofFamily[0] as number), 1)
    }
    return !isClaimed
  }

  endsClaims(receiver: number): void {
    this.#state(receiver).claims = []
  }

  claimsOf(receiver: number): readonly number[] {
    return this.#state(receiver).claims
  }

  /** The core gave up on so many receivers by now: there must be as many who are owed too much. */
  retires(count: number): void {
    if (count === this.seen.retired) return
    this.seen.retired = count
    const owed = this.#receivers.filter(({ wasOwedTooMuch }) => wasOwedTooMuch)
    if (owed.length === 0) throw new Violation('a receiver is retired, and none is owed too much')
    for (const state of owed) state.mayBeRetired = true
  }

  /** How many contacts are to be told to this receiver or dropped, at the most. */
  pendingCount(receiver: number): number {
    const state = this.#state(receiver)
    return sizeOf(state.held & ~this.live) + sizeOf(this.#untold(receiver)) + sizeOf(this.#leftRecently & ~this.live)
  }

  /** The receiver's turn has come and gone: with a message, or `undefined` in silence. */
  reads(receiver: number, told: Told | undefined, now: number): void {
    const state = this.#state(receiver)
    const maySend = state.listens && !state.isStopped && this.privacy === false
    if (!maySend) {
      if (told !== undefined) throw new Violation(`${receiver} is told something though nothing may be sent to it`)
      this.seen.forbidden++
      return
    }
    if (told === undefined) this.seen.silent++
    else {
      const { lastMessageAt } = state
      const isTooSoon = now < lastMessageAt + this.#limits.minSendGapMs
      if (isTooSoon) throw new Violation(`${receiver} is told something ${now - lastMessageAt} ms after its last message`)
      state.lastMessageAt = now
    }
    if (told === undefined && state.mayBeRetired) return
    this.#judge(receiver, told ?? { added: [], flags: [], dropped: [] }, { now, isMessage: told !== undefined })
  }

  /** Once nothing happens any more and enough messages were read. */
  isComplete(receiver: number): void {
    const state = this.#state(receiver)
    if (!state.listens || state.mayBeRetired) return
    const dead = state.held & ~this.live
    if (dead !== 0) throw new Violation(`in the end ${receiver} holds ${namesOf(dead)}, who left`)
    const untold = this.#untold(receiver)
    if (untold !== 0 && sizeOf(state.held) < this.#limits.maxTold) throw new Violation(`in the end ${receiver} lacks ${namesOf(untold)}`)
  }

  #judge(receiver: number, { added, dropped, flags }: Told, { now, isMessage }: { now: number; isMessage: boolean }): void {
    const state = this.#state(receiver)
    if (isMessage && added.length + dropped.length === 0) throw new Violation('a message with nothing in it')
    this.#judgeForm(added, dropped)
    this.#judgeDropped(state, setOf(dropped))
    const heldBefore = state.held
    const recent = setOf(added) & ~this.live
    for (let index = 0; index < added.length; index++) this.#judgeAdded(receiver, added[index] as number, flags[index] as number, now)
    state.held = (state.held & ~setOf(dropped)) | setOf(added)
    this.#judgeOrder(receiver, added, recent)
    const isFull = added.length >= this.#limits.maxContacts || sizeOf(heldBefore) + added.length >= this.#limits.maxTold
    this.#judgeRest(receiver, { recent, isFull, droppedCount: dropped.length })
    state.mustDrop = recent
    this.#count(added, dropped, recent, receiver)
  }

  #judgeForm(added: readonly number[], dropped: readonly number[]): void {
    const { maxContacts } = this.#limits
    if (added.length > maxContacts) throw new Violation(`${added.length} added, more than ${maxContacts}`)
    if (dropped.length > maxContacts) throw new Violation(`${dropped.length} dropped, more than ${maxContacts}`)
    const [addedSet, droppedSet] = [setOf(added), setOf(dropped)]
    if (sizeOf(addedSet) !== added.length) throw new Violation(`added twice in one message: ${namesOf(addedSet)}`)
    if (sizeOf(droppedSet) !== dropped.length) throw new Violation(`dropped twice in one message: ${namesOf(droppedSet)}`)
    if ((addedSet & droppedSet) !== 0) throw new Violation(`added and dropped in one message: ${namesOf(addedSet & droppedSet)}`)
  }

  #judgeDropped(state: ReceiverState, dropped: number): void {
    if ((dropped & this.live) !== 0) throw new Violation(`dropped though live: ${namesOf(dropped & this.live)}`)
    if ((dropped & ~state.held) !== 0) throw new Violation(`dropped though never told: ${namesOf(dropped & ~state.held)}`)
    const late = state.mustDrop & ~this.live & ~dropped
    if (late !== 0) throw new Violation(`told as recently seen and not dropped next: ${namesOf(late)}`)
  }

  #judgeAdded(receiver: number, endpoint: number, flags: number, now: number): void {
    const bit = 1 << endpoint
    const state = this.#state(receiver)
    if ((state.held & bit) !== 0) throw new Violation(`added though held: ${namesOf(bit)}`)
    if ((this.#visible(receiver) & bit) === 0) throw new Violation(`added though not for this receiver: ${namesOf(bit)}`)
    if ((this.#withheld(state) & bit) !== 0) throw new Violation(`added though the receiver has it: ${namesOf(bit)}`)
    const due = this.#flags[endpoint]
    if ((this.live & bit) === 0) this.#judgeRecent(state, endpoint, now)
    else if (flags !== due) throw new Violation(`flags of ${namesOf(bit)}: ${flags}, not ${due}`)
    if (flags !== 0) this.seen.flags++
  }

  #judgeRecent(state: ReceiverState, endpoint: number, now: number): void {
    const { maxRecent, recentMs } = this.#limits
    const leftAt = this.#leftAt[endpoint] as number
    const family = this.#familyOf(endpoint)
    const name = namesOf(1 << endpoint)
    if ((this.#leftRecently & (1 << endpoint)) === 0) throw new Violation(`added though gone: ${name}`)
    if (now - (this.#leftMs[endpoint] as number) > recentMs) throw new Violation(`not so recently seen: ${name}`)
    if (sizeOf(this.live & family) >= maxRecent) throw new Violation(`recently seen though enough are live: ${name}`)
    const newer = bitsWhere(this.#leftRecently & ~this.live & family, (other) => (this.#leftAt[other] as number) > leftAt)
    if (sizeOf(newer) >= maxRecent) throw new Violation(`${maxRecent} were seen later than ${name}`)
    if (state.toldRecent[endpoint] === leftAt) throw new Violation(`told as recently seen twice: ${name}`)
    state.toldRecent[endpoint] = leftAt
  }

  /** The families have a list each, so order shows within a family; of both, nobody is left out for who came later. */
  #judgeOrder(receiver: number, added: readonly number[], recent: number): void {
    const latest = [0, 0]
    for (const endpoint of added) {
      const family = (this.#ground.families[0] & (1 << endpoint)) !== 0 ? 0 : 1
      const isRecent = (recent & (1 << endpoint)) !== 0
      const connectedAt = isRecent ? Number.POSITIVE_INFINITY : (this.#connectedAt[endpoint] as number)
      if (connectedAt < (latest[family] as number)) throw new Violation(`added out of order: ${added.map((place) => namesOf(1 << place))}`)
      latest[family] = connectedAt
    }
    const last = Math.max(...latest)
    const passedOver = bitsWhere(this.#untold(receiver), (endpoint) => (this.#connectedAt[endpoint] as number) < last)
    if (passedOver !== 0) throw new Violation(`${namesOf(passedOver)} left out for ${namesOf(setOf(added))}, who came later`)
  }

  /** Nothing waits for the next message that this one had room for. */
  #judgeRest(receiver: number, message: { recent: number; isFull: boolean; droppedCount: number }): void {
    const state = this.#state(receiver)
    const undropped = state.held & ~this.live & ~message.recent
    const mayWait = undropped !== 0 && message.droppedCount >= this.#limits.maxContacts
    if (undropped !== 0 && !mayWait) throw new Violation(`${receiver}: not dropped though there was room: ${namesOf(undropped)}`)
    const untold = this.#untold(receiver)
    if (untold !== 0 && !message.isFull && !mayWait) {
      throw new Violation(`${receiver}: not added though there was room: ${namesOf(untold)}`)
    }
    if (sizeOf(state.held) > this.#limits.maxTold) throw new Violation(`holds ${namesOf(state.held)}, too many`)
  }

  #count(added: readonly number[], dropped: readonly number[], recent: number, receiver: number): void {
    const { seen } = this
    const { maxContacts } = this.#limits
    const state = this.#state(receiver)
    seen.added += added.length
    seen.dropped += dropped.length
    seen.recent += sizeOf(recent)
    if (added.length === maxContacts) seen.fullAdded++
    if (dropped.length === maxContacts) seen.fullDropped++
    if ((state.held & this.live & (this.#withheld(state) | ~this.#visible(receiver))) !== 0) seen.stillTold++
  }

  /** Live, visible, and neither held nor withheld. */
  #untold(receiver: number): number {
    const state = this.#state(receiver)
    return this.live & this.#visible(receiver) & ~this.#withheld(state) & ~state.held
  }

  #visible(receiver: number): number {
    const reachable = this.#ground.reachable[receiver] as number
    return this.#state(receiver).isSeed ? reachable & ~this.#seeds : reachable
  }

  #withheld({ own, claims }: ReceiverState): number {
    return own | setOf(claims)
  }

  #familyOf(endpoint: number): number {
    const [four, six] = this.#ground.families
    return (four & (1 << endpoint)) !== 0 ? four : six
  }

  #state(receiver: number): ReceiverState {
    return this.#receivers[receiver] as ReceiverState
  }
}

function setOf(endpoints: readonly number[]): number {
  let set = 0
  for (const endpoint of endpoints) set |= 1 << endpoint
  return set
}

function bitsWhere(set: number, test: (endpoint: number) => boolean): number {
  let bits = 0
  for (let rest = set, endpoint = 0; rest !== 0; rest >>>= 1, endpoint++) if ((rest & 1) !== 0 && test(endpoint)) bits |= 1 << endpoint
  return bits
}
