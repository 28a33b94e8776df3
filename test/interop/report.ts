/**
 * Writes docs/interop.md from docs/interop.json. With `--record` that is first made from the last whole run and the last soak.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolder, root } from './places.ts'
import { kinds } from './plan.ts'
import type { Result, Results } from './results.ts'

const committed = join(root, 'docs/interop.json')

const meanings: Readonly<Record<string, string>> = {
  talk: 'we tell it of peers and it dials them, also of those that come later; it tells us whom it is connected to, with the right flags, and who has gone; three messages of ours, two or more of its own, one wire',
  chain: 'three of ours and three of theirs, told in a chain: everybody has been connected to everybody',
  'drop-in': 'the same talk through `utPex()` without a swarm, fed by hand as ut_pex 5 is',
  encrypted: 'the same talk with a client that accepts RC4 encryption only',
  private: 'a private torrent: no byte of peer exchange from us, no `ut_pex` in our handshake, for 75 s',
  download: 'a download from a seed that was learnt of by peer exchange only',
  'magnet-use': "the same from a magnet link, with `attach(client, { magnet: 'use' })`",
  'magnet-wait': 'a magnet link dials nobody before its metadata say that it is not private',
  '50-torrents': 'three clients in a chain, 50 torrents on each: all meet in all of them',
  destroyed: 'a torrent removed, and a client destroyed, in the middle',
}

/** Measured here, and what a host has to know of it. */
const quirks = [
  'WebTorrent with ut_pex 5, its own or one put in its place, tells nobody anything: there is no chain with it.',
  'libtorrent tells its only peer nothing, not even that all others have gone.',
  'libtorrent refuses one encrypted connection in 256, those whose shared secret begins with a zero byte: dial again.',
  'libtorrent drops a peer that had dialled it under another port than it added it with, and sends empty lists.',
  'Transmission tells everybody everybody’s own address, and ports that cannot be dialled of peers that have just come.',
  'aria2 does not drop a peer whose connection was reset, and drops peers that it had not added.',
  'aria2 hangs up after 60 s, or 30 s, on who has no piece for it.',
]

function verdict({ results }: Results): string {
  const heard = results.filter(({ claims }) => claims.some(({ says }) => says.startsWith('the observer finds')))
  const clean = heard.filter(({ outcome }) => outcome === 'passed')
  return `The observer of \`ut_pex/conformance\` listened to every swarm of ours. In ${clean.length} of the ${heard.length} stories that have one it found nothing wrong with it.`
}

function cell(results: readonly Result[]): string {
  if (results.length === 0) return '–'
  return results
    .map(({ outcome, family, seconds }) => {
      const families = results.length > 1 ? `v${family} ` : ''
      return outcome === 'passed' ? `${families}✓ ${Math.round(seconds)} s` : `${families}**${outcome}**`
    })
    .join('<br>')
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

const titleOf = (name: string): string => kinds.find((kind) => kind.name === name)?.title ?? name

function table({ results }: Results, stories: readonly string[]): readonly string[] {
  const clients = [...new Set(results.filter(({ story }) => stories.includes(story)).map(({ client }) => client))]
  const lines = clients.map((client) => {
    const version = results.find((result) => result.client === client)?.version ?? ''
    const of = (story: string): readonly Result[] => results.filter((result) => result.client === client && result.story === story)
    return row([titleOf(client), version, ...stories.map((story) => cell(of(story)))])
  })
  return [row(['client', 'version', ...stories]), row(['---', '---', ...stories.map(() => '---')]), ...lines]
}

/** For each client the time that a claim took, in each family, where it was waited for. */
function times({ results }: Results): readonly string[] {
  const claims = [
    'it dials who only we told it of',
    'it tells us who dialled it',
    'it tells us who has gone',
    'its messages are as far apart as',
  ]
  const talks = results.filter(({ story, outcome }) => story === 'talk' && outcome === 'passed')
  const lines = talks.map((talk) => {
    const seconds = claims.map((says) => talk.claims.find((claim) => claim.says === says)?.seconds)
    return row([`${titleOf(talk.client)}, IPv${talk.family}`, ...seconds.map((value) => (value === undefined ? '–' : `${value} s`))])
  })
  return [row(['client', ...claims]), row(['---', ...claims.map(() => '---')]), ...lines]
}

function findings({ results }: Results): readonly string[] {
  const clients = [...new Set(results.map(({ client }) => client))]
  const lines = clients.map((client) => {
    const counts = new Map<string, number>()
    for (const result of results.filter((other) => other.client === client)) {
      for (const [clause, count] of Object.entries(result.findings)) counts.set(clause, (counts.get(clause) ?? 0) + count)
    }
    const sorted = [...counts].sort(([a], [b]) => Number(a.slice(1)) - Number(b.slice(1)))
    return row([titleOf(client), sorted.map(([clause, count]) => `${clause} × ${count}`).join(', ') || 'none'])
  })
  return [row(['client', 'clauses of [BEP 11](conformance.md) that it was found to break']), row(['---', '---']), ...lines]
}

function soakOf({ soak }: Results): readonly string[] {
  const [result] = soak?.results ?? []
  if (soak === undefined || result === undefined) return []
  const how = `\`npm run interop -- --soak\`, on ${soak.date}: 100 of our peers on one ${titleOf(result.client)} ${result.version}, each of them also with three others of ours; once a second, one of the 100 leaves and comes back.`
  return ['## A long run with churn', how, result.claims.map(({ says }) => `- ${says}`).join('\n')]
}

function write(results: Results): string {
  const stories = [...new Set(results.results.map(({ story }) => story))]
  const common = stories.filter((story) =>
    results.results.some((result) => result.story === story && !result.client.startsWith('webtorrent')),
  )
  const further = stories.filter((story) => !common.includes(story))
  const sections = [
    '# Interoperation with real clients',
    `Made by \`npm run interop\` on ${results.date}, Node ${results.node}, in ${results.seconds} s; do not edit. Every client runs in a network namespace of its own, with peer exchange as its only way to find peers. ${verdict(results)}`,
    table(results, common).join('\n'),
    ...(further.length > 0 ? [table(results, further).join('\n')] : []),
    stories.map((story) => `- **${story}**: ${meanings[story] ?? story}`).join('\n'),
    '## Times',
    times(results).join('\n'),
    '## What the observer found of the clients',
    findings(results).join('\n'),
    '## Worth knowing',
    quirks.map((quirk) => `- ${quirk}`).join('\n'),
    ...soakOf(results),
  ]
  return `${sections.join('\n\n')}\n`
}

function read(file: string): Results | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Results) : undefined
}

if (process.argv.includes('--record')) {
  const soak = read(join(makeFolder(), 'soak.json')) ?? read(committed)?.soak
  const all = { ...read(join(makeFolder(), 'results.json')), soak }
  writeFileSync(committed, `${JSON.stringify(all, undefined, 2)}\n`)
}
const results = read(committed)
if (results === undefined) throw new Error('there are no results: npm run interop, then npm run interop:record')
writeFileSync(join(root, 'docs/interop.md'), write(results))
