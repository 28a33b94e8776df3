/**
 * Stories about what WebTorrent with `attach` does beside talking: downloading, magnets, many torrents, and being taken
 * away in the middle. The clients are WebTorrent processes, and `hub` is a peer of ours that has nothing but knows everybody.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startWebTorrent, type WebTorrentClient } from '../clients/webtorrent.ts'
import type { WebTorrentOrder } from '../clients/webtorrent-process.ts'
import { addressOf, endpointOf } from '../lan.ts'
import type { Peer } from '../peer.ts'
import { makeFolder } from '../places.ts'
import type { Story } from '../story.ts'
import { makeTorrent, type Torrent } from '../torrent.ts'
import { pause } from '../wait.ts'

const soonMs = 60_000

async function start(story: Story, name: string, order: Partial<WebTorrentOrder> = {}): Promise<WebTorrentClient> {
  const host = await story.addClientHost(name)
  const client = await startWebTorrent({
    host,
    torrent: story.torrent,
    name: `${story.name}/${name}`,
    order: { isAttached: true, ...order },
  })
  story.clients.push(client)
  return client
}

/** A client that has all the data. */
async function startSeed(story: Story): Promise<WebTorrentClient> {
  const folder = join(makeFolder(story.name, 'seed'), '0')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, story.torrent.name), story.torrent.data)
  const seed = await start(story, 'seed')
  await story.expect('the seed has the data', soonMs, () => seed.report.doneCount === 1)
  return seed
}

async function introduce(story: Story, hub: Peer, clients: readonly WebTorrentClient[]): Promise<void> {
  for (const { host } of clients) hub.dial(addressOf(host, story.family))
  await story.expect('the hub is connected to all', soonMs, () => clients.every(({ host }) => hub.openWires(host).length > 0))
}

/** Nobody has data for the leech but a seed that it learns of by PEX. */
export async function download(story: Story): Promise<void> {
  const hub = await story.startPeer('hub')
  const seed = await startSeed(story)
  const leech = await start(story, 'leech')
  await introduce(story, hub, [seed, leech])
  await story.expect('the leech has it all from a seed that it learnt of by PEX', soonMs, () => leech.report.doneCount === 1)
  story.note(
    'it was connected to nobody but the hub and that seed',
    leech.report.peers.every((address) => isHubOr(hub, seed, address)),
  )
}

const isHubOr = (hub: Peer, { host }: WebTorrentClient, address: string): boolean =>
  [hub.host.address4, hub.host.address6, host.address4, host.address6].includes(address)

/** The metadata, too, come from a seed learnt of by PEX. */
export async function magnetUse(story: Story): Promise<void> {
  const hub = await story.startPeer('hub')
  const seed = await startSeed(story)
  const leech = await start(story, 'leech', { magnets: 'use', torrents: [magnetOf(story.torrent)] })
  await introduce(story, hub, [seed, leech])
  await story.expect('a magnet has metadata and data from a seed learnt of by PEX', soonMs, () => leech.report.doneCount === 1)
}

/** While it may be private, a magnet dials nobody whom it heard of; once it is known to be public, it does. */
export async function magnetWait(story: Story): Promise<void> {
  const hub = await story.startPeer('hub')
  const source = await story.startPeer('source', { exchange: 'none', has: 'all', doseMs: 0 })
  const leech = await start(story, 'leech', { magnets: 'wait', torrents: [magnetOf(story.torrent)] })
  hub.dial(addressOf(source.host, story.family))
  await introduce(story, hub, [leech])
  const wire = hub.openWires(leech.host)[0]?.number ?? 0
  const isTold = (): boolean => story.traffic.exchanges(wire, 'sent').some(({ added }) => added.length > 0)
  await story.expect('the magnet is told of a seed', soonMs, isTold)
  await pause(5_000)
  story.note('it does not dial it while it has no metadata', source.metAtMs(leech.host) === undefined)
  const neighbour = await start(story, 'neighbour', { isAttached: false })
  neighbour.send({ dial: endpointOf(leech.host, story.family) })
  await story.expect('metadata come from a neighbour, then data from the seed', soonMs, () => leech.report.doneCount === 1)
  story.note('it told nobody anything before', (story.traffic.exchanges(wire, 'received')[0]?.added.length ?? 1) > 0)
}

const torrentCount = 50

/** Told in a chain, in 50 torrents at once. */
export async function manyTorrents(story: Story): Promise<void> {
  const torrents = Array.from({ length: torrentCount }, () => Buffer.from(makeTorrent({ byteLength: 16 * 1024 }).file).toString('base64'))
  const [first, second, third] = await Promise.all(['first', 'second', 'third'].map((name) => start(story, name, { torrents })))
  if (first === undefined || second === undefined || third === undefined) throw new Error('three clients')
  first.send({ dial: endpointOf(second.host, story.family) })
  second.send({ dial: endpointOf(third.host, story.family) })
  const isMet = ({ report }: WebTorrentClient): boolean => new Set(report.peers).size === 2 && report.peers.length >= 2 * torrentCount
  await story.expect(`everybody met everybody in ${torrentCount} torrents`, 2 * soonMs, () => [first, second, third].every(isMet))
}

/** A torrent is removed, and a client destroyed, while both download from a peer that gives in small doses. */
export async function destroyed(story: Story): Promise<void> {
  const hub = await story.startPeer('hub', { has: 'half', doseMs: 200 })
  const leaver = await start(story, 'leaver')
  const remover = await start(story, 'remover')
  const stayer = await start(story, 'stayer')
  const all = [leaver, remover, stayer]
  await introduce(story, hub, all)
  await story.expect('all are connected to all', soonMs, () => all.every(({ report }) => new Set(report.peers).size === 3))
  leaver.send({ destroy: true })
  remover.send({ remove: true })
  await story.expect('one client has ended', soonMs, () => leaver.hasEndedWell())
  await story.expect(
    'no wire of the others is left',
    soonMs,
    () => remover.report.wireCount === 0 && new Set(stayer.report.peers).size === 1,
  )
  await story.expect('the hub drops both', soonMs, () => [leaver, remover].every(({ host }) => hub.openWires(host).length === 0))
  const known = (): readonly string[] => hub.exchange?.known() ?? []
  const gone = [leaver, remover].map(({ host }) => endpointOf(host, story.family))
  await story.expect('and hears of it from the one that stayed', 90_000, () => gone.every((endpoint) => !known().includes(endpoint)))
}

function magnetOf({ infoHash }: Torrent): string {
  return `magnet:?xt=urn:btih:${infoHash}`
}
