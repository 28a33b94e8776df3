/**
 * Bytes → `decodeMessage` and `decodeHandshake`. Of every input must hold:
 *
 *     nothing is thrown
 *     the same      all fields of a message and of a handshake are what the second opinion says (`reference.ts`)
 *     memory        lists are views into the input, or one byte of 0 for a contact; an address is 16 bytes, a name 64 characters at most
 *
 * and of one in some thousands, because it takes longer:
 *
 *     time          no byte is looked at more than six times: of the input as it is, and of a few tokens repeated up to 4 KiB
 *     writing       what was kept can be written, and is read as the same again
 *
 * What an input makes the decoder say (its faults, which lists and facts it has, and how much) is its behaviour. An input with a
 * new behaviour joins the corpus and is changed further; so the corpus grows towards the rare paths.
 */

import type { DecodedMessage, decodeHandshake, decodeMessage, ExtendedHandshake, encodeMessage } from '../src/codec/index.ts'
import type { Dice } from './chance.ts'
import { Mutator } from './mutate.ts'
import { faultBits, lengthOf, type ReferenceHandshake, type ReferenceMessage, readHandshake, readMessage } from './reference.ts'

/** What is tried: the codec, or a copy of it with a fault. */
export interface Subject {
  readonly decodeMessage: typeof decodeMessage
  readonly decodeHandshake: typeof decodeHandshake
  readonly encodeMessage: typeof encodeMessage
}

/** One input in so many is also judged by what takes longer. */
const seldom = 4_096
const looksPerByte = 6
const maxCorpus = 1_000
const patternByteLength = 4_096

export class DecodeFuzzer {
  readonly corpus: Uint8Array[]
  readonly #subject: Subject
  readonly #dice: Dice
  readonly #mutator: Mutator
  readonly #seenMessages = new Uint8Array(1 << 18)
  readonly #seenHandshakes = new Uint8Array(1 << 10)
  readonly #message: ReferenceMessage = { places: new Int32Array(12), faults: 0 }
  readonly #handshake: ReferenceHandshake = {
    ...{ utPex: -1, utHolepunch: -1, port: -1, encryption: -1, uploadOnly: -1, yourIpStart: -1, yourIpLength: -1, client: undefined },
  }
  readonly #waiting: Uint8Array[] = []
  /** Inputs, each of which was compared; those that were judged by what takes longer, too. */
  count = 0
  slowCount = 0
  behaviourCount = 0
  /** The last input. */
  input: Uint8Array = new Uint8Array()

  constructor(seeds: readonly Uint8Array[], dice: Dice, subject: Subject) {
    this.corpus = [...seeds]
    this.#dice = dice
    this.#subject = subject
    this.#mutator = new Mutator(dice)
    for (const seed of seeds) this.check(seed)
  }

  /** Tries one more input. Throws when something does not hold; `input` is then what it was. */
  step(): void {
    this.check(this.#mutator.next(this.corpus))
    if (this.#dice.once(seldom)) this.#waiting.push(this.input.slice())
  }

  /**
   * Judges some of the inputs by what takes longer. Not before the end: whoever once looks at bytes through a proxy makes the
   * engine's code for all that come after slow, by a third.
   */
  finish(): void {
    for (const input of this.#waiting.splice(0)) {
      this.input = input
      this.#checkSlowly()
    }
  }

  check(input: Uint8Array): void {
    this.count++
    this.input = input
    const message = this.#subject.decodeMessage(input)
    const handshake = this.#subject.decodeHandshake(input)
    readMessage(input, this.#message)
    compareMessages(input, message, this.#message)
    const isThere = readHandshake(input, this.#handshake)
    if (isThere !== (handshake !== undefined)) throw new Error('decodeHandshake differs on whether there is one')
    if (handshake !== undefined) compareHandshakes(input, handshake, this.#handshake)
    const isNewMessage = isFirst(this.#seenMessages, behaviourOf(message, this.#message))
    const isNewHandshake = handshake !== undefined && isFirst(this.#seenHandshakes, behaviourOfHandshake(handshake))
    if (!isNewMessage && !isNewHandshake) return
    this.behaviourCount++
    // As many as a processor has at hand; the latest are the rarest.
    if (this.corpus.length < maxCorpus) this.corpus.push(input.slice())
    else this.corpus[this.#dice.below(maxCorpus)] = input.slice()
  }

  #checkSlowly(): void {
    this.slowCount++
    const { decodeMessage, encodeMessage } = this.#subject
    const message = decodeMessage(this.input)
    const again = decodeMessage(encodeMessage(message))
    if (again.faults.length > 0 || listsOf(again) !== listsOf(message)) throw new Error('what was kept does not survive being written')
    this.#checkTime(this.input)
    this.#checkTime(this.#mutator.pattern(patternByteLength))
  }

  #checkTime(bytes: Uint8Array): void {
    for (const decode of [this.#subject.decodeMessage, this.#subject.decodeHandshake]) {
      const looks = countLooks(bytes, decode)
      if (looks > looksPerByte * bytes.length + 200) {
        this.input = bytes
        throw new Error(`${looks} looks at ${bytes.length} bytes`)
      }
    }
  }
}

function isFirst(seen: Uint8Array, behaviour: number): boolean {
  if (seen[behaviour] === 1) return false
  seen[behaviour] = 1
  return true
}

/** How often `decode` looks at a byte. */
function countLooks(bytes: Uint8Array, decode: (bytes: Uint8Array) => unknown): number {
  let count = 0
  const counted = new Proxy(bytes, {
    get(target, property) {
      if (typeof property === 'string' && (property.charCodeAt(0) ^ 0x30) < 10) count++
      const value: unknown = Reflect.get(target, property, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  decode(counted)
  return count
}

function compareMessages(input: Uint8Array, message: DecodedMessage, reference: ReferenceMessage): void {
  let faults = 0
  for (const fault of message.faults) {
    const bit = faultBits[fault]
    if (bit <= faults) throw new Error(`faults are not in order, or twice: ${message.faults.join()}`)
    faults |= bit
  }
  if (faults !== reference.faults) throw new Error(`decodeMessage differs on its faults: ${message.faults.join()}, not ${reference.faults}`)
  compareList(input, message.added, reference, 0)
  compareFlags(input, message.addedFlags, reference, 1, message.added.length / 6)
  compareList(input, message.added6, reference, 2)
  compareFlags(input, message.added6Flags, reference, 3, message.added6.length / 18)
  compareList(input, message.dropped, reference, 4)
  compareList(input, message.dropped6, reference, 5)
}

/** The same place of the same memory is the same bytes, and no copy. */
function compareList(input: Uint8Array, list: Uint8Array, reference: ReferenceMessage, name: number): void {
  const length = lengthOf(reference, name)
  const isSame = list.length === length && (length === 0 || isAt(input, list, reference.places[2 * name] as number))
  if (!isSame) throw new Error(`decodeMessage differs on list ${name}: ${list.length} bytes, not ${length}`)
}

function compareFlags(input: Uint8Array, flags: Uint8Array, reference: ReferenceMessage, name: number, count: number): void {
  if (flags.length !== count) throw new Error(`decodeMessage has ${flags.length} flags for ${count} contacts`)
  const start = reference.places[2 * name] as number
  if (count === 0 || (start >= 0 && isAt(input, flags, start))) return
  if (start >= 0) throw new Error('decodeMessage has other flags')
  for (let index = 0; index < count; index++) if (flags[index] !== 0) throw new Error('decodeMessage has flags where there are none')
}

function isAt(input: Uint8Array, view: Uint8Array, start: number): boolean {
  return view.buffer === input.buffer && view.byteOffset === input.byteOffset + start
}

function compareHandshakes(input: Uint8Array, seen: ExtendedHandshake, expected: ReferenceHandshake): void {
  const { yourIp } = seen
  const isSame =
    (seen.utPex ?? -1) === expected.utPex &&
    (seen.utHolepunch ?? -1) === expected.utHolepunch &&
    (seen.port ?? -1) === expected.port &&
    numberOf(seen.encryption) === expected.encryption &&
    numberOf(seen.uploadOnly) === expected.uploadOnly &&
    seen.client === expected.client &&
    (yourIp?.length ?? -1) === expected.yourIpLength
  if (!isSame) throw new Error(`decodeHandshake differs: ${JSON.stringify(seen)}, not ${JSON.stringify(expected)}`)
  if (yourIp === undefined) return
  if (yourIp.buffer === input.buffer) throw new Error('yourIp is no copy')
  for (let index = 0; index < yourIp.length; index++) {
    if (yourIp[index] !== input[expected.yourIpStart + index]) throw new Error('decodeHandshake differs on yourIp')
  }
}

const numberOf = (value: boolean | undefined): number => (value === undefined ? -1 : Number(value))
const fewOf = (length: number, width: number): number => (length === 0 ? 0 : length === width ? 1 : 2)

function behaviourOf({ added, added6, dropped, dropped6 }: DecodedMessage, { faults, places }: ReferenceMessage): number {
  const sizes = fewOf(added.length, 6) + 3 * fewOf(added6.length, 18) + 9 * fewOf(dropped.length, 6) + 27 * fewOf(dropped6.length, 18)
  const hasFlags = Number((places[2] as number) > 0) + 2 * Number((places[6] as number) > 0)
  return (faults * 81 + sizes) * 4 + hasFlags
}

function behaviourOfHandshake(seen: ExtendedHandshake): number {
  const id = (value: number | undefined): number => (value === undefined ? 0 : value === 0 ? 1 : 2)
  const client = seen.client === undefined ? 0 : seen.client.length < 40 ? 1 : 2
  const yourIp = seen.yourIp === undefined ? 0 : seen.yourIp.length === 4 ? 1 : 2
  const isSaid = Number(seen.encryption !== undefined) + 2 * Number(seen.uploadOnly !== undefined) + 4 * Number(seen.port !== undefined)
  return (id(seen.utPex) + 3 * id(seen.utHolepunch) + 9 * client + 27 * yourIp) * 8 + isSaid
}

function listsOf({ added, added6, dropped, dropped6, addedFlags, added6Flags }: DecodedMessage): string {
  return [added, added6, dropped, dropped6, addedFlags, added6Flags].map((list) => list.join()).join('|')
}
