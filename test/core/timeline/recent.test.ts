/** BEP 11, “Filling underpopulated lists”: N25. */
import { describe, expect, test } from 'vitest'
import { Listener, names, Town } from './listener.ts'

const halfAnHour = 30 * 60_000

describe('what was recently seen', () => {
  test('is told as if it were there, and dropped in the very next message', () => {
    const town = new Town()
    town.connect(['1', '2', ':3'])
    town.disconnect(['1', ':3'], 'recent')
    const peer = new Listener(town)
    expect([peer.hear(), peer.hear(), peer.hear()]).toEqual(['+2 +1 +:3', '-1 -:3', ''])
  })

  test('is not what left for any other reason', () => {
    const town = new Town()
    town.connect(['1', '2'])
    town.disconnect('1', 'gone')
    expect(new Listener(town).hear()).toBe('+2')
  })

  test('is told beside what is dropped', () => {
    const town = new Town()
    const peer = new Listener(town)
    town.connect('1')
    expect(peer.hear()).toBe('+1')
    town.connect('2')
    town.disconnect(['1', '2'], 'recent')
    expect([peer.hear(), peer.hear()]).toEqual(['+2 -1', '-2'])
  })

  test('is dropped before others are', () => {
    const town = new Town({ maxContacts: 2 })
    const peer = new Listener(town)
    town.connect(['1', '2', '3'])
    town.disconnect('3', 'recent')
    expect(peer.hear()).toBe('+1 +2')
    town.connect('4')
    town.disconnect('4', 'recent')
    expect(peer.hear()).toBe('+4')
    town.disconnect(['1', '2'])
    expect(peer.hear()).toBe('-4 -1 …')
    expect(peer.hear()).toBe('-2')
  })

  test('stays when it is live again by then, and leaves like any other later', () => {
    const town = new Town()
    town.connect('1')
    town.disconnect('1', 'recent')
    const peer = new Listener(town)
    expect(peer.hear()).toBe('+1')
    town.connect('1')
    expect(peer.hear()).toBe('')
    town.disconnect('1')
    expect(peer.hear()).toBe('-1')
  })

  test('is told to each at most once, to whoever comes later, too', () => {
    const town = new Town()
    town.connect('1')
    town.disconnect('1', 'recent')
    const [first, second] = [new Listener(town), new Listener(town)]
    expect([first.hear(), first.hear()]).toEqual(['+1', '-1'])
    town.connect('2')
    expect(first.hear()).toBe('+2')
    expect([second.hear(), second.hear()]).toEqual(['+2 +1', '-1'])
    expect(new Listener(town).hear()).toBe('+2 +1')
  })

  test('is dropped and no more by those who were told while it was there', () => {
    const town = new Town()
    const peer = new Listener(town)
    town.connect('1')
    peer.hear()
    town.disconnect('1', 'recent')
    expect([peer.hear(), peer.hear()]).toEqual(['-1', ''])
  })

  test('is told no more once it has connected again', () => {
    const town = new Town()
    town.connect('1')
    town.disconnect('1', 'recent')
    town.connect('1')
    town.disconnect('1', 'gone')
    expect(new Listener(town).hear()).toBe('')
  })

  test('is told for half an hour', () => {
    const town = new Town()
    town.connect('1')
    town.now = 1_000
    town.disconnect('1', 'recent')
    town.now += halfAnHour
    expect(new Listener(town).hear()).toBe('+1')
    town.now += 1
    expect(new Listener(town).hear()).toBe('')
  })

  test('are the last 25 of each family, the oldest first', () => {
    const town = new Town({ maxContacts: 100 })
    for (const name of [...names(26), ...names(26, 1, ':')]) {
      town.connect(name)
      town.disconnect(name, 'recent')
    }
    const told = [...names(25, 2), ...names(25, 2, ':')]
    expect(new Listener(town).hear()).toBe(told.map((name) => `+${name}`).join(' '))
  })

  test('takes the place of none: one that connected again makes room for an older one no more', () => {
    const town = new Town({ maxRecent: 2 })
    for (const name of ['1', '2', '3']) {
      town.connect(name)
      town.disconnect(name, 'recent')
    }
    town.connect('3')
    expect(new Listener(town).hear()).toBe('+3 +2')
  })

  test.each([
    [24, '24 live', true],
    [25, '25 live', false],
  ])('is told while fewer than 25 of its family are live: %i', (liveCount, _, isTold) => {
    for (const [prefix, other] of [
      ['', ':'],
      [':', ''],
    ] as const) {
      const town = new Town({ maxContacts: 100 })
      town.connect(names(liveCount, 1, prefix))
      town.connect([`${prefix}100`, `${other}100`])
      town.disconnect([`${prefix}100`, `${other}100`], 'recent')
      const peer = new Listener(town)
      peer.hear()
      expect(peer.held.includes(`${prefix}100`)).toBe(isTold)
      expect(peer.held).toContain(`${other}100`)
    }
  })

  test('fills what those who are there leave of 50, and is not made up for later', () => {
    const town = new Town({ maxRecent: 60 })
    town.connect(names(51))
    town.disconnect(['50', '51'], 'recent')
    const peer = new Listener(town)
    const last = peer.hear().split(' ').slice(-2)
    expect(last).toEqual(['+49', '+50'])
    expect([peer.hear(), peer.hear()]).toEqual(['-50', ''])
  })

  test('is not told before all departures are', () => {
    const town = new Town({ maxContacts: 1 })
    const peer = new Listener(town)
    town.connect(['1', '2'])
    expect([peer.hear(), peer.hear()]).toEqual(['+1 …', '+2'])
    town.disconnect(['1', '2'])
    town.connect('3')
    town.disconnect('3', 'recent')
    expect([peer.hear(), peer.hear(), peer.hear()]).toEqual(['-1 …', '-2', ''])
  })

  test('is not told to a peer that has it or must not see it', () => {
    const town = new Town()
    town.connect('1', 0)
    town.connect('2', 1)
    town.disconnect(['1', '2'], 'recent')
    const peer = new Listener(town, [0])
    peer.claims.add('1')
    expect(peer.hear()).toBe('')
  })
})
