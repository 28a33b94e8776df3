/**
 * BEP 40: a number for each pair of peers that both ends calculate alike, so that all peers agree
 * who should be connected to whom, and nobody can choose to be preferred by everyone.
 *
 * The two addresses are masked, sorted and hashed. The mask spares a prefix and lets every second
 * bit of the rest through; the more bytes the addresses have in common, the longer the prefix:
 *
 *     common bytes       0-1    2    3         IPv4, 4 bytes
 *     spared prefix      2      3    4
 *
 *     common bytes       0-5    6    7  ...    IPv6, 16 bytes
 *     spared prefix      6      7    8  ...
 *
 * So the first byte that differs is always spared, and sorting before the mask or after it is the same.
 */
import { crc32cAdd } from './crc32c.ts'

/**
 * The canonical priority of a connection between two compact endpoints (both 6 or both 18 bytes): an unsigned
 * 32-bit integer, the same for (a, b) and (b, a). If the addresses are equal, the ports decide. BEP 40.
 *
 * 0 when the families differ: the BEP knows no such pair.
 */
export function canonicalPriority(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) return 0
  const addressLength = a.length - 2
  let common = 0
  while (common < a.length && a[common] === b[common]) common++
  const isSameAddress = common >= addressLength
  const start = isSameAddress ? addressLength : 0
  const end = isSameAddress ? a.length : addressLength
  const sparedEnd = isSameAddress ? end : Math.max(addressLength === 4 ? 2 : 6, common + 1)
  const [first, second] = (a[common] as number) < (b[common] as number) ? [a, b] : [b, a]
  let register = -1
  for (const endpoint of [first, second]) {
    for (let at = start; at < end; at++) register = crc32cAdd(register, (endpoint[at] as number) & (at < sparedEnd ? 0xff : 0x55))
  }
  return ~register >>> 0
}
