/**
 * Endpoints as the judge compares them: a string with one character for each of the 6 or 18 bytes, as they stood on the wire.
 * Not the codec's keys: what is judged must not decide what is equal.
 */

import { formatEndpoint, type Scope, scopeOf } from '../address/index.ts'

/** A compact endpoint as a string of 6 (IPv4) or 18 (IPv6) characters. */
export type Key = string

export function keyAt(bytes: Uint8Array, offset: number, byteLength: number): Key {
  let key = ''
  for (let at = offset; at < offset + byteLength; at++) key += String.fromCharCode(bytes[at]!)
  return key
}

/** The endpoint of an address (4 or 16 bytes) and a port; an IPv4-mapped address is IPv4. */
export function keyOf(address: Uint8Array, port: number): Key {
  return unmapped(keyAt(address, 0, address.length)) + String.fromCharCode(port >> 8, port & 0xff)
}

export function bytesOf(key: Key): Uint8Array {
  return Uint8Array.from(key, (character) => character.charCodeAt(0))
}

export function textOf(key: Key): string {
  return formatEndpoint(bytesOf(key), 0, familyOf(key))
}

export function familyOf(key: Key): 4 | 6 {
  return key.length === 6 ? 4 : 6
}

export function portOf(key: Key): number {
  return key.charCodeAt(key.length - 2) * 256 + key.charCodeAt(key.length - 1)
}

/** Reading a scope is synchronous and calls nobody, so one buffer serves every call. */
const scratch = new Uint8Array(16)

/** The network that an endpoint is in. */
export function scopeOfKey(key: Key): Scope {
  for (let at = 0; at < key.length - 2; at++) scratch[at] = key.charCodeAt(at)
  return scopeOf(scratch, 0, familyOf(key))
}

/** The address alone, 4 or 16 characters. */
export function addressOf(key: Key): string {
  return key.slice(0, -2)
}

const mappedPrefix = `${'\0'.repeat(10)}\xff\xff`

/** Whether this is an IPv4 address written as IPv6, `::ffff:1.2.3.4`. */
export function isMapped(key: Key): boolean {
  return key.length === 18 && key.startsWith(mappedPrefix)
}

function unmapped(address: string): string {
  return address.length === 16 && address.startsWith(mappedPrefix) ? address.slice(12) : address
}
