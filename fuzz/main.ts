/**
 * `npm run fuzz -- --seconds 60 --seed 1`: half of the time the decoder, half of it whole swarms. No network.
 * With `--count` instead of `--seconds` each takes so many steps. `npm run fuzz:release` is in `release.ts`.
 *
 * The same seed gives the same inputs in the same order. What fails is written to `fuzz/crashes/` and printed with its
 * seed and step; when it is mended, it joins `fuzz/corpus/`.
 */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import * as codec from '../src/codec/index.ts'
import { Dice } from './chance.ts'
import { DecodeFuzzer } from './decode.ts'
import { readSeeds } from './seeds.ts'
import { SequenceFuzzer } from './sequence.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    count: { type: 'string', default: 'Infinity' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
})
const count = Number(values.count)
const seconds = count === Number.POSITIVE_INFINITY ? Number(values.seconds) : Number.POSITIVE_INFINITY
const seed = Number(values.seed)
if (!(seconds > 0) || !(count > 0) || !Number.isInteger(seed) || !['decode', 'sequence', undefined].includes(values.only)) {
  console.error('usage: npm run fuzz -- [--seconds N | --count N] [--seed N] [--only decode|sequence]')
  process.exit(2)
}

/** Steps until the time is over or the count is reached; answers steps per second of this process's own time. */
function run(name: string, step: () => void, share: number): string {
  const begun = process.cpuUsage()
  const until = performance.now() + seconds * 1000 * share
  let steps = 0
  try {
    while (performance.now() < until && steps < count) for (let i = 0; i < 200 && steps < count; i++, steps++) step()
  } catch (error) {
    console.error(`${name}: failed at step ${steps} of seed ${seed}`)
    throw error
  }
  const { user, system } = process.cpuUsage(begun)
  return `${Math.round(steps / ((user + system) / 1e6)).toLocaleString('en-US')} a second and core`
}

const seeds = readSeeds()
const share = values.only === undefined ? 0.5 : 1
const decode = new DecodeFuzzer(seeds, new Dice(seed), codec)
try {
  if (values.only !== 'sequence') {
    const speed = run('decode', () => decode.step(), share)
    decode.finish()
    console.log(`decode    ${decode.count} inputs, all compared, ${decode.slowCount} slowly, ${decode.behaviourCount} behaviours, ${speed}`)
  }
  if (values.only !== 'decode') {
    const sequence = new SequenceFuzzer(seeds, new Dice(seed))
    const speed = run('sequence', () => sequence.step(), share)
    console.log(`sequence  ${sequence.count} steps, ${sequence.messageCount} messages sent, ${speed}`)
  }
} catch (error) {
  mkdirSync('fuzz/crashes', { recursive: true })
  const path = join('fuzz/crashes', `seed-${seed}.hex`)
  writeFileSync(path, Buffer.from(decode.input).toString('hex'))
  console.error(error)
  console.error(`The decoder's last input is in ${path}.`)
  process.exitCode = 1
}
