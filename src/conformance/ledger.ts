/** What was found, and how often each clause was judged: a clause that was never judged was not kept, only not broken. */

import { type Clause, clauses, type Severity } from './clauses.ts'

/** Whose deed it is: that of the node that the observer stands beside, or that of one of its peers. */
export type Side = 'local' | 'remote'

/** A clause that was broken. */
export interface Finding<Id> {
  readonly clause: Clause
  readonly severity: Severity
  /** The connection; undefined for a dial that belongs to none. */
  readonly connection: Id | undefined
  /** Who broke it. */
  readonly by: Side
  /** When, in milliseconds of the caller's clock. */
  readonly at: number
  /** What is wrong, in one sentence. */
  readonly message: string
  readonly expected: string
  readonly seen: string
}

/** How often a clause was judged, and how often it was found broken. A judgement concerns a message or a contact; those that find the same of one message are one. */
export interface Count {
  readonly judged: number
  readonly findings: number
}

export interface Where<Id> {
  readonly connection: Id | undefined
  readonly by: Side
  readonly at: number
}

export interface Words {
  readonly message: string
  readonly expected: string
  readonly seen: string
}

/** Contacts named in one finding; the rest is counted. */
const maxNamed = 5

export class Ledger<Id> {
  readonly findings: Finding<Id>[] = []
  readonly #maxFindings: number
  readonly #counts = new Map<Clause, { judged: number; findings: number }>()

  constructor(maxFindings: number) {
    this.#maxFindings = maxFindings
    for (const clause of Object.keys(clauses) as Clause[]) this.#counts.set(clause, { judged: 0, findings: 0 })
  }

  /** So many judgements found the clause kept. */
  kept(clause: Clause, count: number = 1): void {
    this.#counts.get(clause)!.judged += count
  }

  /** One judgement. The words are asked for only if the clause is broken. */
  judge(clause: Clause, where: Where<Id>, isKept: boolean, words: () => Words): void {
    const count = this.#counts.get(clause)!
    count.judged++
    if (isKept) return
    count.findings++
    if (this.findings.length >= this.#maxFindings) return
    const { connection, by, at } = where
    this.findings.push({ clause, severity: clauses[clause].severity, connection, by, at, ...words() })
  }

  /** A judgement of each contact, and one finding for all that break the clause. */
  judgeEach<Item>(
    clause: Clause,
    where: Where<Id>,
    contacts: readonly Item[],
    test: { readonly isKept: (contact: Item) => boolean; readonly nameOf: (contact: Item) => string },
    words: Omit<Words, 'seen'>,
  ): void {
    const offenders = contacts.filter((contact) => !test.isKept(contact))
    this.kept(clause, contacts.length - offenders.length)
    if (offenders.length === 0) return
    this.judge(clause, where, false, () => ({ ...words, seen: listed(offenders.map(test.nameOf)) }))
  }

  summary(): Readonly<Record<Clause, Count>> {
    const entries = [...this.#counts].map(([clause, { judged, findings }]) => [clause, { judged, findings }])
    return Object.fromEntries(entries) as Record<Clause, Count>
  }
}

/** A few names, and how many more there are. */
export function listed(names: readonly string[]): string {
  const rest = names.length - maxNamed
  return names.slice(0, maxNamed).join(', ') + (rest > 0 ? ` and ${rest} more` : '')
}
