/** The numbers that the judge judges by, in one place. Tests of a sender with tiny limits give it the same. */

export interface Rules {
  /** Contacts in `added` + `added6` of one message, and in `dropped` + `dropped6`. Default 50: BEP 11. */
  readonly maxContacts: number
  /** Live contacts of a family below which recently seen ones may be told, and how many of them. Default 25: BEP 11. */
  readonly maxRecent: number
  /** Milliseconds between two messages on a connection, where they are sent. Default 60,000: BEP 11. */
  readonly minGapMs: number
  /** Milliseconds that a network may take from the gap between a remote's messages. Default 1,000. */
  readonly jitterMs: number
  /** Milliseconds that a message may be on its way: so long an id of ours counts after we changed it. Default 10,000. */
  readonly flightMs: number
  /**
   * Milliseconds that a sender may take to make a contact of a connection. Default 2,500: a peer may be waited for to say which
   * pieces it has before it is told of.
   */
  readonly factMs: number
  /** Milliseconds in which a sender that has something to tell must speak. Default 120,000: measured, the slowest (rTorrent). */
  readonly turnMs: number
  /** Contacts that a receiver holds of one sender, from which on it need not be told of more. Default 500. */
  readonly maxHeld: number
  /** Whether the node's own messages must have flags: BEP 11 calls them optional, but measured, libtorrent ignores a list without. Default false. */
  readonly requiresFlags: boolean
  /** Milliseconds in which what was received must be reported. Default 1,000. */
  readonly reportMs: number
  /** The part of 40 consecutive dials that may be contacts of one source alone, while four others have some, too. Default 0.5. */
  readonly maxSourceShare: number
  /** Findings that are kept; further ones only count. Default 10,000. */
  readonly maxFindings: number
}

export const defaultRules: Rules = {
  maxContacts: 50,
  maxRecent: 25,
  minGapMs: 60_000,
  jitterMs: 1_000,
  flightMs: 10_000,
  factMs: 2_500,
  turnMs: 120_000,
  maxHeld: 500,
  requiresFlags: false,
  reportMs: 1_000,
  maxSourceShare: 0.5,
  maxFindings: 10_000,
}
