/** Which mutants were found at the last run, by the text of their files: a file that has changed begins anew. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

export class Findings {
  #path
  /** For each file, by the hash of its text: the outcomes of its mutants, in their order. */
  #outcomesOf = {}

  /** Without a path nothing is kept. */
  constructor(path, isUsed = false) {
    this.#path = path
    if (isUsed && existsSync(path)) this.#outcomesOf = JSON.parse(readFileSync(path, 'utf8'))
  }

  /** Of these mutants, the outcomes of those that were found, and of those that were not if that is explained. */
  of(mutants, isExplained) {
    const found = new Map()
    for (const [hash, list] of byFile(mutants)) {
      const outcomes = this.#outcomesOf[hash] ?? []
      list.forEach((mutant, index) => {
        const outcome = outcomes[index]
        if (outcome === 'killed' || outcome === 'timeout' || (outcome === 'survived' && isExplained(mutant)))
          found.set(mutant.id, { outcome })
      })
    }
    return found
  }

  save(mutants, outcomes) {
    if (this.#path === undefined) return
    for (const [hash, list] of byFile(mutants)) {
      const before = this.#outcomesOf[hash] ?? []
      this.#outcomesOf[hash] = list.map(({ id }, index) => outcomes.get(id)?.outcome ?? before[index] ?? '')
    }
    writeFileSync(this.#path, JSON.stringify(this.#outcomesOf))
  }
}

function byFile(mutants) {
  const files = new Map()
  for (const mutant of mutants) {
    const list = files.get(mutant.fileName)
    if (list === undefined) files.set(mutant.fileName, [mutant])
    else list.push(mutant)
  }
  return [...files].map(([fileName, list]) => [`${fileName.replace(/.*\/src\//, '')} ${hashOf(fileName)}`, list])
}

function hashOf(path) {
  return createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 16)
}
