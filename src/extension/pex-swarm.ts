/// <reference lib="esnext.disposable" preserve="true" />
/**
 * One torrent's peer exchange on `bittorrent-protocol` wires: nothing has to be fed.
 *
 * Give it to `utPex({ swarm })` on every wire of a torrent. It learns from the wires who is connected and
 * tells each of them about the others; what they tell comes out as events, and whom to dial from `next`.
 */

import { formatEndpoint, parseEndpoint } from '../address/endpoint.ts'
import { type Limits, limitsWith } from '../core/limits.ts'
import type { Turn } from '../core/outbox.ts'
import type { Heard, Sink } from '../core/sink.ts'
import { type Privacy, type SharedContact, Swarm, type SwarmStats } from '../core/swarm.ts'
import type { ViolationCode } from '../core/violation.ts'
import { Driver, Task } from './driver.ts'
import { Emitter } from './emitter.ts'
import { flagsFromByte, type PexFlags } from './flags.ts'
import { HeardQueue } from './heard-batch.ts'
import { Link, type LinkOwner, type LinkSetUp } from './link.ts'
import type { Wire } from './wire.ts'

export interface PexSwarmOptions {
  /** Where we take connections: a port 1–65535, told to every peer as `p`; 0 while unknown. Default 0: nobody can pass us on. */
  readonly listenPort?: number
  /** Whether the torrent is private (BEP 27): nothing is sent or taken then. `'unknown'`, for a magnet: nothing comes out until it is known. Default false. */
  readonly private?: Privacy
  /** Whether we have every piece: seeds are no candidates then. Default false. */
  readonly seeding?: boolean
  /** Pieces of the torrent, an integer ≥ 1: by it a peer with a full bit field is known as a seed. Default unknown. */
  readonly pieceCount?: number | undefined
  /** Asked once for each peer, when it connects: may others be told of it? Pure; a throw counts as false. Default: all. */
  readonly share?: (contact: SharedContact) => boolean
  /** Asked for each received contact before anything of it is kept. Pure; a throw counts as false. Default: all. */
  readonly accept?: (address: string, port: number) => boolean
  /** Bounds that differ from `defaultLimits`. */
  readonly limits?: Partial<Limits>
  /** Milliseconds, monotonic. Default `performance.now`. */
  readonly clock?: () => number
}

/** A rule that a peer broke. */
export interface Violation {
  readonly code: ViolationCode
  /** The peer as others would dial it, else as we see it: 'address:port'. */
  readonly source: string | undefined
  readonly wire: Wire
  /** How often, in one message. */
  readonly count: number
}

/** A contact that at least one peer claims. */
export interface KnownPeer {
  /** 'address:port', IPv6 in brackets */
  readonly peer: string
  /** As its first source gave them. */
  readonly flags: PexFlags
  readonly sources: readonly (string | undefined)[]
}

export interface PexSwarmEvents {
  /** A contact has become known: its first source, as `Violation.source`, claims it. */
  peer: [peer: string, flags: PexFlags, source: string | undefined]
  /** The last source that claimed a contact has dropped it. */
  dropped: [peer: string, source: string | undefined]
  /** `next` has become non-empty; at most once per event-loop turn. */
  candidates: []
  violation: [violation: Violation]
  /** A listener or a wire threw. */
  warning: [error: unknown]
}

/** The wires of a swarm, for the extension on each of them. */
export interface SwarmWires {
  join(wire: Wire, setUp: LinkSetUp): Link
}

/** Marks of a contact beside the byte of its flags: what has become of it, and who is to be told. */
const mark = { dropped: 0x100, forSwarm: 0x200, forInstance: 0x400 }

let wiresOf: (swarm: PexSwarm) => SwarmWires

/** The inside of a swarm, for `ut-pex.ts` only. */
export function swarmWires(swarm: PexSwarm): SwarmWires {
  return wiresOf(swarm)
}

export class PexSwarm extends Emitter<PexSwarmEvents> {
  readonly #core: Swarm<Link>
  readonly #driver: Driver
  readonly #task: Task
  /** Due at once when `candidates` is to be emitted: by the timer, so at most once in a turn of the event loop. */
  readonly #announcement: Task
  readonly #links = new Set<Link>()
  readonly #owner: LinkOwner
  readonly #heard: HeardQueue<Link>
  readonly #maxBufferedBytes: number
  #pieceCount: number | undefined
  #isClosed = false
  #isAnnouncing = false

  static {
    wiresOf = (swarm) => ({ join: (wire, setUp) => swarm.#join(wire, setUp) })
    // Older browsers have no `Symbol.dispose`.
    if (Symbol.dispose !== undefined) Object.defineProperty(this.prototype, Symbol.dispose, { value: this.prototype.close })
  }

  /** @throws {TypeError | RangeError} when an option is not what it should be, with its name. */
  constructor(options: PexSwarmOptions = {}) {
    super()
    if (typeof options !== 'object' || options === null) throw new TypeError(`options: an object was expected, not ${String(options)}`)
    for (const name of ['share', 'accept', 'clock'] as const) {
      const value = options[name]
      if (value !== undefined && typeof value !== 'function') throw new TypeError(`${name}: a function was expected, not ${String(value)}`)
    }
    const { limits: changes = {} } = options
    if (typeof changes !== 'object' || changes === null) throw new TypeError(`limits: an object was expected, not ${String(changes)}`)
    const limits = limitsWith(changes)
    this.#core = new Swarm<Link>({
      sink: this.#sink(),
      seed: Math.floor(Math.random() * 2 ** 32),
      limits,
      private: checkPrivacy(options.private ?? false),
      share: options.share,
      accept: options.accept,
    })
    this.#maxBufferedBytes = limits.maxBufferedBytes
    this.#driver = new Driver(options.clock)
    this.#heard = new HeardQueue(this.#driver, { tell: (link, peer, marks) => this.#tell(link, peer, marks) })
    this.#owner = this.#createOwner()
    this.#task = new Task(this.#core)
    this.#announcement = new Task({
      nextTimeout: () => (this.#isAnnouncing ? Number.NEGATIVE_INFINITY : undefined),
      handleTimeout: () => this.#emitCandidates(),
    })
    this.#core.listenPort = checkListenPort(options.listenPort ?? 0)
    this.#pieceCount = checkPieceCount(options.pieceCount)
    this.seeding = options.seeding ?? false
  }

  /** Our listen port, 1–65535, or 0 while unknown. When it changes, every peer is told. */
  get listenPort(): number {
    return this.#core.listenPort
  }

  set listenPort(port: number) {
    if (checkListenPort(port) === this.#core.listenPort) return
    this.#core.listenPort = port
    for (const link of [...this.#links]) link.sendHandshake()
  }

  /** Whether the torrent is private; all changes are possible at any time. */
  get private(): Privacy {
    return this.#core.private
  }

  set private(value: Privacy) {
    const before = this.#core.private
    checkPrivacy(value)
    this.#run((core, now) => core.handlePrivate(value, now))
    if ((before === true) !== (value === true)) for (const link of [...this.#links]) link.sendHandshake()
  }

  /** Whether we have every piece. */
  get seeding(): boolean {
    return this.#core.seeding
  }

  set seeding(value: boolean) {
    if (typeof value !== 'boolean') throw new TypeError(`seeding: a boolean was expected, not ${String(value)}`)
    this.#run((core, now) => core.handleSeeding(value, now))
  }

  /** Pieces of the torrent, ≥ 1; undefined while unknown. */
  get pieceCount(): number | undefined {
    return this.#pieceCount
  }

  set pieceCount(count: number | undefined) {
    this.#pieceCount = checkPieceCount(count)
    for (const link of [...this.#links]) link.handlePieceCount()
  }

  /**
   * Whom to dial, best first: at most `count` of 'address:port', none when it is 0 or less. This is the only way to
   * dial: what is handed out counts as being dialled until it is connected, reported, or ten minutes old.
   */
  next(count: number): string[] {
    if (typeof count !== 'number' || Number.isNaN(count)) throw new TypeError(`count: a number was expected, not ${String(count)}`)
    if (count <= 0 || this.#isClosed) return []
    return this.#run((core, now) => core.next(Math.floor(count), now)).map(format)
  }

  /** What became of a peer that `next` handed out. A connection on a wire of this swarm reports itself. */
  report(peer: string, outcome: 'connected' | 'failed'): void {
    const endpoint = checkPeer(peer)
    if (outcome !== 'connected' && outcome !== 'failed') {
      throw new TypeError(`outcome: 'connected' or 'failed' was expected, not ${String(outcome)}`)
    }
    this.#run((core, now) => core.report(endpoint, outcome, now))
  }

  /** Every contact that a peer claims now, and who. Empty while the torrent is private, or may be. */
  known(): KnownPeer[] {
    const known = new Map<string, { peer: string; flags: PexFlags; sources: (string | undefined)[] }>()
    this.#core.forEachClaim((link, bytes, offset, family, flags) => {
      const peer = formatEndpoint(bytes, offset, family)
      const entry = known.get(peer)
      if (entry === undefined) known.set(peer, { peer, flags: flagsFromByte(flags), sources: [link.source] })
      else entry.sources.push(link.source)
    })
    return [...known.values()]
  }

  /** The connected peers that claim this one, 8 at most: any of them can introduce us to it. */
  sourcesOf(peer: string): { readonly source: string | undefined; readonly wire: Wire }[] {
    return this.#core.sourcesOf(checkPeer(peer)).map(({ source, wire }) => ({ source, wire }))
  }

  /** Counts of this moment. */
  stats(): SwarmStats {
    return this.#core.stats()
  }

  /** Lets all wires go: nothing is sent or taken any more, no timer is left. Again, it does nothing. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const link of [...this.#links]) link.release()
    this.#driver.remove(this.#task)
    this.#driver.remove(this.#announcement)
  }

  declare [Symbol.dispose]: () => void

  #join(wire: Wire, setUp: LinkSetUp): Link {
    const link = new Link(wire, this.#owner, setUp)
    this.#links.add(link)
    if (this.#isClosed) link.release()
    return link
  }

  #createOwner(): LinkOwner {
    const swarm = this
    return {
      get listenPort() {
        return swarm.#core.listenPort
      },
      get private() {
        return swarm.#core.private
      },
      get pieceCount() {
        return swarm.#pieceCount
      },
      maxBufferedBytes: this.#maxBufferedBytes,
      run: (input) => swarm.#run(input),
      warn: (error) => {
        swarm.emit('warning', error)
      },
      closed: (link) => {
        swarm.#links.delete(link)
      },
    }
  }

  #run<Result>(input: (core: Swarm<Link>, now: number) => Result): Result {
    const result = input(this.#core, this.#driver.now())
    this.#driver.taken(this.#task)
    return result
  }

  #sink(): Sink<Link> {
    return {
      turn: (link, turn) => this.#driver.later(() => this.#send(link, turn)),
      added: (link, heard) => this.#onAdded(link, heard),
      dropped: (link, heard) => this.#onDropped(link, heard),
      candidates: () => this.#driver.later(() => this.#announce()),
      violation: (link, code, count) => this.#driver.later(() => this.#onViolation(link, code, count)),
    }
  }

  #send(link: Link, turn: Turn): void {
    try {
      link.send(turn)
    } catch (error) {
      this.emit('warning', error)
    }
  }

  #onAdded(link: Link, heard: Heard): void {
    const isNews = heard.sourceCount === 1 && this.listenerCount('peer') > 0
    const isForInstance = link.instance.isListening && !link.isAdopting
    if (!isNews && !isForInstance) return
    this.#heard.add(link, heard.flags | (isNews ? mark.forSwarm : 0) | (isForInstance ? mark.forInstance : 0), heard)
  }

  #onDropped(link: Link, heard: Heard): void {
    const isNews = heard.sourceCount === 0 && this.listenerCount('dropped') > 0
    if (!isNews && !link.instance.isListening) return
    this.#heard.add(link, mark.dropped | (isNews ? mark.forSwarm : 0) | mark.forInstance, heard)
  }

  #tell(link: Link, peer: string, marks: number): void {
    const isDrop = (marks & mark.dropped) !== 0
    if ((marks & mark.forSwarm) !== 0 && this.#isReporting) {
      if (isDrop) this.emit('dropped', peer, link.source)
      else this.emit('peer', peer, flagsFromByte(marks), link.source)
    }
    if ((marks & mark.forInstance) !== 0 && this.#isReporting) {
      if (isDrop) link.instance.emitDropped(peer)
      else link.instance.emitPeer(peer, flagsFromByte(marks))
    }
  }

  #onViolation(link: Link, code: ViolationCode, count: number): void {
    if (this.#isClosed) return
    this.emit('violation', { code, source: link.source, wire: link.wire, count })
    if (code !== 'flood') return
    try {
      link.wire.destroy()
    } catch (error) {
      this.emit('warning', error)
    }
  }

  /** False from the moment when a listener closes the swarm or makes it private: what is left of a message is not reported. */
  get #isReporting(): boolean {
    return !this.#isClosed && this.#core.private === false
  }

  #announce(): void {
    this.#isAnnouncing = true
    if (!this.#isClosed) this.#driver.run(this.#announcement, () => {})
  }

  #emitCandidates(): void {
    this.#isAnnouncing = false
    this.#driver.later(() => this.#isReporting && this.emit('candidates'))
  }
}

function format(endpoint: Uint8Array): string {
  return formatEndpoint(endpoint, 0, endpoint.length === 6 ? 4 : 6)
}

function checkPeer(peer: string): Uint8Array {
  const endpoint = parseEndpoint(peer)
  if (endpoint === undefined) throw new TypeError(`peer: '1.2.3.4:6881' or '[2001:db8::1]:6881' was expected, not ${String(peer)}`)
  return endpoint
}

function checkListenPort(port: number): number {
  if (Number.isInteger(port) && port >= 0 && port < 65_536) return port
  throw new RangeError(`listenPort: an integer 0–65535 was expected, not ${String(port)}`)
}

function checkPrivacy(value: Privacy): Privacy {
  if (typeof value === 'boolean' || value === 'unknown') return value
  throw new TypeError(`private: true, false or 'unknown' was expected, not ${String(value)}`)
}

function checkPieceCount(count: number | undefined): number | undefined {
  if (count === undefined || (Number.isInteger(count) && count > 0)) return count
  throw new RangeError(`pieceCount: an integer ≥ 1 was expected, not ${String(count)}`)
}
