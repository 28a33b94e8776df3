/** What a swarm hears, as its host sees it: whom it may dial, when it is said so, and what is never taken. */

import { describe, expect, test } from 'vitest'
import { formatEndpoint } from '../../src/address/endpoint.ts'
import { decodeMessage, encodeMessage } from '../../src/codec/index.ts'
import type { Peer } from '../../src/core/connection.ts'
import { Solo } from '../../src/core/solo.ts'
import { Swarm, type SwarmOptions } from '../../src/core/swarm.ts'
import { nothingSaid } from '../nothing-said.ts'
import { endpoint, endpoints } from './endpoints.ts'

const handshake = { ...nothingSaid, utPex: 1 }

class Host {
  readonly heard: string[] = []
  readonly swarm: Swarm<string>
  now = 0

  constructor(options: Partial<SwarmOptions<string>> = {}) {
    const textOf = (bytes: Uint8Array, offset: number, family: 4 | 6): string => formatEndpoint(bytes, offset, family)
    this.swarm = new Swarm<string>({
      sink: {
        turn() {},
        added: (id, { bytes, offset, family, flags, sourceCount }) =>
          this.heard.push(`${id} + ${textOf(bytes, offset, family)} ${flags} of ${sourceCount}`),
        dropped: (id, { bytes, offset, family, sourceCount }) =>
          this.heard.push(`${id} - ${textOf(bytes, offset, family)} of ${sourceCount}`),
        candidates: () => this.heard.push('candidates'),
        violation: (id, code, count) => this.heard.push(`${id} ! ${code} ${count}`),
      },
      ...options,
    })
  }

  connect(id: string, text: string, facts: Partial<Peer> = {}): void {
    const bytes = endpoint(text)
    const address = bytes.slice(0, -2)
    const port = (bytes.at(-2)! << 8) | bytes.at(-1)!
    this.swarm.handleConnect(id, { address, port, direction: 'outgoing', transport: 'tcp', isExtended: false, ...facts }, this.now)
    this.swarm.handlePieces(id, false, this.now)
  }

  tell(id: string, added: readonly string[], dropped: readonly string[] = []): void {
    const lists = [added, dropped].map((texts) => [4, 6].map((family) => texts.filter((text) => text.startsWith('[') === (family === 6))))
    const [[added4 = [], added6 = []] = [], [dropped4 = [], dropped6 = []] = []] = lists
    this.swarm.handleMessage(
      id,
      encodeMessage({
        added: endpoints(added4),
        added6: endpoints(added6),
        dropped: endpoints(dropped4),
        dropped6: endpoints(dropped6),
      }),
      this.now,
    )
  }

  /** Whom it would dial now, and what it heard since the last look. */
  next(count = 10): string[] {
    return this.swarm.next(count, this.now).map((bytes) => formatEndpoint(bytes, 0, bytes.length === 6 ? 4 : 6))
  }

  take(): string[] {
    return this.heard.splice(0)
  }
}

const minute = 60_000
const a = '20.0.0.1:6881'
const b = '30.0.0.1:6881'
const x = '40.0.0.1:6881'
const y = '50.0.0.1:6881'
const z = '[2a00::1]:6881'

describe('a host is told that there is somebody to dial', () => {
  test('once, and again when all that there was has been taken', () => {
    const host = new Host()
    host.connect('a', a)
    host.tell('a', [x, y])
    expect(host.take()).toEqual([`a + ${x} 0 of 1`, `a + ${y} 0 of 1`, 'candidates'])
    expect(host.next(1)).toHaveLength(1)
    host.now += minute
    host.tell('a', [z])
    expect(host.take()).toEqual([`a + ${z} 0 of 1`])
    expect(host.next()).toHaveLength(2)
    host.now += minute
    host.tell('a', ['60.0.0.1:6881'])
    expect(host.take()).toEqual(['a + 60.0.0.1:6881 0 of 1', 'candidates'])
  })

  test('at the time that it was told of, when one that failed may be dialled again', () => {
    const host = new Host()
    host.connect('a', a)
    host.tell('a', [x])
    expect(host.swarm.nextTimeout()).toBeUndefined()
    expect(host.next()).toEqual([x])
    host.swarm.report(endpoint(x), 'failed', host.now)
    host.now += minute
    host.tell('a', [], [x])
    host.tell('a', [x])
    host.take()
    const at = host.swarm.nextTimeout()!
    expect(at).toBeGreaterThan(host.now)
    host.swarm.handleTimeout(at - 1)
    expect(host.take()).toEqual([])
    host.now = at
    host.swarm.handleTimeout(at)
    expect(host.take()).toEqual(['candidates'])
    expect(host.next()).toEqual([x])
  })

  test('at no time while somebody waits', () => {
    const host = new Host()
    host.connect('a', a)
    host.tell('a', [x, y])
    const [first] = host.next(1)
    expect(host.swarm.nextTimeout()).toBeUndefined()
    host.swarm.report(endpoint(first!), 'failed', host.now)
    host.tell('a', [], [first!])
    host.tell('a', [first!])
    expect(host.swarm.nextTimeout()).toBeUndefined()
    host.next()
    expect(host.swarm.nextTimeout()).toBeGreaterThan(host.now)
  })

  test('never while it is not known whether the torrent is public, and then at once', () => {
    const host = new Host({ private: 'unknown' })
    host.connect('a', a)
    host.tell('a', [x])
    expect([host.take(), host.next(), host.swarm.nextTimeout()]).toEqual([[], [], undefined])
    host.swarm.handlePrivate(false, host.now)
    expect(host.take()).toEqual([`a + ${x} 0 of 1`, 'candidates'])
    expect(host.next()).toEqual([x])
  })
})

describe('a torrent that was private for a while', () => {
  test('is said to have somebody to dial when it is public again, and only of what was told since', () => {
    const host = new Host()
    host.connect('a', a)
    host.tell('a', [x])
    host.swarm.handlePrivate(true, host.now)
    host.take()
    host.swarm.handlePrivate(false, host.now)
    expect(host.take()).toEqual([])
    host.tell('a', [y])
    expect(host.take()).toEqual([`a + ${y} 0 of 1`, 'candidates'])
    expect(host.next()).toEqual([y])
  })
})

describe('nobody is dialled', () => {
  test('to whom a connection has come meanwhile, and nobody remembers that it was to be', () => {
    const host = new Host()
    host.connect('a', a)
    host.tell('a', [x])
    expect(host.swarm.stats().candidates).toBe(1)
    host.connect('x', x)
    expect(host.swarm.stats().candidates).toBe(0)
  })

  test('to whom there is a connection, be others told of it or not, until the last one is closed', () => {
    const host = new Host({ share: () => false })
    host.connect('a', a)
    host.connect('b', b)
    host.connect('x', x)
    host.connect('x again', x)
    host.tell('a', [x])
    expect(host.next()).toEqual([])
    host.swarm.handleDisconnect('x', host.now)
    host.tell('b', [x])
    expect(host.next()).toEqual([])
    host.swarm.handleDisconnect('x again', host.now)
    host.now += 60 * minute
    host.tell('b', [], [x])
    host.tell('b', [x])
    expect(host.next()).toEqual([x])
  })

  test('at another port of an address to which there is a connection, until the last one is closed', () => {
    const host = new Host()
    for (const [id, text] of Object.entries({ a, b })) host.connect(id, text)
    host.tell('a', [x])
    expect(host.next()).toEqual([x])
    host.connect('x', x)
    host.connect('x again', x)
    host.swarm.report(endpoint(x), 'connected', host.now)
    host.now += 60 * minute
    host.tell('b', ['40.0.0.1:6882'])
    expect(host.next()).toEqual([])
    host.connect('a third port', '40.0.0.1:6883')
    host.swarm.handleDisconnect('a third port', host.now)
    expect(host.next()).toEqual([])
    host.swarm.handleDisconnect('x', host.now)
    expect(host.next()).toEqual([])
    host.swarm.handleDisconnect('x again', host.now)
    expect(host.next()).toEqual(['40.0.0.1:6882'])
  })

  test('for what was told of it while it was connected: that is void when it goes', () => {
    const host = new Host()
    for (const [id, text] of Object.entries({ a, b, x })) host.connect(id, text)
    host.tell('a', [x])
    host.swarm.handleDisconnect('x', host.now)
    host.now += 60 * minute
    expect(host.next()).toEqual([])
    host.tell('b', [x])
    expect(host.next()).toEqual([x])
  })

  test.each([
    ['told of', true],
    ['not told of', false],
  ])('at the port that it named last, but at the one before, if others are %s it', (_, isShared) => {
    const host = new Host({ share: () => isShared })
    host.connect('a', a)
    host.connect('x', '40.0.0.1:50000', { direction: 'incoming', isExtended: true })
    for (const port of [6881, 7000]) host.swarm.handleExtendedHandshake('x', { ...handshake, port }, host.now)
    host.tell('a', ['40.0.0.1:7000'])
    expect(host.next()).toEqual([])
    host.tell('a', [x])
    expect(host.next()).toEqual([x])
  })

  test('of whom it was learnt at which port it listens, once that is known', () => {
    const host = new Host()
    host.connect('a', a)
    host.connect('x', '40.0.0.1:50000', { direction: 'incoming', isExtended: true })
    host.tell('a', [x])
    host.swarm.handleExtendedHandshake('x', { ...handshake, port: 6881 }, host.now)
    expect(host.next()).toEqual([])
  })
})

describe('no claim is', () => {
  test('our own endpoint, as its source calls our address, or as most do', () => {
    const host = new Host()
    host.swarm.listenPort = 6881
    host.connect('a', a)
    host.connect('b', b, { isExtended: true })
    host.tell('a', [x, z])
    expect(host.swarm.stats().claims).toBe(2)
    host.swarm.handleExtendedHandshake('b', { ...handshake, yourIp: endpoint(x).slice(0, 4) }, host.now)
    host.swarm.handleExtendedHandshake('b', handshake, host.now)
    host.tell('b', [x, '40.0.0.1:6882', '41.0.0.1:6881', z])
    expect(host.take().filter((line) => line.startsWith('b'))).toEqual([
      'b + 40.0.0.1:6882 0 of 1',
      'b + 41.0.0.1:6881 0 of 1',
      `b + ${z} 0 of 2`,
      'b ! refused-contact 1',
    ])
    host.swarm.handleExtendedHandshake('b', { ...handshake, yourIp: endpoint(z).slice(0, 16) }, host.now)
    host.now += minute
    host.tell('b', ['[2a00::2]:6881'])
    host.tell('b', [], [z])
    host.tell('b', [z])
    expect(host.take()).toEqual(['b + [2a00::2]:6881 0 of 1', `b - ${z} of 1`, 'b ! refused-contact 1'])
  })

  test('our own endpoint as two others call it, though its source says nothing', () => {
    const host = new Host()
    host.swarm.listenPort = 6881
    for (const [id, text] of Object.entries({ a, b, c: '31.0.0.1:6881' })) host.connect(id, text, { isExtended: true })
    const says = (id: string): void => {
      host.swarm.handleExtendedHandshake(id, { ...handshake, yourIp: endpoint(x).slice(0, 4) }, host.now)
    }
    says('b')
    host.tell('a', [x])
    host.tell('a', [], [x])
    says('c')
    host.tell('a', [x])
    expect(host.take()).toEqual([`a + ${x} 0 of 1`, 'candidates', `a - ${x} of 0`, 'a ! refused-contact 1'])
    host.swarm.handleDisconnect('c', host.now)
    host.now += minute
    host.tell('a', [x])
    expect(host.take()).toEqual([`a + ${x} 0 of 1`])
  })

  test.each([
    ['refuses', () => false],
    ['does not answer', () => undefined as unknown as boolean],
    [
      'throws',
      () => {
        throw new Error('accept')
      },
    ],
  ])('one that the host %s', (_, answer) => {
    const asked: string[] = []
    const accept = (address: string, port: number): boolean => {
      asked.push(`${address} ${port}`)
      return address === '50.0.0.1' || answer()
    }
    const host = new Host({ accept })
    host.connect('a', a)
    host.tell('a', [x, y, z])
    expect(asked).toEqual(['40.0.0.1 6881', '50.0.0.1 6881', '2a00::1 6881'])
    expect(host.take()).toEqual([`a + ${y} 0 of 1`, 'a ! refused-contact 2', 'candidates'])
  })
})

test.each([
  ['a global address', '20.0.0.1', 2],
  ['an address of the documentation nets', '203.0.113.1', 2],
  ['an address of a local network', '192.168.0.1', 4],
])('two connections from %s (%s), each with two candidates, have %i in all where one may have two', (_, address, candidates) => {
  const host = new Host({ limits: { maxCandidatesPerSource: 2 } })
  for (const [id, texts] of [
    ['a', [x, y]],
    ['b', ['60.0.0.1:6881', '70.0.0.1:6881']],
  ] as const) {
    host.connect(id, `${address}:${id === 'a' ? 6881 : 6882}`)
    host.tell(id, texts)
  }
  expect(host.swarm.stats().candidates).toBe(candidates)
})

describe('a peer that claims whom we would tell it of', () => {
  test('has a turn when it drops that, and none when it only claims more', () => {
    const host = new Host()
    host.connect('a', a, { isExtended: true })
    host.swarm.handleExtendedHandshake('a', handshake, host.now)
    host.connect('b', b)
    host.tell('a', [b])
    host.swarm.handleTimeout(1_000)
    expect(host.swarm.takeMessage('a', 1_000)).toBeUndefined()
    host.now = minute
    host.tell('a', [x])
    expect(host.swarm.nextTimeout()).toBeUndefined()
    host.tell('a', [], [b])
    const at = host.swarm.nextTimeout()!
    host.swarm.handleTimeout(at)
    expect(decodeMessage(host.swarm.takeMessage('a', at)!).added).toEqual(endpoint(b))
  })
})

describe('a wire that was fed by hand until it joins a swarm', () => {
  /** Its address was not known, so that it could claim anything; the swarm knows it. */
  function joined(options: Partial<SwarmOptions<string>>, texts: readonly string[]): Host {
    const sink = { turn() {}, added() {}, dropped() {}, candidates() {}, violation() {} }
    const solo = new Solo<string>('a', { sink, seed: 1, limits: { documentationNets: true } })
    const [added, added6] = [false, true].map((isIPv6) => endpoints(texts.filter((text) => text.startsWith('[') === isIPv6)))
    solo.handleMessage(encodeMessage({ added: added!, added6: added6! }), 0)
    const host = new Host(options)
    const bytes = endpoint(a)
    const peer: Peer = { address: bytes.slice(0, 4), port: 6881, direction: 'outgoing', transport: 'tcp', isExtended: false }
    host.swarm.handleConnect('a', peer, 0, solo.halves())
    return host
  }

  test('brings its claims with it', () => {
    const host = joined({}, [x, z])
    expect(host.take()).toEqual([`a + ${x} 0 of 1`, `a + ${z} 0 of 1`, 'candidates'])
    expect(host.swarm.stats()).toMatchObject({ claims: 2, known: 2 })
    host.tell('a', [], [x, z])
    expect(host.take()).toEqual([`a - ${x} of 0`, `a - ${z} of 0`])
  })

  test('loses those that would be refused here', () => {
    const texts = [x, '192.168.1.5:6881', y, '[fd00::1]:6881', z]
    const host = joined({}, texts)
    expect(host.take()).toEqual([`a + ${x} 0 of 1`, `a + ${y} 0 of 1`, `a + ${z} 0 of 1`, 'candidates'])
    expect(host.swarm.stats().claims).toBe(3)
    const refusing = joined({ accept: (address) => address === '40.0.0.1' }, texts)
    expect(refusing.take()).toEqual([`a + ${x} 0 of 1`, 'candidates'])
    expect(refusing.swarm.stats().claims).toBe(1)
  })

  test.each([
    [false, 0],
    [true, 1],
  ])('may claim addresses of the documentation nets if the swarm takes those: %s', (documentationNets, count) => {
    const host = joined({ limits: { documentationNets } }, [x, '203.0.113.5:6881'])
    expect(host.swarm.stats().claims).toBe(1 + count)
  })

  test('says nothing while it is not known whether the torrent is public, and all of it then', () => {
    const host = joined({ private: 'unknown' }, [x])
    expect(host.take()).toEqual([])
    host.swarm.handlePrivate(false, 0)
    expect(host.take()).toEqual([`a + ${x} 0 of 1`, 'candidates'])
  })
})
