/**
 * `npm run fuzz -- --seconds 60 --seed 1`: half of the time the decoder, half of it whole swarms. No network.
 *
 * The same seed gives the same inputs in the same order. What fails is written to `fuzz/crashes/` and printed with its
 * seed and step; when it is mended, it joins `fuzz/corpus/`.
 */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Dice } from './chance.ts'
import { DecodeFuzzer } from './decode.ts'
import { SequenceFuzzer } from './sequence.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
})
const seconds = Number(values.seconds)
const seed = Number(values.seed)
if (!(seconds > 0) || !Number.isInteger(seed) || !['decode', 'sequence', undefined].includes(values.only)) {
  console.error('usage: npm run fuzz -- [--seconds N] [--seed N] [--only decode|sequence]')
  process.exit(2)
}

const seeds = [
  ...readFileSync('test/vectors/clients.jsonl', 'utf8')
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { hex: string }).hex),
  ...readdirSync('fuzz/corpus')
    .filter((name) => name.endsWith('.hex'))
    .map((name) => readFileSync(join('fuzz/corpus', name), 'utf8').trim()),
].map((hex) => Uint8Array.from(Buffer.from(hex, 'hex')))

/** Steps until the time is over; answers steps per second of this process's own time. */
function run(name: string, step: () => void, share: number): number {
  const begun = process.cpuUsage()
  const until = performance.now() + seconds * 1000 * share
  let steps = 0
  try {
    while (performance.now() < until) for (let i = 0; i < 200; i++, steps++) step()
  } catch (error) {
    console.error(`${name}: failed at step ${steps} of seed ${seed}`)
    throw error
  }
  return Math.round(steps / (process.cpuUsage(begun).user / 1e6))
}

const share = values.only === undefined ? 0.5 : 1
const decode = new DecodeFuzzer(seeds, new Dice(seed))
try {
  if (values.only !== 'sequence') {
    const speed = run('decode', () => decode.step(), share)
    console.log(
      `decode    ${decode.count} inputs, ${decode.comparedCount} compared, ${decode.behaviourCount} behaviours, ${speed} a second`,
    )
  }
  if (values.only !== 'decode') {
    const sequence = new SequenceFuzzer(seeds, new Dice(seed))
    const speed = run('sequence', () => sequence.step(), share)
    console.log(`sequence  ${sequence.count} steps, ${sequence.messageCount} messages sent, ${speed} a second`)
  }
} catch (error) {
  mkdirSync('fuzz/crashes', { recursive: true })
  const path = join('fuzz/crashes', `seed-${seed}.hex`)
  writeFileSync(path, Buffer.from(decode.input).toString('hex'))
  console.error(error)
  console.error(`The decoder's last input is in ${path}.`)
  process.exitCode = 1
}
