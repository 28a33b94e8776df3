/** Where things are. `npm run` starts scripts in the root of the package. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

export const root: string = process.cwd()
export const suiteFolder: string = join(root, 'build/interop/suite')
export const sourceFolder: string = join(root, 'test/interop')
const runsFolder = join(root, 'build/interop/runs')

/** A folder for what a run writes: the logs of the clients, the traffic, their downloads. */
export function makeFolder(...names: readonly string[]): string {
  const folder = join(runsFolder, ...names)
  mkdirSync(folder, { recursive: true })
  return folder
}
