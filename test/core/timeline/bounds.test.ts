import { describe, expect, test } from 'vitest'
import { Listener, names, Town } from './listener.ts'

/** IPv4 and IPv6 by turns. */
const ofBothFamilies = (count: number): string[] => names(count).map((name, index) => (index % 2 === 0 ? name : `:${name}`))

describe('one message', () => {
  test('adds 50 of both families together (N22)', () => {
    const town = new Town()
    town.connect(ofBothFamilies(120))
    const peer = new Listener(town)
    const message = peer.hear().split(' ')
    expect(message).toEqual([...ofBothFamilies(50).map((name) => `+${name}`), '…'])
    expect([peer.count(), peer.count(), peer.hear()]).toEqual([[50, 0], [20, 0], ''])
  })

  test('says that there is more when 51 wait, and not when 50 do', () => {
    for (const [count, hasMore] of [
      [50, false],
      [51, true],
    ] as const) {
      const town = new Town()
      town.connect(ofBothFamilies(count))
      expect(new Listener(town).hear().endsWith('…')).toBe(hasMore)
    }
  })

  test('drops 50 of both families together: 200 departures take four, and none is lost (N15, N23)', () => {
    const town = new Town({ maxRecent: 0 })
    const peer = new Listener(town)
    town.connect(ofBothFamilies(201))
    for (let messages = 0; messages < 5; messages++) peer.hear()
    town.disconnect(ofBothFamilies(200))
    expect([peer.count(), peer.count(), peer.count(), peer.count(), peer.hear()]).toEqual([[0, 50], [0, 50], [0, 50], [0, 50], ''])
    expect(peer.held).toEqual(town.live)
  })

  test('counts what was recently seen among the 50', () => {
    const town = new Town()
    town.connect([...names(24), ...names(24, 1, ':')])
    town.connect(['91', '92', ':91', ':92'])
    town.disconnect(['91', '92', ':91', ':92'], 'recent')
    expect(new Listener(town).count()).toEqual([50, 0])
  })
})

describe('what one peer holds of ours', () => {
  test('is at most `maxTold`; when some leave, others follow, and departures are never held back', () => {
    const town = new Town({ maxTold: 3, maxRecent: 0 })
    const peer = new Listener(town)
    town.connect(['1', '2', '3', '4', '5'])
    expect(peer.hear()).toBe('+1 +2 +3 …')
    expect(peer.hear()).toBe('')
    town.disconnect('2')
    expect(peer.hear()).toBe('-2 …')
    expect([peer.hear(), peer.hear()]).toEqual(['+4 …', ''])
    town.disconnect(['1', '3', '4', '5'])
    expect([peer.hear(), peer.hear()]).toEqual(['-1 -3 -4', ''])
  })

  test('counts who came back once, and what was recently seen', () => {
    const town = new Town({ maxTold: 2 })
    const peer = new Listener(town)
    town.connect('1')
    peer.hear()
    town.disconnect('1')
    town.connect(['1', '8', '9'])
    town.disconnect(['8', '9'], 'recent')
    expect(peer.hear()).toBe('+8')
    town.connect('2')
    expect(peer.hear()).toBe('-8 …')
    expect(peer.hear()).toBe('+2')
    expect(peer.cursor.toldCount).toBe(2)
  })

  test('is 500 at most by default', () => {
    const town = new Town()
    town.connect(names(501))
    const peer = new Listener(town)
    for (let messages = 0; messages < 20; messages++) peer.hear()
    expect(peer.held.length).toBe(500)
  })
})

describe('departures that are kept', () => {
  const limits = { maxDepartures: 4, maxRecent: 0, maxContacts: 2 }

  test('are at most `maxDepartures`, and who is behind is told them all the same', () => {
    const town = new Town(limits)
    const behind = new Listener(town)
    town.connect(['1', '2', '3', '4'])
    behind.hear()
    behind.hear()
    town.disconnect(['3', '1', '4', '2'])
    for (const name of names(100, 10)) {
      town.connect(name)
      town.disconnect(name)
      expect(town.timeline.goneCount).toBeLessThanOrEqual(4)
    }
    expect([behind.hear(), behind.hear(), behind.hear()]).toEqual(['-3 -1 …', '-4 -2', ''])
  })

  test('are at most twice the live contacts if that is more', () => {
    const town = new Town(limits)
    const behind = new Listener(town)
    town.connect(names(20))
    for (let messages = 0; messages < 10; messages++) behind.hear()
    // While one of the twenty is away, twice the live contacts are 38.
    for (const kept of [...names(37).map(Number), 0, 1]) {
      town.disconnect('20')
      town.connect('20')
      expect(town.timeline.goneCount).toBe(kept)
    }
    expect(behind.hear()).toBe('')
    expect(behind.held).toEqual(town.live.sort())
  })

  test('are forgotten when everybody was told', () => {
    const town = new Town(limits)
    const peer = new Listener(town)
    for (const name of names(3)) {
      town.connect(name)
      town.disconnect(name)
      peer.hear()
    }
    expect(town.timeline.goneCount).toBe(3)
    town.connect('4')
    peer.hear()
    town.disconnect('4')
    expect(town.timeline.goneCount).toBe(1)
    expect(peer.hear()).toBe('-4')
  })

  test('and who came back before an eviction is not dropped', () => {
    const town = new Town({ ...limits, maxContacts: 50 })
    const behind = new Listener(town)
    town.connect(['1', '2'])
    behind.hear()
    town.disconnect(['1', '2'])
    town.connect('1')
    for (const name of names(8, 10)) {
      town.connect(name)
      town.disconnect(name)
    }
    expect(behind.believed).toEqual(['1', '2'])
    town.connect('2')
    expect([behind.hear(), behind.hear()]).toEqual(['', ''])
    town.disconnect(['1', '2'])
    expect(behind.hear()).toBe('-1 -2')
  })
})

describe('a peer that is owed more than `maxOwed` drops', () => {
  /** A peer that holds this many contacts, all of which left so long ago that their departures are kept no more. */
  function owed(count: number, maxOwed: number): { town: Town; peer: Listener } {
    const town = new Town({ maxDepartures: 1, maxRecent: 0, maxTold: Number.POSITIVE_INFINITY, maxOwed })
    const peer = new Listener(town)
    town.connect(names(count))
    for (let messages = 0; messages < count / 50; messages++) peer.hear()
    town.disconnect(names(count))
    return { town, peer }
  }

  test('is told nothing more', () => {
    const { town, peer } = owed(1001, 1000)
    expect(town.timeline.isOpen(peer.cursor)).toBe(false)
    expect(town.timeline.retiredCount).toBe(1)
    town.connect('2000')
    expect(peer.hear()).toBe('')
    expect(peer.believed).toEqual([])
    expect(new Listener(town).hear()).toBe('+2000')
  })

  test('counts as holding nothing, though some of it is still there', () => {
    const town = new Town({ maxDepartures: 1, maxRecent: 0, maxOwed: 2 })
    const peer = new Listener(town)
    town.connect(names(14))
    expect(peer.count()).toEqual([14, 0])
    town.disconnect(names(9))
    for (const passing of names(40, 50)) {
      town.connect(passing)
      town.disconnect(passing)
    }
    expect(town.timeline.isOpen(peer.cursor)).toBe(false)
    expect(peer.believed).toEqual([])
  })

  test('and one that is owed just as many is told them all', () => {
    const { town, peer } = owed(1000, 1000)
    expect(town.timeline.isOpen(peer.cursor)).toBe(true)
    for (let messages = 0; messages < 20; messages++) expect(peer.count()).toEqual([0, 50])
    expect([peer.held, peer.hear(), town.timeline.retiredCount]).toEqual([[], '', 0])
  })

  test('is not one to whom most of them came back', () => {
    const town = new Town({ maxDepartures: 1, maxRecent: 0, maxOwed: 2 })
    const peer = new Listener(town)
    town.connect(['1', '2', '3'])
    peer.hear()
    town.disconnect(['1', '2'])
    town.connect(['1', '2'])
    town.disconnect('3')
    for (const passing of ['7', '8', '9']) {
      town.connect(passing)
      town.disconnect(passing)
    }
    expect(town.timeline.isOpen(peer.cursor)).toBe(true)
    expect(peer.hear()).toBe('-3')
    expect(peer.held).toEqual(['1', '2'])
  })
})

test('a peer that takes no messages is owed nothing, however many leave', () => {
  const town = new Town({ maxDepartures: 4, maxRecent: 0 })
  const peer = new Listener(town)
  town.timeline.close(peer.cursor)
  for (const passing of names(100)) {
    town.connect(passing)
    town.disconnect(passing)
  }
  expect([town.timeline.isOpen(peer.cursor), peer.cursor.owed, town.timeline.retiredCount]).toEqual([false, undefined, 0])
})

test('in a day of churn a peer that keeps listening knows exactly who is there', () => {
  const town = new Town({ recentMs: 1, maxDepartures: 300 })
  const peer = new Listener(town)
  const late = new Listener(town)
  let next = 1
  for (let minute = 0; minute < 1440; minute++) {
    town.now = minute * 60_000
    // Between 40 and 140 come and go, most of them for good; every seventh comes back at once.
    const swing = Math.round(70 * Math.sin(minute / 40))
    for (let events = 0; events < 12; events++) {
      const leaving = town.live[(minute * 7 + events * 31) % Math.max(1, town.live.length)]
      if (leaving !== undefined && town.live.length > 90 + swing) {
        town.disconnect(leaving, events % 5 === 0 ? 'recent' : 'gone')
        if (events % 7 === 0) town.connect(leaving)
      } else town.connect(`${next % 3 === 0 ? ':' : ''}${(next++ % 60_000) + 1}`)
    }
    peer.hear()
    if (minute % 97 === 0) late.hear()
    expect(peer.believed).toEqual(peer.held)
    expect(late.believed).toEqual(late.held)
  }
  for (const listener of [peer, late]) for (let messages = 0; messages < 40; messages++) listener.hear()
  expect(peer.held).toEqual(town.live.sort())
  expect(late.held).toEqual(town.live.sort())
})
