/**
 * Many nodes with our core, joined by links that delay: an observer beside each judges what it sends and what it gets.
 *
 * Nobody scripts what is said: nodes hear of each other through peer exchange alone and dial whom the core hands out. Links are
 * cut by chance, from either end, so the two ends never know the same at the same time. Everything follows from a seed.
 */
import type { ExtendedHandshake } from '../../src/codec/index.ts'
import { type LeavingReason, Observer } from '../../src/conformance/index.ts'
import { Swarm } from '../../src/core/swarm.ts'
import { endpoint } from '../core/endpoints.ts'
import { nothingSaid } from '../nothing-said.ts'
import { Agenda, Chance } from './chance.ts'

export interface NetworkOptions {
  readonly seed: number
  readonly nodes: number
  readonly hours: number
  /** Milliseconds that bytes are on their way, at most; never so many more than before that the order changes. */
  readonly delayMs: number
}

/** One end of a link. */
interface End {
  readonly id: string
  readonly node: Node
  other: End | undefined
  isOpen: boolean
  /** The id under which this node takes ut_pex here. */
  ownId: number
  /** That of the other end, as far as this node knows. */
  remoteId: number
  /** When the last bytes to this end arrive. */
  arrivesAt: number
}

interface Node {
  readonly place: Uint8Array
  readonly swarm: Swarm<string>
  readonly observer: Observer<string>
  readonly ends: Map<string, End>
  readonly turns: string[]
  readonly says: ExtendedHandshake
  wakesAt: number
}

const minuteMs = 60_000
const reasons: readonly LeavingReason[] = ['duplicate', 'no-mutual-interest', 'resource-limit']

export class Network {
  readonly nodes: Node[] = []
  readonly counts = { messages: 0, links: 0, cuts: 0, changes: 0 }
  readonly #options: NetworkOptions
  readonly #chance: Chance
  readonly #agenda = new Agenda()
  #now = 0

  constructor(options: NetworkOptions) {
    this.#options = options
    this.#chance = new Chance(options.seed)
    for (let index = 0; index < options.nodes; index++) this.nodes.push(this.#newNode(index))
  }

  /** The findings of all observers. */
  get findings(): readonly unknown[] {
    return this.nodes.flatMap(({ observer }) => observer.findings)
  }

  run(): this {
    const end = this.#options.hours * 60 * minuteMs
    // Each node knows one other at first.
    this.nodes.forEach((node, index) => {
      const first = this.nodes[index === 0 ? 1 : this.#chance.below(index)] as Node
      this.#agenda.add(this.#chance.between(0, 60_000), () => this.#link(node, first))
      this.#agenda.add(this.#chance.between(5_000, 60_000), () => this.#dial(node))
    })
    while (this.#agenda.nextAt <= end) {
      this.#now = Math.max(this.#now, this.#agenda.nextAt)
      this.#agenda.runNext()
      for (const node of this.nodes) this.#attend(node)
    }
    for (const { observer } of this.nodes) observer.finish(end)
    return this
  }

  #newNode(index: number): Node {
    const chance = this.#chance
    const text = chance.isTrue(0.7) ? `20.${index}.0.1:${6_881 + index}` : `[2a02:${index}::1]:${6_881 + index}`
    const turns: string[] = []
    const observer = new Observer<string>({
      rules: { turnMs: 67_000, requiresFlags: true, jitterMs: 0 },
      listenPort: 6_881 + index,
      isReporting: true,
    })
    const report = (kind: 'peer' | 'dropped', source: string, bytes: Uint8Array, offset: number, family: 4 | 6): void =>
      observer.reported({ at: this.#now, kind, peer: bytes.slice(offset, offset + (family === 4 ? 6 : 18)), source })
    const swarm = new Swarm<string>({
      seed: chance.below(2 ** 32),
      sink: {
        turn: (id) => void turns.push(id),
        added: (source, { bytes, offset, family }) => report('peer', source, bytes, offset, family),
        dropped: (source, { bytes, offset, family }) => report('dropped', source, bytes, offset, family),
        candidates: () => {},
        // Who is told of itself refuses that, and its drop: it dialled without saying where it listens, and was dialled once.
        violation: (source, code) => {
          if (code !== 'refused-contact' && code !== 'unknown-drop') throw new Error(`${source} is accused of ${code}`)
        },
      },
    })
    swarm.listenPort = 6_881 + index
    const says = {
      ...nothingSaid,
      port: chance.isTrue(0.9) ? 6_881 + index : undefined,
      encryption: chance.isTrue(0.3) ? true : undefined,
      utHolepunch: chance.isTrue(0.3) ? 3 : undefined,
    }
    return { place: endpoint(text), swarm, observer, ends: new Map(), turns, says, wakesAt: Number.POSITIVE_INFINITY }
  }

  /** Sends what is due, and sees to it that the node is woken in time. */
  #attend(node: Node): void {
    for (const id of node.turns.splice(0)) {
      const end = node.ends.get(id)
      const bytes = end?.isOpen ? node.swarm.takeMessage(id, this.#now) : undefined
      if (end === undefined || bytes === undefined) continue
      this.counts.messages++
      const messageId = end.remoteId
      node.observer.message({ connection: id, at: this.#now, from: 'local', id: messageId, bytes })
      this.#deliver(end, (to) => {
        to.node.observer.message({ connection: to.id, at: this.#now, from: 'remote', id: messageId, bytes })
        to.node.swarm.handleMessage(to.id, bytes, this.#now)
      })
    }
    const wakesAt = node.swarm.nextTimeout() ?? Number.POSITIVE_INFINITY
    if (wakesAt >= node.wakesAt && node.wakesAt > this.#now) return
    node.wakesAt = wakesAt
    if (wakesAt === Number.POSITIVE_INFINITY) return
    this.#agenda.add(wakesAt, () => {
      node.wakesAt = Number.POSITIVE_INFINITY
      node.swarm.handleTimeout(this.#now)
    })
  }

  /** Something arrives at the other end, after whatever is on its way there. */
  #deliver(from: End, arrive: (to: End) => void): void {
    const to = from.other
    if (to === undefined) return
    to.arrivesAt = Math.max(to.arrivesAt, this.#now + this.#chance.between(1, this.#options.delayMs))
    this.#agenda.add(to.arrivesAt, () => {
      if (to.isOpen) arrive(to)
    })
  }

  #link(from: Node, to: Node): void {
    if (from === to || [...from.ends.values()].some(({ other }) => other?.node === to)) return
    const name = `${this.nodes.indexOf(from)}-${this.nodes.indexOf(to)}#${++this.counts.links}`
    const [near, far] = [this.#newEnd(`${name}>`, from), this.#newEnd(`${name}<`, to)]
    near.other = far
    far.other = near
    const facts = { transport: this.#chance.isTrue(0.1) ? 'utp' : 'tcp', isExtended: true } as const
    this.#connect(near, { address: to.place.slice(0, -2), port: portOf(to.place), direction: 'outgoing', ...facts })
    this.#connect(far, { address: from.place.slice(0, -2), port: 40_000 + this.#chance.below(9_999), direction: 'incoming', ...facts })
  }

  #newEnd(id: string, node: Node): End {
    return { id, node, other: undefined, isOpen: true, ownId: 1 + this.#chance.below(255), remoteId: 0, arrivesAt: this.#now }
  }

  #connect(end: End, facts: Parameters<Swarm<string>['handleConnect']>[1]): void {
    const { id, node } = end
    node.ends.set(id, end)
    node.swarm.handleConnect(id, facts, this.#now)
    node.observer.connected({ connection: id, at: this.#now, ...facts })
    this.#say(end, { ...node.says, utPex: end.ownId })
    // Bytes that are on their way when the other end says what it has come after its handshake.
    this.#deliver(end, (to) => {
      to.node.swarm.handlePieces(to.id, false, this.#now)
      to.node.observer.pieces({ connection: to.id, at: this.#now, hasEverything: false })
    })
    this.#agenda.add(this.#now + this.#chance.around(20 * minuteMs), () => this.#cut(end))
    this.#agenda.add(this.#now + this.#chance.around(30 * minuteMs), () => this.#change(end))
  }

  #say(end: End, handshake: ExtendedHandshake): void {
    end.node.observer.handshake({ connection: end.id, at: this.#now, from: 'local', handshake })
    const yourIp = end.other?.node.place.slice(0, -2)
    this.#deliver(end, (to) => {
      if (handshake.utPex !== undefined) to.remoteId = handshake.utPex
      to.node.swarm.handleExtendedHandshake(to.id, { ...handshake, yourIp }, this.#now)
      to.node.observer.handshake({ connection: to.id, at: this.#now, from: 'remote', handshake })
    })
  }

  /** A further handshake: the same, another id, none for a while. */
  #change(end: End): void {
    if (!end.isOpen) return
    this.counts.changes++
    const kind = this.#chance.below(3)
    if (kind === 0) this.#say(end, end.node.says)
    else if (kind === 1) this.#say(end, { ...nothingSaid, utPex: 1 + this.#chance.below(255) })
    else {
      this.#say(end, { ...nothingSaid, utPex: 0 })
      this.#agenda.add(this.#now + this.#chance.between(20_000, 300_000), () => {
        if (end.isOpen) this.#say(end, { ...nothingSaid, utPex: 1 + this.#chance.below(255) })
      })
    }
    this.#agenda.add(this.#now + this.#chance.around(30 * minuteMs), () => this.#change(end))
  }

  /** This end hangs up; the other one hears of it later. */
  #cut(end: End): void {
    if (!end.isOpen) return
    this.counts.cuts++
    const reason = this.#chance.isTrue(0.5) ? this.#chance.of(reasons) : undefined
    if (reason !== undefined) end.node.swarm.handleLeaving(end.id)
    this.#close(end, reason)
    this.#deliver(end, (to) => this.#close(to, undefined))
  }

  #close(end: End, reason: LeavingReason | undefined): void {
    const { id, node } = end
    end.isOpen = false
    node.ends.delete(id)
    node.swarm.handleDisconnect(id, this.#now)
    node.observer.disconnected({ connection: id, at: this.#now, reason })
  }

  /** The node dials whom it heard of, while it has few neighbours. */
  #dial(node: Node): void {
    for (const contact of node.ends.size < 12 ? node.swarm.next(2, this.#now) : []) {
      node.observer.dialled({ at: this.#now, peer: contact })
      const to = this.nodes.find(({ place }) => place.join() === contact.join())
      if (to === undefined) throw new Error('somebody made an endpoint up')
      this.#agenda.add(this.#now + 500, () => this.#link(node, to))
    }
    if (node.ends.size === 0) this.#link(node, this.#chance.of(this.nodes))
    this.#agenda.add(this.#now + this.#chance.between(5_000, 60_000), () => this.#dial(node))
  }
}

function portOf(place: Uint8Array): number {
  return place.at(-2)! * 256 + place.at(-1)!
}
