/** Thousands of runs of what `model.test.ts` does in a few; and faults, planted into copies of the adapters, that they find. */
import { afterEach, beforeEach, describe, expect, it, test, vi } from 'vitest'
import * as library from '../../src/index.ts'
import { type Fault, fault, plant } from '../planted.ts'
import type { Library } from './model.ts'
import { checkDropIn } from './model-drop-in.ts'
import { checkSwarms } from './model-swarm.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

it('2,000 runs of a swarm on real wires keep every promise', async () => {
  expect(await checkSwarms(library, { runs: 2_000, seed: 7 })).toBeGreaterThan(10_000)
})

it('2,000 runs of a wire that is fed by hand keep every promise', async () => {
  expect(await checkDropIn(library, { runs: 2_000, seed: 7 })).toBeGreaterThan(3_000)
})

/** What the finding says. */
type Expected = readonly [Fault, RegExp]

const ofSwarms: readonly Expected[] = [
  [
    fault(
      'seeds are told of seeds',
      'core/connection',
      'if ((this.#bits & bit.seedAsReceiver) !== 0 && audience % 2 === 1) return false',
      '',
    ),
    /has already/,
  ],
  [
    fault(
      'a wire that has closed stays',
      'extension/link',
      "for (const event of ['close', 'finish', 'end']) wire[method](event, this.#onClose)",
      '',
    ),
    /holds|left/,
  ],
  [
    fault(
      'handshakes after the first are not heard',
      'extension/link',
      "if (name === 'handshake') this.#learn",
      "if (name === 'handshake' && this.#peer === undefined) this.#learn",
    ),
    /lacks|holds|takes none/,
  ],
  [
    fault(
      'the id that came first is used for ever',
      'extension/link',
      'if (handshake.utPex !== undefined) this.#remoteId =',
      'if (handshake.utPex !== undefined && this.#remoteId === 0) this.#remoteId =',
    ),
    /under the id/,
  ],
  [fault('a handshake without ut_pex ends it', 'extension/wire', 'readId(m.ut_pex) : undefined', 'readId(m.ut_pex) : 0'), /lacks/],
  [
    fault(
      'the port of an incoming wire is told',
      'extension/link',
      "direction: isOutgoing ? 'outgoing' : 'incoming'",
      "direction: 'outgoing'",
    ),
    /lacks|holds/,
  ],
  [fault('p is not read', 'extension/wire', 'port: readPort(dictionary.p)', 'port: undefined'), /lacks|holds/],
  [
    fault('stop is not passed on', 'extension/link', 'core.handleStopped(this, isStopped, now)', 'void [core, isStopped, now]'),
    /takes none/,
  ],
  [fault('reset forgets nothing', 'extension/link', 'core.handleReset(this, now)', 'void [core, now]'), /lacks/],
  [
    fault(
      'messages do not reach the core',
      'extension/link',
      "if (this.#state === 'connected') this.#owner.run((core, now) => core.handleMessage",
      'if (this.#haveCount === -2) this.#owner.run((core, now) => core.handleMessage',
    ),
    /has already/,
  ],
  [
    fault(
      'the id 0 begins the minute anew',
      'core/outbox',
      'this.owed = undefined\n    this.sleep()',
      'this.owed = undefined\n    this.#slotAt = Number.NEGATIVE_INFINITY\n    this.#bits &= ~bit.onGrid\n    this.sleep()',
    ),
    /a message after/,
  ],
  [
    fault(
      'messages are sent while nobody knows whether it is private',
      'core/swarm',
      ' || this.#private !== false) outbox.pause()',
      ') outbox.pause()',
    ),
    /private is/,
  ],
  [
    fault(
      'the cap of dropped is off by one',
      'core/timeline',
      'else if (this.#droppedCount >= this.#limits.maxContacts) return false',
      'else if (this.#droppedCount > this.#limits.maxContacts) return false',
    ),
    /2 dropped/,
  ],
  [
    fault(
      'a busy wire loses its message',
      'extension/link',
      "if (isBusy(wire) && (turn === 'open' ||",
      "if (isBusy(wire)) this.#owner.run((core, now) => core.takeMessage(this, now))\n    if (isBusy(wire) && (turn === 'open' ||",
    ),
    /lacks|not hold/,
  ],
]

const ofDropIns: readonly Expected[] = [
  [fault('start does not wait for its call', 'core/solo', '    this.#outbox.pause()\n    this.#turn =', '    this.#turn ='), /stopped/],
  [fault('stop does not stop', 'core/solo', 'stop(): void {\n    this.#outbox.pause()', 'stop(): void {'), /stopped/],
  [
    fault(
      'reset leaves what was told',
      'core/solo',
      "for (const entry of this.#timeline.liveEntries()) this.#timeline.disconnect(entry, 'gone', now)",
      '',
    ),
    /which was dropped/,
  ],
  [fault('reset leaves what was heard', 'core/solo', '    this.#inbox.clear()\n', ''), /lacks/],
  [fault('dropPeer6 does nothing', 'extension/ut-pex', '    this.dropPeer(peer)\n', ''), /which was dropped/],
  [
    fault(
      'an id that changes is not heard',
      'extension/ut-pex',
      '    this.#remoteId = id\n    if',
      '    this.#remoteId ??= id\n    if (this.#remoteId !== id) return\n    if',
    ),
    /under the id|takes none/,
  ],
  [
    fault(
      'the cap of added is off by one',
      'core/timeline',
      'return Math.min(this.#limits.maxContacts, ',
      'return Math.min(this.#limits.maxContacts + 1, ',
    ),
    /51 added/,
  ],
]

describe.each([
  { what: 'a swarm', faults: ofSwarms, check: checkSwarms },
  { what: 'a wire that is fed by hand', faults: ofDropIns, check: checkDropIn },
])('a fault of $what is found:', ({ faults, check }) => {
  test.each(faults)('$name', async (planted, finding) => {
    const load = plant(planted, ['core', 'extension'])
    const swarms = (await load('extension/pex-swarm')) as Pick<Library, 'PexSwarm'>
    const extension = (await load('extension/ut-pex')) as { readonly utPex: Library['default'] }
    const copy: Library = { default: extension.utPex, PexSwarm: swarms.PexSwarm }
    await expect(check(copy, { runs: 300, seed: 1 })).rejects.toThrow(finding)
  })
})
