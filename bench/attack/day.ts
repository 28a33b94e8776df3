/**
 * Hours of a swarm with twenty honest peers and one hostile one, in simulated time: no I/O, no clock, no chance but a seed.
 *
 * The honest peers tell a little every minute, and one in five of what they tell can be dialled. The host dials what `next` gives,
 * thirty at a time; whoever the attacker aims at does not answer, and the dial fails after ten seconds. Every outcome that
 * the promises of `SECURITY.md` are about is counted on the host's side.
 */
import { Scope, scopeOf } from '../../src/address/index.ts'
import { type ExtendedHandshake, type Limits, type Peer, Swarm } from '../../src/core/index.ts'
import { type Attack, attacksOn, type Reach } from './attackers.ts'
import { contact4, message, scrambled, times } from './bytes.ts'

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const honestCount = 20
const dialMs = 10 * second
const stayMs = 5 * minute
const comeAgainMs = 5 * second

/** Everybody whom honest peers tell of. */
export const honestContacts: readonly Uint8Array[] = times(20_000, (index) => contact4(40, index >> 8, index & 255, 1, 6_881))
/** Made once: what an attacker keeps ready must not count as kept by the swarm. */
const attacks = attacksOn(honestContacts)
/** Honest peers begin so far apart in it, and tell of the same in time. */
const spacing = 200

export interface Outcome {
  readonly swarm: Swarm<string>
  /** Of the whole process: also for making the attack. */
  readonly cpuMs: number
  /** Dials of one address or /64 in any one hour, at the most; and of one /24 or /56. */
  readonly dialsPerAddress: number
  readonly dialsPerSubnet: number
  /** At the same time, in one /24 or /56. */
  readonly pendingPerSubnet: number
  readonly localDials: number
  /** Dials of what honest peers told, and of all. */
  readonly honestDials: number
  readonly dials: number
  /** Contacts that an honest peer claims and we do not know. */
  readonly lostContacts: number
  readonly removedHonestPeers: number
  readonly throws: number
  readonly hangUps: number
  readonly messagesToAttacker: number
}

export interface DayOptions {
  readonly hours: number
  readonly attack: string | undefined
  /** Sources that attack, of 20 + those. Default 1. */
  readonly attackers?: number
  readonly honest?: number
  /** Dials at a time. Default 30. */
  readonly slots?: number
  /** Who answers a dial: one in five of the honest contacts (the default), or nobody, so that our own connections are as many with an attack as without. */
  readonly answers?: 'some' | 'none'
  /** Of the swarm. Default 1. */
  readonly seed?: number
  readonly limits?: Partial<Limits>
}

const handshake: ExtendedHandshake = {
  utPex: 1,
  utHolepunch: undefined,
  port: 6_881,
  encryption: undefined,
  uploadOnly: undefined,
  yourIp: undefined,
  client: undefined,
}

export function simulate(options: DayOptions): Outcome {
  const begun = process.cpuUsage()
  const day = new Day(options)
  day.run(options.hours * hour)
  const { user, system } = process.cpuUsage(begun)
  return day.outcome((user + system) / 1_000)
}

interface Attacker {
  readonly number: number
  id: string
  isThere: boolean
  comesAt: number
}

interface Dial {
  readonly endpoint: Uint8Array
  readonly endsAt: number
}

class Day {
  readonly #swarm: Swarm<string>
  readonly #attack: Attack | undefined
  readonly #honest: number
  readonly #slots: number
  readonly #answers: 'some' | 'none'
  readonly #turns: string[] = []
  readonly #claims = new Map<string, number[]>()
  readonly #dialling: Dial[] = []
  readonly #guests: { readonly id: string; readonly leavesAt: number }[] = []
  /** By address and by subnet: when it was dialled in the last hour. */
  readonly #dialTimes = new Map<string, number[]>()
  readonly #attackers: Attacker[] = []
  readonly #counts = {
    ...{ dialsPerAddress: 0, dialsPerSubnet: 0, pendingPerSubnet: 0, localDials: 0, honestDials: 0, dials: 0, removedHonestPeers: 0 },
    ...{ throws: 0, hangUps: 0, messagesToAttacker: 0 },
  }
  #now = 0
  #connectionCount = 0
  #hasCandidates = false

  constructor({ attack, attackers = 1, honest = honestCount, slots = 30, answers = 'some', seed = 1, limits = {} }: DayOptions) {
    this.#honest = honest
    this.#slots = slots
    this.#answers = answers
    if (attack !== undefined) {
      this.#attack = attacks[attack]
      if (this.#attack === undefined) throw new RangeError(`attack: there is none called ${attack}`)
      for (let number = 0; number < attackers; number++) this.#attackers.push({ number, id: '', isThere: false, comesAt: 0 })
    }
    const sink = {
      turn: (id: string) => void this.#turns.push(id),
      added() {},
      dropped() {},
      candidates: () => {
        this.#hasCandidates = true
      },
      violation: (id: string, code: string) => {
        if (code === 'flood') this.#floods.push(id)
      },
    }
    this.#swarm = new Swarm<string>({ sink, seed, limits })
  }

  readonly #floods: string[] = []

  run(milliseconds: number): void {
    for (let index = 0; index < this.#honest; index++) {
      const id = `honest ${index}`
      this.#claims.set(id, [])
      this.#connect(id, { ...contactOf(contact4(50, 0, index, 1, 6_881)), direction: index % 2 === 0 ? 'outgoing' : 'incoming' })
    }
    for (; this.#now < milliseconds; this.#now += second) {
      for (let index = 0; index < this.#honest; index++) if (this.#now % (65 * second) === (index % 65) * second) this.#tell(index)
      for (const attacker of this.#attackers) this.#strike(attacker)
      this.#host()
    }
  }

  outcome(cpuMs: number): Outcome {
    let lostContacts = 0
    const known = new Map<string, Set<string>>()
    this.#swarm.forEachClaim((id, bytes, offset, family) => {
      if (family === 4) known.set(id, (known.get(id) ?? new Set()).add(bytes.subarray(offset, offset + 6).join()))
    })
    for (const [id, indices] of this.#claims) {
      for (const index of indices) if (known.get(id)?.has((honestContacts[index] as Uint8Array).join()) !== true) lostContacts++
    }
    const { connections } = this.#swarm.stats()
    const expected = this.#honest + this.#guests.length + this.#attackers.filter(({ isThere }) => isThere).length
    this.#counts.removedHonestPeers += expected - connections
    // What keeps the swarm keeps its sink, and so this: it must not weigh.
    this.#dialTimes.clear()
    this.#claims.clear()
    this.#dialling.length = this.#floods.length = this.#turns.length = 0
    return { swarm: this.#swarm, cpuMs, lostContacts, ...this.#counts }
  }

  #connect(id: string, peer: Pick<Peer, 'address' | 'port' | 'direction'>): void {
    this.#swarm.handleConnect(id, { ...peer, transport: 'tcp', isExtended: true }, this.#now)
    this.#swarm.handleExtendedHandshake(id, handshake, this.#now)
    this.#swarm.handlePieces(id, false, this.#now)
  }

  /** What an honest peer has to tell: fifty at first, then two that came and two that went. */
  #tell(index: number): void {
    const id = `honest ${index}`
    const claimed = this.#claims.get(id) as number[]
    const next = ((claimed.at(-1) ?? index * spacing) + 1) % honestContacts.length
    const added = times(claimed.length === 0 ? 50 : 2, (at) => (next + at) % honestContacts.length)
    const dropped = claimed.length === 0 ? [] : claimed.splice(0, 2)
    claimed.push(...added)
    const endpoints = (indices: readonly number[]): Uint8Array[] => indices.map((at) => honestContacts[at] as Uint8Array)
    this.#try(() => this.#swarm.handleMessage(id, message(endpoints(added), endpoints(dropped)), this.#now))
  }

  #strike(attacker: Attacker): void {
    if (!attacker.isThere) {
      if (this.#now < attacker.comesAt) return
      attacker.id = `attacker ${attacker.number} ${++this.#connectionCount}`
      attacker.isThere = true
      const peer = { ...contactOf(contact4(50, 1, attacker.number, 1, 50_000)), direction: 'incoming' } as const
      this.#try(() => this.#connect(attacker.id, peer))
    }
    const hangUp = (): void => {
      this.#swarm.handleDisconnect(attacker.id, this.#now)
      attacker.isThere = false
      attacker.comesAt = this.#now + comeAgainMs
    }
    const reach: Reach = {
      isThere: () => attacker.isThere,
      say: (bytes) => {
        if (!attacker.isThere) return
        this.#try(() => this.#swarm.handleMessage(attacker.id, bytes, this.#now))
        if (!this.#floods.includes(attacker.id)) return
        this.#counts.hangUps++
        hangUp()
      },
      shakeHands: (changed) => {
        if (attacker.isThere) this.#try(() => this.#swarm.handleExtendedHandshake(attacker.id, { ...handshake, ...changed }, this.#now))
      },
      hangUp,
    }
    // Attackers with one plan do not tell of the same.
    this.#attack?.(reach, this.#now / second + attacker.number * 3e6)
  }

  #host(): void {
    this.#try(() => this.#swarm.handleTimeout(this.#now))
    for (const id of this.#turns.splice(0)) {
      const sent = this.#swarm.takeMessage(id, this.#now)
      if (sent !== undefined && id.startsWith('attacker')) this.#counts.messagesToAttacker++
    }
    for (const id of this.#floods.splice(0)) if (id.startsWith('honest')) this.#counts.removedHonestPeers++
    while (this.#dialling[0] !== undefined && this.#dialling[0].endsAt <= this.#now) this.#end((this.#dialling.shift() as Dial).endpoint)
    while (this.#guests[0] !== undefined && this.#guests[0].leavesAt <= this.#now) {
      this.#swarm.handleDisconnect((this.#guests.shift() as { id: string }).id, this.#now)
    }
    const free = this.#slots - this.#dialling.length
    if (free <= 0 || !this.#hasCandidates) return
    this.#try(() => {
      const endpoints = this.#swarm.next(free, this.#now)
      this.#hasCandidates = endpoints.length === free
      for (const endpoint of endpoints) this.#dial(endpoint)
    })
  }

  #dial(endpoint: Uint8Array): void {
    const counts = this.#counts
    counts.dials++
    if (isHonest(endpoint)) counts.honestDials++
    const scope = scopeOf(endpoint, 0, endpoint.length === 6 ? 4 : 6)
    if (scope !== Scope.global && scope !== Scope.documentation) counts.localDials++
    const length = endpoint.length === 6 ? 4 : 8
    const subnet = endpoint.subarray(0, length - 1).join()
    counts.dialsPerAddress = Math.max(counts.dialsPerAddress, this.#count(endpoint.subarray(0, length).join()))
    counts.dialsPerSubnet = Math.max(counts.dialsPerSubnet, this.#count(subnet))
    this.#dialling.push({ endpoint, endsAt: this.#now + dialMs })
    const pending = this.#dialling.filter((dial) => dial.endpoint.subarray(0, length - 1).join() === subnet).length
    counts.pendingPerSubnet = Math.max(counts.pendingPerSubnet, pending)
  }

  /** Counts a dial; how many there were in the hour that ends now. */
  #count(network: string): number {
    const recent = (this.#dialTimes.get(network) ?? []).filter((at) => at > this.#now - hour)
    recent.push(this.#now)
    this.#dialTimes.set(network, recent)
    return recent.length
  }

  /** One in five of the honest contacts answers, and stays for a while. */
  #end(endpoint: Uint8Array): void {
    if (this.#answers === 'none' || !isHonest(endpoint) || scrambled((endpoint[1] as number) * 256 + (endpoint[2] as number)) % 5 > 0) {
      this.#try(() => this.#swarm.report(endpoint, 'failed', this.#now))
      return
    }
    const id = `guest ${++this.#connectionCount}`
    this.#guests.push({ id, leavesAt: this.#now + stayMs })
    this.#try(() => this.#connect(id, { ...contactOf(endpoint), direction: 'outgoing' }))
  }

  #try(act: () => void): void {
    try {
      act()
    } catch {
      this.#counts.throws++
    }
  }
}

const isHonest = (endpoint: Uint8Array): boolean => endpoint.length === 6 && endpoint[0] === 40
const contactOf = (endpoint: Uint8Array): { address: Uint8Array; port: number } => {
  return { address: endpoint.subarray(0, -2), port: ((endpoint.at(-2) as number) << 8) | (endpoint.at(-1) as number) }
}
