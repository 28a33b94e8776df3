/**
 * Does the cost of a message grow at most linearly with its bytes, and with its contacts, in the whole way through a swarm? Cost is
 * counted, not timed: how often each block of our sources runs, as the engine's own coverage counts it. So it is the same
 * everywhere, and a search that grows with the table shows as well as a loop.
 */
import { Session } from 'node:inspector'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeMessage } from '../../src/codec/index.ts'
import type { Swarm as SwarmClass } from '../../src/core/swarm.ts'
import { fromText } from '../codec/bytes.ts'

const session = new Session()
interface Coverage {
  readonly result: readonly {
    readonly url: string
    readonly functions: readonly { readonly ranges: readonly { readonly count: number }[] }[]
  }[]
}
let Swarm: typeof SwarmClass
beforeAll(async () => {
  session.connect()
  session.post('Profiler.enable')
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  // A copy that nothing was run of before: what is compiled already does not count its blocks.
  const [entry, copy] = ['../../src/core/swarm.ts', '../../build/complexity/swarm.js'].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  )
  buildSync({ entryPoints: [entry as string], outfile: copy as string, bundle: true, format: 'esm', target: 'es2022' })
  const module = (await import(/* @vite-ignore */ copy as string)) as { readonly Swarm: typeof SwarmClass }
  Swarm = module.Swarm
})
afterAll(() => {
  session.post('Profiler.stopPreciseCoverage')
  session.disconnect()
})

/** Blocks of our sources that run since the last look. */
function takeCount(): number {
  let count = 0
  session.post('Profiler.takePreciseCoverage', (_error, coverage) => {
    for (const { url, functions } of (coverage as Coverage).result) {
      if (!url.includes('/build/complexity/')) continue
      for (const { ranges } of functions) for (const range of ranges) count += range.count
    }
  })
  return count
}

/** Two peers, the first of which has told as much as is kept: what this message of the other costs. */
function costOf(message: Uint8Array, claims: Uint8Array = new Uint8Array()): number {
  const sink = { turn() {}, added() {}, dropped() {}, candidates() {}, violation() {} }
  const swarm = new Swarm<number>({ sink })
  for (const id of [1, 2]) {
    const address = Uint8Array.of(20, 0, 0, id)
    swarm.handleConnect(id, { address, port: 6881, direction: 'outgoing', transport: 'tcp', isExtended: false }, 0)
  }
  swarm.handleMessage(1, encodeMessage({ added: contacts4(200, 90), added6: contacts6(200) }), 0)
  swarm.handleMessage(2, encodeMessage({ added: claims }), 0)
  takeCount()
  swarm.handleMessage(2, message, 60_000)
  return takeCount()
}

const contacts4 = (count: number, net: number): Uint8Array =>
  Uint8Array.from(Array.from({ length: count }, (_, index) => [net, index >> 8, index & 255, 1, 0x1a, 0xe1]).flat())
const contacts6 = (count: number): Uint8Array =>
  Uint8Array.from(Array.from({ length: count }, (_, index) => [0x2a, 0, index >> 8, index & 255, ...Array(12).fill(1), 0x1a, 0xe1]).flat())

/** The exponent of the growth between two sizes: 1 for linear, 2 for quadratic. */
function exponentOf(small: { size: number; cost: number }, large: { size: number; cost: number }): number {
  return Math.log(large.cost / small.cost) / Math.log(large.size / small.size)
}

/** As long as a message may be. */
const most = 32_768
const padded = (size: number, unit: string, head = 'd', end = 'e'): Uint8Array =>
  fromText(`${head}${unit.repeat(Math.floor((size - head.length - end.length) / unit.length))}${end}`)
const listOf = (size: number, key: string, list: (count: number) => Uint8Array, width: number): Uint8Array =>
  encodeMessage({ [key]: list(Math.floor((size - 30) / (key === 'added' || key === 'added6' ? width + 1 : width))) })

const worst: Readonly<Record<string, (size: number) => Uint8Array>> = {
  'lists in lists': (size) => padded(size, 'l', 'd1:a', ''),
  'dictionaries in dictionaries': (size) => padded(size, 'd1:m', 'd1:a', ''),
  'empty keys': (size) => padded(size, '0:i0e'),
  'one key again and again': (size) => padded(size, '5:added6:aaaaaa'),
  'keys that nearly are one': (size) => padded(size, '8:dropped70:'),
  'unsorted keys with one beginning': (size) => padded(size, `400:${'a'.repeat(399)}b0:400:${'a'.repeat(400)}0:`),
  'an endless integer': (size) => padded(size, '9', 'd5:addedi', 'ee'),
  'an endless length': (size) => padded(size, '9', 'd5:added', ''),
  added: (size) => listOf(size, 'added', (count) => contacts4(count, 30), 6),
  added6: (size) => listOf(size, 'added6', contacts6, 18),
  'dropped, nothing of it claimed': (size) => listOf(size, 'dropped', (count) => contacts4(count, 60), 6),
  'dropped, one contact again and again': (size) =>
    padded(size, '\x1e\0\0\x01\x1a\xe1', `d7:dropped${Math.floor((size - 20) / 6) * 6}:`).slice(0, size),
  dropped6: (size) => listOf(size, 'dropped6', contacts6, 18),
  'ports of one address': (size) => {
    const count = Math.floor((size - 30) / 7)
    return encodeMessage({
      added: Uint8Array.from(Array.from({ length: count }, (_, port) => [30, 0, 0, 1, 4 + (port >> 8), port & 255]).flat()),
    })
  },
}

describe('a message of up to 32 KiB costs no more than in proportion to its bytes:', () => {
  test.each(Object.entries(worst))('%s', (_title, make) => {
    const claims = contacts4(200, 30)
    const [small, large] = [4_096, most].map((size) => {
      const message = make(size)
      return { size: message.length, cost: costOf(message, claims) }
    }) as [{ size: number; cost: number }, { size: number; cost: number }]
    expect(large.size).toBeGreaterThan(30_000)
    expect(large.size).toBeLessThanOrEqual(most)
    expect(exponentOf(small, large)).toBeLessThan(1.1)
    // Whatever the message: so many blocks for a byte.
    expect(large.cost / large.size).toBeLessThan(40)
  })
})

describe('a contact costs the same however many come with it:', () => {
  test.each([
    ['added', 'added', (count: number) => contacts4(count, 30)],
    ['added6', 'added6', contacts6],
    ['dropped', 'dropped', (count: number) => contacts4(count, 30)],
  ] as const)('%s', (_title, key, make) => {
    const claims = key === 'dropped' ? contacts4(200, 30) : contacts4(1, 31)
    const [few, all] = [25, 100].map((count) => ({ size: count, cost: costOf(encodeMessage({ [key]: make(count) }), claims) })) as [
      { size: number; cost: number },
      { size: number; cost: number },
    ]
    expect(exponentOf(few, all)).toBeLessThan(1.1)
    expect(all.cost / all.size).toBeGreaterThan(1)
  })
})

describe('a contact costs the same whatever its network, however many of that are known:', () => {
  const addressOf: Readonly<Record<string, (index: number) => number[]>> = {
    'IPv4, apart': (index) => [30 + (index & 63), index >> 8, index & 255, 1],
    'IPv4, side by side': (index) => [30, 0, index >> 8, index & 255],
    'IPv6, apart': (index) => [0x2a, index & 255, index >> 8, ...Array<number>(13).fill(1)],
    'IPv6, one /64': (index) => [0x2a, ...Array<number>(13).fill(1), index >> 8, index & 255],
    'IPv6, one /96 of each /64': (index) => [0x2a, ...Array<number>(5).fill(1), index >> 8, index & 255, ...Array<number>(8).fill(1)],
  }

  /** What 50 contacts cost that nobody has claimed, when 20 peers have claimed 50 each. */
  function costAmong(addressOf: (index: number) => number[]): number {
    const swarm = new Swarm<number>({ sink: { turn() {}, added() {}, dropped() {}, candidates() {}, violation() {} } })
    const messages = Array.from({ length: 21 }, (_, peer) => {
      const list = Uint8Array.from(Array.from({ length: 50 }, (_, index) => [...addressOf(peer * 50 + index), 0x1a, 0xe1]).flat())
      return encodeMessage(list.length === 300 ? { added: list } : { added6: list })
    })
    messages.forEach((message, id) => {
      const address = Uint8Array.of(20, 0, 0, id)
      swarm.handleConnect(id, { address, port: 6881, direction: 'outgoing', transport: 'tcp', isExtended: false }, 0)
      takeCount()
      swarm.handleMessage(id, message, 0)
    })
    expect(swarm.stats().known).toBe(21 * 50)
    return takeCount()
  }

  test.each([
    ['IPv4, side by side', 'IPv4, apart'],
    ['IPv6, one /64', 'IPv6, apart'],
    ['IPv6, one /96 of each /64', 'IPv6, apart'],
  ])('%s as %s', (near, apart) => {
    const [cost, usual] = [costAmong(addressOf[near]!), costAmong(addressOf[apart]!)]
    expect(cost).toBeLessThan(1.2 * usual)
    expect(cost).toBeGreaterThan(50)
  })
})

test('a search that grows with what it searches would show', () => {
  // The same measure on something quadratic of our sources: the reader, asked for the end of a nested value at each of its levels.
  const cost = (size: number): number => {
    const message = padded(size, 'l', 'd1:a', '')
    takeCount()
    const sink = { turn() {}, added() {}, dropped() {}, candidates() {}, violation() {} }
    const swarm = new Swarm<number>({ sink, limits: { burstMessages: 1_000 } })
    swarm.handleConnect(1, { address: undefined, port: 1, direction: 'outgoing', transport: 'tcp', isExtended: false }, 0)
    for (let start = 0; start < size; start += 64) swarm.handleMessage(1, message.subarray(0, start + 4), 0)
    return takeCount()
  }
  expect(exponentOf({ size: 1_024, cost: cost(1_024) }, { size: 8_192, cost: cost(8_192) })).toBeGreaterThan(1.7)
})
