/**
 * Seeded hashes of endpoints and of parts of them, 32 bits; `address-hash.ts` says what they are worth.
 */
import type { Family } from '../codec/contact.ts'
import { addressHash, mix, readPort } from './address-hash.ts'

/** Of a whole compact endpoint. */
export function endpointHash(bytes: Uint8Array, offset: number, family: Family, seed: number): number {
  const words = family === 4 ? 1 : 4
  return mix(addressHash(bytes, offset, words, seed), readPort(bytes, offset + words * 4))
}

/** Of the first bytes of an endpoint: its address, or the network that it is in. */
export function prefixHash(bytes: Uint8Array, offset: number, byteLength: number, seed: number): number {
  let hash = scramble(seed)
  for (let at = offset; at < offset + byteLength; at++) hash = scramble(hash ^ bytes[at]!)
  return hash
}

/** A 32-bit integer of which every bit depends on all bits of this one. */
export function scramble(value: number): number {
  return mix(value, 0)
}
