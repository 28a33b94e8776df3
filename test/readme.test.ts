/**
 * Is what the documents tell true? Every `js` and `ts` block is type-checked against our sources, and every npm script that
 * a `sh` block calls exists. Names that a block takes for granted are listed in a comment directly above it:
 *
 *     <!-- given: wire, connectTo -->
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

interface Document {
  readonly path: string
  readonly text: string
}
interface Block {
  readonly path: string
  readonly language: string
  /** Line of the first line of code, from 1. */
  readonly line: number
  readonly code: string
  /** Names that the code uses without declaring them. */
  readonly given: readonly string[]
}

const root = fileURLToPath(new URL('..', import.meta.url))

function blocksOf({ path, text }: Document): readonly Block[] {
  const found = text.matchAll(/^(?:<!-- given: (.*) -->\n+)?( *)```(\w+).*\n([\s\S]*?)^ *```$/gm)
  return [...found].map(([whole, given, indent, language, code]) => ({
    path,
    language: language as string,
    line: text.slice(0, text.indexOf(whole)).split('\n').length + whole.split('\n').length - (code as string).split('\n').length,
    code: (code as string).replaceAll(new RegExp(`^${indent as string}`, 'gm'), ''),
    given: given === undefined ? [] : given.split(/,\s*/),
  }))
}

/** The npm scripts that shell commands call; npm's own commands are not scripts. */
function scriptsCalled(code: string): readonly string[] {
  const commands = code.matchAll(/\bnpm (?:(test|start)\b|run(?:-script)?(?: +-+\w+)* +([\w:-]+))/g)
  return [...commands].map(([, short, long]) => (short ?? long) as string)
}

/** Type-checks blocks of one language in a folder of their own; answers `path:line: message` for each error. */
function typeErrors(blocks: readonly Block[], language: 'js' | 'ts'): readonly string[] {
  const folder = join(root, 'build', 'readme', language)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const names = new Map<string, string>()
  blocks.forEach(({ path, line, code, given }, i) => {
    const declared = given.map((name) => (language === 'js' ? `/** @type {any} */ let ${name};` : `declare const ${name}: any;`)).join(' ')
    names.set(`block${i}.${language}`, path)
    // The code stands on the lines that it has in its document, so that errors point there.
    writeFileSync(join(folder, `block${i}.${language}`), `${declared}${'\n'.repeat(line - 1)}${code}`)
  })
  const relaxed = { noUnusedLocals: false, noUnusedParameters: false, isolatedDeclarations: false, declaration: false }
  const forScripts = { allowJs: true, checkJs: true, noImplicitAny: false }
  const compilerOptions = { ...relaxed, ...(language === 'js' ? forScripts : {}), moduleDetection: 'force' }
  const include = ['.', '../../../test/untyped.d.ts']
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ extends: '../../../tsconfig.json', compilerOptions, include }))
  const { stdout, stderr, error } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', folder, '--pretty', 'false'], {
    cwd: folder,
    encoding: 'utf8',
  })
  if (error !== undefined || stderr !== '') throw error ?? new Error(stderr)
  const place = /^(block\d+\.[jt]s)\((\d+),\d+\)/
  const errors = stdout.split('\n').filter((text) => place.test(text))
  if (errors.length === 0) throw new Error(`The compiler found nothing in the blocks, not even what was planted:\n${stdout}`)
  return errors.map((text) => text.replace(place, (_, file: string, line: string) => `${names.get(file)}:${line}`))
}

function readDocuments(): readonly Document[] {
  const names = ['.', 'docs'].flatMap((folder) =>
    readdirSync(join(root, folder)).map((name) => (folder === '.' ? name : `${folder}/${name}`)),
  )
  return names.filter((path) => path.endsWith('.md')).map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
}

describe('the documents', () => {
  const documents = readDocuments()
  const blocks = documents.flatMap(blocksOf)
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly scripts: Record<string, string> }

  it('include a README with code: how to use the package, once there is one', () => {
    const languages = blocks.filter(({ path }) => path === 'README.md').map(({ language }) => language)
    expect(languages).toContain('sh')
    if (existsSync(join(root, 'src/index.ts'))) expect(languages.filter((language) => /^[jt]s$/.test(language))).not.toEqual([])
  })

  it('have no code that goes unread: each fence that opens is closed and names a language', () => {
    const fences = documents.flatMap(({ text }) => text.match(/^ *```/gm) ?? [])
    expect(fences.length).toBe(2 * blocks.length)
  })

  it.each(['js', 'ts'] as const)('show %s code that fits our types', (language) => {
    const planted: Block = { path: 'planted.md', language, line: 7, code: "import { noSuchExport } from 'ut_pex'\n", given: ['wire'] }
    const errors = typeErrors([...blocks.filter((block) => block.language === language), planted], language)
    expect(errors).toEqual([expect.stringContaining('planted.md:7: error')])
  })

  it('name no npm script that does not exist', () => {
    const called = blocks.filter(({ language }) => /^(sh|bash|console)$/.test(language)).flatMap(({ code }) => scriptsCalled(code))
    expect(called.filter((name) => !(name in scripts))).toEqual([])
  })
})

describe('the reader of documents', () => {
  const text =
    'a\n\n<!-- given: wire, dial -->\n```ts\nwire.use()\n```\n\n- b\n  ```sh\n  npm ci && npm run --silent no-such -- --json\n  npm test\n  ```\n'

  it('finds blocks, their lines and what they take for granted', () => {
    expect(blocksOf({ path: 'a.md', text })).toEqual([
      { path: 'a.md', language: 'ts', line: 5, code: 'wire.use()\n', given: ['wire', 'dial'] },
      { path: 'a.md', language: 'sh', line: 10, code: 'npm ci && npm run --silent no-such -- --json\nnpm test\n', given: [] },
    ])
  })

  it('finds the scripts that are called', () => {
    expect(blocksOf({ path: 'a.md', text }).flatMap(({ code }) => scriptsCalled(code))).toEqual(['no-such', 'test'])
  })
})
