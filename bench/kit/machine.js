/** On what, with what and of what a figure was measured. */
import { execFileSync } from 'node:child_process'
import { cpus, totalmem } from 'node:os'

/** One line, without names of hosts or users. */
export function describeMachine() {
  const [{ model }] = cpus()
  return `${model.trim()}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform}`
}

/** The commit that was measured; `with changes` when the working tree is not that commit. */
export function describeCommit() {
  try {
    const git = (...args) => execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
    const changes = git('status', '--porcelain', '--', 'src')
    return `${git('rev-parse', '--short', 'HEAD')}${changes === '' ? '' : ' with changes'}`
  } catch {
    return 'unknown'
  }
}

export function describeRun() {
  return { machine: describeMachine(), node: process.version, commit: describeCommit() }
}
