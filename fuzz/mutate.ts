/**
 * Inputs for the decoder: what was interesting before, changed a little; or bencode made up from nothing.
 *
 * A change keeps most of its input, so it gets past what the input got past. The made-up ones know the shape of a
 * message and get single things wrong: lengths, types, order, ends.
 */

import type { Dice } from './chance.ts'

const keys = ['added', 'added.f', 'added6', 'added6.f', 'dropped', 'dropped6', 'm', 'p', 'e', 'v', 'yourip', 'ut_pex', '__proto__', '', 'x']
const texts = [
  '0:',
  'i0e',
  'i-1e',
  'i00e',
  'ie',
  'le',
  'de',
  'd',
  'l',
  'e',
  '1:',
  '99999999999:',
  '-1:',
  '01:a',
  'i9007199254740993e',
  'll',
  '18446744073709551617:',
]
const text = (value: string): Uint8Array => Uint8Array.from(value, (character) => character.charCodeAt(0))
const tokens = [...texts, ...keys.map((key) => `${key.length}:${key}`)].map(text)
const longest = 4_096

/** One input, by one to four changes of another. */
export function mutate(input: Uint8Array, corpus: readonly Uint8Array[], dice: Dice): Uint8Array {
  let bytes = input
  for (let changes = 1 + dice.below(4); changes > 0; changes--) bytes = change(bytes, corpus, dice)
  return bytes.length > longest ? bytes.subarray(0, longest) : bytes
}

function change(bytes: Uint8Array, corpus: readonly Uint8Array[], dice: Dice): Uint8Array {
  const at = dice.below(bytes.length + 1)
  switch (dice.below(8)) {
    case 0:
      return overwrite(bytes, at, Uint8Array.of(dice.below(256)))
    case 1:
      return overwrite(bytes, at, Uint8Array.of((bytes[at] ?? 0) ^ (1 << dice.below(8))))
    case 2:
      return splice(bytes, at, dice.below(8), new Uint8Array())
    case 3:
      return splice(bytes, at, 0, dice.pick(tokens))
    case 4:
      return splice(bytes, at, dice.below(4), dice.pick(tokens))
    case 5:
      return bytes.subarray(0, at)
    case 6:
      return splice(bytes, at, 0, bytes.subarray(dice.below(bytes.length + 1), at))
    default: {
      const other = dice.pick(corpus)
      return splice(bytes, at, bytes.length, other.subarray(dice.below(other.length + 1)))
    }
  }
}

function overwrite(bytes: Uint8Array, at: number, by: Uint8Array): Uint8Array {
  const changed = bytes.slice()
  if (at < changed.length) changed.set(by, at)
  return changed
}

function splice(bytes: Uint8Array, at: number, count: number, by: Uint8Array): Uint8Array {
  const end = Math.min(at + count, bytes.length)
  const changed = new Uint8Array(at + by.length + bytes.length - end)
  changed.set(bytes.subarray(0, at))
  changed.set(by, at)
  changed.set(bytes.subarray(end), at + by.length)
  return changed
}

/** A message made up: nearly right, with single things wrong. */
export function makeUp(dice: Dice): Uint8Array {
  const parts: string[] = ['d']
  const names = dice.once(3) ? keys : keys.slice(0, 6)
  for (const name of dice.once(8) ? names.toReversed() : names) {
    if (dice.once(2)) parts.push(`${name.length}:${name}`, value(name, dice))
  }
  parts.push('e')
  if (dice.once(16)) parts.push('junk')
  return text(parts.join(''))
}

function value(name: string, dice: Dice): string {
  if (dice.once(12)) return dice.pick(texts)
  if (dice.once(12)) return `d1:ali1e${'l'.repeat(dice.below(20))}${'e'.repeat(dice.below(24))}e`
  const unit = name.endsWith('6') ? 18 : name.endsWith('.f') ? 1 : 6
  const length = dice.below(6) * unit + (dice.once(12) ? dice.below(unit) : 0)
  return `${length}:${Array.from({ length }, () => String.fromCharCode(dice.below(256))).join('')}`
}
