/**
 * The IANA IPv4 and IPv6 Special-Purpose Address Registries, row by row as IANA publishes them, with the scope that
 * each row should have. Written from the registries and not from `src/address/ranges.ts`, read with big integers and
 * the longest prefix first, so that it can judge the source without sharing a thought with it.
 */

export type ScopeName = 'never' | 'global' | 'loopback' | 'linkLocal' | 'private' | 'cgnat' | 'ula' | 'documentation'

/** What a row says: a scope, or where the IPv4 addresses are that decide (position of their first byte; `~` is inverted). */
export type Meaning = ScopeName | readonly ('2' | '4' | '12' | '~12')[]

export interface Block {
  readonly family: 4 | 6
  readonly cidr: string
  readonly first: bigint
  readonly last: bigint
  readonly meaning: Meaning
  readonly name: string
}

type Row = readonly [cidr: string, meaning: Meaning, name: string]

const ipv4Rows: readonly Row[] = [
  ['0.0.0.0/0', 'global', 'the rest'],
  ['0.0.0.0/8', 'never', 'This network'],
  ['0.0.0.0/32', 'never', 'This host on this network'],
  ['10.0.0.0/8', 'private', 'Private-Use'],
  ['100.64.0.0/10', 'cgnat', 'Shared Address Space'],
  ['127.0.0.0/8', 'loopback', 'Loopback'],
  ['169.254.0.0/16', 'linkLocal', 'Link Local'],
  ['172.16.0.0/12', 'private', 'Private-Use'],
  ['192.0.0.0/24', 'never', 'IETF Protocol Assignments'],
  ['192.0.0.0/29', 'never', 'IPv4 Service Continuity Prefix'],
  ['192.0.0.8/32', 'never', 'IPv4 dummy address'],
  ['192.0.0.9/32', 'global', 'Port Control Protocol Anycast'],
  ['192.0.0.10/32', 'global', 'TURN Anycast'],
  ['192.0.0.170/32', 'never', 'NAT64/DNS64 Discovery'],
  ['192.0.0.171/32', 'never', 'NAT64/DNS64 Discovery'],
  ['192.0.2.0/24', 'documentation', 'TEST-NET-1'],
  ['192.31.196.0/24', 'global', 'AS112-v4'],
  ['192.52.193.0/24', 'global', 'AMT'],
  ['192.88.99.0/24', 'never', 'Deprecated (6to4 Relay Anycast)'],
  ['192.88.99.2/32', 'never', '6a44-relay anycast address'],
  ['192.168.0.0/16', 'private', 'Private-Use'],
  ['192.175.48.0/24', 'global', 'Direct Delegation AS112 Service'],
  ['198.18.0.0/15', 'never', 'Benchmarking'],
  ['198.51.100.0/24', 'documentation', 'TEST-NET-2'],
  ['203.0.113.0/24', 'documentation', 'TEST-NET-3'],
  ['224.0.0.0/4', 'never', 'Multicast (not in the registry: RFC 5771)'],
  ['240.0.0.0/4', 'never', 'Reserved'],
  ['255.255.255.255/32', 'never', 'Limited Broadcast'],
]

const ipv6Rows: readonly Row[] = [
  ['0:0:0:0:0:0:0:0/0', 'never', 'neither unicast nor anything else that is allocated'],
  ['0:0:0:0:0:0:0:0/96', ['12'], 'IPv4-compatible (deprecated: RFC 4291)'],
  ['0:0:0:0:0:0:0:0/128', 'never', 'Unspecified Address'],
  ['0:0:0:0:0:0:0:1/128', 'loopback', 'Loopback Address'],
  ['0:0:0:0:0:ffff:0:0/96', ['12'], 'IPv4-mapped Address'],
  ['0:0:0:0:ffff:0:0:0/96', 'never', 'IPv4-translated (RFC 2765)'],
  ['64:ff9b:0:0:0:0:0:0/96', ['12'], 'IPv4-IPv6 Translation'],
  ['64:ff9b:1:0:0:0:0:0/48', 'never', 'IPv4-IPv6 Translation, local'],
  ['100:0:0:0:0:0:0:0/64', 'never', 'Discard-Only Address Block'],
  ['100:0:0:1:0:0:0:0/64', 'never', 'Dummy IPv6 Prefix'],
  ['2000:0:0:0:0:0:0:0/3', 'global', 'Global Unicast (RFC 4291)'],
  ['2001:0:0:0:0:0:0:0/23', 'never', 'IETF Protocol Assignments'],
  ['2001:0:0:0:0:0:0:0/32', ['4', '~12'], 'TEREDO'],
  ['2001:1:0:0:0:0:0:1/128', 'global', 'Port Control Protocol Anycast'],
  ['2001:1:0:0:0:0:0:2/128', 'global', 'TURN Anycast'],
  ['2001:1:0:0:0:0:0:3/128', 'global', 'DNS-SD Service Registration Protocol Anycast'],
  ['2001:2:0:0:0:0:0:0/48', 'never', 'Benchmarking'],
  ['2001:3:0:0:0:0:0:0/32', 'global', 'AMT'],
  ['2001:4:112:0:0:0:0:0/48', 'global', 'AS112-v6'],
  ['2001:10:0:0:0:0:0:0/28', 'never', 'Deprecated (previously ORCHID)'],
  ['2001:20:0:0:0:0:0:0/28', 'global', 'ORCHIDv2'],
  ['2001:30:0:0:0:0:0:0/28', 'global', 'Drone Remote ID Protocol Entity Tags'],
  ['2001:db8:0:0:0:0:0:0/32', 'documentation', 'Documentation'],
  ['2002:0:0:0:0:0:0:0/16', ['2'], '6to4'],
  ['2620:4f:8000:0:0:0:0:0/48', 'global', 'Direct Delegation AS112 Service'],
  ['3fff:0:0:0:0:0:0:0/20', 'documentation', 'Documentation'],
  ['5f00:0:0:0:0:0:0:0/16', 'never', 'Segment Routing (SRv6) SIDs'],
  ['fc00:0:0:0:0:0:0:0/7', 'ula', 'Unique-Local'],
  ['fe80:0:0:0:0:0:0:0/10', 'linkLocal', 'Link-Local Unicast'],
  ['fec0:0:0:0:0:0:0:0/10', 'never', 'Site-local (deprecated: RFC 3879)'],
  ['ff00:0:0:0:0:0:0:0/8', 'never', 'Multicast (RFC 4291)'],
]

export const ipv4Blocks: readonly Block[] = ipv4Rows.map((row) => blockOf(4, row))
export const ipv6Blocks: readonly Block[] = ipv6Rows.map((row) => blockOf(6, row))
export const blocks: readonly Block[] = [...ipv4Blocks, ...ipv6Blocks]

/** The address before a block, its first, its last, and the one after it, as far as they exist. */
export function boundaries(block: Block): bigint[] {
  const end = 1n << BigInt(bitLength(block.family))
  return [block.first - 1n, block.first, block.last, block.last + 1n].filter((value) => value >= 0n && value < end)
}

/** What the most specific row says of an address. */
export function meaningOf(family: 4 | 6, value: bigint): Meaning {
  let best: Block | undefined
  for (const block of family === 4 ? ipv4Blocks : ipv6Blocks) {
    const isSmaller = !best || block.last - block.first < best.last - best.first
    if (value >= block.first && value <= block.last && isSmaller) best = block
  }
  if (!best) throw new Error(`no block holds ${value}`)
  return best.meaning
}

/** The scopes that an address must satisfy all at once: its own, or those of the IPv4 addresses that it carries. */
export function scopesOf(family: 4 | 6, value: bigint): ScopeName[] {
  const meaning = meaningOf(family, value)
  if (typeof meaning === 'string') return [meaning]
  return meaning.flatMap((place) => {
    const isInverted = place.startsWith('~')
    const shift = BigInt((16 - 4 - Number(place.replace('~', ''))) * 8)
    const carried = (value >> shift) & 0xffffffffn
    return scopesOf(4, isInverted ? carried ^ 0xffffffffn : carried)
  })
}

export function bytesOf(family: 4 | 6, value: bigint): Uint8Array {
  const digits = value.toString(16).padStart(bitLength(family) / 4, '0')
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

function bitLength(family: 4 | 6): number {
  return family === 4 ? 32 : 128
}

function blockOf(family: 4 | 6, [cidr, meaning, name]: Row): Block {
  const [address = '', prefix = ''] = cidr.split('/')
  const [separator, radix, width] = family === 4 ? (['.', 10, 8n] as const) : ([':', 16, 16n] as const)
  const first = address.split(separator).reduce((value, part) => (value << width) | BigInt(Number.parseInt(part, radix)), 0n)
  const last = first + (1n << BigInt(bitLength(family) - Number(prefix))) - 1n
  return { family, cidr, first, last, meaning, name }
}
