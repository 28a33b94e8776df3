/** The observer's own manners: what it takes, what it throws for, what it bounds, and what it leaves unjudged. */
import { describe, expect, test } from 'vitest'
import { canonicalPriority, parseEndpoint } from '../../src/address/index.ts'
import { keyAt } from '../../src/conformance/endpoint.ts'
import { type Clause, clauses, Observer } from '../../src/conformance/index.ts'
import { priorityOf } from '../../src/conformance/priority.ts'
import { fromText } from '../codec/bytes.ts'
import { Chance } from './chance.ts'
import { Scene } from './scene.ts'

describe('an observer', () => {
  test('throws for what its host tells it wrongly: a time that goes back, a connection that is not open, or twice', () => {
    const scene = new Scene().play('join A; wait 9')
    expect(() => scene.play('join A')).toThrow(RangeError)
    expect(() => scene.play('B < +A')).toThrow(/connection: there is none of the name B/)
    scene.play('pieces A all')
    expect(() => scene.observer.finish(8_999)).toThrow(/at: 8999 is before 9000/)
    expect(() => scene.observer.finish(Number.NaN)).toThrow(RangeError)
  })

  test('throws for nothing that a peer sends, handshake or message', () => {
    const chance = new Chance(1)
    const { observer } = new Scene().play('join A')
    for (let count = 0; count < 2_000; count++) {
      const bytes = Uint8Array.from({ length: chance.below(60) }, () => chance.below(256))
      const said = fromText(`d1:md6:ut_pexi${chance.below(400)}eee`)
      observer.handshake({ connection: 'A', at: count, from: 'remote', handshake: chance.isTrue(0.5) ? bytes : said })
      observer.message({ connection: 'A', at: count, from: 'remote', id: chance.below(256), bytes })
    }
    expect(observer.summary().N18.judged).toBe(1_999)
  })

  test('reads handshakes in bytes as it reads them decoded', () => {
    const said = new Scene().play('join A mute; join B id=0; wait 1')
    said.observer.handshake({ connection: 'A', at: said.at, from: 'remote', handshake: fromText('d1:md6:ut_pexi9eee') })
    said.play('wait 3; A < +B id=9')
    expect(said.broken).toEqual([])
    expect(said.play('wait 60; A < +B id=1').broken).toEqual(['N1', 'N20'])
  })

  test('remembers so much of a peer, and no longer follows to the letter who tells more', () => {
    const scene = new Scene().play('join A')
    for (let message = 0; message < 21; message++) {
      const contacts = Array.from({ length: 1_000 }, (_, index) => `9.${message}.${index >> 8}.${index & 0xff}:1`)
      scene.play(`wait 60; A > +${contacts.join(' +')}`)
    }
    scene.play('wait 60; A > -8.8.8.8:8')
    expect(scene.broken).toEqual(['N22 by a peer'])
  })

  test('keeps so many findings, and counts the others', () => {
    const scene = new Scene({ rules: { maxFindings: 3 } }).play('join A B id=0; hears A id=1; wait 3')
    for (let count = 0; count < 9; count++) scene.play('A < +B/90')
    expect(scene.observer.findings).toHaveLength(3)
    expect(scene.observer.summary().N12).toEqual({ judged: 9, findings: 9 })
  })

  test('has a count for every clause from the start', () => {
    const { observer } = new Scene()
    expect(Object.keys(observer.summary())).toEqual(Object.keys(clauses))
    expect(Object.values(observer.summary()).every(({ findings, judged }) => findings + judged === 0)).toBe(true)
    expect(Object.keys(clauses)).toEqual(Array.from({ length: 31 }, (_, index) => `N${index + 1}`))
  })
})

describe('what it cannot know it does not judge:', () => {
  const unjudged = (script: string, ...list: readonly Clause[]): void => {
    const { observer } = new Scene().play(script)
    expect(observer.findings).toEqual([])
    expect(list.map((clause) => observer.summary()[clause].judged)).toEqual(list.map(() => 0))
  }

  test('of a peer who is told to whom, whether that is true, and whether it is all', () => {
    unjudged('join A B; A > +9.9.9.9:9999/1f; wait 60; A > -9.9.9.9:9999', 'N7', 'N8', 'N9', 'N10', 'N11', 'N13', 'N15', 'N16', 'N25')
  })

  test('drops and first messages on a connection that it did not hear from the start', () => {
    unjudged('join A late; A > -9.9.9.9:9999; wait 60; A > +1.0.0.1:2', 'N17', 'N22')
  })

  test('the id of a message when that was not recorded, and of a peer to whom no handshake was reported', () => {
    const observer = new Observer()
    const facts = { address: undefined, port: undefined, direction: 'incoming', transport: 'tcp', isExtended: true } as const
    observer.connected({ connection: 1, at: 0, ...facts })
    observer.message({ connection: 1, at: 0, from: 'remote', id: undefined, bytes: fromText('d5:added6:123456e') })
    observer.message({ connection: 1, at: 60_000, from: 'remote', id: 3, bytes: fromText('d5:added6:abcdefe') })
    expect(observer.findings).toEqual([])
    expect(observer.summary().N1.judged).toBe(0)
  })

  test('what is not reported, unless the host said that it reports all', () => {
    unjudged('join A; A >> d5:added6:Be; wait 9; finish', 'N4')
  })
})

describe('nobody must be told', () => {
  test.each([
    ['of itself', 'join A; wait 600; finish'],
    ['of itself by another connection', 'join A; join B at=203.0.113.1:6881; wait 600; finish'],
    ['of what it tells itself', 'join A; join B id=0; A > +B; wait 600; finish'],
    ['of what it told before it was told that no more is taken', 'join A; join B id=0; A > +B; says A id=0; wait 600; finish'],
    ['as a seed of a seed', 'join A seed; join B seed id=0; wait 600; finish'],
    ['of who gave no port', 'join A; join B incoming id=0; wait 600; finish'],
    ['of another network', 'join A; join B at=10.0.0.1:2 id=0; wait 600; finish'],
    ['while sending is stopped', 'join A; join B id=0; stop A; wait 600; go A; wait 117; finish'],
    [
      'while it is unknown whether the torrent is private',
      'join A; join B id=0; private unknown; wait 600; private false; wait 117; finish',
    ],
    ['of more than it can hold', 'join A; join B id=0; wait 600; finish'],
  ])('%s', (name, script) => {
    const rules = name === 'of more than it can hold' ? { maxHeld: 0 } : {}
    expect(new Scene({ rules }).play(script).observer.findings).toEqual([])
  })

  test('and all of them must be, once that is over', () => {
    expect(new Scene().play('join A; join B id=0; stop A; wait 600; go A; wait 121; finish').broken).toEqual(['N20'])
    expect(new Scene().play('private unknown; join A; join B id=0; wait 60; private false; wait 121; finish').broken).toEqual(['N20'])
    expect(new Scene().play('join A seed; join B id=0; wait 121; finish').broken).toEqual(['N20'])
  })
})

describe('two connections to one endpoint', () => {
  test('are one contact until the last is closed', () => {
    const told = 'join A; join B id=0; join B2 at=203.0.113.2:6881 id=0; wait 3; A < +B; leave B; wait 60;'
    expect(new Scene().play(`${told} A < -B`).broken).toEqual(['N16'])
    expect(new Scene().play(`${told} leave B2; A < -B`).broken).toEqual([])
  })

  test('may be none for a moment, when the one that remains has just begun', () => {
    const told = 'join A; join B e=1 id=0; wait 3; A < +B/11; wait 58; join B2 at=203.0.113.2:6881 id=0; wait 1; leave B; wait 1;'
    expect(new Scene().play(`${told} A < -B`).broken).toEqual([])
    expect(new Scene().play(`${told} join C; wait 3; C < +A +B/10`).broken).toEqual([])
  })
})

test('a contact that was there only for a moment may be told as it was before', () => {
  const told =
    'join A; join C id=0; wait 3; A < +C; join B e=1 id=0; wait 3; leave B duplicate; wait 9; join B id=0; wait 1; leave B; wait 50;'
  expect(new Scene().play(`${told} A < +B/11; wait 60; A < -B`).broken).toEqual([])
  expect(new Scene().play(`${told.replace('wait 1; leave', 'wait 3; leave')} A < +B/10; wait 60; A < -B`).broken).toEqual(['N25'])
})

test('the priority of BEP 40, written a second time, is that of the address layer', () => {
  const chance = new Chance(40)
  const key = (bytes: Uint8Array): string => keyAt(bytes, 0, bytes.length)
  const vectors = ['123.213.32.10:0', '98.76.54.32:0', '123.213.32.234:0'].map((text) => parseEndpoint(text.replace(':0', ':1'))!)
  expect(priorityOf(key(vectors[0]!), key(vectors[1]!))).toBe(0xec2d7224)
  expect(priorityOf(key(vectors[0]!), key(vectors[2]!))).toBe(0x99568189)
  for (let count = 0; count < 2_000; count++) {
    const length = chance.isTrue(0.5) ? 6 : 18
    const a = Uint8Array.from({ length }, () => chance.below(256))
    const same = chance.below(length + 1)
    const b = Uint8Array.from(a, (byte, at) => (at < same ? byte : chance.below(256)))
    expect(priorityOf(key(a), key(b))).toBe(canonicalPriority(a, b))
  }
  expect(priorityOf('\0'.repeat(6), '\0'.repeat(18))).toBe(0)
})
