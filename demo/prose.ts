/**
 * What the job says before and after the live view.
 */
import type { Chain } from './chain.ts'
import type { Outcome } from './ending.ts'
import { boundSeconds, type Options } from './options.ts'
import { dataByteLength } from './torrent.ts'

/** What is going to happen. */
export function opening(options: Options): string {
  const by = options.exchange === 'attach' ? 'peer exchange (PEX)' : 'the PEX of ut_pex 5'
  return (
    `${options.clients} WebTorrent clients in a chain: each is told of the one before it, no more. ` +
    `No tracker, no DHT, no local discovery: all others they must learn by ${by}. ` +
    `Client 1 has ${dataByteLength / 1024 / 1024} MiB of random data, the others want it.`
  )
}

/** How it went: one sentence, and what PEX did for it. */
export function summary(chain: Chain, atMs: number): readonly [headline: string, details: string] {
  const seconds = (atMs / 1000).toFixed(1)
  const headline = chain.complete
    ? `Complete in ${seconds} s: all ${chain.size} clients are connected to each other and have the data.`
    : `Not complete after ${seconds} s: ${chain.known} of ${chain.size * (chain.size - 1)} known, ${chain.verified} of ${chain.size} clients have the data.`
  const rest = chain.pairsToLearn - chain.learntByPex
  const called = chain.complete && rest > 0 ? `; ${rest === 1 ? 'one' : rest} called before it was told of` : ''
  return [headline, `PEX told ${chain.learntByPex} of the ${chain.pairsToLearn} addresses that nobody was given${called}.`]
}

/** Why the job ended without being complete. */
export function reasonToEnd(options: Options, outcome: Outcome): string {
  if (outcome === 'late') return `Gave up ${boundSeconds[options.exchange]} s after the start.`
  return outcome === 'failed' ? 'A client failed.' : `Ended by ${outcome}.`
}

/** Why this result was to be expected; empty when it was not. */
export function explanation(options: Options, outcome: Outcome): string {
  if (options.exchange !== 'ut_pex5' || outcome !== 'late') return ''
  return `
With ut_pex 5 this is to be expected: WebTorrent takes addresses by PEX but never
passes one on, so the chain stays a chain. Without --with ut_pex5 it completes.
`
}
