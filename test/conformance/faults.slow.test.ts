/**
 * Would the observer notice if our core were at fault? Each fault is planted into a copy of the core, which then lives through
 * hours among peers by chance until it is found, and under the clause that it breaks.
 */
import { describe, expect, test } from 'vitest'
import type { Clause } from '../../src/conformance/index.ts'
import type { Swarm } from '../../src/core/swarm.ts'
import { plant as plantIn } from '../planted.ts'
import { Hub, type HubOptions } from './hub.ts'

interface Fault {
  readonly name: string
  readonly clause: Clause
  readonly file: string
  readonly find: string
  readonly replace: string
  readonly torrent: 'public' | 'magnet'
}

const fault = (clause: Clause, name: string, file: string, [find, replace]: readonly [string, string]): Fault => ({
  clause,
  name,
  file,
  find,
  replace,
  torrent: clause === 'N30' ? 'magnet' : 'public',
})

const faults: readonly Fault[] = [
  fault('N4', 'contacts without flags are left out', 'inbox', [
    'layout[2 * list + 2]! : -1',
    'layout[2 * list + 2]! : -1\n    if (flagsStart < 0) return',
  ]),
  fault('N7', 'e is not heeded', 'connection', ['withBit(this.#bits, flag.encryption, encryption)', 'this.#bits']),
  fault('N8', 'upload_only is not heeded', 'connection', ['withBit(this.#bits, flag.seed, uploadOnly)', 'this.#bits']),
  fault('N8', 'a seed that becomes one later stays a leech', 'swarm', [
    'if (connection.isSettled) this.#contacts.refreshFlags(connection)',
    'if (connection.isSettled) return',
  ]),
  fault('N10', 'ut_holepunch 0 counts', 'connection', ['utHolepunch > 0', 'true']),
  fault('N11', 'a second connection adds no flags', 'contacts', ['connection]\n      this.refreshFlags(connection)', 'connection]']),
  fault('N13', 'who is half connected is told', 'swarm', ['if (!peer.isExtended) this.#completeHandshake', 'this.#completeHandshake']),
  fault('N13', 'p wins over the port that was dialled', 'connection', [' && (this.#bits & flag.outgoing) === 0', '']),
  fault('N14', 'the local network is told abroad', 'connection', ['return mayCross((audience >> 1) as Scope, this.scope)', 'return true']),
  fault('N15', 'a drop that was lately told is forgotten', 'timeline', [
    'else this.#drop(entry)\n      }\n      if (isOdd)',
    'else if (entry.departedAt % 7 > 0) this.#drop(entry)\n      }\n      if (isOdd)',
  ]),
  fault('N16', 'a contact goes with its first connection', 'contacts', [
    'if (holders.length > 0) {',
    'for (const holder of holders) holder.contact = undefined\n    if (holders.length > 9) {',
  ]),
  fault('N18', 'the id 0 begins the minute anew', 'outbox', [
    'this.owed = undefined\n    this.sleep()',
    'this.owed = undefined\n    this.#slotAt = Number.NEGATIVE_INFINITY\n    this.#bits &= ~bit.onGrid\n    this.sleep()',
  ]),
  fault('N20', 'who is back is told again', 'timeline', [
    'if (again !== undefined) flip(cursor, again)\n        else if (this.#droppedCount >= this.#limits.maxContacts) return false',
    'if (again !== undefined) {}\n        else if (this.#droppedCount >= this.#limits.maxContacts) return false',
  ]),
  fault('N20', 'what was withheld is never told', 'timeline', [
    'for (const position of odd) {',
    'for (const position of [] as number[]) {',
  ]),
  fault('N22', 'one too many is added', 'timeline', [
    'return Math.min(this.#limits.maxContacts,',
    'return Math.min(this.#limits.maxContacts + 1,',
  ]),
  fault('N23', 'one too many is dropped', 'timeline', [
    'else if (this.#droppedCount >= this.#limits.maxContacts) return false',
    'else if (this.#droppedCount > this.#limits.maxContacts) return false',
  ]),
  fault('N25', 'who went for any reason is told as recently seen', 'contacts', [
    'this.leave(connection, connection.leaving, now)',
    "this.leave(connection, 'recent', now)",
  ]),
  fault('N25', 'what was recently seen is not dropped next', 'timeline', ['cursor.owed = [...(cursor.owed ?? []), entry]', '']),
  fault('N25', 'what was recently seen is told though many are live', 'timeline', [
    'this.#liveCount(family) < this.#limits.maxRecent && ',
    '',
  ]),
  fault('N28', 'every port of an address is handed out', 'candidates', ['return freeAt <= now', 'return true']),
  fault('N29', 'the lowest priority comes first', 'candidates', [': priority > otherPriority', ': priority < otherPriority']),
  fault('N30', 'messages are sent while nobody knows whether it is private', 'swarm', [
    'if (connection.isStopped || this.#private !== false) outbox.pause()',
    'if (connection.isStopped) outbox.pause()',
  ]),
  fault('N30', 'what was received on a private torrent is kept', 'swarm', [
    'if (value === true) this.#hearsay.forget(this.#connections.values())',
    '',
  ]),
  fault('N31', 'm is not additive', 'connection', [
    'if (utPex !== undefined) {\n      const remoteId = isWithin(utPex, 1, 255) ? utPex : 0',
    '{\n      const remoteId = utPex ?? 0',
  ]),
  fault('N1', 'the id 0 does not end it', 'swarm', [
    'if (connection.remoteId === 0) outbox.close()',
    'if (connection.remoteId < 0) outbox.close()',
  ]),
]

/** A core with this fault. Other tests plant faults of the same names. */
async function plant({ name, file, find, replace }: Fault): Promise<typeof Swarm> {
  const load = plantIn({ name: `conformance ${name}`, file: `core/${file}`, find, replace }, ['core'])
  return ((await load('core/swarm')) as { readonly Swarm: typeof Swarm }).Swarm
}

const tiny = { maxContacts: 3, maxRecent: 2 }

/** The clauses that are found broken in hours of this core, up to the hour in which it is this one. */
function found(faultyCore: typeof Swarm, { clause, torrent }: Pick<Fault, 'clause' | 'torrent'>): ReadonlySet<Clause> {
  const all = new Set<Clause>()
  for (let seed = 1; seed <= 20 && !all.has(clause); seed++) {
    const limits: Partial<HubOptions> = seed % 2 === 0 ? { limits: tiny, rules: tiny } : {}
    // A magnet takes its time to become private, and public again.
    const hours = torrent === 'magnet' ? 6 : 1
    const hub = new Hub({ seed, peers: 12, hours, stayMinutes: 5, awayMinutes: 2, torrent, core: faultyCore, ...limits }).run()
    for (const finding of hub.observer.findings) if (finding.by === 'local') all.add(finding.clause)
  }
  return all
}

describe('a fault of the core is found:', () => {
  test.each(faults)('$clause, $name', async (planted) => {
    expect([...found(await plant(planted), planted)]).toContain(planted.clause)
  })

  test('and none in a copy without', async () => {
    const none = await plant(fault('N1', 'none', 'swarm', ['export class Swarm<', 'export class Swarm<']))
    expect([...found(none, { clause: 'N1', torrent: 'public' })]).toEqual([])
  })
})
