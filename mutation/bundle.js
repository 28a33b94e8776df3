/** All tests and what they test in one file, with the sources instrumented: `worker.js` loads it. */

import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const own = (name) => fileURLToPath(new URL(name, import.meta.url))
const root = fileURLToPath(new URL('..', import.meta.url))

/** @param texts the instrumented texts by path */
export async function bundle(testPaths, texts, outfile) {
  const contents = [
    ...testPaths.map((path) => `import ${JSON.stringify(path)}`),
    "export { tests } from 'vitest'",
    "export { state } from 'mutation-switch'",
  ].join('\n')
  await build({
    stdin: { contents, resolveDir: root, loader: 'js' },
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    // This package has no side effects, but its tests do.
    ignoreAnnotations: true,
    logLevel: 'error',
    logOverride: { 'empty-import-meta': 'silent' },
    plugins: [{ name: 'mutants', setup: (esbuild) => setUp(esbuild, texts) }],
  })
}

function setUp(esbuild, texts) {
  esbuild.onResolve({ filter: /^vitest$/ }, () => ({ path: own('vitest.js') }))
  esbuild.onResolve({ filter: /^mutation-switch$/ }, () => ({ path: own('switch.js') }))
  esbuild.onResolve({ filter: /^ut_pex(\/|$)/ }, ({ path }) => ({ path: `${root}src/${path.replace(/^ut_pex\/?/, '') || '.'}/index.ts` }))
  esbuild.onLoad({ filter: /\.ts$/ }, ({ path }) => {
    const source = texts.get(path) ?? readFileSync(path, 'utf8')
    const text = path.endsWith('.test.ts') ? `import { beginFile } from 'vitest'; beginFile(); ${source}` : source
    return {
      contents: text.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)),
      loader: 'ts',
      resolveDir: dirname(path),
    }
  })
}
