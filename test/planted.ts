/**
 * Copies of our sources with a fault in them, for the tests that ask whether a check would notice.
 *
 * A copy is written to `build/faults` and imported from there; layers that are not copied are the real ones. A text that is to be
 * replaced must stand in its file once: no fault is lost when the source changes.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export interface Fault {
  readonly name: string
  /** In `src`, without its extension: `core/timeline`. */
  readonly file: string
  readonly find: string
  readonly replace: string
}

export const fault = (name: string, file: string, find: string, replace: string): Fault => ({ name, file, find, replace })

const root = new URL('../', import.meta.url)
const sources = new URL('src/', root)

/** Copies these layers with a fault in them. The answer imports a file of the copy, named as a fault names it. */
export function plant(planted: Fault, layers: readonly string[]): (path: string) => Promise<unknown> {
  const place = copy(planted, layers)
  return (path) => import(/* @vite-ignore */ place(path))
}

/** Copies these layers with a fault in them. The answer says where a file of the copy is, named as a fault names it. */
export function copy({ name, file, find, replace }: Fault, layers: readonly string[]): (path: string) => string {
  const folder = new URL(`build/faults/${layers.join('-')}/${name.replaceAll(/\W+/g, '-')}/`, root)
  for (const layer of layers) {
    mkdirSync(new URL(`${layer}/`, folder), { recursive: true })
    for (const source of readdirSync(new URL(`${layer}/`, sources)).filter((path) => path.endsWith('.ts'))) {
      const path = `${layer}/${source}`
      const text = readFileSync(new URL(path, sources), 'utf8')
      const isFaulty = path === `${file}.ts`
      if (isFaulty && text.split(find).length !== 2) throw new RangeError(`'${name}': its text must stand in ${path} once: ${find}`)
      const faulty = isFaulty ? text.replace(find, () => replace) : text
      const moved = faulty.replaceAll(/ from '\.\.\/((\w+)\/.+)'/g, (whole, target: string, to: string) =>
        layers.includes(to) ? whole : ` from '${fileURLToPath(new URL(target, sources))}'`,
      )
      writeFileSync(new URL(path, folder), moved)
    }
  }
  return (path) => fileURLToPath(new URL(`${path}.ts`, folder))
}
