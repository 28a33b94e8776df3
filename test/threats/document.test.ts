/** Is `SECURITY.md` true about its tests? Each row has a test whose title begins with it, in the files that it names and in no other. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { faults } from './faults.ts'

const here = new URL('./', import.meta.url)
const document = readFileSync(new URL('../../SECURITY.md', here), 'utf8')
const rowNames = Array.from({ length: 23 }, (_, index) => `T${index + 1}`)

/** By file: the rows that its tests begin with. */
const tested = new Map<string, Set<string>>()
for (const file of readdirSync(here).filter((name) => name.endsWith('.test.ts'))) {
  const titles = readFileSync(new URL(file, here), 'utf8').matchAll(/^describe(?:\.\w+)?\('(T\d+) /gm)
  const rows = new Set([...titles].map(([, row]) => row as string))
  if (rows.size > 0) tested.set(file, rows)
}

/** What is not true of the table, one sentence each. */
function offencesOf(text: string): string[] {
  const rows = [...text.matchAll(/^\| (T\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$/gm)]
  const names = rows.map(([, name]) => name as string)
  const offences = names.join() === rowNames.join() ? [] : [`the rows are ${names.join()}`]
  for (const [, name = '', , , files = ''] of rows) {
    const named = [...files.matchAll(/`([^`]+)`/g)].map(([, file]) => file as string)
    const having = [...tested].filter(([, found]) => found.has(name)).map(([file]) => file)
    if (named.toSorted().join() !== having.toSorted().join()) offences.push(`${name} is tested in ${having.join(' and ')}`)
    if (!faults.some(({ row }) => row === name)) offences.push(`${name} is without a planted fault`)
  }
  return offences
}

test('SECURITY.md names each row of the threat model, and where it is tested', () => {
  expect(offencesOf(document)).toEqual([])
})

describe('it is noticed when', () => {
  const line = document.split('\n').find((text) => text.startsWith('| T12 |')) as string

  test.each([
    ['a row is missing', line, '', /^the rows are T1,.*T11,T13/],
    ['a row has no test', '`messages.test.ts` |\n| T13', 'by hand |\n| T13', /^T12 is tested in messages\.test\.ts/],
    ['a test is elsewhere', '`messages.test.ts` |\n| T13', '`flood.test.ts` |\n| T13', /^T12 is tested in messages\.test\.ts/],
  ])('%s', (_title, find, replace, offence) => {
    expect(document).toContain(find)
    expect(offencesOf(document.replace(find, replace)).join('\n')).toMatch(offence)
  })
})
