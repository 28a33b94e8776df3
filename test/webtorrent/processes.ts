/** Real WebTorrent clients, a process each: what a test starts is ended by its pid when the test is over. */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { pieceByteLength } from './torrents.ts'

export interface WireReport {
  readonly peerId: string
  /** How the client came to dial: 'manual', 'ut_pex', or 'it dialled us'. */
  readonly source: string
  /** Name of the class of the wire's `ut_pex`. */
  readonly extension: string | undefined
}

type Report =
  | { readonly type: 'listening'; readonly port: number; readonly peerId: string }
  | ({ readonly type: 'wire' } & WireReport)
  | { readonly type: 'closed'; readonly peerId: string }
  | { readonly type: 'told'; readonly peer: string }
  | { readonly type: 'done'; readonly digest: string }
  | { readonly type: 'failed'; readonly reason: string }

export interface StartOptions {
  /** `attach` is ours; `itself` leaves it to WebTorrent. */
  readonly exchange: 'attach' | 'itself'
  /** The .torrent file, or a magnet. */
  readonly id: Uint8Array | string
  readonly data?: Uint8Array
  /** Whether WebTorrent's `ut_pex` is this package. */
  readonly override?: 'ut_pex'
}

const withoutWebRtc = new URL('../../build/demo/without-webrtc.js', import.meta.url).href
const withOurUtPex = new URL('./with-our-ut-pex.js', import.meta.url).href
const running = new Set<ClientProcess>()

export class ClientProcess {
  port = 0
  peerId = ''
  readonly wires: WireReport[] = []
  /** Peers that are connected, by id; as many times as there are connections. */
  readonly connected: string[] = []
  readonly told: string[] = []
  readonly failures: string[] = []
  digest: string | undefined
  exitCode: number | null | undefined
  readonly #child: ChildProcess

  constructor({ exchange, id, data = new Uint8Array(0), override }: StartOptions) {
    const loaders = override === undefined ? [withoutWebRtc] : [withoutWebRtc, withOurUtPex]
    this.#child = fork(new URL('./client-process.js', import.meta.url), {
      execArgv: loaders.flatMap((loader) => ['--import', loader]),
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    running.add(this)
    let lastWords = ''
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      lastWords = (lastWords + text).slice(-4_096)
    })
    this.#child.on('message', (report: Report) => this.#handle(report))
    this.#child.on('exit', (code) => {
      this.exitCode = code
      if (code !== 0 && code !== null) this.failures.push(lastWords)
    })
    const text = typeof id === 'string' ? id : Buffer.from(id).toString('base64')
    this.#child.send({ type: 'start', exchange, id: text, data: Buffer.from(data).toString('base64'), pieceByteLength })
  }

  dial(other: ClientProcess): void {
    this.#child.send({ type: 'dial', port: other.port })
  }

  /** How fast it reads its data from now on; `undefined` for at once. */
  pace(bytesPerSecond: number | undefined): void {
    this.#child.send({ type: 'pace', bytesPerSecond })
  }

  destroy(what: 'client' | 'torrent'): void {
    this.#child.send({ type: 'destroy', what })
  }

  /** Ends the process at once, without a word to anybody. */
  async kill(): Promise<void> {
    running.delete(this)
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exit = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exit
  }

  #handle(report: Report): void {
    switch (report.type) {
      case 'listening':
        this.port = report.port
        this.peerId = report.peerId
        break
      case 'wire':
        this.wires.push(report)
        this.connected.push(report.peerId)
        break
      case 'closed':
        this.connected.splice(this.connected.indexOf(report.peerId), 1)
        break
      case 'told':
        this.told.push(report.peer)
        break
      case 'done':
        this.digest = report.digest
        break
      case 'failed':
        this.failures.push(report.reason)
        break
      default:
        report satisfies never
    }
  }
}

export async function killAll(): Promise<void> {
  await Promise.all([...running].map((client) => client.kill()))
}

/** Waits until it is so, 30 s at the most. */
export async function until(isSo: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 30_000
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`waited 30 s for this: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
