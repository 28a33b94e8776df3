/**
 * BEP 40's canonical priority, for the judge alone: written from the BEP, bit by bit, and slow.
 *
 *     crc32c(sort(masked a, masked b))        the mask keeps the first two bytes of an IPv4 address (six of IPv6), and one more
 *                                             for each further byte that the two have in common; of the rest every second bit
 *     crc32c(sort(port a, port b))            for two peers at one address
 */

import type { Key } from './endpoint.ts'

/** The priority of a connection between two endpoints of one family; 0 for those of two. */
export function priorityOf(a: Key, b: Key): number {
  if (a.length !== b.length) return 0
  const addresses = [a, b].map((key) => key.slice(0, -2))
  if (addresses[0] === addresses[1]) return crc32c([a.slice(-2), b.slice(-2)].sort().join(''))
  let kept = addresses[0]!.length === 4 ? 2 : 6
  while (addresses[0]!.slice(0, kept) === addresses[1]!.slice(0, kept)) kept++
  const [first, second] = addresses.map((address) => masked(address, kept)).sort()
  return crc32c(`${first}${second}`)
}

function masked(address: string, keptLength: number): string {
  return [...address].map((byte, index) => (index < keptLength ? byte : String.fromCharCode(byte.charCodeAt(0) & 0x55))).join('')
}

function crc32c(text: string): number {
  let register = 0xffffffff
  for (const byte of text) {
    register ^= byte.charCodeAt(0)
    for (let step = 0; step < 8; step++) register = register & 1 ? (register >>> 1) ^ 0x82f63b78 : register >>> 1
  }
  return ~register >>> 0
}
