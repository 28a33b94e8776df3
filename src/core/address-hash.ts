/**
 * A seeded hash of addresses, 32 bits: to know which addresses meet in a bucket one must know the seed.
 *
 * Each word goes through both multiplications of MurmurHash3's finalizer together with all before it, starting from the
 * seed. None of these steps loses anything, so the hash of one word, an IPv4 address, can be undone.
 */

/** Of an address of 1 or 4 words. */
export function addressHash(bytes: Uint8Array, offset: number, words: 1 | 4, seed: number): number {
  let hash = mix(seed, readWord(bytes, offset))
  if (words === 4) {
    hash = mix(hash, readWord(bytes, offset + 4))
    hash = mix(hash, readWord(bytes, offset + 8))
    hash = mix(hash, readWord(bytes, offset + 12))
  }
  return hash
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

export function readWord(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 24) | (bytes[offset + 1]! << 16) | (bytes[offset + 2]! << 8) | bytes[offset + 3]!
}

export function readPort(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 8) | bytes[offset + 1]!
}
