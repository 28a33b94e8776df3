/**
 * A seeded hash of addresses, 32 bits: to know which addresses meet in a bucket one must know the seed.
 *
 * Each word goes through both multiplications of MurmurHash3's finalizer together with all before it, starting from the
 * seed. None of these steps loses anything, so the hash of one word, an IPv4 address, can be undone. The two halves of
 * an IPv6 address are hashed side by side, each with a seed of its own, because a processor does both at a time.
 */

/** Of an address of 1 or 4 words. */
export function addressHash(bytes: Uint8Array, offset: number, words: 1 | 4, seed: number): number {
  const first = readWord(bytes, offset)
  if (words === 1) return mix(seed, first)
  const second = readWord(bytes, offset + 4)
  return hashOfIPv6(seed, otherSeedOf(seed), first, second, readWord(bytes, offset + 8), readWord(bytes, offset + 12))
}

/** The seed of the second half of an IPv6 address: were it the same, addresses with their halves exchanged would meet. */
export function otherSeedOf(seed: number): number {
  return mix(seed, 0x9e3779b1)
}

/** Of the four words; they are no list, because one would have to be made for each address. */
export function hashOfIPv6(seed: number, otherSeed: number, first: number, second: number, third: number, fourth: number): number {
  return (mix(mix(seed, first), second) + mix(mix(otherSeed, third), fourth)) | 0
}

/** One more word of what is hashed. */
export function mix(hash: number, word: number): number {
  let mixed = hash ^ word
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}

/** The word of which `mix(seed, word)` is this hash. */
export function ipv4OfHash(hash: number, seed: number): number {
  // The factors are the inverses of those above modulo 2³².
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x7ed1b41d)
  mixed = Math.imul(mixed ^ (mixed >>> 13) ^ (mixed >>> 26), 0xa5cb9243)
  return mixed ^ (mixed >>> 16) ^ seed
}

/** Four bytes, big-endian, as a signed integer: a comparison of two 32-bit loads stays in integers that way. */
export function readWord(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 24) | (bytes[offset + 1]! << 16) | (bytes[offset + 2]! << 8) | bytes[offset + 3]!
}

/** Two bytes, big-endian. */
export function readPort(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 8) | bytes[offset + 1]!
}
