/** The codec: the bytes of ut_pex messages and extended handshakes, and what is in them. Pure; keeps nothing, knows no peer. */

export { type EndpointKey, endpointByteLength, endpointKey, endpointOfKey, type Family, flag, knownFlags } from './contact.ts'
export { decodeHandshake, type ExtendedHandshake } from './handshake.ts'
export { type DecodedMessage, decodeMessage, encodeMessage, type MessageFault, type PexMessage } from './message.ts'
