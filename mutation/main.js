/**
 * `npm run mutation [-- path …]`: which changes of the core and the codec no test notices.
 *
 * Every mutant, one change of the source, is tried on the tests of the core and the codec. The share that some test
 * finds is the score. First the run itself is tried on a fixture of which the outcome is known. Writes `mutation/RESULTS.md`
 * when all files were tried; with paths it prints only.
 *
 * `--again` tries those alone that were not found at the last run, and of which nobody has said why (`reasons.json`), as far as their
 * files are the same; the others count as they did. So tests may have been added since, but none may have been taken away.
 */
import { deepStrictEqual } from 'node:assert/strict'
import { mkdirSync, readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { bundle } from './bundle.js'
import { Findings } from './findings.js'
import { instrument } from './instrument.js'
import { look, tryAll } from './pool.js'
import { printSurvivors, reasonOf, writeResults } from './results.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const output = resolve(root, 'build/mutation')
const processes = availableParallelism()

/** Tests that need another way to load modules, or a measure of their own. */
const leftOut = ['.slow.test.ts', 'core/timeline/faults.test.ts', '/complexity.test.ts', 'threats/host.test.ts', 'threats/document.test.ts']

const filesIn = (folder, ending) =>
  readdirSync(resolve(root, folder), { recursive: true })
    .map((name) => resolve(root, folder, name))
    .filter((path) => path.endsWith(ending) && !leftOut.some((part) => path.endsWith(part)))
    .sort()

async function run(name, sources, tests, findings = new Findings()) {
  mkdirSync(output, { recursive: true })
  const { texts, mutants } = await instrument(sources)
  const path = resolve(output, `${name}.mjs`)
  await bundle(tests, texts, path)
  const seen = await look(path)
  const begun = performance.now()
  let printed = begun
  const onProgress = (outcomes) => {
    if (performance.now() - printed < 10_000) return
    printed = performance.now()
    findings.save(mutants, outcomes)
    const survived = [...outcomes.values()].filter(({ outcome }) => outcome === 'survived').length
    console.error(`${Math.round((printed - begun) / 1000)} s: ${outcomes.size} of ${mutants.length} mutants, ${survived} survived`)
  }
  const known = findings.of(mutants, (mutant) => reasonOf(mutant) !== undefined)
  const ids = mutants.map(({ id }) => id).filter((id) => !known.has(id))
  const outcomes = new Map([...known, ...(await tryAll(path, ids, seen, { processes, onProgress }))])
  findings.save(mutants, outcomes)
  return mutants.map((mutant) => ({ ...mutant, fileName: relative(root, mutant.fileName), ...outcomes.get(mutant.id) }))
}

/** A run that finds what cannot be found, or misses what must be, says nothing of the tests. */
async function tryFixture() {
  const folder = resolve(root, 'mutation/fixture')
  const found = await run('fixture', [`${folder}/code.ts`], [`${folder}/code.test.ts`])
  const lineOf = { tested: 3, untested: 7, loops: 12, atLoad: 16 }
  const outcomesAt = (line) => new Set(found.filter((mutant) => mutant.line === line).map(({ outcome }) => outcome))
  deepStrictEqual(outcomesAt(lineOf.tested), new Set(['killed']))
  deepStrictEqual(outcomesAt(lineOf.untested), new Set(['survived']))
  deepStrictEqual(outcomesAt(lineOf.loops), new Set(['killed', 'timeout']))
  deepStrictEqual(outcomesAt(lineOf.atLoad), new Set(['killed']))
}

await tryFixture()
const { values, positionals } = parseArgs({ allowPositionals: true, options: { again: { type: 'boolean' } } })
const paths = positionals.map((path) => resolve(root, path))
const sources = paths.length > 0 ? paths : [...filesIn('src/codec', '.ts'), ...filesIn('src/core', '.ts')]
const tests = ['test/codec', 'test/core', 'test/threats'].flatMap((folder) => filesIn(folder, '.test.ts'))
const mutants = await run('mutants', sources, tests, new Findings(resolve(output, 'findings.json'), values.again === true))
printSurvivors(mutants)
if (paths.length === 0) writeResults(mutants)
