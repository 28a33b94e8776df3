/**
 * Would the checks notice? Each fault is planted into a copy of the timeline, and must be found.
 *
 * Each is looked for twice: with the timeline's beliefs compared with what was told, which finds it early, and by the
 * messages alone, because a check that needs the bookkeeping of what it judges might prove nothing. The copies are written
 * to `build/faults`. A text that is to be replaced must stand in the source once: no fault is lost when the source changes.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import type { TimelineClass } from './run.ts'
import { faultOf, firstFaultBySeed, randomCase } from './schedules.ts'

interface Fault {
  readonly name: string
  readonly file: keyof typeof sources
  readonly find: string
  readonly replace: string
  /** Whether the messages alone give it away. */
  readonly shows: 'in messages' | 'in beliefs'
}

const root = new URL('../../../', import.meta.url)
const sources = { timeline: read('timeline'), recent: read('recent'), cursor: read('cursor'), 'shared-batches': read('shared-batches') }

function read(file: string): string {
  return readFileSync(new URL(`src/core/${file}.ts`, root), 'utf8')
}

const inTimeline = (name: string, find: string, replace: string): Fault => ({ name, file: 'timeline', find, replace, shows: 'in messages' })
const inCursor = (name: string, find: string, replace: string): Fault => ({ ...inTimeline(name, find, replace), file: 'cursor' })
const inRecent = (name: string, find: string, replace: string): Fault => ({ ...inTimeline(name, find, replace), file: 'recent' })
const inBeliefs = (name: string, find: string, replace: string): Fault => ({ ...inTimeline(name, find, replace), shows: 'in beliefs' })

const faults: readonly Fault[] = [
  inTimeline(
    'a reconnect is not counted as told',
    'if (again !== undefined) flip(cursor, again)\n        else if (this.#droppedCount >= this.#limits.maxContacts) return false',
    'if (again !== undefined) {}\n        else if (this.#droppedCount >= this.#limits.maxContacts) return false',
  ),
  inTimeline(
    'a reconnect is not counted as told, when its drop was owed',
    'if (again !== undefined) flip(cursor, again)\n      else if',
    'if (again !== undefined) {}\n      else if',
  ),
  inTimeline(
    'a reconnect is not counted as told, in an eviction',
    'if (again === undefined) owed.push(entry)\n        else flip(cursor, again)',
    'if (again === undefined) owed.push(entry)',
  ),
  inTimeline(
    'what is withheld is not remembered',
    'else if (receiver.withholds(entry)) flip(cursor, entry)',
    'else if (receiver.withholds(entry)) {}',
  ),
  inTimeline('what is withheld is never revisited', 'for (const position of odd) {', 'for (const position of [] as number[]) {'),
  inTimeline(
    'what is withheld is not revisited to the end',
    'if (this.#addedCount >= room) return false\n      this.#add(entry)\n      settle',
    'if (this.#addedCount >= room) break\n      this.#add(entry)\n      settle',
  ),
  inTimeline('what was withheld is told, and counts as withheld', 'this.#add(entry)\n      settle(cursor, entry)', 'this.#add(entry)'),
  inTimeline('the end of a claim is not noted', 'cursor.isReleased = cursor.odd !== undefined', 'cursor.isReleased = false'),
  inCursor(
    'the end of a claim is forgotten, when another begins',
    'cursor.odd = [...odd.slice(0, place)',
    'cursor.isReleased = false\n  cursor.odd = [...odd.slice(0, place)',
  ),
  inBeliefs('nobody is woken for what was withheld', ' || owed !== undefined || isReleased', ' || owed !== undefined'),
  inTimeline(
    'what is withheld is told',
    'if (!receiver.sees(entry.audience) || receiver.withholds(entry) ||',
    'if (!receiver.sees(entry.audience) ||',
  ),
  inTimeline(
    'what is withheld is told when revisited',
    '!receiver.sees(entry.audience) || receiver.withholds(entry)) continue',
    '!receiver.sees(entry.audience)) continue',
  ),
  inTimeline('what is owed is dropped though live', 'if (again !== undefined) flip(cursor, again)\n      else if', 'if'),
  inTimeline('what is owed is forgotten', 'owed.slice(taken)', 'undefined'),
  inTimeline('what is owed is forgotten in an eviction', 'const owed = [...(cursor.owed ?? [])]', 'const owed: Entry[] = []'),
  inTimeline(
    'a newcomer starts at the wrong end',
    'cursor.departures = this.#position\n    cursor.odd = cursor.owed = undefined',
    'cursor.arrivals = cursor.departures = this.#position\n    cursor.odd = cursor.owed = undefined',
  ),
  inTimeline(
    'the mark of what is held is not consumed',
    'if (cursor.odd !== undefined && isIn(cursor.odd, entry)) settle(cursor, entry)',
    'if (cursor.odd !== undefined && isIn(cursor.odd, entry)) {}',
  ),
  inTimeline(
    'the mark of what has gone is not consumed',
    'if (isOdd) settle(cursor, entry)\n      cursor.departures = entry.departedAt',
    'cursor.departures = entry.departedAt',
  ),
  inTimeline(
    'the cap of added is off by one',
    'return Math.min(this.#limits.maxContacts, ',
    'return Math.min(this.#limits.maxContacts + 1, ',
  ),
  inTimeline(
    'the cap of dropped is off by one',
    'else if (this.#droppedCount >= this.#limits.maxContacts) return false',
    'else if (this.#droppedCount > this.#limits.maxContacts) return false',
  ),
  inTimeline(
    'the cap of owed is off by one',
    'else if (this.#droppedCount >= this.#limits.maxContacts) break',
    'else if (this.#droppedCount > this.#limits.maxContacts) break',
  ),
  inTimeline(
    'the cap of recently seen is off by one',
    'if (this.#addedCount >= this.#roomFor(cursor)) break',
    'if (this.#addedCount > this.#roomFor(cursor)) break',
  ),
  inTimeline(
    'the bound of what one may hold is off by one',
    'this.#limits.maxTold - cursor.toldCount)',
    'this.#limits.maxTold + 1 - cursor.toldCount)',
  ),
  inTimeline(
    'one departure too many is pruned',
    'this.#gone = this.#gone.slice(indexAfter(this.#gone, smallest, departedAt))',
    'this.#gone = this.#gone.slice(indexAfter(this.#gone, smallest, departedAt) + 1)',
  ),
  inTimeline('whoever is furthest behind is not asked', 'if (cursor.departures < horizon) this.#copyOwed(cursor)\n      else ', ''),
  inTimeline('a receiver is retired one too early', '.length > this.#limits.maxOwed)', '.length >= this.#limits.maxOwed)'),
  inTimeline('arrivals are told before all departures are', 'if (caughtUp) {', '{'),
  inTimeline('what is not for this receiver is told', 'if (receiver.sees(entry.audience)) {', '{'),
  inCursor(
    'what is not for this receiver counts as told',
    'entry.arrivedAt <= arrivals && receiver.sees(entry.audience)',
    'entry.arrivedAt <= arrivals',
  ),
  inTimeline(
    'what is not for this receiver is told when revisited',
    '!receiver.sees(entry.audience) || receiver.withholds(entry)) continue',
    'receiver.withholds(entry)) continue',
  ),
  inTimeline(
    'what is not for this receiver is told as recently seen',
    'if (!receiver.sees(entry.audience) || receiver.withholds(entry) ||',
    'if (receiver.withholds(entry) ||',
  ),
  inTimeline('what is told is not counted', 'cursor.toldCount += added.length - dropped.length', 'cursor.toldCount -= dropped.length'),
  inTimeline(
    'what is dropped is counted for ever',
    'cursor.toldCount += added.length - dropped.length',
    'cursor.toldCount += added.length',
  ),
  inTimeline('there is always a message', 'added.length + dropped.length === 0 ? undefined : ', ''),
  inBeliefs(
    'nobody knows that there is more',
    'hasMore = !(this.#takeReleased(cursor) && this.#takeArrivals(cursor))',
    'this.#takeReleased(cursor) && this.#takeArrivals(cursor)',
  ),
  inBeliefs('nobody is woken for what is owed', ' || owed !== undefined || isReleased', ' || isReleased'),
  inBeliefs('nobody is woken for an arrival', 'arrivals !== this.#position || ', ''),
  inTimeline('what left is told', 'if (entry.departedAt !== 0) continue', ''),
  inTimeline(
    'whoever came last is told first',
    'for (let i = indexAfter(arrivals, cursor.arrivals, arrivedAt); i < arrivals.length; i++)',
    'for (let i = arrivals.length - 1; i >= indexAfter(arrivals, cursor.arrivals, arrivedAt); i--)',
  ),
  inTimeline('what was recently seen is not owed', 'cursor.owed = [...(cursor.owed ?? []), entry]', ''),
  inTimeline('what was recently seen is told again', 'cursor.recent = this.#position', ''),
  inTimeline('what was recently seen is told though it has just been dropped', ' || this.#isDropped(entry)', ''),
  inTimeline('what was recently seen is told though enough are live', 'this.#liveCount(family) < this.#limits.maxRecent && ', ''),
  inTimeline('any departure counts as recently seen', "if (recentlySeen === 'recent') ", ''),
  inTimeline('who connected counts as recently seen', 'this.#recent.remove(key, entry.family)', ''),
  inRecent('what was seen long ago is told', ' && now - at <= this.#limits.recentMs', ''),
  inRecent(
    'one too many is remembered as recently seen',
    'seen.length > this.#limits.maxRecent',
    'seen.length > this.#limits.maxRecent + 1',
  ),
]

async function plant({ name, file, find, replace }: Fault): Promise<TimelineClass> {
  if (sources[file].split(find).length !== 2) throw new RangeError(`'${name}': its text must stand in ${file}.ts once: ${find}`)
  const folder = new URL(`build/faults/${name.replaceAll(/\W+/g, '-')}/`, root)
  mkdirSync(folder, { recursive: true })
  for (const [source, text] of Object.entries(sources)) {
    const faulty = source === file ? text.replace(find, () => replace) : text
    const moved = faulty.replaceAll(/ from '(\.\.?\/.+)'/g, (whole, path: string) =>
      path.slice(2, -3) in sources ? whole : ` from '${fileURLToPath(new URL(path, new URL('src/core/', root)))}'`,
    )
    writeFileSync(new URL(`${source}.ts`, folder), moved)
  }
  const path = fileURLToPath(new URL('timeline.ts', folder))
  const module = (await import(/* @vite-ignore */ path)) as { readonly Timeline: TimelineClass }
  return module.Timeline
}

const seeds = { from: 1, count: 3_000 }

describe('a planted fault is found:', () => {
  test.each(faults)('$name', async (fault) => {
    const Timeline = await plant(fault)
    for (const beliefs of fault.shows === 'in messages' ? (['compared', 'ignored'] as const) : (['compared'] as const)) {
      const subject = { Timeline, beliefs }
      const seed = firstFaultBySeed(subject, seeds)
      expect(seed).toBeDefined()
      // A law is broken; it did not just break down.
      expect(faultOf(subject, randomCase(seed ?? 0))).not.toMatch(/Error/)
    }
  })

  test('and none in a copy without', async () => {
    const Timeline = await plant(inTimeline('none', 'class Timeline {', 'class Timeline {'))
    expect(firstFaultBySeed({ Timeline, beliefs: 'compared' }, seeds)).toBe(undefined)
  })
})
