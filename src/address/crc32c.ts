/**
 * CRC-32C (Castagnoli), the checksum that BEP 40 orders peers by: a register that takes in one byte
 * at a time through a table. It starts at -1, and the checksum is its complement at the end.
 */

/** The polynomial 0x1edc6f41 with its bits reversed. */
const polynomial = 0x82f63b78

const table: Uint32Array = new Uint32Array(256).map((_, byte) => {
  let remainder = byte
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? polynomial : 0)
  return remainder
})

/** The register after `byte` (0-255). RFC 3720, appendix B.4, has test vectors. */
export function crc32cAdd(register: number, byte: number): number {
  return (register >>> 8) ^ (table[(register ^ byte) & 0xff] as number)
}
