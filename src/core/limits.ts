/**
 * Every number that bounds what we send, keep or accept, in one place.
 *
 * A limit is checked where data enters, and every one of them can be set for one swarm: tests use
 * tiny values, because a rule that holds at three holds at fifty. The defaults are what BEP 11 says,
 * what was measured of real clients, or what the threat model asks for; each says which.
 */

export interface Limits {
  /** Milliseconds between two turns of one connection. ≥ `minSendGapMs`. BEP 11: no more than one message a minute. */
  readonly sendIntervalMs: number
  /** Milliseconds that two messages to one peer are apart at the least, whatever happens. Measured: ut_pex 5 hangs up below 60,000 ms of its own clock, and a network delays. */
  readonly minSendGapMs: number
  /** Milliseconds from the extended handshake, or from the first thing to tell, to the first message. Measured: a Transmission seed hangs up after 30 s. */
  readonly firstSendDelayMs: number
  /** Milliseconds after its handshake that a peer has to say what pieces it has, before we take it for no seed. */
  readonly settleMs: number
  /** Contacts in `added` + `added6` of one message; the same again for `dropped` + `dropped6`. BEP 11: 50. */
  readonly maxContacts: number
  /** Contacts of ours that one peer may hold at a time; `Infinity` for no bound. Measured: nobody keeps more than 50–200 of one sender. */
  readonly maxTold: number
  /** Drops that may be owed to one connection which fell behind the bound of `maxDepartures`; above it nothing more is sent to that connection. */
  readonly maxOwed: number
  /** Departures that a swarm remembers for those who have not been told; twice its live contacts if that is more. */
  readonly maxDepartures: number
  /** Recently seen contacts kept per family, and the number of live ones below which they are told. BEP 11: 25. */
  readonly maxRecent: number
  /** Milliseconds after which a recently seen contact is no longer told. */
  readonly recentMs: number
  /** Milliseconds that a message waits for a wire that is busy sending. */
  readonly backPressureMs: number
  /** Milliseconds between two looks at a wire that is busy. */
  readonly retryMs: number
  /** Bytes that may be waiting on a busy wire when its message is sent all the same. */
  readonly maxBufferedBytes: number

  /** Bytes of one received message; a longer one is refused unread. Measured: rTorrent and rqbit hang up above the same bound. */
  readonly maxMessageBytes: number
  /** Contacts taken of `added` + `added6` of one message, the first one excepted. Measured: libtorrent sends 100; BEP 11: 50. */
  readonly maxAddedPerMessage: number
  /** Contacts of one family that one source may claim at a time, and that are taken of its first message; the oldest gives way. 0–65,533. */
  readonly maxClaims: number
  /** Claims of one source on one address, with different ports, 1 or more; further ones are not taken. */
  readonly maxPortsPerAddress: number
  /** Messages that may arrive at once. */
  readonly burstMessages: number
  /** Milliseconds after which one more message may arrive. Measured: honest clients' messages are 30–60 s apart after jitter. */
  readonly messageRefillMs: number
  /** Messages in excess within `floodWindowMs` that make a flood; `Infinity` for none ever. The times of so many are kept of who exceeds. */
  readonly floodMessages: number
  /** Milliseconds in which excess messages are counted together. */
  readonly floodWindowMs: number
  /** Whether addresses of the documentation nets (RFC 5737, RFC 3849) count as global; else they are never told or accepted. */
  readonly documentationNets: boolean

  /** Contacts that one swarm keeps for dialling; of a greater number 7,000 count. */
  readonly maxCandidates: number
  /** Candidates that one source may hold: what a neighbour tells in two and a half minutes at the most, in 7 KB. */
  readonly maxCandidatesPerSource: number
  /** Milliseconds after which a candidate that nobody claims any more is forgotten. */
  readonly candidateMs: number
  /** Milliseconds after which a contact that was handed out and never reported counts as failed. */
  readonly handedOutMs: number
  /** Handed out and unreported contacts in one IPv4 /24 or IPv6 /56, over all sources. */
  readonly maxPendingPerSubnet: number
  /** The same, learnt from one source. */
  readonly maxPendingPerSubnetAndSource: number
  /** Contacts of one IPv4 address or IPv6 /64, with different ports, handed out in one hour. */
  readonly maxDialsPerAddressAndHour: number
  /** Milliseconds after a failed dial before the contact is handed out again, if anybody claims it anew; also if it was forgotten meanwhile. Ours. */
  readonly redialMs: number
  /** Global contacts that one swarm hands out in an hour; each one is remembered for that long, in 16 bytes. */
  readonly maxDialsPerHour: number
  /** Reported dials of one source's contacts before its standing counts. */
  readonly minDialsForStanding: number
  /** Share of them, 0–1, that must have connected, or the quotas of that source are quartered. Measured: 11–25 % can be connected to in the wild. */
  readonly minSuccessShare: number
}

export const defaultLimits: Limits = {
  sendIntervalMs: 65_000,
  minSendGapMs: 62_000,
  firstSendDelayMs: 1_000,
  settleMs: 2_000,
  maxContacts: 50,
  maxTold: 500,
  maxOwed: 1_000,
  maxDepartures: 4_096,
  maxRecent: 25,
  recentMs: 30 * 60_000,
  backPressureMs: 10_000,
  retryMs: 500,
  maxBufferedBytes: 256 * 1024,

  maxMessageBytes: 32 * 1024,
  maxAddedPerMessage: 100,
  maxClaims: 200,
  maxPortsPerAddress: 4,
  burstMessages: 6,
  messageRefillMs: 30_000,
  floodMessages: 10,
  floodWindowMs: 60_000,
  documentationNets: true,

  maxCandidates: 2_000,
  maxCandidatesPerSource: 240,
  candidateMs: 30 * 60_000,
  handedOutMs: 10 * 60_000,
  maxPendingPerSubnet: 8,
  maxPendingPerSubnetAndSource: 2,
  maxDialsPerAddressAndHour: 2,
  redialMs: 15 * 60_000,
  maxDialsPerHour: 16_384,
  minDialsForStanding: 40,
  minSuccessShare: 0.05,
}

/** Limits that count and have another least value than 0; those that are not listed are any number ≥ 0. */
const leastCounts: Partial<Record<keyof Limits, number>> = { maxContacts: 1, maxPortsPerAddress: 1, burstMessages: 1, floodMessages: 1 }
/** The most that the packed tables can hold. */
const greatestCounts: Partial<Record<keyof Limits, number>> = { maxClaims: 65_533 }

/**
 * The default limits with some changed.
 * @throws {TypeError | RangeError} naming the limit that there is none of, or that is no fit value.
 */
export function limitsWith(changes: Partial<Limits> = {}): Limits {
  for (const [key, value] of Object.entries(changes) as [keyof Limits, number | boolean | undefined][]) {
    const usual = Object.hasOwn(defaultLimits, key) ? defaultLimits[key] : undefined
    if (usual === undefined) throw new TypeError(`limits.${key}: there is no such limit`)
    if (typeof value !== typeof usual) throw new TypeError(`limits.${key}: a ${typeof usual} was expected, not ${String(value)}`)
    if (typeof value === 'number') checkNumber(key, value)
  }
  return { ...defaultLimits, ...changes }
}

function checkNumber(key: keyof Limits, value: number): void {
  const least = leastCounts[key] ?? 0
  const greatest = greatestCounts[key] ?? Number.POSITIVE_INFINITY
  const isWhole = Number.isInteger(value) || value === Number.POSITIVE_INFINITY || key.endsWith('Ms') || key.endsWith('Share')
  if (isWhole && value >= least && value <= greatest) return
  throw new RangeError(`limits.${key}: a number from ${least} to ${greatest} was expected, not ${value}`)
}
