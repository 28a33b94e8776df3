/** The outcomes of the attacks as a document. */
import type { Outcome } from './day.ts'

export interface Results {
  readonly hours: number
  readonly rows: readonly { readonly name: string; readonly outcome: Outcome; readonly bytes: number; readonly cpuShare: number }[]
  readonly none: Outcome
  readonly many: Outcome
  /** By how much what is kept without an attack differs from one time to the next. */
  readonly noise: number
  readonly machine: string
}

const percent = (share: number, digits: number): string => `${(100 * share).toFixed(digits)} %`
const kib = (bytes: number): string => `${Math.round(bytes / 102.4) / 10} KiB`

export function report({ hours, rows, none, many, noise, machine }: Results): string {
  const most = (value: (row: Results['rows'][number]) => number): number => Math.max(...rows.map(value))
  const lines = rows.map(({ name, outcome, bytes, cpuShare }) => {
    const { dialsPerAddress, pendingPerSubnet, localDials, lostContacts, removedHonestPeers, throws, messagesToAttacker, honestDials } =
      outcome
    const cells = [
      name,
      kib(bytes),
      percent(cpuShare, 4),
      dialsPerAddress,
      pendingPerSubnet,
      localDials,
      percent(honestDials / none.dials, 0),
    ]
    return `| ${[...cells, lostContacts, removedHonestPeers, throws, messagesToAttacker].join(' | ')} |`
  })
  return `# What one hostile peer can do

Made by \`npm run attack\`: ${hours} hours of simulated time for each row, a swarm with 20 honest peers and one hostile one, which comes
again five seconds after it was hung up on. The host dials what \`next\` gives, 30 at a time; nobody whom the attacker tells of answers.
${machine}.

| the attack | state of ours that is its | CPU, of one core | dials of one address in an hour | dials at once in one /24 or /56 | local dials | honest contacts dialled, of those without an attack | honest contacts lost | honest peers removed | throws | messages it got |
|---|---|---|---|---|---|---|---|---|---|---|
${lines.join('\n')}
| the worst of all | ${kib(most(({ bytes }) => bytes))} | ${percent(
    most(({ cpuShare }) => cpuShare),
    4,
  )} | ${most(({ outcome }) => outcome.dialsPerAddress)} | ${most(({ outcome }) => outcome.pendingPerSubnet)} | ${most(({ outcome }) => outcome.localDials)} | | ${most(({ outcome }) => outcome.lostContacts)} | ${most(({ outcome }) => outcome.removedHonestPeers)} | ${most(({ outcome }) => outcome.throws)} | ${most(({ outcome }) => outcome.messagesToAttacker)} |

State is what eight such swarms keep after an hour and a half, less what they keep without the attack, for each; without an attack two such
figures differ by ${kib(noise)}. Where an attacker tells of new addresses, most of it is what we remember of our own dials: 16 bytes and a link for each
of the last hour, up to 10,800 here. CPU is that of
the whole simulation less that without the attack, so it counts what the attacker spends on its bytes, too.

Twenty attackers among a hundred sources, each with as many distinct addresses as it may tell, against eighty who tell of two new contacts a minute,
and a host that dials sixty a minute: ${percent(1 - many.honestDials / many.dials, 1)} of ${many.dials.toLocaleString('en-US')} dials go to what the attackers told. Where the honest ones
have nothing left to dial, free places go to whoever has something.
`
}
