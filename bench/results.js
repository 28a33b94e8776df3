/** Writes RESULTS.md: each goal beside what the benchmarks have measured, and what else they have. And the charts of the README. */
import { writeFileSync } from 'node:fs'
import { drawCharts } from './kit/chart.js'
import { sections } from './kit/goals.js'
import { readRecords } from './kit/record.js'
import { format } from './kit/rounds.js'

const { figures, runs } = readRecords()
const figureOf = (key) => figures[key] ?? Number.NaN

const lines = [
  '# Measured',
  '',
  'Written by `npm run bench:results` from the last run of each benchmark. Times are CPU time; all contestants of a comparison run in turns,',
  'and the ratio of their medians is what counts: absolute times change with the machine, and with who else uses it.',
  '“ut_pex 5” is ut_pex 5.0.2; “C++” is [a reference of our own](cpp/reference.cpp) on libtorrent’s bencode, built with -O2.',
  '',
  '| benchmark | date | machine | Node | commit |',
  '|---|---|---|---|---|',
  ...runs.map(({ name, date, machine, node, commit }) => `| ${name} | ${date} | ${machine} | ${node} | ${commit} |`),
]

for (const [title, goals] of Object.entries(sections)) {
  lines.push('', `## ${title}`, '', '| what | goal | measured | |', '|---|---|---|---|')
  for (const { what, goal, figure, holds, show } of goals) {
    const value = figure(figureOf)
    const isKnown = Number.isFinite(value)
    lines.push(
      `| ${what} | ${goal} | ${isKnown ? show(value) : 'not measured'} | ${isKnown ? (holds(value) ? 'holds' : '**missed**') : ''} |`,
    )
  }
}

lines.push('', '## All figures', '', '| figure | value |', '|---|---|')
for (const [key, value] of Object.entries(figures)) lines.push(`| ${key} | ${format(value)} |`)

writeFileSync(new URL('RESULTS.md', import.meta.url), `${lines.join('\n')}\n`)
for (const [theme, drawing] of Object.entries(drawCharts(figureOf))) {
  writeFileSync(new URL(`../docs/bench-${theme}.svg`, import.meta.url), drawing)
}
console.log('bench/RESULTS.md and docs/bench-*.svg are written')
