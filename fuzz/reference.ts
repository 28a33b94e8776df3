/**
 * What a message and a handshake say, by the rules as they are written down: the second opinion for the fuzzer. It shares no code
 * and no idea with `src/codec`: first a table is made of what stands in the dictionary, then the table is read.
 *
 * It is written to be seen through, and to be fast enough to judge every input: numbers in tables that are used again.
 */

import type { MessageFault } from '../src/codec/index.ts'

/** Where a key and its value stand in a dictionary: five numbers each. The type is the first byte of the value, `:` for a string. */
const keyStart = 0
const keyEnd = 1
const valueStart = 2
const valueEnd = 3
const valueType = 4
const entryWidth = 5

const [colon, minus, zero, nine] = [0x3a, 0x2d, 0x30, 0x39]
const [dictionary, end, integer, list] = [0x64, 0x65, 0x69, 0x6c]

export interface Table {
  entries: Int32Array
  count: number
  /** Of the last entry only the key could be read. */
  lacksValue: boolean
  /** Where the dictionary ends, exclusive; -1 where it breaks off. */
  end: number
}

export const newTable = (): Table => ({ entries: new Int32Array(5_000 * entryWidth), count: 0, lacksValue: false, end: -1 })

/** Where the content of the string at `at` begins, and ends: in `found`. */
const found = { start: 0, end: 0 }

/** The end of the string at `at`, -1 if there is no whole one. */
function endOfString(bytes: Uint8Array, at: number): number {
  let position = at
  while (position < bytes.length && isDigit(bytes[position] as number)) position++
  const digitCount = position - at
  if (digitCount === 0 || bytes[position] !== colon) return -1
  if (bytes[at] === zero && digitCount > 1) return -1
  // Ten digits are more than there is room for.
  if (digitCount > 9) return -1
  let length = 0
  for (let index = at; index < position; index++) length = 10 * length + (bytes[index] as number) - zero
  if (position + 1 + length > bytes.length) return -1
  found.start = position + 1
  found.end = position + 1 + length
  return found.end
}

/** The end of the integer at `at`, -1 if there is no whole one. */
function endOfInteger(bytes: Uint8Array, at: number): number {
  const isNegative = bytes[at + 1] === minus
  const first = isNegative ? at + 2 : at + 1
  let position = first
  while (position < bytes.length && isDigit(bytes[position] as number)) position++
  if (position === first || bytes[position] !== end) return -1
  if (bytes[first] === zero && (isNegative || position > first + 1)) return -1
  return position + 1
}

/** The end of the value at `at`, -1 if there is no whole one. In lists and dictionaries any values may follow each other. */
function endOfValue(bytes: Uint8Array, at: number): number {
  let position = at
  let open = 0
  do {
    const byte = bytes[position]
    if (byte === dictionary || byte === list) {
      open++
      position++
    } else if (byte === end && open > 0) {
      open--
      position++
    } else {
      position = byte === integer ? endOfInteger(bytes, position) : endOfString(bytes, position)
      if (position < 0) return -1
    }
  } while (open > 0)
  return position
}

const isDigit = (byte: number): boolean => byte >= zero && byte <= nine

/** Makes the table of the dictionary at `at`. False if there is none. */
function tabulate(bytes: Uint8Array, at: number, table: Table): boolean {
  table.count = 0
  table.lacksValue = false
  table.end = -1
  if (bytes[at] !== dictionary) return false
  let position = at + 1
  while (bytes[position] !== end) {
    const afterKey = endOfString(bytes, position)
    if (afterKey < 0) return true
    if ((table.count + 1) * entryWidth > table.entries.length) table.entries = grown(table.entries)
    const entry = table.count++ * entryWidth
    table.entries[entry + keyStart] = found.start
    table.entries[entry + keyEnd] = found.end
    const afterValue = endOfValue(bytes, afterKey)
    if (afterValue < 0) {
      table.lacksValue = true
      return true
    }
    const first = bytes[afterKey] as number
    const isString = isDigit(first)
    table.entries[entry + valueStart] = isString ? found.start : afterKey
    table.entries[entry + valueEnd] = afterValue
    table.entries[entry + valueType] = isString ? colon : first
    position = afterValue
  }
  table.end = position + 1
  return true
}

function grown(entries: Int32Array): Int32Array {
  const larger = new Int32Array(2 * entries.length)
  larger.set(entries)
  return larger
}

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))

/** Whether the key of an entry is this name. */
function isKey(bytes: Uint8Array, table: Table, entry: number, name: Uint8Array): boolean {
  const start = table.entries[entry * entryWidth + keyStart] as number
  if ((table.entries[entry * entryWidth + keyEnd] as number) - start !== name.length) return false
  for (let index = 0; index < name.length; index++) if (bytes[start + index] !== name[index]) return false
  return true
}

/** The first entry with this name, if its value is whole; -1 if there is none. */
function firstOf(bytes: Uint8Array, table: Table, name: Uint8Array): number {
  const whole = table.lacksValue ? table.count - 1 : table.count
  for (let entry = 0; entry < whole; entry++) if (isKey(bytes, table, entry, name)) return entry
  return -1
}

export const faultBits: Readonly<Record<MessageFault, number>> = {
  malformed: 1,
  'wrong-type': 2,
  'partial-contact': 4,
  'flags-mismatch': 8,
  'duplicate-key': 16,
  'unsorted-keys': 32,
  'trailing-bytes': 64,
}

/** What a message says: a start and an end for each of its six strings, in the order of `names`; −1 where there is none. */
export interface ReferenceMessage {
  readonly places: Int32Array
  faults: number
}

export const names = ['added', 'added.f', 'added6', 'added6.f', 'dropped', 'dropped6'] as const
const nameBytes = names.map(ascii)
const table = newTable()

export function readMessage(bytes: Uint8Array, message: ReferenceMessage): void {
  message.places.fill(0)
  message.faults = 0
  if (!tabulate(bytes, 0, table)) {
    message.faults = faultBits.malformed
    return
  }
  if (table.end < 0) message.faults |= faultBits.malformed
  else if (table.end < bytes.length) message.faults |= faultBits['trailing-bytes']
  for (let entry = 1; entry < table.count; entry++) if (isAfter(bytes, entry - 1, entry)) message.faults |= faultBits['unsorted-keys']
  for (let name = 0; name < 6; name++) if (isTwice(bytes, nameBytes[name] as Uint8Array)) message.faults |= faultBits['duplicate-key']
  readList(bytes, message, 0, 6)
  readFlags(bytes, message, 1, 6)
  readList(bytes, message, 2, 18)
  readFlags(bytes, message, 3, 18)
  readList(bytes, message, 4, 6)
  readList(bytes, message, 5, 18)
}

/** Whether a known key comes a second time. Its first value is whole then. */
function isTwice(bytes: Uint8Array, name: Uint8Array): boolean {
  const first = firstOf(bytes, table, name)
  if (first < 0) return false
  for (let entry = first + 1; entry < table.count; entry++) if (isKey(bytes, table, entry, name)) return true
  return false
}

/** Whether the key of an entry sorts after that of the next. */
function isAfter(bytes: Uint8Array, entry: number, next: number): boolean {
  const [start, nextStart] = [table.entries[entry * entryWidth] as number, table.entries[next * entryWidth] as number]
  const length = (table.entries[entry * entryWidth + keyEnd] as number) - start
  const nextLength = (table.entries[next * entryWidth + keyEnd] as number) - nextStart
  const shorter = Math.min(length, nextLength)
  for (let index = 0; index < shorter; index++) {
    const difference = (bytes[start + index] as number) - (bytes[nextStart + index] as number)
    if (difference !== 0) return difference > 0
  }
  return length > nextLength
}

/** Finds the string of this name, and whether there is a value of that name at all. */
function place(bytes: Uint8Array, message: ReferenceMessage, name: number): boolean {
  const entry = firstOf(bytes, table, nameBytes[name] as Uint8Array) * entryWidth
  if (entry < 0) return false
  if (table.entries[entry + valueType] === colon) {
    message.places[2 * name] = table.entries[entry + valueStart] as number
    message.places[2 * name + 1] = table.entries[entry + valueEnd] as number
  } else message.faults |= faultBits['wrong-type']
  return true
}

function readList(bytes: Uint8Array, message: ReferenceMessage, name: number, width: number): void {
  place(bytes, message, name)
  const over = lengthOf(message, name) % width
  if (over === 0) return
  message.faults |= faultBits['partial-contact']
  message.places[2 * name + 1] = (message.places[2 * name + 1] as number) - over
}

function readFlags(bytes: Uint8Array, message: ReferenceMessage, name: number, width: number): void {
  const isThere = place(bytes, message, name)
  if (lengthOf(message, name) === lengthOf(message, name - 1) / width) return
  if (isThere) message.faults |= faultBits['flags-mismatch']
  // Zeros, which stand nowhere.
  message.places[2 * name] = -1
  message.places[2 * name + 1] = -1
}

export function lengthOf({ places }: ReferenceMessage, name: number): number {
  return (places[2 * name + 1] as number) - (places[2 * name] as number)
}

/** What a handshake says; −1 stands for what it does not say, except `client`. */
export interface ReferenceHandshake {
  utPex: number
  utHolepunch: number
  port: number
  encryption: number
  uploadOnly: number
  yourIpStart: number
  yourIpLength: number
  client: string | undefined
}

const nameOf = { m: ascii('m'), p: ascii('p'), e: ascii('e'), uploadOnly: ascii('upload_only'), yourIp: ascii('yourip'), v: ascii('v') }
const idOf = { utPex: ascii('ut_pex'), utHolepunch: ascii('ut_holepunch') }
const inner = newTable()

/** False if there is none. */
export function readHandshake(bytes: Uint8Array, handshake: ReferenceHandshake): boolean {
  if (!tabulate(bytes, 0, table)) return false
  handshake.utPex = handshake.utHolepunch = -1
  tabulateIds(bytes)
  handshake.utPex = readId(bytes, idOf.utPex)
  handshake.utHolepunch = readId(bytes, idOf.utHolepunch)
  const port = readNumber(bytes, table, firstOf(bytes, table, nameOf.p))
  handshake.port = port >= 1 && port <= 65_535 ? port : -1
  handshake.encryption = isSet(bytes, nameOf.e)
  handshake.uploadOnly = isSet(bytes, nameOf.uploadOnly)
  readYourIp(bytes, handshake)
  handshake.client = readClient(bytes)
  return true
}

/**
 * Makes the table of `m`, the first one. Unlike any other value it is read as a dictionary, so a key in it that is no string
 * ends everything; where it breaks off, its whole ids count.
 */
function tabulateIds(bytes: Uint8Array): void {
  inner.count = 0
  inner.lacksValue = false
  for (let entry = 0; entry < table.count; entry++) {
    if (!isKey(bytes, table, entry, nameOf.m)) continue
    const at = table.entries[entry * entryWidth + keyEnd] as number
    if (!tabulate(bytes, at, inner)) return
    if (inner.end >= 0) return
    table.count = entry + 1
    table.lacksValue = true
    return
  }
}

function readId(bytes: Uint8Array, name: Uint8Array): number {
  const entry = firstOf(bytes, inner, name)
  if (entry < 0) return -1
  const id = readNumber(bytes, inner, entry)
  return id >= 1 && id <= 255 ? id : 0
}

/** The integer of an entry; NaN if there is none. */
function readNumber(bytes: Uint8Array, from: Table, entry: number): number {
  if (entry < 0 || from.entries[entry * entryWidth + valueType] !== integer) return Number.NaN
  const start = (from.entries[entry * entryWidth + valueStart] as number) + 1
  const last = (from.entries[entry * entryWidth + valueEnd] as number) - 1
  return Number(String.fromCharCode(...bytes.subarray(start, Math.min(last, start + 300))))
}

function isSet(bytes: Uint8Array, name: Uint8Array): number {
  const value = readNumber(bytes, table, firstOf(bytes, table, name))
  return Number.isNaN(value) ? -1 : Number(value !== 0)
}

function readYourIp(bytes: Uint8Array, handshake: ReferenceHandshake): void {
  const entry = firstOf(bytes, table, nameOf.yourIp) * entryWidth
  handshake.yourIpStart = entry < 0 ? -1 : (table.entries[entry + valueStart] as number)
  handshake.yourIpLength = entry < 0 ? -1 : (table.entries[entry + valueEnd] as number) - handshake.yourIpStart
  const isString = entry >= 0 && table.entries[entry + valueType] === colon
  if (!isString || (handshake.yourIpLength !== 4 && handshake.yourIpLength !== 16)) handshake.yourIpLength = -1
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The first 64 bytes of `v`: UTF-8 without a character that is cut off, or else latin-1; what can be printed of it. */
function readClient(bytes: Uint8Array): string | undefined {
  const entry = firstOf(bytes, table, nameOf.v) * entryWidth
  if (entry < 0 || table.entries[entry + valueType] !== colon) return undefined
  const start = table.entries[entry + valueStart] as number
  const whole = bytes.subarray(start, table.entries[entry + valueEnd] as number)
  let content = whole.subarray(0, 64)
  if (whole.length > 64) {
    let last = 63
    while (last >= 0 && ((content[last] as number) & 0xc0) === 0x80) last--
    if (last >= 0 && (content[last] as number) >= 0xc0) content = content.subarray(0, last)
  }
  if (content.every((byte) => byte >= 0x20 && byte < 0x7f)) return content.length > 0 ? String.fromCharCode(...content) : undefined
  let text: string
  try {
    text = utf8.decode(content)
  } catch {
    text = String.fromCharCode(...content)
  }
  const printable = [...text].filter((character) => character === ' ' || !/[\p{C}\p{Z}]/u.test(character))
  return printable.length > 0 ? printable.join('') : undefined
}
