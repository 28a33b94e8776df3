/**
 * One message beside C++: `cpp/reference.cpp` on libtorrent's bencode, built with -O2 where Debian's
 * `libtorrent-rasterbar-dev` and g++ are installed. The two processes take turns. Before anything is timed it is made
 * sure that both come to the same: the sum of what is read, the number of claims, the bytes that are written.
 */
import { deepStrictEqual } from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { installClock } from './kit/clock.js'
import { createReceiver, createSwarmReceiver, factories, readAll } from './kit/contestants.js'
import { createTurns, encode } from './kit/inputs.js'
import { Record } from './kit/record.js'
import { cpuMs, format, medianOf } from './kit/rounds.js'
import { createSwarmTeller } from './kit/tellers.js'

const pathOf = (name) => fileURLToPath(new URL(name, import.meta.url))
const folder = pathOf('../build/bench/')
const program = `${folder}reference`
const rounds = 21
const roundNs = 25e6

if (build()) {
  const record = new Record('cpp')
  const clock = installClock()
  for (const kind of ['IPv4', 'mixed', 'IPv6']) await compareWith(record, kind, clock)
  record.save()
} else {
  console.log('bench:cpp: not measured. It needs g++ and libtorrent-rasterbar-dev (Debian): apt-get install g++ libtorrent-rasterbar-dev')
}

function build() {
  mkdirSync(folder, { recursive: true })
  try {
    const flags = execFileSync('pkg-config', ['--cflags', '--libs', 'libtorrent-rasterbar'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    execFileSync('g++', ['-std=c++17', '-O2', pathOf('cpp/reference.cpp'), '-o', program, ...flags.trim().split(/\s+/)])
    return true
  } catch (error) {
    // What the compiler says of a program that it does not take is no reason to be silent.
    if (error.stderr?.length > 0) throw error
    return false
  }
}

async function compareWith(record, kind, clock) {
  const { sets, messages } = createTurns(kind)
  const files = messages.map((bytes, index) => {
    const path = `${folder}${kind}-${index}.bin`
    writeFileSync(path, bytes)
    return path
  })
  const reference = startReference(files)

  let sum = 0
  const decode = (count) => {
    for (let i = 0; i < count; i++) sum = (sum + readAll(messages[i & 1])) >>> 0
  }
  const receiver = createReceiver(factories.ours, messages, clock)
  const swarm = createSwarmReceiver(messages)
  const teller = createSwarmTeller(sets)

  decode(3)
  deepStrictEqual((await reference.run('decode', 3)).checksum, sum)
  swarm.run(3)
  deepStrictEqual((await reference.run('receive', 3)).checksum, swarm.swarm.stats().claims)
  teller.run(400)
  deepStrictEqual((await reference.run('print', 1)).text, Buffer.from(encode(sets[0], sets[1])).toString('hex'))

  const works = [
    ['decode', 'decode', decode],
    ['decode, beside a scan', 'scan', decode],
    ['receive', 'receive', receiver.run],
    ['receive, in a swarm', 'receive', swarm.run],
    ['encode', 'encode', teller.run],
  ]
  for (const [title, work, run] of works) {
    const { ours, theirs } = await takeTurns(run, (count) => reference.run(work, count))
    const ratio = ours / theirs
    record.set(`cpp.${title}.${kind}.ours`, ours)
    record.set(`cpp.${title}.${kind}.cpp`, theirs)
    console.log(
      `${`${title}, ${kind}`.padEnd(30)} ours ${format(ours / 1000).padStart(7)} µs   C++ ${format(theirs / 1000).padStart(7)} µs   ${format(ratio)}×`,
    )
  }
  reference.end()
}

/** Medians in nanoseconds. */
async function takeTurns(run, runReference) {
  const ownCount = countFor((count) => timeOwn(run, count) * count)
  const { each } = await runReference(1_000)
  const theirCount = Math.max(2, 2 * Math.round(roundNs / each / 2))
  const [ours, theirs] = [[], []]
  for (let round = 0; round < rounds; round++) {
    ours.push(timeOwn(run, ownCount))
    theirs.push((await runReference(theirCount)).each)
  }
  return { ours: medianOf(ours), theirs: medianOf(theirs) }
}

function timeOwn(run, count) {
  const start = cpuMs()
  const ms = run(count) ?? cpuMs() - start
  return (ms * 1e6) / count
}

/** Warms up, and finds how often the work fits into a round. */
function countFor(timeAll) {
  let [count, spent] = [100, 0]
  for (;;) {
    const ns = timeAll(count)
    spent += ns
    if (ns < roundNs / 2) count *= 2
    else if (spent > 12 * roundNs) return Math.round((count * roundNs) / ns)
  }
}

function startReference(files) {
  const child = spawn(program, files, { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    async run(name, count) {
      child.stdin.write(`${name} ${count}\n`)
      const [first, second] = (await lines.next()).value.split(' ')
      return { text: first, each: Number(first), checksum: Number(second) }
    },
    end: () => child.stdin.end(),
  }
}
