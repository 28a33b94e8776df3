/** A torrent of random data, made for one story: no tracker, 1 MiB in pieces of one block, so that it can be given in small doses. */
import { createHash, randomBytes } from 'node:crypto'

export const pieceByteLength: number = 16 * 1024
const name = 'random.bin'

export interface Torrent {
  readonly name: string
  readonly data: Uint8Array
  readonly file: Uint8Array
  /** Hexadecimal. */
  readonly infoHash: string
  readonly pieceCount: number
  readonly isPrivate: boolean
}

export interface TorrentOptions {
  readonly isPrivate?: boolean
  readonly byteLength?: number
}

export function makeTorrent({ isPrivate = false, byteLength = 1024 * 1024 }: TorrentOptions = {}): Torrent {
  const data = randomBytes(byteLength)
  const pieceCount = Math.ceil(byteLength / pieceByteLength)
  const hashes = Array.from({ length: pieceCount }, (_, piece) =>
    sha1(data.subarray(piece * pieceByteLength, (piece + 1) * pieceByteLength)),
  )
  const head = `d6:lengthi${byteLength}e4:name${name.length}:${name}12:piece lengthi${pieceByteLength}e6:pieces${20 * pieceCount}:`
  const info = Buffer.concat([Buffer.from(head), ...hashes, Buffer.from(isPrivate ? '7:privatei1ee' : 'e')])
  const file = Buffer.concat([Buffer.from('d4:info'), info, Buffer.from('e')])
  return { name, data, file, infoHash: sha1(info).toString('hex'), pieceCount, isPrivate }
}

function sha1(bytes: Uint8Array): Buffer {
  return createHash('sha1').update(bytes).digest()
}
