/** ut_pex: peer exchange (BEP 11) for `bittorrent-protocol` wires. */

export { defaultLimits, type Limits } from './core/limits.ts'
export type { LeavingReason, Privacy, SharedContact, SwarmStats } from './core/swarm.ts'
export type { ViolationCode } from './core/violation.ts'
export type { PexFlags } from './extension/flags.ts'
export { type KnownPeer, PexSwarm, type PexSwarmEvents, type PexSwarmOptions, type Violation } from './extension/pex-swarm.ts'
export {
  type UtPex,
  type UtPexConstructor,
  type UtPexEvents,
  type UtPexOptions,
  utPex as default,
  utPex as 'module.exports',
} from './extension/ut-pex.ts'
export type { Wire } from './extension/wire.ts'
