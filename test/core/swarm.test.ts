/** The swarm as its host calls it, without wires: rules that need several connections and exact times. */

import { describe, expect, it } from 'vitest'
import { decodeMessage, encodeMessage } from '../../src/codec/index.ts'
import { Swarm, type SwarmOptions } from '../../src/core/swarm.ts'
import { peersOf } from '../extension/wires.ts'

/** A swarm, and who has had a turn since the last look. */
function newSwarm(options: Partial<SwarmOptions<string>> = {}): { swarm: Swarm<string>; turns: string[] } {
  const turns: string[] = []
  const sink = { turn: (id: string) => void turns.push(id), added() {}, dropped() {}, candidates() {}, violation() {} }
  return { swarm: new Swarm<string>({ sink, ...options }), turns }
}

const handshake = { utHolepunch: undefined, encryption: undefined, uploadOnly: undefined, yourIp: undefined, client: undefined }

function connect(swarm: Swarm<string>, id: string, lastByte: number, pieces: 'all' | 'some' | 'silent', now: number): void {
  const address = Uint8Array.of(203, 0, 113, lastByte)
  swarm.handleConnect(id, { address, port: 6881, direction: 'outgoing', transport: 'tcp', isExtended: true }, now)
  swarm.handleExtendedHandshake(id, { ...handshake, utPex: 1, port: undefined }, now)
  if (pieces !== 'silent') swarm.handlePieces(id, pieces === 'all', now)
}

/** What this connection is told at `now`: added and dropped as text. */
function told(swarm: Swarm<string>, id: string, now: number): { added: string[]; dropped: string[] } | undefined {
  swarm.handleTimeout(now)
  const bytes = swarm.takeMessage(id, now)
  if (bytes === undefined) return undefined
  const { added, dropped } = decodeMessage(bytes)
  return { added: peersOf(added), dropped: peersOf(dropped) }
}

describe('a swarm', () => {
  it('drops a seed that it told of to a peer that has become a seed since', () => {
    const { swarm } = newSwarm()
    connect(swarm, 'leech', 1, 'some', 0)
    connect(swarm, 'seed', 2, 'all', 0)
    expect(told(swarm, 'leech', 1_000)).toEqual({ added: ['203.0.113.2:6881'], dropped: [] })
    swarm.handlePieces('leech', true, 30_000)
    connect(swarm, 'other', 3, 'some', 40_000)
    swarm.handleTimeout(50_000)
    swarm.handleDisconnect('seed', 60_000)
    expect(told(swarm, 'leech', 130_000)).toEqual({ added: ['203.0.113.3:6881'], dropped: ['203.0.113.2:6881'] })
  })

  it('takes a peer that says nothing of its pieces for no seed after two seconds, and tells of it then', () => {
    const { swarm } = newSwarm()
    connect(swarm, 'listener', 1, 'some', 0)
    connect(swarm, 'silent', 2, 'silent', 0)
    expect(told(swarm, 'listener', 1_999)).toBeUndefined()
    swarm.handleTimeout(2_000)
    expect(told(swarm, 'listener', 3_000)).toEqual({ added: ['203.0.113.2:6881'], dropped: [] })
  })

  it('takes a port that a peer gave before another one for gone, also while it is about to hang up on it', () => {
    const { swarm } = newSwarm()
    swarm.handleConnect(
      'leaving',
      { address: Uint8Array.of(203, 0, 113, 2), port: 50_000, direction: 'incoming', transport: 'tcp', isExtended: true },
      0,
    )
    swarm.handlePieces('leaving', false, 0)
    swarm.handleExtendedHandshake('leaving', { ...handshake, utPex: 0, port: 1_000 }, 0)
    swarm.handleLeaving('leaving')
    swarm.handleExtendedHandshake('leaving', { ...handshake, utPex: 0, port: 2_000 }, 1_000)
    connect(swarm, 'listener', 1, 'some', 1_000)
    expect(told(swarm, 'listener', 2_000)).toEqual({ added: ['203.0.113.2:2000'], dropped: [] })
    swarm.handleDisconnect('leaving', 3_000)
    connect(swarm, 'newcomer', 3, 'some', 3_000)
    expect(told(swarm, 'newcomer', 4_000)).toEqual({ added: ['203.0.113.1:6881', '203.0.113.2:2000'], dropped: [] })
  })

  it('is not due in the past once it was called, and not due at all when nobody is connected', () => {
    const { swarm } = newSwarm()
    expect(swarm.nextTimeout()).toBeUndefined()
    connect(swarm, 'a', 1, 'some', 0)
    connect(swarm, 'b', 2, 'some', 0)
    expect(swarm.nextTimeout()).toBe(1_000)
    swarm.handleTimeout(1_000)
    expect(swarm.nextTimeout()).toBeGreaterThan(1_000)
    swarm.handleDisconnect('a', 1_001)
    swarm.handleDisconnect('b', 1_001)
    expect(swarm.nextTimeout()).toBeUndefined()
  })

  it('offers a turn again while it is not taken, skips it after ten seconds, and loses nothing', () => {
    const { swarm, turns } = newSwarm()
    connect(swarm, 'busy', 1, 'some', 0)
    connect(swarm, 'other', 2, 'some', 0)
    for (let now = 1_000; now < 60_000; now += 100) swarm.handleTimeout(now)
    const offers = turns.filter((id) => id === 'busy').length
    expect(offers).toBe(21)
    swarm.takeMessage('busy', 60_000)
    expect(told(swarm, 'busy', 80_000)).toEqual({ added: ['203.0.113.2:6881'], dropped: [] })
  })

  it('takes its message at the very time that it was due, whatever fractions of a millisecond the clock has', () => {
    const { swarm } = newSwarm({ limits: { sendIntervalMs: 62_000 } })
    connect(swarm, 'a', 1, 'some', 0.1)
    let now = 0.1
    for (let count = 2; count < 100; count++) {
      const address = Uint8Array.of(203, 0, 113, count)
      swarm.handleConnect(`${count}`, { address, port: 6881, direction: 'outgoing', transport: 'tcp', isExtended: false }, now)
      swarm.handlePieces(`${count}`, false, now)
      now = swarm.nextTimeout() ?? 0
      expect(told(swarm, 'a', now)?.added).toEqual([`203.0.113.${count}:6881`])
    }
  })

  it('tells in turn all that a peer claimed and dropped at once, though a message does not hold it', () => {
    const { swarm } = newSwarm({ limits: { maxContacts: 1 } })
    connect(swarm, 'claimer', 1, 'some', 0)
    const both = Uint8Array.of(203, 0, 113, 2, 0x1a, 0xe1, 203, 0, 113, 3, 0x1a, 0xe1)
    swarm.handleMessage('claimer', encodeMessage({ added: both }), 0)
    connect(swarm, 'b', 2, 'some', 0)
    connect(swarm, 'c', 3, 'some', 0)
    expect(told(swarm, 'claimer', 1_000)).toBeUndefined()
    swarm.handleMessage('claimer', encodeMessage({ dropped: both }), 30_000)
    const heard: string[] = []
    for (let now = 30_500; now < 200_000; now += 500) heard.push(...(told(swarm, 'claimer', now)?.added ?? []))
    expect(heard.toSorted((a, b) => a.localeCompare(b))).toEqual(['203.0.113.2:6881', '203.0.113.3:6881'])
  })

  it('sends nothing early when the clock goes back between a turn and its message, and loses nothing', () => {
    const { swarm } = newSwarm()
    connect(swarm, 'a', 1, 'some', 0)
    connect(swarm, 'b', 2, 'some', 0)
    expect(told(swarm, 'a', 1_000)?.added).toEqual(['203.0.113.2:6881'])
    connect(swarm, 'c', 3, 'some', 2_000)
    swarm.handleTimeout(70_000)
    expect(swarm.takeMessage('a', 60_000)).toBeUndefined()
    expect(told(swarm, 'a', 70_000)?.added).toEqual(['203.0.113.3:6881'])
  })

  it('has no turn for a wire that goes on in another swarm', () => {
    const { swarm, turns } = newSwarm()
    const other = newSwarm()
    for (const [index, id] of ['a', 'b', 'c'].entries()) connect(swarm, id, 1 + index, 'some', 0)
    const halves = swarm.handleRelease('a', 500)
    connect(other.swarm, 'd', 9, 'some', 500)
    const address = Uint8Array.of(203, 0, 113, 1)
    other.swarm.handleConnect('a', { address, port: 6881, direction: 'outgoing', transport: 'tcp', isExtended: true }, 500, halves)
    other.swarm.handleExtendedHandshake('a', { ...handshake, utPex: 1, port: undefined }, 500)
    other.swarm.handlePieces('a', false, 500)
    for (const now of [1_000, 1_500, 2_000]) swarm.handleTimeout(now)
    expect(turns).not.toContain('a')
    other.swarm.handleTimeout(2_000)
    expect(other.turns).toContain('a')
  })

  it('tells of nobody at an address that nobody can have', () => {
    const { swarm } = newSwarm()
    connect(swarm, 'a', 1, 'some', 0)
    for (const [id, address] of Object.entries({ multicast: [224, 0, 0, 1], none: [0, 0, 0, 0], reserved: [240, 0, 0, 1] })) {
      const peer = { address: Uint8Array.from(address), port: 6881, direction: 'outgoing', transport: 'tcp', isExtended: false } as const
      swarm.handleConnect(id, peer, 0)
      swarm.handlePieces(id, false, 0)
    }
    expect(swarm.stats().contacts).toBe(1)
    expect(told(swarm, 'a', 1_000)).toBeUndefined()
  })

  it('takes an IPv4-mapped address for IPv4, with all other facts as they are', () => {
    const { swarm } = newSwarm()
    connect(swarm, 'a', 1, 'some', 0)
    const address = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 203, 0, 113, 7)
    swarm.handleConnect('mapped', { address, port: 65_535, direction: 'outgoing', transport: 'utp', isExtended: false }, 0)
    swarm.handlePieces('mapped', false, 0)
    swarm.handleTimeout(1_000)
    const { added, addedFlags } = decodeMessage(swarm.takeMessage('a', 1_000)!)
    expect([peersOf(added), [...addedFlags]]).toEqual([['203.0.113.7:65535'], [0x14]])
  })

  it('refuses an id that is connected, and names it', () => {
    const { swarm } = newSwarm()
    connect(swarm, 'a', 1, 'some', 0)
    expect(() => connect(swarm, 'a', 2, 'some', 0)).toThrow('id: this connection is connected already')
  })

  it('disregards facts of connections that are not there', () => {
    const { swarm } = newSwarm()
    swarm.handleDisconnect('nobody', 0)
    swarm.handleMessage('nobody', new Uint8Array([0x64, 0x65]), 0)
    swarm.handleExtendedHandshake('nobody', { ...handshake, utPex: 1, port: 1 }, 0)
    expect(swarm.takeMessage('nobody', 0)).toBeUndefined()
    expect(swarm.stats().connections).toBe(0)
  })

  it('gives the same outputs for the same inputs and seed, byte for byte', () => {
    const run = (): string => {
      const { swarm, turns } = newSwarm({ seed: 7 })
      const sent: string[] = []
      for (let now = 0; now < 400_000; now += 500) {
        if (now % 9_500 === 0) connect(swarm, `peer ${now}`, (now / 9_500) % 250, now % 2 ? 'all' : 'some', now)
        if (now % 28_500 === 0 && now > 0) swarm.handleDisconnect(`peer ${now - 28_500}`, now)
        swarm.handleTimeout(now)
        for (const id of turns.splice(0)) sent.push(`${now} ${id} ${swarm.takeMessage(id, now)?.join()}`)
      }
      return sent.join('\n')
    }
    const first = run()
    expect(first.length).toBeGreaterThan(1_000)
    expect(run()).toBe(first)
  })
})
