/**
 * Writes what the timeline says as the bytes of a message.
 *
 * This is the one ugly fast place of the send path: in a large swarm nearly every connection gets bytes of its own once a
 * minute. The lists are written straight into the message, which is as long as it will be from the start, and an IPv4
 * endpoint in two writes. Measured: 50 added and 50 dropped take 0.6 µs; by way of `encodeMessage`, which wants six arrays first, ten times that.
 * It writes what `encodeMessage` would, byte for byte.
 */

import type { EndpointKey } from '../codec/contact.ts'
import type { Entry } from './entry.ts'
import type { Batch } from './shared-batches.ts'

/** Bytes that messages are cut from: some thirty of them. */
const slabByteLength = 16_384

const headOf = (key: string): Uint8Array => Uint8Array.from(`${key.length}:${key}`, (character) => character.charCodeAt(0))
const heads4 = { added: headOf('added'), flags: headOf('added.f'), dropped: headOf('dropped') }
const heads6 = { added: headOf('added6'), flags: headOf('added6.f'), dropped: headOf('dropped6') }

/** The message may be another peer's, too, and its buffer is shared with others: it must not be changed or transferred. */
export function writeBatch(batch: Batch): Uint8Array {
  batch.bytes ??= write(batch)
  return batch.bytes
}

function write({ added, dropped }: Batch): Uint8Array {
  const added4 = countIPv4(added)
  const added6 = added.length - added4
  const dropped4 = countIPv4(dropped)
  const dropped6 = dropped.length - dropped4
  const byteLength =
    2 +
    byteLengthOf(heads4.added, added4 * 6) +
    byteLengthOf(heads4.flags, added4) +
    byteLengthOf(heads6.added, added6 * 18) +
    byteLengthOf(heads6.flags, added6) +
    byteLengthOf(heads4.dropped, dropped4 * 6) +
    byteLengthOf(heads6.dropped, dropped6 * 18)
  const start = allocate(byteLength)
  slab[start] = 0x64 // d
  let position = start + 1
  if (added4 > 0) {
    position = writeContacts(writeHead(position, heads4.added, added4 * 6), added, 4)
    position = writeFlags(writeHead(position, heads4.flags, added4), added, 4)
  }
  if (added6 > 0) {
    position = writeContacts(writeHead(position, heads6.added, added6 * 18), added, 6)
    position = writeFlags(writeHead(position, heads6.flags, added6), added, 6)
  }
  if (dropped4 > 0) position = writeContacts(writeHead(position, heads4.dropped, dropped4 * 6), dropped, 4)
  if (dropped6 > 0) position = writeContacts(writeHead(position, heads6.dropped, dropped6 * 18), dropped, 6)
  slab[position] = 0x65 // e
  return new Uint8Array(slab.buffer, start, byteLength)
}

/** The buffer that is being filled, and how far. Who keeps a message keeps that buffer. */
let slab = new Uint8Array(0)
let view = new DataView(slab.buffer)
let slabEnd = 0

/** Room for a message in a larger buffer: an array with a buffer of its own takes 0.4 µs to make, and more to forget. */
function allocate(byteLength: number): number {
  if (slabEnd + byteLength > slab.length) {
    slab = new Uint8Array(Math.max(slabByteLength, byteLength))
    view = new DataView(slab.buffer)
    slabEnd = 0
  }
  const start = slabEnd
  slabEnd += byteLength
  return start
}

function countIPv4(entries: readonly Entry[]): number {
  let count = 0
  for (let index = 0; index < entries.length; index++) if (entries[index]!.family === 4) count++
  return count
}

/** Of a key and its string; 0 if that is empty, for then neither is written. */
function byteLengthOf(head: Uint8Array, byteLength: number): number {
  return byteLength === 0 ? 0 : head.length + digitCount(byteLength) + 1 + byteLength
}

function digitCount(value: number): number {
  let count = 1
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) count++
  return count
}

/** Writes a key and the length of its string; returns where the string begins. */
function writeHead(start: number, head: Uint8Array, byteLength: number): number {
  for (let index = 0; index < head.length; index++) slab[start + index] = head[index]!
  const digits = start + head.length
  const end = digits + digitCount(byteLength)
  for (let at = end - 1, rest = byteLength; at >= digits; at--, rest = Math.floor(rest / 10)) slab[at] = 0x30 + (rest % 10)
  slab[end] = 0x3a // :
  return end + 1
}

/** Writes the endpoints of one family; returns the position after them. */
function writeContacts(start: number, entries: readonly Entry[], family: Entry['family']): number {
  let position = start
  for (let index = 0; index < entries.length; index++) {
    const entry = entries[index]!
    if (entry.family === family) position = writeEndpoint(position, entry.key)
  }
  return position
}

function writeFlags(start: number, entries: readonly Entry[], family: Entry['family']): number {
  let position = start
  for (let index = 0; index < entries.length; index++) {
    const entry = entries[index]!
    if (entry.family === family) slab[position++] = entry.flags
  }
  return position
}

/** Writes the endpoint of a key; returns the position after it. */
function writeEndpoint(start: number, key: EndpointKey): number {
  if (typeof key === 'number') {
    // Integers of 48 bits: the bits beyond 32 are cut off.
    view.setInt32(start, (key / 0x1_0000) | 0)
    view.setInt16(start + 4, key & 0xffff)
    return start + 6
  }
  for (let index = 0; index < 9; index++) view.setInt16(start + 2 * index, key.charCodeAt(index))
  return start + 18
}
