/**
 * What a remote peer did wrong, as data: it is counted and reported, never thrown. A violation is a
 * fact about one message; what follows from it is the host's decision (`docs/violations.md`).
 */
export type ViolationCode =
  /** A message beyond the token bucket; it was not read. */
  | 'too-frequent'
  /** `floodMessages` messages beyond the bucket within `floodWindowMs`. */
  | 'flood'
  /** Longer than `maxMessageBytes`; it was not read. */
  | 'too-large'
  /** Not one bencoded dictionary; what was read before the fault is kept. */
  | 'malformed'
  /** A key whose value is not a byte string; the key was ignored. */
  | 'wrong-type'
  /** A list with a part of a contact at its end; the whole ones were taken. */
  | 'partial-contact'
  /** As many flags as contacts are not there; the flags were ignored. */
  | 'flags-mismatch'
  /** A key that is there twice; the first was taken. */
  | 'duplicate-key'
  /** Keys out of order; taken all the same, because real clients do it. */
  | 'unsorted-keys'
  /** Bytes after the dictionary; they were ignored. */
  | 'trailing-bytes'
  /** More contacts than are taken of one message; the rest was ignored. */
  | 'too-many-contacts'
  /** Contacts that this peer must not send us: out of scope, port 0 or 1, ourselves, or what the host's `accept` refuses. */
  | 'refused-contact'
  /** Contacts dropped that this peer had not added. */
  | 'unknown-drop'
