/**
 * Seeded hashes of endpoints and of the networks that they are in, 32 bits; `address-hash.ts` says what they are worth.
 *
 * Equal hashes of different neighbours would be taken for one, so what differs little must not meet more often than by chance. One
 * `mix` is not enough for that before another word comes: of two addresses that differ in a bit, the hashes differ in certain
 * few bits more often than in others, and a word that differs in these makes them equal (measured: 200 times as often as by chance).
 */
import type { Family } from '../codec/contact.ts'
import { addressHash, mix, otherSeedOf, readPort, readWord } from './address-hash.ts'

/** Of a whole compact endpoint. */
export function endpointHash(bytes: Uint8Array, offset: number, family: Family, seed: number): number {
  const words = family === 4 ? 1 : 4
  return mix(scramble(addressHash(bytes, offset, words, seed)), readPort(bytes, offset + words * 4))
}

/** Of the network that an address is in: of its first 24 or 32 bits (IPv4), or 56 or 64 (IPv6). Two of IPv4 of one size never meet. */
export function networkHash(bytes: Uint8Array, offset: number, bitLength: 24 | 32 | 56 | 64, seed: number): number {
  const own = mix(seed, bitLength)
  const isWhole = bitLength % 32 === 0
  const last = readWord(bytes, bitLength <= 32 ? offset : offset + 4) & (isWhole ? -1 : ~0xff)
  if (bitLength <= 32) return mix(own, last)
  return (mix(own, readWord(bytes, offset)) + mix(otherSeedOf(own), last)) | 0
}

/** A 32-bit integer of which every bit depends on all bits of this one. */
export function scramble(value: number): number {
  return mix(value, 0)
}
