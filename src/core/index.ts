/** The protocol without I/O, clock or chance, for other runtimes and transports: `ut_pex/core`. */

export { formatAddress, formatEndpoint, parseAddress, parseEndpoint } from '../address/index.ts'
export { type Family, flag } from '../codec/contact.ts'
export { decodeHandshake, type ExtendedHandshake } from '../codec/handshake.ts'
export type { Peer } from './connection.ts'
export { defaultLimits, type Limits } from './limits.ts'
export type { Turn } from './outbox.ts'
export type { Heard, Sink } from './sink.ts'
export { type LeavingReason, type Privacy, type SharedContact, Swarm, type SwarmOptions, type SwarmStats } from './swarm.ts'
export type { ViolationCode } from './violation.ts'
