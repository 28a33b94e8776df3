/**
 * Would the schedules of everything notice? Each fault is planted into a copy of the core, and must be found by schedules by chance,
 * as a law that is broken: the core did not just break down.
 */
import { describe, expect, test } from 'vitest'
import { type Fault, fault, plant } from '../../planted.ts'
import type { SwarmClass } from './run.ts'
import { faultOf, firstFaultBySeed, randomCase } from './schedules.ts'

const ofTimeline = (name: string, find: string, replace: string): Fault => fault(name, 'core/timeline', find, replace)
const ofSwarm = (name: string, find: string, replace: string): Fault => fault(name, 'core/swarm', find, replace)
const ofConnection = (name: string, find: string, replace: string): Fault => fault(name, 'core/connection', find, replace)
const ofContacts = (name: string, find: string, replace: string): Fault => fault(name, 'core/contacts', find, replace)
const ofOutbox = (name: string, find: string, replace: string): Fault => fault(name, 'core/outbox', find, replace)

const toldOnce: readonly Fault[] = [
  ofTimeline(
    'who is back is told again',
    'flip(cursor, again)\n        else if (this.#droppedCount >= this.#limits.maxContacts) return',
    '{}\n        else if (this.#droppedCount >= this.#limits.maxContacts) return',
  ),
  ofTimeline(
    'what is withheld is not remembered',
    'else if (receiver.withholds(entry)) flip(cursor, entry)',
    'else if (receiver.withholds(entry)) {}',
  ),
  ofTimeline('what is withheld is never revisited', 'for (const position of odd) {', 'for (const position of [] as number[]) {'),
  ofTimeline('what is owed is dropped though live', 'if (again !== undefined) flip(cursor, again)\n      else if', 'if'),
  ofTimeline(
    'a newcomer starts at the wrong end',
    'cursor.departures = this.#position\n    cursor.odd = cursor.owed = undefined',
    'cursor.arrivals = cursor.departures = this.#position\n    cursor.odd = cursor.owed = undefined',
  ),
  ofTimeline(
    'the mark of what is held is not consumed',
    'if (cursor.odd !== undefined && isIn(cursor.odd, entry)) settle(cursor, entry)',
    'if (cursor.odd !== undefined && isIn(cursor.odd, entry)) {}',
  ),
  ofTimeline(
    'the cap of added is off by one',
    'return Math.min(this.#limits.maxContacts, ',
    'return Math.min(this.#limits.maxContacts + 1, ',
  ),
  ofTimeline(
    'one departure too many is pruned',
    'this.#gone.slice(indexAfter(this.#gone, smallest, departedAt))',
    'this.#gone.slice(indexAfter(this.#gone, smallest, departedAt) + 1)',
  ),
  ofTimeline('arrivals are told before all departures are', 'if (caughtUp) {', '{'),
]

const features: readonly Fault[] = [
  ofOutbox('nobody is woken when a claim ends', 'this.#settings.timeline.release(this)', ''),
  ofSwarm('what a private torrent forgets stays withheld', 'if (value === true) this.#hearsay.forget(this.#connections.values())', ''),
  ofSwarm('the claims of a reset wire stay withheld', 'this.#hearsay.forgetSource(connection, now)', ''),
  fault(
    'one claim more than is kept gives no way',
    'core/claims',
    'addBlock(message, count, maxClaims)',
    'addBlock(message, count, maxClaims + 1)',
  ),
  fault('a claim that gave way stays withheld', 'core/hearsay', 'this.#hasReleased = true', "this.#hasReleased = why !== 'evicted'"),
  ofConnection(
    'a receiver is told of itself',
    'if (this.contact === undefined ? entry.key === this.#endpoint : entry === this.contact) return true',
    '',
  ),
  ofConnection('the local network is told abroad', 'return mayCross((audience >> 1) as Scope, this.scope)', 'return true'),
  ofConnection(
    'receivers in all networks share messages',
    'return this.scope * 2 + ((this.#bits & bit.seedAsReceiver)',
    'return 0 + ((this.#bits & bit.seedAsReceiver)',
  ),
  ofContacts('the documentation nets are told of', 'if (connection.scope === Scope.documentation && !documentationNets) return false', ''),
  ofConnection('seeds are told of seeds', 'if ((this.#bits & bit.seedAsReceiver) !== 0 && audience % 2 === 1) return false', ''),
  ofConnection(
    'a seed that becomes one later counts as one before',
    'if ((this.#bits & bit.seedAsReceiver) !== 0 && audience',
    'if (this.hasEverything === true && audience',
  ),
  ofConnection('seeds and leeches share messages', '((this.#bits & bit.seedAsReceiver) === 0 ? 0 : 1)\n', '0\n'),
  ofContacts('what is not shared is told', 'return share({ address, port, flags: connection.flags }) === true', 'return true'),
  ofSwarm(
    'the port of before is never dropped',
    "this.#contacts.leave(connection, 'gone', now)\n    this.#contacts.enter",
    'this.#contacts.enter',
  ),
  ofConnection('p wins over the port that was dialled', ' && (this.#bits & flag.outgoing) === 0', ''),
  ofContacts(
    'a contact goes with its first connection',
    'if (holders.length > 0) {',
    'for (const holder of holders) holder.contact = undefined\n    if (holders.length > 9) {',
  ),
  ofContacts('a second connection adds no flags', 'connection]\n      this.refreshFlags(connection)', 'connection]'),
  ofTimeline('flags in a shared message grow old', 'this.#shared.forget()', ''),
  ofContacts('who went for any reason is told as recently seen', 'connection.leaving, now)', "'recent', now)"),
  ofTimeline('what was recently seen is not dropped next', 'cursor.owed = [...(cursor.owed ?? []), entry]', ''),
  ofTimeline('what was recently seen is told again', 'cursor.recent = this.#position', ''),
  fault(
    'one too many is remembered as recently seen',
    'core/recent',
    'seen.length > this.#limits.maxRecent',
    'seen.length > this.#limits.maxRecent + 1',
  ),
  fault('what was seen long ago is told', 'core/recent', ' && now - at <= this.#limits.recentMs', ''),
  ofSwarm('messages are sent while nobody knows whether it is private', ' || this.#private !== false) outbox.pause()', ') outbox.pause()'),
  ofSwarm('sending does not go on once it is public', 'else outbox.resume(now)', ''),
  ofSwarm('sending is never stopped', 'if (connection.isStopped || this', 'if (this'),
  ofSwarm('the id 0 does not end it', 'if (connection.remoteId === 0) outbox.close()', 'if (connection.remoteId < 0) outbox.close()'),
  ofOutbox(
    'the id 0 begins the minute anew',
    'this.owed = undefined\n    this.sleep()',
    'this.owed = undefined\n    this.#slotAt = Number.NEGATIVE_INFINITY\n    this.#bits &= ~bit.onGrid\n    this.sleep()',
  ),
  ofOutbox('a further handshake begins anew what was told', 'if (this.isOpen) return\n', ''),
  ofConnection(
    'm is not additive',
    'if (utPex !== undefined) {\n      const remoteId = isWithin(utPex, 1, 255) ? utPex : 0',
    '{\n      const remoteId = utPex ?? 0',
  ),
  ofSwarm(
    'who says nothing of its pieces is never told',
    'new Settling(connection, now + this.#limits.settleMs)',
    'new Settling(connection, Number.POSITIVE_INFINITY)',
  ),
  ofSwarm('who is half connected is told', 'if (!peer.isExtended) this.#completeHandshake', 'this.#completeHandshake'),
  ofTimeline(
    'the bound of what one may hold is off by one',
    'this.#limits.maxTold - cursor.toldCount)',
    'this.#limits.maxTold + 1 - cursor.toldCount)',
  ),
  ofTimeline(
    'what is dropped is counted for ever',
    'cursor.toldCount += added.length - dropped.length',
    'cursor.toldCount += added.length',
  ),
  ofTimeline('departures are never forgotten', ') this.#forgetDepartures()', ') {}'),
  ofTimeline('a receiver is retired one too early', '.length > this.#limits.maxOwed)', '.length >= this.#limits.maxOwed)'),
  ofOutbox('a turn that was not taken is the last', 'this.#bits |= bit.onGrid\n      this.wake(now)', ''),
  fault('who is asleep is not woken', 'core/turns', 'connection.outbox.wake(now)', ''),
]

const seeds = { from: 1, count: 6_000 }

async function swarmWith(planted: Fault): Promise<SwarmClass> {
  const module = (await plant(planted, ['core'])('core/swarm')) as { readonly Swarm: SwarmClass }
  return module.Swarm
}

describe('a fault of the core is found by schedules by chance:', () => {
  test.each([...toldOnce, ...features])('$name', async (planted) => {
    const Swarm = await swarmWith(planted)
    const seed = firstFaultBySeed(Swarm, seeds)
    expect(seed).toBeDefined()
    expect(faultOf(Swarm, randomCase(seed ?? 0))).not.toMatch(/Error/)
  })

  test('and none in a copy without', async () => {
    const Swarm = await swarmWith(ofSwarm('none', 'export class Swarm<', 'export class Swarm<'))
    expect(firstFaultBySeed(Swarm, { from: 1, count: 1_000 })).toBe(undefined)
  })
})
