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
