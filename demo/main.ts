/**
 * The main job, `npm start`: real WebTorrent clients, each told of one other, find all others by peer exchange.
 *
 *     make a torrent → start the clients → tell each of one other → watch → say what came of it
 *
 * Exit codes: 0 complete, 1 not, 2 wrong arguments, 128 + n when ended by signal n.
 */
import { writeFile } from 'node:fs/promises'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'
import { Chain, missing } from './chain.ts'
import { Ending, type Outcome } from './ending.ts'
import { peerIdOf, type StartOrder } from './messages.ts'
import { boundSeconds, help, type Options, readCommandLine } from './options.ts'
import { picture } from './picture.ts'
import { type Processes, startProcesses } from './processes.ts'
import { explanation, opening, reasonToEnd, summary } from './prose.ts'
import { terminalOf, wrap } from './terminal.ts'
import { type DemoTorrent, dataByteLength, makeTorrent } from './torrent.ts'
import { noView, viewOn } from './view.ts'

const viewIntervalMs = 100

/**
 * Seconds that the first client takes to give its data away, unless it may hurry, which it may when all know each other. Seeds are
 * not told of seeds (they have nothing to give each other), so clients that had everything before they knew everybody would stay
 * strangers. With ut_pex 5 they stay strangers anyway.
 */
const paceSeconds = { attach: 40, ut_pex5: 12 } as const

/** When all know each other, milliseconds until it may hurry: the last connections get their first messages, a second after the handshake. */
const lastWordsMs = 1500

async function main(args: readonly string[]): Promise<number> {
  const commandLine = readCommandLine(args)
  switch (commandLine.kind) {
    case 'help':
      process.stdout.write(help)
      return 0
    case 'wrong':
      process.stderr.write(`${commandLine.reason}\nSee --help.\n`)
      return 2
    case 'run':
      return run(commandLine.options)
    default:
      return commandLine satisfies never
  }
}

async function run(options: Options): Promise<number> {
  const torrent = makeTorrent()
  const chain = new Chain(options.clients, torrent.digest)
  const ending = new Ending(boundSeconds[options.exchange] * 1000)
  const view = options.json ? noView : viewOn(process.stdout)
  let goAt: number | undefined
  let hurry: NodeJS.Timeout | undefined
  const elapsedMs = (): number | undefined => (goAt === undefined ? undefined : performance.now() - goAt)

  if (!options.json) say(opening(options))
  const processes = startProcesses(options.clients, (number, report) => {
    if (ending.outcome !== undefined) return
    chain.handleReport(number, report)
    if (goAt === undefined && chain.allListen) {
      goAt = performance.now()
      introduce(chain, processes, dataByteLength / paceSeconds[options.exchange])
    }
    if (chain.allKnown) hurry ??= setTimeout(() => processes.send(1, { type: 'hurry' }), lastWordsMs)
    if (chain.complete) ending.end('complete')
    if (chain.failed) ending.end('failed')
  })
  for (let number = 1; number <= options.clients; number++) processes.send(number, startOrder(number, options, torrent))

  const redraw = setInterval(() => view.show(chain, elapsedMs()), viewIntervalMs)
  const outcome = await ending.reached
  const atMs = elapsedMs()
  clearInterval(redraw)
  clearTimeout(hurry)
  view.close(chain, atMs)
  await processes.stop()
  await conclude(options, chain, { outcome, atMs: atMs ?? 0 })
  return exitCodeOf(outcome)
}

function startOrder(number: number, options: Options, torrent: DemoTorrent): StartOrder {
  return {
    type: 'start',
    exchange: options.exchange,
    peerId: peerIdOf(number),
    torrent: Buffer.from(torrent.file).toString('base64'),
    key: number === 1 ? torrent.key : undefined,
  }
}

/** The chain: client 2 is told of client 1, client 3 of client 2, … All at the same time. Client 1 reads its data at that pace. */
function introduce(chain: Chain, processes: Processes, bytesPerSecond: number): void {
  let before: number | undefined
  for (const { number, port } of chain.clients) {
    const peer = before === undefined ? undefined : `127.0.0.1:${before}`
    processes.send(number, { type: 'go', peer, bytesPerSecond: number === 1 ? bytesPerSecond : undefined })
    before = port
  }
}

interface Result {
  readonly outcome: Outcome
  readonly atMs: number
}

/** Says what came of it: on standard output, and what is missing on standard error. */
async function conclude(options: Options, chain: Chain, result: Result): Promise<void> {
  const { clients, complete, learntByPex, verified } = chain
  if (options.json) {
    const seconds = Math.round(result.atMs / 100) / 10
    process.stdout.write(`${JSON.stringify({ clients: clients.length, complete, seconds, learntByPex, downloaded: verified })}\n`)
  } else {
    const [headline, details] = summary(chain, result.atMs)
    say(`${headline}\n${details}`)
    if (!interrupted(result.outcome)) {
      process.stdout.write(`Who told whom, as a picture: ${await drawPicture(options, chain, headline)}\n`)
    }
  }
  if (complete) return
  const lines = interrupted(result.outcome) ? [] : ['Missing:', ...missing(clients).map((line) => `  ${line}`)]
  process.stderr.write(`\n${reasonToEnd(options, result.outcome)} ${lines.join('\n')}\n${explanation(options, result.outcome)}`)
}

/** Prints a paragraph, and an empty line after it. */
function say(text: string): void {
  process.stdout.write(`${wrap(text, terminalOf(process.stdout, process.env))}\n\n`)
}

/** Writes the picture next to this script; answers its path. */
async function drawPicture(options: Options, chain: Chain, headline: string): Promise<string> {
  const isNew = options.exchange === 'attach'
  const name = isNew ? 'who-told-whom.svg' : 'who-told-whom-ut_pex5.svg'
  const path = fileURLToPath(new URL(name, import.meta.url))
  await writeFile(path, picture({ clients: chain.clients, headline: isNew ? headline : `With ut_pex 5. ${headline}` }))
  return path
}

function interrupted(outcome: Outcome): outcome is Outcome & NodeJS.Signals {
  return outcome.startsWith('SIG')
}

function exitCodeOf(outcome: Outcome): number {
  if (interrupted(outcome)) return 128 + constants.signals[outcome]
  return outcome === 'complete' ? 0 : 1
}

process.exitCode = await main(process.argv.slice(2))
