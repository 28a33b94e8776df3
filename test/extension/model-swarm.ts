/**
 * A swarm on real wires, and what one may expect of it whatever happens: commands for fast-check, and a model beside them.
 *
 * The model knows what the hosts did and what remotes said. It reads every message as it is handed to the wire, and keeps what each
 * remote holds by that. At once it is wrong if a message comes too soon, to somebody who takes none, on a torrent that may be
 * private, under another id, with too much in it, or drops and adds what makes no sense; at the end, if somebody holds other contacts than those
 * that are there.
 */
import bencode from 'bencode'
import fc from 'fast-check'
import { vi } from 'vitest'
import type { Privacy } from '../../src/core/swarm.ts'
import type * as ours from '../../src/index.ts'
import { command, type Library, Told } from './model.ts'
import { closeWires, join, newWire, pex, type RealWire, Remote, rawHandshake, settle, shakeHands } from './wires.ts'

/** How a remote takes part: with ut_pex, with BEP 10 alone, with neither; or its extended handshake is missing. */
type Kind = 'pex' | 'extended' | 'plain' | 'half'
type Pieces = 'all' | 'none' | 'some' | 'silent'

const maxContacts = 1
const pieceCount = 4
const slots = [0, 1, 2, 3, 4] as const
/** The last two share an address, so that they may have one endpoint. */
const addresses = ['203.0.113.1', '::ffff:203.0.113.2', '2001:db8::3', '203.0.113.4', '203.0.113.4'] as const
const shown = ['203.0.113.1', '203.0.113.2', '[2001:db8::3]', '203.0.113.4', '203.0.113.4'] as const

interface Member {
  readonly slot: number
  readonly wire: RealWire
  readonly remote: Remote | undefined
  readonly kind: Kind
  readonly isOutgoing: boolean
  /** Both handshakes are done. */
  isComplete: boolean
  port: number | undefined
  id: number
  isStopped: boolean
  isBusy: boolean
  /** Whether it ever said that it has everything, and whether that was the first that it said. */
  wasSeed: boolean
  cameAsSeed: boolean
  hasSpoken: boolean
  readonly pieces: Set<number>
  readonly claims: Set<string>
  readonly told: Told
}

export class World {
  readonly members: Map<number, Member> = new Map()
  readonly findings: string[] = []
  readonly #library: Library
  readonly #swarm: ours.PexSwarm
  #leap = 0
  messages: number = 0

  constructor(library: Library) {
    this.#library = library
    const limits = { maxContacts, burstMessages: 100_000 }
    this.#swarm = new library.PexSwarm({ listenPort: 6_999, pieceCount, limits, clock: () => this.now })
    this.#swarm.on('warning', (error) => void this.findings.push(`warning: ${String(error)}`))
  }

  get now(): number {
    return performance.now() + this.#leap
  }

  get privacy(): Privacy {
    return this.#swarm.private
  }

  async open(
    slot: number,
    kind: Kind,
    { isOutgoing, hasPort, pieces }: { isOutgoing: boolean; hasPort: boolean; pieces: Pieces },
  ): Promise<void> {
    const port = 7_000
    const wire = newWire(isOutgoing ? 'tcpOutgoing' : 'tcpIncoming', {
      address: addresses[slot] as string,
      port: isOutgoing ? port : 50_000,
    })
    const said = hasPort ? { p: port } : {}
    const remote = kind === 'pex' || kind === 'extended' ? new Remote(said) : undefined
    if (kind === 'extended' && remote !== undefined) delete remote.wire.extendedMapping[1]
    const isPlain = kind === 'plain'
    const member: Member = {
      ...{ slot, wire, remote, kind, isOutgoing, isStopped: false, isBusy: false, wasSeed: false, cameAsSeed: false, hasSpoken: false },
      isComplete: kind !== 'half',
      port: isOutgoing || (hasPort && !isPlain && kind !== 'half') ? port : undefined,
      id: kind === 'pex' ? 1 : 0,
      pieces: new Set(),
      claims: new Set(),
      told: new Told(maxContacts),
    }
    this.members.set(slot, member)
    this.#watch(member)
    wire.use(this.#library.default({ swarm: this.#swarm }))
    if (remote !== undefined) {
      join(wire, remote.wire)
      if (isOutgoing) shakeHands(wire, remote.wire)
      else shakeHands(remote.wire, wire)
    } else {
      wire.handshake('aa'.repeat(20), 'bb'.repeat(20), { fast: true })
      wire.write(rawHandshake(kind === 'half'))
    }
    await settle()
    this.hasPieces(slot, pieces)
    member.cameAsSeed = member.wasSeed
    await settle()
  }

  async hangUp(slot: number, reason: 'duplicate' | undefined): Promise<void> {
    const { wire } = this.members.get(slot) as Member
    if (reason !== undefined) wire.ut_pex.leaving(reason)
    wire.destroy()
    this.members.delete(slot)
    await settle()
  }

  hasPieces(slot: number, pieces: Pieces): void {
    const member = this.members.get(slot) as Member
    const { remote } = member
    if (remote === undefined || pieces === 'silent') return
    // A peer says what it has once; later only what it gets.
    if (member.hasSpoken) {
      const index = member.pieces.size
      if (index >= pieceCount) return
      member.pieces.add(index)
      remote.wire.have(index)
    } else {
      member.hasSpoken = true
      if (pieces === 'all') remote.wire.haveAll()
      else if (pieces === 'none') remote.wire.haveNone()
      else {
        remote.wire.bitfield(Uint8Array.of(0xe0))
        for (const index of [0, 1, 2]) member.pieces.add(index)
      }
    }
    if (pieces === 'all' || member.pieces.size === pieceCount) member.wasSeed = true
  }

  /** An extended handshake, the first or a later one, with exactly this in it. */
  async handshake(slot: number, handshake: { m?: Record<string, number>; p?: number; [key: string]: unknown }): Promise<void> {
    const member = this.members.get(slot) as Member
    member.isComplete = true
    const id = handshake.m?.ut_pex
    if (id !== undefined) {
      member.id = Number.isInteger(id) && id > 0 && id < 256 ? id : 0
      if (member.id === 0) member.told.held.clear()
    }
    if (!member.isOutgoing && handshake.p !== undefined && handshake.p > 1 && handshake.p < 65_536) member.port = handshake.p
    if (member.remote !== undefined) member.remote.sayHandshake(handshake)
    else member.wire.write(frame(bencode.encode(handshake)))
    await settle()
  }

  /** A ut_pex message of a remote. */
  async say(slot: number, added: readonly string[], dropped: readonly string[]): Promise<void> {
    const { remote, claims } = this.members.get(slot) as Member
    if (this.privacy !== true) {
      for (const peer of dropped) claims.delete(peer)
      for (const peer of added) claims.add(peer)
    }
    remote?.wire.extended(1, pex({ added, dropped }))
    await settle()
  }

  becomes(privacy: Privacy): void {
    this.#swarm.private = privacy
    if (privacy === true) for (const { claims } of this.members.values()) claims.clear()
  }

  stop(slot: number, how: 'stop' | 'start' | 'reset'): void {
    const member = this.members.get(slot) as Member
    member.isStopped = how !== 'start'
    if (how === 'reset') member.claims.clear()
    member.wire.ut_pex[how]()
  }

  async wait(ms: number): Promise<void> {
    await vi.advanceTimersByTimeAsync(ms)
  }

  /** The computer sleeps: its clock goes on, its timers do not. */
  async sleep(ms: number): Promise<void> {
    this.#leap += ms
    await settle()
  }

  /** Nothing happens any more, everybody listens, and turns pass. Then all hold what is there. */
  async finish(): Promise<void> {
    this.becomes(false)
    for (const [slot, member] of this.members) {
      member.isBusy = false
      this.stop(slot, 'start')
      if (member.kind !== 'plain' && member.id === 0) await this.handshake(slot, { m: { ut_pex: 9 } })
    }
    await this.wait(14 * 66_000)
    for (const member of this.members.values()) if (member.id !== 0) this.#judgeEnd(member)
  }

  async close(): Promise<void> {
    await closeWires()
    this.#swarm.close()
    if (vi.getTimerCount() > 0) this.findings.push('timers are left')
  }

  endpointOf({ slot, port, isComplete }: Member): string | undefined {
    return isComplete && port !== undefined ? `${shown[slot]}:${port}` : undefined
  }

  #watch(member: Member): void {
    const { wire } = member
    const send = wire.extended.bind(wire)
    wire.extended = (id, bytes) => {
      if (id !== 0 && id !== 'ut_pex') this.#reads(member, id as number, bytes)
      send(id, bytes)
    }
    Object.defineProperty(wire, 'constructor', { value: { isBackpressured: () => member.isBusy } })
  }

  #reads(member: Member, id: number, bytes: Uint8Array): void {
    const { findings } = this
    const who = `to ${member.slot}:`
    if (this.privacy !== false) findings.push(`${who} a message while private is ${this.privacy}`)
    if (member.id === 0 || member.isStopped) findings.push(`${who} a message though it takes none`)
    if (id !== member.id) findings.push(`${who} a message under the id ${id}, not ${member.id}`)
    const own = this.endpointOf(member)
    // A seed counts as one that has the other seeds; of a contact with two connections the first decides what it entered as.
    const others = [...this.members.values()].filter(({ cameAsSeed, slot }) => member.cameAsSeed && cameAsSeed && slot < 3)
    const seeds = others.map((other) => this.endpointOf(other))
    const has = (peer: string): boolean => peer === own || member.claims.has(peer) || seeds.includes(peer)
    findings.push(...member.told.read(bytes, this.now, has).map((finding) => `${who} ${finding}`))
    this.messages++
  }

  #judgeEnd(receiver: Member): void {
    const own = this.endpointOf(receiver)
    const { claims, slot, told } = receiver
    const { held } = told
    const live = new Map<string, Member[]>()
    for (const member of this.members.values()) {
      const endpoint = this.endpointOf(member)
      if (endpoint !== undefined) live.set(endpoint, [...(live.get(endpoint) ?? []), member])
    }
    for (const peer of held) if (!live.has(peer)) this.findings.push(`in the end ${slot} holds ${peer}, which is not there`)
    for (const [peer, holders] of live) {
      const mayBeSeeds = receiver.wasSeed && holders.some(({ wasSeed }) => wasSeed)
      if (peer !== own && !claims.has(peer) && !mayBeSeeds && !held.has(peer)) this.findings.push(`in the end ${slot} lacks ${peer}`)
    }
  }
}

/** An extended handshake as it comes over the network. */
function frame(payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(payload.length + 6)
  new DataView(bytes.buffer).setUint32(0, payload.length + 2)
  bytes.set([20, 0], 4)
  bytes.set(payload, 6)
  return bytes
}

type Model = { readonly open: Map<number, Kind> }
type Command = fc.AsyncCommand<Model, World>

const hasRemote =
  (slot: number) =>
  (model: Model): boolean =>
    model.open.get(slot) === 'pex' || model.open.get(slot) === 'extended'
const slot = fc.constantFrom(...slots)

function openings(): fc.Arbitrary<Command> {
  const kind = fc.constantFrom<Kind>('pex', 'pex', 'pex', 'pex', 'extended', 'plain', 'half')
  const options = fc.record({
    isOutgoing: fc.boolean(),
    hasPort: fc.boolean(),
    pieces: fc.constantFrom<Pieces>('all', 'none', 'some', 'silent'),
  })
  return fc.tuple(slot, kind, options).map(([slot, kind, options]) =>
    command(
      `open(${slot}, '${kind}', ${JSON.stringify(options)})`,
      ({ open }) => !open.has(slot),
      async (world, { open }) => {
        open.set(slot, kind)
        await world.open(slot, kind, options)
      },
    ),
  )
}

function closings(): fc.Arbitrary<Command> {
  return fc.tuple(slot, fc.constantFrom('duplicate' as const, undefined)).map(([slot, reason]) =>
    command(
      `close(${slot}, ${reason})`,
      ({ open }) => open.has(slot),
      async (world, { open }) => {
        open.delete(slot)
        await world.hangUp(slot, reason)
      },
    ),
  )
}

function handshakes(): fc.Arbitrary<Command> {
  const said = fc.constantFrom(
    { p: 7_000 },
    { p: 7_001 },
    { p: 0 },
    { p: 70_000 },
    {},
    { v: 'x' },
    { m: {} },
    { m: { ut_pex: 1 } },
    { m: { ut_pex: 200 } },
    { m: { ut_pex: 0 } },
    { m: { ut_pex: 0 }, p: 7_001 },
    { m: { ut_pex: 256 } },
    { m: { ut_pex: -1 } },
    { m: { ut_holepunch: 3 }, e: 1, upload_only: 1 },
  )
  return fc.tuple(slot, said).map(([slot, said]) =>
    command(
      `handshake(${slot}, ${JSON.stringify(said)})`,
      ({ open }) => open.has(slot) && open.get(slot) !== 'plain',
      (world) => world.handshake(slot, said),
    ),
  )
}

function messages(): fc.Arbitrary<Command> {
  const contacts = fc.subarray(['203.0.113.1:7000', '203.0.113.2:7000', '[2001:db8::3]:7000', '203.0.113.4:7000', '198.51.100.1:6881'])
  return fc
    .tuple(slot, contacts, contacts)
    .map(([slot, added, dropped]) =>
      command(`say(${slot}, [${added}], [${dropped}])`, hasRemote(slot), (world) => world.say(slot, added, dropped)),
    )
}

function facts(): fc.Arbitrary<Command> {
  const how = fc.constantFrom('stop', 'start', 'reset', 'busy', 'free', 'pieces', 'seed')
  return fc.tuple(slot, how).map(([slot, how]) =>
    command(
      `${how}(${slot})`,
      ({ open }) => open.has(slot),
      (world) => {
        if (how === 'pieces' || how === 'seed') world.hasPieces(slot, how === 'seed' ? 'all' : 'some')
        else if (how === 'busy' || how === 'free') world.members.get(slot)!.isBusy = how === 'busy'
        else world.stop(slot, how as 'stop')
      },
    ),
  )
}

const hourMs = 60 * 60_000
const always = (): boolean => true

/** All that may happen to a swarm. */
function swarmCommands(): fc.Arbitrary<Iterable<Command>> {
  const times = fc.constantFrom(500, 3_000, 30_000, 70_000, 140_000)
  const waits = times.map((ms) => command<Model, World>(`wait(${ms})`, always, (world) => world.wait(ms)))
  const sleeps = fc.constant(command<Model, World>('sleep(8 hours)', always, (world) => world.sleep(8 * hourMs)))
  const privacy = fc.constantFrom<Privacy>(true, false, false, 'unknown')
  const secrets = privacy.map((value) => command<Model, World>(`private = ${value}`, always, (world) => world.becomes(value)))
  const all = [openings(), openings(), openings(), closings(), handshakes(), messages(), facts(), waits, waits, waits, secrets, sleeps]
  return fc.commands(all, { maxCommands: 50, size: 'max' })
}

/** Whether a swarm of this library keeps every promise in so many runs; throws the shortest run that it finds, if not. Counts the messages. */
export async function checkSwarms(library: Library, { runs, seed }: { readonly runs: number; readonly seed: number }): Promise<number> {
  let messages = 0
  const property = fc.asyncProperty(swarmCommands(), async (commands) => {
    const world = new World(library)
    try {
      const model: Model = { open: new Map([0, 1, 2].map((slot) => [slot, 'pex'])) }
      for (const slot of model.open.keys()) await world.open(slot, 'pex', { isOutgoing: slot > 0, hasPort: true, pieces: 'some' })
      await fc.asyncModelRun(() => ({ model, real: world }), commands)
      await world.finish()
    } finally {
      await world.close()
    }
    if (world.findings.length > 0) throw new Error(world.findings.join('\n'))
    messages += world.messages
  })
  await fc.assert(property, { numRuns: runs, seed, includeErrorInReport: true })
  return messages
}
