/** Programs that use the library in a process of their own: to see what keeps one alive, and what is collected. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'vite'

const root = fileURLToPath(new URL('../..', import.meta.url))

export interface Child {
  /** Runs a module that may import `utPex` and `PexSwarm` from 'ut_pex', and packages by name. What it printed; fails if it failed, or took too long. */
  run(program: string, ...flags: string[]): Promise<string>
  remove(): void
}

/** Builds the library, or a part of it, from its sources into one file of a temporary directory. */
export async function newChild(entry: string = 'src/index.ts', timeoutMs: number = 15_000): Promise<Child> {
  const directory = mkdtempSync(join(tmpdir(), 'ut_pex-'))
  const result = await build({
    configFile: false,
    logLevel: 'silent',
    root,
    build: { ssr: entry, write: false, target: 'es2022', minify: false },
  })
  const [chunk] = (result as { readonly output: readonly { readonly code: string }[] }).output
  const library = join(directory, 'ut_pex.mjs')
  writeFileSync(library, (chunk as { readonly code: string }).code)
  return {
    run: (program, ...flags) => {
      const source = program.replaceAll("'ut_pex'", `'${pathToFileURL(library).href}'`)
      const { promise, resolve, reject } = withResolvers<string>()
      const options = { cwd: root, timeout: timeoutMs }
      execFile(process.execPath, [...flags, '--input-type=module', '-e', source], options, (error, stdout, stderr) => {
        if (error === null) resolve(stdout)
        else reject(new Error(`${error.message}\n${stderr}`))
      })
      return promise
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  }
}

function withResolvers<Value>(): { promise: Promise<Value>; resolve: (value: Value) => void; reject: (error: Error) => void } {
  let resolve: (value: Value) => void = () => {}
  let reject: (error: Error) => void = () => {}
  const promise = new Promise<Value>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { promise, resolve, reject }
}
