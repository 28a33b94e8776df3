/**
 * `npm run attack`: what a hostile peer can do to us in 24 hours, for each kind of attack. Writes `docs/attacks.md`.
 * `--hours 2` makes it shorter, and then nothing is written.
 *
 *     memory   what a swarm keeps after the attack, less what it keeps without it: `memory.ts`
 *     CPU      of the whole simulation with the attack less that without it, so the making of the attack counts, too
 */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { attacksOn } from './attackers.ts'
import { honestContacts, simulate } from './day.ts'
import { type Row, report } from './report.ts'

const { values } = parseArgs({ options: { hours: { type: 'string', default: '24' } } })
const hours = Number(values.hours)
if (!(hours > 0)) {
  console.error('usage: npm run attack [-- --hours N]')
  process.exit(2)
}

/** What one swarm keeps after an attack, measured in a process of its own. */
function keptBytes(attack: string | undefined, firstSeed: number): number {
  const path = fileURLToPath(new URL('memory.js', import.meta.url))
  const { stdout, status } = spawnSync(process.execPath, ['--expose-gc', path, String(firstSeed), attack ?? ''], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`memory.js ended with ${status}`)
  return Number(stdout)
}

simulate({ hours: 1, attack: undefined })
const none = simulate({ hours, attack: undefined })
const firstSeeds = [1, 1_001]
const without = firstSeeds.map((seed) => keptBytes(undefined, seed))
const rows: Row[] = []
let noise = 0
for (const name of Object.keys(attacksOn(honestContacts))) {
  const outcome = simulate({ hours, attack: name })
  const kept = firstSeeds.map((seed, index) => keptBytes(name, seed) - (without[index] as number))
  const bytes = (Math.min(...kept) + Math.max(...kept)) / 2
  noise = Math.max(noise, Math.max(...kept) - Math.min(...kept))
  const cpuShare = (outcome.cpuMs - none.cpuMs) / (hours * 3_600_000)
  rows.push({ name, outcome, bytes, cpuShare })
  console.log(`${name}: ${Math.round(outcome.cpuMs)} ms, ${Math.round(bytes)} bytes, ${(100 * cpuShare).toFixed(4)} % of a core`)
}
const many = simulate({ hours: Math.min(hours, 2), attack: 'distinct addresses', attackers: 20, honest: 80, slots: 10 })
const text = report({ hours, rows, none, many, noise, machine: `${cpus()[0]?.model}, Node.js ${process.versions.node}` })
console.log(text)
if (hours === 24) writeFileSync('docs/attacks.md', text)
