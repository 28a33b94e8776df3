/**
 * The table: for each clause streams of messages that break just that clause, and twins beside them that break none.
 *
 * Some of a clause cannot be seen from outside, so no stream breaks it here; `docs/conformance.md` names the tests that show it:
 *
 *     N4   that flags are optional shows only where the node reports all that it takes (`isReporting`)
 *     N24  that a flood is bounded: who is hung up on is seen, what a flood costs is not
 *     N26  that nothing throws, loops or grows: what is reported is seen, nothing else
 *     N29  whom to ask first of several sources is the node's affair: only contacts of one source are compared
 */
import { describe, expect, test } from 'vitest'
import { type Clause, clauses, type Finding } from '../../src/conformance/index.ts'
import { type ClauseCase, messageCases } from './clause-cases.ts'
import { receivingCases } from './receiving-cases.ts'
import { Scene } from './scene.ts'
import { truthCases } from './truth-cases.ts'

const all: readonly ClauseCase[] = [...messageCases, ...truthCases, ...receivingCases]

const isLookedAt =
  ({ peer }: ClauseCase) =>
  ({ by }: Finding<string>): boolean =>
    by === 'local' || peer !== 'breaks others'

describe('a stream that breaks one clause is found with just that clause', () => {
  test.each(all)('$clause: $title', (clauseCase) => {
    const { findings } = new Scene(clauseCase.options).play(clauseCase.broken).observer
    const found = findings.filter(isLookedAt(clauseCase)).map(({ by, clause }) => `${clause} ${by}`)
    expect([...new Set(found)]).toEqual([`${clauseCase.clause} ${clauseCase.peer === 'breaks it' ? 'remote' : 'local'}`])
  })
})

describe('its twin that keeps the clause has no finding, and the clause was judged', () => {
  test.each(all)('$clause: $title', (clauseCase) => {
    const { observer } = new Scene(clauseCase.options).play(clauseCase.kept)
    expect(observer.findings.filter(isLookedAt(clauseCase))).toEqual([])
    expect(observer.summary()[clauseCase.clause].judged).toBeGreaterThan(0)
  })
})

test('every clause has a stream that breaks it', () => {
  const found = new Set(all.map(({ clause }) => clause))
  expect((Object.keys(clauses) as Clause[]).filter((clause) => !found.has(clause))).toEqual([])
})

test('a finding says who, when and what, with the weight of its clause, and is counted', () => {
  const { observer } = new Scene().play('join A; join B id=0; wait 3; A < +B/30')
  expect(observer.findings).toEqual([
    {
      clause: 'N12',
      severity: 'must',
      connection: 'A',
      by: 'local',
      at: 3000,
      message: 'Reserved flags are set.',
      expected: 'bits 0x20, 0x40 and 0x80 are 0',
      seen: '203.0.113.2:6881',
    },
  ])
  expect(observer.summary().N12).toEqual({ judged: 1, findings: 1 })
})
