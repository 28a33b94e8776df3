import { describe, expect, test } from 'vitest'
import { decodeHandshake, decodeMessage, encodeMessage } from '../../src/codec/index.ts'
import type { Turn } from '../../src/core/outbox.ts'
import { Solo, type SoloOptions } from '../../src/core/solo.ts'
import { Swarm } from '../../src/core/swarm.ts'

const key = (last: number, port = 6881): number => (((20 << 24) | last) >>> 0) * 0x1_0000 + port
const bytesOf = (...lasts: number[]): Uint8Array => Uint8Array.from(lasts.flatMap((last) => [20, 0, 0, last, 0x1a, 0xe1]))
const lastsOf = (list: Uint8Array): number[] => Array.from({ length: list.length / 6 }, (_, index) => list[index * 6 + 3] as number)

/** A connection that is fed by hand, and everything that came out of it. */
class Stage {
  readonly turns: Turn[] = []
  readonly heard: string[] = []
  readonly solo: Solo<string>
  isListening = true

  constructor(options: Partial<SoloOptions<string>> = {}) {
    this.solo = new Solo('id', {
      seed: 1,
      sink: {
        turn: (_id, turn) => this.turns.push(turn),
        added: (id, { bytes, offset, flags, sourceCount }) =>
          this.heard.push(`${id} + ${bytes[offset + 3]} ${flags}${sourceCount === 1 ? '' : ' of several'}`),
        dropped: (id, { bytes, offset, flags }) => this.heard.push(`${id} - ${bytes[offset + 3]} ${flags}`),
        candidates: () => this.heard.push('candidates'),
        violation: (_id, code, count) => this.heard.push(`${code} ${count}`),
        isListening: () => this.isListening,
      },
      ...options,
    })
  }

  /** What is sent at the next turn, as `+` and `-` with the last byte of each address, and when. */
  next(limit = 1_000_000): string {
    const at = this.solo.nextTimeout()
    if (at === undefined || at > limit) return 'nothing'
    this.turns.length = 0
    this.solo.handleTimeout(at - 0.001)
    expect(this.turns).toEqual([])
    this.solo.handleTimeout(at)
    expect(this.turns).toEqual(['open'])
    const message = this.solo.takeMessage(at)
    if (message === undefined) return `${at}: no message`
    const { added, dropped } = decodeMessage(message)
    return `${at}: ${lastsOf(added).map((last) => `+${last}`)}${lastsOf(dropped).map((last) => `-${last}`)}`
  }

  ready(now = 0): this {
    this.solo.handleRemoteId(3, now)
    this.solo.start(now)
    return this
  }
}

describe('a wire that is fed by hand', () => {
  test('is told one second after there is something to tell, and no sooner than its id and start()', () => {
    const stage = new Stage()
    stage.solo.connect(key(1), 0)
    expect(stage.next()).toBe('nothing')
    stage.solo.start(5_000)
    expect(stage.next()).toBe('nothing')
    expect(stage.solo.remoteId).toBe(0)
    stage.solo.handleRemoteId(3, 10_000)
    expect(stage.solo.remoteId).toBe(3)
    expect(stage.next()).toBe('11000: +1')
  })

  test('is told no later when it names another id before the first message', () => {
    const stage = new Stage().ready()
    stage.solo.connect(key(1), 0)
    stage.solo.wake(0)
    stage.solo.handleRemoteId(4, 700)
    expect(stage.next()).toBe('1000: +1')
  })

  test('on this host may name contacts on this host, one elsewhere may not', () => {
    const ipv6 = (first: number) => Uint8Array.of(first, ...new Array<number>(14).fill(0), 1)
    const heard = [ipv6(0), ipv6(0x2a)].map((address) => {
      const stage = new Stage({ address })
      stage.solo.handleMessage(encodeMessage({ added: Uint8Array.of(127, 0, 0, 7, 0x1a, 0xe1) }), 0)
      return stage.heard
    })
    expect(heard).toEqual([['id + 7 0'], ['refused-contact 1']])
  })

  test('sleeps while there is nothing new, and is woken by who changes something', () => {
    const stage = new Stage().ready()
    expect(stage.solo.isAsleep).toBe(true)
    stage.solo.connect(key(1), 0)
    stage.solo.wake(2_000)
    expect(stage.solo.isAsleep).toBe(false)
    expect(stage.next()).toBe('3000: +1')
    expect(stage.solo.isAsleep).toBe(true)
  })

  test('is told of a contact with the flags that it has then, and not again when they change; reserved bits are no flags', () => {
    const stage = new Stage()
    stage.solo.connect(key(1), 0xff)
    stage.solo.connect(key(2), 0x01)
    stage.solo.connect(key(2), 0xf0)
    stage.ready()
    stage.solo.handleTimeout(1_000)
    const message = decodeMessage(stage.solo.takeMessage(1_000) as Uint8Array)
    expect([...message.addedFlags]).toEqual([0x1f, 0x10])
    stage.solo.connect(key(1), 0)
    stage.solo.wake(2_000)
    expect(stage.solo.nextTimeout()).toBeUndefined()
  })

  test('is told of a departure if it was told of the arrival', () => {
    const stage = new Stage()
    stage.solo.connect(key(1), 0)
    stage.solo.connect(key(2), 0)
    stage.solo.disconnect(key(2))
    stage.solo.disconnect(key(9))
    stage.ready()
    expect(stage.next()).toBe('1000: +1')
    stage.solo.disconnect(key(1))
    stage.solo.wake(2_000)
    expect(stage.next()).toMatch(/: -1$/)
  })

  test('is told of more than 500 in the end', () => {
    const stage = new Stage()
    for (let index = 0; index < 600; index++) stage.solo.connect(key(1 + (index % 200), 10_000 + index), 0)
    stage.ready()
    let count = 0
    for (let turn = 0; turn < 12; turn++) {
      const now = stage.solo.nextTimeout() as number
      stage.solo.handleTimeout(now)
      count += decodeMessage(stage.solo.takeMessage(now) as Uint8Array).added.length / 6
    }
    expect(count).toBe(600)
    expect(stage.solo.nextTimeout()).toBeUndefined()
  })

  test('is told nothing after stop(), and what changed meanwhile after start(); a second start() changes nothing', () => {
    const stage = new Stage().ready()
    stage.solo.connect(key(1), 0)
    stage.solo.wake(0)
    stage.solo.stop()
    expect(stage.next()).toBe('nothing')
    stage.solo.start(50_000)
    stage.solo.start(50_500)
    expect(stage.next()).toBe('51000: +1')
  })

  test('that says 0 is told nothing; with an id again it is told all anew, 62 s after its last message', () => {
    const stage = new Stage().ready()
    stage.solo.connect(key(1), 0)
    stage.solo.wake(0)
    expect(stage.next()).toBe('1000: +1')
    stage.solo.handleRemoteId(0, 2_000)
    stage.solo.connect(key(2), 0)
    stage.solo.wake(2_000)
    expect(stage.next()).toBe('nothing')
    stage.solo.handleRemoteId(4, 3_000)
    stage.solo.handleRemoteId(5, 4_000)
    const said = stage.next()
    expect(said).toMatch(/: \+1,\+2$/)
    expect(Number.parseFloat(said)).toBeGreaterThanOrEqual(63_000)
  })

  test('is told that all have gone after reset() and start(), and what it claimed is forgotten', () => {
    const stage = new Stage().ready()
    stage.solo.connect(key(1), 0)
    stage.solo.wake(0)
    stage.solo.handleMessage(encodeMessage({ added: bytesOf(7) }), 0)
    expect(stage.next()).toBe('1000: +1')
    stage.solo.reset(2_000)
    expect(stage.next()).toBe('nothing')
    stage.solo.connect(key(7), 0)
    stage.solo.start(3_000)
    expect(stage.next()).toMatch(/: \+7-1$/)
  })

  test('is not told what it claims itself before that claim ends', () => {
    const stage = new Stage().ready()
    stage.solo.handleMessage(encodeMessage({ added: bytesOf(7) }), 0)
    stage.solo.connect(key(7), 0)
    stage.solo.connect(key(8), 0)
    stage.solo.wake(0)
    expect(stage.next()).toBe('1000: +8')
    stage.solo.handleMessage(encodeMessage({ dropped: bytesOf(7) }), 2_000)
    expect(stage.next()).toMatch(/: \+7$/)
  })

  test('reports each contact once until it is dropped, and only known flags', () => {
    const stage = new Stage()
    stage.solo.handleMessage(encodeMessage({ added: bytesOf(1), addedFlags: Uint8Array.of(0xf2) }), 0)
    stage.solo.handleMessage(encodeMessage({ added: bytesOf(1) }), 60_000)
    stage.solo.handleMessage(encodeMessage({ dropped: bytesOf(1, 2) }), 120_000)
    stage.solo.handleMessage(encodeMessage({ dropped: bytesOf(1) }), 180_000)
    expect(stage.heard).toEqual(['id + 1 18', 'id - 1 0', 'unknown-drop 1', 'unknown-drop 1'])
  })

  test('reports nothing of what gives way to newer claims', () => {
    const stage = new Stage({ limits: { maxClaims: 1 } })
    stage.solo.handleMessage(encodeMessage({ added: bytesOf(1) }), 0)
    stage.solo.handleMessage(encodeMessage({ added: bytesOf(2) }), 60_000)
    expect(stage.heard).toEqual(['id + 1 0', 'id + 2 0'])
  })

  test('counts what nobody listens to', () => {
    const stage = new Stage()
    stage.isListening = false
    stage.solo.handleMessage(encodeMessage({ added: bytesOf(1) }), 0)
    stage.isListening = true
    stage.solo.handleMessage(encodeMessage({ dropped: bytesOf(1) }), 60_000)
    expect(stage.heard).toEqual(['id - 1 0'])
  })

  test.each([
    ['of a peer whose address is not known', undefined, ['id + 1 0']],
    ['of a peer in the same network', Uint8Array.of(10, 9, 9, 9), ['id + 1 0']],
    ['of a peer abroad', Uint8Array.of(20, 9, 9, 9), ['refused-contact 1']],
    ['of a peer abroad, IPv6', Uint8Array.of(0x2a, ...Array<number>(15).fill(1)), ['refused-contact 1']],
  ])('takes local addresses %s, or does not', (_title, address, heard) => {
    const stage = new Stage({ address })
    stage.solo.handleMessage(encodeMessage({ added: Uint8Array.of(10, 0, 0, 1, 0x1a, 0xe1) }), 0)
    expect(stage.heard).toEqual(heard)
  })

  test('loses its turn when its wire stays busy, and nothing with it', () => {
    const stage = new Stage().ready()
    stage.solo.connect(key(1), 0)
    stage.solo.wake(0)
    for (let now = 1_000; now <= 11_500; now += 500) stage.solo.handleTimeout(now)
    expect(stage.turns.at(-1)).toBe('final')
    expect(stage.turns.filter((turn) => turn === 'final')).toHaveLength(1)
    expect(stage.solo.takeMessage(12_000)).toBeUndefined()
    expect(stage.next()).toMatch(/^76\d{3}: \+1$/)
  })
})

describe('a wire that was fed by hand and joins a swarm', () => {
  const handshake = decodeHandshake(Uint8Array.from('d1:md6:ut_pexi3eee', (character) => character.charCodeAt(0)))
  if (handshake === undefined) throw new Error('that is a handshake')
  const sinkOf = (heard: string[]): ConstructorParameters<typeof Swarm<number>>[0]['sink'] => ({
    turn: (id, turn) => heard.push(`turn ${id} ${turn}`),
    added: (id, { bytes, offset }) => heard.push(`${id} + ${bytes[offset + 3]}`),
    dropped: (id, { bytes, offset }) => heard.push(`${id} - ${bytes[offset + 3]}`),
    candidates: () => {},
    violation: (id, code) => heard.push(`${id} ${code}`),
  })
  const peer = (last: number) =>
    ({ address: Uint8Array.of(20, 0, 0, last), port: 6881, direction: 'outgoing', transport: 'tcp', isExtended: true }) as const

  test('keeps its minute and its claims, and is told that what it was told by hand has gone', () => {
    const stage = new Stage().ready()
    stage.solo.connect(key(1), 0)
    stage.solo.connect(key(2), 0)
    stage.solo.wake(0)
    expect(stage.next()).toBe('1000: +1,+2')
    stage.solo.handleMessage(encodeMessage({ added: bytesOf(5) }), 1_000)

    const heard: string[] = []
    const swarm = new Swarm<number>({ sink: sinkOf(heard) })
    swarm.handleConnect(1, { ...peer(2), isExtended: false }, 2_000)
    swarm.handlePieces(1, false, 2_000)
    swarm.handleConnect(2, peer(9), 2_000, stage.solo.halves())
    swarm.handlePieces(2, false, 2_000)
    swarm.handleExtendedHandshake(2, handshake, 2_000)
    expect(heard).toEqual(['2 + 5'])
    expect(swarm.stats()).toMatchObject({ claims: 1, messagesReceived: 0 })
    swarm.handleMessage(2, encodeMessage({ dropped: bytesOf(5) }), 3_000)
    expect(heard.slice(1)).toEqual(['2 - 5'])
    expect(swarm.stats().messagesReceived).toBe(1)

    const due = swarm.nextTimeout() as number
    expect(due).toBeGreaterThanOrEqual(63_000)
    swarm.handleTimeout(due)
    expect(heard.at(-1)).toBe('turn 2 open')
    const { added, dropped } = decodeMessage(swarm.takeMessage(2, due) as Uint8Array)
    expect([lastsOf(added), lastsOf(dropped)]).toEqual([[], [1]])
  })

  test('and has said nothing so far', () => {
    const swarm = new Swarm<number>({ sink: sinkOf([]) })
    swarm.handleConnect(2, peer(9), 0, new Stage().solo.halves())
    expect(swarm.stats()).toMatchObject({ connections: 1, claims: 0 })
  })

  test.each([
    ['what the swarm refuses is no claim any more', { accept: (address: string) => !address.endsWith('.5') }, ['2 + 6'], 1],
    ['a private torrent forgets them', { private: true }, [], 0],
    ['while that is unknown they are kept', { private: 'unknown' }, [], 2],
  ] as const)('and its claims: %s', (_title, options, expected, claims) => {
    const stage = new Stage()
    stage.solo.handleMessage(encodeMessage({ added: bytesOf(5, 6) }), 0)
    const heard: string[] = []
    const swarm = new Swarm<number>({ sink: sinkOf(heard), ...options })
    swarm.handleConnect(2, peer(9), 0, stage.solo.halves())
    expect(heard).toEqual(expected)
    expect(swarm.stats().claims).toBe(claims)
    if (!('private' in options) || options.private !== 'unknown') return
    swarm.handlePrivate(false, 1_000)
    expect(heard).toEqual(['2 + 5', '2 + 6'])
  })

  test.each([
    ['of too many claims the oldest give way, silently', {}, { maxClaims: 2 }, ['2 + 7', '2 + 8', '2 + 9', '2 + 10']],
    ['none are kept', {}, { maxClaims: 0 }, []],
    ['more claims are kept', { maxClaims: 3 }, { maxClaims: 5 }, ['2 + 5', '2 + 6', '2 + 7', '2 + 9', '2 + 10']],
  ])('and takes its limits: %s', (_title, before, limits, expected) => {
    const stage = new Stage({ limits: before })
    stage.solo.handleMessage(encodeMessage({ added: bytesOf(5, 6, 7, 8) }), 0)
    const heard: string[] = []
    const swarm = new Swarm<number>({ sink: sinkOf(heard), limits })
    swarm.handleConnect(2, peer(3), 0, stage.solo.halves())
    swarm.handleMessage(2, encodeMessage({ added: bytesOf(9, 10) }), 1_000)
    expect(heard).toEqual(expected)
    expect(swarm.stats().claims).toBe(Math.min(limits.maxClaims, expected.length))
  })

  test.each([
    ['a smaller burst', { burstMessages: 2, messageRefillMs: 1_000 }, [0, 1_000, 1_000, 2_000], [false, true, false, true]],
    ['a greater burst', { burstMessages: 5, messageRefillMs: 30_000 }, [0, 0, 30_000], [true, false, true]],
  ])('and takes its limits: %s, of which nobody owes more than the whole', (_title, limits, times, taken) => {
    const stage = new Stage({ limits: { burstMessages: 4, messageRefillMs: 30_000 } })
    for (let i = 0; i < 4; i++) stage.solo.handleMessage(encodeMessage({ added: bytesOf(5) }), 0)
    const heard: string[] = []
    const swarm = new Swarm<number>({ sink: sinkOf(heard), limits })
    swarm.handleConnect(2, peer(3), 0, stage.solo.halves())
    const results = times.map((time) => {
      heard.length = 0
      swarm.handleMessage(2, encodeMessage({ added: bytesOf(5) }), time)
      return !heard.includes('2 too-frequent')
    })
    expect(results).toEqual(taken)
  })

  test('and takes its limits: a flood of other length is counted anew', () => {
    const burst = { burstMessages: 1, messageRefillMs: 30_000 }
    const stage = new Stage({ limits: { ...burst, floodMessages: 3 } })
    for (let i = 0; i < 3; i++) stage.solo.handleMessage(encodeMessage({}), 0)
    const heard: string[] = []
    const swarm = new Swarm<number>({ sink: sinkOf(heard), limits: { ...burst, floodMessages: 2 } })
    swarm.handleConnect(2, peer(3), 0, stage.solo.halves())
    for (let i = 0; i < 2; i++) swarm.handleMessage(2, encodeMessage({}), 1)
    expect(heard).toEqual(['2 too-frequent', '2 too-frequent', '2 flood'])
  })

  test('and takes its limits: what is in excess now and then is no flood', () => {
    const burst = { burstMessages: 1, messageRefillMs: 60_000, floodWindowMs: 1_000 }
    const stage = new Stage({ limits: { ...burst, floodMessages: 2 } })
    for (let i = 0; i < 2; i++) stage.solo.handleMessage(encodeMessage({}), 0)
    const heard: string[] = []
    const swarm = new Swarm<number>({ sink: sinkOf(heard), limits: { ...burst, floodMessages: 3 } })
    swarm.handleConnect(2, peer(3), 0, stage.solo.halves())
    for (let now = 5_000; now <= 40_000; now += 5_000) swarm.handleMessage(2, encodeMessage({}), now)
    expect(heard).toEqual(new Array(8).fill('2 too-frequent'))
  })

  test('from another swarm, too', () => {
    const heard: string[] = []
    const [first, second] = [new Swarm<number>({ sink: sinkOf(heard) }), new Swarm<number>({ sink: sinkOf(heard) })]
    first.handleConnect(1, { ...peer(1), isExtended: false }, 0)
    first.handlePieces(1, false, 0)
    first.handleConnect(2, peer(9), 0)
    first.handlePieces(2, false, 0)
    first.handleExtendedHandshake(2, handshake, 0)
    first.handleTimeout(1_000)
    expect(lastsOf(decodeMessage(first.takeMessage(2, 1_000) as Uint8Array).added)).toEqual([1])
    const halves = first.handleRelease(2, 2_000)
    expect(first.handleRelease(2, 2_000)).toBeUndefined()
    expect(first.stats()).toMatchObject({ connections: 1, messagesSent: 1 })
    if (halves === undefined) throw new Error('there was a connection')
    second.handleConnect(7, peer(9), 2_000, halves)
    second.handlePieces(7, false, 2_000)
    second.handleExtendedHandshake(7, handshake, 2_000)
    expect(second.stats()).toMatchObject({ connections: 1, messagesSent: 0 })
    const due = second.nextTimeout() as number
    expect(due).toBeGreaterThanOrEqual(63_000)
    second.handleTimeout(due)
    expect(lastsOf(decodeMessage(second.takeMessage(7, due) as Uint8Array).dropped)).toEqual([1])
  })
})
