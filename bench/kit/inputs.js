/**
 * What the contestants are fed: messages and endpoints, the same for all, written by an encoder of its own so that
 * nobody is measured on bytes that he has made himself. The same seed gives the same inputs.
 */

/** A sequence of numbers 0–2³²−1 (mulberry32). */
export function createChance(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
}

/** A global endpoint: `{ family, bytes, text }`. The texts of IPv6 have no zeros to be shortened: all libraries write them alike. */
export function createEndpoint(family, chance) {
  const port = 1024 + (chance() % 60_000)
  const tail = [port >> 8, port & 0xff]
  if (family === 4) {
    const address = [20 + (chance() % 60), chance() & 0xff, chance() & 0xff, 1 + (chance() % 254)]
    return { family, bytes: Uint8Array.from([...address, ...tail]), text: `${address.join('.')}:${port}` }
  }
  const groups = [0x2a00 + (chance() % 16), ...Array.from({ length: 7 }, () => 0x1000 + (chance() % 0xe000))]
  const address = groups.flatMap((group) => [group >> 8, group & 0xff])
  return { family, bytes: Uint8Array.from([...address, ...tail]), text: `[${groups.map((group) => group.toString(16)).join(':')}]:${port}` }
}

export function createEndpoints(count4, count6, chance) {
  const families = [...Array(count4).fill(4), ...Array(count6).fill(6)]
  return families.map((family) => createEndpoint(family, chance))
}

/** How many of the fifty are IPv4 and IPv6. */
export const kinds = { IPv4: [50, 0], mixed: [25, 25], IPv6: [0, 50] }

/** A message as bytes; flags are 0x10 and up, differing from contact to contact. */
export function encode(added, dropped) {
  const listOf = (contacts, family) => Buffer.concat(contacts.filter((contact) => contact.family === family).map(({ bytes }) => bytes))
  const added4 = listOf(added, 4)
  const added6 = listOf(added, 6)
  const flagsFor = (count) => Uint8Array.from({ length: count }, (_, index) => 0x10 | (index % 16))
  const strings = [
    ['added', added4],
    ['added.f', flagsFor(added4.length / 6)],
    ['added6', added6],
    ['added6.f', flagsFor(added6.length / 18)],
    ['dropped', listOf(dropped, 4)],
    ['dropped6', listOf(dropped, 6)],
  ]
  const parts = strings
    .filter(([, bytes]) => bytes.length > 0)
    .flatMap(([key, bytes]) => [Buffer.from(`${key.length}:${key}${bytes.length}:`), bytes])
  return new Uint8Array(Buffer.concat([Buffer.from('d'), ...parts, Buffer.from('e')]))
}

/** Messages of a stream: seventeen hours of one a minute. A power of two. */
export const streamLength = 1024

/** How many messages later the contact at this place of a message is dropped: 1, 2 or 3, of a hundred claims or so. */
const lifetimeOf = (place) => 1 + (place % 3)

/**
 * What a connection brings in a real swarm: each message adds fifty contacts that no other message adds, and drops fifty that
 * came with the last three. After the last message the first one follows again, so it can run for ever.
 *
 * Nothing can be learnt by heart, neither by a processor's branch prediction nor by V8, which keeps one copy of the strings
 * that are keys of objects: with two messages in turns everybody was two to four times as fast as he is on a wire.
 *
 * `sets[i]` is what `messages[i]` adds; `claimCount` is how many contacts are there after each.
 */
export function createStream(kind, seed = 1) {
  const chance = createChance(seed)
  const hosts = new Set()
  const sets = Array.from({ length: streamLength }, () => createNewEndpoints(kinds[kind], chance, hosts))
  const droppedBy = (index) => sets[index].map((_, place) => sets[(index + streamLength - lifetimeOf(place)) % streamLength][place])
  const messages = sets.map((added, index) => encode(added, droppedBy(index)))
  const claimCount = sets[0].reduce((sum, _, place) => sum + lifetimeOf(place), 0)
  return { sets, messages, droppedBy, claimCount }
}

/** Endpoints at addresses that are not in `hosts`, and are afterwards. */
function createNewEndpoints([count4, count6], chance, hosts) {
  const families = [...Array(count4).fill(4), ...Array(count6).fill(6)]
  return families.map((family) => {
    for (;;) {
      const endpoint = createEndpoint(family, chance)
      const host = endpoint.text.slice(0, endpoint.text.lastIndexOf(':'))
      if (hosts.has(host)) continue
      hosts.add(host)
      return endpoint
    }
  })
}

/** Two sets of fifty that take turns: each message adds one of them and drops the other. */
export function createTurns(kind, seed = 1) {
  const chance = createChance(seed)
  const sets = [createEndpoints(...kinds[kind], chance), createEndpoints(...kinds[kind], chance)]
  return { sets, messages: [encode(sets[0], sets[1]), encode(sets[1], sets[0])] }
}
