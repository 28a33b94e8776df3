/** What peers are told of one another by an attached WebTorrent client: the clauses that must hold there, too. */
import { EventEmitter } from 'node:events'
import { afterEach, beforeEach, describe, expect, it, test, vi } from 'vitest'
import type { Privacy } from '../../src/core/swarm.ts'
import { utPex } from '../../src/extension/ut-pex.ts'
import type { Wire } from '../../src/extension/wire.ts'
import { attach } from '../../src/webtorrent/index.ts'
import { Network } from './network.ts'
import { connectFrom, type Remote } from './remote.ts'
import { makeTorrent } from './torrents.ts'
import { destroyClients, mockTime, newClient, pass, readyTorrent, type TestClient, type TestTorrent, turns } from './webtorrent.ts'

const { infoHash, ...data } = { ...makeTorrent('peers') }
let network: Network
let client: TestClient
let torrent: TestTorrent

beforeEach(async () => {
  mockTime()
  network = new Network()
  network.install()
  client = newClient({ maxConns: 100 })
  attach(client)
  torrent = await readyTorrent(client, { infoHash, ...data })
})
afterEach(async () => {
  await destroyClients()
  vi.restoreAllMocks()
  vi.useRealTimers()
})

const from = (address: string, p?: number): Remote => connectFrom(address, client, { infoHash, p })
const minute = 66_000

describe('a peer of an attached client', () => {
  it('that is connected twice is one contact, and is dropped with its last connection (N16, N19)', async () => {
    const listener = from('203.0.113.1:50000', 7_001)
    const first = from('203.0.113.2:50000', 7_002)
    const second = from('203.0.113.2:50001', 7_002)
    await pass(4_000)
    expect(torrent.wires.length).toBe(3)
    expect(listener.told).toEqual(['203.0.113.2:7002'])
    first.hangUp()
    await pass(2 * minute)
    expect(listener.messages.length).toBe(1)
    second.hangUp()
    await pass(2 * minute)
    expect(listener.holds).toEqual([])
    expect(listener.messages.length).toBe(2)
  })

  it('that gives another `p` is dropped under the old one and added under the new one (N14, N15)', async () => {
    const listener = from('203.0.113.1:50000', 7_001)
    const mover = from('203.0.113.2:50000', 7_002)
    await pass(4_000)
    expect(listener.holds).toEqual(['203.0.113.2:7002'])
    mover.sayPort(7_003)
    await pass(2 * minute)
    expect(listener.holds).toEqual(['203.0.113.2:7003'])
    mover.sayPort(0)
    await pass(2 * minute)
    expect(listener.messages.length).toBe(2)
  })

  it('that a dual-stack server shows as ::ffff:1.2.3.4 is told as IPv4, and IPv6 in its own list (N3)', async () => {
    const listener = from('203.0.113.1:50000', 7_001)
    from('::ffff:203.0.113.2:50000', 7_002)
    from('2001:db8::3:50000', 7_003)
    await pass(4_000)
    expect(listener.holds).toEqual(['203.0.113.2:7002', '[2001:db8::3]:7003'])
    expect(listener.told).toEqual(['203.0.113.2:7002'])
  })

  it('hears of fifty at a time, of those first that have been connected longest (N22)', async () => {
    const names: string[] = []
    for (let count = 0; count < 70; count++) {
      names.push(`198.18.${count}.1:7000`.replace('198.18', '11.0'))
      from(names[count]!.replace(':7000', ':50000'), 7_000)
      await turns()
    }
    await pass(4_000)
    const newcomer = from('203.0.113.1:50000', 7_001)
    await pass(2_000)
    expect(newcomer.told).toEqual(names.slice(0, 50))
    await pass(minute)
    expect(newcomer.told).toEqual(names)
  })
})

/** A peer that is connected, has no extensions, and does nothing: of real ones so many take minutes. */
function standIn(remoteAddress: string): EventEmitter {
  const facts = { type: 'tcpOutgoing', remoteAddress, remotePort: 7_000, peerId: 'x', extended() {}, destroy() {} }
  const wire = Object.assign(new EventEmitter(), facts)
  const Extension = utPex({ swarm: attach(client).swarm(torrent) })
  new Extension(wire as Wire)
  return wire
}

it('a peer of an attached client holds 500 of ours at the most; when some leave it is told of others', async () => {
  const addresses = Array.from({ length: 510 }, (_, count) => `11.0.${count >> 8}.${count & 0xff}`)
  const crowd = new Map(addresses.map((address) => [`${address}:7000`, standIn(address)]))
  const listener = from('203.0.113.1:50000', 7_001)
  await pass(12 * minute)
  const before = listener.holds
  expect(before.length).toBe(500)
  for (const peer of before.slice(0, 5)) crowd.get(peer)?.emit('close')
  await pass(3 * minute)
  expect(listener.holds.length).toBe(500)
  expect(listener.holds.filter((peer) => !before.includes(peer)).length).toBe(5)
})

/** Makes the torrent one of which this is known, as its metadata would. */
function become(privacy: Privacy): void {
  Object.defineProperty(torrent, 'private', { value: privacy === 'unknown' ? undefined : privacy, configurable: true })
  Object.defineProperty(torrent, 'info', { value: privacy === 'unknown' ? undefined : {}, configurable: true })
  torrent.emit('metadata')
}

describe('of a torrent that was', () => {
  const ways: readonly (readonly [Privacy, Privacy])[] = [
    [false, true],
    [false, 'unknown'],
    ['unknown', false],
    ['unknown', true],
    [true, false],
    [true, 'unknown'],
  ]
  test.each(ways)(
    '%s and becomes %s, nothing is sent or dialled while it is not public, and what is kept comes out when it is (N30)',
    async (before, after) => {
      const heldBack = '11.0.1.1:6881'
      const later = '11.0.2.1:6881'
      const [one, two] = [from('203.0.113.1:50000', 7_001), from('203.0.113.2:50000', 7_002)]
      await pass(10)
      const id = one.handshake?.m.ut_pex ?? 0
      become(before)
      await turns()
      one.tellAt(id, [heldBack])
      await pass(4_000)
      const toldBefore = before === false ? ['203.0.113.1:7001'] : []
      const dialledBefore = before === false ? [heldBack] : []
      expect([two.holds, network.dials.map(({ address }) => address)]).toEqual([toldBefore, dialledBefore])

      become(after)
      await turns()
      const count = two.messages.length
      one.tellAt(id, [later])
      from('203.0.113.3:50000', 7_003)
      await pass(3 * minute)
      const dials = network.dials.map(({ address }) => address)
      if (after !== false) expect([two.messages.length, dials]).toEqual([count, dialledBefore])
      // What came while nobody knew was not lost; what came while it was private was never taken.
      else
        expect([two.holds.toSorted(), dials.toSorted()]).toEqual([
          ['203.0.113.1:7001', '203.0.113.3:7003'],
          before === 'unknown' ? [heldBack, later] : [later],
        ])

      become(false)
      await pass(3 * minute)
      // A wire that opened while the torrent was private is one like the others now.
      expect(two.holds.toSorted()).toEqual(['203.0.113.1:7001', '203.0.113.3:7003'])
      const isKept = after === 'unknown'
      const expected = after === false ? dials : [...dialledBefore, ...(isKept ? [later] : [])]
      expect(network.dials.map(({ address }) => address).toSorted()).toEqual(expected.toSorted())
    },
  )
})
