/**
 * The client processes: starts them, carries orders and reports, and sees to it that none is left behind.
 */
import { type ChildProcess, fork } from 'node:child_process'
import type { Order, Report } from './messages.ts'

const clientModule = new URL('./client.js', import.meta.url)
const loader = new URL('./without-webrtc.js', import.meta.url)

/** Bytes kept of what a client writes to standard error: the last words of one that crashes. */
const maxLastWords = 4096

export interface Processes {
  /** To client `number`, from 1. One that has ended does not mind. */
  send(number: number, order: Order): void
  /** Ends all processes; resolves when the last is gone. Can be called again. */
  stop(): Promise<void>
}

/** Starts `count` clients. `handleReport` gets what they report, and a `failed` report for one that ends before `stop`. */
export function startProcesses(count: number, handleReport: (number: number, report: Report) => void): Processes {
  let stopping = false
  const children = Array.from({ length: count }, (_, index) => {
    const child = startProcess()
    let lastWords = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      lastWords = (lastWords + text).slice(-maxLastWords)
    })
    child.on('message', (report: Report) => handleReport(index + 1, report))
    child.on('error', (error) => handleReport(index + 1, { type: 'failed', reason: error.message }))
    child.on('close', (code, signal) => {
      if (!stopping) handleReport(index + 1, { type: 'failed', reason: epitaph(code, signal, lastWords) })
    })
    return child
  })
  return {
    send: (number, order) => {
      const child = children[number - 1]
      if (child?.connected) child.send(order, () => {})
    },
    stop: async () => {
      stopping = true
      await Promise.all(children.map(stopProcess))
    },
  }
}

function startProcess(): ChildProcess {
  return fork(clientModule, {
    execArgv: ['--import', loader.href],
    // WebTorrent complains there of missing native modules. Only a crash makes it worth reading.
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
}

/** A client has nothing to put in order, in memory or on disk, so it need not be asked to end. */
function stopProcess(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.kill('SIGKILL')
  })
}

/** How the process ended, with the line of its last words that says most. */
function epitaph(code: number | null, signal: string | null, lastWords: string): string {
  const lines = lastWords.split('\n').map((line) => line.trim())
  const error = lines.find((line) => /^(\w*Error|Error \[\w+\])\b.*:/.test(line)) ?? lines.findLast((line) => line !== '')
  const cause = signal === null ? `exit code ${code}` : signal
  return `its process ended (${cause})${error === undefined ? '' : `: ${error}`}`
}
