/** The outcomes of the attacks as a document. */
import type { Outcome } from './day.ts'

export interface Row {
  readonly name: string
  readonly outcome: Outcome
  /** What is kept because of it, but for what we remember of our own dials. */
  readonly bytes: number
  readonly cpuShare: number
}

export interface Results {
  readonly hours: number
  readonly rows: readonly Row[]
  readonly none: Outcome
  readonly many: Outcome
  /** By how much two figures for what is kept of one attack differ, at the most. */
  readonly noise: number
  readonly machine: string
}

const percent = (share: number, digits: number): string => `${(100 * share).toFixed(digits)} %`
const kib = (bytes: number): string => `${Math.round(bytes / 102.4) / 10} KiB`

export function report({ hours, rows, none, many, noise, machine }: Results): string {
  const most = (value: (row: Row) => number): number => Math.max(...rows.map(value))
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
  const counts = (['dialsPerAddress', 'pendingPerSubnet', 'localDials'] as const).map((name) => most(({ outcome }) => outcome[name]))
  const losses = (['lostContacts', 'removedHonestPeers', 'throws', 'messagesToAttacker'] as const).map((name) =>
    most(({ outcome }) => outcome[name]),
  )
  const shares = [
    kib(most(({ bytes }) => bytes)),
    percent(
      most(({ cpuShare }) => cpuShare),
      4,
    ),
  ]
  const worst = `| the worst of all | ${[...shares, ...counts, '', ...losses].join(' | ')} |`
  return `# What one hostile peer can do

Made by \`npm run attack\`: ${hours} hours of simulated time for each row, a swarm with 20 honest peers and one hostile one, which comes
again five seconds after it was hung up on. The host dials what \`next\` gives, 30 at a time; nobody whom the attacker tells of answers.
${machine}.

| the attack | state of ours that is its | CPU, of one core | dials of one address in an hour | dials at once in one /24 or /56 | local dials | honest contacts dialled, of those without an attack | honest contacts lost | honest peers removed | throws | messages it got |
|---|---|---|---|---|---|---|---|---|---|---|
${lines.join('\n')}
${worst}

State is what a swarm keeps after 87 minutes of the attack less what it keeps without, the mean of twice sixteen swarms with different seeds, sixteen
in a process of their own. The two sixteens differ by ${kib(noise)} at the most. The host dials 500 an hour with the attack and without, and nobody answers:
what is not dialled is kept. Nobody answering, standing and our own connections are not those of the other columns.

It does not contain the log of our own dials: each is remembered for an hour, in 16 bytes, so that nobody can aim us at a victim twice. Its size
follows from how fast the host dials, whoever told it to. By calculation, not measured here, it is 256 KiB for the 10,800 dials an hour that this host can make, and 64 KiB
more for what failed within a quarter of an hour. Where there would be less to dial without an attacker, that is its doing.

CPU is that of the whole simulation less that without the attack, so it counts what the attacker spends on its bytes, too.

Twenty attackers among a hundred sources, each with as many distinct addresses as it may tell, against eighty who tell of two new contacts a minute,
and a host that dials sixty a minute: ${percent(1 - many.honestDials / many.dials, 1)} of ${many.dials.toLocaleString('en-US')} dials go to what the attackers told. Where the honest ones
have nothing left to dial, free places go to whoever has something.
`
}
