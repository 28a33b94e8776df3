/** A host that is mistaken: what it says is put right, or refused with an error that names it, and nothing has changed then. */
import { beforeEach, describe, expect, it, test } from 'vitest'
import { decodeMessage } from '../../src/codec/index.ts'
import { type ExtendedHandshake, type Peer, Swarm, type SwarmOptions } from '../../src/core/index.ts'
import { peersOf } from '../extension/wires.ts'
import { nothingSaid } from '../nothing-said.ts'

const sink = { turn() {}, added() {}, dropped() {}, candidates() {}, violation() {} }
const address = Uint8Array.of(203, 0, 113, 1)
const endpoint = Uint8Array.of(...address, 0x1a, 0xe1)
const facts: Peer = { address, port: 6881, direction: 'outgoing', transport: 'tcp', isExtended: true }

let swarm: Swarm<string>
beforeEach(() => {
  swarm = new Swarm({ sink })
})

/** A peer that has everything done but its pieces, which it has none of. */
function connect(id: string, peer: Partial<Peer>, handshake: Partial<ExtendedHandshake> = {}, now: number = 0): void {
  swarm.handleConnect(id, { ...facts, ...peer }, now)
  swarm.handleExtendedHandshake(id, { ...nothingSaid, ...handshake }, now)
  swarm.handlePieces(id, false, now)
}

/** What a peer that has come first is told of the others, one minute later. */
function told(now: number = 60_000): string[] {
  swarm.handleTimeout(now)
  const message = swarm.takeMessage('listener', now)
  const { added, added6 } = decodeMessage(message ?? Uint8Array.of())
  return [...peersOf(added), ...peersOf(added6, 6)]
}

const make = (options: unknown) => (): unknown => new Swarm(Object.assign({ sink }, options as SwarmOptions<string>))
const meet = (peer: object) => (): unknown => swarm.handleConnect('a', { ...facts, ...peer }, 0)
const of = (...bytes: number[]): Uint8Array => Uint8Array.of(...bytes)

describe('is refused, by its name, before anything has changed:', () => {
  test.each<readonly [string, () => unknown, RegExp]>([
    ['no options', () => new Swarm(undefined as never), /^sink: /],
    ['no sink', make({ sink: undefined }), /^sink: an object with the methods of Sink was expected$/],
    ['a sink of another kind', make({ sink: {} }), /^sink: /],
    ['share', make({ share: 'yes' }), /^share: a function was expected, not yes$/],
    ['accept', make({ accept: 1 }), /^accept: a function was expected, not 1$/],
    ['private', make({ private: 'maybe' }), /^private: true, false or 'unknown' was expected, not maybe$/],
    ['private, later', () => swarm.handlePrivate(1 as never, 0), /^private: /],
    ['a limit', make({ limits: { maxContacts: 0 } }), /^limits\.maxContacts: /],
    ['listenPort', () => (swarm.listenPort = 65_536), /^listenPort: an integer 0–65535 was expected, not 65536$/],
    ['an address of 5 bytes', meet({ address: of(1, 2, 3, 4, 5) }), /^address: 4 or 16 bytes were expected, not 5$/],
    ['an address of no bytes', meet({ address: of() }), /^address: 4 or 16 bytes/],
    ['an endpoint for an address', meet({ address: endpoint }), /^address: .* not 6$/],
    ['a text for an address', meet({ address: '1.2.3.4' }), /^address: a Uint8Array was expected, not 1\.2\.3\.4$/],
    ['null for an address', meet({ address: null }), /^address: /],
    ['a text for a port', meet({ port: '6881' }), /^port: an integer 0–65535 was expected, not 6881$/],
    ['port NaN', meet({ port: Number.NaN }), /^port: /],
    ['port 65536', meet({ port: 65_536 }), /^port: /],
    ['port −1', meet({ port: -1 }), /^port: .* not -1$/],
    ['port 80.5', meet({ port: 80.5 }), /^port: /],
    ['direction', meet({ direction: 'out' }), /^direction: 'incoming' or 'outgoing' was expected, not out$/],
    ['transport', meet({ transport: 'quic' }), /^transport: 'tcp' or 'utp' was expected, not quic$/],
    ['a report of no endpoint', () => swarm.report(address, 'failed', 0), /^endpoint: 6 or 18 bytes were expected, not 4$/],
    ['a report of a text', () => swarm.report('1.2.3.4:5' as never, 'failed', 0), /^endpoint: a Uint8Array was expected/],
    ['outcome', () => swarm.report(endpoint, 'maybe' as never, 0), /^outcome: 'connected' or 'failed' was expected, not maybe$/],
    ['the sources of no endpoint', () => swarm.sourcesOf(of(1)), /^endpoint: /],
  ])('%s', (_name, act, text) => {
    expect(act).toThrow(text)
    expect(swarm.stats()).toMatchObject({ connections: 0, contacts: 0, known: 0 })
    expect([swarm.private, swarm.listenPort, swarm.nextTimeout()]).toEqual([false, 0, undefined])
  })

  const times: readonly (readonly [string, (now: number) => unknown])[] = [
    ['handleConnect', (now) => swarm.handleConnect('b', facts, now)],
    ['handleExtendedHandshake', (now) => swarm.handleExtendedHandshake('a', nothingSaid, now)],
    ['handlePieces', (now) => swarm.handlePieces('a', true, now)],
    ['handleMessage', (now) => swarm.handleMessage('a', of(0x64, 0x65), now)],
    ['handleDisconnect', (now) => swarm.handleDisconnect('a', now)],
    ['handleRelease', (now) => swarm.handleRelease('a', now)],
    ['handleStopped', (now) => swarm.handleStopped('a', true, now)],
    ['handleReset', (now) => swarm.handleReset('a', now)],
    ['handlePrivate', (now) => swarm.handlePrivate(true, now)],
    ['handleSeeding', (now) => swarm.handleSeeding(true, now)],
    ['handleTimeout', (now) => swarm.handleTimeout(now)],
    ['takeMessage', (now) => swarm.takeMessage('a', now)],
    ['next', (now) => swarm.next(1, now)],
    ['report', (now) => swarm.report(endpoint, 'failed', now)],
  ]
  test.each(times)('a time that is none, in %s', (_name, act) => {
    connect('a', {}, { utPex: 1 })
    const before = JSON.stringify([swarm.stats(), swarm.private, swarm.nextTimeout()])
    for (const now of [Number.NaN, undefined, null, '5', new Date()])
      expect(() => act(now as never)).toThrow(/^now: milliseconds were expected, not /)
    expect(JSON.stringify([swarm.stats(), swarm.private, swarm.nextTimeout()])).toBe(before)
  })
})

describe('is put right:', () => {
  beforeEach(() => {
    connect('listener', { address: of(203, 0, 113, 99) }, { utPex: 1 })
  })

  it('an IPv4-mapped address, which is IPv4', () => {
    connect('mapped', { address: of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 203, 0, 113, 7) })
    connect('same', { address: of(203, 0, 113, 7) })
    expect(told()).toEqual(['203.0.113.7:6881'])
    expect(swarm.stats().contacts).toBe(2)
  })

  it('a port of a handshake that can be none: it is as if absent', () => {
    for (const [index, port] of [0, 1, -7, 65_536, 72_417, 6_881.5, Number.NaN, '6881'].entries()) {
      connect(`${index}`, { address: of(203, 0, 113, index), direction: 'incoming', port: 50_000 }, { port: port as number })
    }
    connect('right', { address: of(203, 0, 113, 50), direction: 'incoming' }, { port: 65_535 })
    expect(told()).toEqual(['203.0.113.50:65535'])
  })

  it('a dialled port 0 or 1, at which nobody can be dialled', () => {
    connect('0', { address: of(203, 0, 113, 1), port: 0 })
    connect('1', { address: of(203, 0, 113, 2), port: 1 })
    connect('none', { address: of(203, 0, 113, 3), port: undefined })
    expect(told()).toEqual([])
  })

  test.each([0, 256, -1, 1.5, Number.NaN, '1'])('an id of ut_pex that can be none: %s counts as 0', (id) => {
    connect('other', { address: of(203, 0, 113, 2) })
    swarm.handleExtendedHandshake('listener', { ...nothingSaid, utPex: id as number }, 0)
    expect(told()).toEqual([])
  })

  it('an address that is changed afterwards: it was copied', () => {
    const mine = of(203, 0, 113, 5)
    connect('other', { address: mine })
    mine.fill(9)
    expect(told()).toEqual(['203.0.113.5:6881'])
  })

  test.each([-1, 0, Number.NaN, Number.NEGATIVE_INFINITY])('a count of candidates that is none: %s gives none', (count) => {
    swarm.handleMessage('listener', new TextEncoder().encode('d5:added6:\x0b\x16!,\x1a\x1ae'), 0)
    expect(swarm.next(count, 0)).toEqual([])
    expect(swarm.next(Number.POSITIVE_INFINITY, 0)).toHaveLength(1)
  })

  it('a seed that is no integer', () => {
    for (const seed of [Number.NaN, -1, 1.5, 2 ** 40, Number.POSITIVE_INFINITY]) expect(make({ seed })).not.toThrow()
  })
})

describe('a clock that goes back', () => {
  it('brings no message sooner than 62 s after the last one by any reading of it, and loses nothing', () => {
    connect('listener', { address: of(203, 0, 113, 99) }, { utPex: 1 }, 1_000_000)
    connect('a', { address: of(203, 0, 113, 1) }, {}, 1_000_000)
    expect(told(1_002_000)).toEqual(['203.0.113.1:6881'])
    connect('b', { address: of(203, 0, 113, 2) }, {}, 500_000)
    swarm.handleDisconnect('a', 400_000)
    for (const now of [500_000, 560_000, 1_000, 900_000, 1_063_999]) expect(told(now)).toEqual([])
    expect(told(1_070_000)).toEqual(['203.0.113.2:6881'])
    expect(swarm.stats()).toMatchObject({ contacts: 2, departures: 1 })
  })

  it('does not let a peer send more', () => {
    connect('listener', {}, { utPex: 1 }, 1_000_000)
    for (const now of [1_000_000, 0, 1_000_000, 500, 2, 1_000_000, 3]) swarm.handleMessage('listener', of(0x64, 0x65), now)
    // Each step back is no time at all, each step on from there is some: as for a clock that is set.
    expect(swarm.stats().violations['too-frequent'] ?? 0).toBeLessThanOrEqual(1)
    for (let count = 0; count < 20; count++) swarm.handleMessage('listener', of(0x64, 0x65), 3)
    expect(swarm.stats().violations['too-frequent']).toBeGreaterThanOrEqual(14)
  })

  it('keeps nextTimeout a time', () => {
    connect('listener', {}, { utPex: 1 }, 1_000_000)
    connect('a', { address: of(203, 0, 113, 1) }, {}, -5)
    expect(swarm.nextTimeout()).toBe(1_001_000)
    swarm.handleTimeout(Number.NEGATIVE_INFINITY)
    expect(swarm.nextTimeout()).toBe(1_001_000)
  })
})

describe('facts in the wrong order', () => {
  it('of a connection that is there already: the second is refused, the first stays', () => {
    connect('listener', { address: of(203, 0, 113, 99) }, { utPex: 1 })
    connect('a', { address: of(203, 0, 113, 1) })
    expect(() => connect('a', { address: of(203, 0, 113, 2) })).toThrow(new RangeError('id: this connection is connected already'))
    expect(told()).toEqual(['203.0.113.1:6881'])
  })

  it('of a connection that is not there, or no more, change nothing', () => {
    connect('a', {}, { utPex: 1 })
    swarm.handleDisconnect('a', 10)
    const before = JSON.stringify(swarm.stats())
    for (const id of ['a', 'never']) {
      swarm.handleExtendedHandshake(id, { ...nothingSaid, utPex: 1 }, 20)
      swarm.handlePieces(id, true, 20)
      swarm.handleMessage(id, of(0x64, 0x65), 20)
      swarm.handleLeaving(id)
      swarm.handleStopped(id, false, 20)
      swarm.handleReset(id, 20)
      swarm.handleDisconnect(id, 20)
      expect(swarm.handleRelease(id, 20)).toBeUndefined()
      expect(swarm.takeMessage(id, 70_000)).toBeUndefined()
    }
    expect(JSON.stringify(swarm.stats())).toBe(before)
    expect(swarm.nextTimeout()).toBeUndefined()
  })

  it('a handshake after it was closed does not bring a contact back', () => {
    connect('listener', { address: of(203, 0, 113, 99) }, { utPex: 1 })
    connect('a', { address: of(203, 0, 113, 1) })
    swarm.handleDisconnect('a', 1)
    swarm.handleExtendedHandshake('a', { ...nothingSaid, port: 7_000 }, 2)
    expect(told()).toEqual([])
  })
})
