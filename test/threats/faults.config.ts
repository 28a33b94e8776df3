/** Runs the tests of the threat model on sources with one planted fault, which comes in the environment. */
import { fileURLToPath } from 'node:url'
import { defineConfig, type ViteUserConfig } from 'vitest/config'
import type { Fault } from './faults.ts'

const fault = JSON.parse(process.env.PLANTED_FAULT ?? 'null') as Fault | null
const path = fileURLToPath(new URL(`../../src/${fault?.file}.ts`, import.meta.url))

const config: ViteUserConfig = defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  plugins: [
    {
      name: 'planted-fault',
      enforce: 'pre',
      transform: (code, id) => (fault !== null && id === path ? code.replace(fault.find, () => fault.replace) : undefined),
    },
  ],
  test: { include: ['test/threats/*.test.ts'], pool: 'threads', isolate: false, maxWorkers: 1, testTimeout: 60_000 },
})

export default config
