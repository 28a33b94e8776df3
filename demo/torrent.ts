/**
 * The torrent of the demonstration: some random data and the .torrent file that describes it (BEP 3), without a tracker.
 *
 * The data grows from a 16-byte key, so that the job and the first client can each make it without sending megabytes to one
 * another. The other clients never see the key: what they have at the end came through the swarm.
 */
import { createCipheriv, createHash, randomBytes } from 'node:crypto'

/** Bytes of data: 64 pieces, enough to see a download move. */
export const dataByteLength: number = 4 * 1024 * 1024
export const pieceByteLength: number = 64 * 1024

export interface DemoTorrent {
  /** Hexadecimal, 16 bytes. `dataOfKey` makes the data of it. */
  readonly key: string
  /** The .torrent file. */
  readonly file: Uint8Array
  /** Hexadecimal SHA-256 of the data. WebTorrent verifies by SHA-1 of its pieces; this is a second opinion. */
  readonly digest: string
}

/** A torrent of new random data. */
export function makeTorrent(byteLength: number = dataByteLength): DemoTorrent {
  const key = randomBytes(16).toString('hex')
  const data = dataOfKey(key, byteLength)
  return { key, file: describe(data), digest: digestOf([data]) }
}

/** The data that belongs to a key: the key stream of AES-128 in counter mode. */
export function dataOfKey(key: string, byteLength: number = dataByteLength): Uint8Array {
  return createCipheriv('aes-128-ctr', Buffer.from(key, 'hex'), new Uint8Array(16)).update(new Uint8Array(byteLength))
}

/** Hexadecimal SHA-256 of the chunks, one after the other. */
export function digestOf(chunks: Iterable<Uint8Array>): string {
  const hash = createHash('sha256')
  for (const chunk of chunks) hash.update(chunk)
  return hash.digest('hex')
}

/** The .torrent file: keys sorted, no `announce`, not private (BEP 27 forbids PEX for private torrents). */
function describe(data: Uint8Array): Uint8Array {
  const hashes: Uint8Array[] = []
  for (let start = 0; start < data.length; start += pieceByteLength) {
    hashes.push(
      createHash('sha1')
        .update(data.subarray(start, start + pieceByteLength))
        .digest(),
    )
  }
  const name = 'random.bin'
  const info = `d6:lengthi${data.length}e4:name${name.length}:${name}12:piece lengthi${pieceByteLength}e6:pieces${hashes.length * 20}:`
  return Buffer.concat([Buffer.from(`d4:info${info}`), ...hashes, Buffer.from('ee')])
}
