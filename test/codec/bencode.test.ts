import { describe, expect, test } from 'vitest'
import * as bencode from '../../src/codec/bencode.ts'
import { fromText } from './bytes.ts'

const names: Readonly<Record<number, string>> = {
  [bencode.malformed]: 'malformed',
  [bencode.string]: 'string',
  [bencode.dictionary]: 'dictionary',
  [bencode.close]: 'close',
  [bencode.integer]: 'integer',
  [bencode.list]: 'list',
}

/** What the tokens of `text` are, up to its end or the first that is malformed. */
function tokensOf(text: string): string[] {
  const reader = new bencode.Reader(fromText(text))
  const tokens: string[] = []
  while (reader.remaining > 0) {
    const token = reader.next()
    if (token === bencode.string) tokens.push(`'${text.slice(reader.start, reader.end)}'`)
    else if (token === bencode.integer) tokens.push(String(reader.value))
    else tokens.push(names[token]!)
  }
  return tokens
}

/** What is left after the value that `text` begins with; undefined if there is no whole one. */
function restAfterValue(text: string): string | undefined {
  const reader = new bencode.Reader(fromText(text))
  const token = reader.skip(reader.next())
  return token === bencode.malformed ? undefined : text.slice(text.length - reader.remaining)
}

describe('tokens', () => {
  test('come one by one, in order', () => {
    expect(tokensOf('d1:ali1e0:ee')).toEqual(['dictionary', "'a'", 'list', '1', "''", 'close', 'close'])
  })

  test.each([
    ['i0e', 0],
    ['i7e', 7],
    ['i-1e', -1],
    ['i65535e', 65535],
    ['i-120e', -120],
    ['i9007199254740991e', Number.MAX_SAFE_INTEGER],
    [`i${'9'.repeat(400)}e`, Number.POSITIVE_INFINITY],
    [`i-${'9'.repeat(400)}e`, Number.NEGATIVE_INFINITY],
  ])('%s is an integer', (text, value) => {
    expect(tokensOf(text)).toEqual([String(value)])
  })

  test.each(['ie', 'i-e', 'i-0e', 'i00e', 'i01e', 'i-01e', 'i+1e', 'i1', 'i1.5e', 'i1 e', 'i--1e', 'i', 'i-', 'ixe', 'i1:'])(
    '%s is malformed, not an integer',
    (text) => {
      expect(tokensOf(text)).toEqual(['malformed'])
    },
  )

  test.each([
    ['0:', "''"],
    ['1:x', "'x'"],
    ['10:0123456789', "'0123456789'"],
    ['3:i1e', "'i1e'"],
  ])('%s is a string', (text, token) => {
    expect(tokensOf(text)).toEqual([token])
  })

  test.each(['1:', '2:x', '01:x', '00:', '0', '1', '1x', '-1:x', '9:x', '4294967297:x', '18446744073709551617:x', `${'9'.repeat(400)}:x`])(
    '%s is malformed, not a string',
    (text) => {
      expect(tokensOf(text)).toEqual(['malformed'])
    },
  )

  test.each(['', ' ', 'x', '\0', '/', ':', ':x', '\xff', 'D', 'L', '-'])('%j begins no token', (text) => {
    expect(new bencode.Reader(fromText(text)).next()).toBe(bencode.malformed)
  })

  test('are all malformed after one that is', () => {
    const reader = new bencode.Reader(fromText('xi1e'))
    expect([reader.next(), reader.next(), reader.next()]).toEqual([0, 0, 0])
    expect(reader.remaining).toBe(-1)
    expect(reader.nextKey()).toBe(false)
    expect(reader.skip(bencode.integer)).toBe(bencode.integer)
    expect(reader.remaining).toBe(-1)
  })
})

describe('skipping', () => {
  test.each([
    ['i1e', ''],
    ['1:xi2e', 'i2e'],
    ['lei2e', 'i2e'],
    ['dei2e', 'i2e'],
    ['ld1:alleeei-3e0:ei2e', 'i2e'],
    ['llleeee', 'e'],
  ])('%s leaves %j', (text, rest) => {
    expect(restAfterValue(text)).toBe(rest)
  })

  test.each(['', 'e', 'l', 'd', 'lle', 'li1', 'l5:abcde', 'l6:abcdee', 'lxe', 'l01:ae', 'd1:ad1:bl'])('%j has no whole value', (text) => {
    expect(restAfterValue(text)).toBeUndefined()
  })

  test('goes as deep as the input, without a stack', () => {
    const depth = 1_000_000
    expect(restAfterValue(`${'l'.repeat(depth)}${'e'.repeat(depth)}i1e`)).toBe('i1e')
    expect(restAfterValue('ld'.repeat(depth))).toBeUndefined()
  })
})

describe('keys', () => {
  test('end with the dictionary', () => {
    const reader = new bencode.Reader(fromText('d1:ai1e1:bi2eei9e'))
    reader.next()
    const keys: number[] = []
    while (reader.nextKey()) {
      keys.push(reader.indexIn(['b', 'a']))
      reader.next()
    }
    expect(keys).toEqual([1, 0])
    expect(reader.remaining).toBe(3)
  })

  test.each(['di1e', 'dl', 'dd', 'd', 'dx', 'd2:a'])('are malformed in %s', (text) => {
    const reader = new bencode.Reader(fromText(text))
    reader.next()
    expect(reader.nextKey()).toBe(false)
    expect(reader.remaining).toBe(-1)
  })

  test('are found by all of their bytes', () => {
    const indexOf = (key: string): number => {
      const reader = new bencode.Reader(fromText(`${key.length}:${key}`))
      reader.next()
      return reader.indexIn(['', 'added', 'added6', 'dadde'])
    }
    expect(['', 'added', 'added6', 'dadde'].map(indexOf)).toEqual([0, 1, 2, 3])
    expect(['a', 'adde', 'added5', 'xdded', 'addex', 'Added', 'added\0', 'adxed'].map(indexOf)).toEqual([-1, -1, -1, -1, -1, -1, -1, -1])
  })
})
