/**
 * `npm run interop`: real clients, in namespaces of their own, talk with the package as it is built.
 *
 * Says a line for each story, keeps the logs of all of them under build/interop/runs, and ends with 0 when none failed.
 * A client that is not installed is skipped, and named; where CI is set it is a failure.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { isInsideNamespace, prepareNamespace, runInNamespace } from './lan.ts'
import { makeFolder } from './places.ts'
import { type Planned, plan, soakPlan } from './plan.ts'
import { stopAllPrograms } from './program.ts'
import type { Result, Results } from './results.ts'
import { Story } from './story.ts'
import { nowMs } from './wait.ts'

/** Stories that may start their clients at a time. Once that is done a story only waits, and takes next to nothing. */
const setUpsAtOnce = 2

const usage = `npm run interop -- [options] [words]

Runs the stories whose name has all the words, such as: aria2, chain 4, private. All by default.
  --list     say which there are
  --soak     instead, 100 peers of ours on one client, who come and go, for --minutes (10)
  --help     say this`

const isStrict = Boolean(process.env.CI)

function nameOf({ kind, title, family }: Planned): string {
  return `${kind.name} ${title} ${family}`
}

function folderOf(planned: Planned): string {
  return nameOf(planned).replaceAll(' ', '-')
}

async function tell(planned: Planned, isSetUp: () => void): Promise<Result> {
  const { kind, title, family } = planned
  const version = kind.version()
  const base = { client: kind.name, version: version ?? '', story: title, family }
  if (version === undefined) {
    const reason = `not installed: ${kind.packageName}`
    return { ...base, outcome: isStrict ? 'failed' : 'skipped', reason, seconds: 0, claims: [], findings: {} }
  }
  const story = new Story({ name: folderOf(planned), kind, family }, planned.torrent)
  story.isSetUp = isSetUp
  let reason: string | undefined
  let findings: Result['findings'] = {}
  try {
    await story.open()
    await planned.tell(story)
    const { ours, theirs } = story.verdict()
    findings = theirs
    if (story.isJudged) story.note(`the observer finds nothing wrong with ours ${ours.slice(0, 3).join('; ')}`.trim(), ours.length === 0)
  } catch (error) {
    reason = (error as Error).message
  } finally {
    await story.close()
  }
  const { claims, seconds } = story
  return reason === undefined
    ? { ...base, outcome: 'passed', seconds, claims, findings }
    : { ...base, outcome: 'failed', reason, seconds, claims, findings }
}

/** Starts one after the other, and waits for all together. */
async function tellAll(stories: readonly Planned[]): Promise<readonly Result[]> {
  const waiting = [...stories]
  const results: Result[] = []
  const tellNext = async (): Promise<void> => {
    const next = waiting.shift()
    if (next === undefined) return
    let rest: Promise<void> | undefined
    const isSetUp = (): void => {
      rest ??= tellNext()
    }
    const result = await tell(next, isSetUp)
    isSetUp()
    results.push(result)
    const why = result.reason === undefined ? '' : `: ${result.reason}`
    console.log(`${result.outcome.padEnd(7)} ${result.seconds.toFixed(1).padStart(6)} s  ${nameOf(next)}${why}`)
    if (result.claims.length > 0 && result.outcome === 'failed') console.log(`        logs: build/interop/runs/${folderOf(next)}`)
    await rest
  }
  await Promise.all(Array.from({ length: setUpsAtOnce }, tellNext))
  const order = stories.map(nameOf)
  const place = ({ client, story, family }: Result): number => order.indexOf(`${client} ${story} ${family}`)
  return results.sort((a, b) => place(a) - place(b))
}

/** A run of some stories only leaves the results of the last whole run alone. */
function nameOfResults(isSoak: boolean, isPart: boolean): string {
  if (isSoak) return 'soak.json'
  return isPart ? 'part.json' : 'results.json'
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      help: { type: 'boolean' },
      list: { type: 'boolean' },
      soak: { type: 'boolean' },
      minutes: { type: 'string', default: '10' },
    },
  })
  if (values.help === true) {
    console.log(usage)
    return 0
  }
  const whole = values.soak === true ? soakPlan(Number(values.minutes)) : plan()
  const stories = whole.filter((planned) => positionals.every((word) => nameOf(planned).split(' ').includes(word)))
  if (values.list === true) {
    console.log(stories.map(nameOf).join('\n'))
    return 0
  }
  if (!isInsideNamespace()) {
    const code = runInNamespace()
    if (code !== undefined) return code
    console.log(`${isStrict ? 'failed' : 'skipped'}: this system lets us make no network namespaces (unshare, Linux only)`)
    return isStrict ? 1 : 0
  }
  await prepareNamespace()
  const results = await tellAll(stories)
  const count = (outcome: Result['outcome']): number => results.filter((result) => result.outcome === outcome).length
  const all: Results = { date: new Date().toISOString().slice(0, 10), node: process.version, seconds: Math.round(nowMs() / 1000), results }
  writeFileSync(join(makeFolder(), nameOfResults(values.soak === true, positionals.length > 0)), `${JSON.stringify(all, undefined, 1)}\n`)
  console.log(`${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`)
  return count('failed') === 0 ? 0 : 1
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1))
const code = await main()
await stopAllPrograms()
process.exit(code)
