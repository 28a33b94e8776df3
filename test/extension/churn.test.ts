/**
 * Hours of a swarm in which everything happens at random: wires come, go, change their port, switch ut_pex off
 * and on, are stopped and started, claim what others are, and the torrent turns private and back. Whatever
 * happened, everybody who listens long enough holds exactly who is there, and never heard more often than
 * once in 62 s. The judge is the remotes' own record of what they were told.
 */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import utPex, { PexSwarm } from '../../src/index.ts'
import { closeWires, connect, pex, type RealWire, type Remote } from './wires.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(async () => {
  await closeWires()
  expect(vi.getTimerCount(), 'timers left after the last wire has closed').toBe(0)
  vi.useRealTimers()
})

interface Member {
  readonly ours: RealWire
  readonly remote: Remote
  readonly address: string
  port: number
  claims: Set<string>
  isListening: boolean
  /** Since when it has been told what it holds: it begins anew when it switches ut_pex on. */
  since: number
}

/** Numbers 0 ≤ n < count, the same ones for the same seed (a linear congruence). */
function chance(seed: number): (count: number) => number {
  let state = seed
  return (count) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * count)
  }
}

const endpointOf = ({ address, port }: Member): string => `${address}:${port}`

class World {
  readonly swarm = new PexSwarm({ listenPort: 6_999, limits: { maxContacts: 4 } })
  readonly members: Member[] = []
  readonly #pick: (count: number) => number
  #count = 0

  constructor(seed: number) {
    this.#pick = chance(seed)
  }

  async step(): Promise<void> {
    const member = this.members[this.#pick(this.members.length)]
    const action = this.members.length < 4 ? 0 : this.#pick(9)
    if (member === undefined || action <= 1) await this.#enter()
    else if (action === 2) this.#leave(member)
    else if (action === 3) this.#move(member)
    else if (action === 4) this.#toggle(member)
    else if (action === 5) this.#claim(member)
    else if (action === 6) this.#unclaim(member)
    else if (action === 7) member.ours.ut_pex[this.#pick(2) === 0 ? 'stop' : 'start']()
    else this.swarm.private = [true, false, 'unknown' as const][this.#pick(3)]!
    await vi.advanceTimersByTimeAsync(this.#pick(2) === 0 ? this.#pick(3_000) : this.#pick(70_000))
  }

  /** Nothing happens any more, and everybody listens. */
  async rest(): Promise<void> {
    this.swarm.private = false
    for (const member of this.members) {
      member.ours.ut_pex.start()
      if (!member.isListening) this.#toggle(member)
    }
    await vi.advanceTimersByTimeAsync(40 * 66_000)
  }

  /** What this member should hold: everybody who is there. What it claims, and what it is itself, it may have been told before it was so. */
  expected(member: Member): string[] {
    const held = member.remote.holds()
    const mayLack = (endpoint: string): boolean => endpoint === endpointOf(member) || member.claims.has(endpoint)
    return [...new Set(this.members.map(endpointOf))].filter((endpoint) => !mayLack(endpoint) || held.includes(endpoint)).sort()
  }

  /** One in four comes under the address of somebody who was there before, or still is; another one in four was fed by hand until now. */
  async #enter(): Promise<void> {
    const number = this.#pick(4) === 0 ? 1 + this.#pick(this.#count + 1) : ++this.#count
    const address = number % 5 === 0 ? `2001:db8::${number}` : `203.0.113.${number}`
    const port = 7_000 + this.#pick(2)
    const isFed = this.#pick(4) === 0
    const { ours, remote } = await connect(utPex(isFed ? {} : { swarm: this.swarm }), { address, p: port })
    if (isFed) {
      for (let i = 0; i < 6; i++) ours.ut_pex.addPeer(i % 2 === 0 ? `198.51.${this.#pick(9)}.1:6881` : `203.0.113.${this.#pick(9)}:7000`)
      ours.ut_pex.start()
      await vi.advanceTimersByTimeAsync(this.#pick(4_000))
      ours.use(utPex({ swarm: this.swarm }))
    }
    this.members.push({
      ours,
      remote,
      address: number % 5 === 0 ? `[${address}]` : address,
      port,
      claims: new Set(),
      isListening: true,
      since: 0,
    })
  }

  #leave(member: Member): void {
    if (this.#pick(2) === 0) member.ours.ut_pex.leaving('resource-limit')
    member.ours.destroy()
    this.members.splice(this.members.indexOf(member), 1)
  }

  #move(member: Member): void {
    member.port = 7_000 + this.#pick(5)
    member.remote.sayHandshake({ p: member.port })
  }

  #toggle(member: Member): void {
    member.isListening = !member.isListening
    member.remote.sayHandshake({ m: { ut_pex: member.isListening ? 1 : 0 } })
    if (!member.isListening) member.since = member.remote.received.length
  }

  #claim(member: Member): void {
    const peer = this.members[this.#pick(this.members.length)]!
    if (this.swarm.private === true || peer === member || member.claims.size > 2) return
    member.claims.add(endpointOf(peer))
    member.remote.wire.extended(1, pex({ added: [endpointOf(peer)] }))
  }

  #unclaim(member: Member): void {
    if (this.swarm.private === true) return
    member.remote.wire.extended(1, pex({ dropped: [...member.claims] }))
    member.claims.clear()
  }
}

describe('after hours of churn', () => {
  it.each(Array.from({ length: 8 }, (_, index) => index + 1))(
    'everybody holds who is there, and was told at most once in 62 s (seed %i)',
    async (seed) => {
      const world = new World(seed)
      let wasPrivate = false
      for (let i = 0; i < 90; i++) {
        await world.step()
        // What is claimed is forgotten then.
        if (world.swarm.private === true && !wasPrivate) for (const member of world.members) member.claims.clear()
        wasPrivate = world.swarm.private === true
      }
      await world.rest()
      expect(world.members.length).toBeGreaterThan(1)
      for (const member of world.members) {
        expect(member.ours.destroyed, 'hung up').toBe(false)
        expect(Math.min(62_000, ...member.remote.gaps())).toBe(62_000)
        member.remote.received.splice(0, member.since)
        expect(member.remote.holds().sort(), endpointOf(member)).toEqual(world.expected(member))
      }
      world.swarm.close()
    },
  )
})
