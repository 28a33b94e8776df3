/**
 * Inputs for the decoder: what was interesting before, changed a little; or bencode made up from nothing.
 *
 * A change keeps most of its input, so it gets past what the input got past. The made-up ones know the shape of a message and of
 * a handshake and get single things wrong: lengths, types, order, ends. All of it happens in one buffer, in place, because
 * whoever makes two hundred thousand inputs a second has no time to collect garbage.
 */

import type { Dice } from './chance.ts'

const listNames = ['added', 'added.f', 'added6', 'added6.f', 'dropped', 'dropped6']
const handshakeNames = ['m', 'p', 'e', 'upload_only', 'v', 'yourip']
const otherNames = ['ut_pex', 'ut_holepunch', '__proto__', '', 'x', 'added7', 'adde']
const texts = [
  ...[
    '0:',
    'i0e',
    'i1e',
    'i-1e',
    'i-0e',
    'i00e',
    'i255e',
    'i256e',
    'i65535e',
    'i65536e',
    'ie',
    'i-e',
    'le',
    'de',
    'd',
    'l',
    'e',
    '1:',
    ':',
    '-',
  ],
  ...[
    '99999999999:',
    '-1:',
    '01:a',
    '00:',
    'i9007199254740993e',
    'll',
    'd1:',
    '18446744073709551617:',
    '4:\x01\x02\x03\x04',
    '6:\x7f\0\0\x01\x1a\xe1',
  ],
]
const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))
const keyOf = (name: string): Uint8Array => bytesOf(`${name.length}:${name}`)
const listKeys = listNames.map(keyOf)
const handshakeKeys = handshakeNames.map(keyOf)
const nameKey = handshakeKeys[4]
const allKeys = [...listKeys, ...handshakeKeys, ...otherNames.map(keyOf)]
const values = texts.map(bytesOf)
const tokens = [...values, ...allKeys]
const ids = [bytesOf('6:ut_pex'), bytesOf('12:ut_holepunch')]
const names = ['\u00b5Torrent 3.5', 'Transmission 4.1', '-XX0001-', '\xe2\x82\xac\xc3', 'a\0b\x1b[2J', '\xff\xfe'].map(bytesOf)
const [d, e, i, l] = [0x64, 0x65, 0x69, 0x6c]

const longest = 1_024
/** Room for one more change of an input that is as long as may be. */
const capacity = 4 * longest
/** Bytes before the input, so that what forgets where a view begins is found. */
const margin = 32

export class Mutator {
  readonly #dice: Dice
  readonly #memory = new ArrayBuffer(margin + capacity)
  readonly #bytes: Uint8Array
  #length = 0

  constructor(dice: Dice) {
    this.#dice = dice
    this.#bytes = new Uint8Array(this.#memory, margin)
  }

  /** The next input, valid until the one after it is made. */
  next(corpus: readonly Uint8Array[]): Uint8Array {
    this.#length = 0
    const choice = this.#dice.below(8)
    if (choice === 0) this.#makeUp(listKeys)
    else if (choice === 1) this.#makeUp(handshakeKeys)
    else {
      this.#append(this.#dice.pick(corpus))
      for (let changes = 1 + this.#dice.below(4); changes > 0; changes--) this.#change(corpus)
    }
    return new Uint8Array(this.#memory, margin, Math.min(this.#length, longest))
  }

  /** A dictionary that goes on for so many bytes with the same few tokens. */
  pattern(byteLength: number): Uint8Array {
    const bytes = new Uint8Array(byteLength)
    bytes[0] = d
    this.#length = 0
    for (let count = 1 + this.#dice.below(4); count > 0; count--) this.#append(this.#dice.pick(count === 1 ? values : tokens))
    for (let at = 1; at < byteLength; at++) bytes[at] = this.#bytes[(at - 1) % this.#length] as number
    return bytes
  }

  #append(bytes: Uint8Array): void {
    const length = Math.min(bytes.length, longest, capacity - this.#length)
    if (length === bytes.length && length > 24) this.#bytes.set(bytes, this.#length)
    else for (let index = 0; index < length; index++) this.#bytes[this.#length + index] = bytes[index] as number
    this.#length += length
  }

  #byte(byte: number): void {
    if (this.#length < capacity) this.#bytes[this.#length++] = byte
  }

  /** One change somewhere. */
  #change(corpus: readonly Uint8Array[]): void {
    const dice = this.#dice
    const at = dice.below(this.#length + 1)
    switch (dice.below(9)) {
      case 0:
        this.#bytes[at] = dice.below(256)
        return
      case 1:
        this.#bytes[at] = (this.#bytes[at] as number) ^ (1 << dice.below(8))
        return
      case 2:
        return this.#replace(at, dice.below(8), undefined)
      case 3:
        return this.#replace(at, 0, dice.pick(tokens))
      case 4:
        return this.#replace(at, dice.below(4), dice.pick(tokens))
      case 5:
        this.#length = at
        return
      case 6:
        return this.#repeat(at)
      case 7:
        return this.#changeDigit(at)
      default: {
        this.#length = at
        const other = dice.pick(corpus)
        const from = dice.below(other.length + 1)
        const length = Math.min(other.length - from, longest)
        for (let index = 0; index < length; index++) this.#byte(other[from + index] as number)
      }
    }
  }

  /** Puts other bytes in the place of `count`. */
  #replace(at: number, count: number, by: Uint8Array | undefined): void {
    const end = Math.min(at + count, this.#length)
    const length = by?.length ?? 0
    const tail = Math.min(this.#length - end, capacity - at - length)
    this.#bytes.copyWithin(at + length, end, end + tail)
    for (let index = 0; index < length; index++) this.#bytes[at + index] = by?.[index] as number
    this.#length = at + length + tail
  }

  /** What stands before a place stands there twice. */
  #repeat(at: number): void {
    const count = Math.min(at, this.#dice.below(64), capacity - this.#length)
    this.#bytes.copyWithin(at + count, at, this.#length)
    this.#bytes.copyWithin(at, at - count, at)
    this.#length += count
  }

  /** The next digit, if there is one near, becomes another: lengths and integers change. */
  #changeDigit(at: number): void {
    for (let index = at; index < this.#length && index < at + 32; index++) {
      const byte = this.#bytes[index] as number
      if (byte < 0x30 || byte > 0x39) continue
      this.#bytes[index] = 0x30 + this.#dice.below(10)
      return
    }
  }

  /** A dictionary with some of these keys: nearly right, with single things wrong. */
  #makeUp(keys: readonly Uint8Array[]): void {
    const dice = this.#dice
    this.#byte(d)
    const isReversed = dice.once(8)
    for (let index = 0; index < keys.length; index++) {
      if (dice.once(2)) continue
      const place = isReversed ? keys.length - 1 - index : index
      // A name costs more than all the rest.
      if (keys[place] === nameKey && !dice.once(8)) continue
      this.#append(dice.once(16) ? dice.pick(allKeys) : (keys[place] as Uint8Array))
      const kind = dice.below(12)
      if (kind === 0) this.#append(dice.pick(values))
      else if (kind === 1) this.#nest()
      else if (keys === listKeys) this.#list(place)
      else this.#fact(place)
    }
    this.#byte(e)
    if (dice.once(16)) this.#append(dice.pick(tokens))
  }

  #list(place: number): void {
    const dice = this.#dice
    const unit = [6, 1, 18, 1, 6, 18][place] as number
    this.#string(dice.below(6) * unit + (dice.once(12) ? dice.below(unit) : 0))
  }

  /** The value of a key of a handshake. */
  #fact(place: number): void {
    const dice = this.#dice
    if (place === 0) {
      this.#byte(d)
      for (const id of ids) {
        if (dice.once(3)) continue
        this.#append(id)
        this.#integer(dice.below(300))
      }
      this.#byte(e)
    } else if (place < 4) this.#integer(place === 1 ? dice.below(70_000) : dice.below(3))
    else if (place === 5) this.#string(dice.once(2) ? 4 : dice.once(2) ? 16 : dice.below(20))
    else if (dice.once(4)) this.#string(dice.below(80))
    else {
      const name = dice.pick(names)
      this.#append(keyOfLength(name.length))
      this.#append(name)
    }
  }

  #integer(value: number): void {
    this.#byte(i)
    this.#decimal(value)
    this.#byte(e)
  }

  #string(length: number): void {
    this.#decimal(length)
    this.#byte(0x3a)
    for (let index = 0; index < length; index++) this.#byte(this.#dice.below(256))
  }

  #decimal(value: number): void {
    if (value >= 10) this.#decimal(Math.floor(value / 10))
    this.#byte(0x30 + (value % 10))
  }

  #nest(): void {
    const dice = this.#dice
    for (let depth = dice.below(20); depth > 0; depth--) this.#byte(dice.once(3) ? d : l)
    this.#append(dice.pick(values))
    for (let depth = dice.below(24); depth > 0; depth--) this.#byte(e)
  }
}

const lengthKeys = Array.from({ length: 100 }, (_, length) => bytesOf(`${length}:`))
const keyOfLength = (length: number): Uint8Array => lengthKeys[length] as Uint8Array
