/** The codec: the bytes of ut_pex messages and extended handshakes, and what is in them. Pure; keeps nothing, knows no peer. */

export { type EndpointKey, endpointByteLength, endpointKey, endpointOfKey, type Family, flag, knownFlags } from './contact.ts'
export { decodeHandshake, type ExtendedHandshake } from './handshake.ts'
export {
  createLayout,
  type DecodedMessage,
  decodeMessage,
  encodeMessage,
  faultsOf,
  locateMessage,
  type MessageFault,
  type MessageLayout,
  type PexMessage,
  type Slot,
  slot,
} from './message.ts'
