/** What `attach` does to a real WebTorrent client. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { UtPex } from '../../src/extension/ut-pex.ts'
import { attach } from '../../src/webtorrent/index.ts'
import { Network, Socket } from './network.ts'
import { connectFrom, listenAt, Remote } from './remote.ts'
import { makeTorrent } from './torrents.ts'
import { addTorrent, destroyClients, idsOfUtPex, mockTime, newClient, pass, readyTorrent, turns } from './webtorrent.ts'

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

describe('attach to a client', () => {
  it('puts one extension, and a listen port, on every wire of torrents that were there and of later ones', async () => {
    const client = newClient()
    const before = await readyTorrent(client, one)
    const attached = attach(client)
    expect(client.utPex).toBe(false)
    const after = await readyTorrent(client, two)
    for (const torrent of [before, after]) {
      const caller = connectFrom(first, client, { infoHash: torrent.infoHash, p: 7007 })
      const called = listenAt('203.0.113.9:7009', network, { infoHash: torrent.infoHash })
      torrent.addPeer('203.0.113.9:7009')
      await pass(500)
      for (const remote of [caller, called[0]]) {
        expect(remote?.handshakes).toMatchObject([
          { m: { ut_pex: expect.any(Number), ut_metadata: expect.any(Number) }, p: client.torrentPort },
        ])
      }
      for (const wire of torrent.wires) {
        expect(wire.ut_pex).toBeInstanceOf(UtPex)
        expect(idsOfUtPex(wire).length).toBe(1)
      }
      expect(attached.swarm(torrent)?.stats().connections).toBe(2)
      await pass(2_000)
      expect(caller.told).toEqual(['203.0.113.9:7009'])
      expect(called[0]?.told).toEqual(['203.0.113.7:7007'])
    }
  })

  it('replaces the extension of open wires: same id, all of `m` and `p` again, and what the remote said before is known', async () => {
    const client = newClient()
    const torrent = await readyTorrent(client, one)
    const remotes = [first, second].map((address, i) => connectFrom(address, client, { infoHash: one.infoHash, p: 7007 + i }))
    await pass(1_000)
    const before = torrent.wires.map((wire) => ({ wire, ids: idsOfUtPex(wire), old: wire.ut_pex! }))
    const resets = before.map(({ old }) => vi.spyOn(old as { reset(): void }, 'reset'))
    const swarm = attach(client).swarm(torrent)!
    const heard = vi.fn()
    swarm.on('peer', heard)
    await turns()
    for (const { wire, ids, old } of before) {
      expect(ids.length).toBe(1)
      expect(idsOfUtPex(wire)).toEqual(ids)
      expect(wire.ut_pex).toBeInstanceOf(UtPex)
      expect(wire._ext.ut_pex).toBe(wire.ut_pex)
      expect(wire.ut_pex).not.toBe(old)
    }
    for (const reset of resets) expect(reset).toHaveBeenCalledOnce()
    for (const { handshakes } of remotes) {
      expect(handshakes.length).toBe(2)
      expect(handshakes[0]?.p).toBeUndefined()
      expect(handshakes[1]).toMatchObject({ m: handshakes[0]!.m, p: client.torrentPort })
    }
    await pass(3_500)
    expect(remotes.map(({ told }) => told)).toEqual([['203.0.113.8:7008'], ['203.0.113.7:7007']])
    remotes[0]!.tell(['198.51.100.1:6881'])
    await turns()
    expect(heard.mock.calls).toEqual([['198.51.100.1:6881', expect.anything(), '203.0.113.7:7007']])
  })

  it('puts the extension on open wires that have none', async () => {
    const client = newClient({ utPex: false })
    const torrent = await readyTorrent(client, one)
    const remote = connectFrom(first, client, { infoHash: one.infoHash, p: 7007 })
    await pass(1_000)
    expect(idsOfUtPex(torrent.wires[0])).toEqual([])
    attach(client)
    await turns()
    expect(remote.handshake).toMatchObject({ m: { ut_pex: Number(idsOfUtPex(torrent.wires[0])[0]) }, p: client.torrentPort })
    await pass(1_000)
    connectFrom(second, client, { infoHash: one.infoHash, p: 7008 })
    await pass(3_500)
    expect(remote.told).toEqual(['203.0.113.8:7008'])
  })

  it('survives the `reset` that WebTorrent calls when a wire closes', async () => {
    const client = newClient()
    const torrent = await readyTorrent(client, one)
    const remote = connectFrom(first, client, { infoHash: one.infoHash, p: 7007 })
    await pass(1_000)
    const swarm = attach(client).swarm(torrent)!
    const reset = vi.spyOn(torrent.wires[0]!.ut_pex as { reset(): void }, 'reset')
    await pass(1_000)
    remote.hangUp()
    await pass(1_000)
    expect(reset).toHaveBeenCalledOnce()
    expect(torrent.wires.length).toBe(0)
    expect(swarm.stats().connections).toBe(0)
  })

  it('leaves web seeds and WebRTC wires alone, open ones and new ones', async () => {
    const client = newClient()
    const torrent = await readyTorrent(client, one, 'full')
    const dialIn = async (id: string): Promise<void> => {
      torrent.addWebSeed(`http://127.0.0.1:9/${id}`)
      const [theirs, ours] = Socket.pair(first, second)
      ours.id = id
      ours.connected = true
      torrent.addPeer(ours)
      new Remote(theirs, { infoHash: one.infoHash, dialled: 'by it' })
      await pass(500)
    }
    await dialIn('open')
    const before = torrent.wires.map((wire) => ({ wire, old: wire.ut_pex, mapping: { ...wire.extendedMapping } }))
    expect(before.map(({ wire }) => String(wire.type)).toSorted()).toEqual(['webSeed', 'webrtc'])
    const swarm = attach(client).swarm(torrent)!
    await dialIn('new')
    expect(torrent.wires.map(({ type }) => String(type)).toSorted()).toEqual(['webSeed', 'webSeed', 'webrtc', 'webrtc'])
    for (const { wire, old, mapping } of before) {
      expect(wire.ut_pex).toBe(old)
      expect(wire.extendedMapping).toEqual(mapping)
    }
    for (const wire of torrent.wires) {
      expect(wire.ut_pex).not.toBeInstanceOf(UtPex)
      expect(Object.hasOwn(wire, '_sendExtendedHandshake')).toBe(false)
    }
    expect(swarm.stats().connections).toBe(0)
  })

  it('learns the listen port when the client listens, and tells open wires', async () => {
    const client = newClient()
    const attached = attach(client)
    const torrent = addTorrent(client, one)
    expect(attached.swarm(torrent)?.listenPort).toBe(0)
    await pass(100)
    expect(client.torrentPort).toBeGreaterThan(0)
    expect(attached.swarm(torrent)?.listenPort).toBe(client.torrentPort)
    const remote = connectFrom(first, client, { infoHash: one.infoHash })
    await pass(100)
    const listenPort = client.torrentPort
    client.torrentPort = 6_999
    client.emit('listening')
    await turns()
    expect(remote.handshakes.map(({ p }) => p)).toEqual([listenPort, 6_999])
    expect(attached.swarm(torrent)?.listenPort).toBe(6_999)
  })

  it('learns how many pieces there are, and from `done` that all are here', async () => {
    const client = newClient()
    const attached = attach(client)
    const seed = await readyTorrent(client, one, 'full')
    expect(attached.swarm(seed)).toMatchObject({ pieceCount: 4, seeding: true })
    const torrent = await readyTorrent(client, two)
    expect(attached.swarm(torrent)).toMatchObject({ pieceCount: 4, seeding: false })
    torrent.done = true
    torrent.emit('done')
    expect(attached.swarm(torrent)?.seeding).toBe(true)
    torrent.done = false
    connectFrom(first, client, { infoHash: two.infoHash })
    await pass(100)
    expect(attached.swarm(torrent)?.seeding).toBe(false)
  })

  it('adds no more listeners to the client than Node takes without a warning', async () => {
    const emitWarning = vi.spyOn(process, 'emitWarning')
    const client = newClient()
    await readyTorrent(client, one)
    const attached = attach(client)
    const torrents = await Promise.all(Array.from({ length: 12 }, (_, i) => readyTorrent(client, makeTorrent(`many ${i}`))))
    connectFrom(first, client, { infoHash: one.infoHash })
    await pass(2_000)
    expect(torrents.every((torrent) => attached.swarm(torrent)?.listenPort === client.torrentPort)).toBe(true)
    expect(emitWarning.mock.calls.filter((call) => String(call[0]).includes('memory leak'))).toEqual([])
  })
})

describe('attach', () => {
  it('gives the same attachment for what is attached', async () => {
    const client = newClient()
    const torrent = await readyTorrent(client, one)
    const attached = attach(client)
    expect(attach(client)).toBe(attached)
    expect(attach(client, { magnet: 'use' })).toBe(attached)
    expect(attach(torrent)).toBe(attached)
    attached.detach()
    const again = attach(client)
    expect(again).not.toBe(attached)
    expect(client.utPex).toBe(false)
    expect(again.swarm(torrent)).toBeDefined()
  })

  it('to one torrent leaves the others and the client as they are', async () => {
    const client = newClient()
    const torrent = await readyTorrent(client, one)
    const other = await readyTorrent(client, two)
    const attached = attach(torrent)
    expect(attach(torrent)).toBe(attached)
    const remotes = [one, two].map(({ infoHash }) => connectFrom(first, client, { infoHash, p: 7007 }))
    await pass(1_000)
    expect(client.utPex).toBe(true)
    expect(torrent.wires[0]?.ut_pex).toBeInstanceOf(UtPex)
    expect(idsOfUtPex(torrent.wires[0]).length).toBe(1)
    expect(other.wires[0]?.ut_pex).not.toBeInstanceOf(UtPex)
    expect(remotes.map(({ handshake }) => handshake?.p)).toEqual([client.torrentPort, undefined])
    expect(attached.swarm(torrent)?.stats().connections).toBe(1)
    expect(attached.swarm(other)).toBeUndefined()
    attached.detach()
    expect(attached.swarm(torrent)).toBeUndefined()
  })

  it('to a client keeps what one of its torrents has already', async () => {
    const client = newClient()
    const torrent = await readyTorrent(client, one)
    const listenerCount = torrent.listenerCount('wire')
    const ofTorrent = attach(torrent)
    const swarm = ofTorrent.swarm(torrent)!
    const ofClient = attach(client)
    expect(ofClient.swarm(torrent)).toBe(swarm)
    connectFrom(first, client, { infoHash: one.infoHash, p: 7007 })
    await pass(1_000)
    expect(swarm.stats().connections).toBe(1)
    expect(torrent.listenerCount('wire')).toBe(listenerCount + 1)
    ofClient.detach()
    expect(ofTorrent.swarm(torrent)).toBe(swarm)
    expect(torrent.listenerCount('wire')).toBe(listenerCount + 1)
    ofTorrent.detach()
    expect(torrent.listenerCount('wire')).toBe(listenerCount)
  })

  it.each([undefined, null, 5, 'client', {}, { torrents: 3 }, Object.create(null), () => {}])(
    'refuses %j, and names the argument',
    (wrong) => {
      expect(() => attach(wrong as never)).toThrow(TypeError)
      expect(() => attach(wrong as never)).toThrow(/^clientOrTorrent: a WebTorrent client or torrent was expected, not /)
    },
  )

  it('refuses an unknown way with magnets, and leaves the client as it is', () => {
    const client = newClient()
    expect(() => attach(client, { magnet: 'ask' as never })).toThrow(new TypeError("magnet: 'wait' or 'use' was expected, not ask"))
    expect(client.utPex).toBe(true)
    expect(client.listenerCount('add')).toBe(0)
  })
})
