/**
 * `npm run fuzz:release`: a hundred million inputs for the decoder, over all cores, each compared; before a release. What came of it
 * is written to `fuzz/RESULTS.md`. `--count 1000000 --seed 1 --workers 2` change it; a count that is too small for a release is
 * not recorded.
 *
 * Each worker has a seed of its own, the first that is given and those after it, so `npm run fuzz -- --only decode --seed N`
 * repeats one of them.
 */

import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import * as codec from '../src/codec/index.ts'
import { Dice } from './chance.ts'
import { DecodeFuzzer } from './decode.ts'
import { readSeeds } from './seeds.ts'

interface Task {
  readonly seed: number
  readonly count: number
}

interface Report {
  readonly seed: number
  readonly count: number
  readonly slowCount: number
  readonly behaviourCount: number
  /** What did not hold, and the input, as hexadecimal. */
  readonly failure: string | undefined
}

const releaseCount = 100_000_000

function work({ seed, count }: Task): Report {
  const fuzzer = new DecodeFuzzer(readSeeds(), new Dice(seed), codec)
  let failure: string | undefined
  try {
    while (fuzzer.count < count) fuzzer.step()
    fuzzer.finish()
  } catch (error) {
    failure = `${(error as Error).message}: ${Buffer.from(fuzzer.input).toString('hex')}`
  }
  const { behaviourCount, slowCount } = fuzzer
  return { seed, count: fuzzer.count, slowCount, behaviourCount, failure }
}

function start(task: Task): Promise<Report> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: task })
    worker.on('message', resolve)
    worker.on('error', reject)
  })
}

const sum = (reports: readonly Report[], field: 'count' | 'slowCount' | 'behaviourCount'): number =>
  reports.reduce((total, report) => total + report[field], 0)
const whole = (value: number): string => Math.round(value).toLocaleString('en-US')

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      count: { type: 'string', default: String(releaseCount) },
      seed: { type: 'string', default: '1' },
      workers: { type: 'string', default: String(availableParallelism()) },
    },
  })
  const [count, seed, workers] = [Number(values.count), Number(values.seed), Number(values.workers)]
  if (!(count >= 1) || !Number.isInteger(seed) || !Number.isInteger(workers) || workers < 1) {
    console.error('usage: npm run fuzz:release -- [--count N] [--seed N] [--workers N]')
    process.exit(2)
  }
  const commit = execFileSync('git', ['log', '-1', '--format=%h, %s', '--', 'src/codec'], { encoding: 'utf8' }).trim()
  const begun = performance.now()
  const share = Math.ceil(count / workers)
  const reports = await Promise.all(Array.from({ length: workers }, (_, index) => start({ seed: seed + index, count: share })))
  const { user, system } = process.cpuUsage()
  const cpuSeconds = (user + system) / 1e6
  const failures = reports.flatMap(({ failure, seed }) => (failure === undefined ? [] : [`seed ${seed}: ${failure}`]))
  const lines = [
    ['date', new Date().toISOString().slice(0, 10)],
    ['the last commit of the codec', commit],
    ['machine', `${workers} workers, ${cpus()[0]?.model}, ${process.arch}, Node.js ${process.versions.node}`],
    ['seeds', `${seed} to ${seed + workers - 1}`],
    ['inputs, all compared', whole(sum(reports, 'count'))],
    ['of which were also judged for time and writing', whole(sum(reports, 'slowCount'))],
    ['behaviours, summed over the workers', whole(sum(reports, 'behaviourCount'))],
    ['inputs per second and core, of CPU time', whole(sum(reports, 'count') / cpuSeconds)],
    ['minutes', ((performance.now() - begun) / 60_000).toFixed(1)],
    ['failures', String(failures.length)],
  ]
  const table = ['| | |', '|---|---|', ...lines.map(([name, value]) => `| ${name} | ${value} |`)].join('\n')
  console.log(table)
  for (const failure of failures) console.error(failure)
  if (failures.length > 0) process.exitCode = 1
  if (sum(reports, 'count') < releaseCount) return
  const intro = 'What the last `npm run fuzz:release` came to: made-up inputs for the decoders of messages and of extended handshakes,'
  const rest = 'each of which has to be read as a second decoder reads it that shares no code with them (`fuzz/reference.ts`).'
  writeFileSync('fuzz/RESULTS.md', `# Fuzzing for a release\n\n${intro}\n${rest}\n\n${[table, ...failures].join('\n')}\n`)
}

if (isMainThread) await main()
else parentPort?.postMessage(work(workerData as Task))
