/** An hour of our own core among peers by chance, judged by the observer: a small share of what `day.slow.test.ts` does. */
import { describe, expect, test } from 'vitest'
import { Hub, type HubOptions } from './hub.ts'
import { Network } from './network.ts'

const hour: Omit<HubOptions, 'seed'> = { peers: 12, hours: 1, stayMinutes: 6, awayMinutes: 2, tellMinutes: 4 }
const tiny = { maxContacts: 3, maxRecent: 2 }

describe('an hour of 12 peers that come and go has no finding', () => {
  test('on a public torrent', () => {
    const { counts, observer } = new Hub({ ...hour, seed: 1 }).run()
    expect(observer.findings).toEqual([])
    expect(Math.min(counts.dropped, counts.recentlySeen, counts.moved, counts.reenabled, counts.dials)).toBeGreaterThan(0)
  })

  test('on one that is a magnet first, then public, then private', () => {
    const { counts, observer } = new Hub({ ...hour, seed: 2, torrent: 'magnet' }).run()
    expect(observer.findings).toEqual([])
    expect(counts.messages).toBeGreaterThan(50)
  })

  test('with three contacts in a message at most', () => {
    const { counts, observer } = new Hub({ ...hour, seed: 3, limits: tiny, rules: tiny }).run()
    // The peers around it know nothing of that limit.
    expect(observer.findings.filter(({ by }) => by === 'local')).toEqual([])
    expect(counts.fullMessages).toBeGreaterThan(50)
    expect(counts.greatestFirst).toBe(3)
  })
})

test('half an hour of ten nodes that hear of each other has no finding at either end', () => {
  const network = new Network({ seed: 1, nodes: 10, hours: 0.5, delayMs: 1_500 }).run()
  expect(network.findings).toEqual([])
  expect(network.counts.messages).toBeGreaterThan(300)
})
