/**
 * `npm run attack`: what a hostile peer can do to us in 24 hours, for each kind of attack. Writes `docs/attacks.md`.
 * `--hours 2` makes it shorter, and then nothing is written.
 *
 *     memory   what four swarms keep after 78 minutes of the attack, less what they keep without it, for each of them.
 *              Longer makes no difference: nothing that is remembered of anybody lives longer than an hour
 *     CPU      of the whole simulation with the attack less that without it, so the making of the attack counts, too
 */
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import type { Limits } from '../../src/core/index.ts'
import { attacksOn } from './attackers.ts'
import { honestContacts, simulate } from './day.ts'
import { type Row, report } from './report.ts'

const { values } = parseArgs({ options: { hours: { type: 'string', default: '24' } } })
const hours = Number(values.hours)
if (!(hours > 0)) {
  console.error('usage: npm run attack [-- --hours N]')
  process.exit(2)
}

function usedBytes(): number {
  globalThis.gc?.()
  globalThis.gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** What one swarm keeps after hours of an attack; with limits that make our own dials as many with it as without. */
function keptBytes(attack: string | undefined, dials: 'all' | 'few'): number {
  const swarmCount = 4
  const limits: Partial<Limits> = dials === 'few' ? { maxDialsPerHour: 500 } : {}
  simulate({ hours: 0.1, attack, limits })
  const before = usedBytes()
  const swarms = Array.from({ length: swarmCount }, () => simulate({ hours: Math.min(hours, 1.3), attack, limits }).swarm)
  const kept = (usedBytes() - before) / swarmCount
  if (swarms.some((swarm) => swarm.stats().connections === 0)) throw new Error('a swarm is empty')
  return kept
}

simulate({ hours: 1, attack: undefined })
const none = simulate({ hours, attack: undefined })
const [without, withoutLog] = [keptBytes(undefined, 'all'), keptBytes(undefined, 'few')]
const noise = Math.abs(keptBytes(undefined, 'few') - withoutLog)
const rows: Row[] = []
for (const name of Object.keys(attacksOn(honestContacts))) {
  const outcome = simulate({ hours, attack: name })
  const [bytes, logless] = [keptBytes(name, 'all') - without, keptBytes(name, 'few') - withoutLog]
  const cpuShare = (outcome.cpuMs - none.cpuMs) / (hours * 3_600_000)
  rows.push({ name, outcome, bytes, logless, cpuShare })
  console.log(
    `${name}: ${Math.round(outcome.cpuMs)} ms, ${Math.round(bytes)} and ${Math.round(logless)} bytes, ${(100 * cpuShare).toFixed(4)} % of a core`,
  )
}
const many = simulate({ hours: Math.min(hours, 2), attack: 'distinct addresses', attackers: 20, honest: 80, slots: 10 })
const text = report({ hours, rows, none, many, noise, machine: `${cpus()[0]?.model}, Node.js ${process.versions.node}` })
console.log(text)
if (hours === 24) writeFileSync('docs/attacks.md', text)
