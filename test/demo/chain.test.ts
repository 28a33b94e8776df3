import { describe, expect, test } from 'vitest'
import { Chain, clientList, missing } from '../../demo/chain.ts'
import { peerIdOf } from '../../demo/messages.ts'

const digest = 'right'
const portOf = (client: number): number => 6880 + client
const addressOf = (client: number): string => `127.0.0.1:${portOf(client)}`
let ephemeral = 40_000

/** A chain whose clients listen, and whose neighbours are connected, as after the first moment. */
function chainOf(count: number): Chain {
  const chain = new Chain(count, digest)
  for (let client = 1; client <= count; client++) chain.handleReport(client, { type: 'listening', port: portOf(client) })
  for (let client = 2; client <= count; client++) connect(chain, client, client - 1)
  return chain
}

/** `caller` dials `called`, which sees an ephemeral port, in the form that a dual-stack server gives. */
function connect(chain: Chain, caller: number, called: number): string {
  const address = `::ffff:127.0.0.1:${ephemeral++}`
  chain.handleReport(caller, { type: 'connected', peerId: peerIdOf(called), address: addressOf(called) })
  chain.handleReport(called, { type: 'connected', peerId: peerIdOf(caller), address })
  return address
}

function tell(chain: Chain, client: number, of: number, from: string | undefined): void {
  chain.handleReport(client, { type: 'told', peer: addressOf(of), source: from })
}

function wayOf(chain: Chain, client: number, other: number) {
  return chain.clients[client - 1]?.ways.get(other)
}

function giveData(chain: Chain): void {
  for (const { number } of chain.clients) chain.handleReport(number, { type: 'data', digest })
}

describe('ways to learn of a client', () => {
  test('the chain is given in one direction and called in the other, whatever PEX says later', () => {
    const chain = chainOf(3)
    tell(chain, 1, 2, addressOf(3))
    tell(chain, 2, 1, addressOf(3))
    expect(wayOf(chain, 2, 1)).toEqual({ how: 'given', round: 0 })
    expect(wayOf(chain, 1, 2)).toEqual({ how: 'called', round: 0 })
    expect(chain.learntByPex).toBe(0)
    expect(chain.pairsToLearn).toBe(2)
  })

  test('the first teller counts, and is recognised by its listen port or by the port of its connection', () => {
    const chain = chainOf(4)
    const fromFour = connect(chain, 4, 2)
    tell(chain, 3, 1, addressOf(2))
    tell(chain, 3, 1, addressOf(4))
    tell(chain, 2, 3, fromFour)
    tell(chain, 1, 4, undefined)
    tell(chain, 1, 3, addressOf(2))
    expect(wayOf(chain, 3, 1)).toMatchObject({ how: 'pex', from: 2 })
    expect(wayOf(chain, 1, 3)).toMatchObject({ how: 'pex', from: 2 })
    expect(wayOf(chain, 1, 4)).toMatchObject({ how: 'pex', from: undefined })
    expect(wayOf(chain, 2, 4)).toMatchObject({ how: 'called' })
    tell(chain, 2, 4, fromFour)
    expect(wayOf(chain, 2, 4)).toMatchObject({ how: 'pex', from: 4 })
  })

  test('who is called first and told later counts as told', () => {
    const chain = chainOf(3)
    tell(chain, 3, 1, addressOf(2))
    connect(chain, 3, 1)
    expect(wayOf(chain, 1, 3)).toEqual({ how: 'called', round: 1 })
    expect(chain.learntByPex).toBe(1)
    tell(chain, 1, 3, addressOf(2))
    expect(wayOf(chain, 1, 3)).toEqual({ how: 'pex', from: 2, round: 1 })
    expect(chain.learntByPex).toBe(2)
  })

  test('an address of nobody, and its own, is not counted', () => {
    const chain = chainOf(3)
    chain.handleReport(1, { type: 'told', peer: '127.0.0.1:1', source: addressOf(2) })
    tell(chain, 1, 1, addressOf(2))
    expect(chain.learntByPex).toBe(0)
  })

  test('the round grows by one with each hop, for teller and told alike', () => {
    const chain = chainOf(5)
    tell(chain, 3, 1, addressOf(2))
    connect(chain, 3, 1)
    tell(chain, 5, 3, addressOf(4))
    connect(chain, 5, 3)
    tell(chain, 5, 1, addressOf(3))
    expect(wayOf(chain, 3, 1)?.round).toBe(1)
    expect(wayOf(chain, 5, 1)?.round).toBe(2)
    tell(chain, 1, 4, addressOf(3))
    expect(wayOf(chain, 1, 4)?.round).toBe(2)
  })

  test('one that was called in round 1 and told in round 3 passes on what it has since round 1', () => {
    const chain = chainOf(5)
    tell(chain, 3, 1, addressOf(2))
    const fromThree = connect(chain, 3, 1)
    tell(chain, 1, 3, fromThree)
    expect(wayOf(chain, 1, 3)?.round).toBe(2)
    tell(chain, 1, 4, fromThree)
    expect(wayOf(chain, 1, 4)?.round).toBe(2)
  })
})

describe('completion', () => {
  test('two clients are complete with one connection and the data', () => {
    const chain = chainOf(2)
    expect(chain.complete).toBe(false)
    expect(chain.allKnown).toBe(true)
    giveData(chain)
    expect(chain.complete).toBe(true)
    expect(missing(chain.clients)).toEqual([])
  })

  test('one lost connection, one wrong byte or one missing download is not complete', () => {
    const lost = chainOf(2)
    giveData(lost)
    lost.handleReport(1, { type: 'disconnected', peerId: peerIdOf(2) })
    expect(lost.complete).toBe(false)
    const wrong = chainOf(2)
    wrong.handleReport(1, { type: 'data', digest })
    wrong.handleReport(2, { type: 'data', digest: 'other' })
    expect([wrong.complete, wrong.failed, wrong.verified]).toEqual([false, true, 1])
    expect(missing(wrong.clients)).toEqual(['client 2 has wrong data: its SHA-256 is another one'])
    const half = chainOf(2)
    half.handleReport(1, { type: 'data', digest })
    half.handleReport(2, { type: 'progress', share: 0.999 })
    expect(missing(half.clients)).toEqual(['client 2 has 99 % of the data'])
  })

  test('of two connections of one pair, one may close', () => {
    const chain = chainOf(2)
    connect(chain, 1, 2)
    chain.handleReport(1, { type: 'disconnected', peerId: peerIdOf(2) })
    expect(chain.known).toBe(2)
    chain.handleReport(1, { type: 'disconnected', peerId: peerIdOf(2) })
    expect(chain.known).toBe(1)
  })

  test('a peer that is no client of the chain does not count', () => {
    const chain = chainOf(2)
    const peerId = Buffer.from('-TR3000-000000000002').toString('hex')
    chain.handleReport(1, { type: 'connected', peerId, address: '127.0.0.1:5' })
    chain.handleReport(1, { type: 'disconnected', peerId })
    expect(chain.known).toBe(2)
  })
})

describe('what is missing', () => {
  test('says who never heard of whom, and who heard but is not connected', () => {
    const chain = chainOf(4)
    giveData(chain)
    tell(chain, 3, 1, addressOf(2))
    expect(missing(chain.clients)).toEqual([
      'client 1 never heard of clients 3 and 4',
      'client 2 never heard of client 4',
      'client 3 heard of client 1, but is not connected',
      'client 4 never heard of clients 1 and 2',
    ])
  })

  test('names failures first, and nothing else before all listen', () => {
    const chain = new Chain(4, digest)
    chain.handleReport(2, { type: 'listening', port: 1 })
    chain.handleReport(3, { type: 'failed', reason: 'no memory' })
    chain.handleReport(3, { type: 'failed', reason: 'its process ended' })
    expect(chain.failed).toBe(true)
    expect(missing(chain.clients)).toEqual(['client 3 failed: no memory', 'not listening yet: clients 1 and 4'])
  })

  test('lists clients in few words', () => {
    expect(clientList([3])).toBe('client 3')
    expect(clientList([3, 4])).toBe('clients 3 and 4')
    expect(clientList([1, 3, 4, 5, 9])).toBe('clients 1, 3-5 and 9')
    expect(clientList([1, 2, 3])).toBe('clients 1-3')
  })
})

test('a view of the clients does not change when the chain does', () => {
  const chain = chainOf(3)
  const before = chain.clients
  tell(chain, 3, 1, addressOf(2))
  connect(chain, 3, 1)
  expect(before[2]?.ways.has(1)).toBe(false)
  expect(before[2]?.connected).toEqual([2])
  expect(chain.clients[2]?.connected).toEqual([1, 2])
})

test('a report of a client that does not exist is the fault of the caller', () => {
  expect(() => new Chain(2, digest).handleReport(3, { type: 'progress', share: 0 })).toThrow(RangeError)
})
