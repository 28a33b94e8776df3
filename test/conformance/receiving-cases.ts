/** What a node makes of what it was told, each in two versions: one that breaks a single clause, and one that keeps it. */
import type { ClauseCase } from './clause-cases.ts'

const two = 'join A B id=0; wait 3;'
const other = '198.51.100.9:6881'
/** The contact of `two`'s B, without flags. */
const withoutFlags = 'A >> d5:added6:Be'
const reporting = { isReporting: true }

/** Four peers tell of fifty contacts each, every one in a network of its own. */
const offers = [0, 1, 2, 3].map((source) => {
  const contacts = Array.from({ length: 50 }, (_, index) => `${60 + source}.${index}.1.1:6881`)
  return { contacts, told: `join S${source} id=0; S${source} > ${contacts.map((contact) => `+${contact}`).join(' ')};` }
})
const dials = (counts: readonly number[]): string =>
  offers.map(({ told }) => told).join(' ') +
  counts.map((count, source) => `dial ${offers[source]!.contacts.slice(0, count).join(' ')};`).join('')
/** Seven messages within a minute. */
const flood = `${Array.from({ length: 7 }, (_, index) => `A > +198.51.100.${index}:6881; wait 9;`).join(' ')}`

export const receivingCases: readonly ClauseCase[] = [
  {
    clause: 'N4',
    title: 'a contact that comes without flags is taken',
    options: reporting,
    broken: `${two} ${withoutFlags}; wait 2; finish`,
    kept: `${two} ${withoutFlags}; A reports +B/00; wait 2; finish`,
  },
  {
    clause: 'N12',
    title: 'reserved flags are no reason to leave a contact out',
    options: reporting,
    peer: 'breaks others',
    broken: `${two} A > +${other}/90; wait 2; finish`,
    kept: `${two} A > +${other}/90; A reports +${other}; wait 2; finish`,
  },
  {
    clause: 'N12',
    title: 'reserved flags are not handed on to the host',
    peer: 'breaks others',
    broken: `${two} A > +${other}/90; A reports +${other}/90`,
    kept: `${two} A > +${other}/90; A reports +${other}/10`,
  },
  {
    clause: 'N24',
    title: 'who sends a little too soon is not hung up on, who floods may be',
    peer: 'breaks others',
    broken: `${two} A > +${other}; wait 55; A > -${other}; hang-up A`,
    kept: `${two} ${flood} hang-up A`,
  },
  {
    clause: 'N24',
    title: 'who speaks no bencode may be hung up on',
    peer: 'breaks others',
    broken: `${two} A >> d5:added6:B7:added.f2:..e; hang-up A`,
    kept: `${two} A >> BBBB; hang-up A`,
  },
  {
    clause: 'N26',
    title: 'nothing is reported that its source did not say',
    broken: `${two} A > +${other}; A reports +198.51.100.9:6882`,
    kept: `${two} A > +${other}; A reports +${other}`,
  },
  {
    clause: 'N26',
    title: 'nobody drops what another claims',
    broken: `${two} A > +${other}; A reports +${other}; B > +198.51.100.8:6881; B reports -${other}`,
    kept: `${two} A > +${other}; A reports +${other}; wait 60; A > -${other}; A reports -${other}`,
  },
  {
    clause: 'N27',
    title: 'of 40 dials 20 at most are contacts of one source, while four have some',
    broken: dials([21, 40, 20, 20]),
    kept: dials([20, 20, 20, 20]),
  },
  {
    clause: 'N28',
    title: 'another port of an address is dialled only when the first has failed',
    broken: `${two} A > +1.1.1.1:1000 +1.1.1.1:2000; dial 1.1.1.1:1000; dial 1.1.1.1:2000`,
    kept: `${two} A > +1.1.1.1:1000 +1.1.1.1:2000; dial 1.1.1.1:1000; fail 1.1.1.1:1000; dial 1.1.1.1:2000`,
  },
  {
    clause: 'N28',
    title: 'a third port is not dialled within the hour',
    broken: `${two} A > +1.1.1.1:1000 +1.1.1.1:2000 +1.1.1.1:3000; dial 1.1.1.1:1000; fail 1.1.1.1:1000; dial 1.1.1.1:2000; fail 1.1.1.1:2000; wait 3599; dial 1.1.1.1:3000`,
    kept: `${two} A > +1.1.1.1:1000; dial 1.1.1.1:1000; fail 1.1.1.1:1000; dial 1.1.1.1:2000; fail 1.1.1.1:2000; wait 3600; dial 1.1.1.1:3000`,
  },
  {
    // BEP 40's own vectors: ec2d7224 for 98.76.54.32, 99568189 for 123.213.32.234.
    clause: 'N29',
    title: 'of two contacts of one source the one with the higher priority is dialled first',
    broken: `${two} address 123.213.32.10; A > +98.76.54.32:1000 +123.213.32.234:1000; dial 123.213.32.234:1000`,
    kept: `${two} address 123.213.32.10; A > +98.76.54.32:1000 +123.213.32.234:1000; dial 98.76.54.32:1000; dial 123.213.32.234:1000`,
  },
  {
    clause: 'N30',
    title: 'nothing is sent on a private torrent',
    broken: 'join A B; wait 3; private true; A < +B',
    kept: 'join A B; wait 3; private true; wait 600; private false; wait 3; A < +B; B < +A',
  },
  {
    clause: 'N30',
    title: 'what was sent before that was known counts',
    options: { private: 'unknown' },
    broken: 'join A B; wait 3; A < +B; B < +A; wait 60; private true',
    kept: 'join A B; wait 3; A < +B; B < +A; wait 60; private false',
  },
  {
    clause: 'N30',
    title: 'nothing that was received is reported on a private torrent',
    options: { private: true },
    broken: `${two} A > +${other}; A reports +${other}`,
    kept: `${two} A > +${other}; private false; A > +198.51.100.8:6881; A reports +198.51.100.8:6881`,
    peer: 'breaks others',
  },
  {
    clause: 'N30',
    title: 'what was dialled before that was known counts',
    options: { private: 'unknown' },
    broken: `${two} A > +${other}; dial ${other}; wait 9; private true`,
    kept: `${two} A > +${other}; wait 9; private false; dial ${other}`,
  },
  {
    clause: 'N30',
    title: 'what was received is forgotten, also should the torrent be public after all',
    broken: `${two} A > +${other}; private true; wait 60; private false; dial ${other}`,
    kept: `${two} A > +${other}; private true; wait 60; private false; A > +198.51.100.8:6881; dial 198.51.100.8:6881`,
  },
]
