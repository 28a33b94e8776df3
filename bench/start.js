/**
 * A fresh process: the time to import the package, for its first message, and for the first 60 (one wire, an hour), beside
 * ut_pex 5.0.2. And a process at rest: what 10,000 wires cost that hear and tell nothing new.
 */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Record } from './kit/record.js'
import { format, medianOf } from './kit/rounds.js'

const pathOf = (name) => fileURLToPath(new URL(name, import.meta.url))
const record = new Record('start')
const rounds = 15
const keys = ['import', 'first message', 'first 60 messages']
const times = { ours: [], ut_pex5: [] }
for (let round = 0; round < rounds; round++) {
  for (const who of Object.keys(times))
    times[who].push(JSON.parse(execFileSync(process.execPath, [pathOf('kit/first.js'), who], { encoding: 'utf8' })))
}
for (const key of keys) {
  const [ours, theirs] = ['ours', 'ut_pex5'].map((who) => medianOf(times[who].map((run) => run[key])))
  record.set(`start.${key}.ours`, ours)
  record.set(`start.${key}.ut_pex5`, theirs)
  console.log(
    `${key.padEnd(20)} ours ${format(ours).padStart(7)} ms   ut_pex5 ${format(theirs).padStart(7)} ms   ${format(theirs / ours)}×`,
  )
}
const idle = JSON.parse(execFileSync(process.execPath, ['--expose-gc', pathOf('kit/idle.js')], { encoding: 'utf8' }))
for (const [key, value] of Object.entries(idle)) {
  record.set(`idle.${key}`, value)
  console.log(`10,000 wires: ${key.padEnd(44)} ${format(value)}`)
}
record.save()
