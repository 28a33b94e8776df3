/** Does cost grow at most linearly with what is received? Counted in bytes looked at, not in time, so it is the same everywhere. */
import { describe, expect, test } from 'vitest'
import { decodeHandshake } from '../../src/codec/index.ts'
import { createLayout, locateMessage } from '../../src/codec/message.ts'
import { fromText } from './bytes.ts'

/** How often `read` looks at a byte of `bytes`. */
function countReads(bytes: Uint8Array, read: (bytes: Uint8Array) => void): number {
  let count = 0
  const counted = new Proxy(bytes, {
    get(target, property) {
      if (typeof property === 'string' && /^[0-9]+$/.test(property)) count++
      const value: unknown = Reflect.get(target, property, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  read(counted)
  return count
}

/** Input of about `size` bytes: the hardest that we know, each for another part of the reader. */
const hostile: Readonly<Record<string, (size: number) => string>> = {
  'lists in lists': (size) => `d1:a${'l'.repeat(size)}`,
  'dictionaries in dictionaries': (size) => `d1:a${'d1:m'.repeat(size / 4)}`,
  'dictionaries in m': (size) => `d${'1:md'.repeat(size / 4)}`,
  'lists side by side': (size) => `d1:al${'le'.repeat(size / 2)}`,
  'an endless integer': (size) => `d1:pi${'9'.repeat(size)}`,
  'an endless length': (size) => `d1:a${'9'.repeat(size)}`,
  'an endless length of a key': (size) => `d${'9'.repeat(size)}`,
  'zeros for a length': (size) => `d${'0'.repeat(size)}`,
  'empty keys and values': (size) => `d${'0:'.repeat(size / 2)}`,
  'one key again and again': (size) => `d${'5:added0:'.repeat(size / 9)}`,
  'nearly a key again and again': (size) => `d${'8:dropped70:'.repeat(size / 12)}`,
  'two long keys that differ at the end': (size) => {
    const long = `${size / 2}:${'a'.repeat(size / 2 - 1)}`
    return `d${long}a0:${long}b0:e`
  },
  'flags for one contact': (size) => `d5:added6:AAAApp7:added.f${size}:${'x'.repeat(size)}e`,
  'a long name': (size) => `d1:v${size}:${'x'.repeat(size)}e`,
  'integers for contacts': (size) => `d5:addedl${'i1e'.repeat(size / 3)}ee`,
}

const readMessage = (bytes: Uint8Array): void => void locateMessage(bytes, createLayout())
const readHandshake = (bytes: Uint8Array): void => void decodeHandshake(bytes)

describe.each([
  ['a message', readMessage],
  ['a handshake', readHandshake],
])('reading %s', (_title, read) => {
  test.each(Object.entries(hostile))('looks at each byte a few times only: %s', (_name, make) => {
    for (const size of [3600, 36_000]) {
      const bytes = fromText(make(size))
      expect(countReads(bytes, read)).toBeLessThanOrEqual(6 * bytes.length)
    }
  })

  test('sees one dictionary of contacts only at its seams', () => {
    const bytes = fromText(`d5:added30000:${'x'.repeat(30_000)}1:v300:${'x'.repeat(300)}e`)
    expect(countReads(bytes, read)).toBeLessThan(100)
  })
})
