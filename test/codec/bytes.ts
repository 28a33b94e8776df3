/** Bytes as tests write and show them. One character is one byte. */
import type { DecodedMessage, PexMessage } from '../../src/codec/index.ts'

export const fromText = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))
export const toText = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
export const fromHex = (hex: string): Uint8Array => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
export const toHex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

/** A bencoded string. */
export const bencoded = (text: string): string => `${text.length}:${text}`

/** A message with its bytes as text: what is compared, and what is read when they differ. */
export type TextMessage = { readonly [Field in keyof PexMessage]: string } & { readonly faults: readonly string[] }

export const emptyMessage: TextMessage = { added: '', addedFlags: '', dropped: '', added6: '', added6Flags: '', dropped6: '', faults: [] }

export function textOf(message: DecodedMessage): TextMessage {
  return {
    added: toText(message.added),
    addedFlags: toText(message.addedFlags),
    dropped: toText(message.dropped),
    added6: toText(message.added6),
    added6Flags: toText(message.added6Flags),
    dropped6: toText(message.dropped6),
    faults: message.faults,
  }
}
