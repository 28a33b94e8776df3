/** Small torrents of made-up data. */

import { createHash } from 'node:crypto'

export interface TestData {
  readonly data: Uint8Array
  /** The .torrent file. */
  readonly file: Uint8Array
  readonly infoHash: string
  readonly magnet: string
}

export const pieceByteLength = 16_384

/** A torrent of four pieces; another name is another torrent. */
export function makeTorrent(name: string, isPrivate?: 'private'): TestData {
  const data = new Uint8Array(4 * pieceByteLength).map((_, index) => (index * 7 + name.length) & 0xff)
  const hashes = [0, 1, 2, 3].map((index) => sha1(data.subarray(index * pieceByteLength, (index + 1) * pieceByteLength)))
  const head = `d6:lengthi${data.length}e4:name${name.length}:${name}12:piece lengthi${pieceByteLength}e6:pieces80:`
  const info = Buffer.concat([Buffer.from(head), ...hashes, Buffer.from(isPrivate ? '7:privatei1ee' : 'e')])
  const infoHash = sha1(info).toString('hex')
  const file = Buffer.concat([Buffer.from('d4:info'), info, Buffer.from('e')])
  return { data, file, infoHash, magnet: `magnet:?xt=urn:btih:${infoHash}` }
}

function sha1(bytes: Uint8Array): Buffer {
  return createHash('sha1').update(bytes).digest()
}
