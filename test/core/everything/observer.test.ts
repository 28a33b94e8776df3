/** The same schedules by chance, with the observer of `ut_pex/conformance` beside the oracle: two judges that share no code. */
import { describe, expect, test } from 'vitest'
import { type Clause, Observer } from '../../../src/conformance/index.ts'
import { Swarm } from '../../../src/core/index.ts'
import { faultOf, randomCase } from './schedules.ts'
import type { Ground } from './world.ts'

/** A turn may be left untaken for long here, so nobody speaks too late; and who left for good may be told to the end. */
function observerOf({ world }: Ground): Observer<number> {
  const { maxContacts, maxRecent, maxTold, minSendGapMs } = world.limits
  const rules = { maxContacts, maxRecent, maxHeld: maxTold, minGapMs: minSendGapMs, turnMs: Number.POSITIVE_INFINITY, requiresFlags: true }
  return new Observer<number>({ rules })
}

describe('200 schedules by chance', () => {
  const judged = new Map<string, number>()
  const findings: string[] = []
  for (let seed = 1; seed <= 200; seed++) {
    const { ground, schedule: all } = randomCase(seed)
    // What is shared is a fact of a connection here, there one of a contact.
    const schedule = all.filter((step) => !step.startsWith('S'))
    const observer = observerOf(ground)
    const fault = faultOf(Swarm, { ground, schedule }, { observer })
    if (fault !== undefined) findings.push(`seed ${seed}: ${fault}`)
    for (const { by, clause, message, seen } of observer.findings)
      if (by === 'local') findings.push(`seed ${seed}: ${clause} ${message} ${seen}`)
    for (const [clause, count] of Object.entries(observer.summary())) judged.set(clause, (judged.get(clause) ?? 0) + count.judged)
  }

  test('have no finding, clause by clause', () => {
    expect(findings.slice(0, 10)).toEqual([])
  })

  const sending: readonly Clause[] = [
    'N7',
    'N8',
    'N9',
    'N11',
    'N13',
    'N14',
    'N15',
    'N16',
    'N17',
    'N18',
    'N19',
    'N20',
    'N21',
    'N22',
    'N23',
    'N25',
    'N30',
    'N31',
  ]
  test.each(sending)('put %s to the test', (clause) => {
    expect(judged.get(clause)).toBeGreaterThan(20)
  })
})
