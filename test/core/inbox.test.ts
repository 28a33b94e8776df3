import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Scope } from '../../src/address/ranges.ts'
import { encodeMessage } from '../../src/codec/message.ts'
import { Inbox, type InboxOwner } from '../../src/core/inbox.ts'
import { defaultLimits, type Limits } from '../../src/core/limits.ts'
import { endpoints, familyOf, textOf } from './endpoints.ts'

const minute = 60_000

interface Contacts {
  readonly added?: readonly string[]
  readonly flags?: readonly number[]
  readonly dropped?: readonly string[]
}

/** The message that says this; the flags are for the contacts in the order in which they stand here. */
function messageOf({ added = [], flags = [], dropped = [] }: Contacts): Uint8Array {
  const ofFamily = (texts: readonly string[], family: number) => endpoints(texts.filter((text) => familyOf(text) === family))
  const flagsOf = (family: number) => Uint8Array.from(added.flatMap((text, i) => (familyOf(text) === family ? [flags[i] ?? 0] : [])))
  return encodeMessage({
    added: ofFamily(added, 4),
    addedFlags: flagsOf(4),
    added6: ofFamily(added, 6),
    added6Flags: flagsOf(6),
    dropped: ofFamily(dropped, 4),
    dropped6: ofFamily(dropped, 6),
  })
}

const fromText = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))

/** An inbox whose owner writes down what it hears, and refuses one address. */
class Bench {
  readonly inbox: Inbox
  heard: string[] = []
  #now = 0

  constructor(limits: Partial<Limits> = {}, refused = '') {
    const owner: InboxOwner = {
      refuses: (_inbox, bytes, offset, family) => textOf(bytes, offset, family) === refused,
      claimed: (_inbox, bytes, offset, family, flags) => this.heard.push(`+${textOf(bytes, offset, family)} ${flags}`),
      released: (_inbox, bytes, offset, family, why) => this.heard.push(`-${textOf(bytes, offset, family)} ${why}`),
      violation: (_inbox, code, count) => this.heard.push(`${code} ${count}`),
    }
    this.inbox = new Inbox({ ...defaultLimits, ...limits }, owner, 0x5eed)
  }

  /** What the owner hears when this arrives a minute later. */
  receive(message: Contacts | string | Uint8Array): string[] {
    this.#now += minute
    return this.receiveAt(this.#now, message)
  }

  receiveAt(now: number, message: Contacts | string | Uint8Array): string[] {
    this.heard = []
    if (message instanceof Uint8Array) this.inbox.handleMessage(message, now)
    else this.inbox.handleMessage(typeof message === 'string' ? fromText(message) : messageOf(message), now)
    return this.heard
  }

  get claims(): string[] {
    const texts: string[] = []
    this.inbox.claims.forEach((bytes, offset, family, flags) => {
      texts.push(`${textOf(bytes, offset, family)} ${flags}`)
    })
    return texts
  }
}

const addresses = (count: number, third = 1): string[] => Array.from({ length: count }, (_, i) => `8.8.${third}.${i}:6881`)
const addresses6 = (count: number): string[] => Array.from({ length: count }, (_, i) => `[2001:db8::${i + 1}]:6881`)

describe('a message', () => {
  test('tells the owner what is new and what has gone, of both families', () => {
    const bench = new Bench()
    expect(bench.receive({ added: ['1.2.3.4:5', '[2001:db8::1]:6'], flags: [0x12, 0x01] })).toEqual(['+1.2.3.4:5 18', '+[2001:db8::1]:6 1'])
    expect(bench.receive({ dropped: ['1.2.3.4:5', '[2001:db8::1]:6'] })).toEqual(['-1.2.3.4:5 dropped', '-[2001:db8::1]:6 dropped'])
    expect(bench.claims).toEqual([])
  })

  test('is taken in, and its faults told, when nobody listens to contacts', () => {
    const bench = new Bench()
    bench.inbox.owner.isListening = () => false
    expect(bench.receive({ added: ['1.2.3.4:5', '1.2.3.5:5', '1.2.3.6:5', '[2001:db8::1]:1'] })).toEqual(['refused-contact 1'])
    // The second drop names another port, the third nothing that is there.
    expect(bench.receive({ dropped: ['1.2.3.4:5', '1.2.3.5:6', '9.9.9.9:9'] })).toEqual(['unknown-drop 1'])
    expect(bench.claims).toEqual(['1.2.3.6:5 0'])
  })

  test('that drops and adds a contact leaves it there', () => {
    const bench = new Bench()
    const both = { added: ['1.2.3.4:5'], dropped: ['1.2.3.4:5'] }
    expect(bench.receive(both)).toEqual(['unknown-drop 1', '+1.2.3.4:5 0'])
    expect(bench.receive(both)).toEqual(['-1.2.3.4:5 dropped', '+1.2.3.4:5 0'])
  })

  test('that adds a contact again only changes its flags', () => {
    const bench = new Bench()
    bench.receive({ added: ['1.2.3.4:5'], flags: [1] })
    expect(bench.receive({ added: ['1.2.3.4:5', '1.2.3.4:5'], flags: [2, 3] })).toEqual([])
    expect(bench.claims).toEqual(['1.2.3.4:5 3'])
  })

  test('keeps flags as they came, reserved bits too, beside the right contact', () => {
    const bench = new Bench()
    const added = ['1.2.3.4:5', '127.0.0.1:5', '1.2.3.5:5', '[2001:db8::1]:1', '[2001:db8::1]:6']
    bench.receive({ added, flags: [0xff, 2, 0xe0, 4, 0x81] })
    expect(bench.claims).toEqual(['1.2.3.4:5 255', '1.2.3.5:5 224', '[2001:db8::1]:6 129'])
  })

  test('without flags, or with too many, has contacts with none', () => {
    const bench = new Bench()
    expect(bench.receive('d5:added6:\x01\x02\x03\x04\x00\x05e')).toEqual(['+1.2.3.4:5 0'])
    expect(bench.receive('d5:added6:\x01\x02\x03\x04\x00\x067:added.f2:\xff\xffe')).toEqual(['flags-mismatch 1', '+1.2.3.4:6 0'])
    expect(bench.receive('d5:added12:\x01\x02\x03\x05\x00\x06\x01\x02\x03\x06\x00\x06e')).toEqual(['+1.2.3.5:6 0', '+1.2.3.6:6 0'])
  })

  test('is heard as far as it can be read, and each kind of fault once', () => {
    const bench = new Bench()
    const lists = '5:added7:\x01\x02\x03\x04\x00\x05?6:added6le7:dropped7:\x01\x02\x03\x04\x00\x05?8:dropped6i0e'
    expect(bench.receive(`d${lists}`)).toEqual(['malformed 1', 'wrong-type 1', 'partial-contact 1', 'unknown-drop 1', '+1.2.3.4:5 0'])
    expect(Object.fromEntries(bench.inbox.violations)).toEqual({ malformed: 1, 'wrong-type': 1, 'partial-contact': 1, 'unknown-drop': 1 })
  })

  test('with nothing in it does nothing, as real clients send it', () => {
    const bench = new Bench()
    expect(bench.receive('de')).toEqual([])
    expect(bench.receive('d5:added0:7:added.f0:7:dropped0:e')).toEqual([])
    expect([bench.inbox.messageCount, bench.inbox.refusedMessageCount]).toEqual([2, 0])
  })
})

describe('how often', () => {
  test('six messages at once are read, a seventh is not, and goes on after 30 s', () => {
    const bench = new Bench()
    for (let i = 0; i < 6; i++) expect(bench.receiveAt(0, { added: [`1.2.3.${i}:5`] })).toEqual([`+1.2.3.${i}:5 0`])
    expect(bench.receiveAt(29_999, { added: ['1.2.3.6:5'] })).toEqual(['too-frequent 1'])
    expect(bench.receiveAt(30_000, { added: ['1.2.3.6:5'] })).toEqual(['+1.2.3.6:5 0'])
    expect([bench.inbox.messageCount, bench.inbox.refusedMessageCount]).toEqual([8, 1])
  })

  test('the tenth message in excess within 60 s is a flood', () => {
    const bench = new Bench()
    for (let i = 0; i < 15; i++) bench.receiveAt(0, 'de')
    expect(bench.receiveAt(29_999, 'de')).toEqual(['too-frequent 1', 'flood 1'])
    expect(bench.receiveAt(29_999, 'de')).toEqual(['too-frequent 1'])
    expect(Object.fromEntries(bench.inbox.violations)).toEqual({ 'too-frequent': 11, flood: 1 })
  })
})

describe('how much', () => {
  test('32 KiB are read, one byte more is not', () => {
    const bench = new Bench()
    const head = 'd5:added6:\x01\x02\x03\x04\x00\x051:z32742:'
    const fits = `${head}${'z'.repeat(32_742)}e`
    expect(fits).toHaveLength(32_768)
    expect(bench.receive(`${fits}z`)).toEqual(['too-large 1'])
    expect(bench.receive(fits)).toEqual(['+1.2.3.4:5 0'])
    expect(bench.inbox.refusedMessageCount).toBe(1)
  })

  test('the first message may add 200 of each family, later ones 100 in all, IPv4 first', () => {
    const bench = new Bench()
    const first = bench.receive({ added: [...addresses(203), ...addresses6(201)] })
    expect(first.at(-1)).toBe('too-many-contacts 4')
    expect(first).toHaveLength(401)
    expect(bench.inbox.claims.size).toBe(400)

    bench.receive({ dropped: bench.claims.map((line) => line.split(' ')[0]!) })
    expect(bench.inbox.claims.size).toBe(0)
    expect(bench.receive({ added: [...addresses(60), ...addresses6(60)] }).at(-1)).toBe('too-many-contacts 20')
    expect(bench.claims.filter((line) => line.startsWith('['))).toHaveLength(40)
    expect(bench.receive({ added: [...addresses(120, 2), ...addresses6(1)] }).at(-1)).toBe('too-many-contacts 21')
  })

  test('the first message is the first that adds something', () => {
    const bench = new Bench()
    bench.receive('de')
    bench.receive({ dropped: ['1.2.3.4:5'] })
    expect(bench.receive({ added: addresses(200) })).toHaveLength(200)
    expect(bench.receive({ added: addresses(200, 2) }).at(-1)).toBe('too-many-contacts 100')
  })

  test('all drops are read, however many', () => {
    const bench = new Bench()
    bench.receive({ added: ['1.2.3.4:5'] })
    const dropped = [...Array.from({ length: 5_000 }, (_, i) => `9.9.${i >> 8}.${i & 255}:6881`), '1.2.3.4:5']
    expect(bench.receive({ dropped })).toEqual(['-1.2.3.4:5 dropped', 'unknown-drop 5000'])
  })

  test('the oldest claim gives way to the 201st, and its owner hears of both', () => {
    const bench = new Bench({ maxClaims: 3 })
    bench.receive({ added: addresses(3) })
    expect(bench.receive({ added: ['1.2.3.4:5'] })).toEqual(['-8.8.1.0:6881 evicted', '+1.2.3.4:5 0'])
    bench.receive({ added: addresses6(3) })
    expect(bench.receive({ added: ['[2001:db8::9]:5'] })).toEqual(['-[2001:db8::1]:6881 evicted', '+[2001:db8::9]:5 0'])
  })

  test('a fifth port of one address is not taken, and that is no violation', () => {
    const bench = new Bench()
    const ports = Array.from({ length: 100 }, (_, i) => `1.2.3.4:${i + 2}`)
    expect(bench.receive({ added: ports })).toEqual(['+1.2.3.4:2 0', '+1.2.3.4:3 0', '+1.2.3.4:4 0', '+1.2.3.4:5 0'])
    expect(bench.inbox.crowdedContactCount).toBe(96)
  })

  test('messages that are full of new addresses leave at most 16 KiB', () => {
    const bench = new Bench()
    let seen = 0
    for (let i = 0; i < 30; i++) {
      const hosts = Array.from({ length: 500 }, () => [++seen >> 8, seen & 255] as const)
      bench.receive({ added: [...hosts.map(([c, d]) => `9.9.${c}.${d}:6881`), ...hosts.map(([c, d]) => `[2a00::${c}:${d}]:6881`)] })
    }
    expect(bench.inbox.claims.byteLength).toBeLessThanOrEqual(16 * 1024)
  })
})

describe('what is refused', () => {
  test('ports 0 and 1, counted once in a message', () => {
    const bench = new Bench()
    const added = ['1.2.3.4:0', '1.2.3.4:1', '1.2.3.4:2', '1.2.3.4:256', '[2001:db8::1]:0', '[2001:db8::1]:1', '[2001:db8::1]:2']
    expect(bench.receive({ added })).toEqual(['+1.2.3.4:2 0', '+1.2.3.4:256 0', '+[2001:db8::1]:2 0', 'refused-contact 4'])
    expect(bench.receive({ added })).toEqual(['refused-contact 4'])
  })

  const byScope: readonly (readonly [string, Scope])[] = [
    ['127.0.0.1:5', Scope.loopback],
    ['169.254.169.254:5', Scope.linkLocal],
    ['192.168.1.1:5', Scope.private],
    ['100.64.0.1:5', Scope.cgnat],
    ['[fd00::1]:5', Scope.ula],
    ['[fe80::1]:5', Scope.linkLocal],
    ['[::1]:5', Scope.loopback],
    ['[64:ff9b::c0a8:101]:5', Scope.private],
  ]
  test.each(byScope)('%s, but for a peer in the same network or on this host', (text, scope) => {
    for (const peerScope of Object.values(Scope)) {
      const bench = new Bench()
      bench.inbox.peerScope = peerScope
      const isTaken = peerScope === scope || peerScope === Scope.loopback
      expect(bench.receive({ added: [text] })).toEqual([isTaken ? `+${text} 0` : 'refused-contact 1'])
    }
  })

  test.each(['0.1.2.3:5', '224.0.0.1:5', '240.0.0.1:5', '255.255.255.255:5', '[::]:5', '[ff02::1]:5'])(
    '%s, whoever the peer is',
    (text) => {
      for (const peerScope of Object.values(Scope)) {
        const bench = new Bench()
        bench.inbox.peerScope = peerScope
        expect(bench.receive({ added: [text] })).toEqual(['refused-contact 1'])
      }
    },
  )

  test('addresses of the documentation nets, where the limits say so', () => {
    const added = ['192.0.2.1:5', '203.0.113.9:5', '[2001:db8::1]:5', '8.8.8.8:5']
    expect(new Bench().receive({ added })).toHaveLength(4)
    expect(new Bench({ documentationNets: false }).receive({ added })).toEqual(['+8.8.8.8:5 0', 'refused-contact 3'])
  })

  test('what the owner refuses', () => {
    const bench = new Bench({}, '8.8.8.8:5')
    expect(bench.receive({ added: ['8.8.8.8:5', '8.8.8.8:6'] })).toEqual(['+8.8.8.8:6 0', 'refused-contact 1'])
  })
})

describe('a drop', () => {
  test('ends no claim of another source', () => {
    const [honest, forger] = [new Bench(), new Bench()]
    honest.receive({ added: ['1.2.3.4:5'] })
    forger.receive({ added: ['1.2.3.5:5'] })
    expect(forger.receive({ dropped: ['1.2.3.4:5', '1.2.3.4:6'] })).toEqual(['unknown-drop 2'])
    expect(honest.claims).toEqual(['1.2.3.4:5 0'])
  })

  test('with another port than was added names the endpoint that was added', () => {
    const bench = new Bench()
    bench.receive({ added: ['1.2.3.4:6881', '[2001:db8::1]:6881'] })
    const heard = bench.receive({ dropped: ['1.2.3.4:54321', '[2001:db8::1]:54321'] })
    expect(heard).toEqual(['-1.2.3.4:6881 dropped', '-[2001:db8::1]:6881 dropped'])
  })
})

test('an inbox that is cleared says nothing, forgets its claims, and remembers the rest', () => {
  const bench = new Bench()
  for (let i = 0; i < 5; i++) bench.receiveAt(0, { added: [`1.2.3.${i}:5`] })
  bench.heard = []
  bench.inbox.clear()
  expect(bench.heard).toEqual([])
  expect(bench.claims).toEqual([])
  expect(bench.receiveAt(0, { added: addresses(101), dropped: ['1.2.3.1:5'] }).filter((line) => !line.startsWith('+'))).toEqual([
    'unknown-drop 1',
    'too-many-contacts 1',
  ])
  expect(bench.receiveAt(0, 'de')).toEqual(['too-frequent 1'])
})

describe('whatever arrives', () => {
  const pieces = fc.constantFrom(
    'd',
    'l',
    'e',
    'i1e',
    '5:added',
    '7:added.f',
    '6:added6',
    '7:dropped',
    '8:dropped6',
    '6:\x01\x02\x03\x04\x00\x05',
    '0:',
  )
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.array(pieces, { maxLength: 20 }).map((texts) => fromText(`d${texts.join('')}`)),
  )
  const texts = fc.array(
    fc.oneof(
      fc.tuple(fc.nat(5), fc.nat(4)).map(([host, port]) => `9.9.9.${host}:${port}`),
      fc.tuple(fc.nat(5), fc.nat(4)).map(([host, port]) => `[2001:db8::${host + 1}]:${port}`),
    ),
    { maxLength: 12 },
  )
  const contacts = fc.record({ added: texts, dropped: texts }).map(messageOf)

  test('nothing is thrown, and who adds up what it heard has the claims', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(contacts, bytes), { maxLength: 12, size: 'max' }), (messages) => {
        const bench = new Bench({ maxClaims: 4, maxAddedPerMessage: 6, maxPortsPerAddress: 2 })
        const view = new Set<string>()
        for (const message of messages) {
          for (const line of bench.receive(message)) {
            const text = line.slice(1).split(' ')[0]!
            if (line.startsWith('+')) {
              expect(view).not.toContain(text)
              view.add(text)
            }
            if (line.startsWith('-')) expect(view.delete(text)).toBe(true)
          }
          expect(new Set(bench.claims.map((line) => line.split(' ')[0]!))).toEqual(view)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('each kind of violation is told once in a message', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(contacts, bytes), { maxLength: 12, size: 'max' }), (messages) => {
        const bench = new Bench({ maxClaims: 4, maxAddedPerMessage: 6, maxPortsPerAddress: 2 })
        const sums: Record<string, number> = {}
        for (const message of messages) {
          const violations = bench.receive(message).filter((line) => !/^[+-]/.test(line))
          const codes = violations.map((line) => line.split(' ')[0]!)
          expect(new Set(codes).size).toBe(codes.length)
          for (const [i, code] of codes.entries()) sums[code] = (sums[code] ?? 0) + Number(violations[i]!.split(' ')[1])
        }
        expect(Object.fromEntries(bench.inbox.violations)).toEqual(sums)
      }),
      { numRuns: 200 },
    )
  })
})
