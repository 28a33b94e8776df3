/** Which stories are told with which client. */
import { aria2 } from './clients/aria2.ts'
import type { ClientKind } from './clients/client.ts'
import { libtorrent } from './clients/libtorrent.ts'
import { transmission } from './clients/transmission.ts'
import { attached, attachedElsewhere, overridden, webtorrent } from './clients/webtorrent.ts'
import type { Family } from './lan.ts'
import { chain } from './stories/chain.ts'
import { privateTorrent } from './stories/private.ts'
import { soak } from './stories/soak.ts'
import { talk } from './stories/talk.ts'
import { destroyed, download, magnetUse, magnetWait, manyTorrents } from './stories/webtorrent.ts'
import type { Story } from './story.ts'
import type { TorrentOptions } from './torrent.ts'

export interface Planned {
  readonly kind: ClientKind
  /** The column of the table. */
  readonly title: string
  readonly family: Family
  readonly torrent?: TorrentOptions
  tell(story: Story): Promise<void>
}

const talkers: readonly ClientKind[] = [libtorrent, transmission, aria2, webtorrent, attached, overridden]
export const kinds: readonly ClientKind[] = [...talkers, ...attachedElsewhere]
const families: readonly Family[] = [4, 6]

/** More than is given away in a talk. */
const large: TorrentOptions = { byteLength: 4 * 1024 * 1024 }

/** What only WebTorrent is asked for. */
const webTorrentStories: readonly (readonly [string, Planned['tell']])[] = [
  ['download', download],
  ['magnet-use', magnetUse],
  ['magnet-wait', magnetWait],
  ['50-torrents', manyTorrents],
  ['destroyed', destroyed],
]

export function plan(): readonly Planned[] {
  return [...talks(), ...webTorrentStories.map(([title, tell]): Planned => ({ kind: attached, title, family: 4, tell })), ...elsewhere()]
}

function elsewhere(): readonly Planned[] {
  return attachedElsewhere.flatMap((kind): readonly Planned[] => [
    { kind, title: 'talk', family: 4, torrent: large, tell: (story) => talk(story) },
    { kind, title: 'chain', family: 4, tell: chain },
  ])
}

/** Only on demand. */
export function soakPlan(minutes: number): readonly Planned[] {
  return [{ kind: libtorrent, title: 'soak', family: 4, tell: (story) => soak(story, { durationMs: minutes * 60_000 }) }]
}

function talks(): readonly Planned[] {
  return talkers.flatMap((kind) => [
    ...families.map((family): Planned => ({ kind, title: 'talk', family, torrent: large, tell: (story) => talk(story) })),
    ...families.flatMap((family): Planned[] => (kind.tells ? [{ kind, title: 'chain', family, tell: chain }] : [])),
    ...families.flatMap((family): Planned[] => [
      { kind, title: 'drop-in', family, torrent: large, tell: (story) => talk(story, { exchange: 'drop-in' }) },
      { kind, title: 'encrypted', family, torrent: large, tell: (story) => talk(story, { encrypted: true }) },
      { kind, title: 'private', family, torrent: { isPrivate: true }, tell: privateTorrent },
    ]),
  ])
}
