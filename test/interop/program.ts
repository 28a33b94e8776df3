/** A program that runs until it is stopped, its output in a file. It is ended by its pid, and never outlives the suite. */
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

export interface ProgramOptions {
  readonly command: readonly string[]
  /** Everything it prints, but for lines that are listened to. */
  readonly logFile: string
  readonly environment?: Readonly<Record<string, string>>
  /** Called with each line of its standard output. */
  readonly onLine?: (line: string) => void
  /** Called with each message of a Node process, which then has a channel to `send` to. */
  readonly onMessage?: (message: unknown) => void
}

/** Milliseconds that a program gets to end by itself. */
const patienceMs = 3_000

const running = new Set<Program>()

export class Program {
  readonly #child: ChildProcess
  readonly #logFile: string
  readonly #ended: Promise<void>
  #isStopping = false
  /** How it ended, if nobody asked it to. */
  death: string | undefined

  constructor({ command, logFile, environment = {}, onLine, onMessage }: ProgramOptions) {
    const [file, ...args] = command as [string, ...string[]]
    const log = openSync(logFile, 'a')
    const stdio: StdioOptions = ['pipe', onLine === undefined ? log : 'pipe', log]
    if (onMessage !== undefined) stdio.push('ipc')
    const child = spawn(file, args, { stdio, env: { ...process.env, ...environment } })
    closeSync(log)
    this.#child = child
    this.#logFile = logFile
    if (onLine !== undefined && child.stdout !== null) createInterface(child.stdout).on('line', onLine)
    if (onMessage !== undefined) child.on('message', onMessage)
    child.stdin?.on('error', () => {})
    running.add(this)
    this.#ended = new Promise((resolve) => {
      const end = (how: string): void => {
        running.delete(this)
        if (!this.#isStopping) this.death ??= how
        resolve()
      }
      child.once('error', (error) => end(error.message))
      child.once('exit', (code, signal) => end(signal ?? `exit code ${code}`))
    })
  }

  send(message: object): void {
    if (this.#child.connected) this.#child.send(message, () => {})
  }

  /** Asks it to end, and makes it after a while. */
  async stop(): Promise<void> {
    if (!running.has(this)) return
    this.#isStopping = true
    this.#child.kill('SIGTERM')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), patienceMs)
    await this.#ended
    clearTimeout(timer)
  }

  /** The last lines that it printed. */
  lastWords(): string {
    return readFileSync(this.#logFile, 'utf8').trimEnd().split('\n').slice(-5).join('\n')
  }
}

export async function stopAllPrograms(): Promise<void> {
  await Promise.all([...running].map((program) => program.stop()))
}
