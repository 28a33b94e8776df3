/**
 * Whom WebTorrent dials for us, and what that costs it: the real WebTorrent, whose own rule gives up a wire
 * that has choked it for 5 s as soon as other peers wait.
 */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { attach } from '../../src/webtorrent/index.ts'
import { Network } from './network.ts'
import { connectFrom, listenAt, type Remote } from './remote.ts'
import { makeTorrent } from './torrents.ts'
import { destroyClients, mockTime, newClient, pass, readyTorrent, type TestClient, type TestTorrent } from './webtorrent.ts'

const tenMinutes = 10 * 60_000
const data = makeTorrent('dialling')
/** Hosts that are switched off: no two in one network, so no quota of ours holds them back. */
const dead = Array.from({ length: 50 }, (_, i) => `${20 + i}.1.2.3:6881`)
let network: Network

beforeEach(() => {
  mockTime()
  network = new Network()
  network.install()
})
afterEach(async () => {
  await destroyClients()
  vi.restoreAllMocks()
  vi.useRealTimers()
})

/** Peers that connect to the client, have everything, and never unchoke it. */
async function chokers(client: TestClient, count: number): Promise<Remote[]> {
  const remotes = Array.from({ length: count }, (_, i) => {
    return connectFrom(`${100 + i}.9.8.7:50000`, client, { infoHash: data.infoHash, p: 7000 + i, pieces: 'all' })
  })
  await pass(250)
  return remotes
}

function lostWires(torrent: TestTorrent, remotes: readonly Remote[]): number {
  const open = remotes.filter(({ isClosed }) => !isClosed).length
  expect(torrent.wires.length).toBe(open)
  return remotes.length - open
}

describe('wires that choke us', () => {
  it('are lost with WebTorrent alone, when one of them tells of 50 dead peers', async () => {
    const client = newClient()
    const torrent = await readyTorrent(client, data)
    const remotes = await chokers(client, 20)
    remotes[0]?.tell(dead)
    await pass(60_000)
    expect(lostWires(torrent, remotes)).toBe(20)
  })

  it('are all kept for ten minutes with ours, which dials all of the 50, four at a time, each once', async () => {
    const client = newClient()
    const torrent = await readyTorrent(client, data)
    const swarm = attach(client).swarm(torrent)!
    const report = vi.spyOn(swarm, 'report')
    const remotes = await chokers(client, 20)
    expect(torrent.wires.every((wire) => wire.amInterested)).toBe(true)
    remotes[0]?.tell(dead)
    await pass(tenMinutes, () => {
      expect(torrent._numQueued).toBeLessThanOrEqual(0)
    })
    expect(lostWires(torrent, remotes)).toBe(0)
    expect(network.dials.map(({ address }) => address).toSorted()).toEqual(dead.toSorted())
    expect(network.unconnectedPeak).toBe(4)
    expect(report.mock.calls.map(String).toSorted()).toEqual(dead.map((address) => `${address},failed`).toSorted())
  })
})

describe('candidates', () => {
  it('are dialled only into slots that are free, and more of them when a slot becomes free', async () => {
    const client = newClient({ maxConns: 5 })
    const torrent = await readyTorrent(client, data)
    attach(client)
    const remotes = await chokers(client, 3)
    remotes[0]?.tell(dead.slice(0, 20))
    await pass(1_000)
    expect(network.unconnectedCount).toBe(2)
    remotes[1]?.hangUp()
    await pass(500)
    expect(network.unconnectedCount).toBe(3)
    expect(torrent.wires.length).toBe(2)
    remotes[2]?.hangUp()
    await pass(500)
    expect(network.unconnectedCount).toBe(4)
    expect(network.dials.length).toBe(4)
  })

  it('are dialled when slots become free by peers that were never wires', async () => {
    const client = newClient({ maxConns: 3 })
    const torrent = await readyTorrent(client, data)
    attach(client)
    const remote = connectFrom('100.9.8.7:50000', client, { infoHash: data.infoHash })
    torrent.addPeer('198.51.100.1:1')
    torrent.addPeer('198.51.100.2:1')
    await pass(250)
    remote.tell(['5.6.7.8:6881'])
    await pass(1_000)
    expect(network.dialsOf('5.6.7.8:6881').length).toBe(0)
    // WebTorrent gives up its own after 5 s, and tries each again 1 s later.
    await pass(30_000)
    expect(network.dialsOf('5.6.7.8:6881').length).toBe(1)
    expect(torrent.wires.length).toBe(1)
  })

  it('wait while the torrent is paused, and are dialled after it goes on', async () => {
    const client = newClient()
    const torrent = await readyTorrent(client, data)
    attach(client)
    const remotes = await chokers(client, 1)
    torrent.pause()
    remotes[0]?.tell(dead.slice(0, 3))
    await pass(10_000)
    expect(network.dials.length).toBe(0)
    torrent.resume()
    await pass(10_000)
    expect(network.dials.length).toBe(3)
  })

  it('are not dialled by a seed that wants no outgoing connections', async () => {
    const client = newClient({ seedOutgoingConnections: false })
    const torrent = await readyTorrent(client, data, 'full')
    expect(torrent.done).toBe(true)
    const swarm = attach(client).swarm(torrent)!
    const remote = connectFrom('100.9.8.7:50000', client, { infoHash: data.infoHash })
    await pass(1_000)
    remote.tell(dead.slice(0, 3))
    await pass(60_000)
    expect(swarm.stats().known).toBe(3)
    expect(network.dials.length).toBe(0)
    client.seedOutgoingConnections = true
    await pass(10_000)
    expect(network.dials.length).toBe(3)
  })

  it('that refuse are dialled once, and those that accept and say nothing, too', async () => {
    const client = newClient()
    const torrent = await readyTorrent(client, data)
    const swarm = attach(client).swarm(torrent)!
    const report = vi.spyOn(swarm, 'report')
    const remotes = await chokers(client, 1)
    network.host('20.1.2.3:6881', 'refuses')
    network.host('21.1.2.3:6881', () => {})
    network.host('22.1.2.3:6881', (socket) => socket.destroy())
    remotes[0]?.tell(['20.1.2.3:6881', '21.1.2.3:6881', '22.1.2.3:6881'])
    await pass(120_000)
    expect(network.dials.length).toBe(3)
    expect(report.mock.calls.map(String).toSorted()).toEqual(['20.1.2.3:6881,failed', '21.1.2.3:6881,failed', '22.1.2.3:6881,failed'])
    expect(torrent.wires.length).toBe(1)
  })

  it('that answer become wires of the swarm, and leave room for the next four', async () => {
    const client = newClient()
    const torrent = await readyTorrent(client, data)
    const swarm = attach(client).swarm(torrent)!
    const remotes = await chokers(client, 1)
    const alive = [...dead.slice(0, 11), '[2001:db8::7]:6881']
    const found = alive.map((address) => listenAt(address, network, { infoHash: data.infoHash }))
    remotes[0]?.tell(alive)
    await pass(5_000)
    expect(found.map((list) => list.length)).toEqual(alive.map(() => 1))
    expect(swarm.stats()).toMatchObject({ connections: 13, candidates: 0 })
    expect(network.unconnectedPeak).toBeLessThanOrEqual(4)
    expect(torrent._numQueued).toBe(0)
  })

  it('that hang up after a while are dialled again by WebTorrent at no cost to wires that choke us', async () => {
    const client = newClient()
    const torrent = await readyTorrent(client, data)
    attach(client)
    const remotes = await chokers(client, 20)
    const found = listenAt('5.6.7.8:6881', network, { infoHash: data.infoHash, pieces: 'all' })
    remotes[0]?.tell(['5.6.7.8:6881'])
    await pass(30_000)
    network.kill('5.6.7.8:6881')
    found[0]?.hangUp()
    await pass(120_000)
    expect(network.dialsOf('5.6.7.8:6881').length).toBe(4)
    expect(lostWires(torrent, remotes)).toBe(0)
  })

  it('that were dialled by uTP are dialled once more by TCP, and then no more', async () => {
    const client = newClient()
    const torrent = await readyTorrent(client, data)
    const swarm = attach(client).swarm(torrent)!
    const report = vi.spyOn(swarm, 'report')
    const remotes = await chokers(client, 20)
    client.utp = true
    client._connPool.utpServer = network.utpServer()
    network.host('20.1.2.3:6881', 'refuses')
    const found = listenAt('21.1.2.3:6881', network, { infoHash: data.infoHash, pieces: 'all' })
    // One after the other, so that no two time out at the very same moment.
    for (const address of dead.slice(0, 6)) {
      remotes[0]?.tell([address])
      await pass(700)
    }
    await pass(120_000)
    for (const address of dead.slice(0, 6)) {
      expect(network.dialsOf(address).map(({ transport }) => transport)).toEqual(['utp', 'tcp'])
    }
    expect(found.length).toBe(1)
    expect(lostWires(torrent, [...remotes, ...found])).toBe(0)
    expect(new Set(report.mock.calls.map(String)).size).toBe(5)
    expect(network.unconnectedPeak).toBe(4)
    client._connPool.utpServer = null
  })

  it('whose slot goes to another before they are dialled by TCP are given up, and wait in no queue', async () => {
    const client = newClient({ maxConns: 2 })
    const torrent = await readyTorrent(client, data)
    const report = vi.spyOn(attach(client).swarm(torrent)!, 'report')
    const remote = connectFrom('100.9.8.7:50000', client, { infoHash: data.infoHash })
    await pass(250)
    client.utp = true
    client._connPool.utpServer = network.utpServer()
    remote.tell(['20.1.2.3:6881'])
    await pass(250)
    torrent.addPeer('198.51.100.1:1')
    await pass(120_000)
    expect(network.dialsOf('20.1.2.3:6881').map(({ transport }) => transport)).toEqual(['utp'])
    expect(report.mock.calls).toEqual([['20.1.2.3:6881', 'failed']])
    expect(torrent._peers.has('20.1.2.3:6881')).toBe(false)
    client._connPool.utpServer = null
  })

  it('are never more than four unconnected, whoever queued before them', async () => {
    const client = newClient({ maxConns: 4 })
    const torrent = await readyTorrent(client, data)
    attach(client)
    const remotes = await chokers(client, 1)
    for (let i = 0; i < 6; i++) torrent.addPeer(`198.51.100.${i + 1}:1`)
    remotes[0]?.tell(dead)
    await pass(60_000)
    client.maxConns = 55
    const before = network.dials.length
    await pass(tenMinutes)
    expect(network.dials.length).toBeGreaterThan(before)
    for (const address of dead) expect(network.dialsOf(address).length, address).toBe(1)
  })
})
