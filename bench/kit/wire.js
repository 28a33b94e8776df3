/**
 * A wire that costs what a real one costs to send on: the payload is encoded if it is no bytes yet, the id is put before it,
 * the length before both, each time by a copy. It keeps the last payload.
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
    this.sentBytes += frame(typeof id === 'number' ? id : 1, this.last).length
  }

  destroy() {
    this.destroyed = true
  }
}

/** The bytes of an extended message: `bittorrent-protocol` joins id and payload, then length and all. */
export function frame(id, payload) {
  const extended = new Uint8Array(payload.length + 1)
  extended[0] = id
  extended.set(payload, 1)
  const message = new Uint8Array(extended.length + 5)
  new DataView(message.buffer).setUint32(0, extended.length + 1)
  message[4] = 20
  message.set(extended, 5)
  return message
}
