/**
 * Bytes → `decodeMessage` and `decodeHandshake`: never a throw, always what a slow decoder that was written apart from
 * them answers, and what is kept is well-formed and survives being written and read again.
 *
 * What an input makes the decoder say (its faults, which lists it has) is its behaviour. An input with a new
 * behaviour joins the corpus and is changed further; so the corpus grows towards the rare paths.
 */

import { type DecodedMessage, decodeHandshake, decodeMessage, encodeMessage } from '../src/codec/index.ts'
import { textOf, toText } from '../test/codec/bytes.ts'
import { referenceDecode, referenceHandshake } from '../test/codec/reference-decoder.ts'
import type { Dice } from './chance.ts'
import { makeUp, mutate } from './mutate.ts'

export class DecodeFuzzer {
  readonly corpus: Uint8Array[]
  readonly #dice: Dice
  readonly #behaviours = new Set<string>()
  count = 0
  comparedCount = 0

  constructor(seeds: readonly Uint8Array[], dice: Dice) {
    this.corpus = [...seeds]
    this.#dice = dice
    for (const seed of seeds) this.check(seed, 'compare')
  }

  get behaviourCount(): number {
    return this.#behaviours.size
  }

  /** Tries one more input. Throws when something does not hold; `input` is then what it was. */
  step(): void {
    const dice = this.#dice
    this.input = dice.once(4) ? makeUp(dice) : mutate(dice.pick(this.corpus), this.corpus, dice)
    this.check(this.input, dice.once(64) ? 'compare' : 'new only')
  }

  input: Uint8Array = new Uint8Array()

  check(input: Uint8Array, mode: 'compare' | 'new only'): void {
    this.count++
    const message = decodeMessage(input)
    checkShape(message)
    const behaviour = behaviourOf(message)
    const isNew = !this.#behaviours.has(behaviour)
    if (isNew) {
      this.#behaviours.add(behaviour)
      if (this.corpus.length < 10_000) this.corpus.push(input.slice())
    }
    if (isNew || mode === 'compare') this.#compare(input, message)
  }

  #compare(input: Uint8Array, message: DecodedMessage): void {
    this.comparedCount++
    const text = toText(input)
    const [expected, seen] = [JSON.stringify(referenceDecode(text)), JSON.stringify(textOf(message))]
    if (expected !== seen) throw new Error(`decodeMessage differs\n  expected ${expected}\n  seen     ${seen}`)
    const reference = referenceHandshake(text)
    const handshake = decodeHandshake(input)
    if ((reference === undefined) !== (handshake === undefined)) throw new Error('decodeHandshake differs on whether there is one')
    if (reference !== undefined && reference.utPex !== handshake?.utPex) throw new Error('decodeHandshake differs on the id')
    const again = decodeMessage(encodeMessage(message))
    if (again.faults.length > 0 || listsOf(again) !== listsOf(message)) throw new Error('what was kept does not survive being written')
  }
}

function checkShape(message: DecodedMessage): void {
  const { added, addedFlags, added6, added6Flags, dropped, dropped6 } = message
  if (added.length % 6 !== 0 || dropped.length % 6 !== 0) throw new Error('a part of an IPv4 contact was kept')
  if (added6.length % 18 !== 0 || dropped6.length % 18 !== 0) throw new Error('a part of an IPv6 contact was kept')
  if (addedFlags.length * 6 !== added.length || added6Flags.length * 18 !== added6.length) throw new Error('not one flag byte per contact')
}

function behaviourOf({ faults, added, added6, dropped, dropped6, addedFlags, added6Flags }: DecodedMessage): string {
  const sizes = [added.length, added6.length, dropped.length, dropped6.length].map((length) => Math.min(2, length))
  return `${faults.join()}|${sizes.join()}|${addedFlags.some((byte) => byte !== 0)}${added6Flags.some((byte) => byte !== 0)}`
}

function listsOf({ added, added6, dropped, dropped6, addedFlags, added6Flags }: DecodedMessage): string {
  return [added, added6, dropped, dropped6, addedFlags, added6Flags].map((list) => list.join()).join('|')
}
