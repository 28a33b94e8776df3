/** The same work done by this package and by ut_pex 5.0.2: what each benchmark of one message calls. */
import bencode from 'bencode'
import compact2string from 'compact2string'
import utPex from 'ut_pex'
import { decodeMessage } from 'ut_pex/codec'
import { Swarm } from 'ut_pex/core'
import utPex5 from 'ut_pex5'
import { BenchWire } from './wire.js'

/** Longer than the least gap that either of them allows. */
export const minuteMs = 65_000

/** Reading words is quick from a view, and making a view is not, so messages are copied to where there is one. */
const copy = new Uint8Array(4096)
const view = new DataView(copy.buffer)

/** Reads every contact of a message, and adds up what it reads. */
export function readAll(bytes) {
  const { added, addedFlags, dropped, added6, added6Flags, dropped6 } = decodeMessage(bytes)
  copy.set(bytes)
  const start = bytes.byteOffset
  const contacts = sum4(added, start) + sum4(dropped, start) + sum6(added6, start) + sum6(dropped6, start)
  return (contacts + sumFlags(addedFlags) + sumFlags(added6Flags)) >>> 0
}

function sum4({ byteOffset, byteLength }, start) {
  const end = byteOffset - start + byteLength
  let sum = 0
  for (let at = end - byteLength; at < end; at += 6) sum = (sum + view.getInt32(at) + view.getUint16(at + 4)) | 0
  return sum
}

function sum6({ byteOffset, byteLength }, start) {
  const end = byteOffset - start + byteLength
  let sum = 0
  for (let at = end - byteLength; at < end; at += 18) {
    const address = view.getInt32(at) + view.getInt32(at + 4) + view.getInt32(at + 8) + view.getInt32(at + 12)
    sum = (sum + address + view.getUint16(at + 16)) | 0
  }
  return sum
}

function sumFlags(flags) {
  let sum = 0
  for (let at = 0; at < flags.length; at++) sum += flags[at]
  return sum
}

/** What ut_pex 5 does with a message before it looks at the contacts. */
export function readAll5(bytes) {
  const message = bencode.decode(bytes)
  const lists = []
  if (message.added) lists.push(compact2string.multi(Buffer.from(message.added)))
  if (message.added6) lists.push(compact2string.multi6(Buffer.from(message.added6)))
  if (message.dropped) lists.push(compact2string.multi(Buffer.from(message.dropped)))
  if (message.dropped6) lists.push(compact2string.multi6(Buffer.from(message.dropped6)))
  return lists
}

/** An instance on a wire of its own. */
export function createInstance(factory) {
  const wire = new BenchWire()
  const Extension = factory()
  const instance = new Extension(wire)
  wire.ut_pex = instance
  instance.on('warning', (warning) => {
    throw warning
  })
  return { wire, instance }
}

export const factories = { ours: utPex, ut_pex5: utPex5 }

/** Takes one message after the other, a minute apart, and begins again after the last. Their number is a power of two. */
export function createReceiver(factory, messages, clock) {
  const { wire, instance } = createInstance(factory)
  const mask = messages.length - 1
  let turn = 0
  const run = (count) => {
    for (let i = 0; i < count; i++) {
      clock.advance(minuteMs)
      instance.onMessage(messages[turn++ & mask])
    }
  }
  return { wire, instance, run }
}

/** A connection of a swarm without I/O: claims, what is known of all sources together, and candidates for dialling. */
export function createSwarmReceiver(messages) {
  const counts = { added: 0, dropped: 0 }
  const sink = {
    turn() {},
    added() {
      counts.added++
    },
    dropped() {
      counts.dropped++
    },
    candidates() {},
    violation(_id, code) {
      // The first messages drop what nobody has claimed yet.
      if (code !== 'unknown-drop') throw new Error(code)
    },
  }
  const swarm = new Swarm({ sink })
  const mask = messages.length - 1
  let now = 0
  let turn = 0
  swarm.handleConnect(
    1,
    { address: Uint8Array.of(20, 0, 0, 1), port: 6881, direction: 'outgoing', transport: 'tcp', isExtended: false },
    now,
  )
  const run = (count) => {
    for (let i = 0; i < count; i++) {
      now += minuteMs
      swarm.handleMessage(1, messages[turn++ & mask], now)
    }
  }
  return { swarm, counts, run }
}
