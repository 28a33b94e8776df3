/**
 * What is loaded when an entry of the built package is imported? A process that starts pays for each module, and
 * whoever takes a part of the package should get that part. Reads `dist`: build first.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly exports: Readonly<Record<string, { readonly default?: string }>>
}
const entries = Object.entries(exports).flatMap(([name, target]) => (target.default === undefined ? [] : [[name, target.default] as const]))
const readModule = (path: string): string => readFileSync(join(root, path), 'utf8')

/** The modules that `path` loads, itself included, by following what its code imports. */
function modulesOf(path: string, read = readModule, found = new Set<string>()): ReadonlySet<string> {
  if (found.has(path)) return found
  found.add(path)
  for (const [, specifier] of read(path).matchAll(/^(?:import|export|\})(?: .*?)?(?: from)? ?["'](\..*)["'];?$/gm)) {
    modulesOf(posix.join(posix.dirname(path), specifier as string), read, found)
  }
  return found
}

describe.runIf(existsSync(join(root, 'src/index.ts')))('an entry of the built package', () => {
  it.each(entries)('%s loads six modules at the most', (_name, path) => {
    expect([...modulesOf(path)].length).toBeLessThanOrEqual(6)
  })

  it('for the codec loads nothing but the codec', () => {
    const others = [...modulesOf('dist/codec/index.js')].filter(
      (path) => !posix.basename(path).startsWith('codec') && path !== 'dist/codec/index.js',
    )
    expect(others).toEqual([])
  })

  it('for the oracle shares no module with the protocol that it judges', () => {
    const oracle = modulesOf('dist/conformance/index.js')
    expect([...oracle].filter((path) => /shared\/(core|extension)/.test(path))).toEqual([])
    expect([...modulesOf('dist/core/index.js')].some((path) => /shared\/core/.test(path))).toBe(true)
  })

  it('is written in ASCII: V8 keeps anything else in two bytes a character', () => {
    const files = readdirSync(join(root, 'dist'), { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.js'))
    expect(files.length).toBeGreaterThan(entries.length)
    expect(files.filter((path) => /\P{ASCII}/u.test(readModule(join('dist', path))))).toEqual([])
  })
})

describe('the reader of imports', () => {
  it('follows every form, once', () => {
    const files: Readonly<Record<string, string>> = {
      'a/index.js': 'import {\n  x,\n  y\n} from "../b.js";\nimport "../c.js";\nconst s = "./no.js";\n',
      'b.js': 'import { z } from "./c.js";\nexport * from "./d.js";\n',
      'c.js': 'import a from "./a/index.js";\n',
      'd.js': 'export {\n  q\n} from "./e.js";\n',
      'e.js': '',
    }
    expect([...modulesOf('a/index.js', (path) => files[path] as string)].sort()).toEqual(['a/index.js', 'b.js', 'c.js', 'd.js', 'e.js'])
  })
})
