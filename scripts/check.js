/**
 * `npm test`: every check that a commit must pass.
 *
 * Two steps run at a time; a step starts when the steps that it comes after are done. Each prints one line with its time.
 * The first that fails ends the others, and its whole output follows.
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const bin = (name, ...args) => [`node_modules/.bin/${name}`, ...args]
const script = (name) => ['npm', 'run', '--silent', name]

/** The longest chain first. What reads `dist` or `build` comes after the step that writes it. */
const steps = [
  { name: 'build', run: script('build'), after: [] },
  { name: 'format', run: bin('biome', 'check', '--linter-enabled=false', '.'), after: [] },
  { name: 'build demo', run: script('build:demo'), after: ['build'] },
  { name: 'tests', run: bin('vitest', 'run', '--project', 'fast'), after: ['build demo'] },
  { name: 'types', run: bin('tsc'), after: [] },
  { name: 'lint', run: script('lint'), after: [] },
  { name: 'publint', run: bin('publint', '--strict'), after: ['build'] },
  { name: 'attw', run: bin('attw', '--pack', '--profile', 'esm-only', '--format', 'ascii'), after: ['build'] },
]
const stepsAtOnce = 2

const waiting = [...steps]
const done = new Set()
const running = new Set()
const begun = performance.now()
const since = (start) => `${((performance.now() - start) / 1000).toFixed(1)} s`.padStart(7)

/** Ends every process of a step: each step leads a process group of its own. */
function end(child) {
  try {
    process.kill(-child.pid, 'SIGTERM')
  } catch {
    // It ended by itself a moment ago.
  }
}

function stop() {
  waiting.length = 0
  process.exitCode = 1
  for (const child of running) end(child)
}

function start({ name, run: [command, ...args] }) {
  const from = performance.now()
  const env = { ...process.env, NO_COLOR: '1' }
  const child = spawn(command, args, { cwd: root, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  const output = []
  running.add(child)
  child.stdout.on('data', (bytes) => output.push(bytes))
  child.stderr.on('data', (bytes) => output.push(bytes))
  child.on('error', (error) => output.push(Buffer.from(`${error.message}\n`)))
  child.on('close', (code) => {
    running.delete(child)
    if (process.exitCode === 1) return
    console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${since(from)}  ${name}`)
    if (code === 0) {
      done.add(name)
      startWhatIsReady()
    } else {
      process.stdout.write(Buffer.concat(output))
      stop()
    }
  })
}

function startWhatIsReady() {
  while (running.size < stepsAtOnce) {
    const ready = waiting.findIndex((step) => step.after.every((name) => done.has(name)))
    if (ready === -1) break
    start(...waiting.splice(ready, 1))
  }
  if (running.size === 0 && done.size === steps.length) console.log(`ok     ${since(begun)}  all`)
}

process.on('SIGINT', stop)
process.on('SIGTERM', stop)
startWhatIsReady()
