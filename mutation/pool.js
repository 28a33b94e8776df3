/**
 * Mutants, tried by worker processes: each mutant on the tests that come across it until one fails, first those that found its
 * neighbours, then the quickest, for some seconds of tests at most.
 *
 * A mutant that does not come to an end is found as well: it has come to its own place far more often than without it, or
 * its process is killed. A mutant may spoil what tests share, so after every few the worker runs the quick tests without
 * any; if one fails, those few are tried again, each in a new process.
 */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('worker.js', import.meta.url))
const chunkLength = 40
/** Tests that take longer are not tried: a mutant that nobody notices would take minutes. */
const longestTestMs = 800
const quickMs = 20
/** Quick tests that found the last mutants, and are tried first on the next. */
const mostLikely = 4
/** Of all tests together, a mutant is tried for so long: it takes a minute to run those that come across one in a much used place. */
const longestTrialMs = 8_000

class Worker {
  #child
  #answer
  constructor(bundlePath, active = '') {
    this.#child = fork(program, [bundlePath, active], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    this.#child.on('message', (message) => this.#answer?.(message))
    this.#child.on('exit', () => this.#answer?.(undefined))
  }
  /** Undefined when there was none in time; the process is gone then. */
  #next(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.kill(), ms)
      this.#answer = (message) => {
        clearTimeout(timer)
        this.#answer = undefined
        resolve(message)
      }
    })
  }
  start(ms = 60_000) {
    return this.#next(ms)
  }
  ask(message, ms) {
    const answer = this.#next(ms)
    this.#child.send(message)
    return answer
  }
  kill() {
    this.#child.kill('SIGKILL')
  }
}

/** What each test comes across, and how long it takes. */
export async function look(bundlePath) {
  const worker = new Worker(bundlePath)
  await worker.start()
  const answer = await worker.ask({ task: 'look' }, 1_800_000)
  worker.kill()
  if (answer === undefined) throw new Error('the tests do not come to an end')
  const broken = answer.tests.filter(({ error }) => error !== undefined)
  if (broken.length > 0) throw new Error(`fails without a mutant: ${broken[0].title}\n${broken[0].error}`)
  return answer
}

/** For each mutant id: `{ outcome, foundBy }`; the outcome is `killed`, `timeout`, `survived` or `not covered`. */
export async function tryAll(bundlePath, ids, seen, { processes, onProgress }) {
  const { tests, loaded } = seen
  const steps = tests.map((test) => test.steps)
  const telling = await thatHoldAlone(bundlePath, mostTellingFirst(tests))
  const quickOrder = telling.filter(({ ms }) => ms < quickMs).map(({ index }) => index)
  const plans = planAll(ids, telling, new Set(loaded))
  const outcomes = new Map()
  const settle = (id, outcome, foundBy) => {
    outcomes.set(id, { outcome, foundBy: foundBy === undefined ? undefined : tests[foundBy].title })
    onProgress?.(outcomes)
  }
  const chunks = []
  const statics = []
  let chunk = []
  for (const id of ids) {
    const plan = plans.get(id)
    if (plan === undefined) settle(id, 'not covered')
    else if (plan.isStatic) statics.push([id])
    else if (chunk.push(id) === chunkLength) {
      chunks.push(chunk)
      chunk = []
    }
  }
  if (chunk.length > 0) chunks.push(chunk)
  chunks.push(...statics)

  const runChunk = async (list) => {
    const plan = plans.get(list[0])
    let worker = new Worker(bundlePath, plan.isStatic ? list[0] : '')
    const isUp = await worker.start(30_000)
    if (isUp === undefined) {
      for (const id of list) settle(id, 'killed')
      return
    }
    const found = []
    let finders = []
    for (const id of list) {
      const { order, limit, ms } = plans.get(id)
      const likely = finders.filter((index) => order.includes(index))
      const answer = await worker.ask({ task: 'try', id, order: [...likely, ...order], limit, steps }, 5_000 + 4 * ms)
      const by = answer?.foundBy
      if (by !== undefined && tests[by].ms < quickMs) finders = [by, ...finders.filter((index) => index !== by)].slice(0, mostLikely)
      if (answer === undefined) {
        found.push([id, 'timeout'])
        worker = new Worker(bundlePath)
        await worker.start()
      } else found.push([id, answer.loops ? 'timeout' : answer.foundBy === undefined ? 'survived' : 'killed', answer.foundBy])
    }
    if (list.length > 1) {
      const check = await worker.ask({ task: 'try', id: '', order: quickOrder, limit: Infinity }, 120_000)
      if (check === undefined || check.foundBy !== undefined) {
        worker.kill()
        chunks.push(...list.map((id) => [id]))
        return
      }
    }
    worker.kill()
    for (const [id, outcome, foundBy] of found) settle(id, outcome, foundBy)
  }
  await Promise.all(
    Array.from({ length: processes }, async () => {
      for (let next = chunks.shift(); next !== undefined; next = chunks.shift()) await runChunk(next)
    }),
  )
  return outcomes
}

/**
 * Tests that can be tried, the most telling first: the quick ones, then the first row of each table, then the second, because rows of
 * one table, blocks of the same random lives say, mostly find the same.
 */
function mostTellingFirst(tests) {
  const counts = new Map()
  return tests
    .map((test, index) => ({ ...test, index }))
    .filter(({ ms }) => ms <= longestTestMs)
    .sort((a, b) => a.ms - b.ms)
    .map((test) => {
      if (test.ms < quickMs) return { ...test, row: 0 }
      const table = test.title.replace(/ #\d+$/, '')
      const row = (counts.get(table) ?? 0) + 1
      counts.set(table, row)
      return { ...test, row }
    })
    .sort((a, b) => a.row - b.row || a.ms - b.ms)
}

/**
 * These tests, but for those that sum up what others have seen, and fail alone. A quick one that fails when all have run has been
 * spoilt by another one: after every few mutants it would seem that these had spoilt it, and each be tried again alone.
 */
async function thatHoldAlone(bundlePath, tests) {
  const worker = new Worker(bundlePath)
  await worker.start()
  const holds = async ({ index }) => {
    const answer = await worker.ask({ task: 'try', id: '', order: [index], limit: Number.POSITIVE_INFINITY }, 60_000)
    return answer !== undefined && answer.foundBy === undefined
  }
  const held = []
  for (const test of tests) if (await holds(test)) held.push(test)
  for (const test of held) {
    if (test.ms < quickMs && !(await holds(test))) throw new Error(`fails after other tests: ${test.title}`)
  }
  worker.kill()
  return held
}

/** Which tests a mutant is tried on, and for how long; undefined for one that no test comes across. */
function planAll(ids, telling, statics) {
  const plans = new Map(ids.map((id) => [id, { order: [], hits: 0, ms: 0, isStatic: false }]))
  const add = (plan, { index, ms }) => {
    if (plan.ms + ms > longestTrialMs) return
    plan.order.push(index)
    plan.ms += ms
  }
  for (const test of telling) {
    for (const [id, hits] of test.covered) {
      const plan = plans.get(id)
      if (plan === undefined) continue
      add(plan, test)
      plan.hits = Math.max(plan.hits, hits)
    }
  }
  for (const [id, plan] of plans) {
    // What runs while the tests are loaded, and never again, may show in any test: a process for each.
    plan.isStatic = plan.order.length === 0 && statics.has(id)
    if (plan.isStatic) for (const test of telling) add(plan, test)
    plan.limit = 1_000 + 20 * plan.hits
    if (plan.order.length === 0) plans.delete(id)
  }
  return plans
}
