/**
 * Contacts as BEP 11 packs them: an address and a port, big-endian, and one byte of flags kept apart.
 *
 * An endpoint is never an object here but a place in bytes: `(bytes, offset, family)`. What must be
 * compared or remembered becomes a key, a primitive that costs no formatting and fits a `Map` or a `Set`.
 */

/** The address family of an endpoint: IPv4 or IPv6. */
export type Family = 4 | 6

/** The bits of a contact's flags byte. BEP 11, "added.f". */
export const flag = {
  /** Prefers encrypted connections: sent `e` ≠ 0 in its extended handshake. */
  encryption: 0x01,
  /** Has everything, or wants nothing more (BEP 21, `upload_only`). */
  seed: 0x02,
  /** Speaks uTP (BEP 29). */
  utp: 0x04,
  /** Speaks ut_holepunch (BEP 55). */
  holepunch: 0x08,
  /** The sender dialled it, so it can be reached. */
  outgoing: 0x10,
} as const

/** All bits that BEP 11 defines; the others are reserved. */
export const knownFlags = 0x1f

/** Bytes of a compact endpoint: 4 or 16 of address and 2 of port. BEP 23, BEP 7. */
export function endpointByteLength(family: Family): 6 | 18 {
  return family === 4 ? 6 : 18
}

/**
 * An endpoint as a primitive: equal endpoints have keys that are equal by `===`.
 *
 * IPv4: a number, address × 65536 + port (48 bits, exact in a double). IPv6: a string of nine UTF-16 code units, not made to be read.
 */
export type EndpointKey = number | string

/**
 * The key of the compact endpoint at `offset`.
 *
 * @throws RangeError if `bytes` has no whole endpoint there.
 */
export function endpointKey(bytes: Uint8Array, offset: number, family: Family): EndpointKey {
  if (!(offset >= 0 && offset + endpointByteLength(family) <= bytes.length)) {
    throw new RangeError(`offset: ${offset} of ${bytes.length} bytes`)
  }
  const unit = (index: number): number => (bytes[offset + 2 * index]! << 8) | bytes[offset + 2 * index + 1]!
  return family === 4
    ? (unit(0) * 0x10000 + unit(1)) * 0x10000 + unit(2)
    : String.fromCharCode(unit(0), unit(1), unit(2), unit(3), unit(4), unit(5), unit(6), unit(7), unit(8))
}

/** The compact endpoint of a key that `endpointKey` made: 6 or 18 bytes, the caller's own. */
export function endpointOfKey(key: EndpointKey): Uint8Array {
  // An element of a Uint8Array keeps the low eight bits of what it is given.
  if (typeof key === 'string') {
    const bytes = new Uint8Array(18)
    for (let index = 0; index < 9; index++) {
      const unit = key.charCodeAt(index)
      bytes[2 * index] = unit >> 8
      bytes[2 * index + 1] = unit
    }
    return bytes
  }
  const bytes = new Uint8Array(6)
  for (let index = 5, rest = key; index >= 0; index--) {
    bytes[index] = rest
    rest = Math.floor(rest / 0x100)
  }
  return bytes
}
