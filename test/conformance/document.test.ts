/**
 * Is `docs/conformance.md` true? Every file that it names exists, every title that it quotes stands in the file before it, and each
 * clause has its row: with the words of the code, who keeps it, a test that shows it, and a planted fault that is found.
 */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type Clause, clauses } from '../../src/conformance/index.ts'

const root = new URL('../../', import.meta.url)
const document = readFileSync(new URL('docs/conformance.md', root), 'utf8')

/** A file of the repository; undefined if there is none. */
type Read = (path: string) => string | undefined
const texts = new Map<string, string | undefined>()
const read: Read = (path) => {
  if (!texts.has(path)) texts.set(path, existsSync(new URL(path, root)) ? readFileSync(new URL(path, root), 'utf8') : undefined)
  return texts.get(path)
}

interface Row {
  readonly name: string
  readonly severity: string
  readonly text: string
  readonly keptBy: string
  readonly shownBy: string
  readonly planted: string
}

function rowsOf(text: string): Row[] {
  const lines = text.matchAll(/^\| (N\d+), (\w+) \| (.*) \| (.*) \| (.*) \| (.*) \|$/gm)
  return [...lines].map(([, name = '', severity = '', rule = '', keptBy = '', shownBy = '', planted = '']) => {
    return { name, severity, text: rule, keptBy, shownBy, planted }
  })
}

/** The files that are named, and the titles quoted after each. */
function referencesOf(text: string): { readonly path: string; readonly titles: readonly string[] }[] {
  const references: { path: string; titles: string[] }[] = []
  for (const [, path, title] of text.matchAll(/`((?:src|test|docs|fuzz|bench)\/[^`]+\.\w+)`|“([^”]+)”/g)) {
    if (path !== undefined) references.push({ path, titles: [] })
    else references.at(-1)?.titles.push(title as string)
  }
  return references
}

/** What is not true in a document, one sentence each. */
function offencesOf(text: string, read: Read): string[] {
  const rows = rowsOf(text)
  const offences: string[] = []
  const names = rows.map(({ name }) => name).join()
  if (names !== Object.keys(clauses).join()) offences.push(`the clauses are ${names}`)
  for (const { keptBy, name, planted, severity, shownBy, text: rule } of rows) {
    const clause = clauses[name as Clause]
    if (clause?.severity !== severity || clause.text !== rule) offences.push(`${name} reads otherwise in the code`)
    if (!referencesOf(keptBy).some(({ path }) => path.startsWith('src/'))) offences.push(`${name} is kept by nobody`)
    for (const [cell, what] of [
      [shownBy, 'shown by no test'],
      [planted, 'without a planted fault'],
    ] as const) {
      if (!referencesOf(cell).some(({ path, titles }) => path.startsWith('test/') && titles.length > 0)) offences.push(`${name} is ${what}`)
    }
  }
  for (const { path, titles } of referencesOf(text)) {
    const content = read(path)
    if (content === undefined) offences.push(`there is no ${path}`)
    else for (const title of titles) if (!content.includes(title)) offences.push(`${path} has no “${title}”`)
  }
  return offences
}

test('the document on conformance says what is so', () => {
  expect(offencesOf(document, read)).toEqual([])
  expect(rowsOf(document)).toHaveLength(31)
})

describe('it is noticed when', () => {
  const row = rowsOf(document)[6] as Row
  const line = document.split('\n').find((text) => text.startsWith('| N7,')) as string

  test.each([
    ['a clause is missing', line, '', /the clauses are N1,N2,N3,N4,N5,N6,N8/],
    ['a clause is there twice', line, `${line}\n${line}`, /N6,N7,N7,N8/],
    ['a rule is worded otherwise', row.text, 'Flag 0x01 is nice to have.', /^N7 reads otherwise/],
    ['its weight is another', '| N7, must', '| N7, may', /^N7 reads otherwise/],
    ['nobody keeps it', row.keptBy, '–', /^N7 is kept by nobody/],
    ['no test shows it', row.shownBy, '–', /^N7 is shown by no test/],
    ['a test has no title', row.shownBy, '`test/conformance/clause-cases.ts`', /^N7 is shown by no test/],
    ['no fault was planted', row.planted, '', /^N7 is without a planted fault/],
    ['a file is not there', '`src/core/connection.ts` | `test', '`src/core/connexion.ts` | `test', /there is no src\/core\/connexion\.ts/],
    ['a test has another title now', '“e is not heeded”', '“e is not heard”', /faults\.slow\.test\.ts has no “e is not heard”/],
  ])('%s', (_name, find, replace, offence) => {
    expect(document).toContain(find)
    expect(offencesOf(document.replace(find, replace), read).join('\n')).toMatch(offence)
  })
})
