/** What a run of the suite found, as it is written to files. */
import type { Claim } from './story.ts'

export interface Result {
  readonly client: string
  readonly version: string
  readonly story: string
  readonly family: 4 | 6
  readonly outcome: 'passed' | 'failed' | 'skipped'
  /** Why it failed or was skipped. */
  readonly reason?: string
  readonly seconds: number
  readonly claims: readonly Claim[]
  /** What the observer found of the client: how often, by clause of docs/conformance.md. */
  readonly findings: Readonly<Record<string, number>>
}

export interface Results {
  /** ISO 8601, the day only. */
  readonly date: string
  readonly node: string
  readonly seconds: number
  readonly results: readonly Result[]
  /** The last run with `--soak`. */
  readonly soak?: Results | undefined
}
