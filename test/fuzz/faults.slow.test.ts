/**
 * Would the fuzzer notice? Each fault is planted into a copy of the codec, and must be found within half a million inputs, which
 * take some three seconds.
 */
import { describe, expect, test } from 'vitest'
import { Dice } from '../../fuzz/chance.ts'
import { DecodeFuzzer, type Subject } from '../../fuzz/decode.ts'
import { readSeeds } from '../../fuzz/seeds.ts'
import { type Fault, fault, plant as plantIn } from '../planted.ts'

const faults: readonly Fault[] = [
  fault('a string may end a byte beyond the input', 'bencode', 'byteLength >= this.remaining', 'byteLength > this.remaining'),
  fault('a string may not end with the input', 'bencode', 'byteLength >= this.remaining', 'byteLength + 1 >= this.remaining'),
  fault('leading zeros are read', 'bencode', 'while (value !== 0 && isDigit(', 'while (isDigit('),
  fault('minus zero is read', 'bencode', ' || (isNegative && value === 0)', ''),
  fault('an empty integer is read', 'bencode', 'if (!isDigit(this.#peek())) return this.#fail()', ''),
  fault('nesting is not counted', 'bencode', 'if (depth === 0) return token', 'if (depth <= 1) return token'),
  fault('a key that is no string is skipped', 'bencode', 'if (token !== string && token !== close) this.#fail()', ''),
  fault(
    'a name need only begin right',
    'bencode',
    'if (this.end - this.start !== index) return false',
    'if (this.end - this.start < index) return false',
  ),
  fault('the last of equal keys wins', 'message', 'if (place < 0 || isAgain || ', 'if (place < 0 || '),
  fault('a partial contact is kept', 'message', 'reader.end - partial', 'reader.end'),
  fault('flags need not fit', 'message', '? flagsMismatch : 0', '? 0 : 0'),
  fault('trailing bytes are no fault', 'message', 'malformed : trailingBytes', 'malformed : 0'),
  fault('equal keys are unsorted', 'message', 'return at < end', 'return other === otherEnd'),
  fault(
    'a dictionary for a list is the last string',
    'message',
    'if (token === bencode.string) {',
    'if (token === bencode.string || token === bencode.dictionary) {',
  ),
  fault('a list is copied', 'message', 'new Uint8Array(buffer, byteOffset + start, byteLength)', 'bytes.slice(start, start + byteLength)'),
  fault('a view forgets where its input begins', 'message', 'byteOffset + start, byteLength', 'start, byteLength'),
  fault(
    'each key costs as much as all before it',
    'message',
    'previousStart = start\n',
    'previousStart = start\n    for (let at = 0; at < start; at++) faults |= bytes[at]! * 0\n',
  ),
  fault('keys that are known are in order', 'message', '(last < 0 || place <= last) && ', 'last < 0 && '),
  fault('a key is known by its last bytes', 'bencode', 'while (index-- > 0) if (this.#bytes[', 'while (index-- > 1) if (this.#bytes['),
  fault('only neighbours are the same key', 'message', '((seen >> place) & 1) === 1', 'seen > 0 && place === last'),
  fault('id 256 is taken', 'handshake', 'reader.value < 256', 'reader.value < 257'),
  fault('port 0 is taken', 'handshake', "if (key === 'p' && value > 0", "if (key === 'p' && value >= 0"),
  fault('the last of equal ids wins', 'handshake', 'if (index < 0 || seen & (1 << index))', 'if (index < 0)'),
  fault('yourip may have any length', 'handshake', 'content.length === 4 || content.length === 16', 'content.length < 17'),
  fault('yourip is a view', 'handshake', 'yourIp = new Uint8Array(content)', 'yourIp = content'),
  fault('control characters of a name are kept', 'handshake', '\\p{S} ]/gu', '\\p{S} \\x1b]/gu'),
  fault('a name is thrown over', 'handshake', '} catch {', '} catch (error) {\n    if (content.length > 9) throw error'),
]

/** A codec with this fault. */
async function plant({ name, file, find, replace }: Fault): Promise<Subject> {
  return (await plantIn({ name, file: `codec/${file}`, find, replace }, ['codec'])('codec/index')) as Subject
}

/** After how many inputs a difference is found; undefined if there is none in `most`. */
function findIn(subject: Subject, most: number): number | undefined {
  let fuzzer: DecodeFuzzer | undefined
  try {
    fuzzer = new DecodeFuzzer(readSeeds(), new Dice(1), subject)
    while (fuzzer.count < most) fuzzer.step()
    fuzzer.finish()
  } catch {
    return fuzzer?.count ?? 0
  }
  return undefined
}

describe('the fuzzer finds that', () => {
  test.each(faults)('$name', async (planted) => {
    expect(findIn(await plant(planted), 500_000)).toBeLessThanOrEqual(500_000)
  })

  test('nothing is wrong with a copy without', async () => {
    const subject = await plant(fault('none', 'message', 'export function decodeMessage', 'export function decodeMessage'))
    expect(findIn(subject, 200_000)).toBeUndefined()
  })
})
