/**
 * Addresses and endpoints as text and as bytes.
 *
 * Reading is strict: one meaning for each text, and no text that another program might read differently
 * (`010.0.0.1`, `1.2.3`, `0x7f.1`, zone ids). IPv6 may be written in every form of RFC 4291; an IPv4-mapped
 * address (`::ffff:1.2.3.4`) is IPv4, for that is what Node's dual-stack servers mean by it.
 * Writing is canonical: RFC 5952 for IPv6. No text makes a reader throw or take more than linear time.
 */
import { group, isZero } from './groups.ts'
import type { Family } from './ranges.ts'

/** The longest IPv6 text: six groups of four digits, then a dotted quad. */
const maxAddressLength = 45
/** The same in brackets with a port of five digits: room for any text of an endpoint. */
export const maxEndpointLength: number = maxAddressLength + 8

const dot = 0x2e
const colon = 0x3a
const openBracket = 0x5b
const closeBracket = 0x5d

/** The digits as ASCII. */
const digits: Uint8Array = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0))
/** Of each byte its decimal digits as ASCII, the first one lowest, and above them how many they are. */
const decimals: Uint32Array = Uint32Array.from({ length: 256 }, (_, byte) => {
  const units = digits[byte % 10]!
  const tens = digits[Math.floor(byte / 10) % 10]!
  if (byte < 10) return units | (1 << 24)
  if (byte < 100) return tens | (units << 8) | (2 << 24)
  return digits[Math.floor(byte / 100)]! | (tens << 8) | (units << 16) | (3 << 24)
})
/** One text is written here before it is made a string. */
const scratch = new Uint8Array(maxEndpointLength)

/**
 * The 4 or 16 bytes of an address, undefined for anything else, also for what is no string.
 * IPv4 as four decimal numbers without leading zeros, IPv6 as in RFC 4291 without brackets and without zone id.
 * An IPv4-mapped IPv6 address gives 4 bytes.
 */
export function parseAddress(text: string): Uint8Array | undefined {
  if (typeof text !== 'string' || text.length > maxAddressLength) return undefined
  return text.includes(':') ? parseIPv6(text, 0, text.length, 0) : parseIPv4(text, text.length, 0)
}

/**
 * The compact endpoint, 6 or 18 bytes, of `1.2.3.4:6881` or `[2001:db8::1]:6881`, undefined for anything else, also for
 * what is no string. Port 1-65535 in decimal without leading zeros. An IPv4-mapped IPv6 address gives 6 bytes.
 */
export function parseEndpoint(text: string): Uint8Array | undefined {
  if (typeof text !== 'string' || text.length > maxEndpointLength) return undefined
  const end = text.lastIndexOf(':')
  const port = parsePort(text, end + 1)
  if (end < 0 || port === 0) return undefined
  const isBracketed = text[0] === '[' && text[end - 1] === ']'
  const bytes = isBracketed ? parseIPv6(text, 1, end - 1, 2) : parseIPv4(text, end, 2)
  if (bytes) setPort(bytes, port)
  return bytes
}

/**
 * The compact endpoint, 6 or 18 bytes, of an address of 4 or 16 bytes and a port (0-65535).
 * @throws {RangeError} for an address of another length and for what is no port.
 */
export function packEndpoint(address: Uint8Array, port: number): Uint8Array {
  const { length } = address
  if (length !== 4 && length !== 16) throw new RangeError(`address must have 4 or 16 bytes, not ${length}`)
  if (!Number.isInteger(port) || port < 0 || port > 0xffff) throw new RangeError(`port must be an integer from 0 to 65535, not ${port}`)
  const bytes = new Uint8Array(length + 2)
  bytes.set(address)
  setPort(bytes, port)
  return bytes
}

/** The text of the 4 or 16 bytes of address at `offset`: `1.2.3.4`, or IPv6 as RFC 5952 recommends it, without brackets. */
export function formatAddress(bytes: Uint8Array, offset: number, family: Family): string {
  return textOf(scratch, family === 4 ? writeIPv4(bytes, offset, scratch, 0) : writeIPv6(bytes, offset, scratch, 0))
}

/** The text of the compact endpoint at `offset`: `1.2.3.4:6881` or `[2001:db8::1]:6881`. */
export function formatEndpoint(bytes: Uint8Array, offset: number, family: Family): string {
  return textOf(scratch, writeEndpointText(bytes, offset, family, scratch, 0))
}

/**
 * Writes that text as ASCII to `into` at `at`, where `maxEndpointLength` bytes must be free, and answers where it ends.
 * Who needs many writes them behind one another and cuts one string: a third of the time of a string for each.
 */
export function writeEndpointText(bytes: Uint8Array, offset: number, family: Family, into: Uint8Array, at: number): number {
  let end = at
  if (family === 4) {
    end = writeIPv4(bytes, offset, into, end)
  } else {
    into[end++] = openBracket
    end = writeIPv6(bytes, offset, into, end)
    into[end++] = closeBracket
  }
  into[end++] = colon
  return writePort(group(bytes, offset + (family === 4 ? 4 : 16)), into, end)
}

/** Room for an IPv4 address and `spareLength` bytes behind it, filled from the start of `text` up to `end`. */
function parseIPv4(text: string, end: number, spareLength: number): Uint8Array | undefined {
  const bytes = new Uint8Array(4 + spareLength)
  return readIPv4(text, 0, end, bytes, 0) ? bytes : undefined
}

/** The same for IPv6. An IPv4-mapped address keeps its last 4 bytes and the spare ones. */
function parseIPv6(text: string, start: number, end: number, spareLength: number): Uint8Array | undefined {
  const bytes = new Uint8Array(16 + spareLength)
  if (!readIPv6(text, start, end, bytes)) return undefined
  return isMapped(bytes, 0) ? bytes.slice(12) : bytes
}

/** Reads a dotted quad, and nothing beside it, into the 4 bytes at `offset`; false when it is none. */
function readIPv4(text: string, start: number, end: number, bytes: Uint8Array, offset: number): boolean {
  let at = offset
  let value = -1
  for (let position = start; position < end; position++) {
    const code = text.charCodeAt(position)
    if (code === dot) {
      if (value < 0) return false
      bytes[at++] = value
      value = -1
      continue
    }
    const digit = hexDigit(code)
    if (digit < 0 || digit > 9 || value === 0) return false
    value = value < 0 ? digit : value * 10 + digit
    if (value > 255) return false
  }
  bytes[at] = value
  return value >= 0 && at === offset + 3
}

/**
 * Reads an IPv6 address, and nothing beside it, into the first 16 bytes; false when it is none.
 * Groups that are too many are found out at the end: what they write beyond those bytes is thrown away.
 */
function readIPv6(text: string, start: number, end: number, bytes: Uint8Array): boolean {
  const startsWithGap = text.startsWith('::', start)
  let gap = startsWithGap ? 0 : -1
  let position = startsWithGap ? start + 2 : start
  let at = 0
  while (position < end) {
    const groupStart = position
    let value = 0
    for (let digit = 0; position < end; position++) {
      digit = hexDigit(text.charCodeAt(position))
      if (digit < 0) break
      value = value * 16 + digit
    }
    if (position < end && text.charCodeAt(position) === dot) {
      if (!readIPv4(text, groupStart, end, bytes, at)) return false
      at += 4
      break
    }
    if (position === groupStart || position > groupStart + 4) return false
    bytes[at++] = value >> 8
    bytes[at++] = value
    if (position === end) break
    // Behind a group comes a colon, and behind the colon another group or a second colon.
    if (text.charCodeAt(position++) !== colon || position === end) return false
    if (text.charCodeAt(position) !== colon) continue
    if (gap >= 0) return false
    gap = at
    position++
  }
  if (gap < 0) return at === 16
  // '::' stands for at least one group (RFC 4291, section 2.2).
  if (at > 14) return false
  for (let to = 16; at > gap; ) {
    bytes[--to] = bytes[--at] as number
    bytes[at] = 0
  }
  return true
}

/** The port that is all of `text` from `start` on; 0, which is no port, when it is none. */
function parsePort(text: string, start: number): number {
  let port = 0
  for (let position = start; position < text.length; position++) {
    const digit = hexDigit(text.charCodeAt(position))
    if (digit < 0 || digit > 9 || (digit === 0 && port === 0)) return 0
    port = port * 10 + digit
  }
  return port > 0xffff ? 0 : port
}

/** The value of a hexadecimal digit by its character code, -1 for any other character. */
function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const letter = (code | 0x20) - 0x61
  return letter >= 0 && letter < 6 ? letter + 10 : -1
}

function setPort(bytes: Uint8Array, port: number): void {
  bytes[bytes.length - 2] = port >> 8
  bytes[bytes.length - 1] = port
}

function textOf(ascii: Uint8Array, end: number): string {
  return String.fromCharCode.apply(undefined, ascii.subarray(0, end) as unknown as number[])
}

function writeIPv4(bytes: Uint8Array, offset: number, into: Uint8Array, at: number): number {
  let end = writeByte(bytes[offset]!, into, at)
  into[end] = dot
  end = writeByte(bytes[offset + 1]!, into, end + 1)
  into[end] = dot
  end = writeByte(bytes[offset + 2]!, into, end + 1)
  into[end] = dot
  return writeByte(bytes[offset + 3]!, into, end + 1)
}

function writeIPv6(bytes: Uint8Array, offset: number, into: Uint8Array, at: number): number {
  const isIPv4 = isMapped(bytes, offset)
  const groupCount = isIPv4 ? 6 : 8
  // The longest run of zero groups, of two or more, and the first of equals (RFC 5952, section 4.2).
  let runStart = groupCount
  let runLength = 1
  for (let index = 0, length = 0; index < groupCount; index++) {
    length = group(bytes, offset + 2 * index) === 0 ? length + 1 : 0
    if (length <= runLength) continue
    runStart = index - length + 1
    runLength = length
  }
  let end = at
  for (let index = 0; index < groupCount; index++) {
    if (index === runStart) {
      into[end++] = colon
      into[end++] = colon
      index += runLength - 1
      continue
    }
    if (index > 0 && index !== runStart + runLength) into[end++] = colon
    end = writeGroup(group(bytes, offset + 2 * index), into, end)
  }
  if (!isIPv4) return end
  into[end++] = colon
  return writeIPv4(bytes, offset + 12, into, end)
}

/**
 * A byte without leading zeros. All three digits are written and what is too much is written over, without a
 * branch: a processor cannot guess how many digits come next, and that took half of the time of an address.
 */
function writeByte(byte: number, into: Uint8Array, at: number): number {
  const decimal = decimals[byte]!
  into[at] = decimal
  into[at + 1] = decimal >> 8
  into[at + 2] = decimal >> 16
  return at + (decimal >> 24)
}

/** A port without leading zeros. */
function writePort(port: number, into: Uint8Array, at: number): number {
  if (port < 256) return writeByte(port, into, at)
  const end = port < 1000 ? at : writeByte(Math.floor(port / 1000), into, at)
  into[end] = digits[Math.floor(port / 100) % 10]!
  into[end + 1] = digits[Math.floor(port / 10) % 10]!
  into[end + 2] = digits[port % 10]!
  return end + 3
}

/** A group of an IPv6 address: hexadecimal without leading zeros. */
function writeGroup(value: number, into: Uint8Array, at: number): number {
  let end = at
  if (value >= 0x1000) into[end++] = digits[value >> 12]!
  if (value >= 0x100) into[end++] = digits[(value >> 8) & 0xf]!
  if (value >= 0x10) into[end++] = digits[(value >> 4) & 0xf]!
  into[end++] = digits[value & 0xf]!
  return end
}

/** Whether the 16 bytes at `offset` are in ::ffff:0:0/96. */
function isMapped(bytes: Uint8Array, offset: number): boolean {
  return isZero(bytes, offset, offset + 10) && group(bytes, offset + 10) === 0xffff
}
