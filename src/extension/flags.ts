/** BEP 11's flag byte under the names that ut_pex 5 gave its bits. */

import { flag } from '../codec/contact.ts'

/** What is said of a peer: hints, as its source saw them. Exactly these five. */
export interface PexFlags {
  /** 0x01: prefers encryption */
  readonly prefersEncryption: boolean
  /** 0x02: seed, or uploads only */
  readonly isSender: boolean
  /** 0x04: supports uTP */
  readonly supportsUtp: boolean
  /** 0x08: supports ut_holepunch */
  readonly supportsUtHolepunch: boolean
  /** 0x10: its source connected to it, so it can be reached */
  readonly isReachable: boolean
}

/** One frozen object for each of the 32 bytes that there are, made when it is first asked for. */
const flagsOfByte: PexFlags[] = []

/** The reserved bits 0x20–0x80 are ignored (N12). */
export function flagsFromByte(byte: number): PexFlags {
  const known = byte & 0x1f
  const flags = flagsOfByte[known]
  if (flags !== undefined) return flags
  const made: PexFlags = Object.freeze({
    prefersEncryption: (known & flag.encryption) !== 0,
    isSender: (known & flag.seed) !== 0,
    supportsUtp: (known & flag.utp) !== 0,
    supportsUtHolepunch: (known & flag.holepunch) !== 0,
    isReachable: (known & flag.outgoing) !== 0,
  })
  flagsOfByte[known] = made
  return made
}

/** A flag counts when it is exactly `true`; anything that is no object has none. */
export function byteFromFlags(flags: unknown): number {
  if (typeof flags !== 'object' || flags === null) return 0
  const { isReachable, isSender, prefersEncryption, supportsUtHolepunch, supportsUtp } = flags as Partial<PexFlags>
  return (
    (prefersEncryption === true ? flag.encryption : 0) |
    (isSender === true ? flag.seed : 0) |
    (supportsUtp === true ? flag.utp : 0) |
    (supportsUtHolepunch === true ? flag.holepunch : 0) |
    (isReachable === true ? flag.outgoing : 0)
  )
}
