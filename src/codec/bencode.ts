/**
 * A reader of bencode (BEP 3) for bytes that nobody vouches for.
 *
 * It hands out tokens, not values: the caller asks for the next one and learns its kind and where it
 * lies. No tree is built, no text is made, no key ever becomes a property.
 *
 *     d 5:added 6:xxxxxx e        dictionary, string, string, close
 *
 * One pass, no recursion: time is linear in the bytes read, memory is this one object, whatever lengths
 * and nesting are written in the input. Nesting needs no limit because it is only counted. The price:
 * within a value that is skipped nobody checks that keys and values take turns.
 *
 * Malformed is final: every later token is malformed, too. A length beyond the input, a leading zero,
 * `i-0e` and `ie` are malformed; so is the end of the input where a token must be.
 */

/** The kinds of token are the bytes that tell them, and 0 for what is none. */
export const malformed = 0
export const string = 0x3a // :
export const dictionary = 0x64 // d
export const close = 0x65 // e
export const integer = 0x69 // i
export const list = 0x6c // l
export type Token = typeof malformed | typeof string | typeof dictionary | typeof close | typeof integer | typeof list

export class Reader {
  readonly #bytes: Uint8Array
  #position = 0

  /** Where the content of the last string begins, and ends (exclusive). */
  start = 0
  end = 0
  /** The last integer; beyond 2^53 rounded, in the end to ±Infinity. */
  value = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** Bytes that have not been read; -1 if the input is malformed. */
  get remaining(): number {
    return this.#bytes.length - this.#position
  }

  /** Reads one token. After a list or a dictionary come its contents, then `close`. */
  next(): Token {
    const byte = this.#peek()
    if (isDigit(byte)) {
      const byteLength = this.#readDecimal()
      // What remains is the colon and, at least, the content.
      if (this.#peek() !== string || byteLength >= this.remaining) return this.#fail()
      this.start = this.#position + 1
      this.end = this.#position = this.start + byteLength
      return string
    }
    this.#position++
    if (byte === integer) return this.#readInteger()
    return byte === dictionary || byte === close || byte === list ? byte : this.#fail()
  }

  /** Reads the next key of the dictionary that is open; false at its end, or where the input is malformed. */
  nextKey(): boolean {
    const token = this.next()
    if (token !== string && token !== close) this.#fail()
    return token === string
  }

  /** Reads the rest of the value that began with `token`. Returns `token`, or `malformed` if there is no whole value. */
  skip(token: Token): Token {
    let depth = 0
    for (let inner = token; ; inner = this.next()) {
      if (inner === dictionary || inner === list) depth++
      else if (inner === close) depth--
      if (inner === malformed || depth < 0) return this.#fail()
      if (depth === 0) return token
    }
  }

  /** Which of `names` (ASCII) the last string is; -1 if none. */
  indexIn(names: readonly string[]): number {
    for (let index = 0; index < names.length; index++) if (this.#is(names[index]!)) return index
    return -1
  }

  #is(name: string): boolean {
    let index = name.length
    if (this.end - this.start !== index) return false
    while (index-- > 0) if (this.#bytes[this.start + index] !== name.charCodeAt(index)) return false
    return true
  }

  /** The byte that is next; -1, which is no byte, after the last. */
  #peek(): number {
    return this.#position < this.#bytes.length ? this.#bytes[this.#position]! : -1
  }

  /** Reads digits, the first of which is known to be one. Stops after a leading zero, so that what follows cannot be what must. */
  #readDecimal(): number {
    let value = 0
    do value = value * 10 + (this.#bytes[this.#position++]! - 0x30)
    while (value !== 0 && isDigit(this.#peek()))
    return value
  }

  #readInteger(): Token {
    const isNegative = this.#peek() === 0x2d
    if (isNegative) this.#position++
    if (!isDigit(this.#peek())) return this.#fail()
    const value = this.#readDecimal()
    if (this.#peek() !== close || (isNegative && value === 0)) return this.#fail()
    this.#position++
    this.value = isNegative ? -value : value
    return integer
  }

  #fail(): typeof malformed {
    this.#position = this.#bytes.length + 1
    return malformed
  }
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}
