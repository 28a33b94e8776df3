/** One clock, one timer, many cores: and whatever an action does, the next one follows in order. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Driver, Task, type Timed } from '../../src/extension/driver.ts'
import utPex, { PexSwarm } from '../../src/index.ts'
import { type Connected, closeWires, connect, listen, manyPeers, pex, settle } from './wires.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(async () => {
  vi.restoreAllMocks()
  await closeWires()
  expect(vi.getTimerCount(), 'timers left after the last wire has closed').toBe(0)
  vi.useRealTimers()
})

const hour = 3_600_000

/** A core that is due at given times, and notes when it is called. */
class Alarm implements Timed {
  readonly calls: number[] = []
  readonly #times: number[]

  constructor(...times: number[]) {
    this.#times = times
  }

  nextTimeout(): number | undefined {
    return this.#times[0]
  }

  handleTimeout(now: number): void {
    this.calls.push(now)
    while ((this.#times[0] ?? Number.POSITIVE_INFINITY) <= now) this.#times.shift()
  }

  /** Puts it into the hands of a driver. */
  start(driver: Driver): Task {
    const task = new Task(this)
    driver.run(task, () => {})
    return task
  }
}

describe('a driver', () => {
  it('has one timer for all its cores, the earliest, and none while nothing is due', () => {
    const driver = new Driver()
    const alarms = [new Alarm(500), new Alarm(100, 300), new Alarm(), new Alarm(100)]
    for (const alarm of alarms) {
      alarm.start(driver)
      expect(vi.getTimerCount()).toBe(1)
    }
    vi.advanceTimersByTime(99)
    expect(alarms.map(({ calls }) => calls.length)).toEqual([0, 0, 0, 0])
    vi.advanceTimersByTime(1)
    expect(alarms.map(({ calls }) => calls)).toEqual([[], [100], [], [100]])
    expect(vi.getTimerCount()).toBe(1)
    vi.advanceTimersByTime(1_000)
    expect(alarms.map(({ calls }) => calls)).toEqual([[500], [100, 300], [], [100]])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('calls no core that was removed, and drops its timer with the last one', () => {
    const driver = new Driver()
    const [a, b] = [new Alarm(100), new Alarm(200)]
    const [taskOfA, taskOfB] = [a.start(driver), b.start(driver)]
    driver.remove(taskOfA)
    driver.remove(taskOfA)
    vi.advanceTimersByTime(150)
    driver.remove(taskOfB)
    expect(vi.getTimerCount()).toBe(0)
    vi.advanceTimersByTime(150)
    expect([a.calls, b.calls]).toEqual([[], []])
  })

  it('waits for what is due in more than 2³¹ ms, for which timers fire at once', () => {
    const due = 2 ** 31 + 1_000_000
    const driver = new Driver()
    const alarm = new Alarm(due)
    const set = vi.spyOn(globalThis, 'setTimeout')
    alarm.start(driver)
    vi.advanceTimersByTime(due - 1)
    expect(alarm.calls).toEqual([])
    expect(Math.max(...set.mock.calls.map(([, delay]) => delay as number))).toBeLessThan(2 ** 31)
    vi.advanceTimersByTime(1)
    expect(alarm.calls).toEqual([due])
  })

  it('lets no timer be early for its core: by its clock, not by the timer’s', () => {
    let lag = 0
    const driver = new Driver(() => performance.now() - lag)
    const alarm = new Alarm(100)
    alarm.start(driver)
    lag = 40.5
    vi.advanceTimersByTime(140)
    expect(alarm.calls).toEqual([])
    vi.advanceTimersByTime(1)
    expect(alarm.calls).toEqual([100.5])
  })

  it('calls a core once when it is late for several of its times', () => {
    let leap = 0
    const driver = new Driver(() => performance.now() + leap)
    const alarm = new Alarm(100, 200, 300, 8 * hour)
    alarm.start(driver)
    leap = 8 * hour
    vi.advanceTimersByTime(100)
    expect(alarm.calls).toEqual([8 * hour + 100])
  })

  it('does not hang on a core that stays due, nor keep the others waiting', () => {
    const driver = new Driver()
    const stuck: Timed = { nextTimeout: () => 100, handleTimeout: vi.fn() }
    const stuckTask = new Task(stuck)
    driver.run(stuckTask, () => {})
    const alarm = new Alarm(100)
    alarm.start(driver)
    vi.advanceTimersByTime(110)
    expect(alarm.calls.length).toBe(1)
    expect(stuck.handleTimeout).toHaveBeenCalled()
    driver.remove(stuckTask)
  })

  it('acts when the input has been taken and the timer is set, in order; what an action adds comes last', () => {
    const driver = new Driver()
    const times = [50]
    const core: Timed = { nextTimeout: () => times[0], handleTimeout: () => {} }
    const task = new Task(core)
    const log: unknown[] = []
    const result = driver.run(task, (now) => {
      driver.later(() => {
        log.push('first', vi.getTimerCount())
        const inner = driver.run(task, () => {
          driver.later(() => log.push('last'))
          log.push('inner')
          return 'answer'
        })
        log.push(inner)
      })
      driver.later(() => log.push('second'))
      log.push('taken')
      return now
    })
    expect(log).toEqual(['taken', 'first', 1, 'inner', 'answer', 'second', 'last'])
    expect(result).toBe(performance.now())
    driver.remove(task)
  })

  it('has a timer that does not keep a process alive', () => {
    const set = vi.spyOn(globalThis, 'setTimeout')
    const driver = new Driver()
    const task = new Alarm(performance.now() + hour).start(driver)
    const timer = set.mock.results[0]?.value as NodeJS.Timeout
    expect(timer.hasRef()).toBe(false)
    driver.remove(task)
  })

  it('takes timers that are numbers, as browsers have them', () => {
    vi.spyOn(globalThis, 'setTimeout').mockImplementation((() => 7) as never)
    const clear = vi.spyOn(globalThis, 'clearTimeout').mockImplementation(() => {})
    const driver = new Driver()
    const task = new Alarm(100).start(driver)
    driver.remove(task)
    expect(clear).toHaveBeenCalledWith(7)
  })
})

describe('wires that are fed by hand', () => {
  it('share one timer, however many they are, and the last one to close takes it along', async () => {
    const connected: Connected[] = []
    for (let i = 0; i < 30; i++) connected.push(await connect(utPex()))
    expect(vi.getTimerCount()).toBe(0)
    for (const { ours } of connected) {
      ours.ut_pex.addPeer('203.0.113.1:6881')
      ours.ut_pex.start()
      await vi.advanceTimersByTimeAsync(10)
    }
    expect(vi.getTimerCount()).toBe(1)
    await vi.advanceTimersByTimeAsync(65_000)
    expect(connected.map(({ remote }) => remote.received.length)).toEqual(connected.map(() => 1))
    for (const [index, { ours }] of connected.entries()) {
      expect(vi.getTimerCount()).toBeLessThanOrEqual(1)
      ours.ut_pex.addPeer(`203.0.113.${index + 2}:6881`)
    }
    for (const { ours } of connected) ours.destroy()
    await settle()
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('a swarm', () => {
  it('has one timer, however many wires it has, and none after the last one has closed or close() was called', async () => {
    const swarms = [new PexSwarm(), new PexSwarm()] as const
    const wires: Connected[] = []
    for (let i = 1; i <= 20; i++) {
      for (const swarm of swarms)
        wires.push(await connect(utPex({ swarm }), { address: `203.0.113.${i}`, outgoing: true, pieces: 'silent' }))
    }
    wires[0]!.remote.say(pex({ added: ['198.51.1.1:6881'] }))
    await settle()
    expect(vi.getTimerCount()).toBe(2)
    swarms[0].close()
    expect(vi.getTimerCount()).toBe(1)
    for (const { ours } of wires) ours.destroy()
    await settle()
    expect(vi.getTimerCount()).toBe(0)
    expect(swarms[1].stats().connections).toBe(0)
  })

  it('sends one message after a sleep of eight hours, however many were due', async () => {
    let leap = 0
    const swarm = new PexSwarm({ clock: () => performance.now() + leap })
    const { remote } = await connect(utPex({ swarm }), { address: '203.0.113.1', outgoing: true })
    for (const peer of manyPeers(180)) {
      await connect(utPex({ swarm }), { address: peer.split(':')[0]!, outgoing: true })
    }
    await vi.advanceTimersByTimeAsync(1_000)
    expect(remote.received.length).toBe(1)
    await vi.advanceTimersByTimeAsync(10_000)
    leap = 8 * hour
    await vi.advanceTimersByTimeAsync(65_000)
    expect(remote.received.length).toBe(2)
    await vi.advanceTimersByTimeAsync(65_000)
    expect(remote.received.length).toBe(3)
    expect(Math.min(...remote.gaps())).toBeGreaterThanOrEqual(62_000)
    swarm.close()
  })

  it('that is fed by hand sleeps through eight hours as well', async () => {
    const { ours, remote } = await connect(utPex())
    for (const peer of manyPeers(300)) ours.ut_pex.addPeer(peer)
    ours.ut_pex.start()
    await vi.advanceTimersByTimeAsync(2_000)
    const now = performance.now.bind(performance)
    vi.spyOn(performance, 'now').mockImplementation(() => now() + 8 * hour)
    await vi.advanceTimersByTimeAsync(66_000)
    expect(remote.received.length).toBe(2)
    vi.mocked(performance.now).mockRestore()
    ours.destroy()
  })
})

describe('a listener', () => {
  const message = pex({ added: manyPeers(3) })

  it('that throws keeps no contact from the others: its error is a warning', async () => {
    const { ours, remote } = await connect(utPex())
    const boom = new Error('boom')
    ours.ut_pex.once('peer', () => {
      throw boom
    })
    const events = listen(ours.ut_pex)
    remote.say(message)
    await settle()
    expect(events.map(([name]) => name)).toEqual(['warning', 'peer', 'peer', 'peer'])
    expect(ours.destroyed).toBe(false)
  })

  it('may close its wire', async () => {
    const { ours, remote } = await connect(utPex())
    const other = await connect(utPex())
    const events = listen(other.ours.ut_pex)
    ours.ut_pex.on('peer', () => ours.destroy())
    other.ours.ut_pex.on('peer', () => ours.destroy())
    remote.say(message)
    other.remote.say(message)
    await settle()
    expect(ours.destroyed).toBe(true)
    expect(events.length).toBe(3)
  })

  it('may call everything again: each call is taken, each event comes once and in order', async () => {
    const { ours, remote } = await connect(utPex())
    const { ut_pex: extension } = ours
    const events = listen(extension)
    extension.on('peer', (peer) => {
      extension.start()
      extension.addPeer(peer.replace(':6881', ':7000'))
      extension.dropPeer('198.51.0.0:7000')
      if (peer === '198.51.0.1:6881') extension.onMessage(pex({ added: ['203.0.113.1:6881'], dropped: ['198.51.0.0:6881'] }))
      if (peer === '203.0.113.1:6881') extension.stop()
    })
    extension.on('dropped', () => extension.start())
    remote.say(message)
    await vi.advanceTimersByTimeAsync(65_000)
    expect(events.map(([name, peer]) => `${name} ${peer}`)).toEqual([
      'peer 198.51.0.0:6881',
      'peer 198.51.0.1:6881',
      'peer 198.51.0.2:6881',
      'dropped 198.51.0.0:6881',
      'peer 203.0.113.1:6881',
    ])
    expect(remote.received).toEqual([])
    extension.start()
    await vi.advanceTimersByTimeAsync(65_000)
    expect(remote.holds()).toEqual(['198.51.0.1:7000', '198.51.0.2:7000', '203.0.113.1:7000'])
  })

  it('of a swarm may close it: nothing more comes out', async () => {
    const swarm = new PexSwarm()
    const { remote, ours } = await connect(utPex({ swarm }), { address: '203.0.113.1' })
    const events: unknown[] = []
    swarm.on('peer', (peer) => {
      events.push(peer)
      swarm.close()
    })
    swarm.on('candidates', () => events.push('candidates'))
    listen(ours.ut_pex)
    remote.say(message)
    await settle()
    expect(events).toEqual(['198.51.0.0:6881'])
    expect([swarm.next(5), swarm.known(), swarm.stats().connections]).toEqual([[], [], 0])
  })

  it('of a swarm may close the wire that told, and all of that message is still reported', async () => {
    const swarm = new PexSwarm()
    const { remote, ours } = await connect(utPex({ swarm }), { address: '203.0.113.1', p: 7_000 })
    const events: unknown[] = []
    swarm.on('peer', (peer, _flags, source) => {
      ours.destroy()
      events.push(peer, source)
    })
    const peers = ['198.51.1.1:6881', '198.51.2.1:6881', '198.51.3.1:6881']
    remote.say(pex({ added: peers }))
    await settle()
    expect(events).toEqual(peers.flatMap((peer) => [peer, '203.0.113.1:7000']))
    expect(swarm.next(9).length).toBe(3)
    swarm.close()
  })

  it('of a swarm may make it private: nothing more comes out', async () => {
    const swarm = new PexSwarm()
    const { remote } = await connect(utPex({ swarm }), { address: '203.0.113.1' })
    const events: unknown[] = []
    swarm.on('peer', (peer) => {
      events.push(peer)
      swarm.private = true
    })
    swarm.on('candidates', () => events.push('candidates'))
    remote.say(message)
    await settle()
    expect(events).toEqual(['198.51.0.0:6881'])
    swarm.close()
  })
})
