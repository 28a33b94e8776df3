/** The outcomes of the attacks as a document. */
import type { Outcome } from './day.ts'

export interface Results {
  readonly hours: number
  readonly rows: readonly { readonly name: string; readonly outcome: Outcome; readonly bytes: number; readonly cpuShare: number }[]
  readonly none: Outcome
  readonly many: Outcome
  readonly machine: string
}

const percent = (share: number, digits: number): string => `${(100 * share).toFixed(digits)} %`
const kib = (bytes: number): string => `${Math.round(bytes / 102.4) / 10} KiB`

export function report({ hours, rows, none, many, machine }: Results): string {
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

State is what four such swarms keep after two hours, less what they keep without the attack, for each; a few KiB of it are chance. CPU is that of
the whole simulation less that without the attack, so it counts what the attacker spends on its bytes, too.

Twenty attackers among a hundred sources, each with as many distinct addresses as it may tell, against eighty who tell of two new contacts a minute,
and a host that dials sixty a minute: ${percent(1 - many.honestDials / many.dials, 1)} of ${many.dials.toLocaleString('en-US')} dials go to what the attackers told. Where the honest ones
have nothing left to dial, free places go to whoever has something.
`
}
