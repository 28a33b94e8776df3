/** What models of the adapters have in common: commands for fast-check, and a reader of what one remote is told. */
import type fc from 'fast-check'
import { decodeMessage } from '../../src/codec/index.ts'
import type * as ours from '../../src/index.ts'
import { peersOf, settle } from './wires.ts'

/** The library under test. */
export interface Library {
  readonly default: typeof ours.default
  readonly PexSwarm: typeof ours.PexSwarm
}

/** What a remote holds by the messages that it was sent, and what is wrong with them whoever they are for. */
export class Told {
  readonly held: Set<string> = new Set()
  readonly #maxContacts: number
  #lastAt: number = Number.NEGATIVE_INFINITY

  constructor(maxContacts: number) {
    this.#maxContacts = maxContacts
  }

  /** Reads a message that is sent at this time to a remote that has some contacts already by another way. What is wrong with it. */
  read(bytes: Uint8Array, now: number, has: (peer: string) => boolean): string[] {
    const findings: string[] = []
    const gap = now - this.#lastAt
    // Milliseconds as they are added up here and there differ by their last bit.
    if (gap < 62_000 - 0.001) findings.push(`a message after ${gap} ms`)
    this.#lastAt = now
    const message = decodeMessage(bytes)
    const added = [...peersOf(message.added), ...peersOf(message.added6, 6)]
    const dropped = [...peersOf(message.dropped), ...peersOf(message.dropped6, 6)]
    if (message.faults.length > 0) findings.push(`a message that is ${message.faults}`)
    if (added.length + dropped.length === 0) findings.push('an empty message')
    if (Math.max(added.length, dropped.length) > this.#maxContacts) findings.push(`${added.length} added, ${dropped.length} dropped`)
    for (const peer of dropped) if (!this.held.delete(peer)) findings.push(`${peer} is dropped, which it does not hold`)
    for (const peer of added) {
      if (has(peer)) findings.push(`${peer} is added, which it has already`)
      if (this.held.has(peer) || dropped.includes(peer)) findings.push(`${peer} is added again`)
      this.held.add(peer)
    }
    return findings
  }
}

interface Judged {
  readonly findings: readonly string[]
}

/** A command from its text, when it may run, and what it does. Afterwards nothing must be wrong. */
export function command<Model extends object, World extends Judged>(
  text: string,
  may: (model: Model) => boolean,
  run: (world: World, model: Model) => Promise<void> | void,
): fc.AsyncCommand<Model, World> {
  return {
    check: may,
    async run(model, world) {
      await run(world, model)
      await settle()
      if (world.findings.length > 0) throw new Error(world.findings.join('\n'))
    },
    toString: () => text,
  }
}
