/**
 * Wires that all come at once, beside ut_pex 5.0.2 fed as its README says (every wire is told of every other): what it costs
 * until everybody knows everybody, and what a minute costs then with 1 % of the wires replaced. Medians of rounds, each with
 * new wires, after both have worked for two seconds.
 *
 *     node bench/everybody.js [wires …]
 */
import { ok } from 'node:assert/strict'
import { Swarm } from 'ut_pex/core'
import utPex5 from 'ut_pex5'
import { installClock } from './kit/clock.js'
import { Record } from './kit/record.js'
import { cpuMs, format, medianOf } from './kit/rounds.js'
import { BenchWire, frame } from './kit/wire.js'

const minuteMs = 65_000
const sizes = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [100, 300, 1_000]
const record = new Record('everybody')
const clock = installClock()

const addressOf = (id) => Uint8Array.of(20 + (id >>> 24), id >>> 16, id >>> 8, id)
const textOf = (id) => `${addressOf(id).join('.')}:6881`

function createOurs() {
  const turns = []
  const sink = { turn: (id) => turns.push(id), added() {}, dropped() {}, candidates() {}, violation() {} }
  const swarm = new Swarm({ sink, limits: { maxTold: Number.POSITIVE_INFINITY } })
  let now = 0
  let bytes = 0
  return {
    add(id) {
      swarm.handleConnect(id, { address: addressOf(id), port: 6881, direction: 'outgoing', transport: 'tcp', isExtended: true }, now)
      swarm.handlePieces(id, false, now)
      swarm.handleExtendedHandshake(id, { utPex: 1 }, now)
    },
    remove: (id) => swarm.handleDisconnect(id, now),
    minute() {
      for (let second = 0; second < 65; second++) {
        now += 1_000
        swarm.handleTimeout(now)
        for (const id of turns.splice(0)) {
          const message = swarm.takeMessage(id, now)
          if (message !== undefined) bytes += frame(1, message)
        }
      }
    },
    bytes: () => bytes,
  }
}

function createTheirs() {
  const instances = new Map()
  let bytes = 0
  return {
    add(id) {
      const wire = new BenchWire()
      const instance = new (utPex5())(wire)
      for (const [otherId, other] of instances) {
        other.addPeer(textOf(id), { isReachable: true })
        instance.addPeer(textOf(otherId), { isReachable: true })
      }
      instance.start()
      instances.set(id, instance)
    },
    remove(id) {
      instances.get(id).reset()
      bytes += instances.get(id)._wire.sentBytes
      instances.delete(id)
      for (const other of instances.values()) other.dropPeer(textOf(id))
    },
    minute: () => clock.sweep(minuteMs),
    bytes() {
      let sum = bytes
      for (const { _wire: wire } of instances.values()) sum += wire.sentBytes
      return sum
    },
  }
}

/** Warm is who has worked for so long; the first time, when most of the time goes into compiling, is noted apart. */
const warmUpMs = 2_000
const rounds = { ours: 9, ut_pex5: 3 }

for (const count of sizes) {
  for (const [name, create] of [
    ['ours', createOurs],
    ['ut_pex5', createTheirs],
  ]) {
    const { first, warm } = timeRounds(create, count, rounds[name])
    record.set(`first fill.${count}.${name}`, first.fillMs)
    record.set(`fill.${count}.${name}`, medianOf(warm.map(({ fillMs }) => fillMs)))
    record.set(`minute.${count}.${name}`, medianOf(warm.map(({ minuteMs: ms }) => ms)))
    const [fillMs, ms] = ['fill', 'minute'].map((key) => record.figures[`${key}.${count}.${name}`])
    console.log(
      `${String(count).padStart(6)} wires  ${name.padEnd(8)} everybody knows everybody ${format(fillMs).padStart(8)} ms   a minute ${format(ms).padStart(8)} ms   the first time ${format(first.fillMs).padStart(8)} ms`,
    )
  }
}
record.save()
// The timers of ut_pex 5 are this benchmark's own.
process.exit()

function timeRounds(create, count, roundCount) {
  const start = cpuMs()
  const first = timeAll(create, count)
  while (cpuMs() - start < warmUpMs) timeAll(create, count)
  return { first, warm: Array.from({ length: roundCount }, () => timeAll(create, count)) }
}

function timeAll(create, count) {
  const torrent = create()
  const start = cpuMs()
  for (let id = 0; id < count; id++) torrent.add(id)
  for (let minute = 0; minute < count / 50 + 1; minute++) torrent.minute()
  const fillMs = cpuMs() - start
  ok(torrent.bytes() > 6 * count * (count - 1), 'everybody is told of everybody')
  let oldest = 0
  let newest = count
  const minutes = Array.from({ length: 5 }, () => {
    const from = cpuMs()
    for (let i = 0; i < Math.max(1, count / 100); i++) {
      torrent.remove(oldest++)
      torrent.add(newest++)
    }
    torrent.minute()
    return cpuMs() - from
  })
  for (let id = oldest; id < newest; id++) torrent.remove(id)
  return { fillMs, minuteMs: medianOf(minutes) }
}
