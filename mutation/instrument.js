/**
 * Mutants of source files, all of them in one instrumented copy: each place that can be changed asks a switch which
 * mutant is active. The places are found, and the copy is written, by Stryker's instrumenter.
 */
import { readFileSync } from 'node:fs'
import { Instrumenter } from '@stryker-mutator/instrumenter'

const silent = { debug() {}, info() {}, warn() {}, isDebugEnabled: () => false }

/** What the instrumenter puts at the head of each file. Ours is quicker, and common to all files. */
const head =
  /function stryNS_9fa48\(\)[\s\S]*?\n}\nstryNS_9fa48\(\);\nfunction stryCov_9fa48[\s\S]*?\n}\nfunction stryMutAct_9fa48[\s\S]*?\n}\n/
const switches = "import { isActive as stryMutAct_9fa48, cover as stryCov_9fa48 } from 'mutation-switch'\n"

/** The instrumented texts by path, and the mutants: `{ id, fileName, line, mutator, before, after }`. */
export async function instrument(paths) {
  const files = paths.map((name) => ({ name, mutate: true, content: readFileSync(name, 'utf8') }))
  const options = { plugins: null, excludedMutations: [], ignorers: [], noHeader: false }
  const result = await new Instrumenter(silent).instrument(files, options)
  const texts = new Map()
  for (const { name, content } of result.files) {
    if (!head.test(content) && content.includes('stryMutAct_9fa48(')) throw new Error(`${name}: instrumented in another way than expected`)
    texts.set(name, content.replace(head, switches))
  }
  const sourceOf = new Map(files.map(({ name, content }) => [name, content.split('\n')]))
  const mutants = result.mutants.map(({ id, fileName, location, mutatorName, replacement }) => ({
    id,
    fileName,
    line: location.start.line + 1,
    mutator: mutatorName,
    before: textAt(sourceOf.get(fileName), location),
    after: replacement,
  }))
  return { texts, mutants }
}

function textAt(lines, { start, end }) {
  if (start.line === end.line) return lines[start.line].slice(start.column, end.column)
  return `${lines[start.line].slice(start.column)} …`
}
