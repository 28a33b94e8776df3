/**
 * One clock and one timer for many cores, and what they put out, acted upon in order.
 *
 * An input runs like this: the core takes it and its sink leaves what is to be done with `later`; then the
 * timer is set; only then are the actions run. So user code that an action calls, a listener or a wire, may
 * call back into the same core, which gets its input and leaves more at the end of the same queue.
 *
 * The clock and the timers are looked up when they are used, so that mocked ones work. The timer never
 * keeps a process alive, and there is none while nothing is due.
 */

import { Schedule, type Scheduled } from '../core/schedule.ts'

/** A core that wants to be called at some time. */
export interface Timed {
  nextTimeout(): number | undefined
  handleTimeout(now: number): void
}

/** A core in the hands of a driver. */
export class Task implements Scheduled {
  readonly core: Timed
  dueAt: number = Number.POSITIVE_INFINITY

  constructor(core: Timed) {
    this.core = core
  }
}

/** The longest delay that timers take: 2³¹−1 ms. */
const longestDelay = 0x7fff_ffff

export class Driver {
  readonly #clock: () => number
  readonly #schedule = new Schedule<Task>()
  readonly #queue: (() => void)[] = []
  #isActing = false
  #timer: ReturnType<typeof setTimeout> | undefined
  #timerAt = Number.POSITIVE_INFINITY

  /** @param clock milliseconds, monotonic */
  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock
  }

  /** Gives a core an input. */
  run<Result>(task: Task, input: (now: number) => Result): Result {
    const result = input(this.now())
    this.taken(task)
    return result
  }

  /** The time of an input that is given without `run`: for the many, this saves them a function each. `taken` follows it. A clock that gives no time is found out here, at the first input. */
  now(): number {
    const now = this.#clock()
    if (typeof now === 'number' && !Number.isNaN(now)) return now
    throw new TypeError(`clock: milliseconds were expected, not ${String(now)}`)
  }

  /** The core has taken its input. */
  taken(task: Task): void {
    this.#settle(task)
    this.#act()
  }

  /** To be done when the running input has been taken. What it throws is thrown in a microtask, and does not stop the others. */
  later(action: () => void): void {
    this.#queue.push(action)
  }

  /** What was left last, or is being done: more of the same may join it. Undefined when there is nothing. */
  get last(): (() => void) | undefined {
    return this.#queue.at(-1)
  }

  /** The core needs no more calls. */
  remove(task: Task): void {
    task.dueAt = Number.POSITIVE_INFINITY
    this.#arm()
  }

  #settle(task: Task): void {
    const dueAt = task.core.nextTimeout() ?? Number.POSITIVE_INFINITY
    if (dueAt === task.dueAt) return
    task.dueAt = dueAt
    this.#schedule.update(task)
    this.#arm()
  }

  /** A core that stays due is called again a little later, so that the others have their turn. */
  #putOff(task: Task, now: number): void {
    task.dueAt = now + 1
    this.#schedule.update(task)
  }

  #act(): void {
    if (this.#isActing || this.#queue.length === 0) return
    this.#isActing = true
    for (let i = 0; i < this.#queue.length; i++) {
      try {
        this.#queue[i]?.()
      } catch (error) {
        queueMicrotask(() => {
          throw error
        })
      }
    }
    this.#queue.length = 0
    this.#isActing = false
  }

  /** A timer that fires too early costs one empty call; one that fires too late is not allowed. */
  #arm(): void {
    const dueAt = this.#schedule.nextDueAt
    if (dueAt === undefined) {
      if (this.#timer !== undefined) clearTimeout(this.#timer)
      this.#timer = undefined
      this.#timerAt = Number.POSITIVE_INFINITY
      return
    }
    if (dueAt >= this.#timerAt) return
    if (this.#timer !== undefined) clearTimeout(this.#timer)
    this.#timerAt = dueAt
    const delay = Math.min(Math.max(0, Math.ceil(dueAt - this.now())), longestDelay)
    this.#timer = setTimeout(() => this.#onTimer(), delay)
    if (typeof this.#timer === 'object') this.#timer.unref?.()
  }

  #onTimer(): void {
    this.#timer = undefined
    this.#timerAt = Number.POSITIVE_INFINITY
    const now = this.now()
    for (let task = this.#schedule.due(now); task !== undefined; task = this.#schedule.due(now)) {
      const { core } = task
      core.handleTimeout(now)
      this.#settle(task)
      if (task.dueAt <= now) this.#putOff(task, now)
    }
    this.#arm()
    this.#act()
  }
}
