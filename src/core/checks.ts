/**
 * What a host may say: the one place where its facts are looked at. A fact that can be put right is (an IPv4-mapped address is IPv4);
 * one that cannot be meant is refused with an error that names it, before anything is changed.
 */
import type { Peer } from './connection.ts'
import type { Privacy, SwarmOptions } from './swarm.ts'

/** The prefix of IPv4-mapped IPv6 addresses, ::ffff:0:0/96. */
const mappedPrefix = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]

/** @throws {TypeError} for an option that is not what it should be; limits are checked where they are read. */
export function checkOptions<Id>(options: SwarmOptions<Id>): SwarmOptions<Id> {
  if (typeof options?.sink?.turn !== 'function') throw new TypeError('sink: an object with the methods of Sink was expected')
  for (const name of ['share', 'accept'] as const) {
    const value = options[name]
    if (value !== undefined && typeof value !== 'function') throw new TypeError(`${name}: a function was expected, not ${String(value)}`)
  }
  checkPrivacy(options.private ?? false)
  return options
}

/** @throws {TypeError} for what is none of the three. */
export function checkPrivacy(value: Privacy): Privacy {
  if (typeof value === 'boolean' || value === 'unknown') return value
  throw new TypeError(`private: true, false or 'unknown' was expected, not ${String(value)}`)
}

/**
 * A time in milliseconds. It may be one that was before: then nothing is due yet.
 * @throws {TypeError} for what is no number, or NaN.
 */
export function checkTime(now: number): number {
  if (typeof now === 'number' && !Number.isNaN(now)) return now
  throw new TypeError(`now: milliseconds were expected, not ${String(now)}`)
}

/** @throws {RangeError} for what is no integer 0–65535. */
export function checkPort(name: string, port: number): void {
  if (Number.isInteger(port) && port >= 0 && port <= 0xffff) return
  throw new RangeError(`${name}: an integer 0–65535 was expected, not ${String(port)}`)
}

/**
 * The facts of a connection, with an IPv4-mapped address as IPv4.
 * @throws {TypeError | RangeError} naming the fact that cannot be.
 */
export function checkPeer(peer: Peer): Peer {
  const { address, direction, port, transport } = peer
  if (port !== undefined) checkPort('port', port)
  if (direction !== 'incoming' && direction !== 'outgoing') {
    throw new TypeError(`direction: 'incoming' or 'outgoing' was expected, not ${String(direction)}`)
  }
  if (transport !== 'tcp' && transport !== 'utp') throw new TypeError(`transport: 'tcp' or 'utp' was expected, not ${String(transport)}`)
  if (address === undefined) return peer
  if (!(address instanceof Uint8Array)) throw new TypeError(`address: a Uint8Array was expected, not ${String(address)}`)
  if (address.length !== 4 && address.length !== 16) throw new RangeError(`address: 4 or 16 bytes were expected, not ${address.length}`)
  // Those of IPv4 are too short for it.
  const isMapped = mappedPrefix.every((byte, index) => address[index] === byte)
  return isMapped ? { ...peer, address: address.subarray(12) } : peer
}

/** @throws {TypeError | RangeError} for what is no compact endpoint of 6 or 18 bytes. */
export function checkEndpoint(endpoint: Uint8Array): Uint8Array {
  if (!(endpoint instanceof Uint8Array)) throw new TypeError(`endpoint: a Uint8Array was expected, not ${String(endpoint)}`)
  if (endpoint.length === 6 || endpoint.length === 18) return endpoint
  throw new RangeError(`endpoint: 6 or 18 bytes were expected, not ${endpoint.length}`)
}

/** @throws {TypeError} for another outcome than the two. */
export function checkOutcome(outcome: 'connected' | 'failed'): 'connected' | 'failed' {
  if (outcome === 'connected' || outcome === 'failed') return outcome
  throw new TypeError(`outcome: 'connected' or 'failed' was expected, not ${String(outcome)}`)
}
