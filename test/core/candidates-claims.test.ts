/** Who is known to claim a candidate, of many who do. */
import { describe, expect, test } from 'vitest'
import { Dialler, local, range, tally } from './candidates-kit.ts'

describe('of more than eight sources of a candidate', () => {
  const x = '20.0.0.1:6881'

  test.each([
    ['all of them open', [], [1, 2, 3, 4, 5, 6, 7, 8]],
    ['the first closed, which holds it', [1], [2, 3, 4, 5, 6, 7, 8]],
    ['the third closed', [3], [1, 2, 9, 4, 5, 6, 7, 8]],
    ['the third and the fifth closed', [3, 5], [1, 2, 9, 4, 6, 7, 8]],
    ['the first and the last closed', [1, 8], [2, 3, 4, 5, 6, 7, 9]],
  ])('the ninth is known instead of the first that has closed and does not hold it: %s', (_, closed, expected) => {
    const dialler = new Dialler()
    for (const source of range(8, 1)) dialler.offer(source, [x])
    for (const source of closed) dialler.close(source)
    dialler.offer(9, [x])
    expect(dialler.sourcesOf(x)).toEqual(expected)
    for (const source of range(9, 1)) dialler.close(source)
    dialler.now += dialler.limits.candidateMs
    expect(dialler.next()).toEqual([])
    expect(dialler.candidates.stats).toMatchObject({ candidates: 0, sources: 0 })
  })
})

test('a source that claims again what it claims is one source of it', () => {
  const dialler = new Dialler()
  for (const text of ['20.0.0.1:6881', '20.0.1.1:6881']) {
    dialler.offer(1, [text])
    dialler.offer(1, [text])
    expect(dialler.sourcesOf(text)).toEqual([1])
  }
  dialler.close(1)
  dialler.now += dialler.limits.candidateMs
  expect(dialler.next()).toEqual([])
  expect(dialler.candidates.stats).toMatchObject({ candidates: 0, sources: 0 })
})

test('two connections from one address that have gone take one of the eight places, and the last takes the other', () => {
  const dialler = new Dialler()
  for (const source of [8, 9]) dialler.networks.set(source, 0x2000_0001)
  const x = '20.0.0.1:6881'
  for (const source of [8, 9, ...range(6, 1)]) dialler.offer(source, [x])
  for (const source of [8, 9]) dialler.close(source)
  dialler.offer(7, [x])
  expect(dialler.sourcesOf(x)).toEqual([6, 1, 2, 3, 4, 5, 7])
})

test('what two parties hold alike does not go to and fro between them when there is no room', () => {
  const dialler = new Dialler({ maxCandidates: 5 })
  const [first, second] = [local(1, 3), local(2, 2)]
  for (const [source, texts] of [
    [1, first],
    [2, second],
    [1, second],
    [2, first],
  ] as const)
    dialler.offer(source, texts)
  const [newcomer] = local(3, 1)
  dialler.offer(3, [newcomer!])
  expect(dialler.candidates.size).toBe(5)
  expect(new Set(dialler.next())).toEqual(new Set([...first.slice(1), ...second, newcomer]))
})

test('nobody is a candidate where no source may hold any', () => {
  const dialler = new Dialler({ maxCandidatesPerSource: 0 })
  dialler.offer(1, ['20.0.0.1:6881'])
  expect([dialler.hasNext(), dialler.next(), dialler.candidates.size]).toEqual([false, [], 0])
})

test('of several that hold most one gives way, also after another of them has dropped some', () => {
  const dialler = new Dialler({ maxCandidates: 6 })
  for (const source of [1, 2, 3]) dialler.offer(source, local(source, 2))
  dialler.withdraw(1, local(1, 1))
  dialler.offer(4, local(4, 1))
  dialler.offer(5, local(5, 1))
  for (const source of [1, 4, 5]) expect(dialler.sourcesOf(local(source, 2)[source === 1 ? 1 : 0]!)).toEqual([source])
  expect(dialler.candidates.size).toBe(6)
})

test('those who have gone share their turns alike', () => {
  const dialler = new Dialler()
  for (const source of range(5, 1)) dialler.offer(source, local(source, 40))
  for (const source of [1, 2, 3]) dialler.close(source)
  const sources = tally(dialler.next(27).map((text) => Number(text.split('.')[2])))
  expect(range(5, 1).map((source) => sources.get(source))).toEqual([3, 3, 3, 9, 9])
})
