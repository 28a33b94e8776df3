/**
 * Two kinds of test: `fast` runs with every `npm test`, `slow` (`*.slow.test.ts`) with `npm run test:slow`, and after them
 * `programs`, those of the slow ones that start programs which talk to each other.
 *
 * Tests run on the TypeScript sources, so a file under test that imports `ut_pex` by name gets the sources, too.
 * Packages in node_modules are not touched by that: WebTorrent keeps the released `ut_pex` that it depends on.
 */
import { fileURLToPath } from 'node:url'
import { defineConfig, type ViteUserConfig } from 'vitest/config'

const source = (path: string): string => fileURLToPath(new URL(`./src/${path}`, import.meta.url))
const slow = 'test/**/*.slow.test.ts'
const programs = 'test/webtorrent/*.slow.test.ts'

const config: ViteUserConfig = defineConfig({
  resolve: {
    alias: [
      { find: /^ut_pex$/, replacement: source('index.ts') },
      { find: /^ut_pex\/(core|codec|conformance|webtorrent)$/, replacement: source('$1/index.ts') },
    ],
  },
  test: {
    pool: 'threads',
    isolate: false,
    projects: [
      { extends: true, test: { name: 'fast', include: ['test/**/*.test.ts'], exclude: [slow], testTimeout: 20_000 } },
      { extends: true, test: { name: 'slow', include: [slow], exclude: [programs], testTimeout: 600_000, sequence: { groupOrder: 1 } } },
      // They listen on ports and wait for each other: one file at a time, beside nothing else, keeps their clocks honest.
      {
        extends: true,
        test: { name: 'programs', include: [programs], testTimeout: 600_000, fileParallelism: false, sequence: { groupOrder: 2 } },
      },
    ],
  },
})

export default config
