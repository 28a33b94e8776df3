/**
 * Does the built package work for who installs it? A consumer's project, made in `build/`, gets a copy of what is published
 * and type-checks it the strict way: without our compiler options, without Node's or a browser's types, and library
 * declarations included. Then Node imports and requires it. Reads `dist`: build first.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const home = join(root, 'build', 'consumer')
const installed = join(home, 'node_modules', 'ut_pex')
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly exports: Record<string, unknown> }
const entries = Object.keys(exports)
  .filter((key) => key !== './package.json')
  .map((key) => key.replace('.', 'ut_pex'))

/** Type-checks files of the consumer's project; answers the compiler's complaints. */
function typeCheck(files: Readonly<Record<string, string>>): string {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(home, name), text)
  const compilerOptions = {
    module: 'nodenext',
    target: 'es2022',
    lib: ['es2022'],
    types: [],
    strict: true,
    skipLibCheck: false,
    noEmit: true,
  }
  writeFileSync(join(home, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: Object.keys(files) }))
  const { stdout, stderr } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', home, '--pretty', 'false'], {
    cwd: home,
    encoding: 'utf8',
  })
  return stdout + stderr
}

/** Runs a script in the consumer's folder; answers what it printed. */
function run(kind: 'module' | 'commonjs', code: string): string {
  return execFileSync(process.execPath, [`--input-type=${kind}`, '--eval', code], { cwd: home, encoding: 'utf8' }).trim()
}

describe.runIf(existsSync(join(root, 'src/index.ts')))('who installs the package', () => {
  beforeAll(() => {
    rmSync(home, { recursive: true, force: true })
    mkdirSync(installed, { recursive: true })
    for (const name of ['package.json', 'dist']) cpSync(join(root, name), join(installed, name), { recursive: true })
    writeFileSync(join(home, 'package.json'), '{ "type": "module" }')
  })

  it('can import every entry in TypeScript', () => {
    const imports = entries.map((entry, i) => `import * as entry${i} from '${entry}'\n`).join('')
    const uses = `export const all: readonly object[] = [${entries.map((_, i) => `entry${i}`).join(', ')}]\n`
    expect(
      typeCheck({ 'consumer.mts': `${imports}import utPex from 'ut_pex'\n${uses}export const factory: () => unknown = utPex\n` }),
    ).toBe('')
  })

  it('can require it in TypeScript', () => {
    expect(typeCheck({ 'consumer.cts': "import utPex = require('ut_pex')\nexport const factory: () => unknown = utPex\n" })).toBe('')
  })

  it('is told what is not there', () => {
    expect(typeCheck({ 'wrong.mts': "import { noSuchExport } from 'ut_pex'\nexport const a = noSuchExport\n" })).toMatch(
      /wrong\.mts\(1,10\): error/,
    )
  })

  it('can import every entry in Node', () => {
    const code = `for (const name of ${JSON.stringify(entries)}) console.log(name, Object.keys(await import(name)).length > 0)`
    expect(run('module', code).split('\n')).toEqual(entries.map((entry) => `${entry} true`))
  })

  it('gets the factory from require, with the named exports as its properties', () => {
    const code = `
      const factory = require('ut_pex')
      import('ut_pex').then((module) => {
        const names = Object.keys(module).filter((name) => name !== 'default' && name !== 'module.exports')
        console.log(JSON.stringify([typeof factory, factory === module.default, names.filter((name) => factory[name] !== module[name])]))
      })`
    expect(JSON.parse(run('commonjs', code))).toEqual(['function', true, []])
  })
})
