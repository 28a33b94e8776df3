/**
 * A ut_pex payload read to the letter: what is wrong with its form (N2, N5, N6), and what it says all the same.
 *
 *     message  =  d ( key string )* e        and nothing behind it
 *     key      =  one of the six, each after the one before it in the order of their bytes
 *     string   =  length : bytes             the length in decimal without leading zeros
 *
 * Shares nothing with the codec, which is lenient where this is not: the judge must not read with the eyes of the judged.
 * Never throws; linear in the bytes, without recursion.
 */

import { type Key, keyAt } from './endpoint.ts'

export interface FormFault {
  readonly clause: 'N2' | 'N5' | 'N6'
  readonly message: string
  readonly expected: string
  readonly seen: string
}

/** A contact in a list. */
export interface Listed {
  readonly key: Key
  /** Its byte of flags; `absent` if the list has none, `misfit` if they are not one byte for each contact. */
  readonly flags: number | 'absent' | 'misfit'
}

export interface StrictMessage {
  readonly faults: readonly FormFault[]
  /** Both families, IPv4 first, each in the order of its list. */
  readonly added: readonly Listed[]
  readonly dropped: readonly Listed[]
}

const lists = [
  { name: 'added', byteLength: 6 },
  { name: 'added6', byteLength: 18 },
  { name: 'dropped', byteLength: 6 },
  { name: 'dropped6', byteLength: 18 },
] as const
const keys: readonly string[] = [...lists.map(({ name }) => name), 'added.f', 'added6.f']

/** Reads a payload. */
export function readStrictly(bytes: Uint8Array): StrictMessage {
  const reader = new StrictReader(bytes)
  reader.readAll()
  const { faults, strings } = reader
  judgeLists(reader, faults)
  judgeFlags(strings, faults)
  return {
    faults,
    added: [...contactsOf(strings, 'added', 6), ...contactsOf(strings, 'added6', 18)],
    dropped: [...contactsOf(strings, 'dropped', 6), ...contactsOf(strings, 'dropped6', 18)],
  }
}

function judgeLists({ isWhole, names, strings }: StrictReader, faults: FormFault[]): void {
  const present = lists.filter(({ name }) => strings.has(name))
  // Of what breaks off nobody knows what it would have had.
  if (isWhole && !lists.some(({ name }) => names.has(name))) {
    const seen = names.size === 0 ? 'an empty dictionary' : `only ${[...names].slice(0, 3).join(', ')}`
    faults.push({ clause: 'N6', message: 'The message has no list.', expected: 'one of the four at least', seen })
  }
  for (const { name, byteLength } of present) {
    const { length } = strings.get(name)!
    if (length === 0) faults.push({ clause: 'N6', message: `${name} is empty.`, expected: 'one contact or more', seen: '0 bytes' })
    if (length % byteLength !== 0) {
      const expected = `a multiple of ${byteLength} bytes`
      faults.push({ clause: 'N2', message: `${name} ends within a contact.`, expected, seen: `${length} bytes` })
    }
  }
}

function judgeFlags(strings: ReadonlyMap<string, Uint8Array>, faults: FormFault[]): void {
  for (const { name, byteLength } of lists.slice(0, 2)) {
    const flags = strings.get(`${name}.f`)
    if (flags === undefined) continue
    const count = Math.floor((strings.get(name)?.length ?? 0) / byteLength)
    if (flags.length === count) continue
    faults.push({ clause: 'N5', message: `${name}.f does not fit ${name}.`, expected: `${count} bytes`, seen: `${flags.length} bytes` })
  }
}

/** The whole contacts of a list. */
function contactsOf(strings: ReadonlyMap<string, Uint8Array>, name: string, byteLength: number): Listed[] {
  const list = strings.get(name)
  if (list === undefined) return []
  const count = Math.floor(list.length / byteLength)
  const flags = strings.get(`${name}.f`)
  const fit = flags === undefined ? 'absent' : flags.length === count ? 'fit' : 'misfit'
  return Array.from({ length: count }, (_, index) => ({
    key: keyAt(list, index * byteLength, byteLength),
    flags: fit === 'fit' ? flags![index]! : fit,
  }))
}

const [colon, zero, nine] = [0x3a, 0x30, 0x39]
const [dictionary, list, integer, close] = [0x64, 0x6c, 0x69, 0x65]

class StrictReader {
  readonly faults: FormFault[] = []
  /** The values of the six keys that are strings, the first of each. */
  readonly strings = new Map<string, Uint8Array>()
  /** All keys that are there. */
  readonly names = new Set<string>()
  /** Whether the dictionary was read to its end. */
  isWhole = false
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  readAll(): void {
    if (this.#bytes[0] !== dictionary) {
      this.#fault('The payload is no dictionary.', 'a dictionary', this.#bytes.length === 0 ? 'nothing' : 'something else')
      return
    }
    this.#at = 1
    let previous: string | undefined
    while (this.#bytes[this.#at] !== close) {
      const name = this.#readString()
      if (name === undefined) return this.#breakOff()
      const key = keyAt(name, 0, Math.min(name.length, 64))
      this.#judgeKey(key, previous)
      this.names.add(key)
      previous = key
      if (!this.#readValue(key)) return this.#breakOff()
    }
    this.isWhole = true
    const rest = this.#bytes.length - this.#at - 1
    if (rest > 0) this.#fault('Something follows the dictionary.', 'its end', `${rest} more bytes`)
  }

  #judgeKey(key: string, previous: string | undefined): void {
    if (!keys.includes(key)) this.#fault('A key is none of the six.', keys.join(', '), JSON.stringify(key))
    if (previous === undefined || previous < key) return
    if (previous === key) this.#fault('A key is there twice.', 'each key once', key)
    else this.#fault('The keys are not sorted.', `${key} before ${previous}`, `${key} after it`)
  }

  /** False if the value breaks off. */
  #readValue(key: string): boolean {
    const start = this.#at
    if (isDigit(this.#bytes[start])) {
      const value = this.#readString()
      if (value === undefined) return false
      if (keys.includes(key) && !this.strings.has(key)) this.strings.set(key, value)
      return true
    }
    if (keys.includes(key)) this.#fault(`${key} is no string.`, 'a string', String.fromCharCode(this.#bytes[start] ?? 0x3f))
    return this.#skip()
  }

  /** A string; undefined if there is none. */
  #readString(): Uint8Array | undefined {
    const start = this.#at
    let length = 0
    while (isDigit(this.#bytes[this.#at])) length = length * 10 + this.#bytes[this.#at++]! - zero
    const digits = this.#at - start
    if (digits === 0 || this.#bytes[this.#at] !== colon || length > this.#bytes.length - this.#at - 1) return undefined
    if (digits > 1 && this.#bytes[start] === zero) this.#fault('A length has leading zeros.', String(length), `${digits} digits`)
    const from = this.#at + 1
    this.#at = from + length
    return this.#bytes.subarray(from, this.#at)
  }

  /** Skips a value that is no string; false if it breaks off. */
  #skip(): boolean {
    let depth = 0
    do {
      const byte = this.#bytes[this.#at]
      if (isDigit(byte)) {
        if (this.#readString() === undefined) return false
        continue
      }
      this.#at++
      if (byte === integer) {
        while (isDigit(this.#bytes[this.#at]) || this.#bytes[this.#at] === 0x2d) this.#at++
        if (this.#bytes[this.#at++] !== close) return false
      } else if (byte === dictionary || byte === list) depth++
      else if (byte === close) depth--
      else return false
    } while (depth > 0)
    return depth === 0
  }

  #breakOff(): void {
    const seen = this.#at < this.#bytes.length ? `byte ${this.#at} cannot be read` : 'the end of the payload'
    this.#fault('The dictionary breaks off.', 'bencode', seen)
  }

  #fault(message: string, expected: string, seen: string): void {
    // A hostile payload may have thousands of faults of one kind; each kind is told once.
    if (!this.faults.some((fault) => fault.message === message)) this.faults.push({ clause: 'N2', message, expected, seen })
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= zero && byte <= nine
}
