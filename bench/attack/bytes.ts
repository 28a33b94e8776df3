/** Endpoints and messages as bytes, and numbers that follow from a seed. */
import { encodeMessage } from '../../src/codec/index.ts'

export const contact4 = (a: number, b: number, c: number, d: number, port: number): Uint8Array =>
  Uint8Array.of(a, b, c, d, port >> 8, port & 255)

export function contact6(groups: readonly number[], port: number): Uint8Array {
  return Uint8Array.of(...groups.flatMap((group) => [group >> 8, group & 255]), port >> 8, port & 255)
}

export function joined(endpoints: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(endpoints.reduce((total, { length }) => total + length, 0))
  let at = 0
  for (const endpoint of endpoints) {
    bytes.set(endpoint, at)
    at += endpoint.length
  }
  return bytes
}

export function message(added: readonly Uint8Array[], dropped: readonly Uint8Array[] = []): Uint8Array {
  const of = (length: number, all: readonly Uint8Array[]): Uint8Array => joined(all.filter((endpoint) => endpoint.length === length))
  return encodeMessage({ added: of(6, added), added6: of(18, added), dropped: of(6, dropped), dropped6: of(18, dropped) })
}

/** 32 bits that differ for different indices, and look like chance. */
export function scrambled(index: number): number {
  let mixed = Math.imul(index, 0x9e37_79b1)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x85eb_ca6b)
  return (mixed ^ (mixed >>> 13)) >>> 0
}

export const times = <Value>(count: number, make: (index: number) => Value): Value[] =>
  Array.from({ length: count }, (_, index) => make(index))
