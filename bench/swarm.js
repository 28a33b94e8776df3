/**
 * One torrent with many wires: what a minute costs, and what a wire weighs.
 *
 *     behind       1 % (10 %) of the wires are replaced each minute, so that most wires are behind, each at a place of
 *                  its own, and hardly two messages are alike
 *     claims       the same, and every wire has claimed 200 contacts, half of them ones that it would be told of
 *     caught up    200 of the wires are contacts and a tenth of those is replaced each minute; all wires have been
 *                  told all there was, and hear of the same
 *
 * Each message is handed over as a wire does it: a copy behind its id, and its length. `maxTold` is off.
 *
 *     node bench/swarm.js [wires …]
 */
import { ok } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Record } from './kit/record.js'
import { cpuMs, format, medianOf } from './kit/rounds.js'
import { Torrent } from './kit/torrent.js'

const sizes = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [10, 100, 1_000, 10_000, 100_000]
const record = new Record('swarm')

function timeMinutes(count, state) {
  const torrent = new Torrent(state === 'caught up' ? 200 : undefined)
  const start = cpuMs()
  torrent.fill(count)
  const fillMs = cpuMs() - start
  const replaced = state === 'caught up' ? Math.min(count, 200) / 10 : (count * (state === 'behind 10 %' ? 10 : 1)) / 100
  const warmUp = count <= 10_000 ? 12 : 3
  for (let minute = 0; minute < warmUp; minute++) torrent.minute(replaced)
  if (state === 'claims') torrent.claim()
  const minutes = Array.from({ length: count <= 10_000 ? 11 : 3 }, () => torrent.minute(replaced))
  ok(torrent.sent.messages >= 0.5 * count)
  const { messages, bytes } = torrent.sent
  const ms = medianOf(minutes)
  record.set(`swarm.${state}.${count}`, ms)
  record.set(`fill.${state}.${count}`, fillMs)
  const cells = [fillMs, ms, messages, bytes].map(format)
  console.log(
    `${String(count).padStart(8)} ${state.padEnd(12)} ${cells[0].padStart(8)} ${cells[1].padStart(10)} ${cells[2].padStart(9)} ${cells[3].padStart(12)}`,
  )
}

/** What a wire weighs, in a process of its own. */
function measureMemory(count) {
  const program = fileURLToPath(new URL('./kit/memory.js', import.meta.url))
  const { wire, told } = JSON.parse(execFileSync(process.execPath, ['--expose-gc', program, count], { encoding: 'utf8' }))
  record.set(`memory.wire.${count}`, wire)
  record.set(`memory.told.${count}`, told)
  console.log(`${String(count).padStart(8)} memory       ${format(wire)} B a wire, of it ${format(told)} B since the first message`)
}

/** The exponent of growth from 1,000 to 100,000 wires: 1 is linear. */
function fitGrowth() {
  for (const state of ['behind 1 %', 'behind 10 %', 'caught up']) {
    const { figures } = record
    const [few, many] = [figures[`swarm.${state}.1000`], figures[`swarm.${state}.100000`]]
    if (few === undefined || many === undefined) continue
    const exponent = Math.log10(many / few) / 2
    record.set(`growth.${state}`, exponent)
    console.log(`growth ${state}: wires^${format(exponent)}`)
  }
}

console.log(
  `${'wires'.padStart(8)} ${'state'.padEnd(12)} ${'fill ms'.padStart(8)} ${'minute ms'.padStart(10)} ${'messages'.padStart(9)} ${'bytes'.padStart(12)}`,
)
for (const count of sizes) {
  for (const state of ['behind 1 %', 'behind 10 %', 'claims', 'caught up']) {
    // Minutes of this benchmark's own time; 200 claims of each of 100,000 wires would be 20 million.
    if ((state === 'claims' || state === 'behind 10 %') && count > 10_000) continue
    timeMinutes(count, state)
  }
  measureMemory(count)
  record.save()
}
fitGrowth()
record.save()
