import fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import { describe, expect, test } from 'vitest'
import { mayCross, Scope, scopeOf } from '../../src/address/index.ts'
import { blocks, boundaries, bytesOf, ipv4Blocks, ipv6Blocks, type ScopeName, scopesOf } from './registry.ts'

const scopeNames = Object.keys(Scope) as ScopeName[]

/** To which peers a contact of a scope may be told, written out: the rule that `mayCross` must follow. */
const hearers: Record<ScopeName, readonly ScopeName[]> = {
  never: [],
  global: scopeNames,
  documentation: scopeNames,
  loopback: ['loopback'],
  linkLocal: ['linkLocal', 'loopback'],
  private: ['private', 'loopback'],
  cgnat: ['cgnat', 'loopback'],
  ula: ['ula', 'loopback'],
}

/** The name of the scope of an address that stands amid other bytes, which must not be read. */
function scopeNameOf(family: 4 | 6, value: bigint): ScopeName | undefined {
  const address = bytesOf(family, value)
  const bytes = new Uint8Array(3 + address.length + 2).fill(0xff)
  bytes.set(address, 3)
  const scope = scopeOf(bytes, 3, family)
  return scopeNames.find((name) => Scope[name] === scope)
}

/** The peers that an address leaks to: those that hear of it and should not. */
function leaks(family: 4 | 6, value: bigint): string[] {
  const scopes = scopesOf(family, value)
  const scope = scopeNameOf(family, value)
  const told = scopeNames.filter((peer) => scope !== undefined && mayCross(Scope[scope], Scope[peer]))
  return told.filter((peer) => !scopes.every((each) => hearers[each].includes(peer)))
}

function text(family: 4 | 6, value: bigint): string {
  return ipaddr.fromByteArray([...bytesOf(family, value)]).toString()
}

describe('the IANA special-purpose registries', () => {
  test.each(blocks.map((block) => [block.cidr, block.name, block] as const))('%s (%s) leaks at neither boundary', (_cidr, _name, block) => {
    for (const value of boundaries(block)) {
      const where = text(block.family, value)
      expect([where, leaks(block.family, value)]).toEqual([where, []])
      const scopes = scopesOf(block.family, value)
      if (scopes.length === 1) expect([where, scopeNameOf(block.family, value)]).toEqual([where, scopes[0]])
    }
  })

  test('there are boundaries inside every IPv6 form that carries an IPv4 address, and none of them leaks', () => {
    const forms = [
      (carried: bigint) => carried,
      (carried: bigint) => (0xffffn << 32n) | carried,
      (carried: bigint) => (0x64ff9bn << 96n) | carried,
      (carried: bigint) => (0x2002n << 112n) | (carried << 80n),
      (carried: bigint) => (0x2002n << 112n) | (carried << 80n) | 0x1234_5678_9abc_def0_1234n,
    ]
    const found: string[] = []
    let count = 0
    for (const carried of ipv4Blocks.flatMap(boundaries)) {
      for (const form of forms) {
        const value = form(carried)
        count++
        for (const peer of leaks(6, value)) found.push(`${text(6, value)} to ${peer}`)
        // `::` and `::1` are themselves, not IPv4-compatible addresses.
        if (value > 1n && scopeNameOf(6, value) !== scopeNameOf(4, carried)) found.push(`${text(6, value)} is no ${text(4, carried)}`)
      }
    }
    expect(found).toEqual([])
    expect(count).toBeGreaterThan(500)
  })

  test('a Teredo address is told only to those who may hear of its server and of its client', () => {
    const found: string[] = []
    const inside = ipv4Blocks.flatMap((block) => [block.first, block.last])
    for (const server of inside) {
      for (const client of inside) {
        const value = (0x20010000n << 96n) | (server << 64n) | (0x8000_d431n << 32n) | (client ^ 0xffffffffn)
        for (const peer of leaks(6, value)) found.push(`${text(4, client)} behind ${text(4, server)} to ${peer}`)
        const [scope, ofServer, ofClient] = [scopeNameOf(6, value), scopeNameOf(4, server), scopeNameOf(4, client)]
        const isOpen = (name?: ScopeName) => name === 'global' || name === 'documentation'
        const stricter =
          isOpen(ofServer) && ofClient !== 'global' ? ofClient : isOpen(ofClient) || ofClient === ofServer ? ofServer : 'never'
        if (scope !== stricter) found.push(`${text(4, client)} behind ${text(4, server)} is ${scope}, not ${stricter}`)
      }
    }
    expect(found).toEqual([])
  })

  test('neither does an address that differs from a boundary in one bit', () => {
    const found: string[] = []
    for (const { family, first, last } of blocks) {
      for (let bit = 0n; bit < (family === 4 ? 32n : 128n); bit++) {
        for (const value of [first ^ (1n << bit), last ^ (1n << bit)]) {
          const scopes = scopesOf(family, value)
          const isRight = scopes.length > 1 || scopeNameOf(family, value) === scopes[0]
          if (!isRight || leaks(family, value).length > 0) found.push(text(family, value))
        }
      }
    }
    expect(found).toEqual([])
  })

  test('no other address leaks either, and each has the scope of its most specific block', () => {
    const inBlock = fc
      .constantFrom(...blocks)
      .chain((block) => fc.record({ family: fc.constant(block.family), value: fc.bigInt({ min: block.first, max: block.last }) }))
    const near = fc
      .record({ block: fc.constantFrom(...blocks), step: fc.integer({ min: -70_000, max: 70_000 }), atEnd: fc.boolean() })
      .map(({ block, step, atEnd }) => {
        const end = (1n << (block.family === 4 ? 32n : 128n)) - 1n
        const value = (atEnd ? block.last : block.first) + BigInt(step)
        return { family: block.family, value: value < 0n ? 0n : value > end ? end : value }
      })
    fc.assert(
      fc.property(fc.oneof(inBlock, near), ({ family, value }) => {
        expect(leaks(family, value)).toEqual([])
        const scopes = scopesOf(family, value)
        if (scopes.length === 1) expect(scopeNameOf(family, value)).toBe(scopes[0])
      }),
      { numRuns: 5_000 },
    )
  })

  test('the registry of the test is whole: 26 rows of IPv4, 25 of IPv6, and what other documents add', () => {
    const added = ['the rest', 'neither unicast', '(not in the registry', '(deprecated:', '(RFC ']
    const registered = (rows: typeof blocks) => rows.filter(({ name }) => !added.some((part) => name.includes(part))).length
    expect([registered(ipv4Blocks), registered(ipv6Blocks)]).toEqual([26, 25])
  })
})

describe('against ipaddr.js', () => {
  const scopeOfRange: Record<string, ScopeName> = {
    unicast: 'global',
    unspecified: 'never',
    broadcast: 'never',
    multicast: 'never',
    reserved: 'never',
    discard: 'never',
    benchmarking: 'never',
    deprecatedOrchid: 'never',
    deprecatedSiteLocal: 'never',
    segmentRouting: 'never',
    rfc6145: 'never',
    linkLocal: 'linkLocal',
    loopback: 'loopback',
    private: 'private',
    carrierGradeNat: 'cgnat',
    uniqueLocal: 'ula',
    as112: 'global',
    as112v6: 'global',
    amt: 'global',
    orchid2: 'global',
    droneRemoteIdProtocolEntityTags: 'global',
  }

  /** Where ipaddr.js knows less than the registries: there it is no judge. */
  function isKnownDifference(family: 4 | 6, value: bigint, range: string): boolean {
    // It calls the documentation nets reserved.
    if (scopesOf(family, value).includes('documentation')) return true
    // It does not look into addresses that carry an IPv4 address, takes IPv4-compatible ones for unicast, and NAT64's local block for NAT64's.
    if (['ipv4Mapped', 'rfc6052', '6to4', 'teredo'].includes(range) || (family === 6 && value >> 32n === 0n)) return true
    // It calls all that nobody has allocated unicast: everything outside 2000::/3.
    if (family === 6 && range === 'unicast' && value >> 125n !== 1n) return true
    // It does not know the anycast addresses inside the blocks of protocol assignments.
    const isAnycast =
      family === 4 ? value === 0xc0000009n || value === 0xc000000an : value >> 2n === 0x2001_0001n << 94n && value % 4n !== 0n
    return isAnycast
  }

  test('both know the same networks, apart from the known differences', () => {
    const blockValue = fc
      .constantFrom(...blocks)
      .chain((block) =>
        fc
          .oneof(fc.constantFrom(...boundaries(block)), fc.bigInt({ min: block.first, max: block.last }))
          .map((value) => ({ family: block.family, value })),
      )
    let compared = 0
    fc.assert(
      fc.property(blockValue, ({ family, value }) => {
        const range = ipaddr.fromByteArray([...bytesOf(family, value)]).range()
        if (isKnownDifference(family, value, range)) return
        compared++
        expect([text(family, value), scopeNameOf(family, value)]).toEqual([text(family, value), scopeOfRange[range]])
      }),
      { numRuns: 4_000 },
    )
    expect(compared).toBeGreaterThan(1_500)
  })
})

describe('mayCross', () => {
  test('follows the rule for each of 8 scopes of a contact and 8 of a peer', () => {
    for (const contact of scopeNames) {
      for (const peer of scopeNames) {
        const pair = `${contact} to ${peer}`
        expect([pair, mayCross(Scope[contact], Scope[peer])]).toEqual([pair, hearers[contact].includes(peer)])
      }
    }
  })
})

describe('scopeOf', () => {
  const examples: readonly (readonly [string, ScopeName])[] = [
    ['8.8.8.8', 'global'],
    ['192.168.1.1', 'private'],
    ['169.254.169.254', 'linkLocal'],
    ['2606:4700:4700::1111', 'global'],
    ['fd12:3456:789a::1', 'ula'],
    ['fe80::1', 'linkLocal'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['::ffff:239.1.2.3', 'never'],
    ['::10.1.2.3', 'private'],
    ['64:ff9b::169.254.169.254', 'linkLocal'],
    ['64:ff9b::808:808', 'global'],
    ['64:ff9b:1::808:808', 'never'],
    ['2002:7f00:1::1', 'loopback'],
    ['2002:e000:1::1', 'never'],
    // RFC 4380, section 4: the server 65.54.227.120 and the client 192.0.2.45.
    ['2001:0:4136:e378:8000:63bf:3fff:fdd2', 'documentation'],
    // The server 65.54.227.120 and the client 192.168.0.1; the server 10.0.0.1 and the client 8.8.8.8; 10.0.0.1 and 127.0.0.1.
    ['2001:0:4136:e378:8000:63bf:3f57:fffe', 'private'],
    ['2001:0:a00:1:8000:63bf:f7f7:f7f7', 'private'],
    ['2001:0:a00:1:8000:63bf:80ff:fffe', 'never'],
    ['fec0::1', 'never'],
    ['4000::1', 'never'],
  ]
  test.each(examples)('%s is %s', (address, name) => {
    const bytes = Uint8Array.from(ipaddr.parse(address).toByteArray())
    expect(scopeOf(bytes, 0, bytes.length === 4 ? 4 : 6)).toBe(Scope[name])
  })
})
