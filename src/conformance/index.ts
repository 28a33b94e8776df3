/** Judges peer exchange against BEP 11, clause by clause: `ut_pex/conformance`. */

export { type Clause, clauses, type Severity } from './clauses.ts'
export type {
  AddressFact,
  ConnectedFact,
  DialFact,
  DisconnectedFact,
  HandshakeFact,
  HungUpFact,
  LeavingReason,
  MessageFact,
  PiecesFact,
  Privacy,
  PrivacyFact,
  ReportedFact,
  StoppedFact,
} from './facts.ts'
export type { Count, Finding, Side } from './ledger.ts'
export { Observer, type ObserverOptions } from './observer.ts'
export { defaultRules, type Rules } from './rules.ts'
