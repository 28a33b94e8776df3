/**
 * Runs tests against mutants, in a process of its own that can be killed: `node worker.js <bundle> [mutant]`, where a mutant
 * that is named is active from the start. The parent sends `{ task, … }` and gets one answer for each:
 *
 *     look   runs every test without a mutant: how long it takes, and which mutants' places it comes across
 *     try    runs some tests, in that order, with a mutant: which one fails first
 */
const { tests, state } = await import(process.argv[2])
const loaded = [...state.covered.keys()]
state.covered = undefined

process.on('message', async (message) => {
  process.send(message.task === 'look' ? await look() : await attempt(message))
})
process.send({ ready: true })

async function look() {
  const found = []
  for (const { title, run } of tests) {
    state.covered = new Map()
    state.steps = 0
    const error = await errorOf(run)
    const { steps } = state
    const covered = [...state.covered]
    state.covered = undefined
    const begun = performance.now()
    if (error === undefined) await errorOf(run)
    found.push({ title, steps, ms: performance.now() - begun, covered, error: error && String(error.stack) })
  }
  return { tests: found, loaded }
}

async function attempt({ id, order, limit, steps }) {
  state.active = id
  state.hits = 0
  state.limit = limit
  let foundBy
  for (const index of order) {
    state.steps = 0
    state.mostSteps = 100_000 + 20 * (steps?.[index] ?? Number.POSITIVE_INFINITY)
    const error = await errorOf(tests[index].run)
    if (error === undefined && state.hits <= limit) continue
    foundBy = index
    break
  }
  const loops = state.hits > limit || state.steps > state.mostSteps
  state.mostSteps = Number.POSITIVE_INFINITY
  state.active = ''
  return { id, foundBy, loops }
}

async function errorOf(run) {
  try {
    await run()
    return undefined
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
