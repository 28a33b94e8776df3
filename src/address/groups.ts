/** The two ways in which the other files look at the bytes of an address: as 16-bit groups and as runs of zeros. */

/** The 16-bit number at `at`: a group of an IPv6 address, or a port. Past the end of `bytes` 0. */
export function group(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
}

/** Whether all bytes from `start` to before `end` are 0. */
export function isZero(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] !== 0) return false
  return true
}
