/**
 * A wire that costs what a real one costs to send on, but for its stream: the payload is encoded if it is no bytes yet, and
 * copied behind its id; length and type are a chunk of their own. It keeps the last payload.
 */

import { EventEmitter } from 'node:events'
import bencode from 'bencode'

export class BenchWire extends EventEmitter {
  peerId = '2d5554303030302d303030303030303030303030'
  peerExtensions = { extended: true }
  peerExtendedHandshake = { m: { ut_pex: 1 } }
  peerExtendedMapping = { ut_pex: 1 }
  remoteAddress = '20.0.0.1'
  remotePort = 6881
  type = 'tcpOutgoing'
  destroyed = false
  extendedHandshake = {}
  extendedMapping = { 1: 'ut_pex' }
  last = undefined
  sentCount = 0
  sentBytes = 0

  extended(id, payload) {
    this.last = ArrayBuffer.isView(payload) ? payload : bencode.encode(payload)
    this.sentCount++
    this.sentBytes += frame(typeof id === 'number' ? id : 1, this.last)
  }

  destroy() {
    this.destroyed = true
  }
}

/** What was handed to a stream last. */
const chunks = { head: undefined, body: undefined }

/** Makes what `bittorrent-protocol` 5.0.9 hands to its stream for an extended message, in the same steps, and returns its length in bytes. */
export function frame(id, payload) {
  const body = concat([new Uint8Array([id]), payload])
  const head = new Uint8Array(5)
  const length = body.length + 1
  head[0] = (length >>> 24) & 0xff
  head[1] = (length >>> 16) & 0xff
  head[2] = (length >>> 8) & 0xff
  head[3] = length & 0xff
  head[4] = 20
  chunks.head = head
  chunks.body = body
  return head.length + body.length
}

function concat(parts) {
  let length = 0
  for (const part of parts) length += part.length
  const joined = new Uint8Array(length)
  let position = 0
  for (const part of parts) {
    joined.set(part, position)
    position += part.length
  }
  return joined
}
