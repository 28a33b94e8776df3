/** A day of our own core, judged by the observer: two hundred peers around one node, and thirty nodes among themselves. */
import { describe, expect, test } from 'vitest'
import { clauses } from '../../src/conformance/index.ts'
import { Hub, type HubOptions } from './hub.ts'
import { Network } from './network.ts'

const day: HubOptions = { seed: 20_261_122, peers: 200, hours: 24, stayMinutes: 25, awayMinutes: 8, tellMinutes: 4 }

describe('a day of 200 peers that come and go', () => {
  const { counts, observer } = new Hub(day).run()

  test('has no finding', () => {
    expect(observer.findings).toEqual([])
  })

  test('put every clause to the test that can be broken there', () => {
    const summary = observer.summary()
    const unjudged = Object.keys(clauses).filter((clause) => summary[clause as keyof typeof clauses].judged === 0)
    // Nobody is hung up on for its messages.
    expect(unjudged).toEqual(['N24'])
  })

  test('had full messages, recently seen contacts, other ports, other ids, and dials', () => {
    const { dials, dropped, fullMessages, messages, moved, recentlySeen, reenabled } = counts
    expect(Math.min(messages, dropped, fullMessages)).toBeGreaterThan(10_000)
    expect(Math.min(dials, moved, recentlySeen, reenabled)).toBeGreaterThan(1_000)
  })

  test('had no first message with more than 50 contacts, and none over 16 KiB', () => {
    expect(counts.greatestFirst).toBe(50)
    expect(counts.greatestBytes).toBeLessThan(16 * 1024)
  })
})

describe('no finding either', () => {
  test('in six hours of a magnet that is public at times, private at times, and unknown in between', () => {
    const { counts, observer } = new Hub({ ...day, hours: 6, torrent: 'magnet' }).run()
    expect(observer.findings).toEqual([])
    expect(counts.messages).toBeGreaterThan(1_000)
  })

  test('in a hundred small swarms of an hour, with tiny limits and with ours', () => {
    const hour: Omit<HubOptions, 'seed'> = { peers: 12, hours: 1, stayMinutes: 5, awayMinutes: 2 }
    const tiny = { maxContacts: 3, maxRecent: 2 }
    for (let seed = 1; seed <= 50; seed++) {
      const options = [
        { ...hour, seed },
        { ...hour, seed, limits: tiny, rules: tiny },
      ]
      for (const { observer } of options.map((option) => new Hub(option).run())) {
        expect({ seed, found: observer.findings.filter(({ by }) => by === 'local') }).toEqual({ seed, found: [] })
      }
    }
  })

  test('in two hours of thirty nodes that hear of each other, at either end', () => {
    expect(new Network({ seed: 1, nodes: 30, hours: 2, delayMs: 1_500 }).run().findings).toEqual([])
  })
})
