/** Endpoints as tests of the core write and show them: '1.2.3.4:5', '[2001:db8::1]:5'. Unlike the library these take every port, 0 too. */
import { formatEndpoint, parseAddress } from '../../src/address/endpoint.ts'
import type { Family } from '../../src/codec/contact.ts'

export function endpoint(text: string): Uint8Array {
  const split = text.lastIndexOf(':')
  const address = parseAddress(text.slice(0, split).replace(/[[\]]/g, ''))
  if (address === undefined) throw new Error(`no endpoint: ${text}`)
  const port = Number(text.slice(split + 1))
  return Uint8Array.of(...address, port >> 8, port & 0xff)
}

/** Several endpoints of one family behind each other, as in a message. */
export const endpoints = (texts: readonly string[]): Uint8Array => Uint8Array.from(texts.flatMap((text) => [...endpoint(text)]))

export const familyOf = (text: string): Family => (text.startsWith('[') ? 6 : 4)

export const textOf = (bytes: Uint8Array, offset: number, family: Family): string => formatEndpoint(bytes, offset, family)
