/**
 * The form of a message, its id, its time and its flags. Each in two versions: one that breaks a single clause, and one that
 * keeps it. Written in the script of `scene.ts`.
 */
import type { Clause, ObserverOptions } from '../../src/conformance/index.ts'

export interface ClauseCase {
  readonly clause: Clause
  readonly title: string
  readonly broken: string
  readonly kept: string
  readonly options?: ObserverOptions
  /** `breaks it`: a peer breaks the clause. `breaks others`: what a peer breaks is not looked at, but what the node does about it. */
  readonly peer?: 'breaks it' | 'breaks others'
}

/** A, who listens, and B, who is told. */
const two = 'join A; join B id=0; wait 3;'
const told = `${two} A < +B;`
const incoming = 'incoming at=198.51.100.3:50000'

const idCases: readonly ClauseCase[] = [
  {
    clause: 'N1',
    title: 'the id is the one that the receiver gave',
    broken: 'join A id=200; join B id=0; wait 3; A < +B id=1',
    kept: 'join A id=200; join B id=0; wait 3; A < +B id=200',
  },
  {
    clause: 'N1',
    title: 'nothing is sent to a peer that gave no id',
    broken: 'join A id=-; join B id=0; wait 3; A < +B id=1',
    kept: 'join A id=-; join B; wait 3; B < +A; wait 600; finish',
  },
  {
    clause: 'N1',
    title: 'nothing is sent to a peer that gave the id 0',
    broken: 'join A id=0; join B id=0; wait 3; A < +B id=1',
    kept: 'join A id=0; join B; wait 3; B < +A; wait 600; finish',
  },
  {
    clause: 'N1',
    title: 'a peer uses the id that it was given',
    peer: 'breaks it',
    broken: `${two} A > +198.51.100.1:1000 id=1`,
    kept: `${two} A > +198.51.100.1:1000 id=7`,
  },
  {
    clause: 'N31',
    title: 'the id may change',
    broken: `${two} hears A id=9; A < +B id=1`,
    kept: `${two} hears A id=9; A < +B id=9`,
  },
  {
    clause: 'N31',
    title: 'the id 0 ends it, and another one begins anew',
    broken: `${told} join C id=0; wait 62; hears A id=0; A < +C id=1`,
    kept: `${told} join C id=0; wait 62; hears A id=0; wait 600; hears A id=3; A < +B +C id=3`,
  },
  {
    clause: 'N31',
    title: 'a message may be on its way while the id changes',
    peer: 'breaks it',
    broken: `${two} says A id=9; wait 11; A > +198.51.100.1:1000 id=7`,
    kept: `${two} says A id=9; wait 9; A > +198.51.100.1:1000 id=7`,
  },
  {
    clause: 'N31',
    title: 'a handshake without ut_pex ends nothing: m is additive',
    broken: `${told} hears A; join C id=0; wait 200; finish`,
    kept: `${told} hears A; join C id=0; wait 62; A < +C; wait 600; finish`,
  },
  {
    clause: 'N31',
    title: 'a further handshake does not begin anew what was told',
    broken: `${told} hears A id=1; wait 62; A < +B`,
    kept: `${told} hears A id=1; join C id=0; wait 62; A < +C`,
  },
  {
    clause: 'N18',
    title: 'messages on a connection are a minute apart',
    broken: `${told} join C id=0; wait 59.999; A < +C`,
    kept: `${told} join C id=0; wait 60; A < +C`,
  },
  {
    clause: 'N18',
    title: 'a further handshake does not begin anew the minute',
    broken: `${told} wait 30; hears A id=0; wait 1; hears A id=1; A < +B`,
    kept: `${told} wait 30; hears A id=0; wait 30; hears A id=1; A < +B`,
  },
  {
    clause: 'N18',
    title: 'a network may take a second from the gap of a peer, and no more',
    peer: 'breaks it',
    broken: `${two} A > +198.51.100.1:1000; wait 58.999; A > +198.51.100.2:1000`,
    kept: `${two} A > +198.51.100.1:1000; wait 59; A > +198.51.100.2:1000`,
  },
]

/** A message with B in it, in bytes. */
const whole = `${two} A << d5:added6:B7:added.f1:Fe`

const formCases: readonly ClauseCase[] = [
  { clause: 'N2', title: 'the keys are sorted', broken: `${two} A << d7:added.f1:F5:added6:Be`, kept: whole },
  { clause: 'N2', title: 'a length has no leading zeros', broken: `${two} A << d5:added06:B7:added.f1:Fe`, kept: whole },
  { clause: 'N2', title: 'nothing follows the dictionary', broken: `${whole}0:`, kept: whole },
  { clause: 'N2', title: 'there is no key beside the six', broken: `${two} A << d5:added6:B7:added.f1:F1:vi1ee`, kept: whole },
  { clause: 'N2', title: 'a key comes once', broken: `${two} A << d5:added6:B5:added6:B7:added.f1:Fe`, kept: whole },
  { clause: 'N2', title: 'a list ends with a whole contact', broken: `${two} A << d5:added8:B..7:added.f1:Fe`, kept: whole },
  { clause: 'N2', title: 'a list is a string', broken: `${two} A << d5:added6:B7:added.f1:F7:droppedli1eee`, kept: whole },
  { clause: 'N2', title: 'the dictionary does not break off', broken: `${two} A << d5:added6:B7:added.f1:F`, kept: whole },
  {
    clause: 'N2',
    title: 'a message is a dictionary',
    peer: 'breaks it',
    broken: `${two} A >> l5:addede`,
    kept: `${two} A >> d5:added6:Be`,
  },
  {
    clause: 'N3',
    title: 'an IPv4-mapped contact is IPv4',
    broken: 'join A; join C id=0 at=[::ffff:203.0.113.2]:6881; wait 3; A << d6:added618:MB8:added6.f1:Fe',
    kept: 'join A; join C id=0 at=[::ffff:203.0.113.2]:6881; wait 3; A << d5:added6:B7:added.f1:Fe',
  },
  {
    clause: 'N3',
    title: 'an IPv6 contact stands in the list for IPv6',
    broken: 'join A; join C id=0 at=[2001:db8::3]:6881; wait 3; A << d5:added18:S7:added.f3:FFFe',
    kept: 'join A; join C id=0 at=[2001:db8::3]:6881; wait 3; A << d6:added618:S8:added6.f1:Fe',
  },
  {
    clause: 'N3',
    title: 'an IPv4 contact stands in the list for IPv4',
    broken: 'join A; join B C id=0; wait 3; A << d6:added618:ABC8:added6.f1:Fe',
    kept: 'join A; join B C id=0; wait 3; A << d5:added12:BC7:added.f2:FFe',
  },
  { clause: 'N5', title: 'flags are one byte for each contact', broken: `${two} A << d5:added6:B7:added.f2:FFe`, kept: whole },
  { clause: 'N5', title: 'there are no flags without a list', broken: `${two} A << d5:added6:B7:added.f1:F8:added6.f1:Fe`, kept: whole },
  {
    clause: 'N5',
    title: 'flags are there, where that is asked for',
    options: { rules: { requiresFlags: true } },
    broken: `${two} A << d5:added6:Be`,
    kept: whole,
  },
  {
    clause: 'N6',
    title: 'there is something in a message',
    broken: `${told} wait 65; A << de`,
    kept: `${told} wait 600; leave B; A < -B`,
  },
  { clause: 'N6', title: 'no list is empty', broken: `${two} A << d5:added6:B7:added.f1:F7:dropped0:e`, kept: whole },
  { clause: 'N12', title: 'reserved flags are sent as 0', broken: `${two} A < +B/90`, kept: `${two} A < +B/10` },
  {
    clause: 'N12',
    title: 'reserved flags are sent as 0 by a peer',
    peer: 'breaks it',
    broken: `${two} A > +198.51.100.1:1000/20`,
    kept: `${two} A > +198.51.100.1:1000/1f`,
  },
  { clause: 'N19', title: 'no contact is added twice', broken: `${two} A < +B +B`, kept: told },
  {
    clause: 'N19',
    title: 'no contact is dropped twice',
    broken: `${told} leave B; wait 60; A < -B -B`,
    kept: `${told} leave B; wait 60; A < -B`,
  },
  {
    clause: 'N19',
    title: 'two connections to one endpoint are one contact',
    broken: `${two} join again at=203.0.113.2:6881 id=0; wait 3; A < +B +again`,
    kept: `${two} join again at=203.0.113.2:6881 id=0; wait 3; A < +B; leave B; wait 600; finish; leave again; A < -B`,
  },
  {
    clause: 'N21',
    title: 'who was away for a moment is not both added and dropped',
    broken: `${told} leave B; join B id=0; wait 60; A < +B -B`,
    kept: `${told} leave B; join B id=0; join C id=0; wait 60; A < +C`,
  },
]

/** A is told of C with these flags. */
const flagged = (joining: string, flags: string): string => `join A; join C id=0 ${joining}; wait 3; A < +C/${flags}`
const flagCase = (clause: Clause, title: string, joining: string, [broken, kept]: readonly [string, string]): ClauseCase => ({
  clause,
  title,
  broken: flagged(joining, broken),
  kept: flagged(joining, kept),
})

const flagCases: readonly ClauseCase[] = [
  flagCase('N7', 'e ≠ 0 sets 0x01', 'e=1', ['10', '11']),
  flagCase('N7', 'e = 0 clears it', 'e=0', ['11', '10']),
  {
    clause: 'N7',
    title: 'what a further handshake changes, those are told who come later',
    broken: `${told} hears B e=1; join C; wait 3; C < +A +B/10`,
    kept: `${told} hears B e=1; join C; wait 3; C < +A +B/11`,
  },
  flagCase('N8', 'who has everything sets 0x02', 'seed', ['10', '12']),
  flagCase('N8', 'upload_only sets 0x02', 'upload_only=1', ['10', '12']),
  flagCase('N8', 'who lacks pieces clears it', '', ['12', '10']),
  {
    clause: 'N8',
    title: 'who has got everything meanwhile sets 0x02',
    broken: `${two} pieces B all; A < +B/10`,
    kept: `${two} pieces B all; A < +B/12`,
  },
  flagCase('N9', 'a connection over uTP sets 0x04', 'utp', ['10', '14']),
  flagCase('N9', 'one over TCP does not', '', ['14', '10']),
  {
    clause: 'N9',
    title: 'a second connection over uTP sets it, too',
    broken: `${two} join again at=203.0.113.2:6881 utp id=0; wait 3; A < +B/10`,
    kept: `${two} join again at=203.0.113.2:6881 utp id=0; wait 3; A < +B/14`,
  },
  flagCase('N10', 'ut_holepunch sets 0x08', 'holepunch=4', ['10', '18']),
  flagCase('N10', 'ut_holepunch 0 does not', 'holepunch=0', ['18', '10']),
  flagCase('N11', 'who was dialled sets 0x10', '', ['00', '10']),
  {
    clause: 'N11',
    title: 'who dialled does not',
    broken: `join A; join C id=0 p=6881 ${incoming}; wait 3; A < +198.51.100.3:6881/10`,
    kept: `join A; join C id=0 p=6881 ${incoming}; wait 3; A < +198.51.100.3:6881/00`,
  },
]

export const messageCases: readonly ClauseCase[] = [...idCases, ...formCases, ...flagCases]
