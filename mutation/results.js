/** What a mutation run found, as text. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'

const isFound = ({ outcome }) => outcome === 'killed' || outcome === 'timeout'
const scoreOf = (mutants) => (100 * mutants.filter(isFound).length) / mutants.length

/** A line for each mutant that no test noticed, then the score. */
export function printSurvivors(mutants) {
  for (const { fileName, line, before, after, outcome } of mutants.filter((mutant) => !isFound(mutant))) {
    console.log(`${fileName}:${line}  ${outcome}  ${oneLine(before)}  →  ${oneLine(after)}`)
  }
  console.log(`${mutants.length} mutants, ${mutants.filter(isFound).length} found: ${scoreOf(mutants).toFixed(1)} %`)
}

function oneLine(text) {
  const line = text.replace(/\s+/g, ' ')
  return line.length > 90 ? `${line.slice(0, 87)}…` : line
}

/** Writes the page: a table of the files, and each mutant that no test noticed with the reason why none can, or should. */
export function writeResults(mutants) {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  const files = [...new Set(mutants.map(({ fileName }) => fileName))]
  const rows = [...files.map((file) => [`\`${file}\``, mutants.filter(({ fileName }) => fileName === file)]), ['all', mutants]]
  const left = mutants.filter((mutant) => !isFound(mutant))
  const lines = [
    '# Mutants',
    '',
    'Written by `npm run mutation`: every mutant is one change of the source of the core or the codec; it is found when a test of',
    'theirs fails, or does not come to an end. The other tests (wires, WebTorrent, the day of 200 peers, fuzzing) are not asked.',
    '',
    `${new Date().toISOString().slice(0, 10)}, Node ${process.version}, commit ${commit}: **${scoreOf(mutants).toFixed(1)} %** of ${mutants.length} are found.`,
    '',
    '| file | mutants | found | of these by time | not found | not covered | score |',
    '|---|---|---|---|---|---|---|',
    ...rows.map(([name, list]) => {
      const count = (outcome) => list.filter((mutant) => mutant.outcome === outcome).length
      const cells = [list.length, list.filter(isFound).length, count('timeout'), count('survived'), count('not covered')]
      return `| ${name} | ${cells.join(' | ')} | ${scoreOf(list).toFixed(1)} % |`
    }),
    '',
    '## Not found',
    '',
    ...left.map((mutant) => {
      const { fileName, line, before, after } = mutant
      return `- \`${fileName}:${line}\` ${code(before)} → ${code(after)}: ${reasonOf(mutant) ?? 'not explained yet'}`
    }),
    '',
  ]
  writeFileSync(new URL('RESULTS.md', import.meta.url), lines.join('\n'))
}

function code(text) {
  return `\`\` ${oneLine(text)} \`\``
}

const reasons = JSON.parse(readFileSync(new URL('reasons.json', import.meta.url), 'utf8'))

/** Why no test finds this mutant, if that is known. A reason holds for a change of that text in that file, wherever it has moved. */
export function reasonOf({ fileName, before, after }) {
  const found = reasons.find(
    (reason) =>
      fileName.endsWith(reason.file) &&
      oneLine(reason.before) === oneLine(before) &&
      (reason.after === undefined || oneLine(reason.after) === oneLine(after)),
  )
  return found?.why
}
