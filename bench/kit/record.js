/** Where figures go: one file of JSON for each benchmark, which `results.js` makes the table of. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describeRun } from './machine.js'

const folder = new URL('../../build/bench/', import.meta.url)

/** A set of figures under construction. `save` writes it. */
export class Record {
  #name
  #figures = {}

  constructor(name) {
    this.#name = name
    const { machine, node, commit } = describeRun()
    console.log(`${name}: ${machine}; Node ${node}; commit ${commit}\n`)
  }

  /** What has been set so far. */
  get figures() {
    return this.#figures
  }

  set(key, value) {
    this.#figures[key] = value
  }

  /** The medians of a comparison, as `key.contestant`. */
  setAll(key, results) {
    for (const [name, { median }] of Object.entries(results)) this.set(`${key}.${name}`, median)
  }

  save() {
    mkdirSync(folder, { recursive: true })
    const content = { ...describeRun(), date: new Date().toISOString().slice(0, 10), figures: this.#figures }
    writeFileSync(new URL(`${this.#name}.json`, folder), `${JSON.stringify(content, null, 2)}\n`)
  }
}

/** All that has been measured: `{ figures, runs }`. */
export function readRecords() {
  const figures = {}
  const runs = []
  let names = []
  try {
    names = readdirSync(folder).filter((name) => name.endsWith('.json'))
  } catch {
    // Nothing has been measured yet.
  }
  for (const name of names) {
    const { figures: own, ...run } = JSON.parse(readFileSync(new URL(name, folder), 'utf8'))
    Object.assign(figures, own)
    runs.push({ name: name.replace('.json', ''), ...run })
  }
  return { figures, runs }
}
