/**
 * The command line of the job.
 */
import { parseArgs } from 'node:util'
import type { Exchange } from './messages.ts'

export const clientCount = { least: 2, most: 24, default: 6 } as const

/**
 * Seconds after which the job gives up. With ut_pex 5 nobody is ever told of anybody: all that can happen has happened after
 * a few seconds, when the data has gone down the chain.
 */
export const boundSeconds = { attach: 90, ut_pex5: 30 } as const

export interface Options {
  readonly clients: number
  readonly exchange: Exchange
  /** One line of JSON instead of everything else. */
  readonly json: boolean
}

export type CommandLine =
  | { readonly kind: 'run'; readonly options: Options }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly reason: string }

export const help: string = `Peer exchange among real WebTorrent clients, live.

Starts WebTorrent clients, each in its own process on this machine, without tracker, DHT
or local discovery. Each is told of exactly one other client, and the first has some data.
All the rest they must learn from each other, by peer exchange (PEX, BEP 11). Ends with
exit code 0 when every client is connected to all others and has the data, and with 1,
saying what is missing, after ${boundSeconds.attach} s at most.

Usage: npm start -- [options]

  --clients N      number of clients, ${clientCount.least} to ${clientCount.most} (default ${clientCount.default})
  --with ut_pex5   WebTorrent as it is, with the released ut_pex 5, to see the difference:
                   it takes addresses but never passes one on. Gives up after ${boundSeconds.ut_pex5} s.
  --json           print one line of JSON at the end and nothing else:
                     clients      how many there were
                     complete     whether all know all others and have the data
                     seconds      from the moment when all clients listened
                     learntByPex  pairs (client, other) in which the client learnt the
                                  other's address by PEX
                     downloaded   clients that have the verified data, with the first
  --help           print this
`

/** Reads the arguments after the script's name. Never throws. */
export function readCommandLine(args: readonly string[]): CommandLine {
  const parsed = parse(args)
  if (typeof parsed === 'string') return { kind: 'wrong', reason: parsed }
  if (parsed.help === true) return { kind: 'help' }
  const clients = parsed.clients ?? String(clientCount.default)
  if (!/^\d{1,4}$/.test(clients) || Number(clients) < clientCount.least || Number(clients) > clientCount.most) {
    return { kind: 'wrong', reason: `--clients must be a whole number from ${clientCount.least} to ${clientCount.most}, not '${clients}'` }
  }
  if (parsed.with !== undefined && parsed.with !== 'ut_pex5') {
    return { kind: 'wrong', reason: `--with must be 'ut_pex5', not '${parsed.with}'` }
  }
  return { kind: 'run', options: { clients: Number(clients), exchange: parsed.with ?? 'attach', json: parsed.json ?? false } }
}

interface Values {
  readonly clients?: string | undefined
  readonly with?: string | undefined
  readonly json?: boolean | undefined
  readonly help?: boolean | undefined
}

/** The values given, or why they cannot be read. */
function parse(args: readonly string[]): Values | string {
  try {
    return parseArgs({
      args: [...args],
      options: {
        clients: { type: 'string' },
        with: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
