/** The extension without a swarm, on wires in any state and with remotes that do what they like: nothing makes it throw. */
import bencode from 'bencode'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import utPex, { type UtPex, type Wire } from '../../src/index.ts'
import { type Connected, closeWires, connect, join, listen, newWire, peersOf, pex, Remote, settle, shakeHands } from './wires.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(async () => {
  await closeWires()
  expect(vi.getTimerCount(), 'timers left after the last wire has closed').toBe(0)
  vi.useRealTimers()
})

const minute = 60_000
const dropIn = (): Promise<Connected> => connect(utPex())

describe('a wire in any state', () => {
  /** Every call there is, and time for every timer. */
  function exercise(extension: UtPex): void {
    extension.addPeer('203.0.113.1:6881')
    extension.start()
    vi.advanceTimersByTime(70_000)
    extension.onMessage(pex({ added: ['203.0.113.2:6881'] }))
    extension.dropPeer('203.0.113.1:6881')
    vi.advanceTimersByTime(70_000)
    extension.addPeer6('[2001:db8::1]:6881')
    extension.onHandshake()
    extension.onExtendedHandshake()
    extension.leaving('duplicate')
    extension.stop()
    extension.start()
    vi.advanceTimersByTime(70_000)
    extension.reset()
    extension.start()
    vi.advanceTimersByTime(70_000)
    extension.onMessage(pex({ dropped: ['203.0.113.2:6881'] }))
  }

  it('throws nothing and sends nothing without a handshake, and tells all once there is one', async () => {
    const ours = newWire()
    const remote = new Remote()
    ours.use(utPex())
    exercise(ours.ut_pex)
    ours.ut_pex.addPeer('203.0.113.1:6881')
    join(ours, remote.wire)
    shakeHands(ours, remote.wire)
    await vi.advanceTimersByTimeAsync(65_000)
    expect(remote.holds()).toEqual(['203.0.113.1:6881'])
  })

  it('throws nothing and sends nothing where the remote has no ut_pex', async () => {
    const [ours, theirs] = [newWire(), newWire()]
    ours.use(utPex())
    join(ours, theirs)
    shakeHands(ours, theirs)
    await settle()
    const send = vi.spyOn(ours, 'extended')
    exercise(ours.ut_pex)
    await settle()
    expect(send).not.toHaveBeenCalled()
  })

  it('is sent nothing from the moment when the remote switches ut_pex off; switched on, it is told all, 62 s after the last', async () => {
    const { ours, remote } = await dropIn()
    ours.ut_pex.addPeer('203.0.113.1:6881')
    ours.ut_pex.start()
    await vi.advanceTimersByTimeAsync(2_000)
    expect(remote.received.length).toBe(1)
    remote.sayHandshake({ m: { ut_pex: 0 } })
    await settle()
    const send = vi.spyOn(ours, 'extended')
    exercise(ours.ut_pex)
    expect(send).not.toHaveBeenCalled()
    ours.ut_pex.addPeer('203.0.113.1:6881')
    ours.ut_pex.addPeer('203.0.113.3:6881')
    remote.sayHandshake({ m: { ut_pex: 1 } })
    await vi.advanceTimersByTimeAsync(65_000)
    expect(peersOf(remote.received[1]!.message.added)).toEqual(['203.0.113.1:6881', '203.0.113.3:6881'])
    for (let i = 0; i < 20; i++) {
      remote.sayHandshake({ m: { ut_pex: i % 2 } })
      await vi.advanceTimersByTimeAsync(10_000)
    }
    expect(Math.min(...remote.gaps())).toBeGreaterThanOrEqual(62_000)
  })

  it('is sent messages under the id that the remote gave last, and one that leaves ut_pex out of `m` changes nothing', async () => {
    const { ours, remote } = await dropIn()
    const send = vi.spyOn(ours, 'extended')
    remote.sayHandshake({ m: { ut_pex: 200 } })
    remote.sayHandshake({ m: {} })
    remote.sayHandshake({ v: 'x' })
    await settle()
    ours.ut_pex.addPeer('203.0.113.1:6881')
    ours.ut_pex.start()
    await vi.advanceTimersByTimeAsync(65_000)
    expect(send.mock.calls.map(([id]) => id)).toEqual([200])
  })

  it.each([
    ['0', 0],
    ['negative', -1],
    ['256', 256],
    ['2³²+1', 4_294_967_297],
    ['a string of a digit', '5'],
    ['a list', [5]],
    ['a dictionary', { a: 5 }],
  ])('counts an id that is %s as none', async (_title, id) => {
    const { ours, remote } = await dropIn()
    const send = vi.spyOn(ours, 'extended')
    remote.sayHandshake({ m: { ut_pex: id } })
    await settle()
    exercise(ours.ut_pex)
    ours.ut_pex.addPeer('203.0.113.9:6881')
    await vi.advanceTimersByTimeAsync(3 * minute)
    expect(send).not.toHaveBeenCalled()
  })

  it.each([
    ['a number', 7, 7],
    ['a string of a digit', '5', undefined],
  ])('that the extension came to late is known by its last handshake: the id was %s', async (_title, id, sentUnder) => {
    const ours = newWire()
    const remote = new Remote()
    join(ours, remote.wire)
    shakeHands(ours, remote.wire)
    await settle()
    remote.sayHandshake({ m: { ut_pex: id } })
    await settle()
    ours.use(utPex())
    const send = vi.spyOn(ours, 'extended')
    ours.ut_pex.addPeer('203.0.113.1:6881')
    ours.ut_pex.start()
    await vi.advanceTimersByTimeAsync(65_000)
    expect(send.mock.calls[0]?.[0]).toBe(sentUnder)
  })

  it('may be destroyed: every call is harmless then, nothing is sent and nothing reported', async () => {
    const { ours } = await dropIn()
    const events = listen(ours.ut_pex)
    const send = vi.spyOn(ours, 'extended')
    ours.ut_pex.addPeer('203.0.113.1:6881')
    ours.ut_pex.start()
    ours.destroy()
    await settle()
    expect(vi.getTimerCount()).toBe(0)
    exercise(ours.ut_pex)
    expect(vi.getTimerCount()).toBe(0)
    expect(send).not.toHaveBeenCalled()
    expect(events.filter(([name]) => name !== 'warning')).toEqual([])
  })

  it('may be destroyed before it was ever used', async () => {
    const ours = newWire()
    const remote = new Remote()
    join(ours, remote.wire)
    shakeHands(ours, remote.wire)
    await settle()
    ours.destroy()
    await settle()
    ours.use(utPex())
    const send = vi.spyOn(ours, 'extended')
    ours.ut_pex.addPeer('203.0.113.1:6881')
    ours.ut_pex.start()
    expect(vi.getTimerCount()).toBe(0)
    exercise(ours.ut_pex)
    expect(vi.getTimerCount()).toBe(0)
    expect(send).not.toHaveBeenCalled()
  })

  it('may throw when it is to send: that is a warning, not an exception out of a timer', async () => {
    const { ours } = await dropIn()
    const events = listen(ours.ut_pex)
    ours.extended = () => {
      throw new Error('no')
    }
    exercise(ours.ut_pex)
    expect(events.filter(([name]) => name === 'warning')).toContainEqual(['warning', 'no'])
  })

  it('may be a stand-in that has nothing but extended() and destroy(); once it says that it is destroyed, no timer is left', () => {
    const sent: Uint8Array[] = []
    const wire = { extended: (_id: number, bytes: Uint8Array) => sent.push(bytes), destroy() {}, destroyed: false }
    const extension = new (utPex())(wire as never)
    exercise(extension)
    expect(sent).toEqual([])
    wire.destroyed = true
    exercise(extension)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('may be a stand-in that says only by `destroyed` that it is gone: the next turn lets it go', () => {
    const wire = { extended: vi.fn(), destroy() {}, destroyed: false, peerExtendedMapping: { ut_pex: 3 } }
    const extension = new (utPex())(wire as never)
    extension.addPeer('203.0.113.1:6881')
    extension.start()
    expect(vi.getTimerCount()).toBe(1)
    wire.destroyed = true
    vi.advanceTimersByTime(2_000)
    expect(vi.getTimerCount()).toBe(0)
    expect(wire.extended).not.toHaveBeenCalled()
  })

  it('may be a stand-in that tells of handshakes only by calling the extension', () => {
    const sent: [unknown, Uint8Array][] = []
    const wire = { extended: (id: unknown, bytes: Uint8Array) => sent.push([id, bytes]), destroy() {} }
    const extension = new (utPex())(Object.assign(Object.create(null) as Wire, wire as never))
    extension.addPeer('203.0.113.1:6881')
    extension.start()
    extension.onExtendedHandshake({ m: { ut_pex: 3 } })
    vi.advanceTimersByTime(65_000)
    expect(sent.map(([id]) => id)).toEqual([3])
    extension.stop()
  })
})

describe('a flood', () => {
  const message = pex({ added: ['203.0.113.1:6881'] })

  it('of ten messages in excess within 60 s destroys the wire, then warns in the words of ut_pex 5', async () => {
    const { ours, remote } = await dropIn()
    const events = listen(ours.ut_pex)
    const destroy = vi.spyOn(ours, 'destroy')
    ours.ut_pex.on('warning', () => events.push(['destroyed', destroy.mock.calls.length]))
    for (let i = 0; i < 15; i++) remote.say(message)
    await settle()
    expect(events.map(([name]) => name)).toEqual(['peer'])
    remote.say(message)
    await settle()
    expect(events.slice(1)).toEqual([
      ['warning', 'Peer disconnected for sending PEX messages too frequently'],
      ['destroyed', 1],
    ])
    expect(ours.destroyed).toBe(true)
  })

  it('that is spread over more than 60 s is none', () => {
    const ours = newWire()
    ours.use(utPex())
    const destroy = vi.spyOn(ours, 'destroy')
    for (let i = 0; i < 6; i++) ours.ut_pex.onMessage(message)
    for (let i = 0; i < 500; i++) {
      ours.ut_pex.onMessage(message)
      vi.advanceTimersByTime(6_700)
    }
    expect(destroy).not.toHaveBeenCalled()
  })

  it('does not throw out of onMessage when the wire throws as it is destroyed', () => {
    const wire = {
      extended() {},
      destroy() {
        throw new Error('no')
      },
    }
    const extension = new (utPex())(wire)
    const events = listen(extension)
    for (let i = 0; i < 20; i++) extension.onMessage(message)
    expect(events).toContainEqual(['warning', 'Peer disconnected for sending PEX messages too frequently'])
  })

  it('is not what a sender with gaps of 59.98 s does: each of its messages is read, for 24 hours', () => {
    const ours = newWire()
    ours.use(utPex())
    const events = listen(ours.ut_pex)
    let count = 0
    for (let at = 0; at < 24 * 60 * minute; at += 59_980) {
      ours.ut_pex.onMessage(pex({ added: [`203.0.${count & 1}.1:6881`], dropped: [`203.0.${(count & 1) ^ 1}.1:6881`] }))
      vi.advanceTimersByTime(59_980)
      count++
    }
    expect(count).toBe(1_441)
    expect(events.filter(([name]) => name === 'peer').length).toBe(count)
    expect(events.filter(([name]) => name === 'dropped').length).toBe(count - 1)
  })
})

it('a remote that gives no ut_pex in the handshake that it is told of is a warning, as in ut_pex 5', () => {
  const extension = new (utPex())(newWire())
  const events = listen(extension)
  extension.onExtendedHandshake({ m: { ut_pex: 1 } })
  extension.onExtendedHandshake({ m: {} })
  extension.onExtendedHandshake({})
  expect(events).toEqual(Array.from({ length: 2 }, () => ['warning', 'Peer does not support ut_pex']))
})

it('the remote is told as the ids of both uses when the extension is used twice, and there is one instance', async () => {
  const { ours, remote } = await dropIn()
  const first = ours.ut_pex
  const events = listen(first)
  ours.use(utPex())
  expect(ours.ut_pex).toBe(first)
  remote.wire.extended(1, pex({ added: ['203.0.113.1:6881'] }))
  remote.wire.extended(2, pex({ added: ['203.0.113.2:6881'] }))
  await settle()
  expect(events.map(([, peer]) => peer)).toEqual(['203.0.113.1:6881', '203.0.113.2:6881'])
})

it('an extended handshake that is no dictionary changes nothing', async () => {
  const { ours, remote } = await dropIn()
  for (const value of [7, [], 'x', { m: 7 }, { m: [] }, { m: 'x' }]) remote.wire.extended(0, bencode.encode(value))
  await settle()
  ours.ut_pex.addPeer('203.0.113.1:6881')
  ours.ut_pex.start()
  await vi.advanceTimersByTimeAsync(2_000)
  expect(remote.holds()).toEqual(['203.0.113.1:6881'])
})
