import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseEndpoint } from '../../src/address/endpoint.ts'
import { keyOf } from '../../src/core/connection.ts'
import { keyOfPeer } from '../../src/core/peer-key.ts'

/** The key by way of bytes, which is slower. */
function slowKeyOf(text: string): number | string | undefined {
  const endpoint = parseEndpoint(text)
  if (endpoint === undefined) return undefined
  const port = (endpoint.at(-2)! << 8) | endpoint.at(-1)!
  return port < 2 ? undefined : keyOf(endpoint)
}

const number = fc.oneof(fc.nat(300), fc.nat(70_000), fc.constantFrom(0, 1, 255, 256, 65_535, 65_536)).map(String)
const odd = fc.constantFrom('', '0', '00', '01', '+1', '1e1', ' 1', '1 ', '/', ':', '٣', '1_0', '255', '1000')
const part = fc.oneof({ weight: 12, arbitrary: number }, { weight: 1, arbitrary: odd })
const between = fc.oneof(
  { weight: 12, arbitrary: fc.constant('.') },
  { weight: 1, arbitrary: fc.constantFrom(':', '', '..', ',', '/', '[') },
)
const beforePort = fc.oneof(
  { weight: 12, arbitrary: fc.constant(':') },
  { weight: 1, arbitrary: fc.constantFrom('.', '::', '', ']:', ' :') },
)
const text = fc.tuple(part, between, part, between, part, between, part, beforePort, part).map((parts) => parts.join(''))

describe('a peer as text', () => {
  test('has the key of the endpoint that it names, or none', () => {
    let count = 0
    fc.assert(
      fc.property(text, (peer) => {
        const expected = slowKeyOf(peer)
        if (expected !== undefined) count++
        expect(keyOfPeer(peer), peer).toBe(expected)
      }),
      { numRuns: 3_000 },
    )
    expect(count).toBeGreaterThan(50)
  })

  test.each([
    '0.0.0.0:2',
    '255.255.255.255:65535',
    '20.0.0.1:6881',
    '[2a00::1]:6881',
    '[2a00::1]:256',
    '[::ffff:20.0.0.1]:6881',
    '[::ffff:1400:1]:6881',
  ])('of which every bit counts: %s', (peer) => {
    expect(keyOfPeer(peer)).toBe(slowKeyOf(peer))
    expect(keyOfPeer(peer)).toBeDefined()
  })
})

describe('the key of a peer that a host names', () => {
  const key = (last: number, port = 6881): number => (((20 << 24) | last) >>> 0) * 0x1_0000 + port

  test.each([
    ['20.0.0.1:6881', key(1)],
    ['20.0.0.1:2', key(1, 2)],
    ['20.0.0.1:65535', key(1, 65_535)],
    ['0.0.0.0:9', 9],
    ['255.255.255.255:6881', 0xffff_ffff * 0x1_0000 + 6881],
    ['[::ffff:20.0.0.1]:6881', key(1)],
    ['[2a00::1]:6881', String.fromCharCode(0x2a00, 0, 0, 0, 0, 0, 0, 1, 6881)],
    ['[2a00::1]:2', String.fromCharCode(0x2a00, 0, 0, 0, 0, 0, 0, 1, 2)],
  ])('%s', (text, expected) => {
    expect(keyOfPeer(text)).toBe(expected)
  })

  test.each([
    ...['', '20.0.0.1', '20.0.0.1:', '20.0.0.1:0', '20.0.0.1:1', '20.0.0.1:65536', '20.0.0.1:655350', '20.0.0.1:06881', '20.0.0.1:68a1'],
    ...['20.0.0.01:6881', '20.0.0.256:6881', '20.0.0.1000:6881', '20.0.1:6881', '20.0.0.1.1:6881', '20..0.1:6881', '.20.0.0.1:6881'],
    ...[
      '20.0.0.1.6881',
      '20:0.0.1:6881',
      '20.0.0.1:6881 ',
      '20.0.0.1:688 ',
      '20.0.0.1:688.',
      ' 20.0.0.1:6881',
      '20.0.0./:6881',
      '20.0.0.:6881',
      '20.0.0.1:-688',
      '020.0.0.1:6881',
    ],
    ...['[2a00::1]:1', '[2a00::1]:0', '[2a00::1]', '2a00::1:6881', 'localhost:6881', '20.0.0.1:/', '20.0.0.1::'],
    ...[undefined, null, 6881, {}, ['20.0.0.1:6881']],
  ])('%j is none', (peer) => {
    expect(keyOfPeer(peer)).toBeUndefined()
  })
})
