/**
 * `node --expose-gc memory.js SEED ATTACK`: how many bytes one swarm keeps after an attack, or without one if none is named; its
 * number is all that is printed.
 *
 * A process keeps some hundred kilobytes of its own, sooner or later: so this is one process for each figure, which has run the attack
 * before it begins to count, and the mean of sixteen swarms, each with another seed, because tables grow by leaps.
 *
 * The host dials five hundred an hour and nobody answers, with an attack and without: so the log of our own dials and our own
 * connections are the same, and what differs is what was remembered of the attacker. 87 minutes: by then the first candidates have
 * grown stale, and what failed at the beginning of an hour is forgotten.
 */
import { simulate } from './day.ts'

const swarmCount = 16
const hours = 1.45
const [seedText, name] = process.argv.slice(2)
const attack = name === '' ? undefined : name
const firstSeed = Number(seedText)

function run(seed: number): unknown {
  return simulate({ hours, attack, seed, answers: 'none', limits: { maxDialsPerHour: 500 } }).swarm
}

function usedBytes(): number {
  for (let time = 0; time < 6; time++) globalThis.gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

run(firstSeed - 1)
const before = usedBytes()
const swarms = Array.from({ length: swarmCount }, (_, index) => run(firstSeed + index))
const kept = usedBytes() - before
console.log(Math.round(kept / swarms.length))
