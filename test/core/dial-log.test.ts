import { describe, expect, test } from 'vitest'
import { DialLog } from '../../src/core/dial-log.ts'

const windowMs = 1_000

describe('a log of dials', () => {
  test.each([1, 32, 33, 100, 1_000])('of %i addresses knows each for the whole of its window, however it has grown', (count) => {
    const log = new DialLog(10_000, windowMs)
    for (let address = 0; address < count; address++) log.add(address * 7, address / 8)
    log.settle(count / 8)
    expect(log.size).toBe(count)
    for (let address = 0; address < count; address++) expect(log.freeAt(address * 7, 1)).toBe(Math.ceil(address / 8) + windowMs)
    expect(log.freeAt(5, 1)).toBe(0)
    log.settle(Math.ceil(count / 8) + windowMs)
    expect(log.size).toBe(0)
    expect(log.freeAt(0, 1)).toBe(0)
  })

  test('forgets the older half alone when that is over', () => {
    const log = new DialLog(10_000, windowMs)
    for (let address = 0; address < 100; address++) log.add(address, address < 50 ? 0 : 500)
    log.settle(windowMs)
    expect(log.size).toBe(50)
    expect([log.freeAt(49, 1), log.freeAt(50, 1), log.freeAt(99, 1)]).toEqual([0, 1_500, 1_500])
  })
})
