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

/** The six strings of a message, in the order of their keys: their places in a `MessageLayout`. */
export const slot = { added: 0, addedFlags: 1, added6: 2, added6Flags: 3, dropped: 4, dropped6: 5 } as const
export type Slot = (typeof slot)[keyof typeof slot]

/** Where the strings of a message lie: that of slot `s` from byte `layout[2 * s]` to `layout[2 * s + 1]`, exclusive. */
export type MessageLayout = Int32Array

const fields = Object.keys(slot) as readonly (keyof typeof slot)[]
const keys = ['added', 'added.f', 'added6', 'added6.f', 'dropped', 'dropped6']
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
 * Reads a message in place, for whoever reads very many: makes nothing, writes into `layout` where its strings lie, and returns its
 * faults as bits for `faultsOf`. Never throws, whatever the bytes.
 *
 * Lists are cut to whole contacts; flags are one byte per contact, or none, which means 0 for all. Absent is empty.
 */
export function locateMessage(bytes: Uint8Array, layout: MessageLayout): number {
  for (let index = 0; index < 12; index++) layout[index] = 0
  const reader = new bencode.Reader(bytes)
  if (reader.next() !== bencode.dictionary) return malformed
  let faults = 0
  let seen = 0
  let last = -1
  let previousStart = 0
  let previousEnd = 0
  while (reader.nextKey()) {
    const { start, end } = reader
    const place = reader.indexIn(keys)
    // None of the six is -1: a bit that is never set.
    const isAgain = ((seen >> place) & 1) === 1
    if (isAgain) faults |= duplicateKey
    if ((last < 0 || place <= last) && isAfter(bytes, previousStart, previousEnd, start, end)) faults |= unsortedKeys
    previousStart = start
    previousEnd = end
    last = place

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
  return faults | flagFault(layout, seen, slot.addedFlags) | flagFault(layout, seen, slot.added6Flags)
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
  const strings = keys.map((_, place) => stringOf(message, place))
  const heads = strings.map(({ length }, place) => (length > 0 ? `${keys[place]!.length}:${keys[place]}${length}:` : ''))
  const bytes = new Uint8Array(strings.reduce((sum, { length }, place) => sum + heads[place]!.length + length, 2))
  bytes[0] = bencode.dictionary
  let position = 1
  strings.forEach((string, place) => {
    position = write(bytes, position, heads[place]!)
    bytes.set(string, position)
    position += string.length
  })
  bytes[position] = bencode.close
  return bytes
}

/** What of a message is to be written in that place, once it was found to be right. */
function stringOf(message: Partial<PexMessage>, place: number): Uint8Array {
  const field = fields[place]!
  const width = widths[place]!
  const isList = width > 1
  // Flags follow their list, which was found to be right.
  const count = isList ? 0 : (message[fields[place - 1]!]?.length ?? 0) / widths[place - 1]!
  const string = message[field] ?? new Uint8Array(count)
  if (string.BYTES_PER_ELEMENT !== 1) throw new TypeError(`message.${field}: not a Uint8Array`)
  if (isList ? string.length % width !== 0 : string.length !== count) throw new RangeError(`message.${field}: ${string.length} bytes`)
  return string
}

/** Writes ASCII; returns the position after it. */
function write(bytes: Uint8Array, position: number, text: string): number {
  for (let index = 0; index < text.length; index++) bytes[position + index] = text.charCodeAt(index)
  return position + text.length
}

/** Whether the first of two strings sorts after the second. */
function isAfter(bytes: Uint8Array, start: number, end: number, otherStart: number, otherEnd: number): boolean {
  let [at, other] = [start, otherStart]
  for (; at < end && other < otherEnd; at++, other++) {
    if (bytes[at] !== bytes[other]) return bytes[at]! > bytes[other]!
  }
  return at < end
}

/** Empties flags that do not fit the list before them, and returns the fault that this is. */
function flagFault(layout: MessageLayout, seen: number, flags: Slot): number {
  const at = 2 * flags
  const count = (layout[at - 1]! - layout[at - 2]!) / widths[flags - 1]!
  if (layout[at + 1]! - layout[at]! === count) return 0
  layout[at + 1] = layout[at]!
  // Those that are absent fit.
  return (seen >> flags) & 1 ? flagsMismatch : 0
}
