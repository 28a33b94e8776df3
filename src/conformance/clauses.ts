/**
 * BEP 11 as 31 clauses, with those of BEP 10 and BEP 27 that peer exchange rests on: what there is to judge.
 *
 * `docs/conformance.md` says of each which code keeps it and which test shows it.
 */

/** How binding a clause is. `derived`: no BEP says it in so many words, but what BEP 11 wants is void without it. */
export type Severity = 'must' | 'should' | 'may' | 'derived'

/** N1 to N31. */
// biome-ignore format: a row of numbers
export type Clause =
  | 'N1' | 'N2' | 'N3' | 'N4' | 'N5' | 'N6' | 'N7' | 'N8' | 'N9' | 'N10' | 'N11'
  | 'N12' | 'N13' | 'N14' | 'N15' | 'N16' | 'N17' | 'N18' | 'N19' | 'N20' | 'N21' | 'N22'
  | 'N23' | 'N24' | 'N25' | 'N26' | 'N27' | 'N28' | 'N29' | 'N30' | 'N31'

interface ClauseText {
  readonly severity: Severity
  /** What is asked, in one sentence. */
  readonly text: string
}

/** All clauses, in order. */
export const clauses: Readonly<Record<Clause, ClauseText>> = {
  N1: { severity: 'must', text: 'A message carries the id that its receiver gave ut_pex, and none is sent to who gave none, or 0.' },
  N2: { severity: 'must', text: 'A message is one canonical dictionary with no keys but the six, and whole contacts in its lists.' },
  N3: { severity: 'must', text: 'IPv4 contacts stand in added and dropped, IPv6 contacts in added6 and dropped6.' },
  N4: { severity: 'must', text: 'Contacts that come without flags are accepted.' },
  N5: { severity: 'must', text: 'Flags are one byte for each contact.' },
  N6: { severity: 'must', text: 'A message has at least one list, and no list is empty.' },
  N7: { severity: 'must', text: 'Flag 0x01 stands for a contact that prefers encryption.' },
  N8: { severity: 'must', text: 'Flag 0x02 stands for a contact that is a seed or only uploads.' },
  N9: { severity: 'must', text: 'Flag 0x04 stands for a contact that speaks uTP.' },
  N10: { severity: 'must', text: 'Flag 0x08 stands for a contact that speaks ut_holepunch.' },
  N11: { severity: 'must', text: 'Flag 0x10 stands for a contact that the sender dialled.' },
  N12: { severity: 'must', text: 'The reserved flags are sent as 0, and ignored.' },
  N13: { severity: 'must', text: 'Only who was connected to is added.' },
  N14: { severity: 'derived', text: 'An endpoint that is added can be dialled.' },
  N15: { severity: 'must', text: 'What was added is dropped after it has gone, under the same endpoint.' },
  N16: { severity: 'must', text: 'Only what has gone is dropped.' },
  N17: { severity: 'must', text: 'Only what this receiver was told is dropped.' },
  N18: { severity: 'must', text: 'No more than one message a minute is sent on a connection.' },
  N19: { severity: 'must', text: 'No contact is in a list twice.' },
  N20: { severity: 'must', text: 'What a receiver holds in the end is what there is, whatever was left out on the way.' },
  N21: { severity: 'must', text: 'No contact is added and dropped in one message.' },
  N22: { severity: 'should', text: 'Messages after the first one add no more than 50 contacts.' },
  N23: { severity: 'should', text: 'A message drops no more than 50 contacts.' },
  N24: { severity: 'may', text: 'Only egregious violators are hung up on.' },
  N25: {
    severity: 'must',
    text: 'Recently seen contacts are told while few are live, the last ones hung up on for a harmless reason, and dropped next.',
  },
  N26: { severity: 'must', text: 'What was received is not trusted: it corrupts nothing.' },
  N27: { severity: 'should', text: 'Not all that is dialled comes from one source.' },
  N28: { severity: 'should', text: 'Further ports of an address are not dialled.' },
  N29: { severity: 'may', text: 'The canonical priority decides whom to dial first (BEP 40).' },
  N30: { severity: 'must', text: 'On a private torrent nothing is sent, and nothing received is used (BEP 27).' },
  N31: { severity: 'must', text: 'A further extended handshake adds to the former, and resets nothing (BEP 10).' },
}
