/** T11, T15 and T19: networks that are not everybody's, and ourselves. */
import ipaddr from 'ipaddr.js'
import { describe, expect, test } from 'vitest'
import { parseAddress } from '../../src/address/index.ts'
import { encodeMessage } from '../../src/codec/index.ts'
import { blocks, boundaries, bytesOf, ipv4Blocks, type ScopeName, scopesOf } from '../address/registry.ts'
import { toHex } from '../codec/bytes.ts'
import { endpoint, textOf } from '../core/endpoints.ts'
import { many, minute, Scene, second } from './scene.ts'

/** A peer in each kind of network, and what may be told to it and taken from it besides what is everybody's. */
const networks: readonly (readonly [string, address: string | null, readonly ScopeName[]])[] = [
  ['somewhere', '20.0.0.1', []],
  ['nobody knows where', null, []],
  ['of a documentation net', '203.0.113.1', []],
  ['on loopback', '127.0.0.1', ['loopback', 'linkLocal', 'private', 'cgnat', 'ula']],
  ['on IPv6 loopback', '::1', ['loopback', 'linkLocal', 'private', 'cgnat', 'ula']],
  ['on the same link', '169.254.3.4', ['linkLocal']],
  ['on the same IPv6 link', 'fe80::9', ['linkLocal']],
  ['of RFC 1918', '192.168.1.2', ['private']],
  ['behind a carrier', '100.64.9.9', ['cgnat']],
  ['of a ULA', 'fd00::9', ['ula']],
]

interface Address {
  readonly family: 4 | 6
  readonly value: bigint
}
const mask32 = 0xffff_ffffn
/** The ways to write an IPv4 address into an IPv6 one. */
const wrappings: readonly ((carried: bigint) => bigint)[] = [
  (carried) => carried,
  (carried) => (0xffffn << 32n) | carried,
  (carried) => (0x64_ff9bn << 96n) | carried,
  (carried) => (0x2002n << 112n) | (carried << 80n),
  (carried) => (0x2001_0000n << 96n) | (carried << 64n) | (8n << 24n) | (0x0808_0808n ^ mask32),
  (carried) => (0x2001_0000n << 96n) | (0x0808_0808n << 64n) | (carried ^ mask32),
]
const registry: readonly Address[] = [
  ...blocks.flatMap((block) => boundaries(block).map((value) => ({ family: block.family, value }))),
  ...ipv4Blocks.flatMap(boundaries).flatMap((carried) => wrappings.map((wrap) => ({ family: 6 as const, value: wrap(carried) }))),
]

/** Compact, byte for byte: an IPv4 address in an IPv6 one stays in it. */
const compact = ({ family, value }: Address, port = 6881): Uint8Array => Uint8Array.of(...bytesOf(family, value), port >> 8, port & 255)
const inText = (endpoint: Uint8Array): string => textOf(endpoint, 0, endpoint.length === 6 ? 4 : 6)

function mayHear({ family, value }: Address, own: readonly ScopeName[]): boolean {
  return scopesOf(family, value).every((scope) => scope === 'global' || scope === 'documentation' || own.includes(scope))
}

/** Which of these contacts a peer at this address gets past us, told one a message; and which of them we dial in the end. As hexadecimal. */
function takenFrom(peer: string | null, contacts: readonly Uint8Array[]): { taken: Set<string>; dialled: Set<string> } {
  const scene = new Scene()
  scene.connect('a', { address: peer })
  const [taken, dialled] = [new Set<string>(), new Set<string>()]
  for (const contact of contacts) {
    scene.say('a', encodeMessage(contact.length === 6 ? { added: contact } : { added6: contact }))
    if (scene.takeAdded('a').length > 0) taken.add(toHex(contact))
    for (const each of scene.swarm.next(9, scene.now)) {
      dialled.add(toHex(each))
      scene.swarm.report(each, 'failed', scene.now)
    }
    scene.now += 30 * second
  }
  return { taken, dialled }
}

describe('T11 addresses that lead into networks', () => {
  test.each(networks)('of the whole registries, wrapped and not, a peer %s gets none past us that is not its own', (_title, peer, own) => {
    const { taken, dialled } = takenFrom(
      peer,
      registry.map((address) => compact(address)),
    )
    const [leaks, refused]: [string[], string[]] = [[], []]
    for (const address of registry) {
      const contact = compact(address)
      const isFine = mayHear(address, own)
      if (taken.has(toHex(contact)) && !isFine) leaks.push(inText(contact))
      if (dialled.has(toHex(contact)) && !isFine) leaks.push(`${inText(contact)} was dialled`)
      if (!taken.has(toHex(contact)) && isFine) refused.push(inText(contact))
    }
    expect(leaks).toEqual([])
    expect(refused).toEqual([])
    expect(dialled.size).toBeGreaterThan(50)
    expect(registry.length).toBeGreaterThan(850)
  })

  test('a second opinion, that of ipaddr.js, differs on nothing but what is listed here', () => {
    const { taken } = takenFrom(
      '20.0.0.1',
      registry.map((address) => compact(address)),
    )
    const differences = new Set<string>()
    for (const address of registry) {
      const { family, value } = address
      const range = ipaddr.fromByteArray([...bytesOf(family, value)]).range()
      const isOurs = taken.has(toHex(compact(address)))
      if (isOurs !== (range === 'unicast')) differences.add(`${isOurs ? 'taken' : 'refused'}: ${kindOf(address, range)}`)
    }
    expect([...differences].toSorted()).toEqual(knownDifferences.map(([difference]) => difference))
  })

  test('ports 0 and 1 are never taken, 2 and 65535 are', () => {
    for (const address of ['30.0.0.1', '[2a00::1]', '127.0.0.1']) {
      const contacts = [0, 1, 2, 65_535].map((port) => endpoint(`${address}:${port}`))
      expect([...takenFrom('127.0.0.1', contacts).taken]).toEqual(contacts.slice(2).map(toHex))
    }
  })

  test('the documentation nets count as global, unless the limit says otherwise', () => {
    const nets = ['192.0.2.1:6881', '198.51.100.1:6881', '203.0.113.1:6881', '[2001:db8::1]:6881', '[3fff::1]:6881']
    for (const documentationNets of [true, false]) {
      const scene = new Scene({ limits: { documentationNets } })
      scene.connect('a')
      scene.say('a', { added: nets })
      expect(scene.takeAdded('a')).toEqual(documentationNets ? nets : [])
      expect(scene.takeViolations()).toEqual(documentationNets ? {} : { 'refused-contact': 5 })
    }
  })

  test('the metadata service of a cloud is no candidate, whatever it is wrapped in', () => {
    const service = 0xa9fe_a9fen
    const forms = wrappings.map((wrap) => compact({ family: 6, value: wrap(service) }, 80))
    expect(takenFrom('20.0.0.1', [compact({ family: 4, value: service }, 80)]).taken.size).toBe(0)
    expect(takenFrom('20.0.0.1', forms)).toEqual({ taken: new Set(), dialled: new Set() })
  })
})

/** What an address is, as far as the two opinions may differ on it. */
function kindOf({ family, value }: Address, range: string): string {
  if (range === 'reserved' && scopesOf(family, value).includes('documentation')) return `documentation (${range})`
  if (family === 6 && value >> 32n === 0n) return `IPv4-compatible (${range})`
  if (family === 6 && range === 'unicast' && value >> 125n !== 1n) return 'outside 2000::/3 (unicast)'
  return range
}

/** Where ipaddr.js 2.5.0 and we part, in order, and who is right. Nothing that it calls special is ever taken but by a registry's word. */
const knownDifferences: readonly (readonly [difference: string, why: string])[] = [
  ['refused: IPv4-compatible (unicast)', 'it takes ::/96 for unicast, we look at the IPv4 address inside'],
  ['refused: outside 2000::/3 (unicast)', 'it calls unicast what IANA has not allocated'],
  ['taken: 6to4', 'what it carries is global'],
  ['taken: amt', 'IANA: globally reachable'],
  ['taken: as112', 'IANA: globally reachable'],
  ['taken: as112v6', 'IANA: globally reachable'],
  ['taken: documentation (reserved)', 'refusing them protects nobody; `limits.documentationNets` refuses them'],
  ['taken: droneRemoteIdProtocolEntityTags', 'IANA: globally reachable'],
  ['taken: ipv4Mapped', 'what it carries is global'],
  ['taken: orchid2', 'IANA: globally reachable'],
  ['taken: reserved', 'anycast inside the blocks of protocol assignments: IANA: globally reachable'],
  ['taken: rfc6052', 'NAT64: what it carries is global'],
  ['taken: teredo', 'server and client are global'],
]

describe('T15 addresses of our own networks', () => {
  test('leave for no other network: a contact of each kind, a listener of each kind', () => {
    const scene = new Scene()
    for (const [name, address] of networks) scene.connect(name, { address })
    scene.pass(10 * minute)
    for (const [name, address, own] of networks) {
      const expected: string[] = []
      for (const [, other] of networks) {
        if (other === null || other === address) continue
        const bytes = parseAddress(other) as Uint8Array
        const value = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
        const told = { family: bytes.length === 4 ? 4 : 6, value } as const
        if (mayHear(told, own)) expected.push(inText(compact(told)))
      }
      expect([name, scene.heldBy(name).toSorted()]).toEqual([name, expected.toSorted()])
    }
  })
})

describe('T19 ourselves', () => {
  const us = '80.1.2.3'
  const scene = (): Scene => {
    const swarm = new Scene()
    swarm.swarm.listenPort = 6_999
    return swarm
  }
  const yourIp = parseAddress(us) as Uint8Array

  test('are not taken from who calls us so, nor once two have: only our own port is ours', () => {
    const one = scene()
    one.connect('a', { handshake: { yourIp } })
    one.say('a', { added: [`${us}:6999`, `${us}:6998`] })
    expect([one.takeAdded('a'), one.takeViolations()]).toEqual([[`${us}:6998`], { 'refused-contact': 1 }])
    one.connect('b', { handshake: { yourIp } })
    one.connect('c')
    one.say('c', { added: [`${us}:6999`] })
    expect(one.takeAdded('c')).toEqual([])
    expect(one.next(9)).toEqual([`${us}:6998`])
  })

  test('in IPv6 neither', () => {
    const one = scene()
    one.connect('a', { handshake: { yourIp: parseAddress('2a00:1::7') } })
    one.say('a', { added: ['[2a00:1::7]:6999', '[2a00:1::7]:7000'] })
    expect(one.takeAdded('a')).toEqual(['[2a00:1::7]:7000'])
  })

  test('and its own address no peer is told: neither the one that we dialled nor the `p` that it gave', () => {
    const one = scene()
    for (const [index, contact] of many(8).entries()) {
      const direction = index % 2 === 0 ? 'outgoing' : 'incoming'
      one.connect(`p${index}`, { address: contact.split(':')[0] as string, direction, handshake: { port: 6_881 } })
    }
    one.pass(10 * minute)
    for (const [index, contact] of many(8).entries()) {
      expect(one.heldBy(`p${index}`).toSorted()).toEqual(
        many(8)
          .filter((other) => other !== contact)
          .toSorted(),
      )
    }
  })
})
