/**
 * Endpoints on their way into an `EndpointSet` or out of one, up to 128 at a time, as they lie in a message.
 *
 * There is one block for all sets, for handling is synchronous and does not nest. It is read and hashed in a loop of its
 * own, without a branch that a processor could guess wrong, so that it works on several endpoints at a time: half of the
 * time of a message was waiting for one endpoint's hash, and then for the wrong guess about it.
 */
import type { EndpointKey } from '../codec/contact.ts'
import { addressHash, hashOfIPv6, mix, otherSeedOf, readPort, readWord } from './address-hash.ts'

/** Endpoints in a block at the most. */
export const maxCount = 128
/** Where they begin in a message. Signed: V8 reckons with unsigned words in floating point. */
export const offsets: Int32Array = new Int32Array(maxCount)
/** Their flags, when they are to be added. */
export const flags: Uint8Array = new Uint8Array(maxCount)
/** What became of each, one of `outcome`. */
export const outcomes: Uint8Array = new Uint8Array(maxCount)
/** 18 bytes for each: the other endpoint that the outcome tells of. */
export const others: Uint8Array = new Uint8Array(18 * maxCount)

/** What became of an endpoint. */
export const outcome = {
  added: 0,
  /** Added, and the oldest endpoint gave way: it is in `others`. */
  replaced: 1,
  present: 2,
  crowded: 3,
  full: 4,
  deleted: 5,
  /** Not this endpoint was deleted but the only one of its address, which is in `others`. */
  otherDeleted: 6,
  absent: 7,
} as const

/** For sets alone: the hash of the address; port << 16, and room for flags; for IPv6 the four words of the address. */
export const hashes: Int32Array = new Int32Array(maxCount)
export const metas: Int32Array = new Int32Array(maxCount)
export const addresses: Int32Array = new Int32Array(4 * maxCount)

/** Reads the first `count` endpoints, which lie in this message at `offsets`. */
export function read(message: DataView, count: number, seed: number, is4: boolean): void {
  if (is4) {
    for (let i = 0; i < count; i++) {
      const offset = offsets[i]!
      hashes[i] = mix(seed, message.getInt32(offset))
      metas[i] = message.getUint16(offset + 4) << 16
    }
    return
  }
  const otherSeed = otherSeedOf(seed)
  for (let i = 0; i < count; i++) {
    const offset = offsets[i]!
    const first = message.getInt32(offset)
    const second = message.getInt32(offset + 4)
    const third = message.getInt32(offset + 8)
    const fourth = message.getInt32(offset + 12)
    addresses[4 * i] = first
    addresses[4 * i + 1] = second
    addresses[4 * i + 2] = third
    addresses[4 * i + 3] = fourth
    hashes[i] = hashOfIPv6(seed, otherSeed, first, second, third, fourth)
    metas[i] = message.getUint16(offset + 16) << 16
  }
}

/** Reads an endpoint as the first of the block. */
export function readOne(bytes: Uint8Array, offset: number, seed: number, is4: boolean): void {
  const words = is4 ? 1 : 4
  hashes[0] = addressHash(bytes, offset, words, seed)
  metas[0] = readPort(bytes, offset + 4 * words) << 16
  if (is4) return
  for (let word = 0; word < 4; word++) addresses[word] = readWord(bytes, offset + 4 * word)
}

/** Reads the endpoint of a key as the first of the block. */
export function readKey(key: EndpointKey, seed: number): void {
  if (typeof key === 'number') {
    // Bits beyond 32 are cut off.
    hashes[0] = mix(seed, (key / 0x1_0000) | 0)
    metas[0] = key << 16
    return
  }
  for (let word = 0; word < 4; word++) addresses[word] = (key.charCodeAt(2 * word) << 16) | key.charCodeAt(2 * word + 1)
  hashes[0] = hashOfIPv6(seed, otherSeedOf(seed), addresses[0]!, addresses[1]!, addresses[2]!, addresses[3]!)
  metas[0] = key.charCodeAt(8) << 16
}

/** Whether the address of endpoint `i` is the one at `at` of these words; the low words first, for neighbours in one network differ there. */
export function isAddress(i: number, words: Int32Array, at: number): boolean {
  return (
    words[at + 3] === addresses[4 * i + 3] &&
    words[at + 2] === addresses[4 * i + 2] &&
    words[at + 1] === addresses[4 * i + 1] &&
    words[at] === addresses[4 * i]
  )
}

/** Copies the address of endpoint `i` to these words. */
export function copyAddress(i: number, words: Int32Array, at: number): void {
  words[at] = addresses[4 * i]!
  words[at + 1] = addresses[4 * i + 1]!
  words[at + 2] = addresses[4 * i + 2]!
  words[at + 3] = addresses[4 * i + 3]!
}

/** Writes a compact endpoint of 6 bytes. */
export function writeIPv4(into: Uint8Array, at: number, address: number, port: number): void {
  writeWord(into, at, address)
  into[at + 4] = port >> 8
  into[at + 5] = port
}

/** Writes a compact endpoint of 18 bytes, of the address at `from` of these words. */
export function writeIPv6(into: Uint8Array, at: number, words: Int32Array, from: number, port: number): void {
  for (let word = 0; word < 3; word++) writeWord(into, at + 4 * word, words[from + word]!)
  writeIPv4(into, at + 12, words[from + 3]!, port)
}

function writeWord(into: Uint8Array, at: number, word: number): void {
  into[at] = word >>> 24
  into[at + 1] = word >>> 16
  into[at + 2] = word >>> 8
  into[at + 3] = word
}
