/**
 * Measuring by comparison: all contestants run in one process in turns (A B A B …), so that what disturbs one disturbs
 * the other, and what counts is the ratio of their medians. Time is CPU time of the process: that of its garbage
 * collector is in it, that of other programs is not.
 */

/** CPU time of this process in milliseconds. */
export function cpuMs() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

export function medianOf(values) {
  return quantileOf(values, 0.5)
}

function quantileOf(values, share) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
}

/**
 * Microseconds for one piece of work of each contestant: the median and the quartiles.
 *
 * A contestant is `{ name, run }`; `run(count)` does the work so often. It may return the CPU milliseconds that count,
 * when not all of what it does is the work.
 */
export function compare(contestants, { rounds = 21, roundMs = 25, warmUpMs = 300 } = {}) {
  const counts = contestants.map((contestant) => countFor(contestant, roundMs, warmUpMs))
  const times = contestants.map(() => [])
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < contestants.length; i++) times[i].push((timeOf(contestants[i], counts[i]) * 1000) / counts[i])
  }
  return Object.fromEntries(
    contestants.map(({ name }, i) => [
      name,
      { median: medianOf(times[i]), low: quantileOf(times[i], 0.25), high: quantileOf(times[i], 0.75) },
    ]),
  )
}

/** Warms up, and finds how often the work fits into a round. */
function countFor(contestant, roundMs, warmUpMs) {
  let count = 1
  let spent = 0
  for (;;) {
    const ms = timeOf(contestant, count)
    spent += ms
    if (ms < roundMs / 2) count *= 2
    else if (spent >= warmUpMs) return Math.max(1, Math.round((count * roundMs) / ms))
  }
}

function timeOf({ run }, count) {
  const start = cpuMs()
  const own = run(count)
  return own ?? cpuMs() - start
}

/** Prints the contestants of one comparison under each other, with the ratio to the first. */
export function printComparison(title, results, unit = 'µs') {
  const [first] = Object.values(results)
  for (const [name, { median, low, high }] of Object.entries(results)) {
    const ratio = name === Object.keys(results)[0] ? '' : `  ${format(median / first.median)}×`
    console.log(`${title.padEnd(44)} ${name.padEnd(14)} ${format(median).padStart(8)} ${unit}  ${format(low)}–${format(high)}${ratio}`)
  }
}

/** Three significant digits. */
export function format(value) {
  if (!Number.isFinite(value)) return String(value)
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US')
  return Number.parseFloat(value.toPrecision(3)).toString()
}
