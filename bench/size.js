/** Bytes that a browser loads: bundled and minified by esbuild, compressed by brotli. */

import { brotliCompressSync, constants } from 'node:zlib'
import { build } from 'esbuild'
import { Record } from './kit/record.js'
import { format } from './kit/rounds.js'

/** What is imported, and for what platform; ut_pex 5 needs Node's `events` and `Buffer`, which browsers do not have. */
const entries = {
  'ut_pex, all of it': { code: "export * from 'ut_pex'; export { default } from 'ut_pex'" },
  'ut_pex, the factory alone': { code: "export { default } from 'ut_pex'" },
  'ut_pex/codec': { code: "export * from 'ut_pex/codec'" },
  'ut_pex/codec, messages alone': { code: "export { decodeMessage, encodeMessage } from 'ut_pex/codec'" },
  'ut_pex/core': { code: "export * from 'ut_pex/core'" },
  'ut_pex/webtorrent': { code: "export * from 'ut_pex/webtorrent'" },
  'ut_pex 5.0.2, for Node': { code: "export { default } from 'ut_pex5'", platform: 'node' },
}

const record = new Record('size')
for (const [title, { code, platform = 'browser' }] of Object.entries(entries)) {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: import.meta.dirname },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    platform,
    write: false,
    logLevel: 'error',
  })
  const [{ contents }] = outputFiles
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: contents.length }
  const compressed = brotliCompressSync(contents, { params }).length
  record.set(`size.${title}`, compressed)
  console.log(`${title.padEnd(32)} ${format(contents.length).padStart(8)} B minified  ${format(compressed).padStart(8)} B brotli`)
}
record.save()
