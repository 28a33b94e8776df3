/** What a caller may say to a swarm, and what it hears at once when that is a mistake. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import utPex, { defaultLimits, PexSwarm } from '../../src/index.ts'
import { type Connected, type ConnectOptions, closeWires, connect, manyPeers, pex, settle } from './wires.ts'

let swarm: PexSwarm
beforeEach(() => {
  vi.useFakeTimers()
  swarm = new PexSwarm()
})
afterEach(async () => {
  await closeWires()
  swarm.close()
  expect(vi.getTimerCount(), 'timers left after the last wire has closed').toBe(0)
  vi.useRealTimers()
})

const x = '198.51.1.1:6881'

describe('a caller who is mistaken', () => {
  const mistakes: readonly [string, () => unknown, RegExp, ErrorConstructor][] = [
    ['options', () => new PexSwarm(null as never), /^options: an object was expected, not null$/, TypeError],
    ['options', () => new PexSwarm('x' as never), /^options: an object/, TypeError],
    ['listenPort', () => new PexSwarm({ listenPort: 65_536 }), /^listenPort: an integer 0–65535 was expected, not 65536$/, RangeError],
    ['listenPort', () => new PexSwarm({ listenPort: '6881' as never }), /^listenPort: /, RangeError],
    ['listenPort', () => (swarm.listenPort = 1.5), /^listenPort: /, RangeError],
    ['private', () => new PexSwarm({ private: 1 as never }), /^private: true, false or 'unknown' was expected, not 1$/, TypeError],
    ['private', () => (swarm.private = 'yes' as never), /^private: /, TypeError],
    ['seeding', () => new PexSwarm({ seeding: 1 as never }), /^seeding: a boolean was expected, not 1$/, TypeError],
    ['seeding', () => (swarm.seeding = undefined as never), /^seeding: /, TypeError],
    ['pieceCount', () => new PexSwarm({ pieceCount: 0 }), /^pieceCount: an integer ≥ 1 was expected, not 0$/, RangeError],
    ['pieceCount', () => (swarm.pieceCount = Number.POSITIVE_INFINITY), /^pieceCount: /, RangeError],
    ['share', () => new PexSwarm({ share: true as never }), /^share: a function was expected, not true$/, TypeError],
    ['accept', () => new PexSwarm({ accept: {} as never }), /^accept: a function/, TypeError],
    ['clock', () => new PexSwarm({ clock: 7 as never }), /^clock: a function/, TypeError],
    ['limits', () => new PexSwarm({ limits: null as never }), /^limits: an object was expected, not null$/, TypeError],
    ['limits.x', () => new PexSwarm({ limits: { x: 1 } as never }), /^limits\.x: there is no such limit$/, TypeError],
    ['limits.maxTold', () => new PexSwarm({ limits: { maxTold: -1 } }), /^limits\.maxTold: /, RangeError],
    ['limits.maxTold', () => new PexSwarm({ limits: { maxTold: Number.NaN } }), /^limits\.maxTold: /, RangeError],
    [
      'limits.maxTold',
      () => new PexSwarm({ limits: { maxTold: '5' as never } }),
      /^limits\.maxTold: a number was expected, not 5$/,
      TypeError,
    ],
    [
      'limits.documentationNets',
      () => new PexSwarm({ limits: { documentationNets: 1 as never } }),
      /^limits\.documentationNets: a boolean/,
      TypeError,
    ],
    ['count', () => swarm.next('5' as never), /^count: a number was expected, not 5$/, TypeError],
    ['count', () => swarm.next(Number.NaN), /^count: a number was expected, not NaN$/, TypeError],
    ['peer', () => swarm.report('198.51.1.1', 'failed'), /^peer: .*expected, not 198\.51\.1\.1$/, TypeError],
    ['peer', () => swarm.report(undefined as never, 'failed'), /^peer: .*expected, not undefined$/, TypeError],
    ['outcome', () => swarm.report(x, 'maybe' as never), /^outcome: 'connected' or 'failed' was expected, not maybe$/, TypeError],
    ['peer', () => swarm.sourcesOf('x'), /^peer: /, TypeError],
    ['listener', () => swarm.on('peer', 7 as never), /^listener: a function was expected, not 7$/, TypeError],
    ['options', () => utPex(null as never), /^options: an object was expected, not null$/, TypeError],
    ['swarm', () => utPex({ swarm: {} as never }), /^swarm: a PexSwarm was expected, not \[object Object\]$/, TypeError],
    ['address', () => utPex({ address: 'example.com' }), /^address: an IPv4 or IPv6 address was expected, not example\.com$/, TypeError],
    ['address', () => utPex({ address: null as never }), /^address: /, TypeError],
    ['port', () => utPex({ port: 65_536 }), /^port: an integer 0–65535 was expected, not 65536$/, RangeError],
    ['port', () => utPex({ port: '6881' as never }), /^port: /, RangeError],
    ['outgoing', () => utPex({ outgoing: 'no' as never }), /^outgoing: a boolean was expected, not no$/, TypeError],
  ]

  it.each(mistakes)('about %s hears of it at once: %#', (_name, act, text, type) => {
    expect(act).toThrow(type)
    expect(act).toThrow(text)
  })

  it('changes nothing by it', () => {
    for (const [, act] of mistakes) expect(act).toThrow()
    expect([swarm.listenPort, swarm.private, swarm.seeding, swarm.pieceCount]).toEqual([0, false, false, undefined])
  })
})

describe('limits', () => {
  const message = pex({ added: manyPeers(60), dropped: [x] })
  const enter = (options: ConnectOptions, address: string): Promise<Connected> => connect(utPex({ swarm }), { address, ...options })
  const names = Object.entries(defaultLimits).flatMap(([name, value]) => (typeof value === 'number' ? [name] : []))

  it.each(names)('.%s may be set to 0, a half or infinity, or is refused at once: nothing hangs or throws later', async (name) => {
    for (const value of [0, 0.5, Number.POSITIVE_INFINITY]) {
      try {
        swarm = new PexSwarm({ limits: { [name]: value } })
      } catch (error) {
        expect(String(error)).toMatch(new RegExp(`limits\\.${name}: `))
        continue
      }
      const { ours, remote } = await enter({ p: 6_881 }, '203.0.113.1')
      const other = await enter({ outgoing: true, pieces: 'silent' }, '203.0.113.2')
      ours.ut_pex.onMessage(message)
      ours.ut_pex.onMessage(message)
      Object.defineProperty(other.ours.constructor, 'isBackpressured', { value: () => true, configurable: true })
      for (let i = 0; i < 4; i++) vi.advanceTimersByTime(40_000)
      Reflect.deleteProperty(other.ours.constructor, 'isBackpressured')
      for (const peer of swarm.next(3)) swarm.report(peer, 'failed')
      remote.say(pex({ dropped: manyPeers(60) }))
      await settle()
      await closeWires()
    }
  })
})
