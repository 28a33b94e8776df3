/** Private torrents (BEP 27), and magnets, of which nobody knows yet whether they are: with a real WebTorrent client. */

import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { attach } from '../../src/webtorrent/index.ts'
import { Network } from './network.ts'
import { connectFrom, type Remote } from './remote.ts'
import { makeTorrent, type TestData } from './torrents.ts'
import { addTorrent, destroyClients, mockTime, newClient, pass, readyTorrent, type TestClient, type TestTorrent } from './webtorrent.ts'

const publicData = makeTorrent('public')
const privateData = makeTorrent('secret', 'private')
const first = '203.0.113.7:50000'
const second = '203.0.113.8:50000'
const contact = '198.51.100.1:6881'
const holderAddress = '203.0.113.50:6881'
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

/** Two peers, of which the first can be told of the second and the other way round. */
async function twoPeers(client: TestClient, { infoHash }: TestData): Promise<[Remote, Remote]> {
  const remotes: [Remote, Remote] = [connectFrom(first, client, { infoHash, p: 7007 }), connectFrom(second, client, { infoHash, p: 7008 })]
  await pass(1_000)
  return remotes
}

/** Another real client has the metadata, and no data. */
async function holderAt(address: string, data: TestData): Promise<TestClient> {
  const client = newClient({ utPex: false })
  await readyTorrent(client, data)
  network.host(address, (socket) => client._connPool._onConnection(socket, 'tcp'))
  return client
}

async function getMetadata(torrent: TestTorrent): Promise<void> {
  torrent.addPeer(holderAddress)
  await pass(2_000)
  expect(torrent.ready).toBe(true)
}

/** Addresses that were dialled, without the one that gives the metadata. */
function dialled(): string[] {
  return network.dials.map(({ address }) => address).filter((address) => address !== holderAddress)
}

describe('a magnet', () => {
  it('listens before its metadata, and neither tells nor dials; when it is public, all of that comes', async () => {
    await holderAt(holderAddress, publicData)
    const client = newClient()
    const attached = attach(client)
    const torrent = addTorrent(client, publicData, 'magnet')
    await pass(100)
    const swarm = attached.swarm(torrent)!
    const heard = vi.fn()
    swarm.on('peer', heard)
    const remotes = await twoPeers(client, publicData)
    for (const { handshake } of remotes) expect(handshake).toMatchObject({ m: { ut_pex: expect.any(Number) }, p: client.torrentPort })
    remotes[0].tell([contact])
    await pass(300_000)
    expect(swarm.private).toBe('unknown')
    expect(remotes.map(({ messages }) => messages.length)).toEqual([0, 0])
    expect(heard).not.toHaveBeenCalled()
    expect(dialled()).toEqual([])
    await getMetadata(torrent)
    await pass(70_000)
    expect(swarm).toMatchObject({ private: false, pieceCount: 4 })
    expect(heard.mock.calls.map(([peer]) => peer)).toEqual([contact])
    expect(dialled()).toEqual([contact])
    expect(remotes.map(({ told }) => told.filter((peer) => !holderAddress.startsWith(peer)))).toMatchObject([
      expect.arrayContaining(['203.0.113.8:7008']),
      expect.arrayContaining(['203.0.113.7:7007']),
    ])
  })

  it('that turns out to be private says so on open wires, forgets all it heard, and has no ut_pex on new ones', async () => {
    await holderAt(holderAddress, privateData)
    const client = newClient()
    const attached = attach(client)
    const torrent = addTorrent(client, privateData, 'magnet')
    await pass(100)
    const swarm = attached.swarm(torrent)!
    const heard = vi.fn()
    swarm.on('peer', heard)
    const remotes = await twoPeers(client, privateData)
    const id = remotes[1].handshake?.m.ut_pex ?? 0
    remotes[0].tell([contact])
    await pass(1_000)
    expect(swarm.stats()).toMatchObject({ claims: 1, candidates: 1 })
    await getMetadata(torrent)
    const late = connectFrom('203.0.113.9:50000', client, { infoHash: privateData.infoHash, p: 7009 })
    remotes[1].tellAt(id, ['198.51.100.2:6881'])
    await pass(300_000)
    expect(torrent.wires.length).toBeGreaterThanOrEqual(3)
    expect(swarm.private).toBe(true)
    expect(swarm.stats()).toMatchObject({ claims: 0, known: 0, candidates: 0, messagesSent: 0 })
    for (const { handshake, messages } of remotes) {
      expect(handshake?.m).toMatchObject({ ut_pex: 0, ut_metadata: expect.any(Number) })
      expect(messages).toEqual([])
    }
    expect(late.handshakes.map(({ m }) => Object.keys(m).toSorted())).toEqual([['lt_donthave', 'ut_metadata']])
    expect(heard).not.toHaveBeenCalled()
    expect(dialled()).toEqual([])
  })

  it('with `use` exchanges peers at once, and stops when it turns out to be private', async () => {
    await holderAt(holderAddress, privateData)
    const client = newClient()
    const attached = attach(client, { magnet: 'use' })
    const torrent = addTorrent(client, privateData, 'magnet')
    await pass(100)
    const remotes = await twoPeers(client, privateData)
    remotes[0].tell([contact])
    await pass(4_000)
    expect(attached.swarm(torrent)?.private).toBe(false)
    expect(remotes.map(({ told }) => told)).toEqual([['203.0.113.8:7008'], ['203.0.113.7:7007']])
    expect(dialled()).toEqual([contact])
    await getMetadata(torrent)
    connectFrom('203.0.113.9:50000', client, { infoHash: privateData.infoHash, p: 7009 })
    await pass(300_000)
    expect(remotes.map(({ messages }) => messages.length)).toEqual([1, 1])
    expect(remotes.map(({ handshake }) => handshake?.m.ut_pex)).toEqual([0, 0])
  })

  it('whose wires had WebTorrent’s own ut_pex before attach loses that, too, when it is private', async () => {
    await holderAt(holderAddress, privateData)
    const client = newClient()
    const torrent = addTorrent(client, privateData, 'magnet')
    await pass(100)
    const remotes = await twoPeers(client, privateData)
    await getMetadata(torrent)
    expect(remotes[0].handshake?.m.ut_pex).toBeGreaterThan(0)
    attach(client)
    remotes[0].tell([contact])
    await pass(10_000)
    expect(remotes.map(({ handshake }) => handshake?.m.ut_pex)).toEqual([0, 0])
    expect(dialled()).toEqual([])
  })
})

describe('a private torrent', () => {
  it('is known as one as soon as its file is read, before it is ready', async () => {
    const client = newClient()
    const attached = attach(client)
    const torrent = addTorrent(client, privateData)
    expect(attached.swarm(torrent)?.private).toBe('unknown')
    await once(torrent, 'infoHash')
    expect(torrent.ready).toBe(false)
    expect(attached.swarm(torrent)?.private).toBe(true)
  })

  it.each([
    ['by its file, attached before', privateData, {}, 'before'],
    ['by its file, attached after', privateData, {}, 'after'],
    ['by the option, attached before', publicData, { private: true }, 'before'],
  ] as const)('%s: not a byte of ut_pex, and none in `m`', async (_title, data, options, when) => {
    const client = newClient()
    const early = when === 'before' ? attach(client) : undefined
    const torrent = addTorrent(client, data, 'empty', options)
    await pass(500)
    const [open] = await twoPeers(client, data)
    const swarm = (early ?? attach(client)).swarm(torrent)!
    const remotes = [open, ...(await twoPeers(client, data))]
    for (let id = 1; id < 8; id++) remotes[0]?.tellAt(id, [contact])
    await pass(300_000)
    expect(swarm.private).toBe(true)
    for (const { handshakes, messages, others } of remotes) {
      expect(handshakes.map(({ m }) => Object.keys(m).toSorted())).toEqual([['lt_donthave', 'ut_metadata']])
      expect(messages).toEqual([])
      expect(others).toBe(0)
    }
    expect(swarm.stats()).toMatchObject({ claims: 0, candidates: 0 })
    expect(dialled()).toEqual([])
  })
})
