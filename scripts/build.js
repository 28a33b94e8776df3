/**
 * `npm run build`: writes `dist`, what is published.
 *
 * Node takes about half a millisecond for each module that it loads, more than for what stands in it. So the modules of
 * `src` are joined: one file for each entry, and beside them one for each set of modules that entries share, so that an
 * entry loads what it uses and nothing twice. The names and the comments of members stay: who reads a stack trace or steps
 * into the package reads source, and there are no maps to go out of date. Declarations stay one file a module.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
process.chdir(root)
rmSync('dist', { recursive: true, force: true })

const { exports } = JSON.parse(readFileSync('package.json', 'utf8'))
const entryPoints = Object.values(exports)
  .map((target) => target.default)
  .filter((path) => path !== undefined)
  .map((path) => path.replace('./dist/', 'src/').replace(/js$/, 'ts'))

const declarations = spawn('node_modules/.bin/tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit' })
declarations.on('close', (code) => {
  process.exitCode ||= code ?? 1
})

const { outputFiles, metafile } = await build({
  entryPoints,
  outdir: 'dist',
  outbase: 'src',
  chunkNames: 'shared/[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  target: 'es2022',
  platform: 'neutral',
  charset: 'ascii',
  metafile: true,
  write: false,
})

const names = namesOfShared(metafile.outputs)
const isEmpty = ({ text }) => text.trim() === ''
const emptyNames = outputFiles.filter(isEmpty).map(({ path }) => basename(path))
for (const file of outputFiles) {
  if (isEmpty(file)) continue
  const folder = dirname(file.path)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, names.get(basename(file.path)) ?? basename(file.path)), inAscii(linked(file.text)))
}

/** Files that entries share, by the folder that most of their bytes are from; a second one of a folder by its largest module. */
function namesOfShared(outputs) {
  const names = new Map()
  const shared = Object.entries(outputs).filter(([path]) => path.startsWith('dist/shared/'))
  for (const [path, { inputs }] of shared.sort(([, a], [, b]) => b.bytes - a.bytes)) {
    const folders = {}
    for (const [input, { bytesInOutput }] of Object.entries(inputs)) {
      folders[basename(dirname(input))] = (folders[basename(dirname(input))] ?? 0) + bytesInOutput
    }
    const [largest] = Object.entries(inputs).sort(([, a], [, b]) => b.bytesInOutput - a.bytesInOutput)[0]
    const [folder] = Object.entries(folders).sort(([, a], [, b]) => b - a)[0]
    const isTaken = [...names.values()].includes(`${folder}.js`)
    names.set(basename(path), isTaken ? `${folder}-${basename(largest, '.ts')}.js` : `${folder}.js`)
  }
  return names
}

/** With the names of shared files, and without imports of those that came out empty: modules that only hand on. */
function linked(text) {
  const importsNothing = (line) => line.startsWith('import "') && emptyNames.some((name) => line.endsWith(`/${name}";`))
  let result = text
    .split('\n')
    .filter((line) => !importsNothing(line))
    .join('\n')
  for (const [hashed, name] of names) result = result.replaceAll(`/${hashed}";`, `/${name}";`)
  return result
}

/**
 * Comments in ASCII (esbuild writes the code so): one character beyond Latin-1 and V8 keeps a whole file in two bytes a
 * character, and reads it more slowly.
 */
function inAscii(text) {
  const plain = { '–': '-', '−': '-', '≤': '<=', '≥': '>=', '≠': '!=', '±': '+-', '×': 'x', '“': '"', '”': '"', '’': "'" }
  const superscripts = '⁰¹²³⁴⁵⁶⁷⁸⁹'
  return text
    .replaceAll(new RegExp(`[${superscripts}]+`, 'g'), (power) => `^${Array.from(power, (digit) => superscripts.indexOf(digit)).join('')}`)
    .replaceAll(/\P{ASCII}/gu, (character) => plain[character] ?? '?')
}
