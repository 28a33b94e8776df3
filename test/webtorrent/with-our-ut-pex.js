/** Given to Node by `--import`: whoever imports `ut_pex`, WebTorrent for one, gets this package, as npm's `overrides` would have it. */
import { register } from 'node:module'

const ours = JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)
const hooks = `export async function resolve(specifier, context, next) {
  return specifier === 'ut_pex' ? { url: ${ours}, shortCircuit: true } : next(specifier, context)
}`
register(`data:text/javascript,${encodeURIComponent(hooks)}`)
