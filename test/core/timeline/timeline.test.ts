import { describe, expect, test } from 'vitest'
import { Listener, names, Town } from './listener.ts'

/** Few contacts a message, and nobody is told of what was only seen recently. */
const oneAtATime = { maxContacts: 1, maxRecent: 0 }

describe('a newcomer', () => {
  test('is told of all who are there', () => {
    const town = new Town()
    town.connect(['1', ':1', '2'])
    const peer = new Listener(town)
    expect(peer.hear()).toBe('+1 +:1 +2')
    expect(peer.hear()).toBe('')
  })

  test('hears nothing while nobody is there', () => {
    expect(new Listener(new Town()).hear()).toBe('')
  })

  test('never hears of those who left before it came (N17)', () => {
    const town = new Town()
    town.connect(['1', '2'])
    town.disconnect('1')
    const peer = new Listener(town)
    expect(peer.hear()).toBe('+2')
  })

  test('hears of the longest connected first', () => {
    const town = new Town({ maxContacts: 3 })
    town.connect(['1', '2', '3', '4', '5'])
    town.disconnect('1')
    town.connect('1')
    const peer = new Listener(town)
    expect(peer.hear()).toBe('+2 +3 +4 …')
    expect(peer.hear()).toBe('+5 +1')
  })

  test('is told all anew after it was closed and opened again', () => {
    const town = new Town()
    const before = new Listener(town)
    town.connect(['1', '2'])
    expect(before.hear()).toBe('+1 +2')
    town.timeline.close(before.cursor)
    town.disconnect('2')
    expect(before.hear()).toBe('')
    expect(new Listener(town).hear()).toBe('+1')
  })
})

describe('a departure', () => {
  test('is told once, to those who were told of the arrival (N15, N17)', () => {
    const town = new Town({ maxRecent: 0 })
    const [told, untold] = [new Listener(town), new Listener(town)]
    town.connect(['1', '2'])
    expect(told.hear()).toBe('+1 +2')
    town.disconnect('2')
    expect(told.hear()).toBe('-2')
    expect(told.hear()).toBe('')
    expect(untold.hear()).toBe('+1')
    expect(untold.hear()).toBe('')
  })

  test('that nobody was told the arrival of is never told (N20)', () => {
    const town = new Town({ maxRecent: 0 })
    const peer = new Listener(town)
    town.connect('1')
    town.disconnect('1')
    expect(peer.hear()).toBe('')
  })

  test('and a return before the next message are nothing (N20), and the next departure counts', () => {
    const town = new Town({ maxRecent: 0 })
    const peer = new Listener(town)
    town.connect('1')
    expect(peer.hear()).toBe('+1')
    for (let times = 0; times < 3; times++) {
      town.disconnect('1')
      town.connect('1')
      expect(peer.hear()).toBe('')
    }
    town.disconnect('1')
    expect(peer.hear()).toBe('-1')
  })

  test('and a return are nothing also when they are told late', () => {
    const town = new Town(oneAtATime)
    const peer = new Listener(town)
    town.connect(['1', '2', '3'])
    for (const added of ['+1 …', '+2 …', '+3']) expect(peer.hear()).toBe(added)
    town.disconnect(['1', '2', '3'])
    town.connect('2')
    expect(peer.hear()).toBe('-1 …')
    expect(peer.hear()).toBe('-3')
    expect(peer.hear()).toBe('')
    expect(peer.held).toEqual(['2'])
  })

  test('is told with the address that was told, whatever has connected since (N15)', () => {
    const town = new Town()
    const peer = new Listener(town)
    town.connect('1')
    peer.hear()
    town.disconnect('1')
    town.connect(':1')
    expect(peer.hear()).toBe('+:1 -1')
  })
})

describe('behind the cap', () => {
  test('who left before being told is not told (+A +B +C +D −B, room for one)', () => {
    const town = new Town(oneAtATime)
    const peer = new Listener(town)
    town.connect('1')
    expect(peer.hear()).toBe('+1')
    town.connect(['2', '3', '4'])
    town.disconnect('2')
    expect([peer.hear(), peer.hear(), peer.hear()]).toEqual(['+3 …', '+4', ''])
  })

  test('who is back is not dropped (−A −B −C +A, room for one; N16)', () => {
    const town = new Town(oneAtATime)
    const peer = new Listener(town)
    town.connect(['1', '2', '3'])
    for (let messages = 0; messages < 3; messages++) peer.hear()
    town.disconnect(['1', '2', '3'])
    town.connect('1')
    expect([peer.hear(), peer.hear(), peer.hear()]).toEqual(['-2 …', '-3', ''])
    expect(peer.held).toEqual(['1'])
  })

  test('departures are told in the order in which they happened', () => {
    const town = new Town({ maxContacts: 2, maxRecent: 0 })
    const peer = new Listener(town)
    town.connect(['1', '2'])
    peer.hear()
    town.connect(['3', '4'])
    peer.hear()
    town.disconnect(['4', '1', '3', '2'])
    expect([peer.hear(), peer.hear()]).toEqual(['-4 -1 …', '-3 -2'])
  })

  test('no arrival is told before the last departure', () => {
    const town = new Town({ maxRecent: 0 })
    const peer = new Listener(town)
    town.connect(names(50))
    peer.hear()
    town.connect('51')
    peer.hear()
    town.disconnect(names(51))
    town.connect('60')
    expect(peer.count()).toEqual([0, 50])
    expect(peer.hear()).toBe('+60 -51')
  })

  test('an arrival is told with the last departure, though that fills its list', () => {
    const town = new Town({ maxRecent: 0 })
    const peer = new Listener(town)
    town.connect(names(50))
    peer.hear()
    town.disconnect(names(50))
    town.connect('60')
    expect(peer.count()).toEqual([1, 50])
  })
})

describe('what the peer has already', () => {
  test('is not told, and is told in order once that ends', () => {
    const town = new Town({ maxContacts: 2 })
    const peer = new Listener(town)
    peer.claims.add('2').add('4')
    town.connect(['1', '2', '3', '4'])
    expect(peer.hear()).toBe('+1 +3')
    expect(peer.hear()).toBe('')
    town.connect(['5', '6'])
    peer.claims.clear()
    expect([peer.hear(), peer.hear()]).toEqual(['+2 +4 …', '+5 +6'])
  })

  test('is not dropped when it leaves', () => {
    const town = new Town({ maxRecent: 0 })
    const peer = new Listener(town)
    peer.claims.add('1')
    town.connect('1')
    expect(peer.hear()).toBe('')
    town.disconnect('1')
    peer.claims.clear()
    expect(peer.hear()).toBe('')
  })

  test('is not dropped because it has that since it was told', () => {
    const town = new Town({ maxRecent: 0 })
    const peer = new Listener(town)
    town.connect('1')
    expect(peer.hear()).toBe('+1')
    peer.claims.add('1')
    expect(peer.hear()).toBe('')
    town.disconnect('1')
    town.connect('1')
    expect(peer.hear()).toBe('')
    town.disconnect('1')
    expect(peer.hear()).toBe('-1')
  })

  test('is remembered however often it comes back', () => {
    const town = new Town({ maxRecent: 0 })
    const peer = new Listener(town)
    peer.claims.add('1')
    for (let times = 0; times < 3; times++) {
      town.connect('1')
      expect(peer.hear()).toBe('')
      town.disconnect('1')
      expect(peer.hear()).toBe('')
    }
    expect(peer.cursor.odd ?? []).toEqual([])
    town.connect('1')
    peer.claims.clear()
    expect(peer.hear()).toBe('+1')
  })
})

describe('what is not for everybody', () => {
  test('is told to its own audience only', () => {
    const town = new Town()
    const [one, both] = [new Listener(town, [0]), new Listener(town, [0, 1])]
    town.connect('1', 0)
    town.connect('2', 1)
    expect(one.hear()).toBe('+1')
    expect(both.hear()).toBe('+1 +2')
    town.disconnect(['1', '2'])
    expect(one.hear()).toBe('-1')
    expect(both.hear()).toBe('-1 -2')
  })

  test('and was told while it was for all is dropped when it leaves for good', () => {
    const town = new Town({ maxRecent: 0 })
    const peer = new Listener(town, [0])
    town.connect('1', 0)
    expect(peer.hear()).toBe('+1')
    town.disconnect('1')
    town.connect('1', 1)
    expect([peer.hear(), peer.hear()]).toEqual(['', ''])
    expect(peer.believed).toEqual(['1'])
    town.disconnect('1')
    expect(peer.hear()).toBe('-1')
  })
})

describe('flags', () => {
  test('are those of the moment, and a change is not told', () => {
    const town = new Town()
    const early = new Listener(town)
    town.connect('1', 0, 0x10)
    expect(town.timeline.take(early.cursor, 0)?.added.map(({ flags }) => flags)).toEqual([0x10])
    town.timeline.setFlags(town.entry('1'), 0x12)
    expect(early.hear()).toBe('')
    const late = new Listener(town)
    expect(town.timeline.take(late.cursor, 0)?.added.map(({ flags }) => flags)).toEqual([0x12])
  })
})

describe('a cursor', () => {
  test('is behind while there may be something to tell, and not after that', () => {
    const town = new Town()
    const { timeline } = town
    const peer = new Listener(town)
    expect(timeline.isBehind(peer.cursor)).toBe(false)
    town.connect('1')
    expect(timeline.isBehind(peer.cursor)).toBe(true)
    peer.hear()
    expect(timeline.isBehind(peer.cursor)).toBe(false)
    town.disconnect('1', 'recent')
    expect(timeline.isBehind(peer.cursor)).toBe(true)
    peer.hear()
    expect(timeline.isBehind(peer.cursor)).toBe(false)
  })

  test('is behind when what was withheld may be told, and not when nothing is withheld any more', () => {
    const town = new Town()
    const peer = new Listener(town)
    town.timeline.release(peer.cursor)
    expect(town.timeline.isBehind(peer.cursor)).toBe(false)
    peer.claims.add('1')
    town.connect('1')
    expect(peer.hear()).toBe('')
    for (const [isBehind, message] of [
      [true, '+1'],
      [false, ''],
    ] as const) {
      peer.claims.delete('1')
      expect([town.timeline.isBehind(peer.cursor), peer.hear()]).toEqual([isBehind, message])
    }
  })

  test('is behind while some did not fit', () => {
    const town = new Town(oneAtATime)
    const peer = new Listener(town)
    town.connect(['1', '2'])
    for (const isBehind of [true, false]) {
      peer.hear()
      expect(town.timeline.isBehind(peer.cursor)).toBe(isBehind)
    }
  })

  test('is behind while what was recently seen has to be dropped', () => {
    const town = new Town()
    const peer = new Listener(town)
    town.connect('1')
    town.disconnect('1', 'recent')
    expect(peer.hear()).toBe('+1')
    expect(town.timeline.isBehind(peer.cursor)).toBe(true)
    expect(peer.hear()).toBe('-1')
    expect(town.timeline.isBehind(peer.cursor)).toBe(false)
  })
})

test('a disconnect that comes twice is one', () => {
  const town = new Town()
  town.connect(['1', '2'])
  const entry = town.entry('1')
  town.disconnect('1')
  town.timeline.disconnect(entry, 'gone', 0)
  expect([town.timeline.liveCount, town.timeline.goneCount]).toEqual([1, 1])
  expect(town.timeline.liveEntries()).toEqual([town.entry('2')])
  expect(town.timeline.live(entry.key)).toBe(undefined)
})
