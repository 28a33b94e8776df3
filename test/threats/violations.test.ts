/** Is `docs/violations.md` complete? It is compared with the union in the source, and every code is made to come. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { bencoded, fromText } from '../codec/bytes.ts'
import { many, Scene } from './scene.ts'

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const sorted = (texts: Iterable<string>): string[] => [...texts].toSorted()

/** The members of a union of strings. */
function codesOf(path: string, type: string): string[] {
  const declaration =
    read(path)
      .split(`export type ${type} =`)[1]
      ?.split(/\n(?:\n|\/\*\*|export)/)[0] ?? ''
  return sorted([...declaration.matchAll(/^ {2}\| '([a-z-]+)'/gm)].map(([, code]) => code as string))
}

/** The codes of the rows below a heading, all columns of which say something. */
function rowsOf(heading: string): string[] {
  const section = read('docs/violations.md').split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
  return sorted([...section.matchAll(/^\| `([a-z-]+)` \| [^|]+ \| [^|]+ \| [^|]+ \|$/gm)].map(([, code]) => code as string))
}

const faults = codesOf('src/codec/message.ts', 'MessageFault')
const violations = codesOf('src/core/violation.ts', 'ViolationCode')

test('every fault of a message has its row, and every other violation has one', () => {
  expect([faults.length, violations.length]).toEqual([7, 13])
  expect(rowsOf('Faults of a message')).toEqual(faults)
  expect(sorted([...rowsOf('Rules'), ...faults])).toEqual(violations)
})

test('each of them comes, and no other', () => {
  const scene = new Scene()
  scene.connect('a')
  const one = bencoded('\x1e\0\0\x01\x1a\xe1')
  const messages = [
    'x',
    'd5:addedi1ee',
    'd5:added5:xxxxxe',
    `d5:added${one}7:added.f0:e`,
    `d5:added${one}5:added${one}e`,
    `d1:b0:5:added${one}e`,
    `d5:added${one}ex`,
  ].map(fromText)
  for (const message of [...messages, new Uint8Array(40_000)]) {
    scene.say('a', message)
    scene.now += 60_000
  }
  scene.say('a', { added: [...many(101), '127.0.0.1:6881'], dropped: many(1, 9) })
  scene.now += 60_000
  scene.say('a', { added: ['127.0.0.1:6881'] })
  for (let count = 0; count < 16; count++) scene.say('a', {})
  expect(sorted(Object.keys(scene.takeViolations()))).toEqual(violations)
})

test('the documents that users read lead to it', () => {
  for (const path of ['README.md', 'SECURITY.md']) expect(read(path)).toContain('docs/violations.md')
})
