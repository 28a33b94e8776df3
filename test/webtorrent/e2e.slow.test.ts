/**
 * Real WebTorrent clients in processes of their own, on the loopback interface, with the built package. They find nobody by
 * themselves: DHT, trackers, local discovery and uTP are off. WebRTC's native module is missing, as it is on many machines.
 */

import { createHash } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { ClientProcess, killAll, until } from './processes.ts'
import { makeTorrent } from './torrents.ts'

afterEach(killAll)

const torrent = makeTorrent('end to end')
const digest = createHash('sha256').update(torrent.data).digest('hex')

/**
 * A seed, and two that have nothing: the second knows the first by us, the third knows the second. The seed gives so slowly that
 * nobody is done before it hears of the others: a seed would not dial a seed.
 */
async function chain(third: ConstructorParameters<typeof ClientProcess>[0]): Promise<[ClientProcess, ClientProcess, ClientProcess]> {
  const clients: [ClientProcess, ClientProcess, ClientProcess] = [
    new ClientProcess({ exchange: 'attach', id: torrent.file, data: torrent.data }),
    new ClientProcess({ exchange: 'attach', id: torrent.file }),
    new ClientProcess(third),
  ]
  await until(() => clients.every(({ port }) => port > 0), 'all listen')
  clients[0].pace(4_096)
  clients[1].dial(clients[0])
  clients[2].dial(clients[1])
  return clients
}

function addressOf({ port }: ClientProcess): string {
  return `127.0.0.1:${port}`
}

function sourceOf(client: ClientProcess, other: ClientProcess): string[] {
  return client.wires.filter(({ peerId }) => peerId === other.peerId).map(({ source }) => source)
}

describe('a chain of three', () => {
  it('becomes a ring by peer exchange alone, a magnet at its end, and all have the data', async () => {
    const clients = await chain({ exchange: 'attach', id: torrent.magnet })
    const [one, two, three] = clients
    const knowAll = (): boolean =>
      clients.every((client) => clients.every((other) => other === client || client.connected.includes(other.peerId)))
    // The second told each end of the other: of the third, which called it, it knows the address from the listen port in its handshake.
    const toldBoth = (): boolean => one.told.includes(addressOf(three)) && three.told.includes(addressOf(one))
    await until(() => knowAll() && toldBoth(), 'all are connected with all, and both ends were told of each other')
    one.pace(undefined)
    await until(() => clients.every((client) => client.digest !== undefined), 'all have the data')
    expect(clients.map((client) => client.digest)).toEqual([digest, digest, digest])
    expect(sourceOf(two, one)).toEqual(['manual'])
    expect(sourceOf(three, two)).toEqual(['manual'])
    const ends = [...sourceOf(one, three), ...sourceOf(three, one)]
    expect(ends).toContain('ut_pex')
    expect(ends).not.toContain('manual')
    for (const client of clients) for (const { extension } of client.wires) expect(extension).toBe('UtPex')
    expect(clients.flatMap(({ failures }) => failures)).toEqual([])
  })
})

describe('this package in the place of ut_pex', () => {
  it('serves WebTorrent as before: it learns whom a peer tells of, and survives their sudden end', async () => {
    const [one, two, three] = await chain({ exchange: 'itself', id: torrent.file, override: 'ut_pex' })
    await until(() => three.connected.includes(one.peerId), 'the third is connected with the first')
    one.pace(undefined)
    await until(() => three.digest !== undefined && two.digest !== undefined, 'all have the data')
    expect(three.digest).toBe(digest)
    expect(three.told).toContain(addressOf(one))
    expect(sourceOf(three, one)).toEqual(['ut_pex'])
    for (const { extension } of three.wires) expect(extension).toBe('UtPex')
    await one.kill()
    await two.kill()
    await until(() => three.connected.length === 0, 'the third is alone')
    expect(three.exitCode).toBeUndefined()
    three.destroy('client')
    await until(() => three.exitCode !== undefined, 'the third has ended by itself')
    expect(three.exitCode).toBe(0)
    expect(three.failures).toEqual([])
  })
})

describe('destroy', () => {
  it('of a client, and of a torrent, in the middle of everything leaves nothing that keeps the process', async () => {
    const [one, two, three] = await chain({ exchange: 'attach', id: torrent.file })
    await until(() => two.connected.length >= 2, 'the second is connected with both')
    two.destroy('torrent')
    three.destroy('client')
    await until(() => two.exitCode !== undefined && three.exitCode !== undefined, 'the second and the third have ended by themselves')
    expect([two.exitCode, three.exitCode]).toEqual([0, 0])
    await until(() => one.connected.length === 0, 'the first has seen it')
    expect([one, two, three].flatMap(({ failures }) => failures)).toEqual([])
  })
})
