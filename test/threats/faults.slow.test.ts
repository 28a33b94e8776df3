/**
 * Would the tests of the threat model notice? Each fault is planted into the sources of a run of its own, and a test whose
 * title begins with the row must fail there. A text that is not there to be replaced, or is there twice, fails before that:
 * no fault is lost when the source changes.
 */
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { type Fault, faults } from './faults.ts'

const root = new URL('../../', import.meta.url)

interface Outcome {
  readonly passed: readonly string[]
  readonly failed: readonly string[]
}

/** The tests of a row, on sources with a fault or without. Files where the row does not stand need not be loaded. */
async function run(row: string, fault: Fault | null): Promise<Outcome> {
  const files = readdirSync(new URL('test/threats', root))
    .map((name) => `test/threats/${name}`)
    .filter((path) => /(?<!\.slow)\.test\.ts$/.test(path) && new RegExp(`\\b${row} `).test(readFileSync(new URL(path, root), 'utf8')))
  const command = [
    'node_modules/vitest/vitest.mjs',
    'run',
    ...files,
    '--config',
    'test/threats/faults.config.ts',
    '-t',
    `^${row} `,
    '--reporter=json',
    // One test that finds it is enough.
    ...(fault === null ? [] : ['--bail=1']),
  ]
  const env = { ...process.env, PLANTED_FAULT: JSON.stringify(fault) }
  const child = spawn(process.execPath, command, { cwd: fileURLToPath(root), env, stdio: ['ignore', 'pipe', 'ignore'] })
  const output: Buffer[] = []
  child.stdout.on('data', (bytes: Buffer) => output.push(bytes))
  await new Promise((resolve) => child.on('close', resolve))
  const text = Buffer.concat(output).toString()
  const { testResults } = JSON.parse(text.slice(text.indexOf('{'))) as {
    testResults: { assertionResults: { fullName: string; status: string }[] }[]
  }
  const results = testResults.flatMap(({ assertionResults }) => assertionResults)
  const named = (status: string): string[] => results.filter((result) => result.status === status).map(({ fullName }) => fullName.trim())
  return { passed: named('passed'), failed: named('failed') }
}

describe('a planted fault is found by a test of its row:', () => {
  test.concurrent.each(faults)('$row, $name', async (fault) => {
    expect(readFileSync(new URL(`src/${fault.file}.ts`, root), 'utf8').split(fault.find)).toHaveLength(2)
    const { failed } = await run(fault.row, fault)
    expect(failed.length).toBeGreaterThan(0)
    expect(failed.every((name) => name.startsWith(`${fault.row} `))).toBe(true)
  })

  test('and each row has one, and passes without', async () => {
    expect([...new Set(faults.map(({ row }) => row))]).toEqual(Array.from({ length: 23 }, (_, index) => `T${index + 1}`))
    const { passed, failed } = await run('T\\d+', null)
    expect(failed).toEqual([])
    expect(passed.length).toBeGreaterThan(100)
  })
})
