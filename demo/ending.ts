/**
 * The end of a job: the first of all the reasons there may be for one.
 */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** SIGPIPE: nobody reads what is printed any more, as in `… | head`. */
export type Outcome = 'complete' | 'failed' | 'late' | 'SIGPIPE' | (typeof signals)[number]

export class Ending {
  /** Resolves when there is a reason to end. */
  readonly reached: Promise<Outcome>
  readonly #timer: NodeJS.Timeout
  #outcome: Outcome | undefined
  #resolve: (outcome: Outcome) => void = () => {}

  /** Comes by itself after `boundMs` milliseconds, or with a signal. A second signal ends this process at once. */
  constructor(boundMs: number) {
    this.reached = new Promise((resolve) => {
      this.#resolve = resolve
    })
    this.#timer = setTimeout(() => this.end('late'), boundMs)
    for (const signal of signals) process.once(signal, () => this.end(signal))
    process.stdout.on('error', () => this.end('SIGPIPE'))
  }

  /** The first reason; undefined before there is one. */
  get outcome(): Outcome | undefined {
    return this.#outcome
  }

  end(outcome: Outcome): void {
    if (this.#outcome !== undefined) return
    this.#outcome = outcome
    clearTimeout(this.#timer)
    this.#resolve(outcome)
  }
}
