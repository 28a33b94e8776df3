/**
 * Extended handshakes (BEP 10): only what peer exchange has to know of them.
 *
 * The same bytes have usually been decoded by the host. They are read again here because its decoder need not be
 * safe on hostile bytes, and because a decoded handshake is an object whose keys the remote chose.
 */

import * as bencode from './bencode.ts'

/** What a peer says of itself; undefined is what it did not say, or said in no valid form. */
export interface ExtendedHandshake {
  /** `m.ut_pex`: 1–255, the id under which the peer takes PEX messages. 0: not (any more), or no valid id. BEP 10. */
  readonly utPex: number | undefined
  /** `m.ut_holepunch`, in the same way. BEP 55. */
  readonly utHolepunch: number | undefined
  /** `p`: the port on which the peer listens, 1–65535. BEP 10. */
  readonly port: number | undefined
  /** `e` ≠ 0: the peer prefers encrypted connections. BEP 11. */
  readonly encryption: boolean | undefined
  /** `upload_only` ≠ 0: the peer wants nothing more. BEP 21. */
  readonly uploadOnly: boolean | undefined
  /** `yourip`: our address as the peer sees it, 4 or 16 bytes, a copy. BEP 10. */
  readonly yourIp: Uint8Array | undefined
  /** `v`: name and version of the client, from the first 64 bytes, without what cannot be printed. BEP 10. */
  readonly client: string | undefined
}

const keys = ['m', 'p', 'e', 'upload_only', 'yourip', 'v'] as const
const extensionNames = ['ut_pex', 'ut_holepunch'] as const
const maxClientByteLength = 64

/**
 * Reads an extended handshake, the bytes after its id 0. Never throws, whatever the bytes; undefined if they are not a dictionary.
 *
 * Of a key that comes twice the first counts. Where the input becomes malformed, what came before counts.
 */
export function decodeHandshake(bytes: Uint8Array): ExtendedHandshake | undefined {
  const reader = new bencode.Reader(bytes)
  if (reader.next() !== bencode.dictionary) return undefined
  let utPex: number | undefined
  let utHolepunch: number | undefined
  let port: number | undefined
  let encryption: boolean | undefined
  let uploadOnly: boolean | undefined
  let yourIp: Uint8Array | undefined
  let client: string | undefined

  forEachNew(reader, keys, (key) => {
    const token = reader.next()
    if (key === 'm' && token === bencode.dictionary) {
      forEachNew(reader, extensionNames, (name) => {
        const token = reader.skip(reader.next())
        if (token === bencode.malformed) return
        const id = token === bencode.integer && reader.value > 0 && reader.value < 256 ? reader.value : 0
        if (name === 'ut_pex') utPex = id
        else utHolepunch = id
      })
    } else if (reader.skip(token) === bencode.integer) {
      const { value } = reader
      if (key === 'p' && value > 0 && value < 65536) port = value
      if (key === 'e') encryption = value !== 0
      if (key === 'upload_only') uploadOnly = value !== 0
    } else if (token === bencode.string) {
      const content = bytes.subarray(reader.start, reader.end)
      if (key === 'yourip' && (content.length === 4 || content.length === 16)) yourIp = new Uint8Array(content)
      if (key === 'v') client = printable(content)
    }
  })
  return { utPex, utHolepunch, port, encryption, uploadOnly, yourIp, client }
}

/** Calls `read`, which must read the value, for each of `names` when it comes first in the open dictionary; skips all else. */
function forEachNew<Name extends string>(reader: bencode.Reader, names: readonly Name[], read: (name: Name) => void): void {
  let seen = 0
  while (reader.nextKey()) {
    const index = reader.indexIn(names)
    if (index < 0 || seen & (1 << index)) {
      reader.skip(reader.next())
    } else {
      seen |= 1 << index
      read(names[index]!)
    }
  }
}

/** UTF-8, or what old clients send instead, latin-1; without control characters, which terminals would obey. */
function printable(content: Uint8Array): string | undefined {
  let text = String.fromCharCode(...content.subarray(0, maxClientByteLength))
  // Cut: the last character may not be whole.
  if (content.length > maxClientByteLength) text = text.replace(/[\xc0-\xff][\x80-\xbf]*$/, '')
  try {
    text = decodeURIComponent(text.replace(/[\s\S]/g, (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, '0')}`))
  } catch {
    // Not UTF-8: each byte stays the character that it is.
  }
  return text.replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, '') || undefined
}
