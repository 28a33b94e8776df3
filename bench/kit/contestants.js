/** The same work done by this package and by ut_pex 5.0.2: what each benchmark of one message calls. */
import bencode from 'bencode'
import compact2string from 'compact2string'
import utPex from 'ut_pex'
import { createLayout, decodeMessage, locateMessage, slot } from 'ut_pex/codec'
import { Swarm } from 'ut_pex/core'
import utPex5 from 'ut_pex5'
import { BenchWire } from './wire.js'

/** Longer than the least gap that either of them allows. */
export const minuteMs = 65_000

/** Reading words is quick from a view, and making a view is not, so messages are copied to where there is one. */
const copy = new Uint8Array(4096)
const view = new DataView(copy.buffer)

/** Reads every contact of a message by the views that `decodeMessage` makes, and adds up what it reads. */
export function readAll(bytes) {
  const { added, addedFlags, dropped, added6, added6Flags, dropped6 } = decodeMessage(bytes)
  copy.set(bytes)
  const placeOf = ({ byteOffset }) => byteOffset - bytes.byteOffset
  const contacts =
    sum4(placeOf(added), added.length) +
    sum4(placeOf(dropped), dropped.length) +
    sum6(placeOf(added6), added6.length) +
    sum6(placeOf(dropped6), dropped6.length)
  return (contacts + sumFlags(addedFlags, 0, addedFlags.length) + sumFlags(added6Flags, 0, added6Flags.length)) >>> 0
}

const layout = createLayout()
const startOf = (place) => layout[2 * place]
const lengthOf = (place) => layout[2 * place + 1] - layout[2 * place]

/** The same where they lie in the message, which makes no views. */
export function readInPlace(bytes) {
  locateMessage(bytes, layout)
  copy.set(bytes)
  const contacts =
    sum4(startOf(slot.added), lengthOf(slot.added)) +
    sum4(startOf(slot.dropped), lengthOf(slot.dropped)) +
    sum6(startOf(slot.added6), lengthOf(slot.added6)) +
    sum6(startOf(slot.dropped6), lengthOf(slot.dropped6))
  const flags =
    sumFlags(bytes, startOf(slot.addedFlags), lengthOf(slot.addedFlags)) +
    sumFlags(bytes, startOf(slot.added6Flags), lengthOf(slot.added6Flags))
  return (contacts + flags) >>> 0
}

function sum4(start, byteLength) {
  let sum = 0
  for (let at = start; at < start + byteLength; at += 6) sum = (sum + view.getInt32(at) + view.getUint16(at + 4)) | 0
  return sum
}

function sum6(start, byteLength) {
  let sum = 0
  for (let at = start; at < start + byteLength; at += 18) {
    const address = view.getInt32(at) + view.getInt32(at + 4) + view.getInt32(at + 8) + view.getInt32(at + 12)
    sum = (sum + address + view.getUint16(at + 16)) | 0
  }
  return sum
}

function sumFlags(flags, start, count) {
  let sum = 0
  for (let at = start; at < start + count; at++) sum += flags[at]
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
