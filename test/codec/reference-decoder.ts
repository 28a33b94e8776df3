/**
 * The slow twin of the codec: reads messages and handshakes as their rules are written down, with text, patterns, recursion
 * and lists of everything. It shares no code with what it is compared with, and is for short inputs only.
 */
import type { TextMessage } from './bytes.ts'

class Malformed extends Error {}

interface Value {
  readonly type: 'string' | 'integer' | 'other'
  readonly content: string
  readonly end: number
}

/** What comes at `at` if it is `pattern`, which is sticky. */
function match(text: string, at: number, pattern: RegExp): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(text)
}

function readValue(text: string, at: number): Value {
  const integer = match(text, at, /i(0|-?[1-9][0-9]*)e/y)
  if (integer) return { type: 'integer', content: integer[1] as string, end: at + integer[0].length }
  const length = match(text, at, /(0|[1-9][0-9]*):/y)
  if (length) {
    const start = at + length[0].length
    const end = start + Number(length[1])
    if (end > text.length) throw new Malformed('longer than the input')
    return { type: 'string', content: text.slice(start, end), end }
  }
  if (text[at] !== 'l' && text[at] !== 'd') throw new Malformed(`no value at ${at}`)
  let end = at + 1
  while (text[end] !== 'e') end = readValue(text, end).end
  return { type: 'other', content: '', end: end + 1 }
}

/** Reads the dictionary at `at`; `readOf` is told of each key as soon as it was read, and answers where its value ends. */
function readDictionary(text: string, at: number, readOf: (key: string, at: number) => number): number {
  if (text[at] !== 'd') throw new Malformed('no dictionary')
  let position = at + 1
  while (text[position] !== 'e') {
    const key = readValue(text, position)
    if (key.type !== 'string') throw new Malformed('a key that is no string')
    position = readOf(key.content, key.end)
  }
  return position + 1
}

/** Whether `read` came to its end. */
function isComplete(read: () => void): boolean {
  try {
    read()
    return true
  } catch (error) {
    if (error instanceof Malformed) return false
    throw error
  }
}

const known = ['added', 'added.f', 'added6', 'added6.f', 'dropped', 'dropped6']
const faultOrder = ['malformed', 'wrong-type', 'partial-contact', 'flags-mismatch', 'duplicate-key', 'unsorted-keys', 'trailing-bytes']

export function referenceDecode(text: string): TextMessage {
  const faults = new Set<string>()
  const keys: string[] = []
  const values = new Map<string, Value>()
  const isWhole = isComplete(() => {
    const end = readDictionary(text, 0, (key, at) => {
      if (known.includes(key) && keys.includes(key)) faults.add('duplicate-key')
      const previous = keys.at(-1)
      if (previous !== undefined && previous > key) faults.add('unsorted-keys')
      keys.push(key)
      const value = readValue(text, at)
      if (known.includes(key) && !values.has(key)) values.set(key, value)
      return value.end
    })
    if (end < text.length) faults.add('trailing-bytes')
  })
  if (!isWhole) faults.add('malformed')

  const contentOf = (key: string): string => {
    const value = values.get(key)
    if (value !== undefined && value.type !== 'string') faults.add('wrong-type')
    return value?.type === 'string' ? value.content : ''
  }
  const listOf = (key: string, width: number): string => {
    const content = contentOf(key)
    const count = Math.floor(content.length / width)
    if (count * width !== content.length) faults.add('partial-contact')
    return content.slice(0, count * width)
  }
  const flagsOf = (key: string, count: number): string => {
    const content = contentOf(key)
    if (content.length === count) return content
    if (values.has(key)) faults.add('flags-mismatch')
    return '\0'.repeat(count)
  }
  const added = listOf('added', 6)
  const added6 = listOf('added6', 18)
  return {
    added,
    addedFlags: flagsOf('added.f', added.length / 6),
    dropped: listOf('dropped', 6),
    added6,
    added6Flags: flagsOf('added6.f', added6.length / 18),
    dropped6: listOf('dropped6', 18),
    faults: faultOrder.filter((fault) => faults.has(fault)),
  }
}

export interface ReferenceHandshake {
  readonly utPex: number | undefined
  readonly utHolepunch: number | undefined
  readonly port: number | undefined
  readonly encryption: boolean | undefined
  readonly uploadOnly: boolean | undefined
  readonly yourIp: string | undefined
}

/** All but `v`, whose rules are about text. */
export function referenceHandshake(text: string): ReferenceHandshake | undefined {
  if (text[0] !== 'd') return undefined
  const values = new Map<string, Value>()
  const ids = new Map<string, Value>()
  const keepIn = (map: Map<string, Value>) => (key: string, at: number) => {
    const value = readValue(text, at)
    if (!map.has(key)) map.set(key, value)
    return value.end
  }
  let hasM = false
  isComplete(() => {
    readDictionary(text, 0, (key, at) => {
      const isFirstM = key === 'm' && !hasM
      if (key === 'm') hasM = true
      return isFirstM && text[at] === 'd' ? readDictionary(text, at, keepIn(ids)) : keepIn(values)(key, at)
    })
  })
  const integerOf = (map: Map<string, Value>, key: string): bigint | undefined => {
    const value = map.get(key)
    return value?.type === 'integer' ? BigInt(value.content) : undefined
  }
  const within = (value: bigint | undefined, max: bigint): number | undefined =>
    value !== undefined && value >= 1n && value <= max ? Number(value) : undefined
  const isSet = (key: string): boolean | undefined => {
    const value = integerOf(values, key)
    return value === undefined ? undefined : value !== 0n
  }
  const idOf = (key: string): number | undefined => (ids.has(key) ? (within(integerOf(ids, key), 255n) ?? 0) : undefined)
  const yourIp = values.get('yourip')
  return {
    utPex: idOf('ut_pex'),
    utHolepunch: idOf('ut_holepunch'),
    port: within(integerOf(values, 'p'), 65535n),
    encryption: isSet('e'),
    uploadOnly: isSet('upload_only'),
    yourIp: yourIp?.type === 'string' && [4, 16].includes(yourIp.content.length) ? yourIp.content : undefined,
  }
}
