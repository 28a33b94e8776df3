/**
 * What an address means: which network it belongs to, and so who may hear of it.
 *
 * The blocks are those of the IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890 and
 * its successors). A block that is not globally reachable and has no scope of its own is `never`.
 * An IPv6 address that carries an IPv4 address is judged by what it carries: a packet to it ends
 * there, so `64:ff9b::127.0.0.1` must not pass where `127.0.0.1` may not.
 *
 *     IPv4                                            scope
 *     10/8  172.16/12  192.168/16                     private (RFC 1918)
 *     100.64/10                                       cgnat (RFC 6598)
 *     127/8                                           loopback
 *     169.254/16                                      linkLocal (RFC 3927)
 *     192.0.2/24  198.51.100/24  203.0.113/24         documentation (RFC 5737)
 *     0/8  192.0.0/24 but .9 and .10  192.88.99/24    never
 *     198.18/15  224/4  240/4
 *     everything else, with the registered anycast    global
 *     192.31.196/24  192.52.193/24  192.175.48/24
 *
 *     IPv6                                            scope
 *     ::1                                             loopback
 *     ::/96  ::ffff:0:0/96  64:ff9b::/96  2002::/16   that of the IPv4 address inside
 *     2001::/32 (Teredo)                              the stricter of server and client
 *     2001::/23 but its registered exceptions         never
 *     2001:db8::/32  3fff::/20                        documentation (RFC 3849, RFC 9637)
 *     fc00::/7                                        ula (RFC 4193)
 *     fe80::/10                                       linkLocal
 *     the rest of 2000::/3                            global
 *     everything else: ::  64:ff9b:1::/48  100::/64   never
 *     100:0:0:1::/64  5f00::/16  fec0::/10  ff00::/8
 *
 * 64:ff9b:1::/48 is NAT64, too, but each network chooses where in it the IPv4 address stands
 * (RFC 8215, RFC 6052), so what it carries cannot be known, and the block is not globally reachable.
 */
import { group, isZero } from './groups.ts'

/** An address family by its version number. */
export type Family = 4 | 6

/** The network that an address belongs to. `never`: nobody can dial it, or nobody should. */
export const Scope = {
  never: 0,
  global: 1,
  loopback: 2,
  linkLocal: 3,
  private: 4,
  cgnat: 5,
  ula: 6,
  documentation: 7,
} as const
export type Scope = (typeof Scope)[keyof typeof Scope]

/** The scope of the 4 or 16 bytes of address at `offset`. A port behind them is not read. */
export function scopeOf(bytes: Uint8Array, offset: number, family: Family): Scope {
  if (family === 6) return scopeOfIPv6(bytes, offset)
  // Most blocks are not divided, and a function as short as this one is inlined.
  const scope = scopeOfFirstByte[bytes[offset] as number] as Scope | -1
  return scope !== -1 ? scope : scopeOfIPv4(bytes, offset, 0)
}

/**
 * Whether a contact of scope `contact` may be told to, or accepted from, a peer of scope `peer`:
 * global ones always, others within their own scope and with a peer on loopback, `never` never.
 * Documentation nets count as global: refusing them protects nobody.
 */
export function mayCross(contact: Scope, peer: Scope): boolean {
  if (contact === Scope.never) return false
  return contact === Scope.global || contact === Scope.documentation || contact === peer || peer === Scope.loopback
}

/**
 * The scopes of the blocks 0/8 to 255/8, -1 for those that are divided. Measured with addresses in random order:
 * under 10 ns each, where a switch over the first byte took 30 ns, for the processor cannot guess where it jumps.
 */
const scopeOfFirstByte: Int8Array = new Int8Array(256).fill(Scope.global).fill(Scope.never, 224)
scopeOfFirstByte[0] = Scope.never
scopeOfFirstByte[10] = Scope.private
scopeOfFirstByte[127] = Scope.loopback
for (const divided of [100, 169, 172, 192, 198, 203]) scopeOfFirstByte[divided] = -1

/** Each byte is read XOR `mask`: 0, or 0xff for the client's address inside a Teredo address. */
function scopeOfIPv4(bytes: Uint8Array, offset: number, mask: number): Scope {
  const a = (bytes[offset] as number) ^ mask
  const scope = scopeOfFirstByte[a] as Scope | -1
  if (scope !== -1) return scope
  const b = (bytes[offset + 1] as number) ^ mask
  const c = (bytes[offset + 2] as number) ^ mask
  if (a === 100) return b >> 6 === 1 ? Scope.cgnat : Scope.global
  if (a === 169) return b === 254 ? Scope.linkLocal : Scope.global
  if (a === 172) return b >> 4 === 1 ? Scope.private : Scope.global
  if (a === 198 && b >> 1 === 9) return Scope.never
  if (a === 198) return b === 51 && c === 100 ? Scope.documentation : Scope.global
  if (a === 203) return b === 0 && c === 113 ? Scope.documentation : Scope.global
  // What is left is 192/8.
  if (b === 168) return Scope.private
  if (b === 88) return c === 99 ? Scope.never : Scope.global
  if (b !== 0) return Scope.global
  if (c === 2) return Scope.documentation
  if (c !== 0) return Scope.global
  // 192.0.0/24, the IETF's protocol assignments, where .9 and .10 are the anycast addresses of PCP and TURN.
  const d = (bytes[offset + 3] as number) ^ mask
  return d === 9 || d === 10 ? Scope.global : Scope.never
}

function scopeOfIPv6(bytes: Uint8Array, offset: number): Scope {
  const first = group(bytes, offset)
  const second = group(bytes, offset + 2)
  if (first === 0x2001) {
    if (second < 0x200) return scopeOfAssignment(bytes, offset, second)
    return second === 0xdb8 ? Scope.documentation : Scope.global
  }
  if (first === 0x2002) return scopeOfIPv4(bytes, offset + 2, 0)
  if (first === 0x3fff && second < 0x1000) return Scope.documentation
  if (first >> 13 === 1) return Scope.global
  if (first >> 9 === 0xfc00 >> 9) return Scope.ula
  if (first >> 6 === 0xfe80 >> 6) return Scope.linkLocal
  if (first === 0 && second === 0) return scopeOfLow(bytes, offset)
  const isNat64 = first === 0x64 && second === 0xff9b && isZero(bytes, offset + 4, offset + 12)
  return isNat64 ? scopeOfIPv4(bytes, offset + 12, 0) : Scope.never
}

/** ::/32: unspecified, loopback, IPv4-mapped and IPv4-compatible. `::` is the IPv4-compatible 0.0.0.0. */
function scopeOfLow(bytes: Uint8Array, offset: number): Scope {
  if (!isZero(bytes, offset + 4, offset + 10)) return Scope.never
  const marker = group(bytes, offset + 10)
  if (marker === 0 && isZero(bytes, offset + 12, offset + 15) && bytes[offset + 15] === 1) return Scope.loopback
  return marker === 0 || marker === 0xffff ? scopeOfIPv4(bytes, offset + 12, 0) : Scope.never
}

/** 2001::/23, the IETF's protocol assignments: `second` is the group after 2001. */
function scopeOfAssignment(bytes: Uint8Array, offset: number, second: number): Scope {
  if (second === 0) return stricter(scopeOfIPv4(bytes, offset + 4, 0), scopeOfIPv4(bytes, offset + 12, 0xff))
  const last = bytes[offset + 15] as number
  const isGlobal =
    // The anycast addresses 2001:1::1 (PCP), 2001:1::2 (TURN) and 2001:1::3 (DNS-SD).
    (second === 1 && isZero(bytes, offset + 4, offset + 15) && last >= 1 && last <= 3) ||
    // 2001:3::/32 (AMT), 2001:4:112::/48 (AS112), 2001:20::/28 (ORCHIDv2), 2001:30::/28 (DRIP).
    second === 3 ||
    (second === 4 && group(bytes, offset + 4) === 0x112) ||
    second >> 5 === 1
  return isGlobal ? Scope.global : Scope.never
}

/** The scope of an address that leads to two hosts: who may not hear of both hears of neither. */
function stricter(a: Scope, b: Scope): Scope {
  if (a === b || b === Scope.global) return a
  if (a === Scope.global) return b
  if (a === Scope.documentation) return b
  return b === Scope.documentation ? a : Scope.never
}
