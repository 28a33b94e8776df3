/** The key of a peer as text. A host that feeds a wire by hand calls this for every contact and every wire. */

import { parseEndpoint } from '../address/endpoint.ts'
import type { EndpointKey } from '../codec/contact.ts'
import { keyOf } from './connection.ts'

const dot = 0x2e
const colon = 0x3a
const openingBracket = 0x5b
const leastPort = 2

/**
 * The key of `1.2.3.4:6881` or `[2001:db8::1]:6881`, as strict as `parseEndpoint`; undefined for anything else, also for what is
 * no string, and for ports 0 and 1, which nobody listens at.
 */
export function keyOfPeer(peer: unknown): EndpointKey | undefined {
  if (typeof peer !== 'string') return undefined
  if (peer.charCodeAt(0) !== openingBracket) return readIPv4(peer)
  const endpoint = parseEndpoint(peer)
  if (endpoint === undefined) return undefined
  const port = (endpoint[endpoint.length - 2]! << 8) | endpoint[endpoint.length - 1]!
  return port < leastPort ? undefined : keyOf(endpoint)
}

/**
 * IPv4 in one pass over the text, without bytes in between: 0.04 µs instead of 0.3 µs. Whatever is not just so is undefined, as it is
 * for `parseEndpoint`.
 */
function readIPv4(text: string): number | undefined {
  let address = 0
  let dotCount = 0
  let position = 0
  for (; dotCount < 4; position++) {
    let value = -1
    for (; position < text.length; position++) {
      const digit = text.charCodeAt(position) - 0x30
      if (digit < 0 || digit > 9) break
      if (value === 0) return undefined
      value = value < 0 ? digit : value * 10 + digit
    }
    const end = ++dotCount < 4 ? dot : colon
    if (value < 0 || value > 255 || text.charCodeAt(position) !== end) return undefined
    address = address * 256 + value
  }
  if (text.charCodeAt(position) === 0x30) return undefined
  let port = 0
  for (; position < text.length; position++) {
    const digit = text.charCodeAt(position) - 0x30
    if (digit < 0 || digit > 9) return undefined
    port = port * 10 + digit
  }
  return port < leastPort || port > 0xffff ? undefined : address * 0x1_0000 + port
}
