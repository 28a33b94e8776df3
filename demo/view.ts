/**
 * Shows the job while it runs: drawn in place on a terminal that can do that, else as a line for each change.
 */
import type { Chain, ClientView } from './chain.ts'
import { legend, table } from './table.ts'
import { type Line, paint, type Terminal, terminalOf } from './terminal.ts'

export interface View {
  /** Shows how things are, `atMs` milliseconds after the start; undefined while the clients are being started. */
  show(chain: Chain, atMs: number | undefined): void
  /** Shows the last state and gives the terminal back. */
  close(chain: Chain, atMs: number | undefined): void
}

/** Writes text to where the user looks, which knows whether that is a terminal. */
export type Output = Pick<NodeJS.WriteStream, 'write'> & Partial<Pick<NodeJS.WriteStream, 'isTTY' | 'columns' | 'rows'>>

/** The view for `--json`: nothing to see. */
export const noView: View = { show: () => {}, close: () => {} }

export function viewOn(output: Output): View {
  return terminalOf(output, process.env).live ? new LiveView(output) : new PlainView(output)
}

const hideCursor = '\x1b[?25l'
const showCursor = '\x1b[?25h'
const clearLine = '\x1b[2K'
const clearBelow = '\x1b[0J'

class LiveView implements View {
  readonly #output: Output
  #drawn = 0

  constructor(output: Output) {
    this.#output = output
  }

  show(chain: Chain, atMs: number | undefined): void {
    this.#draw((terminal) => {
      const whole = frame(chain, atMs, terminal)
      return whole.length <= terminal.height ? whole : smallFrame(chain, atMs, terminal)
    })
  }

  close(chain: Chain, atMs: number | undefined): void {
    // What scrolls off now is not drawn again, so the last picture may be as high as it needs.
    this.#draw((terminal) => frame(chain, atMs, terminal))
    this.#output.write(showCursor)
  }

  #draw(linesFor: (terminal: Terminal) => Line[]): void {
    const terminal = terminalOf(this.#output, process.env)
    const lines = linesFor(terminal).map((line) => `${clearLine}${paint(line, terminal)}\n`)
    // Ctrl-C leaves an echo, and the cursor behind it: hence the carriage return.
    const up = this.#drawn > 0 ? `\x1b[${this.#drawn}A` : hideCursor
    this.#output.write(`${up}\r${lines.join('')}${clearBelow}`)
    this.#drawn = lines.length
  }
}

/** The whole picture at one moment. */
function frame(chain: Chain, atMs: number | undefined, terminal: Terminal): Line[] {
  return [...table(chain.clients, terminal), [], ...legend(chain.size, terminal), [], status(chain, atMs), []]
}

/** The same for a terminal that is not high enough: first the status, then as much of the table as fits. */
function smallFrame(chain: Chain, atMs: number | undefined, terminal: Terminal): Line[] {
  const lines = table(chain.clients, terminal)
  const room = Math.max(0, terminal.height - 2)
  return [status(chain, atMs), ...lines.slice(0, room), [{ text: `  and ${lines.length - room} more`, tone: 'faint' }]]
}

function status(chain: Chain, atMs: number | undefined): Line {
  const pairs = chain.size * (chain.size - 1)
  if (atMs === undefined) {
    const listening = chain.clients.filter((client) => client.port !== undefined).length
    return ['  ', { text: 'starting', tone: 'strong' }, { text: `   ${listening} of ${chain.size} clients listen`, tone: 'faint' }]
  }
  return [
    '  ',
    { text: `${(atMs / 1000).toFixed(1)} s`, tone: 'strong' },
    '   ',
    { text: `${chain.known} of ${pairs}`, tone: chain.known === pairs ? 'good' : 'strong' },
    { text: ' known   ', tone: 'faint' },
    { text: `${chain.learntByPex} of ${chain.pairsToLearn}`, tone: 'pex' },
    { text: ' learnt by PEX   ', tone: 'faint' },
    { text: `${chain.verified} of ${chain.size}`, tone: chain.verified === chain.size ? 'good' : 'strong' },
    { text: ' have the data', tone: 'faint' },
  ]
}

class PlainView implements View {
  readonly #output: Output
  #seen: readonly ClientView[] = []
  #started = false

  constructor(output: Output) {
    this.#output = output
  }

  show(chain: Chain, atMs: number | undefined): void {
    if (atMs === undefined) return
    if (!this.#started) {
      this.#started = true
      this.#seen = chain.clients
      this.#output.write(`All ${chain.size} clients listen.\n`)
      return
    }
    const clients = chain.clients
    for (const change of changes(this.#seen, clients)) this.#output.write(`${(atMs / 1000).toFixed(1).padStart(6)} s  ${change}\n`)
    this.#seen = clients
  }

  close(chain: Chain, atMs: number | undefined): void {
    this.show(chain, atMs)
    const terminal = terminalOf(this.#output, process.env)
    const lines = [[], ...table(chain.clients, terminal), [], ...legend(chain.size, terminal), []]
    this.#output.write(lines.map((line) => `${paint(line, terminal)}\n`).join(''))
  }
}

/** What happened between two moments, a sentence each: new knowledge, a client that knows everybody, a finished download. */
export function changes(before: readonly ClientView[], after: readonly ClientView[]): string[] {
  const others = after.length - 1
  return after.flatMap((client, index) => {
    const old = before[index]
    const sentences: string[] = []
    const learnt = [...client.ways].filter(([other, way]) => way.how === 'pex' && old?.ways.get(other) !== way)
    if (learnt.length > 0)
      sentences.push(
        `client ${client.number} learns of ${learnt.map(([other, way]) => `${other}${way.how === 'pex' && way.from !== undefined ? ` from ${way.from}` : ''}`).join(', ')}`,
      )
    const knew = old?.connected.length ?? 0
    if (client.connected.length === others && knew < others) sentences.push(`client ${client.number} is connected to all others`)
    if (client.data === 'verified' && old?.data !== 'verified') sentences.push(`client ${client.number} has the data`)
    if (client.failure !== undefined && old?.failure === undefined) sentences.push(`client ${client.number} failed: ${client.failure}`)
    return sentences
  })
}
