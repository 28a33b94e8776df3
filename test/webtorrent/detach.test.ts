/** That `detach` takes back all that `attach` did to a real WebTorrent client, and so does the end of a torrent. */

import type { EventEmitter } from 'node:events'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { UtPex } from '../../src/extension/ut-pex.ts'
import { attach } from '../../src/webtorrent/index.ts'
import { Network } from './network.ts'
import { connectFrom, type Remote } from './remote.ts'
import { makeTorrent } from './torrents.ts'
import { destroyClients, idsOfUtPex, mockTime, newClient, pass, readyTorrent, turns } from './webtorrent.ts'

const one = makeTorrent('one')
const two = makeTorrent('two')
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

const first = '203.0.113.7:50000'
const second = '203.0.113.8:50000'

/** All listeners of an emitter, by event. */
function listenersOf(emitter: EventEmitter): Record<string, number> {
  return Object.fromEntries(emitter.eventNames().map((name) => [String(name), emitter.listenerCount(name)]))
}

describe('detach', () => {
  it.each([true, false])('leaves no listener, no timer, and `utPex` as it was: %s', async (utPex) => {
    const client = newClient({ utPex })
    const torrents = [await readyTorrent(client, one), await readyTorrent(client, two)]
    const remotes = torrents.flatMap(({ infoHash }) =>
      [first, second].map((address) => connectFrom(address, client, { infoHash, p: 7007 })),
    )
    await pass(20_000)
    const wires = torrents.flatMap((torrent) => torrent.wires)
    const emitters = [client, ...torrents, ...wires]
    const before = { listeners: emitters.map(listenersOf), timers: vi.getTimerCount() }
    const attached = attach(client)
    await turns()
    remotes[0]?.tell(['198.51.100.1:6881'])
    // By then the dead candidate is given up, and WebTorrent has one timer for each wire again.
    await pass(20_000)
    torrents[0]?.pause()
    remotes[0]?.tell(['20.1.2.3:6881'])
    await pass(10)
    expect(vi.getTimerCount()).toBeGreaterThan(before.timers)
    expect(emitters.map(listenersOf)).not.toEqual(before.listeners)
    attached.detach()
    expect(client.utPex).toBe(utPex)
    expect(emitters.map(listenersOf)).toEqual(before.listeners)
    expect(vi.getTimerCount()).toBe(before.timers)
    for (const wire of wires) expect(Object.hasOwn(wire, '_sendExtendedHandshake')).toBe(false)
    for (const torrent of torrents) expect(Object.hasOwn(torrent, '_numQueued')).toBe(false)
    attached.detach()
    expect(client.utPex).toBe(utPex)
  })

  it('lets a dial that is under way go on as one of WebTorrent’s own', async () => {
    const client = newClient()
    const torrent = await readyTorrent(client, one)
    const attached = attach(client)
    const remote = connectFrom(first, client, { infoHash: one.infoHash, p: 7007 })
    await pass(500)
    remote.tell(['198.51.100.1:6881'])
    torrent.addPeer('198.51.100.2:6881')
    await pass(500)
    const [ours, theirs] = ['198.51.100.1:6881', '198.51.100.2:6881'].map(
      (address) => torrent._peers.get(address)?.conn as unknown as EventEmitter,
    )
    expect(listenersOf(ours!)).not.toEqual(listenersOf(theirs!))
    attached.detach()
    expect(listenersOf(ours!)).toEqual(listenersOf(theirs!))
    await pass(10_000)
    expect(network.dialsOf('198.51.100.1:6881').length).toBe(1)
  })

  it('gives later wires WebTorrent’s own extension again, and says no more on those that are open', async () => {
    const client = newClient()
    const torrent = await readyTorrent(client, one)
    const attached = attach(client)
    const remotes = [first, second].map((address, i) => connectFrom(address, client, { infoHash: one.infoHash, p: 7007 + i }))
    await pass(5_000)
    expect(remotes.map(({ messages }) => messages.length)).toEqual([1, 1])
    attached.detach()
    expect(attached.swarm(torrent)).toBeUndefined()
    const late = connectFrom('203.0.113.10:50000', client, { infoHash: one.infoHash, p: 7010 })
    remotes[0]?.tell(['198.51.100.1:6881'])
    await pass(200_000)
    const wire = torrent.wires.find(({ remoteAddress }) => remoteAddress === '203.0.113.10')
    expect(idsOfUtPex(wire).length).toBe(1)
    expect(wire?.ut_pex).toBeDefined()
    expect(wire?.ut_pex).not.toBeInstanceOf(UtPex)
    expect(remotes.map(({ messages }) => messages.length)).toEqual([1, 1])
    const later = await readyTorrent(client, two)
    expect(attached.swarm(later)).toBeUndefined()
    late.tell(['198.51.100.9:6881'])
    await pass(1_000)
    expect(network.dials.map(({ address }) => address)).toEqual(['198.51.100.9:6881'])
  })

  it('and attach anew within a minute let nobody hear from us twice in that minute, and lose no drop', async () => {
    const client = newClient()
    const torrent = await readyTorrent(client, one)
    const [a, b] = [first, second].map((address, i) => connectFrom(address, client, { infoHash: one.infoHash, p: 7007 + i })) as [
      Remote,
      Remote,
    ]
    const attached = attach(client)
    await pass(5_000)
    expect(a.told).toEqual(['203.0.113.8:7008'])
    attached.detach()
    b.hangUp()
    await pass(1_000)
    attach(client)
    expect(torrent.wires.length).toBe(1)
    connectFrom('203.0.113.10:50000', client, { infoHash: one.infoHash, p: 7010 })
    await pass(50_000)
    expect(a.messages.length).toBe(1)
    await pass(20_000)
    expect(a.messages.length).toBe(2)
    expect(a.messages[1]?.dropped.length).toBe(6)
    expect(a.told).toEqual(['203.0.113.8:7008', '203.0.113.10:7010'])
  })

  it('and attach anew take up what is open', async () => {
    const client = newClient()
    const torrent = await readyTorrent(client, one)
    const remote = connectFrom(first, client, { infoHash: one.infoHash, p: 7007 })
    attach(client).detach()
    await pass(1_000)
    attach(client).detach()
    const swarm = attach(client).swarm(torrent)!
    const late = connectFrom(second, client, { infoHash: one.infoHash, p: 7008 })
    await pass(70_000)
    expect(torrent.wires.map(idsOfUtPex).map((ids) => ids.length)).toEqual([1, 1])
    expect(swarm.stats().connections).toBe(2)
    expect(remote.told).toEqual(['203.0.113.8:7008'])
    expect(late.told).toEqual(['203.0.113.7:7007'])
  })
})

describe('a torrent that is destroyed', () => {
  it('in the middle of everything leaves nothing behind, and the others go on', async () => {
    const client = newClient()
    const attached = attach(client)
    const other = await readyTorrent(client, two)
    const before = vi.getTimerCount()
    const torrent = await readyTorrent(client, one)
    const swarm = attached.swarm(torrent)!
    const remotes = [first, second].map((address) => connectFrom(address, client, { infoHash: one.infoHash, p: 7007 }))
    await pass(500)
    remotes[0]?.tell(['198.51.100.1:6881', '198.51.100.2:6881'])
    await pass(200)
    expect(network.unconnectedCount).toBe(2)
    torrent.destroy()
    await pass(200)
    expect(attached.swarm(torrent)).toBeUndefined()
    expect(swarm.stats().connections).toBe(0)
    expect(torrent.listenerCount('done')).toBe(0)
    expect(network.unconnectedCount).toBe(0)
    expect(vi.getTimerCount()).toBe(before)
    await pass(60_000)
    expect(network.dials.length).toBe(2)
    const remote = connectFrom(first, client, { infoHash: two.infoHash })
    await pass(200)
    expect(remote.handshake?.m.ut_pex).toBeGreaterThan(0)
    expect(attached.swarm(other)?.stats().connections).toBe(1)
  })

  it('by its client, or by a listener for its wires, harms nobody', async () => {
    const client = newClient()
    const attached = attach(client)
    const torrent = await readyTorrent(client, one)
    attached.detach()
    torrent.on('wire', () => torrent.destroy())
    const again = attach(client)
    connectFrom(first, client, { infoHash: one.infoHash, p: 7007 })
    await pass(2_000)
    expect(again.swarm(torrent)).toBeUndefined()
    await readyTorrent(client, two)
    connectFrom(first, client, { infoHash: two.infoHash, p: 7007 })
    await pass(2_000)
    await destroyClients()
    expect(vi.getTimerCount()).toBe(0)
    again.detach()
  })

  it('by a listener for the peers that we dial harms nobody', async () => {
    const client = newClient()
    const torrent = await readyTorrent(client, one)
    const swarm = attach(client).swarm(torrent)!
    const warned = vi.fn()
    swarm.on('warning', warned)
    torrent.on('peer', () => torrent.destroy())
    const remote = connectFrom(first, client, { infoHash: one.infoHash })
    await pass(500)
    remote.tell(['198.51.100.1:6881', '203.0.113.2:6881'])
    await pass(10_000)
    expect(torrent.destroyed).toBe(true)
    expect(warned).not.toHaveBeenCalled()
  })

  it('has no swarm when it is attached afterwards', async () => {
    const client = newClient()
    const torrent = await readyTorrent(client, one)
    torrent.destroy()
    await turns()
    const listeners = listenersOf(torrent)
    expect(attach(torrent).swarm(torrent)).toBeUndefined()
    expect(listenersOf(torrent)).toEqual(listeners)
  })
})
