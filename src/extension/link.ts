/**
 * One wire of a swarm: reads the facts from the wire and gives them to the core, and sends what the core
 * says. Nothing has to be fed.
 *
 *     fact                         read from
 *     BitTorrent handshake done    `onHandshake`, or `peerId` if it is set already
 *     address, port, who dialled   options, else `remoteAddress`, `remotePort` and `type` of the wire
 *     listen port, flags, ut_pex   'extended' with 'handshake', each time; it comes also when `ut_pex` is 0 or missing
 *     pieces                       'bitfield', 'have', 'have-all', 'have-none', and lt_donthave's messages
 *     gone                         'close', 'finish', 'end', whichever is first
 *
 * Our own handshake gets `p`, without which no client passes us on, and on a private torrent loses `ut_pex`.
 * A wire builds `m` from `extendedMapping` when it sends the handshake, so that is where both are put in.
 */

import { formatEndpoint, packEndpoint } from '../address/endpoint.ts'
import type { ExtendedHandshake } from '../codec/handshake.ts'
import type { Halves, Peer } from '../core/connection.ts'
import type { Turn } from '../core/outbox.ts'
import type { Privacy, Swarm } from '../core/swarm.ts'
import type { PexFlags } from './flags.ts'
import { bufferedBytes, isBusy, readAddress, readHandshake, readPieces, readPort, remoteIdOf, type Wire } from './wire.ts'

/** What the host says of a wire, where the wire itself does not know. */
export interface WireFacts {
  readonly address?: string | undefined
  readonly port?: number | undefined
  readonly outgoing?: boolean | undefined
}

/** The wire's own extension instance, as its link needs it. */
export interface LinkInstance {
  emitPeer(peer: string, flags: PexFlags): void
  emitDropped(peer: string): void
  readonly isListening: boolean
}

export interface LinkSetUp {
  readonly facts: WireFacts
  readonly instance: LinkInstance
  /** Of a wire that was fed by hand until now, or in a swarm that was closed. */
  readonly halves: Halves | undefined
  readonly isStopped: boolean
}

/** What a link needs of its swarm. */
export interface LinkOwner {
  readonly listenPort: number
  readonly private: Privacy
  readonly pieceCount: number | undefined
  readonly maxBufferedBytes: number
  run<Result>(input: (core: Swarm<Link>, now: number) => Result): Result
  /** The wire threw. */
  warn(error: unknown): void
  closed(link: Link): void
}

export class Link {
  readonly wire: Wire
  /** What listeners of the wire's own extension are told, and what closes when a flood comes. */
  readonly instance: LinkInstance
  readonly #owner: LinkOwner
  readonly #facts: WireFacts
  #halves: Halves | undefined
  #isStopped: boolean
  #state: 'waiting' | 'connected' | 'closed' = 'waiting'
  #remoteId = 0
  #peer: Peer | undefined
  /** The listen port that it gave. */
  #listenPort: number | undefined
  /** Whether what comes out of the core now is what the listeners of this wire know already. */
  #isAdopting = false
  /** The wire's own way to send our handshake, and whether that was the wire's own property. */
  #sendHandshake: (() => void) | undefined
  #hadOwnSend = false
  /** Ids under which our `m` named ut_pex, while they are taken out. */
  #hiddenIds: string[] = []
  #haveCount = -1
  /** `source`, and what it was made of. */
  #source: string | undefined
  #sourceAddress: string | undefined
  #sourcePort: number | undefined

  constructor(wire: Wire, owner: LinkOwner, setUp: LinkSetUp) {
    this.wire = wire
    this.instance = setUp.instance
    this.#owner = owner
    this.#facts = setUp.facts
    this.#halves = setUp.halves
    this.#isStopped = setUp.isStopped
  }

  /** Begins, once the instance and the swarm know this link: what comes out of it may call back. */
  open(): void {
    const { wire } = this
    if (wire.destroyed === true) this.close()
    if (this.isClosed) return
    this.#listen('on')
    this.#interceptHandshake()
    if (typeof wire.peerId === 'string') this.handleHandshake(wire.peerExtensions?.extended === true)
    if (wire._extendedHandshakeSent === true) this.#sayLate()
  }

  get isClosed(): boolean {
    return this.#state === 'closed'
  }

  get isAdopting(): boolean {
    return this.#isAdopting
  }

  /** What another swarm needs to go on with this wire: of an open one that has been let go. */
  get halves(): Halves | undefined {
    return this.#halves
  }

  /** The remote as others would dial it, else as we see it: 'address:port'. Made anew only when the facts have changed. */
  get source(): string | undefined {
    const text = this.#facts.address ?? this.wire.remoteAddress
    const port = (this.#peer?.direction === 'incoming' ? this.#listenPort : undefined) ?? this.#port()
    if (text === this.#sourceAddress && port === this.#sourcePort) return this.#source
    const address = readAddress(text)
    const isKnown = address !== undefined && port !== undefined
    this.#source = isKnown ? formatEndpoint(packEndpoint(address, port), 0, address.length === 4 ? 4 : 6) : undefined
    this.#sourceAddress = text
    this.#sourcePort = port
    return this.#source
  }

  /** The remote's BitTorrent handshake has come. */
  handleHandshake(isExtended: boolean): void {
    if (this.#state !== 'waiting') return
    this.#state = 'connected'
    this.#peer = this.#readPeer(isExtended)
    const peer = this.#peer
    const halves = this.#halves
    const past = this.#pastHandshake()
    this.#halves = undefined
    this.#owner.run((core, now) => {
      this.#isAdopting = true
      core.handleConnect(this, peer, now, halves)
      this.#isAdopting = false
      if (past !== undefined) core.handleExtendedHandshake(this, past, now)
      core.handleStopped(this, this.#isStopped, now)
    })
    this.#readPieces()
  }

  handleMessage(bytes: Uint8Array): void {
    if (this.#state === 'connected') this.#owner.run((core, now) => core.handleMessage(this, bytes, now))
  }

  /** The host is about to close this wire, for one of the reasons that say nothing against the peer. */
  handleLeaving(): void {
    this.#owner.run((core) => core.handleLeaving(this))
  }

  handleStopped(isStopped: boolean): void {
    this.#isStopped = isStopped
    this.#owner.run((core, now) => core.handleStopped(this, isStopped, now))
  }

  /** What came from this peer is forgotten. */
  handleReset(): void {
    this.#owner.run((core, now) => core.handleReset(this, now))
  }

  /** The torrent's number of pieces has become known. */
  handlePieceCount(): void {
    this.#haveCount = -1
    this.#readPieces()
  }

  /** It is this wire's turn: send, or leave it while the wire is busy. */
  send(turn: Turn): void {
    const { wire } = this
    if (wire.destroyed === true) this.close()
    if (this.#state !== 'connected') return
    if (isBusy(wire) && (turn === 'open' || bufferedBytes(wire) >= this.#owner.maxBufferedBytes)) return
    const message = this.#owner.run((core, now) => core.takeMessage(this, now))
    if (message !== undefined) wire.extended(this.#remoteId, message)
  }

  /** Says our handshake again, with all of `m` (libtorrent forgets what is left out). */
  sendHandshake(): void {
    const { wire } = this
    if (this.#state === 'closed' || wire.destroyed === true || wire._extendedHandshakeSent !== true) return
    try {
      wire._sendExtendedHandshake?.()
    } catch (error) {
      this.#owner.warn(error)
    }
  }

  /** We came after our handshake: `p` is missing in it, and `ut_pex` as well if `use` registers it only when we are made. */
  #sayLate(): void {
    const { listenPort, private: isPrivate } = this.#owner
    const isNamed = Object.values(this.wire.extendedMapping ?? {}).includes('ut_pex')
    if (isNamed && (listenPort > 0 || isPrivate === true)) this.sendHandshake()
    else if (!isNamed && isPrivate !== true) queueMicrotask(() => this.sendHandshake())
  }

  /** The wire has closed. */
  close(): void {
    this.#end(() => this.#owner.run((core, now) => core.handleDisconnect(this, now)))
    this.#halves = undefined
  }

  /** The swarm lets the wire go, which stays open. */
  release(): void {
    this.#end(() => {
      this.#halves = this.#owner.run((core, now) => core.handleRelease(this, now))
    })
  }

  /** Every listener is taken off, and our `m` is as it was. */
  #end(disconnect: () => void): void {
    if (this.#state === 'closed') return
    const wasConnected = this.#state === 'connected'
    this.#state = 'closed'
    this.#listen('removeListener')
    this.#letHandshakeGo()
    this.#showIds()
    if (wasConnected) disconnect()
    this.#owner.closed(this)
  }

  readonly #onClose = (): void => this.close()

  readonly #onExtended = (name: unknown, payload: unknown): void => {
    if (name === 'handshake') this.#learn(readHandshake(payload))
    else if (name === 'lt_donthave') this.handlePieceCount()
  }

  readonly #onPieces = (): void => {
    this.#haveCount = -1
    this.#readPieces('said')
  }

  /** Counts, so that a seed in the making is not looked through at every piece. */
  readonly #onHave = (index: unknown): void => {
    const { pieceCount } = this.#owner
    if (pieceCount === undefined || typeof index !== 'number' || index >= pieceCount) return
    this.#haveCount = this.#haveCount < 0 ? this.#countPieces(pieceCount) : this.#haveCount + 1
    if (this.#haveCount >= pieceCount) this.#readPieces()
  }

  #listen(method: 'on' | 'removeListener'): void {
    const { wire } = this
    if (typeof wire[method] !== 'function') return
    for (const event of ['close', 'finish', 'end']) wire[method](event, this.#onClose)
    for (const event of ['bitfield', 'have-all', 'have-none']) wire[method](event, this.#onPieces)
    wire[method]('have', this.#onHave)
    wire[method]('extended', this.#onExtended)
  }

  #interceptHandshake(): void {
    const { wire } = this
    const send = wire._sendExtendedHandshake
    if (typeof send !== 'function') {
      if (this.#owner.listenPort > 0 && wire.extendedHandshake !== undefined) wire.extendedHandshake.p ??= this.#owner.listenPort
      return
    }
    this.#sendHandshake = send
    this.#hadOwnSend = Object.hasOwn(wire, '_sendExtendedHandshake')
    wire._sendExtendedHandshake = this.#sendOurHandshake
  }

  /** Where somebody else has put theirs over ours, ours stays and only passes on. */
  #letHandshakeGo(): void {
    const { wire } = this
    if (wire._sendExtendedHandshake !== this.#sendOurHandshake) return
    if (this.#hadOwnSend && this.#sendHandshake !== undefined) wire._sendExtendedHandshake = this.#sendHandshake
    else delete wire._sendExtendedHandshake
  }

  readonly #sendOurHandshake = (): void => {
    const { wire } = this
    const mapping = wire.extendedMapping
    const { listenPort } = this.#owner
    if (this.isClosed) {
      this.#sendHandshake?.call(wire)
      return
    }
    if (listenPort > 0) wire.extendedHandshake = { ...wire.extendedHandshake, p: listenPort }
    if (this.#owner.private !== true || mapping === undefined) {
      this.#showIds()
      this.#sendHandshake?.call(wire)
      return
    }
    this.#hideIds()
    // On an open wire the remote must be told that ut_pex is no more: `m` is additive (BEP 10).
    if (wire._extendedHandshakeSent === true) mapping[0] = 'ut_pex'
    this.#sendHandshake?.call(wire)
    delete mapping[0]
  }

  #hideIds(): void {
    const mapping = this.wire.extendedMapping ?? {}
    for (const id of Object.keys(mapping)) {
      if (mapping[id] !== 'ut_pex') continue
      this.#hiddenIds.push(id)
      delete mapping[id]
    }
  }

  #showIds(): void {
    const mapping = this.wire.extendedMapping
    for (const id of this.#hiddenIds.splice(0)) if (mapping !== undefined) mapping[id] = 'ut_pex'
  }

  #readPeer(isExtended: boolean): Peer {
    const type = this.wire.type ?? ''
    const isOutgoing = this.#facts.outgoing ?? type.endsWith('Outgoing')
    return {
      address: readAddress(this.#facts.address ?? this.wire.remoteAddress),
      port: this.#port(),
      direction: isOutgoing ? 'outgoing' : 'incoming',
      transport: type.startsWith('utp') ? 'utp' : 'tcp',
      isExtended,
    }
  }

  #port(): number | undefined {
    return readPort(this.#facts.port ?? this.wire.remotePort)
  }

  /** What the remote said before we were here. */
  #pastHandshake(): ExtendedHandshake | undefined {
    const { wire } = this
    const past = wire.peerExtendedHandshake
    if (typeof past !== 'object' || past === null || Object.keys(past).length === 0) return undefined
    return this.#note({ ...readHandshake(past), utPex: remoteIdOf(wire) })
  }

  #learn(handshake: ExtendedHandshake): void {
    if (this.#state !== 'connected') return
    this.#note(handshake)
    this.#owner.run((core, now) => core.handleExtendedHandshake(this, handshake, now))
  }

  /** Keeps what the wire itself has to know of it. */
  #note(handshake: ExtendedHandshake): ExtendedHandshake {
    if (handshake.utPex !== undefined) this.#remoteId = handshake.utPex
    if (handshake.port !== undefined && handshake.port > 1) this.#listenPort = handshake.port
    return handshake
  }

  /** A peer that has said what it has, and of which the wire shows no pieces, has none. */
  #readPieces(by: 'said' | 'found' = 'found'): void {
    if (this.#state !== 'connected') return
    const hasEverything = readPieces(this.wire, this.#owner.pieceCount) ?? (by === 'said' ? false : undefined)
    if (hasEverything !== undefined) this.#owner.run((core, now) => core.handlePieces(this, hasEverything, now))
  }

  #countPieces(pieceCount: number): number {
    let count = 0
    for (let index = 0; index < pieceCount; index++) if (this.wire.peerPieces?.get(index)) count++
    return count
  }
}
