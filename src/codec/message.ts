/**
 * ut_pex messages (BEP 11): a dictionary of six strings.
 *
 *     added     compact IPv4 contacts, 6 bytes each     added6     compact IPv6 contacts, 18 bytes each
 *     added.f   a byte of flags for each                added6.f   a byte of flags for each
 *     dropped   compact IPv4 contacts                   dropped6   compact IPv6 contacts
 *
 * Reading is lenient and counts: a fault in one key never voids another, and what was complete before
 * the input became malformed is kept. Measured: libtorrent sends empty lists, rTorrent no flags, and
 * neither is a fault. Writing is strict: what we send is canonical.
 */

import * as bencode from './bencode.ts'

/**
 * The lists of a message. Contacts are whole multiples of 6 (`added`, `dropped`) or 18 bytes
 * (`added6`, `dropped6`); flags are exactly one byte per contact, in the same order.
 */
export interface PexMessage {
  readonly added: Uint8Array
  readonly addedFlags: Uint8Array
  readonly dropped: Uint8Array
  readonly added6: Uint8Array
  readonly added6Flags: Uint8Array
  readonly dropped6: Uint8Array
}

/**
 * What the sender of a message did wrong.
 *
 * - `malformed`: not a dictionary, or its bencode breaks off; what came before counts.
 * - `wrong-type`: the value of one of the six keys is not a string; it is ignored.
 * - `partial-contact`: a list ends within a contact; the whole ones count.
 * - `flags-mismatch`: flags that are there, but not one byte per contact; all count as 0.
 * - `duplicate-key`: one of the six keys again; the first counts.
 * - `unsorted-keys`: BEP 3 wants keys sorted; all count.
 * - `trailing-bytes`: something follows the dictionary; it is ignored.
 */
export type MessageFault =
  | 'malformed'
  | 'wrong-type'
  | 'partial-contact'
  | 'flags-mismatch'
  | 'duplicate-key'
  | 'unsorted-keys'
  | 'trailing-bytes'

/** A message as it was received. */
export interface DecodedMessage extends PexMessage {
  /** Each kind at most once, in the order of `MessageFault`. */
  readonly faults: readonly MessageFault[]
}

/** The six strings, in the order of their keys. */
export const slot = { added: 0, addedFlags: 1, added6: 2, added6Flags: 3, dropped: 4, dropped6: 5 } as const
export type Slot = (typeof slot)[keyof typeof slot]

/** Where the strings of a message lie: that of slot `s` from byte `layout[2 * s]` to `layout[2 * s + 1]`, exclusive. */
export type MessageLayout = Int32Array

const fields = Object.keys(slot) as readonly (keyof typeof slot)[]
const keys = ['added', 'added.f', 'added6', 'added6.f', 'dropped', 'dropped6']
/** The bytes of each key, and zeros up to eight. */
const keyBytes = Uint8Array.from(keys.map((key) => key.padEnd(8, '\0')).join(''), (character) => character.charCodeAt(0))
/** The keys in bencode. */
const heads = keys.map((key) => `${key.length}:${key}`)
/** Bytes of one element. */
const widths = [6, 1, 18, 1, 6, 18]

/** A fault is a bit while reading; these are their names, from the lowest bit on. */
const faultNames: readonly MessageFault[] = [
  'malformed',
  'wrong-type',
  'partial-contact',
  'flags-mismatch',
  'duplicate-key',
  'unsorted-keys',
  'trailing-bytes',
]
const malformed = 1
const wrongType = 2
const partialContact = 4
const flagsMismatch = 8
const duplicateKey = 16
const unsortedKeys = 32
const trailingBytes = 64

const nothing = new Uint8Array(0)
const noFaults: readonly MessageFault[] = Object.freeze([])
/** Reading is synchronous and calls nobody, so one layout serves every call of `decodeMessage`. */
const scratch = createLayout()

/**
 * Reads a message. Never throws, whatever the bytes.
 *
 * Lists and flags are views into `bytes`, valid while those are. An absent list is one shared empty array; flags that are absent or do not fit are zeros.
 */
export function decodeMessage(bytes: Uint8Array): DecodedMessage {
  const faults = locateMessage(bytes, scratch)
  const { buffer, byteOffset } = bytes
  const viewOf = (place: Slot): Uint8Array => {
    const start = scratch[2 * place]!
    const byteLength = scratch[2 * place + 1]! - start
    // `subarray` would make a Buffer of a Buffer, and slowly.
    return byteLength === 0 ? nothing : new Uint8Array(buffer, byteOffset + start, byteLength)
  }
  const flagsOf = (list: Uint8Array, place: Slot): Uint8Array => {
    const flags = viewOf(place)
    return flags.length > 0 || list.length === 0 ? flags : new Uint8Array(list.length / widths[place - 1]!)
  }
  const added = viewOf(slot.added)
  const added6 = viewOf(slot.added6)
  return {
    added,
    addedFlags: flagsOf(added, slot.addedFlags),
    dropped: viewOf(slot.dropped),
    added6,
    added6Flags: flagsOf(added6, slot.added6Flags),
    dropped6: viewOf(slot.dropped6),
    faults: faultsOf(faults),
  }
}

/** A layout for `locateMessage`, which may fill it again and again. */
export function createLayout(): MessageLayout {
  return new Int32Array(12)
}

/**
 * Reads a message without making anything: writes into `layout` where its strings lie, and returns its faults as bits for `faultsOf`.
 *
 * Lists are cut to whole contacts; flags are one byte per contact, or none, which means 0 for all. Absent is empty.
 */
export function locateMessage(bytes: Uint8Array, layout: MessageLayout): number {
  const faults = locatePlain(bytes, layout)
  return faults < 0 ? locateAny(bytes, layout) : faults
}

/**
 * The same for what honest clients send, sorted strings under keys that we know and nothing else: in a third of the time.
 * -1 for any other message, after six keys at the most.
 */
function locatePlain(bytes: Uint8Array, layout: MessageLayout): number {
  for (let index = 0; index < 12; index++) layout[index] = 0
  const { length } = bytes
  if (length === 0 || bytes[0] !== bencode.dictionary) return -1
  let faults = 0
  let seen = 0
  let last = -1
  let position = 1
  while (position + 9 < length) {
    const keyLength = bytes[position]! - 0x30
    const place = bytes[position + 1] === bencode.string ? placeOf(bytes, position + 2, keyLength) : -1
    if (place <= last) return -1
    position += 2 + keyLength
    const digits = position
    let byteLength = 0
    for (; position < length && byteLength < length && bencode.isDigit(bytes[position]!); position++) {
      byteLength = byteLength * 10 + bytes[position]! - 0x30
    }
    const isNumber = position > digits && (bytes[digits] !== 0x30 || position === digits + 1)
    if (!isNumber || position + byteLength >= length || bytes[position] !== bencode.string) return -1
    const partial = byteLength % widths[place]!
    if (partial !== 0) faults |= partialContact
    layout[2 * place] = position + 1
    position += 1 + byteLength
    layout[2 * place + 1] = position - partial
    seen |= 1 << place
    last = place
  }
  return position + 1 === length && bytes[position] === bencode.close ? faults | flagFaults(layout, seen) : -1
}

/** The place of a key of that length, with eight bytes before the end of the input; -1 for any other than the six. */
function placeOf(bytes: Uint8Array, start: number, length: number): number {
  const isDropped = bytes[start] === 0x64
  if (length < (isDropped ? 7 : 5) || length > 8) return -1
  const place = isDropped ? length - 3 : length === 6 ? slot.added6 : length === 7 ? slot.addedFlags : length - 5
  for (let index = 0; index < length; index++) if (bytes[start + index] !== keyBytes[8 * place + index]) return -1
  return place
}

function locateAny(bytes: Uint8Array, layout: MessageLayout): number {
  layout.fill(0)
  const reader = new bencode.Reader(bytes)
  if (reader.next() !== bencode.dictionary) return malformed
  let faults = 0
  let seen = 0
  let previousStart = 0
  let previousEnd = 0
  while (reader.nextKey()) {
    const { start, end } = reader
    const place = reader.indexIn(keys)
    const isAgain = place >= 0 && ((seen >> place) & 1) === 1
    if (isAgain) faults |= duplicateKey
    if (compare(bytes, previousStart, previousEnd, start, end) > 0) faults |= unsortedKeys
    previousStart = start
    previousEnd = end

    const token = reader.skip(reader.next())
    if (place < 0 || isAgain || token === bencode.malformed) continue
    seen |= 1 << place
    if (token === bencode.string) {
      const partial = (reader.end - reader.start) % widths[place]!
      if (partial > 0) faults |= partialContact
      layout[2 * place] = reader.start
      layout[2 * place + 1] = reader.end - partial
    } else {
      faults |= wrongType
    }
  }
  if (reader.remaining !== 0) faults |= reader.remaining < 0 ? malformed : trailingBytes
  return faults | flagFaults(layout, seen)
}

/** The names of the faults that `locateMessage` returned as bits. */
export function faultsOf(bits: number): readonly MessageFault[] {
  return bits === 0 ? noFaults : faultNames.filter((_, index) => (bits >> index) & 1)
}

/**
 * Writes a message in canonical bencode: keys sorted, empty lists and their flags left out, one byte of flags for every
 * contact added (0 where none are given: libtorrent ignores a list without). Nothing at all becomes `de`.
 *
 * @throws TypeError if a list is not a Uint8Array.
 * @throws RangeError if a list is no whole number of contacts, or its flags are not one byte per contact.
 */
export function encodeMessage(message: Partial<PexMessage>): Uint8Array {
  const strings: Uint8Array[] = []
  let byteLength = 2
  for (let place = 0; place < keys.length; place++) {
    const string = stringOf(message, place)
    strings.push(string)
    if (string.length > 0) byteLength += heads[place]!.length + `${string.length}:`.length + string.length
  }
  const bytes = new Uint8Array(byteLength)
  let position = write(bytes, 0, 'd')
  for (let place = 0; place < keys.length; place++) {
    const string = strings[place]!
    if (string.length === 0) continue
    position = write(bytes, write(bytes, position, heads[place]!), `${string.length}:`)
    bytes.set(string, position)
    position += string.length
  }
  write(bytes, position, 'e')
  return bytes
}

/** What of a message is to be written in that place, once it was found to be right. */
function stringOf(message: Partial<PexMessage>, place: number): Uint8Array {
  const field = fields[place]!
  const width = widths[place]!
  const isList = width > 1
  // Flags follow their list, which was found to be right.
  const count = isList ? 0 : (message[fields[place - 1]!]?.length ?? 0) / widths[place - 1]!
  const string = message[field] ?? (count > 0 ? new Uint8Array(count) : nothing)
  if (string.BYTES_PER_ELEMENT !== 1) throw new TypeError(`message.${field}: not a Uint8Array`)
  if (isList ? string.length % width !== 0 : string.length !== count) throw new RangeError(`message.${field}: ${string.length} bytes`)
  return string
}

/** Writes ASCII; returns the position after it. */
function write(bytes: Uint8Array, position: number, text: string): number {
  for (let index = 0; index < text.length; index++) bytes[position + index] = text.charCodeAt(index)
  return position + text.length
}

/** Below 0 if the first of two strings sorts before the second, above 0 if after, 0 if they are equal. */
function compare(bytes: Uint8Array, start: number, end: number, otherStart: number, otherEnd: number): number {
  for (let index = 0; ; index++) {
    // -1 is the end of a string, which sorts before every byte.
    const byte = start + index < end ? bytes[start + index]! : -1
    const otherByte = otherStart + index < otherEnd ? bytes[otherStart + index]! : -1
    if (byte !== otherByte || byte < 0) return byte - otherByte
  }
}

/** Empties flags that do not fit the list before them, and returns the fault that this is. */
function flagFaults(layout: MessageLayout, seen: number): number {
  return flagFault(layout, seen, slot.addedFlags) | flagFault(layout, seen, slot.added6Flags)
}

function flagFault(layout: MessageLayout, seen: number, flags: Slot): number {
  const at = 2 * flags
  const count = (layout[at - 1]! - layout[at - 2]!) / widths[flags - 1]!
  if (layout[at + 1]! - layout[at]! === count) return 0
  layout[at + 1] = layout[at]!
  // Those that are absent fit.
  return (seen >> flags) & 1 ? flagsMismatch : 0
}
