/**
 * One message beside C++: `cpp/reference.cpp` on libtorrent's bencode, built with -O2 where Debian's
 * `libtorrent-rasterbar-dev` and g++ are installed. The two processes read the same stream of messages and take turns. Before anything
 * is timed it is made sure that both come to the same: the sum of what is read, the number of claims, the contacts that are written.
 *
 * A message that is written is one of a hundred to as many wires, for ours, after fifty of the torrent's contacts have come and
 * fifty have gone. C++ makes it once a minute, from the same hundred and fifty peers; handing it to each of them is not timed.
 */
import { deepStrictEqual } from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { decodeMessage } from 'ut_pex/codec'
import { installClock } from './kit/clock.js'
import { createReceiver, createSwarmReceiver, factories, readAll, readInPlace } from './kit/contestants.js'
import { createStream, streamLength } from './kit/inputs.js'
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
  const { sets, messages, claimCount } = createStream(kind)
  const reference = startReference(writeStream(kind, messages))

  let sum = 0
  const decode = (count) => {
    for (let i = 0; i < count; i++) sum = (sum + readAll(messages[i % streamLength])) >>> 0
  }
  const decodeInPlace = (count) => {
    for (let i = 0; i < count; i++) sum = (sum + readInPlace(messages[i % streamLength])) >>> 0
  }
  const receiver = createReceiver(factories.ours, messages, clock)
  const swarm = createSwarmReceiver(messages)
  const teller = createSwarmTeller(sets)

  decode(streamLength)
  deepStrictEqual((await reference.run('decode', streamLength)).checksum, sum)
  deepStrictEqual((await reference.run('scan', streamLength)).checksum, sum)
  const byViews = sum
  sum = 0
  decodeInPlace(streamLength)
  deepStrictEqual(sum, byViews)
  swarm.run(streamLength + 3)
  deepStrictEqual(swarm.swarm.stats().claims, claimCount)
  deepStrictEqual((await reference.run('receive', streamLength + 3)).checksum, claimCount)
  teller.run(200)
  const written = Buffer.from((await reference.run('print', 2)).text, 'hex')
  deepStrictEqual(contactsOf(written), contactsOf(teller.last()))

  const works = [
    ['decode', 'decode', decode],
    ['decode in place', 'decode', decodeInPlace],
    ['decode in place, beside a scan', 'scan', decodeInPlace],
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

/** The messages in one file, each behind its length. */
function writeStream(kind, messages) {
  const path = `${folder}${kind}.bin`
  const lengthOf = ({ length }) => Uint8Array.of(length >> 24, length >> 16, length >> 8, length)
  writeFileSync(path, Buffer.concat(messages.flatMap((bytes) => [lengthOf(bytes), bytes])))
  return path
}

/** What a message adds and drops, in hexadecimal; which contact comes first differs. */
function contactsOf(bytes) {
  const { added, added6, dropped, dropped6 } = decodeMessage(bytes)
  const sorted = (list, byteLength) =>
    (
      Buffer.from(list)
        .toString('hex')
        .match(new RegExp(`.{${2 * byteLength}}`, 'g')) ?? []
    ).sort()
  return [sorted(added, 6), sorted(added6, 18), sorted(dropped, 6), sorted(dropped6, 18)]
}

/** Medians in nanoseconds. */
async function takeTurns(run, runReference) {
  const ownCount = countFor((count) => timeOwn(run, count) * count)
  const { each } = await runReference(1_000)
  const theirCount = Math.ceil(roundNs / each)
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

function startReference(path) {
  const child = spawn(program, [path], { stdio: ['pipe', 'pipe', 'inherit'] })
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
