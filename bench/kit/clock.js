/**
 * A clock that a benchmark turns by hand: hours pass in no time, for whatever looks at `Date.now`, `performance.now` or
 * sets a timer. Install it before the first timer is set.
 */
export function installClock() {
  let now = 1_000_000
  let lastId = 0
  const timers = new Map()
  const add = (run, delay, every) => {
    timers.set(++lastId, { run, at: now + Math.max(1, delay), every })
    return lastId
  }
  const remove = (id) => timers.delete(id)
  Date.now = () => now
  performance.now = () => now
  globalThis.setTimeout = (run, delay) => add(run, delay, 0)
  globalThis.setInterval = (run, delay) => add(run, delay, delay)
  globalThis.clearTimeout = remove
  globalThis.clearInterval = remove

  return {
    now: () => now,
    timerCount: () => timers.size,
    /** Moves the clock; timers run at their times, in order. */
    advance(ms) {
      const until = now + ms
      for (;;) {
        let [first, firstId] = [undefined, 0]
        for (const [id, timer] of timers) {
          if (timer.at <= until && (first === undefined || timer.at < first.at)) [first, firstId] = [timer, id]
        }
        if (first === undefined) break
        now = Math.max(now, first.at)
        if (first.every > 0) first.at += first.every
        else timers.delete(firstId)
        first.run()
      }
      now = until
    },
    /** Runs every timer that is due within so many milliseconds, once. For many timers that are due together. */
    sweep(ms) {
      now += ms
      for (const [id, timer] of timers) {
        if (timer.at > now) continue
        if (timer.every > 0) timer.at += timer.every
        else timers.delete(id)
        timer.run()
      }
    },
  }
}
