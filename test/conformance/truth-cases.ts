/**
 * What a message says of the swarm: who is told, under which endpoint, who is dropped, when and how many. Each in two versions,
 * one that breaks a single clause, and one that keeps it. Written in the script of `scene.ts`.
 */
import type { ClauseCase } from './clause-cases.ts'

/** A, who listens, and B, who is told. */
const two = 'join A; join B id=0; wait 3;'
const told = `${two} A < +B;`
const incoming = 'incoming at=198.51.100.3:50000'
/** C was told under one port, and has another now. */
const moved = `join A; join C id=0 p=6881 ${incoming}; wait 3; A < +198.51.100.3:6881/00; hears C p=6882; wait 60;`
/** B was hung up on before A, who holds C, could be told of it. */
const hungUp = (reason: string): string => `join A; join C id=0; wait 3; A < +C; join B id=0; wait 3; leave B ${reason}; wait 61;`
/** 120 were told, and have gone. */
const manyGone =
  'join A; join B1..B120 id=0; wait 2; A < +B1..B50; wait 60; A < +B51..B100; wait 60; A < +B101..B120; leave B1..B120; wait 60;'

const contactCases: readonly ClauseCase[] = [
  {
    clause: 'N13',
    title: 'hearsay is not told',
    broken: `${two} B > +198.51.100.9:6881; A < +B +198.51.100.9:6881`,
    kept: `${two} B > +198.51.100.9:6881; A < +B`,
  },
  {
    clause: 'N13',
    title: 'whose extended handshake is not there is not told, unless it has none',
    broken: `${two} join C mute; wait 9; A < +B +C`,
    kept: `${two} join C mute; join D plain; wait 9; A < +B +D; wait 600; finish`,
  },
  {
    clause: 'N14',
    title: 'the port that a peer dialled from is not told',
    broken: `${two} join C id=0 ${incoming}; wait 3; A < +B +198.51.100.3:50000/00`,
    kept: `${two} join C id=0 ${incoming}; wait 3; A < +B; wait 600; finish`,
  },
  {
    clause: 'N14',
    title: 'port 0 is not told',
    peer: 'breaks it',
    broken: `${two} A > +198.51.100.9:0`,
    kept: `${two} A > +198.51.100.9:1`,
  },
  {
    clause: 'N14',
    title: 'the port that a peer gave up is not told',
    broken: `join A; join C id=0 p=6881 ${incoming}; wait 3; hears C p=6882; wait 2; A < +198.51.100.3:6881/00`,
    kept: `join A; join C id=0 p=6881 ${incoming}; wait 3; hears C p=6882; wait 2; A < +198.51.100.3:6882/00`,
  },
  {
    clause: 'N14',
    title: 'an address of a local network is not told outside of it',
    broken: `${two} join C id=0 at=192.168.0.3:6881; wait 3; A < +B +C`,
    kept: `${two} join C id=0 at=192.168.0.3:6881; join D at=192.168.0.4:6881; wait 3; A < +B; D < +A +B +C; wait 600; finish`,
  },
]

const changeCases: readonly ClauseCase[] = [
  {
    clause: 'N15',
    title: 'who has gone is dropped with the next message that has room',
    broken: `${told} leave B; join C id=0; wait 60; A < +C`,
    kept: `${told} leave B; join C id=0; wait 60; A < +C -B`,
  },
  {
    clause: 'N15',
    title: 'who has gone is dropped though there is nothing else to say',
    broken: `${told} leave B; wait 121; finish`,
    kept: `${told} leave B; wait 120; finish; A < -B; wait 600; finish`,
  },
  {
    clause: 'N15',
    title: 'of 120 who have gone none is lost',
    broken: `${manyGone} A < -B1..B50; wait 60; A < -B51..B100; wait 60; A < -B101..B119`,
    kept: `${manyGone} A < -B1..B50; wait 60; A < -B51..B100; wait 60; A < -B101..B120; wait 600; finish`,
  },
  {
    clause: 'N15',
    title: 'an endpoint that its peer has given up is dropped',
    broken: `${moved} A < +198.51.100.3:6882/00`,
    kept: `${moved} A < +198.51.100.3:6882/00 -198.51.100.3:6881`,
  },
  { clause: 'N16', title: 'who is there is not dropped', broken: `${told} wait 60; A < -B`, kept: `${told} leave B; wait 60; A < -B` },
  {
    clause: 'N16',
    title: 'who is back is not dropped',
    broken: `${told} leave B; wait 57; join B id=0; wait 3; A < -B`,
    kept: `${told} leave B; wait 59; join B id=0; wait 600; finish; leave B; A < -B`,
  },
  {
    clause: 'N17',
    title: 'a newcomer is told of no departure',
    broken: `${told} leave B; wait 60; A < -B; join C; C < +A -B`,
    kept: `${told} leave B; wait 60; A < -B; join C; C < +A`,
  },
  {
    clause: 'N17',
    title: 'a drop is told once',
    peer: 'breaks it',
    broken: `${two} A > +198.51.100.9:1000; wait 60; A > -198.51.100.9:1000; wait 60; A > -198.51.100.9:1000`,
    kept: `${two} A > +198.51.100.9:1000; wait 60; A > -198.51.100.9:1000`,
  },
  {
    clause: 'N20',
    title: 'who was away for a moment is not told again',
    broken: `${told} leave B; join B id=0; wait 60; A < +B`,
    kept: `${told} leave B; join B id=0; join C id=0; wait 60; A < +C`,
  },
  {
    clause: 'N20',
    title: 'who is there is told with the next message that has room',
    broken: `${two} join C id=0; wait 3; A < +B`,
    kept: `${two} join C id=0; wait 2; A < +B; wait 100; finish`,
  },
  {
    clause: 'N20',
    title: 'who is there is told within a turn',
    broken: `${two} wait 118; finish`,
    kept: `${two} wait 117; finish; A < +B; wait 600; finish`,
  },
  {
    clause: 'N20',
    title: 'what a peer claimed itself is told when it claims it no more',
    broken: `${told} join C id=0; A > +C; wait 60; A > -C; join D id=0; wait 3; A < +D`,
    kept: `${told} join C id=0; A > +C; wait 60; A > -C; join D id=0; wait 3; A < +D +C`,
  },
  {
    clause: 'N22',
    title: 'messages after the first add 50 at most, of both families together',
    broken: `${told} join C1..C50 id=0; join D id=0 at=[2001:db8::4]:6881; wait 60; A < +C1..C50 +D`,
    kept: 'join A; join B1..B51 id=0; wait 3; A < +B1..B51; join C1..C50 id=0; wait 60; A < +C1..C50',
  },
  {
    clause: 'N23',
    title: 'a message drops 50 at most',
    broken: `${manyGone} A < -B1..B51; wait 60; A < -B52..B101; wait 60; A < -B102..B120`,
    kept: `${manyGone} A < -B1..B50; wait 60; A < -B51..B100; wait 60; A < -B101..B120`,
  },
]

const recentCases: readonly ClauseCase[] = [
  {
    clause: 'N25',
    title: 'who was hung up on for a harmless reason may be told, and nobody else who has gone',
    broken: `${hungUp('')} A < +B; wait 60; A < -B`,
    kept: `${hungUp('resource-limit')} A < +B; wait 60; A < -B`,
  },
  {
    clause: 'N25',
    title: 'it is dropped in the next message',
    broken: `${hungUp('duplicate')} A < +B; join D id=0; wait 60; A < +D`,
    kept: `${hungUp('duplicate')} A < +B; join D id=0; wait 60; A < +D -B`,
  },
  {
    clause: 'N25',
    title: 'it is not dropped if it is there again by then',
    broken: `${hungUp('no-mutual-interest')} A < +B; join D id=0; wait 60; A < +D`,
    kept: `${hungUp('no-mutual-interest')} A < +B; join D B id=0; wait 60; A < +D`,
  },
  {
    clause: 'N25',
    title: 'it is told only while fewer than 25 of its family are live',
    broken: 'join A; join B1..B24 id=0; wait 3; A < +B1..B24; join C id=0; wait 3; leave C duplicate; wait 60; A < +C; wait 60; A < -C',
    kept: 'join A; join B1..B23 id=0; wait 3; A < +B1..B23; join C id=0; wait 3; leave C duplicate; wait 60; A < +C; wait 60; A < -C',
  },
  {
    clause: 'N25',
    title: 'it is one of the last 25 of its family',
    broken: 'join A; join B1..B26 id=0; wait 3; leave B1..B26 duplicate; wait 60; A < +B1; wait 60; A < -B1',
    kept: 'join A; join B1..B26 id=0; wait 3; leave B1..B26 duplicate; wait 60; A < +B2; wait 60; A < -B2',
  },
  {
    clause: 'N25',
    title: 'each receiver is told of it once',
    broken: `${hungUp('duplicate')} A < +B; wait 60; A < -B; wait 60; A < +B; wait 60; A < -B`,
    kept: `${hungUp('duplicate')} A < +B; wait 60; A < -B; join B id=0; leave B duplicate; wait 60; A < +B; wait 60; A < -B`,
  },
]

export const truthCases: readonly ClauseCase[] = [...contactCases, ...changeCases, ...recentCases]
