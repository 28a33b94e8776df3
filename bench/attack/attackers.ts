/**
 * Hostile peers, each of another kind. An attacker has a turn every second that it is connected, and says what it likes; when it
 * is hung up on, it comes again five seconds later.
 */
import type { ExtendedHandshake } from '../../src/core/index.ts'
import { contact4, contact6, message, scrambled, times } from './bytes.ts'

/** What an attacker can do with its connection. */
export interface Reach {
  /** False from the moment when it was hung up on. */
  isThere(): boolean
  say(bytes: Uint8Array): void
  shakeHands(handshake: Partial<ExtendedHandshake>): void
  hangUp(): void
}

/** One second of an attack; `second` counts from its beginning. */
export type Attack = (reach: Reach, second: number) => void

/** Never the same one twice. */
const distinct4 = (index: number): Uint8Array => {
  const bits = scrambled(index)
  return contact4(60 + ((index >>> 22) % 60), (bits >>> 16) & 255, (bits >>> 8) & 255, bits & 255, 6_881)
}
const distinct6 = (index: number): Uint8Array => {
  const bits = scrambled(index)
  return contact6([0x2a0a, bits >>> 16, bits & 0xffff, index & 0xffff, 0, 0, 0, 1], 6_881)
}
/** Twice a minute is what the token bucket lets through. */
const everyHalfMinute =
  (attack: Attack): Attack =>
  (reach, second) => {
    if (second % 30 === 0) attack(reach, second)
  }

const mebibyte = new Uint8Array(2 ** 20).fill(0x6c)

export const victim = { address: [99, 0, 0, 1] as const, network: [99, 0, 1] as const }

/** Addresses of every local network, and of every form of IPv6 that carries one. */
const local: readonly Uint8Array[] = [
  [127, 0, 0, 1],
  [10, 0, 0, 1],
  [172, 16, 0, 1],
  [192, 168, 1, 1],
  [169, 254, 169, 254],
  [100, 64, 0, 1],
  [0, 0, 0, 0],
  [224, 0, 0, 1],
  [255, 255, 255, 255],
].flatMap(([a = 0, b = 0, c = 0, d = 0]) => {
  const [high, low] = [(a << 8) | b, (c << 8) | d]
  return [22, 80, 8_080].flatMap((port) => [
    contact4(a, b, c, d, port),
    contact6([0, 0, 0, 0, 0, 0xffff, high, low], port),
    contact6([0, 0, 0, 0, 0, 0, high, low], port),
    contact6([0x64, 0xff9b, 0, 0, 0, 0, high, low], port),
    contact6([0x2002, high, low, 0, 0, 0, 0, 1], port),
    contact6([0x2001, 0, 0x0808, 0x0808, 0, 0, high ^ 0xffff, low ^ 0xffff], port),
    contact6([0xfd00, 0, 0, 0, 0, 0, high, low], port),
    contact6([0xfe80, 0, 0, 0, 0, 0, high, low], port),
  ])
})

/** The kinds; `honest` is what the honest peers claim, as far as an attacker could know. */
export function attacksOn(honest: readonly Uint8Array[]): Readonly<Record<string, Attack>> {
  const allDropped = message([], honest.slice(0, 5_000))
  return {
    'a hundred messages a second': (reach, second) => {
      const again = message(times(50, (at) => distinct4(second * 1_000 + at)))
      for (let index = 0; index < 100 && reach.isThere(); index++) {
        reach.say(index < 6 ? message(times(100, (at) => distinct4(second * 1_000 + index * 100 + at))) : again)
      }
    },
    'messages of 32 KiB and of 1 MiB': everyHalfMinute((reach, second) => {
      const [first, count] = [second * 200, 5_000]
      reach.say(
        message(
          times(200, (at) => distinct4(first + at)),
          times(count, (at) => distinct4(1e9 + first + at)),
        ),
      )
      for (let index = 0; index < 5; index++) reach.say(mebibyte)
    }),
    'distinct addresses': everyHalfMinute((reach, second) => {
      const first = second * 10
      reach.say(
        message(
          second === 0
            ? [...times(200, distinct4), ...times(200, distinct6)]
            : times(100, (at) => (at % 2 ? distinct4 : distinct6)(first + at)),
        ),
      )
    }),
    'one victim, every port': everyHalfMinute((reach, second) => {
      const [a, b, c, d] = victim.address
      reach.say(message(times(100, (at) => contact4(a, b, c, d, 2 + (((second / 30) * 100 + at) % 65_534)))))
    }),
    'one victim network': everyHalfMinute((reach, second) => {
      const [a, b, c] = victim.network
      reach.say(message(times(100, (at) => contact4(a, b, c, ((second / 30) * 100 + at) % 256, 6_881))))
    }),
    'loopback and local networks': everyHalfMinute((reach, second) => {
      reach.say(message(times(100, (at) => local[((second / 30) * 100 + at) % local.length] as Uint8Array)))
    }),
    'forged drops': everyHalfMinute((reach, second) => {
      reach.say(allDropped)
      reach.say(message(honest.slice(second % 4_900, (second % 4_900) + 100), honest.slice(0, 100)))
      reach.say(allDropped)
    }),
    'toggling ids and contacts': (reach, second) => {
      reach.shakeHands({ utPex: second % 2 === 0 ? 0 : 1 + (second % 255), port: 2 + (second % 60_000) })
      if (second % 30 === 0) reach.say(message(times(100, distinct4), []))
      if (second % 30 === 15) reach.say(message([], times(100, distinct4)))
    },
    'hanging up and coming again': (reach, second) => {
      reach.say(message([...times(200, (at) => distinct4(second * 200 + at)), ...times(200, (at) => distinct6(second * 200 + at))]))
      reach.hangUp()
    },
    'coming again for each contact': (reach, second) => {
      reach.say(message([distinct4(second)]))
      reach.hangUp()
    },
  }
}
