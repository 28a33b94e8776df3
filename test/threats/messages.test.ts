/** T3, T4, T5, T12 and T17: bytes that are not what they should be. */
import { describe, expect, test } from 'vitest'
import { decodeHandshake, decodeMessage } from '../../src/codec/index.ts'
import { bencoded, fromHex, fromText, toHex } from '../codec/bytes.ts'
import { many, minute, Scene, watched } from './scene.ts'

const one = '30.0.0.1:6881'
const oneBytes = '\x1e\0\0\x01\x1a\xe1'
const six = '[2a00:1::1]:6881'
const sixBytes = `\x2a\0\0\x01${'\0'.repeat(11)}\x01\x1a\xe1`

/** What comes of a message: contacts reported, violations. */
function outcomeOf(text: string): [string[], Record<string, number>] {
  const scene = new Scene()
  scene.connect('a')
  scene.say('a', fromText(text))
  return [scene.takeAdded('a'), scene.takeViolations()]
}

describe('T3 a value of another type', () => {
  const isWrong = { 'wrong-type': 1 }

  test.each([
    ['an integer', 'i6e'],
    ['a negative integer', 'i-6e'],
    ['an integer of a thousand digits', `i${'9'.repeat(1_000)}e`],
    ['a list of contacts', `l${bencoded(oneBytes)}e`],
    ['a dictionary', `d${bencoded('0')}${bencoded(oneBytes)}${bencoded('length')}i6ee`],
  ])('%s for contacts is ignored and counted, and the other family is read', (_title, value) => {
    expect(outcomeOf(`d5:added${value}6:added6${bencoded(sixBytes)}e`)).toEqual([[six], isWrong])
    expect(outcomeOf(`d5:added${bencoded(oneBytes)}6:added6${value}e`)).toEqual([[one], isWrong])
  })

  test('in dropped ends no claim', () => {
    const scene = new Scene()
    scene.connect('a')
    scene.say('a', { added: [one] })
    scene.say('a', fromText(`d7:droppedl${bencoded(oneBytes)}ee`))
    scene.say('a', fromText('d7:droppedi6ee'))
    expect([scene.takeDropped(), scene.takeViolations(), scene.claimsOf('a')]).toEqual([[], { 'wrong-type': 2 }, [one]])
  })

  test('that names a huge number costs what its own bytes cost', () => {
    for (const value of ['i4294967295e', 'i9007199254740993e', '4294967295:', '99999999999999999999:']) {
      const scene = new Scene()
      scene.connect('a')
      const { bytes, looks } = watched(fromText(`d5:added${value}e`))
      scene.swarm.handleMessage('a', bytes, 0)
      expect(looks()).toBeLessThanOrEqual(6 * bytes.length)
      expect(scene.swarm.stats().claims).toBe(0)
    }
  })
})

describe('T4 bencode made to hurt', () => {
  test('nested 32,000 deep is skipped in one pass, and what is around it counts', () => {
    const deep = `${'l'.repeat(16_000)}${'e'.repeat(16_000)}`
    expect(outcomeOf(`d1:a${deep}5:added${bencoded(oneBytes)}e`)).toEqual([[one], {}])
    const scene = new Scene()
    scene.connect('a')
    const { bytes, looks } = watched(fromText(`d1:a${'d1:a'.repeat(8_000)}`))
    scene.swarm.handleMessage('a', bytes, 0)
    expect(scene.takeViolations()).toEqual({ malformed: 1 })
    expect(looks()).toBeLessThanOrEqual(6 * bytes.length)
  })

  test.each([
    ['a length beyond the input', 'd5:added600:'],
    ['a length one beyond the input', 'd5:added8:'],
    ['a length of 20 digits', 'd5:added18446744073709551622:'],
    ['a negative length', 'd5:added-6:'],
    ['a leading zero in a length', 'd5:added06:'],
    ['a leading zero in an integer', 'd1:ai01e5:added6:'],
    ['minus zero', 'd1:ai-0e5:added6:'],
    ['an integer without digits', 'd1:aie5:added6:'],
    ['a key that is no string', 'di1e5:added6:'],
    ['no dictionary', 'l5:added6:'],
  ])('%s is malformed, and nothing of it is taken', (_title, start) => {
    expect(outcomeOf(`${start}${oneBytes}e`)).toEqual([[], { malformed: 1 }])
  })

  test('what was complete before it breaks off is taken', () => {
    expect(outcomeOf(`d5:added${bencoded(oneBytes)}6:added6${bencoded('x')}9`)).toEqual([[one], { malformed: 1, 'partial-contact': 1 }])
  })

  test('the first of two equal keys wins; unsorted keys and trailing bytes are taken; each is counted', () => {
    const two = bencoded('\x1e\0\0\x02\x1a\xe1')
    expect(outcomeOf(`d5:added${bencoded(oneBytes)}5:added${two}e`)).toEqual([[one], { 'duplicate-key': 1 }])
    expect(outcomeOf(`d6:added6${bencoded(sixBytes)}5:added${bencoded(oneBytes)}e`)).toEqual([[one, six], { 'unsorted-keys': 1 }])
    expect(outcomeOf(`d5:added${bencoded(oneBytes)}ee`)).toEqual([[one], { 'trailing-bytes': 1 }])
  })

  test('`__proto__` and its like are keys as any other, in a message and in a handshake', () => {
    const before = Object.getOwnPropertyNames(Object.prototype)
    for (const key of ['__proto__', 'constructor', 'toString', 'prototype']) {
      const inner = `d${bencoded('polluted')}i1e${bencoded('added')}${bencoded(oneBytes)}e`
      expect(outcomeOf(`d${bencoded(key)}${inner}5:added${bencoded(oneBytes)}e`)[0]).toEqual([one])
      const handshake = decodeHandshake(fromText(`d${bencoded(key)}${inner}1:md${bencoded(key)}i7e6:ut_pexi3eee`))
      expect([handshake?.utPex, Object.getPrototypeOf(handshake)]).toEqual([3, Object.prototype])
    }
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before)
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })
})

describe('T5 lengths that do not fit', () => {
  const partial = { 'partial-contact': 1 }
  const mismatch = { 'flags-mismatch': 1 }

  test('of a list that ends within a contact the whole ones count: 6 and 18 bytes, one less and one more', () => {
    for (const [key, contact, bytes] of [['added', one, oneBytes] as const, ['added6', six, sixBytes] as const]) {
      const withList = (list: string) => outcomeOf(`d${bencoded(key)}${bencoded(list)}e`)
      expect(withList(bytes)).toEqual([[contact], {}])
      expect(withList(bytes.slice(1))).toEqual([[], partial])
      expect(withList(`${bytes}x`)).toEqual([[contact], partial])
      expect(withList(bytes + bytes.slice(1))).toEqual([[contact], partial])
    }
  })

  test('flags that are too few, too many or no string are 0, and the contacts count', () => {
    const two = `${oneBytes}\x1e\0\0\x02\x1a\xe1`
    for (const [flags, faults] of [
      [bencoded('\x02\x02'), {}],
      [bencoded('\x02'), mismatch],
      [bencoded('\x02\x02\x02'), mismatch],
      [bencoded(''), mismatch],
      ['i2e', { 'wrong-type': 1, ...mismatch }],
      ['l1:\x02e', { 'wrong-type': 1, ...mismatch }],
    ] as const) {
      const scene = new Scene()
      scene.connect('a')
      scene.say('a', fromText(`d5:added${bencoded(two)}7:added.f${flags}e`))
      expect(scene.takeAdded('a')).toEqual([one, '30.0.0.2:6881'])
      expect([flags, scene.takeViolations(), scene.flagsOf(one)]).toEqual([flags, faults, flags === bencoded('\x02\x02') ? 2 : 0])
    }
  })

  test('a fault in each of the six keys but one leaves that one whole', () => {
    const wrong = { added: '5:xxxxx', 'added.f': 'i1e', added6: '17:xxxxxxxxxxxxxxxxx', 'added6.f': 'le', dropped: '1:x', dropped6: 'de' }
    const right = { added: bencoded(oneBytes), added6: bencoded(sixBytes) }
    for (const [key, contact] of [['added', one] as const, ['added6', six] as const]) {
      const message = Object.entries({ ...wrong, [key]: right[key] }).map(([name, value]) => bencoded(name) + value)
      const [added, violations] = outcomeOf(`d${message.join('')}e`)
      expect([added, Object.keys(violations)]).toEqual([[contact], ['wrong-type', 'partial-contact', 'flags-mismatch']])
    }
  })
})

describe('T12 the order of bytes', () => {
  const received = '64353a6164646564363acb007105c8d5373a61646465642e66313a1065'

  test('of a port is big-endian, received and sent: 51413 is c8 d5, and never 54728', () => {
    const scene = new Scene()
    scene.connect('a')
    scene.say('a', fromHex(received))
    expect(scene.takeAdded('a')).toEqual(['203.0.113.5:51413'])
    const teller = new Scene()
    teller.connect('listener')
    teller.connect('contact', { address: '203.0.113.5', port: 51_413 })
    teller.pass(2 * minute)
    const [sent] = teller.sent.filter(({ id }) => id === 'listener')
    expect(toHex(sent?.bytes ?? new Uint8Array())).toBe(received)
  })

  test('holds for IPv6, and for `p` of an incoming peer', () => {
    const scene = new Scene()
    scene.connect('listener')
    scene.connect('contact', { address: '2a00:102:304::506', port: 40_000, direction: 'incoming', handshake: { port: 6_881 } })
    scene.pass(2 * minute)
    const [sent] = scene.sent.filter(({ id }) => id === 'listener')
    expect(toHex(sent?.message.added6 ?? new Uint8Array())).toBe('2a00010203040000000000000000050' + '61ae1')
    scene.connect('a')
    scene.say('a', fromText(`d6:added6${bencoded(sixBytes)}e`))
    expect(scene.takeAdded('a')).toEqual([six])
  })
})

describe('T17 flags', () => {
  test('are hints: none of the 256 bytes removes a contact, keeps one out, or ends a connection', () => {
    const scene = new Scene()
    scene.connect('a')
    for (let flags = 0; flags < 256; flags++) {
      scene.say('a', { added: [one], flags: [flags] })
      scene.now += 30_000
    }
    expect([scene.takeAdded('a'), scene.takeDropped(), scene.takeViolations(), scene.next(9)]).toEqual([[one], [], {}, [one]])
  })

  test('of a seed keep a contact from being dialled only while we are one, and it stays known', () => {
    const scene = new Scene()
    scene.connect('a')
    scene.say('a', { added: [one], flags: [0xff] })
    scene.swarm.handleSeeding(true, 0)
    expect([scene.next(9), scene.claimsOf('a')]).toEqual([[], [one]])
    scene.swarm.handleSeeding(false, 0)
    expect(scene.next(9)).toEqual([one])
  })

  test('with reserved bits are reported without them, and the codec has the byte as it came', () => {
    const scene = new Scene()
    scene.connect('a')
    for (const [index, contact] of many(4).entries()) {
      const flags = [0xe0, 0x20, 0x9f, 0xff][index] as number
      const message = fromText(
        `d5:added${bencoded(`\x1e\0${String.fromCharCode(index)}\x01\x1a\xe1`)}7:added.f1:${String.fromCharCode(flags)}e`,
      )
      scene.say('a', message)
      expect([scene.flagsOf(contact), decodeMessage(message).addedFlags[0]]).toEqual([flags & 0x1f, flags])
    }
  })

  test('that we tell are our own and five bits at the most, whatever others say', () => {
    const scene = new Scene()
    scene.connect('listener')
    scene.connect('contact', { address: '30.0.0.1' })
    scene.connect('a')
    scene.say('a', { added: [one], flags: [0xef] })
    scene.pass(2 * minute)
    const [sent] = scene.sent.filter(({ id }) => id === 'listener')
    expect([...(sent?.message.addedFlags ?? [])]).toEqual([0x10, 0x10])
  })
})
