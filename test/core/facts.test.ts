/** What a host says of itself and of others, as far as it shows in a single fact: predicates, flags, and what it can ask for. */
import { describe, expect, test } from 'vitest'
import type { ExtendedHandshake } from '../../src/codec/handshake.ts'
import { decodeMessage, encodeMessage } from '../../src/codec/index.ts'
import type { SharedContact } from '../../src/core/contacts.ts'
import { Solo } from '../../src/core/solo.ts'
import { Swarm, type SwarmOptions } from '../../src/core/swarm.ts'
import { nothingSaid } from '../nothing-said.ts'

const peer = (first: number, last: number) =>
  ({ address: Uint8Array.of(first, 0, 2, last), port: 6881, direction: 'outgoing', transport: 'tcp', isExtended: true }) as const

class Stage {
  readonly out: string[] = []
  readonly swarm: Swarm<number>

  constructor(options: Partial<SwarmOptions<number>> = {}) {
    this.swarm = new Swarm<number>({
      sink: {
        turn: () => {},
        added: (id, { bytes, offset }) => this.out.push(`${id} + ${bytes[offset]}`),
        dropped: () => {},
        candidates: () => {},
        violation: (_id, code, count) => this.out.push(`${code} ${count}`),
      },
      ...options,
    })
  }

  connect(id: number, first = 20, handshake: Partial<ExtendedHandshake> = {}): this {
    this.swarm.handleConnect(id, peer(first, id), 0)
    this.swarm.handlePieces(id, false, 0)
    this.swarm.handleExtendedHandshake(id, { ...nothingSaid, utPex: 1, ...handshake }, 0)
    return this
  }

  /** The flags with which this one is told of others. */
  flagsTold(id: number, now = 1_000): number[] {
    this.swarm.handleTimeout(now)
    const message = this.swarm.takeMessage(id, now)
    return message === undefined ? [] : [...decodeMessage(message).addedFlags]
  }
}

describe('a host', () => {
  test('that cannot say whether a contact may be shared has it not shared', () => {
    const stage = new Stage({
      share() {
        throw new Error('of the host')
      },
    })
    expect(stage.connect(1).connect(2).flagsTold(1)).toEqual([])
    expect(stage.swarm.stats().contacts).toBe(0)
  })

  test.each([
    [
      'throws',
      () => {
        throw new Error('of the host')
      },
    ],
    ['answers with something else than true', () => 1 as unknown as boolean],
  ])('whose accept %s has the contact refused', (_title, accept) => {
    const stage = new Stage({ accept }).connect(1)
    stage.swarm.handleMessage(1, encodeMessage({ added: Uint8Array.of(30, 0, 0, 1, 0x1a, 0xe1) }), 0)
    expect(stage.out).toEqual(['refused-contact 1'])
  })

  test('is asked once for each contact, with its address, port and flags, and not again for what it knows', () => {
    const asked: SharedContact[] = []
    const stage = new Stage({ share: (contact) => asked.push(contact) > 0 })
    stage.connect(1).connect(2, 20, { encryption: true })
    const ipv6 = Uint8Array.of(0x2a, ...Array<number>(14).fill(0), 3)
    const facts = { address: ipv6, port: 50_000, direction: 'incoming', transport: 'utp', isExtended: true } as const
    stage.swarm.handleConnect(3, facts, 0)
    stage.swarm.handlePieces(3, false, 0)
    for (const port of [2, 2]) stage.swarm.handleExtendedHandshake(3, { ...nothingSaid, port }, 0)
    expect(asked).toEqual([
      { address: '20.0.2.1', port: 6881, flags: 0x10 },
      { address: '20.0.2.2', port: 6881, flags: 0x11 },
      { address: '2a00::3', port: 2, flags: 0x04 },
    ])
  })

  test.each([
    [true, [0x10]],
    [false, []],
  ])('that takes addresses of the documentation nets tells of them, and else not: %s', (documentationNets, flags) => {
    const stage = new Stage({ limits: { documentationNets } })
    expect(stage.connect(1, 192).connect(2, 192).flagsTold(1)).toEqual(flags)
    expect(stage.connect(3).connect(4).flagsTold(3, 5_000)).toContain(0x10)
  })

  test('that shares one of two connections to a peer has neither told of the peer', () => {
    let isShared = true
    const stage = new Stage({ share: () => isShared }).connect(1)
    isShared = false
    const again = { ...peer(20, 1), transport: 'utp' } as const
    stage.swarm.handleConnect(9, again, 0)
    stage.swarm.handlePieces(9, false, 0)
    stage.swarm.handleExtendedHandshake(9, { ...nothingSaid, utPex: 1 }, 0)
    isShared = true
    stage.connect(2)
    for (const id of [1, 9]) expect(stage.flagsTold(id)).toEqual([0x10])
    expect(stage.flagsTold(2)).toEqual([0x10])
  })

  test('that does not know the address of a peer has nobody told of it, whatever port it names', () => {
    const stage = new Stage().connect(1)
    stage.swarm.handleConnect(2, { ...peer(20, 2), address: undefined, port: undefined, direction: 'incoming' }, 0)
    stage.swarm.handlePieces(2, false, 0)
    stage.swarm.handleExtendedHandshake(2, { ...nothingSaid, utPex: 1, port: 6881 }, 0)
    expect([stage.flagsTold(1), stage.swarm.stats().contacts]).toEqual([[], 1])
    expect(stage.flagsTold(2)).toEqual([0x10])
  })

  test('that has two peers who are to be told the same has the message written once', () => {
    const stage = new Stage().connect(1).connect(2)
    for (const id of [1, 2]) stage.flagsTold(id)
    stage.connect(3)
    stage.swarm.handleTimeout(70_000)
    const [first, second] = [1, 2].map((id) => stage.swarm.takeMessage(id, 70_000)!)
    expect(first).toBeDefined()
    expect(second).toBe(first)
  })

  test('that has a seed in the internet and another peer at home does not tell both the same', () => {
    const stage = new Stage()
    const facts = { ...peer(20, 1), address: Uint8Array.of(169, 254, 0, 1) }
    stage.connect(1)
    stage.swarm.handleConnect(2, facts, 0)
    stage.swarm.handlePieces(2, false, 0)
    stage.swarm.handleConnect(3, peer(20, 3), 0)
    stage.swarm.handlePieces(3, true, 0)
    for (const id of [2, 3]) stage.swarm.handleExtendedHandshake(id, { ...nothingSaid, utPex: 1 }, 0)
    for (const id of [2, 3]) stage.flagsTold(id)
    stage.swarm.handleConnect(4, { ...peer(20, 4), isExtended: false }, 2_000)
    stage.swarm.handlePieces(4, true, 2_000)
    stage.connect(5)
    expect([stage.flagsTold(2, 70_000), stage.flagsTold(3, 70_000)]).toEqual([[0x12, 0x10], [0x10]])
  })

  test('can ask whether it has said that it seeds', () => {
    const { swarm } = new Stage()
    expect(swarm.seeding).toBe(false)
    swarm.handleSeeding(true, 0)
    expect(swarm.seeding).toBe(true)
    swarm.handleSeeding(false, 0)
    expect(swarm.seeding).toBe(false)
  })

  test('that takes a message sooner than its time gets none, and loses none', () => {
    const stage = new Stage().connect(1).connect(2)
    expect(stage.flagsTold(1)).toEqual([0x10])
    stage.connect(3)
    const due = 65_000
    stage.swarm.handleTimeout(due)
    expect(stage.swarm.takeMessage(1, 30_000)).toBeUndefined()
    const again = stage.swarm.nextTimeout() as number
    expect(again).toBeGreaterThanOrEqual(63_000)
    expect(stage.flagsTold(1, 140_000)).toEqual([0x10])
  })

  test.each([
    ['with', undefined, ['1 + 203'], 1],
    ['without', { documentationNets: false }, [], 0],
  ] as const)(
    '%s documentation nets takes over the claims of a wire that was fed by hand accordingly',
    (_title, limits, expected, claims) => {
      const sink = { turn() {}, added() {}, dropped() {}, candidates() {}, violation() {} }
      const solo = new Solo('id', { sink, seed: 1 })
      solo.handleMessage(encodeMessage({ added: Uint8Array.of(203, 0, 113, 1, 0x1a, 0xe1) }), 0)
      const stage = new Stage(limits === undefined ? {} : { limits })
      stage.swarm.handleConnect(1, peer(20, 1), 0, solo.halves())
      expect(stage.out).toEqual(expected)
      expect(stage.swarm.stats().claims).toBe(claims)
    },
  )

  test('that feeds a wire by hand, and never sends, keeps a bounded number of departures', () => {
    const sink = { turn() {}, added() {}, dropped() {}, candidates() {}, violation() {} }
    const solo = new Solo('id', { sink, seed: 1, limits: { maxDepartures: 4, maxContacts: 2, sendIntervalMs: 62_000 } })
    solo.handleRemoteId(1, 0)
    solo.start(0)
    const key = (port: number): number => 0x14000001 * 0x1_0000 + port
    for (let port = 10; port < 20; port++) solo.connect(key(port), 0)
    solo.wake(0)
    const told = new Set<number>()
    const take = (): void => {
      const now = solo.nextTimeout()
      if (now === undefined) return
      solo.handleTimeout(now)
      const message = decodeMessage(solo.takeMessage(now) ?? encodeMessage({}))
      const ports = (list: Uint8Array): number[] => Array.from({ length: list.length / 6 }, (_, index) => list[index * 6 + 5] as number)
      for (const port of ports(message.dropped)) told.delete(port)
      for (const port of ports(message.added)) told.add(port)
    }
    for (let turn = 0; turn < 5; turn++) take()
    expect([...told].sort((a, b) => a - b)).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19])
    for (let port = 10; port < 20; port++) solo.disconnect(key(port))
    solo.wake(500_000)
    for (let turn = 0; turn < 8; turn++) take()
    expect([...told]).toEqual([])
  })
})

describe('a contact is told with what it has said of itself:', () => {
  test.each([
    ['nothing', {}, 0x10],
    ['ut_holepunch', { utHolepunch: 3 }, 0x18],
    ['ut_holepunch 0', { utHolepunch: 0 }, 0x10],
    ['encryption', { encryption: true }, 0x11],
    ['no encryption', { encryption: false }, 0x10],
    ['only uploads', { uploadOnly: true }, 0x12],
    ['all of it', { utHolepunch: 1, encryption: true, uploadOnly: true }, 0x1b],
  ])('%s', (_title, said, flags) => {
    expect(new Stage().connect(1).connect(2, 20, said).flagsTold(1)).toEqual([flags])
  })

  test('a further handshake that does not speak of it changes nothing, one that does changes it', () => {
    const stage = new Stage().connect(1).connect(2, 20, { utHolepunch: 1, encryption: true, uploadOnly: true })
    stage.swarm.handleExtendedHandshake(2, nothingSaid, 0)
    expect(stage.flagsTold(1)).toEqual([0x1b])
    stage.swarm.handleExtendedHandshake(2, { ...nothingSaid, utHolepunch: 0, encryption: false, uploadOnly: false }, 2_000)
    stage.connect(3)
    expect(stage.flagsTold(3, 5_000)).toEqual([0x10, 0x10])
  })
})
