/**
 * The extension on one wire, with the calls and events of ut_pex 5.
 *
 * Without a swarm the host feeds it: `addPeer…`, `dropPeer…`, `start`. In a swarm nothing is fed, and
 * `addPeer…`/`dropPeer…` are disregarded; a wire may join a swarm later and keeps its clocks and listeners.
 *
 * An instance is small, because most wires are never fed: the state is made when it is first needed, and all
 * constructors that `utPex()` returns share one prototype (a class per call took 2.4 KB, this takes 0.25 KB).
 */

import type { Halves } from '../core/connection.ts'
import { defaultLimits } from '../core/limits.ts'
import type { Turn } from '../core/outbox.ts'
import { keyOfPeer } from '../core/peer-key.ts'
import type { Sink } from '../core/sink.ts'
import { Solo } from '../core/solo.ts'
import type { LeavingReason } from '../core/swarm.ts'
import { Driver, Task } from './driver.ts'
import { Emitter } from './emitter.ts'
import { byteFromFlags, flagsFromByte, type PexFlags } from './flags.ts'
import { HeardQueue } from './heard-batch.ts'
import type { Link, LinkInstance, WireFacts } from './link.ts'
import { PexSwarm, swarmWires } from './pex-swarm.ts'
import { bufferedBytes, isBusy, readAddress, readHandshake, remoteIdOf, type Wire } from './wire.ts'

export interface UtPexOptions extends WireFacts {
  /** The swarm of this wire's torrent. Default none: the host feeds the wire by hand. */
  readonly swarm?: PexSwarm | undefined
  /** The remote's address as its socket gives it: IPv4 or IPv6 text. Default: the wire's `remoteAddress`. */
  readonly address?: string | undefined
  /** The port at the remote's end of the connection, 1–65535. Default: the wire's `remotePort`. */
  readonly port?: number | undefined
  /** Whether we dialled. Default: the wire's `type` says so. */
  readonly outgoing?: boolean | undefined
}

export interface UtPexEvents {
  /** The remote tells of a peer: 'address:port', IPv6 in brackets. Once, until it drops it. */
  peer: [peer: string, flags: PexFlags]
  /** The remote has dropped a peer that it told of. */
  dropped: [peer: string]
  warning: [warning: unknown]
}

/** One driver for all wires that are fed by hand. */
const handDriver = new Driver()
/** What their peers tell: the mark is the byte of flags, or that of a drop. */
const dropMark = 0x100
const handHeard = new HeardQueue<UtPex>(handDriver, {
  tell: (instance, peer, mark) => {
    if (mark === dropMark) instance.emitDropped(peer)
    else instance.emitPeer(peer, flagsFromByte(mark))
  },
})
let handSink: Sink<UtPex>
const noOptions: UtPexOptions = {}
const leavingReasons: readonly LeavingReason[] = ['duplicate', 'no-mutual-interest', 'resource-limit']

export class UtPex extends Emitter<UtPexEvents> implements LinkInstance {
  /** The extension's name in `m`, on the prototype. */
  declare readonly name: 'ut_pex'
  readonly #wire: Wire
  #facts: WireFacts
  #solo: Solo<UtPex> | undefined
  #task: Task | undefined
  #link: Link | undefined
  /** The id that the remote gave since we are here; undefined while it has not named ut_pex. */
  #remoteId: number | undefined
  /** Whether the state was told the remote's id. */
  #hasSender = false
  #isStopped = false
  #isClosed = false

  static {
    Object.defineProperty(this.prototype, 'name', { value: 'ut_pex' })
    handSink = {
      isListening: (instance) => instance.isListening,
      turn: (instance, turn) => handDriver.later(() => instance.#send(turn)),
      added: (instance, heard) => {
        if (instance.listenerCount('peer') > 0) handHeard.add(instance, heard.flags, heard)
      },
      dropped: (instance, heard) => {
        if (instance.listenerCount('dropped') > 0) handHeard.add(instance, dropMark, heard)
      },
      candidates: () => {},
      violation: (instance, code) => {
        if (code === 'flood') handDriver.later(() => instance.#hangUp())
      },
    }
  }

  constructor(wire: Wire, options: UtPexOptions) {
    super()
    this.#wire = wire
    this.#facts = options
    if (options.swarm !== undefined) {
      this.join(options.swarm, options)
      return
    }
    wire.on?.('extended', this.#onExtended)
    for (const event of ['close', 'finish']) wire.on?.(event, this.#onClose)
  }

  /** Starts sending, also again after `stop`. The first message goes out 1 s later, the next ones 65 s apart. */
  start(): void {
    this.#isStopped = false
    if (this.#link !== undefined) this.#link.handleStopped(false)
    else this.#run((solo, now) => solo.start(now))
  }

  /** Stops sending. Nothing is lost: what has changed is told after the next `start`. */
  stop(): void {
    this.#isStopped = true
    if (this.#link !== undefined) this.#link.handleStopped(true)
    else if (this.#solo !== undefined) this.#run((solo) => solo.stop())
  }

  /** Stops, forgets what the remote told, and drops what it was told should `start` be called again. */
  reset(): void {
    this.#isStopped = true
    if (this.#link !== undefined) {
      this.#link.handleStopped(true)
      this.#link.handleReset()
    } else if (this.#solo !== undefined) this.#run((solo, now) => solo.reset(now))
  }

  /** Tells the remote of a peer: 'address:port' of either family. Anything else is disregarded. */
  addPeer(peer: string, flags: Partial<PexFlags> = {}): void {
    const key = this.#link === undefined ? keyOfPeer(peer) : undefined
    const solo = key === undefined ? undefined : this.#open()
    if (key === undefined || solo === undefined) return
    solo.connect(key, byteFromFlags(flags))
    this.#wake(solo)
  }

  /** The same as `addPeer`. */
  addPeer6(peer: string, flags: Partial<PexFlags> = {}): void {
    this.addPeer(peer, flags)
  }

  /** Tells the remote that a peer has gone, if it was told of it. Anything else is disregarded. */
  dropPeer(peer: string): void {
    const key = this.#solo === undefined ? undefined : keyOfPeer(peer)
    const solo = key === undefined ? undefined : this.#open()
    if (key === undefined || solo === undefined) return
    solo.disconnect(key)
    this.#wake(solo)
  }

  /** The same as `dropPeer`. */
  dropPeer6(peer: string): void {
    this.dropPeer(peer)
  }

  /**
   * The host is about to close this wire for a reason that says nothing against the peer: in a swarm it may
   * still be told to others for a while (BEP 11, “Filling underpopulated lists”).
   * @throws {TypeError} when the reason is none of the three.
   */
  leaving(reason: LeavingReason): void {
    if (!leavingReasons.includes(reason)) {
      throw new TypeError(`reason: one of '${leavingReasons.join("', '")}' was expected, not ${String(reason)}`)
    }
    this.#link?.handleLeaving()
  }

  /** Part of the wire's extension interface. */
  onHandshake(_infoHash?: string, _peerId?: string, extensions?: { readonly extended?: boolean }): void {
    this.#link?.handleHandshake(extensions?.extended === true)
  }

  /** Part of the wire's extension interface. */
  onExtendedHandshake(handshake?: unknown): void {
    const m = (handshake as { m?: { ut_pex?: unknown } } | undefined | null)?.m
    if (!m?.ut_pex) this.emit('warning', new Error('Peer does not support ut_pex'))
    else this.#onExtended('handshake', handshake)
  }

  /** Part of the wire's extension interface: a message came. Whatever it is, nothing is thrown. */
  onMessage(message: Uint8Array): void {
    if (!(message instanceof Uint8Array)) return
    if (this.#link !== undefined) this.#link.handleMessage(message)
    else {
      const solo = this.#open()
      if (solo === undefined) return
      solo.handleMessage(message, handDriver.now())
      handDriver.taken(this.#task as Task)
    }
  }

  /** Takes the wire into a swarm, if it is in none. Its listeners stay, its clocks go on. */
  join(swarm: PexSwarm, facts: WireFacts): void {
    if (this.#link !== undefined && !this.#link.isClosed) return
    const halves = this.#leaveSolo() ?? this.#link?.halves
    const { address, port, outgoing } = this.#facts
    this.#facts = { address: facts.address ?? address, port: facts.port ?? port, outgoing: facts.outgoing ?? outgoing }
    this.#link = swarmWires(swarm).join(this.#wire, { facts: this.#facts, instance: this, halves, isStopped: this.#isStopped })
    this.#link.open()
  }

  /** Whether it is in a swarm, or was in one that has let it go. */
  get hasJoined(): boolean {
    return this.#link !== undefined
  }

  /** Whether anybody listens to what the remote tells. */
  get isListening(): boolean {
    return this.listenerCount('peer') > 0 || this.listenerCount('dropped') > 0
  }

  emitPeer(peer: string, flags: PexFlags): void {
    this.emit('peer', peer, flags)
  }

  emitDropped(peer: string): void {
    this.emit('dropped', peer)
  }

  readonly #onExtended = (name: unknown, payload: unknown): void => {
    const id = name === 'handshake' ? readHandshake(payload).utPex : undefined
    if (id === undefined) return
    this.#remoteId = id
    if (this.#hasSender) this.#run((solo, now) => solo.handleRemoteId(id, now))
  }

  readonly #onClose = (): void => {
    this.#isClosed = true
    this.#leaveSolo()
  }

  #leaveSolo(): Halves | undefined {
    this.#wire.removeListener?.('extended', this.#onExtended)
    for (const event of ['close', 'finish']) this.#wire.removeListener?.(event, this.#onClose)
    if (this.#task !== undefined) handDriver.remove(this.#task)
    const halves = this.#solo?.halves()
    this.#solo = undefined
    this.#task = undefined
    return halves
  }

  /** Gives the sending half an input. It learns the remote's id with the first one: who only listens needs no place on a timeline. */
  /** There may be something to tell. Of many contacts that are fed one after the other only the first takes a look at the clock. */
  #wake(solo: Solo<UtPex>): void {
    if (solo.isAsleep || !this.#hasSender) this.#run(wake)
  }

  #run(input: (solo: Solo<UtPex>, now: number) => void): void {
    const solo = this.#open()
    if (solo === undefined) return
    const now = handDriver.now()
    if (!this.#hasSender) {
      this.#hasSender = true
      const id = this.#remoteId ?? remoteIdOf(this.#wire)
      if (id !== 0) solo.handleRemoteId(id, now)
    }
    input(solo, now)
    handDriver.taken(this.#task as Task)
  }

  /** The state, made when it is first needed; undefined once the wire has closed. */
  #open(): Solo<UtPex> | undefined {
    if (this.#isClosed) return undefined
    if (this.#wire.destroyed === true) {
      this.#onClose()
      return undefined
    }
    if (this.#solo === undefined) {
      this.#solo = new Solo<UtPex>(this, {
        sink: handSink,
        seed: Math.floor(Math.random() * 2 ** 32),
        address: readAddress(this.#facts.address ?? this.#wire.remoteAddress),
      })
      this.#task = new Task(this.#solo)
    }
    return this.#solo
  }

  #send(turn: Turn): void {
    const wire = this.#wire
    if (wire.destroyed === true) this.#onClose()
    if (this.#solo === undefined || this.#task === undefined) return
    if (isBusy(wire) && (turn === 'open' || bufferedBytes(wire) >= defaultLimits.maxBufferedBytes)) return
    const solo = this.#solo
    const message = handDriver.run(this.#task, (now) => solo.takeMessage(now))
    if (message === undefined) return
    try {
      wire.extended(solo.remoteId, message)
    } catch (error) {
      this.emit('warning', error)
    }
  }

  #hangUp(): void {
    this.reset()
    try {
      this.#wire.destroy()
    } catch (error) {
      this.emit('warning', error)
    }
    this.emit('warning', new Error('Peer disconnected for sending PEX messages too frequently'))
  }
}

/** What `wire.use` takes. */
export interface UtPexConstructor {
  new (wire: Wire): UtPex
  readonly prototype: UtPex
}

/**
 * A constructor of the extension for `wire.use()`, a fresh one from each call. On a wire that has the extension
 * it gives the one that is there, which joins the swarm that is named here if it is in none.
 * @throws {TypeError | RangeError} when an option is not what it should be, with its name.
 */
export function utPex(options: UtPexOptions = noOptions): UtPexConstructor {
  if (options !== noOptions) checkOptions(options)
  function Extension(wire: Wire): UtPex {
    const present = (wire as { ut_pex?: unknown }).ut_pex
    if (!(present instanceof UtPex)) return new UtPex(wire, options)
    if (options.swarm !== undefined) present.join(options.swarm, options)
    return present
  }
  Extension.prototype = UtPex.prototype
  return Extension as unknown as UtPexConstructor
}

// What `require('ut_pex')` gives is this function itself, so the other values must be on it.
Object.defineProperties(utPex, {
  PexSwarm: { value: PexSwarm, enumerable: true },
  defaultLimits: { value: defaultLimits, enumerable: true },
})

function wake(solo: Solo<UtPex>, now: number): void {
  solo.wake(now)
}

function checkOptions(options: UtPexOptions): void {
  if (typeof options !== 'object' || options === null) throw new TypeError(`options: an object was expected, not ${String(options)}`)
  const { swarm, address, port, outgoing } = options
  if (swarm !== undefined && !(swarm instanceof PexSwarm)) throw new TypeError(`swarm: a PexSwarm was expected, not ${String(swarm)}`)
  if (address !== undefined && readAddress(address) === undefined) {
    throw new TypeError(`address: an IPv4 or IPv6 address was expected, not ${String(address)}`)
  }
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port < 65_536)) {
    throw new RangeError(`port: an integer 0–65535 was expected, not ${String(port)}`)
  }
  if (outgoing !== undefined && typeof outgoing !== 'boolean')
    throw new TypeError(`outgoing: a boolean was expected, not ${String(outgoing)}`)
}
