/** What a host hears of what its peers claim, beside what they claim: an oracle that knows only messages and events. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeMessage } from '../../src/codec/index.ts'
import type { Limits } from '../../src/core/limits.ts'
import type { Heard } from '../../src/core/sink.ts'
import { type Privacy, Swarm } from '../../src/core/swarm.ts'
import { hour, minute } from './candidates-kit.ts'
import { endpoint, familyOf, textOf } from './endpoints.ts'

/** Two ports of one address, so that a drop that names another port of it is told apart. */
const texts = ['20.0.0.1:6881', '20.0.0.1:6882', '20.0.1.1:6881', '20.0.2.1:6881', '[2001:4860::1]:6881', '[2001:4860::2]:6881']

class World {
  readonly swarm: Swarm<number>
  now = 0
  readonly log: string[] = []
  /** By connection: what it claims, by its messages; and what the host has heard that it claims. */
  readonly claims = new Map<number, Set<string>>()
  readonly heard = new Map<number, Set<string>>()

  constructor(isPrivate: Privacy = false, limits: Partial<Limits> = {}) {
    const sink = {
      turn() {},
      candidates() {},
      violation() {},
      added: (id: number, contact: Heard) => this.#hear(id, contact, 'added'),
      dropped: (id: number, contact: Heard) => this.#hear(id, contact, 'dropped'),
    }
    this.swarm = new Swarm<number>({ sink, private: isPrivate, limits })
  }

  connect(id: number): void {
    const address = Uint8Array.of(30, 0, 0, id)
    this.swarm.handleConnect(id, { address, port: 6881, direction: 'outgoing', transport: 'tcp', isExtended: false }, this.now)
    this.claims.set(id, new Set())
    this.heard.set(id, new Set())
  }

  disconnect(id: number): void {
    this.swarm.handleDisconnect(id, this.now)
    this.claims.delete(id)
    this.heard.delete(id)
  }

  tell(id: number, added: readonly string[], dropped: readonly string[] = []): void {
    this.now += minute
    const list = (texts: readonly string[], family: 4 | 6): Uint8Array =>
      Uint8Array.from(texts.filter((text) => familyOf(text) === family).flatMap((text) => [...endpoint(text)]))
    const message = { added: list(added, 4), added6: list(added, 6), dropped: list(dropped, 4), dropped6: list(dropped, 6) }
    this.swarm.handleMessage(id, encodeMessage(message), this.now)
    if (this.swarm.private === true) return
    for (const text of dropped) this.claims.get(id)?.delete(text)
    for (const text of added) this.claims.get(id)?.add(text)
  }

  setPrivate(value: Privacy): void {
    this.swarm.handlePrivate(value, this.now)
    if (value !== true) return
    for (const set of [...this.claims.values(), ...this.heard.values()]) set.clear()
  }

  /** Says so, and what is wrong with it. */
  #hear(id: number, { bytes, offset, family, sourceCount }: Heard, kind: 'added' | 'dropped'): void {
    const text = textOf(bytes, offset, family)
    this.log.push(`${kind} ${text} by ${id}, of ${sourceCount}`)
    const its = this.heard.get(id)!
    if (this.swarm.private !== false) throw new Error(`${text} is reported though the torrent may be private`)
    if (its.has(text) === (kind === 'added')) throw new Error(`${text} is ${kind} twice by ${id}`)
    if (kind === 'added') its.add(text)
    else its.delete(text)
    const count = [...this.heard.values()].filter((set) => set.has(text)).length
    if (count !== sourceCount) throw new Error(`${text}: ${sourceCount} sources, not ${count}`)
  }
}

describe('a torrent that turns public, unknown and public again', () => {
  it('reports once what was claimed before, and what came and went meanwhile', () => {
    const world = new World()
    for (const id of [1, 2]) world.connect(id)
    world.tell(1, ['20.0.0.1:6881', '20.0.1.1:6881', '[2001:4860::1]:6881'])
    world.setPrivate('unknown')
    world.tell(1, ['20.0.2.1:6881'], ['20.0.1.1:6881'])
    world.tell(1, [], ['[2001:4860::1]:6881'])
    world.tell(1, ['[2001:4860::1]:6881'])
    world.tell(2, ['20.0.1.1:6881', '[2001:4860::2]:6881'])
    world.tell(2, [], ['[2001:4860::2]:6881'])
    world.log.length = 0
    world.setPrivate(false)
    expect(world.log).toEqual(['added 20.0.2.1:6881 by 1, of 1', 'added 20.0.1.1:6881 by 2, of 2', 'dropped 20.0.1.1:6881 by 1, of 1'])
  })

  it('reports nothing of what has given way meanwhile', () => {
    const world = new World(false, { maxClaims: 2 })
    world.connect(1)
    world.tell(1, ['20.0.0.1:6881', '20.0.1.1:6881'])
    world.setPrivate('unknown')
    world.tell(1, ['20.0.2.1:6881'])
    world.tell(1, ['20.0.0.1:6882'], ['20.0.1.1:6881'])
    world.log.length = 0
    world.setPrivate(false)
    expect(world.log).toEqual(['added 20.0.2.1:6881 by 1, of 1', 'added 20.0.0.1:6882 by 1, of 1', 'dropped 20.0.1.1:6881 by 1, of 0'])
  })

  it('reports nothing of what has given way before it was known at all', () => {
    const world = new World('unknown', { maxClaims: 1 })
    world.connect(1)
    world.tell(1, ['20.0.0.1:6881'])
    world.tell(1, ['20.0.1.1:6881'])
    world.setPrivate(false)
    expect(world.log).toEqual(['added 20.0.1.1:6881 by 1, of 1'])
  })

  it('reports a drop also if another port of the address has come and given way since', () => {
    const world = new World(false, { maxClaims: 1 })
    world.connect(1)
    world.tell(1, ['20.0.0.1:6881'])
    world.setPrivate('unknown')
    world.tell(1, ['20.0.0.1:6882'], ['20.0.0.1:6881'])
    world.tell(1, ['20.0.2.1:6881'])
    world.log.length = 0
    world.setPrivate(false)
    expect(world.log).toEqual(['added 20.0.2.1:6881 by 1, of 1', 'dropped 20.0.0.1:6881 by 1, of 0'])
  })

  it('reports all of it anew after it was private, and once what was claimed while unknown from the beginning', () => {
    for (const start of ['unknown', false] as const) {
      const world = new World(start)
      world.connect(1)
      world.tell(1, ['20.0.0.1:6881'])
      if (start === false) for (const value of ['unknown', true, 'unknown'] as const) world.setPrivate(value)
      if (start === false) world.tell(1, ['20.0.0.1:6881'])
      world.log.length = 0
      world.setPrivate(false)
      world.setPrivate('unknown')
      world.setPrivate(false)
      expect(world.log).toEqual(['added 20.0.0.1:6881 by 1, of 1'])
    }
  })

  const id = fc.integer({ min: 1, max: 3 })
  const some = fc.subarray(texts)
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('tell' as const), id, added: some, dropped: some }) },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('private' as const),
        value: fc.constantFrom<Privacy>(false, 'unknown', false, 'unknown', true),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('connect' as const, 'disconnect' as const), id }) },
  )

  it('leaves its host knowing exactly who claims what, after any schedule, and never says a thing twice', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40, size: 'max' }), fc.constantFrom<Privacy>(false, 'unknown', true), (steps, start) => {
        const world = new World(start)
        for (const id of [1, 2]) world.connect(id)
        for (const step of steps) {
          if (step.kind === 'private') world.setPrivate(step.value)
          else if (world.claims.has(step.id) === (step.kind === 'connect')) continue
          else if (step.kind === 'connect') world.connect(step.id)
          else if (step.kind === 'disconnect') world.disconnect(step.id)
          else if (step.kind === 'tell') {
            // A drop of what is not claimed may mean another port of its address, which is not what is asked here.
            const known = world.claims.get(step.id)!
            world.tell(
              step.id,
              step.added,
              step.dropped.filter((text) => known.has(text)),
            )
          }
          if (world.swarm.private === false) expect(world.heard).toEqual(world.claims)
        }
        world.setPrivate(false)
        expect(world.heard).toEqual(world.claims)
      }),
      { numRuns: 300 },
    )
  })
})

describe('T9: a source that toggles a contact, one drop and one claim a message', () => {
  const hosts = {
    'one contact': () => '20.0.0.1:6881',
    'the ports of one address': (turn: number) => `20.0.0.1:${2 + turn}`,
    'two contacts of one address': (turn: number) => `20.0.0.1:${6881 + (turn % 2)}`,
    'the hosts of one /64': (turn: number) => `[2001:4860::${(1 + turn).toString(16)}]:6881`,
  }
  const outcomes = ['failed', 'connected', 'not reported'] as const
  it.each(Object.keys(hosts).flatMap((what) => outcomes.map((outcome) => [what, outcome] as const)))(
    '%s, %s: is dialled twice an hour at most in a day, and not sooner than 15 minutes after a failure',
    (what, outcome) => {
      const world = new World()
      world.connect(1)
      const textAt = hosts[what as keyof typeof hosts]
      const dials: { readonly at: number; readonly bytes: Uint8Array }[] = []
      for (let turn = 0; turn < 24 * 60; turn++) {
        world.tell(1, [textAt(turn)], turn === 0 ? [] : [textAt(turn - 1)])
        for (const bytes of world.swarm.next(10, world.now)) {
          dials.push({ at: world.now, bytes })
          if (outcome !== 'not reported') world.swarm.report(bytes, outcome, world.now)
        }
      }
      // It is dialled all the same, or this would say nothing.
      expect(dials.length).toBeGreaterThanOrEqual(24)
      for (const { at, bytes } of dials) {
        expect(dials.filter((dial) => dial.at > at - hour && dial.at <= at).length).toBeLessThanOrEqual(2)
        if (outcome === 'connected') continue
        const again = dials.filter((dial) => dial.at > at - 15 * minute && dial.at <= at && dial.bytes.join() === bytes.join())
        expect(again).toHaveLength(1)
      }
    },
  )
})
