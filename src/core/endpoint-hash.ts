/**
 * Seeded hashes of endpoints, 32 bits. All that is hashed goes through both multiplications of MurmurHash3's
 * finalizer together with all before it, starting from the seed: to know which endpoints meet one must know
 * the seed.
 */
import type { Family } from '../codec/contact.ts'

/** Of a whole compact endpoint; four bytes at a time, because every claim is looked up by it. */
export function endpointHash(bytes: Uint8Array, offset: number, family: Family, seed: number): number {
  const port = offset + (family === 4 ? 4 : 16)
  let hash = scramble(seed ^ readPort(bytes, port))
  for (let at = offset; at < port; at += 4) hash = scramble(hash ^ readWord(bytes, at))
  return hash
}

/** Of the first bytes of an endpoint: its address, or the network that it is in. */
export function prefixHash(bytes: Uint8Array, offset: number, byteLength: number, seed: number): number {
  let hash = scramble(seed)
  for (let at = offset; at < offset + byteLength; at++) hash = scramble(hash ^ bytes[at]!)
  return hash
}

/** A 32-bit integer of which every bit depends on all bits of this one. */
export function scramble(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}

/** Four bytes, big-endian, as a signed integer: a comparison of two 32-bit loads stays in integers that way. */
export function readWord(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 24) | (bytes[offset + 1]! << 16) | (bytes[offset + 2]! << 8) | bytes[offset + 3]!
}

/** Two bytes, big-endian. */
export function readPort(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 8) | bytes[offset + 1]!
}
