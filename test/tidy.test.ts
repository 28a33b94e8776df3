/**
 * Is the source what its documents say it is? The rules that no compiler or linter knows, each a pure function from one
 * file to its offences. Every rule is shown to find a planted offence, and to leave alone what only looks like one; then
 * all of them judge the repository.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseSync } from 'vite'
import { describe, expect, it } from 'vitest'

interface SourceFile {
  /** From the root of the repository, with slashes. */
  readonly path: string
  readonly text: string
}
interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [key: string]: unknown
}
type Visit = (node: Node, parent: Node | undefined) => void
/** Answers one sentence for each offence; none for files that the rule is not about. */
type Rule = (file: SourceFile) => readonly string[]

const maxFileLines = 400
const maxFunctionLines = 70

/** What each directory of `src` may import from. A directory that is not listed here must not exist. */
const layers: Readonly<Record<string, readonly string[]>> = {
  codec: ['codec'],
  address: ['address'],
  core: ['codec', 'address', 'core'],
  conformance: ['codec', 'address', 'conformance'],
  extension: ['codec', 'address', 'core', 'extension'],
  webtorrent: ['codec', 'address', 'core', 'conformance', 'extension', 'webtorrent'],
}
const pureLayers = ['codec', 'address', 'core', 'conformance']

/** Clocks, chance, timers, promises and platforms: what makes the same inputs give other outputs, or ties to one runtime. */
const impureNames = new Set([
  ...['Date', 'performance', 'crypto', 'Intl', 'WeakRef', 'FinalizationRegistry', 'globalThis', 'require', 'eval'],
  ...['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'clearImmediate', 'queueMicrotask'],
  ...['Promise', 'PromiseLike', 'Buffer', 'process', 'console', 'fetch', 'NodeJS'],
])

const isScript = (path: string): boolean => /\.[cm]?[jt]s$/.test(path)
const textOf = ({ text }: SourceFile, node: Node): string => text.slice(node.start, node.end)
const lineAt = (text: string, offset: number): number => text.slice(0, offset).split('\n').length
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'type' in value && 'start' in value

/** The directory of `src` that a path is in: '' for files of `src` itself, undefined outside. */
function layerOf(path: string): string | undefined {
  const [top, layer, file] = path.split('/')
  if (top !== 'src') return undefined
  return file === undefined ? '' : layer
}

function visitTree(node: Node, visit: Visit, parent?: Node): void {
  visit(node, parent)
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) visitTree(child, visit, node)
  }
}

const trees = new Map<string, ReturnType<typeof parseSync>>()
function treeOf({ path, text }: SourceFile): ReturnType<typeof parseSync> {
  const known = trees.get(text)
  if (known !== undefined) return known
  const tree = parseSync(path, text)
  trees.set(text, tree)
  return tree
}
const visitFile = (file: SourceFile, visit: Visit): void => visitTree(treeOf(file).program as unknown as Node, visit)

/** The specifier that a node imports from; undefined when it imports nothing, '?' when it is not a literal. */
function specifierOf(node: Node): string | undefined {
  const { source, expression } = node as { source?: Node | null; expression?: Node }
  const from = node.type === 'TSExternalModuleReference' ? expression : source
  const imports = /^(Import(Declaration|Expression)|Export(Named|All)Declaration|TSImportType|TSExternalModuleReference)$/.test(node.type)
  if (!imports || !from) return undefined
  return typeof from.value === 'string' ? from.value : '?'
}

const importsPointDown: Rule = (file) => {
  const layer = layerOf(file.path)
  if (layer === undefined) return []
  const offences = [...file.text.matchAll(/^\/\/\/ *<reference (?!lib=).*$/gm)].map(([text]) => `refers to what is outside: ${text}`)
  visitFile(file, (node) => {
    const specifier = specifierOf(node)
    if (specifier === undefined) return
    const target = posix.join(dirname(file.path), specifier)
    if (!specifier.startsWith('.')) offences.push(`src imports nothing but its own files, not '${specifier}'`)
    else if (!target.startsWith('src/')) offences.push(`'${specifier}' is outside src`)
    else if (layer !== '' && !layers[layer]?.includes(layerOf(target) ?? '')) offences.push(`${layer} must not import '${specifier}'`)
  })
  return offences
}

const pureLayersArePure: Rule = (file) => {
  if (!pureLayers.includes(layerOf(file.path) ?? '')) return []
  const offences: string[] = []
  const report = (node: Node, what: string) => offences.push(`line ${lineAt(file.text, node.start)}: ${what} in a pure layer`)
  visitFile(file, (node, parent) => {
    // `batch.process` and `{ process: 1 }` name a member, not the global.
    const isMember = (parent?.property === node || parent?.key === node) && !parent.computed
    if (node.type === 'Identifier' && !isMember && impureNames.has(node.name as string)) report(node, node.name as string)
    if (node.type === 'MemberExpression' && /^Math\s*(\?\.|\.|\[)\W*random\b/.test(textOf(file, node))) report(node, 'Math.random')
    if (node.type === 'MetaProperty' && textOf(file, node) === 'import.meta') report(node, 'import.meta')
    if (node.async === true) report(node, 'async')
    if (node.type === 'AwaitExpression' || node.await === true) report(node, 'await')
  })
  return offences
}

const indexOnlyReexports: Rule = (file) => {
  if (file.path !== 'src/index.ts') return []
  const { body } = treeOf(file).program as unknown as { readonly body: readonly Node[] }
  const isReexport = ({ type, declaration }: Node): boolean =>
    type === 'ImportDeclaration' ||
    type === 'ExportAllDeclaration' ||
    (type === 'ExportNamedDeclaration' && !declaration) ||
    (type === 'ExportDefaultDeclaration' && (declaration as Node).type === 'Identifier')
  return body.filter((node) => !isReexport(node)).map((node) => `line ${lineAt(file.text, node.start)}: logic in src/index.ts`)
}

const directoriesAreKnown: Rule = ({ path }) => {
  const folder = dirname(path)
  if (layerOf(path) === undefined || folder === 'src' || folder.slice(4) in layers) return []
  return [`${folder} has no place in the layers`]
}

const filesAreShort: Rule = ({ path, text }) => {
  const count = text.trimEnd().split('\n').length
  if (count <= maxFileLines || !(isScript(path) || path === '.ci/run')) return []
  return [`${count} lines, more than ${maxFileLines}`]
}

/** The comment that ends on the line above, all of it. */
function commentAbove(lines: readonly string[], line: number): string {
  const above: string[] = []
  for (let i = line - 2; i >= 0; i--) {
    const text = (lines[i] as string).trim()
    if (!/^(\/\/|\/\*|\*)/.test(text)) break
    above.unshift(text)
  }
  return above.join(' ')
}

const functionsAreShort: Rule = (file) => {
  if (!isScript(file.path)) return []
  const lines = file.text.split('\n')
  const offences: string[] = []
  visitFile(file, (node, parent) => {
    if (!/^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type)) return
    // The body of a `describe` is a chapter of tests, not a function that one has to follow.
    if (parent?.type === 'CallExpression' && (parent.callee as Node).name === 'describe') return
    const first = lineAt(file.text, node.start)
    const count = lineAt(file.text, node.end) - first + 1
    if (count <= maxFunctionLines || /\blong(er)? because\b/i.test(commentAbove(lines, first))) return
    offences.push(
      `line ${first}: a function of ${count} lines, more than ${maxFunctionLines}, and no comment above it says “Long because …”`,
    )
  })
  return offences
}

const everyTestRuns: Rule = (file) => {
  if (!isScript(file.path)) return []
  const offences: string[] = []
  visitFile(file, (node) => {
    const name = (node.property as Node | undefined)?.name
    if (node.type !== 'MemberExpression' || !['only', 'skip', 'todo'].includes(name as string)) return
    const source = textOf(file, node)
    if (/^(it|test|describe|suite|bench)\b/.test(source)) offences.push(`line ${lineAt(file.text, node.start)}: ${source}`)
  })
  return offences
}

/** Text that must stand nowhere. Written in pieces, so that this file does not hold what it forbids. */
const forbiddenText: readonly (readonly [string, RegExp])[] = [
  ['work that is not done', new RegExp(`\\b(${['TO', 'DO|FIX', 'ME|HA', 'CK|XX', 'X|not imple', 'mented'].join('')})\\b`)],
  [
    'a path of one machine',
    new RegExp(`(?<![\\w.~-])/(${['ho', 'me|ro', 'ot|wo', 'rk|wo', 'rkspace|Us', 'ers|t', 'mp|m', 'nt'].join('')})/|\\b[A-Z]:\\\\\\w`),
  ],
]
const nothingUnfinishedOrLocal: Rule = ({ path, text }) => {
  if (path === 'package-lock.json') return []
  return text
    .split('\n')
    .flatMap((line, i) =>
      forbiddenText.filter(([, pattern]) => pattern.test(line)).map(([what]) => `line ${i + 1}: ${what}: ${line.trim().slice(0, 100)}`),
    )
}

const packageStandsAlone: Rule = ({ path, text }) => {
  if (path === '.npmrc') return /registry *=|:_/.test(text) ? ['names a registry'] : []
  if (path === 'package-lock.json')
    return [...text.matchAll(/"resolved": *"[^"]*:\/\/|https?:\/\/[^"]*registry/g)].map(([match]) => `names a host: ${match}`)
  if (path !== 'package.json') return []
  const manifest = JSON.parse(text) as Record<string, Record<string, string>>
  const needs = ['dependencies', 'optionalDependencies', 'peerDependencies', 'bundledDependencies', 'bundleDependencies']
  const loose = Object.entries(manifest.devDependencies ?? {}).filter(([, version]) => !/^(npm:[^ ]+@)?\d+\.\d+\.\d+$/.test(version))
  return [
    ...needs.filter((kind) => Object.keys(manifest[kind] ?? {}).length > 0).map((kind) => `has ${kind}`),
    ...loose.map(([name, version]) => `${name} is not pinned: ${version}`),
  ]
}

const rules: Readonly<Record<string, Rule>> = {
  importsPointDown,
  pureLayersArePure,
  indexOnlyReexports,
  directoriesAreKnown,
  filesAreShort,
  functionsAreShort,
  everyTestRuns,
  nothingUnfinishedOrLocal,
  packageStandsAlone,
}

/** A planted file that breaks one rule once, and one that must pass: [rule, path, offence, what it is called, innocent]. */
const planted: readonly (readonly [string, string, string, RegExp, string])[] = [
  [
    'importsPointDown',
    'src/core/a.ts',
    "import { a } from '../extension/b.ts'",
    /core must not import/,
    "import { a } from '../codec/b.ts'",
  ],
  ['importsPointDown', 'src/codec/a.ts', "export * from '../address/b.ts'", /codec must not import/, "export * from './b.ts'"],
  [
    'importsPointDown',
    'src/address/a.ts',
    "import type { a } from '../codec/b.ts'",
    /address must not import/,
    "import type { a } from './b.ts'",
  ],
  [
    'importsPointDown',
    'src/conformance/a.ts',
    "import type { a } from '../core/b.ts'",
    /conformance must not import/,
    "import '../codec/b.ts'",
  ],
  ['importsPointDown', 'src/extension/a.ts', "import '../webtorrent/b.ts'", /extension must not import/, "import '../core/b.ts'"],
  [
    'importsPointDown',
    'src/webtorrent/a.ts',
    "import { a } from '../index.ts'",
    /webtorrent must not import/,
    "import { a } from '../extension/b.ts'",
  ],
  ['importsPointDown', 'src/webtorrent/a.ts', "import type { Socket } from 'node:net'", /not 'node:net'/, "// import 'node:net'"],
  ['importsPointDown', 'src/extension/a.ts', "const a = await import('bencode')", /not 'bencode'/, "const a = 'import(`bencode`)'"],
  ['importsPointDown', 'src/extension/a.ts', 'const a = import(name)', /not '\?'/, 'const a = imported(name)'],
  ['importsPointDown', 'src/extension/a.ts', "type A = typeof import('node:net')", /not 'node:net'/, "type A = import('./b.ts').B"],
  ['importsPointDown', 'src/extension/a.ts', "import net = require('node:net')", /not 'node:net'/, "import { net } from './b.ts'"],
  ['importsPointDown', 'src/core/a.ts', '/// <reference types="node" />', /outside/, '/// The reference is types.'],
  ['importsPointDown', 'src/index.ts', "export * from '../test/b.ts'", /outside src/, "export * from './core/index.ts'"],
  ['pureLayersArePure', 'src/core/a.ts', 'const now = Date.now()', /line 1: Date/, "const now = 'Date'"],
  ['pureLayersArePure', 'src/core/a.ts', '\nconst now = performance.now()', /line 2: performance/, '// performance.now()'],
  ['pureLayersArePure', 'src/codec/a.ts', 'const x = Math.random()', /Math\.random/, 'const x = Math.max(1)'],
  ['pureLayersArePure', 'src/codec/a.ts', "const x = Math['random']()", /Math\.random/, "const x = math['random']()"],
  ['pureLayersArePure', 'src/address/a.ts', 'setTimeout(f, 1)', /setTimeout/, 'handleTimeout(f, 1)'],
  ['pureLayersArePure', 'src/conformance/a.ts', 'type A = Promise<void>', /Promise/, 'type A = Set<1>'],
  ['pureLayersArePure', 'src/core/a.ts', 'const f = async () => 1', /async/, 'const f = () => 1'],
  ['pureLayersArePure', 'src/core/a.ts', 'const a = await b', /await/, 'const awaited = b'],
  ['pureLayersArePure', 'src/core/a.ts', 'let b: Buffer', /Buffer/, 'let b: ArrayBuffer'],
  ['pureLayersArePure', 'src/core/a.ts', 'process.exit()', /process/, 'this.process(); f({ process: 1 })'],
  ['pureLayersArePure', 'src/core/a.ts', 'f({ console })', /console/, 'f({ console: 1 })'],
  ['pureLayersArePure', 'src/core/a.ts', 'f(import.meta.url)', /import\.meta/, 'f(imports.meta.url)'],
  ['indexOnlyReexports', 'src/index.ts', 'export const a = 1', /logic/, "export { a } from './core/index.ts'"],
  [
    'indexOnlyReexports',
    'src/index.ts',
    'export default () => 1',
    /logic/,
    "import { a } from './b.ts'\nexport default a\nexport { a as 'module.exports' }",
  ],
  ['directoriesAreKnown', 'src/wire/a.ts', '', /src\/wire/, ''],
  ['directoriesAreKnown', 'src/core/deep/a.ts', '', /src\/core\/deep/, ''],
  ['filesAreShort', 'test/a.test.ts', `${'\n'.repeat(400)}f()`, /401 lines/, `${'\n'.repeat(399)}f()\n`],
  ['functionsAreShort', 'demo/a.ts', longFunction(71), /line 1: a function of 71 lines/, longFunction(70)],
  [
    'functionsAreShort',
    'src/core/a.ts',
    `// Long.\n${longFunction(71)}`,
    /line 2/,
    `/**\n * Long because the loop is hot.\n */\n${longFunction(71)}`,
  ],
  ['functionsAreShort', 'src/core/a.ts', `class A { a() {${'\n'.repeat(70)}} }`, /71 lines/, `class A {${'\n'.repeat(99)}a() {} }`],
  ['functionsAreShort', 'test/a.ts', `it('', () => {${'\n'.repeat(70)}})`, /71 lines/, `describe('', () => {${'\n'.repeat(70)}})`],
  ['everyTestRuns', 'test/a.test.ts', "it.only('a', f)", /it\.only/, "only('a', f)"],
  ['everyTestRuns', 'test/a.test.ts', "describe.concurrent.skip('a', f)", /concurrent\.skip/, 'scanner.skip(3)'],
  ['nothingUnfinishedOrLocal', 'docs/a.md', `a\n<!-- ${'TO'}${'DO'}: b -->`, /line 2: work/, 'Méto\u0044OS'],
  ['nothingUnfinishedOrLocal', 'demo/a.ts', `read('${'/ho'}me/someone/x')`, /path of one machine/, "read('https://example.com/home/x')"],
  ['nothingUnfinishedOrLocal', '.ci/run', `cd ${'/wo'}rk/main`, /path of one machine/, 'cd "$(dirname "$0")/.."'],
  ['packageStandsAlone', 'package.json', '{"dependencies":{"bencode":"4.0.1"}}', /has dependencies/, '{"dependencies":{}}'],
  [
    'packageStandsAlone',
    'package.json',
    '{"devDependencies":{"a":"^1.0.0"}}',
    /not pinned/,
    '{"devDependencies":{"a":"1.0.0","b":"npm:a@5.0.2"}}',
  ],
  ['packageStandsAlone', 'package-lock.json', '"resolved": "http://host/a.tgz"', /names a host/, '"resolved": "lab"'],
  ['packageStandsAlone', '.npmrc', 'registry=http://host', /names a registry/, 'omit-lockfile-registry-resolved=true'],
]

function longFunction(lines: number): string {
  return `function f() {${'\n'.repeat(lines - 1)}}`
}

/** What is not ours, or made from what is. */
const notJudged = new Set(['node_modules', 'dist', 'build', '.git', 'coverage'])
const isText = (path: string): boolean => isScript(path) || /(^|\/)(run|LICENSE|\.[a-z]+)$|\.(md|json|jsonl|html|css|sh|svg)$/.test(path)

function readTree(root: string, folder = root): SourceFile[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const full = join(folder, entry.name)
    const path = relative(root, full).replaceAll('\\', '/')
    if (notJudged.has(entry.name)) return []
    if (entry.isDirectory()) return readTree(root, full)
    return entry.isFile() && isText(path) ? [{ path, text: readFileSync(full, 'utf8') }] : []
  })
}

describe('each rule finds what is planted and nothing else', () => {
  it.each(planted)('%s in %s (planted file %#)', (name, path, offence, called, innocent) => {
    const rule = rules[name] as Rule
    expect(rule({ path, text: offence })).toEqual([expect.stringMatching(called)])
    const innocentPath = name === 'directoriesAreKnown' ? 'src/core/a.ts' : path
    expect(rule({ path: innocentPath, text: innocent })).toEqual([])
  })

  it('and every rule has a planted offence', () => {
    expect([...new Set(planted.map(([name]) => name))].sort()).toEqual(Object.keys(rules).sort())
  })
})

describe('the repository', () => {
  const files = readTree(fileURLToPath(new URL('..', import.meta.url)))

  it('is all read', () => {
    const paths = files.map(({ path }) => path)
    expect(paths).toEqual(expect.arrayContaining(['package.json', 'package-lock.json', '.npmrc', '.ci/run', 'test/tidy.test.ts']))
    expect(paths.filter((path) => path.startsWith('src/')).length).toBeGreaterThan(5)
  })

  it('parses', () => {
    expect(
      files.filter(({ path }) => isScript(path)).flatMap((file) => treeOf(file).errors.map((error) => `${file.path}: ${error.message}`)),
    ).toEqual([])
  })

  it.each(Object.keys(rules))('%s', (name) => {
    expect(files.flatMap((file) => (rules[name] as Rule)(file).map((offence) => `${file.path}: ${offence}`))).toEqual([])
  })
})
