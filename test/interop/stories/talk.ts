/**
 * Talking with one client, for as long as three messages each way take.
 *
 *     hub        ours, under test; it dials the client
 *     seed, early, late    bystanders who only know the hub; `late` comes between the hub's first and second message
 *     guest      a bystander who only knows the client
 *
 * All of ours give the client a piece now and then.
 *
 * We tell of `seed`, `early` and `late`, and the client must dial them; it tells of whom it is connected to, and we must
 * know them with their flags; then all but `seed` leave, and both sides must hear of it. (libtorrent tells its only peer
 * nothing, not even that all others have gone. So one stays.)
 */
import { addressOf, endpointOf, type Family } from '../lan.ts'
import type { Peer } from '../peer.ts'
import type { Story } from '../story.ts'
import type { Contact, Exchange } from '../traffic.ts'
import { nowMs } from '../wait.ts'

/** Milliseconds: our default interval and what a loaded machine may add. */
const ourIntervalMs = 80_000
const soonMs = 30_000
/** Often enough for aria2, which hangs up on who has sent no piece for 60 s. */
const doseMs = 9_000

export interface TalkOptions {
  readonly exchange?: 'swarm' | 'drop-in'
  readonly encrypted?: boolean
}

export async function talk(story: Story, { exchange = 'swarm', encrypted = false }: TalkOptions = {}): Promise<void> {
  const { family, kind, traffic } = story
  const encryption = encrypted ? 2 : 0
  const client = await story.startClient('client', { encrypted })
  const hub = await story.startPeer('hub', { exchange, has: 'half', doseMs, encryption })
  const bystander = { exchange: 'none', has: 'half', doseMs, encryption } as const
  const seed = await story.startPeer('seed', { ...bystander, has: 'all', holepunch: true })
  const early = await story.startPeer('early', bystander)
  const late = await story.startPeer('late', bystander)
  const guest = await story.startPeer('guest', bystander)
  const at = (peer: Peer): string => endpointOf(peer.host, family)

  for (const other of [seed, early]) hub.dial(addressOf(other.host, family))
  await story.expect('our peers are connected', soonMs, () => [seed, early].every((other) => hub.openWires(other.host).length === 1))
  hub.dial(addressOf(client.host, family))
  await story.expect('the client takes our connection', soonMs, () => hub.openWires(client.host).length === 1)
  const wire = hub.openWires(client.host)[0] as (typeof hub.wires)[number]
  if (encrypted) story.note('the wire is encrypted with RC4', wire.wire._encryptionMethod === 2)
  const sent = (): readonly Exchange[] => traffic.exchanges(wire.number, 'sent')
  const received = (): readonly Exchange[] => traffic.exchanges(wire.number, 'received')

  await story.expect('we tell it whom we know', soonMs, () => tells(sent(), 'added', at(seed)) && tells(sent(), 'added', at(early)))
  const toldAtMs = sent()[0]?.atMs
  await story.expect(
    'it dials who only we told it of',
    soonMs,
    () => [seed, early].every((other) => other.openWires(client.host).length > 0),
    toldAtMs,
  )

  guest.dial(addressOf(client.host, family))
  late.dial(addressOf(hub.host, family))
  await story.expect('two more come', soonMs, () => guest.openWires(client.host).length > 0 && hub.openWires(late.host).length > 0)
  await story.expect('we tell it of who came later', ourIntervalMs, () => tells(sent(), 'added', at(late)))
  await story.expect('it dials who came later', soonMs, () => late.metAtMs(client.host) !== undefined, sent().at(-1)?.atMs)

  if (kind.tells) {
    const waitMs = kind.intervalMs + 20_000
    const hearsOfGuest = (): boolean => hub.exchange?.known().includes(at(guest)) === true
    await story.expect('it tells us who dialled it', waitMs, hearsOfGuest, guest.metAtMs(client.host))
  }
  const hearsOfSeed = async (): Promise<void> => {
    await story.expect('it tells us whom it dialled', 2 * kind.intervalMs + 20_000, () => tells(received(), 'added', at(seed)))
    const contacts = received().flatMap(({ added }) => added)
    checkFlags(story, contacts, { seed: at(seed), guest: at(guest) })
  }
  if (kind.tells && kind.echoes) await hearsOfSeed()
  else for (const { wire: other } of hub.openWires(seed.host)) other.destroy()
  await leave(story, { hub, goers: [early, guest, late], sent, received, family })
  if (kind.tells && !kind.echoes) await hearsOfSeed()
  story.note('the wire that we talk on was never closed', !wire.isClosed)
  story.note(`no warning ${hub.exchange?.complaints.join(', ')}`.trim(), hub.exchange?.complaints.length === 0)
  checkPace(story, sent(), received())
}

interface Leaving {
  readonly hub: Peer
  readonly goers: readonly Peer[]
  readonly family: Family
  sent(): readonly Exchange[]
  received(): readonly Exchange[]
}

/** They go, and both sides hear of it. */
async function leave(story: Story, { hub, goers, family, sent, received }: Leaving): Promise<void> {
  const { kind } = story
  const leftAtMs = nowMs()
  for (const goer of goers) goer.stop()
  const early = endpointOf((goers[0] as Peer).host, family)
  await story.expect('we tell it who has gone', ourIntervalMs, () => tells(sent(), 'dropped', early), leftAtMs)
  if (kind.tells) {
    const gone = goers.map(({ host }) => endpointOf(host, family))
    const nobodyGone = (): boolean => hub.exchange?.known().every((endpoint) => !gone.includes(endpoint)) === true
    await story.expect('it tells us who has gone', kind.intervalMs * 2 + 20_000, nobodyGone, leftAtMs)
    await story.expect('two messages came in a row', kind.intervalMs + 20_000, () => received().length >= 2, received()[0]?.atMs)
  }
  await story.expect('three messages went in a row', ourIntervalMs, () => sent().length >= 3, sent()[0]?.atMs)
}

function tells(exchanges: readonly Exchange[], list: 'added' | 'dropped', endpoint: string): boolean {
  return exchanges.some(({ added, dropped }) =>
    list === 'added' ? added.some((contact) => contact.endpoint === endpoint) : dropped.includes(endpoint),
  )
}

/** The flags that this client is known to set, as it last gave them. */
function checkFlags(story: Story, contacts: readonly Contact[], { seed, guest }: { readonly seed: string; readonly guest: string }): void {
  const { flags } = story.kind
  const of = (endpoint: string): number => contacts.findLast((contact) => contact.endpoint === endpoint)?.flags ?? 0
  if (flags.seed) story.note('it calls the seed a seed, and the guest none', (of(seed) & 2) !== 0 && (of(guest) & 2) === 0)
  if (flags.holepunch) story.note('it says who has ut_holepunch', (of(seed) & 8) !== 0 && (of(guest) & 8) === 0)
  if (flags.outgoing) story.note('it says whom it dialled', (of(seed) & 16) !== 0 && (of(guest) & 16) === 0)
}

/** Ours never two within a minute; theirs are what they are, and are noted. */
function checkPace(story: Story, sent: readonly Exchange[], received: readonly Exchange[]): void {
  const gaps = (exchanges: readonly Exchange[]): readonly number[] =>
    exchanges.slice(1).map(({ atMs }, i) => atMs - (exchanges[i]?.atMs ?? 0))
  const shortest = Math.min(...gaps(sent))
  story.note('our messages are 62 s or more apart', shortest >= 62_000, shortest)
  if (received.length > 1) story.note('its messages are as far apart as', true, Math.min(...gaps(received)))
}
