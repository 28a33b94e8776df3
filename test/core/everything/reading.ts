/** Reads our own messages, strictly and quickly: canonical bencode with the six keys in order, and only endpoints of the world. */
import { Violation } from './oracle.ts'
import type { Ground } from './world.ts'

export interface Told {
  readonly added: number[]
  /** One byte for each that is added. */
  readonly flags: number[]
  readonly dropped: number[]
}

const names = ['added', 'added.f', 'added6', 'added6.f', 'dropped', 'dropped6'] as const
const digit = (byte: number | undefined): number => (byte === undefined ? -1 : byte - 0x30)

/** @throws {Violation} for anything that is not canonical. */
export function read(bytes: Uint8Array, ground: Ground): Told {
  const told: Told = { added: [], flags: [], dropped: [] }
  if (bytes[0] !== 0x64 || bytes[bytes.length - 1] !== 0x65) throw new Violation('no dictionary')
  let at = 1
  let last = -1
  while (at < bytes.length - 1) {
    const [keyStart, keyEnd] = span(bytes, at)
    const name = names.findIndex((text) => isText(bytes, keyStart, keyEnd, text))
    if (name <= last) throw new Violation(`a key that is unknown, twice or out of order at byte ${at}`)
    last = name
    const [start, end] = span(bytes, keyEnd)
    if (end === start) throw new Violation(`${names[name]} is empty`)
    if (name === 1 || name === 3) for (let place = start; place < end; place++) told.flags.push(bytes[place] as number)
    else endpointsOf(bytes, start, end, { family: name === 2 || name === 5 ? 6 : 4, ground }, name < 4 ? told.added : told.dropped)
    if (name < 4 && name % 2 === 1 && told.flags.length !== told.added.length) throw new Violation('flags are not one byte for each')
    at = end
  }
  if (at !== bytes.length - 1) throw new Violation('it breaks off')
  if (told.flags.length !== told.added.length) throw new Violation('no flags')
  return told
}

/** Where the string at this place starts and ends. */
function span(bytes: Uint8Array, at: number): [start: number, end: number] {
  let place = at
  let length = 0
  for (let value = digit(bytes[place]); value >= 0 && value <= 9; value = digit(bytes[++place])) length = 10 * length + value
  if (bytes[place] !== 0x3a || place === at) throw new Violation(`no string at byte ${at}`)
  return [place + 1, place + 1 + length]
}

function isText(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false
  for (let index = 0; index < text.length; index++) if (bytes[start + index] !== text.charCodeAt(index)) return false
  return true
}

function endpointsOf(
  bytes: Uint8Array,
  start: number,
  end: number,
  { family, ground }: { readonly family: 4 | 6; readonly ground: Ground },
  into: number[],
): void {
  const length = family === 4 ? 6 : 18
  if ((end - start) % length !== 0) throw new Violation('no whole endpoints')
  for (let place = start; place < end; place += length) {
    const number = bytes[place + length - 1] as number
    const expected = ground.endpoints[number]
    let isSame = expected?.length === length
    for (let index = 0; isSame && index < length; index++) isSame = bytes[place + index] === expected?.[index]
    if (!isSame) throw new Violation(`an endpoint that nobody has: ${bytes.subarray(place, place + length).join('.')}`)
    into.push(number)
  }
}
