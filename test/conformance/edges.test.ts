/** Where a rule begins and ends: pairs and single cases beside the table of clauses, each with what is found in it. */
import { describe, expect, test } from 'vitest'
import type { ObserverOptions } from '../../src/conformance/index.ts'
import { Scene } from './scene.ts'

type Edge = readonly [title: string, script: string, found: readonly string[], options?: ObserverOptions]

const two = 'join A; join B id=0; wait 3;'
const other = '198.51.100.9:6881'
const reporting: ObserverOptions = { isReporting: true, listenPort: 7000 }

const sending: readonly Edge[] = [
  [
    'a receiver that begins anew may be told of more than fifty at once, as at first',
    'join A; join B1..B60 id=0; wait 3; A < +B1..B60; hears A id=0; wait 60; hears A id=1; A < +B1..B60',
    [],
  ],
  [
    'who has gone must not wait behind those who go later, message after message',
    'join A; join B1..B5 id=0; wait 3; A < +B1; wait 60; A < +B2; wait 60; A < +B3; wait 60; A < +B4; wait 60; A < +B5; leave B1 B2;' +
      'wait 60; A < -B2; leave B3; wait 60; A < -B3; leave B4; wait 60; A < -B4; leave B5; wait 60; A < -B5',
    ['N15'],
    { rules: { maxContacts: 1, turnMs: 65_000 } },
  ],
  ['silence is found when the receiver switches it off', `${two} wait 118; hears A id=0`, ['N20']],
  ['silence is found when the receiver leaves', `${two} wait 118; leave A`, ['N20']],
  ['silence is found when the torrent becomes private', `${two} wait 118; private true`, ['N20']],
  ['silence is none before its time', `${two} wait 117; leave A`, []],
  ['six that are told are not enough', 'join A; join B1..B9 id=0; wait 3; A < +B1..B6', ['N20']],
  ['who is not shared need not be told', 'join A; join B id=0 unshared; wait 600; finish', []],
  ['what a peer told when it was too late is known to it', 'join A; join B id=0; says A id=0; A > +B id=7; wait 600; finish', []],
  ['a peer that had switched it off hears all anew', `${two} A < +B; hears A id=0; wait 60; hears A id=1; wait 121; finish`, ['N20']],
]

const live24 = 'join A; join B1..B23 id=0; wait 3; A < +B1..B23; join D id=0; wait 3; leave D duplicate; wait 60;'
const hangUps = 'join A; join B id=0; wait 3; leave B duplicate; join C1..C3 id=0; wait 3; leave C1..C3 duplicate; wait 60;'
const recent: readonly Edge[] = [
  [
    'who was there for a moment only does not push another out of the last 25',
    'join A; join B id=0; wait 3; leave B duplicate; join C1..C25 id=0; wait 1; leave C1..C25 duplicate; wait 60; A < +B; wait 60; A < -B',
    [],
  ],
  [
    'who was there for long does',
    'join A; join B id=0; wait 3; leave B duplicate; join C1..C25 id=0; wait 3; leave C1..C25 duplicate; wait 60; A < +B; wait 60; A < -B',
    ['N25'],
  ],
  ['of the last three the fourth is none', `${hangUps} A < +B; wait 60; A < -B`, ['N25'], { rules: { maxRecent: 3 } }],
  ['who is back is none of the last', `${hangUps} join C1 id=0; wait 2; A < +B; wait 60; A < +C1 -B`, [], { rules: { maxRecent: 3 } }],
  ['who has just come is none of the 25 that are live', `${live24} join C id=0; wait 2; A < +D; wait 60; A < +C -D`, []],
  ['who came before is', `${live24} join C id=0; wait 3; A < +C +D; wait 60; A < -D`, ['N25']],
  [
    'who is not shared is none of the 25 that are live',
    'join A; join B1..B23 id=0; join C id=0 unshared; wait 3; A < +B1..B23; join D id=0; wait 3; leave D duplicate; wait 60; A < +D; wait 60; A < -D',
    [],
  ],
]

const twice = 'join B2 at=203.0.113.2:6881 id=0;'
const facts: readonly Edge[] = [
  ['who spoke uTP on a connection that is closed may be told to', `join A; join B id=0 utp; ${twice} wait 3; leave B; A < +B/14`, []],
  ['or not to', `join A; join B id=0 utp; ${twice} wait 3; leave B; A < +B/10`, []],
  [
    'who was a seed on a connection that is closed need not be told to seeds',
    `join A seed; join B id=0 seed; wait 60; ${twice} wait 1; leave B; wait 600; finish`,
    [],
  ],
  ['but to others', `join A; join B id=0 seed; wait 60; ${twice} wait 1; leave B; wait 600; finish`, ['N20']],
]

/** A tells of one address with these ports, without flags. */
const portsOf = (ports: string): string =>
  `join A; A >> d5:added${6 * ports.length}:${[...ports].map((port) => `\x09\x09\x09\x09\0${port}`).join('')}e;`
const retold = `${two} A > +${other}; private true; wait 60; private false; A > -${other}; wait 60; A > +${other};`
const receiving: readonly Edge[] = [
  ['six messages in a minute are no flood', `${two} ${'A > +9.9.9.9:999;'.repeat(6)} hang-up A`, ['N24']],
  ['seven are', `${two} ${'A > +9.9.9.9:999;'.repeat(7)} hang-up A`, []],
  ['what is told again is no longer forgotten', `${retold} A reports +${other}; dial ${other}`, []],
  [
    'what was sent while it was unknown is right once it is public, whatever comes later',
    'private unknown; join A B; wait 3; A < +B; B < +A; private false; private true',
    [],
  ],
  ['of five ports of an address some need not be taken', `${portsOf('\x02\x03\x04\x05\x06')} wait 9; finish`, [], reporting],
  ['of four each must be', `${portsOf('\x02\x03\x04\x05')} wait 9; finish`, ['N4'], reporting],
  [
    'a message that follows another too soon need not be read',
    `join A; A > +9.9.9.9:999; A reports +9.9.9.9:999; wait 29; A >> d5:added6:Be; wait 9; finish`,
    [],
    reporting,
  ],
  [
    'one that does not must be',
    `join A; A > +9.9.9.9:999; A reports +9.9.9.9:999; wait 30; A >> d5:added6:Be; wait 9; finish`,
    ['N4'],
    reporting,
  ],
  [
    'a contact that may be the node itself need not be taken',
    'join A; A >> d5:added6:\x09\x09\x09\x09\x1b\x58e; wait 9; finish',
    [],
    reporting,
  ],
  ['a contact that is its source itself need not be taken', 'join A; A >> d5:added6:Ae; wait 9; finish', [], reporting],
  ['one that is another must be', 'join A; A >> d5:added6:Be; wait 9; finish', ['N4'], reporting],
]

const many = Array.from({ length: 45 }, (_, index) => `60.${index}.1.1:6881`)
const dialling: readonly Edge[] = [
  ['one source may have all dials while others have nothing', `join A; A > +${many.join(' +')}; dial ${many.join(' ')}`, []],
  [
    'a seed is not compared with who lacks pieces',
    'join A; address 123.213.32.10; A > +98.76.54.32:1000/02 +123.213.32.234:1000/00; dial 123.213.32.234:1000',
    [],
  ],
]

describe('the edges', () => {
  const all = [...sending, ...recent, ...facts, ...receiving, ...dialling]
  test.each(all.map(([title, script, found, options]) => ({ title, script, found, options })))('$title', ({ found, options, script }) => {
    const { findings } = new Scene(options).play(script).observer
    expect([...new Set(findings.filter(({ by }) => by === 'local').map(({ clause }) => clause))]).toEqual(found)
  })

  test('a stranger is not accused of what only the node could know', () => {
    const scene = new Scene().play('join A; join C id=0 at=[2001:db8::3]:6881; A >> d5:added18:Se')
    expect(scene.broken).not.toContain('N3 by a peer')
  })
})
