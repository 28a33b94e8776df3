/**
 * The part of vitest's interface that the tests of the core use, so that tests are registered once and can be run
 * again and again in one process: thousands of mutants would otherwise load all tests thousands of times.
 */
import { chai, JestAsymmetricMatchers, JestChaiExpect, JestExtend } from '@vitest/expect'

chai.use(JestExtend)
chai.use(JestChaiExpect)
chai.use(JestAsymmetricMatchers)

/** Every test: `{ title, run }`, in the order of the files. */
export const tests = []
let titles = []
let hooks = []

export const { expect } = chai

/** All files are one here, but hooks hold for the tests of their own. */
export function beginFile() {
  hooks = []
}

export function describe(title, ...rest) {
  const [outerTitles, outerHooks] = [titles, hooks]
  titles = [...titles, title]
  hooks = [...hooks]
  rest.find((argument) => typeof argument === 'function')()
  titles = outerTitles
  hooks = outerHooks
}

export function test(title, ...rest) {
  const run = rest.find((argument) => typeof argument === 'function')
  const own = hooks
  tests.push({
    title: [...titles, title].join(' › '),
    async run() {
      for (const hook of own) if (hook.when === 'before') await hook.run()
      try {
        await run()
      } finally {
        for (const hook of own) if (hook.when === 'after') await hook.run()
      }
    },
  })
}

const each =
  (define) =>
  (table) =>
  (title, ...rest) => {
    const run = rest.find((argument) => typeof argument === 'function')
    const areLists = table.every((row) => Array.isArray(row))
    table.forEach((row, index) => define(`${title} #${index}`, () => run(...(areLists ? row : [row]))))
  }

describe.each = each(describe)
test.each = each(test)
export const it = test
export const beforeEach = (run) => hooks.push({ when: 'before', run })
export const afterEach = (run) => hooks.push({ when: 'after', run })
/** Mocked time belongs to the tests of the adapters, which are not run here. */
export const vi = undefined
