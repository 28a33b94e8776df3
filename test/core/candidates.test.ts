import { describe, expect, test } from 'vitest'
import { canonicalPriority } from '../../src/address/priority.ts'
import { flag } from '../../src/codec/contact.ts'
import { Dialler, hour, minute, range, spread } from './candidates-kit.ts'
import { endpoint } from './endpoints.ts'

const contacts = { a: '20.0.0.1:6881', b: '20.0.1.1:6881', c: '[2001:4860:1::1]:6881' }

describe('a candidate', () => {
  test('is handed out once', () => {
    const dialler = new Dialler()
    dialler.offer(1, [contacts.a, contacts.c])
    expect(dialler.hasNext()).toBe(true)
    expect(dialler.next().sort()).toEqual([contacts.a, contacts.c].sort())
    expect(dialler.hasNext()).toBe(false)
    expect(dialler.next()).toEqual([])
  })

  test('is none that nobody offered, and no more than were asked for are handed out', () => {
    const dialler = new Dialler()
    expect(dialler.hasNext()).toBe(false)
    expect(dialler.next(5)).toEqual([])
    dialler.offer(1, spread(1, 7))
    expect(dialler.next(0)).toEqual([])
    expect(dialler.next(5)).toHaveLength(5)
    expect(dialler.next(5)).toHaveLength(2)
  })

  test('goes with the last living claim, and with nobody else’s drop (T13)', () => {
    const dialler = new Dialler()
    dialler.offer(1, [contacts.a])
    dialler.offer(2, [contacts.a])
    dialler.withdraw(3, [contacts.a])
    dialler.withdraw(1, [contacts.a])
    dialler.withdraw(1, [contacts.a])
    expect(dialler.sourcesOf(contacts.a)).toEqual([2])
    dialler.withdraw(2, [contacts.a])
    expect(dialler.next()).toEqual([])
    expect(dialler.candidates.size).toBe(0)
  })

  test('of a source that closed stays for 30 minutes', () => {
    const dialler = new Dialler()
    dialler.offer(1, [contacts.a])
    dialler.now = 5 * minute
    dialler.close(1)
    expect(dialler.sourcesOf(contacts.a)).toEqual([])
    dialler.now = 35 * minute - 1
    expect(dialler.hasNext()).toBe(true)
    dialler.now = 35 * minute
    expect(dialler.hasNext()).toBe(false)
    expect(dialler.candidates.size).toBe(0)
  })

  test('of a source that closed stays while another claims it, and goes when that one drops it', () => {
    const dialler = new Dialler()
    dialler.offer(1, [contacts.a, contacts.b])
    dialler.offer(2, [contacts.a, contacts.b])
    dialler.close(1)
    dialler.now = 2 * hour
    expect(dialler.hasNext()).toBe(true)
    dialler.withdraw(2, [contacts.a])
    expect(dialler.next()).toEqual([contacts.b])
  })

  test('that is stale and offered again is a new one', () => {
    const dialler = new Dialler()
    dialler.offer(1, [contacts.a])
    dialler.close(1)
    dialler.now = 29 * minute
    dialler.next()
    dialler.report('failed')
    dialler.now = 30 * minute
    dialler.offer(2, [contacts.a])
    expect(dialler.sourcesOf(contacts.a)).toEqual([2])
    expect(dialler.hasNext()).toBe(false)
    dialler.now = 44 * minute
    expect(dialler.next()).toEqual([contacts.a])
  })

  test('that nine sources claimed does not go when eight of them drop it', () => {
    const dialler = new Dialler()
    for (const source of range(9, 1)) dialler.offer(source, [contacts.a])
    expect(dialler.sourcesOf(contacts.a)).toEqual(range(8, 1))
    for (const source of range(8, 1)) dialler.withdraw(source, [contacts.a])
    expect(dialler.next()).toEqual([contacts.a])
  })

  test('remembers eight claims, and a new one rather than that of a source that closed', () => {
    const dialler = new Dialler()
    for (const source of range(8, 1)) dialler.offer(source, [contacts.a])
    dialler.close(5)
    dialler.offer(9, [contacts.a])
    expect(dialler.sourcesOf(contacts.a)).toEqual([1, 2, 3, 4, 9, 6, 7, 8])
  })

  test('is claimed by a new source when one that closed offers again', () => {
    const dialler = new Dialler()
    dialler.offer(1, [contacts.a, '20.0.2.1:6881'])
    dialler.close(1)
    dialler.offer(1, [contacts.b])
    dialler.offer(2, [contacts.c])
    expect([dialler.sourcesOf(contacts.a), dialler.sourcesOf(contacts.b)]).toEqual([[], [1]])
    dialler.now = 30 * minute
    // With its last candidate the old one is forgotten, and the new one is not.
    expect(dialler.next().sort()).toEqual([contacts.b, contacts.c].sort())
    dialler.report('failed')
    for (const source of [1, 2]) dialler.close(source)
    dialler.now = hour
    expect(dialler.hasNext()).toBe(false)
    expect(dialler.candidates.stats).toMatchObject({ candidates: 0, sources: 0 })
  })

  test('names the open sources that claim it, also after its dial failed (T21)', () => {
    const dialler = new Dialler()
    for (const source of [4, 5, 6]) dialler.offer(source, [contacts.a])
    dialler.close(5)
    dialler.next()
    dialler.report('failed')
    expect(dialler.sourcesOf(contacts.a)).toEqual([4, 6])
    expect(dialler.sourcesOf(contacts.b)).toEqual([])
  })

  test('that is a seed waits while we are one', () => {
    const dialler = new Dialler()
    dialler.offer(1, [contacts.a], flag.seed)
    dialler.offer(1, [contacts.b], flag.utp)
    dialler.seeding = true
    expect(dialler.next()).toEqual([contacts.b])
    expect(dialler.hasNext()).toBe(false)
    dialler.seeding = false
    expect(dialler.hasNext()).toBe(true)
    expect(dialler.next()).toEqual([contacts.a])
  })

  test('is no seed because one of several sources says so (T17)', () => {
    const dialler = new Dialler()
    dialler.seeding = true
    dialler.offer(1, [contacts.a])
    dialler.offer(2, [contacts.a], flag.seed)
    dialler.offer(1, [contacts.b], flag.seed)
    dialler.offer(2, [contacts.b], flag.seed)
    expect(dialler.next()).toEqual([contacts.a])
  })
})

describe('a dial', () => {
  test('that failed is not repeated until the contact is offered anew, and 15 minutes are over', () => {
    const dialler = new Dialler()
    dialler.offer(1, [contacts.a])
    dialler.next()
    dialler.report('failed')
    dialler.now = 20 * minute
    expect(dialler.hasNext()).toBe(false)
    dialler.offer(2, [contacts.a])
    expect(dialler.next()).toEqual([contacts.a])
    dialler.now = 2 * hour
    dialler.report('failed')
    dialler.offer(3, [contacts.a])
    expect(dialler.hasNext()).toBe(false)
    expect(dialler.candidates.nextTimeout()).toBe(2 * hour + 15 * minute)
    dialler.now = 2 * hour + 15 * minute - 1
    expect(dialler.hasNext()).toBe(false)
    dialler.now++
    expect(dialler.hasNext()).toBe(true)
  })

  test('that failed is not repeated sooner because its source drops the contact and claims it again', () => {
    for (const text of [contacts.a, contacts.c, '192.168.1.5:6881']) {
      const dialler = new Dialler()
      dialler.offer(1, [text])
      dialler.next()
      // It may be dropped before or after the report, and come back from somebody else.
      dialler.withdraw(1, [text])
      dialler.now = minute
      dialler.report('failed')
      dialler.offer(1, [text])
      expect(dialler.hasNext()).toBe(false)
      expect(dialler.candidates.nextTimeout()).toBe(16 * minute)
      dialler.withdraw(1, [text])
      dialler.offer(2, [text])
      dialler.now = 16 * minute - 1
      expect(dialler.next()).toEqual([])
      dialler.now = 16 * minute
      expect(dialler.next()).toEqual([text])
    }
  })

  test('that failed says nothing of another port, and after a success nothing of the same', () => {
    const dialler = new Dialler()
    dialler.offer(1, [contacts.a])
    dialler.next()
    dialler.report('failed')
    dialler.offer(1, ['20.0.0.1:6882', contacts.b])
    expect(dialler.next().sort()).toEqual(['20.0.0.1:6882', contacts.b].sort())
    dialler.connect(contacts.b)
    dialler.disconnect(contacts.b)
    dialler.offer(1, [contacts.b])
    expect(dialler.next()).toEqual([contacts.b])
  })

  test('that is not reported has failed after ten minutes', () => {
    const dialler = new Dialler()
    dialler.offer(1, [contacts.a, '20.0.0.1:6882'])
    const [first] = dialler.next()
    expect(dialler.hasNext()).toBe(false)
    expect(dialler.candidates.nextTimeout()).toBe(10 * minute)
    dialler.now = 10 * minute - 1
    expect(dialler.hasNext()).toBe(false)
    dialler.now++
    expect(dialler.hasNext()).toBe(true)
    expect(dialler.candidates.stats.failedCount).toBe(1)
    expect(dialler.next()).not.toContain(first)
  })

  test('that connected ends the candidate, whoever says so', () => {
    const dialler = new Dialler()
    dialler.offer(1, [contacts.a, contacts.b, contacts.c])
    dialler.next()
    dialler.report('connected', [contacts.a])
    dialler.connect(contacts.b)
    expect(dialler.candidates.stats).toMatchObject({ candidates: 1, pending: 1, connectedCount: 2, failedCount: 0 })
    dialler.report('failed', [contacts.a, contacts.b])
    expect(dialler.candidates.stats).toMatchObject({ connectedCount: 2, failedCount: 0 })
  })

  test('of what the source drops meanwhile still counts', () => {
    const dialler = new Dialler()
    dialler.offer(1, [contacts.a])
    dialler.next()
    dialler.withdraw(1, [contacts.a])
    dialler.offer(1, [contacts.a, '20.0.0.1:6882'])
    expect(dialler.next()).toEqual([])
    dialler.report('failed')
    expect(dialler.next()).toEqual(['20.0.0.1:6882'])
  })

  test('on a local network is not begun twice, though no quota counts it', () => {
    const dialler = new Dialler()
    dialler.offer(1, ['192.168.1.5:6881'])
    dialler.next()
    dialler.withdraw(1, ['192.168.1.5:6881'])
    dialler.offer(1, ['192.168.1.5:6881'])
    expect(dialler.hasNext()).toBe(false)
    expect(dialler.next()).toEqual([])
  })

  test('goes to nobody who is connected, and to nobody who was, until offered anew', () => {
    const dialler = new Dialler()
    dialler.connected.add(contacts.a)
    dialler.offer(1, [contacts.a])
    expect(dialler.hasNext()).toBe(false)
    dialler.offer(1, [contacts.a, contacts.b])
    dialler.connect(contacts.b)
    dialler.offer(2, [contacts.a, contacts.b])
    dialler.disconnect(contacts.a)
    dialler.disconnect(contacts.b)
    expect(dialler.next()).toEqual([])
    dialler.offer(3, [contacts.b])
    expect(dialler.hasNext()).toBe(true)
    expect(dialler.next()).toEqual([contacts.b])
  })

  test('goes to nobody who was connected when somebody looked, though nobody told of the end', () => {
    const dialler = new Dialler()
    dialler.connected.add(contacts.a)
    dialler.offer(1, [contacts.a])
    expect(dialler.hasNext()).toBe(false)
    dialler.connected.delete(contacts.a)
    expect(dialler.next()).toEqual([])
    expect(dialler.candidates.size).toBe(0)
  })
})

describe('the order', () => {
  test('is BEP 40’s, best first, once our address is known (N29)', () => {
    const own = { 4: '123.213.32.10:0', 6: '[2001:4860:4860::8888]:0' } as const
    const texts = {
      4: ['98.76.54.32:1', '123.213.40.1:1', '123.213.32.234:1', '8.8.8.8:1', '1.1.1.1:1', '9.9.9.9:1'],
      6: ['[2a00:1450::1]:1', '[2606:4700::1]:1', '[2001:4860:1::1]:1', '[2a02:8071::1]:1', '[2620:fe::9]:1'],
    } as const
    for (const family of [4, 6] as const) {
      const priority = (text: string): number => canonicalPriority(endpoint(own[family]), endpoint(text))
      const expected = [...texts[family]].sort((left, right) => priority(right) - priority(left))
      const dialler = new Dialler()
      dialler.offer(1, texts[family])
      dialler.candidates.externalAddress = endpoint(own[family]).slice(0, -2)
      expect(dialler.next()).toEqual(expected)
    }
    expect(canonicalPriority(endpoint(own[4]), endpoint('98.76.54.32:1'))).toBe(0xec2d7224)
    expect(canonicalPriority(endpoint(own[4]), endpoint('123.213.32.234:1'))).toBe(0x99568189)
  })

  test('without our address follows from the seed alone', () => {
    const orderOf = (seed: number, own?: Uint8Array): string[] => {
      const dialler = new Dialler({}, seed)
      dialler.candidates.externalAddress = own
      dialler.offer(1, spread(1, 20))
      return dialler.next()
    }
    expect(orderOf(1)).toEqual(orderOf(1))
    expect(orderOf(1)).not.toEqual(orderOf(2))
    // An address of the other family says nothing.
    expect(orderOf(1, endpoint('[2001:4860:4860::8888]:0').slice(0, -2))).toEqual(orderOf(1))
    expect(orderOf(1, endpoint('123.213.32.10:0').slice(0, -2))).not.toEqual(orderOf(1))
  })

  test('changes when our address becomes known', () => {
    const dialler = new Dialler()
    const texts = spread(1, 40)
    dialler.offer(1, texts)
    dialler.next(1)
    dialler.candidates.externalAddress = Uint8Array.of(123, 213, 32, 10)
    const left = texts.filter((text) => !dialler.pending.has(text))
    const priority = (text: string): number => canonicalPriority(endpoint('123.213.32.10:0'), endpoint(text))
    const rest = dialler.next().map(priority)
    expect(rest).toHaveLength(left.length)
    expect(rest).toEqual([...rest].sort((one, other) => other - one))
  })

  test('puts what several sources claim before everything else of a source', () => {
    const dialler = new Dialler()
    const texts = spread(1, 30)
    const vouched = [texts[3]!, texts[11]!, texts[29]!]
    dialler.offer(1, texts)
    dialler.offer(2, vouched)
    expect(dialler.next(4).slice(0, 3).sort()).toEqual([...vouched].sort())
  })
})

describe('time', () => {
  test('is not waited for when nothing can come of it', () => {
    const dialler = new Dialler()
    expect(dialler.candidates.nextTimeout()).toBeUndefined()
    dialler.seeding = true
    dialler.offer(1, [contacts.a], flag.seed)
    expect(dialler.hasNext()).toBe(false)
    expect(dialler.candidates.nextTimeout()).toBeUndefined()
  })

  test('frees an address an hour after its first dial, and says so', () => {
    const dialler = new Dialler()
    dialler.offer(1, ['20.0.0.1:1001', '20.0.0.1:1002', '20.0.0.1:1003'])
    for (const now of [7, 1_000]) {
      dialler.now = now
      expect(dialler.next()).toHaveLength(1)
      dialler.report('failed')
    }
    expect(dialler.hasNext()).toBe(false)
    expect(dialler.candidates.nextTimeout()).toBe(hour + 7)
    expect(dialler.next(0)).toEqual([])
    expect(dialler.hasNext()).toBe(false)
    expect(dialler.candidates.nextTimeout()).toBe(hour + 7)
    dialler.now = hour + 6
    expect(dialler.hasNext()).toBe(false)
    dialler.now = hour + 7
    expect(dialler.hasNext()).toBe(true)
    expect(dialler.next()).toHaveLength(1)
  })
})

describe('clear', () => {
  test('forgets everything but how often an address was dialled', () => {
    const dialler = new Dialler()
    dialler.offer(1, ['20.0.0.1:1001', '20.0.0.1:1002', '20.0.0.1:1003', contacts.b])
    for (const _ of range(2)) {
      dialler.next()
      dialler.report('failed', ['20.0.0.1:1001', '20.0.0.1:1002', '20.0.0.1:1003'])
    }
    dialler.candidates.clear()
    expect(dialler.candidates.stats).toMatchObject({ candidates: 0, pending: 0, sources: 0 })
    expect(dialler.hasNext()).toBe(false)
    dialler.report('failed', [contacts.b])
    dialler.offer(1, ['20.0.0.1:1003', contacts.b])
    expect(dialler.next()).toEqual([contacts.b])
  })
})
