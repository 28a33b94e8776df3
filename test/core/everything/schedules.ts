/**
 * Which schedules a swarm is run through: every short one over a few steps, and long ones by chance.
 *
 * A failure says all that is needed to see it again: the world, the schedule (made as short as it can be and still fail) and, for
 * chance, the seed: `explain(Swarm, randomCase(seed))` replays it.
 */
import type { Observer } from '../../../src/conformance/index.ts'
import { type Oracle, Violation } from './oracle.ts'
import { Run, type Schedule, type SwarmClass } from './run.ts'
import { type ContactFacts, Ground, nameOf, type Place, type ReceiverFacts, tinyLimits, type World } from './world.ts'

export interface Case {
  readonly ground: Ground
  readonly schedule: Schedule
}

/** How often each kind of thing was met, summed over many runs. */
export type Seen = Oracle['seen']

export const nothingSeen = (): Seen => ({
  added: 0,
  dropped: 0,
  recent: 0,
  fullAdded: 0,
  fullDropped: 0,
  silent: 0,
  forbidden: 0,
  stillTold: 0,
  retired: 0,
  flags: 0,
})
const kindsSeen = Object.keys(nothingSeen()) as readonly (keyof Seen)[]

interface Watching {
  readonly seen?: Seen
  readonly observer?: Observer<number>
}

/** Which law this case breaks; undefined when it keeps them all. An error that is no violation breaks them, too. */
export function faultOf(Swarm: SwarmClass, { ground, schedule }: Case, { seen, observer }: Watching = {}): string | undefined {
  try {
    const run = new Run(Swarm, ground, observer)
    for (const step of schedule) run.step(step)
    run.finish()
    if (seen !== undefined) for (const kind of kindsSeen) seen[kind] += run.oracle.seen[kind]
    return undefined
  } catch (error) {
    return error instanceof Violation ? error.message : String(error)
  }
}

/** The case with every step left out that it does not need to fail, and what it then breaks, as text to read and to replay. */
export function explain(Swarm: SwarmClass, failing: Case): string {
  const schedule = shortest(Swarm, failing)
  const { limits, contacts, receivers } = failing.ground.world
  const { maxContacts, maxTold, maxRecent, maxDepartures, maxOwed, maxClaims, backPressureMs, recentMs } = limits
  const shown = { maxContacts, maxTold, maxRecent, maxDepartures, maxOwed, maxClaims, backPressureMs, recentMs }
  return [
    `${faultOf(Swarm, { ...failing, schedule })}`,
    `  schedule  ${schedule.join(' ')}`,
    `  of        ${failing.schedule.join(' ')}`,
    `  limits    ${Object.entries(shown).join(' ').replaceAll(',', ' = ')}`,
    `  contacts  ${contacts.map((facts, contact) => `${nameOf(contact)}: ${Object.values(facts).join(' ')}`).join('; ')}`,
    `  receivers ${receivers.map((receiver) => JSON.stringify(receiver)).join(' ')}`,
  ].join('\n')
}

/** Leaves out one step or two, as long as it goes on failing: of two toggles both or none can go. */
function shortest(Swarm: SwarmClass, { ground, schedule }: Case): Schedule {
  for (let first = 0; first < schedule.length; first++) {
    for (let second = first; second < schedule.length; second++) {
      const shorter = schedule.filter((_, index) => index !== first && index !== second)
      if (faultOf(Swarm, { ground, schedule: shorter }) !== undefined) return shortest(Swarm, { ground, schedule: shorter })
    }
  }
  return schedule
}

export interface Enumeration {
  readonly title: string
  readonly ground: Ground
  /** What has happened when the enumeration begins. */
  readonly start: Schedule
  readonly steps: Schedule
}

/** The first that fails of all schedules of this many steps that follow the start; undefined when none does. */
export function firstFaultOfAll(Swarm: SwarmClass, { ground, start, steps }: Enumeration, stepCount: number): Case | undefined {
  const total = steps.length ** stepCount
  const schedule = [...start, ...Array<string>(stepCount)]
  for (let number = 0; number < total; number++) {
    let rest = number
    for (let index = start.length; index < schedule.length; index++) {
      schedule[index] = steps[rest % steps.length] as string
      rest = Math.floor(rest / steps.length)
    }
    if (faultOf(Swarm, { ground, schedule }) !== undefined) return { ground, schedule: [...schedule] }
  }
  return undefined
}

const caller: ContactFacts = { family: 4, place: 'global', direction: 'incoming' }
const called: ContactFacts = { ...caller, direction: 'outgoing' }
const local: ContactFacts = { ...called, place: 'private' }
const leech: ReceiverFacts = { place: 'global', own: -1, isSeed: false }

/** Five addresses or more: with three, telling arrivals before all departures is not found out. */
export const enumerations: Readonly<Record<'nineSteps' | 'sixSteps', Enumeration>> = {
  nineSteps: {
    title: 'two receivers, one in the local network and one that is a contact itself, six addresses, and one contact a message',
    ground: new Ground({
      limits: { ...tinyLimits, maxRecent: 2, maxDepartures: 2 },
      contacts: [called, caller, local, { ...called, family: 6 }, called, caller],
      receivers: [
        { ...leech, own: 5 },
        { ...leech, place: 'private', isSeed: true },
      ],
    }),
    start: ['^A', '^B', '^C', '^E', '!0', '!0', '!1'],
    steps: ['^A', '^D', '=B', 'pB', '~E', '!0', '!1', 'c0A', 'Pt'],
  },
  sixSteps: {
    title: 'a receiver that listens, stops listening, comes anew as a seed, and holds three at the most',
    ground: new Ground({
      limits: { ...tinyLimits, maxTold: 3, maxDepartures: 1, maxOwed: 1 },
      contacts: [called, caller, called, called, { ...caller, family: 6 }],
      receivers: [leech],
    }),
    start: ['^C', '*D', '^E', '!0', '!0'],
    steps: ['^A', '*B', '~C', '!0', 'z0', 'R0'],
  },
}

/** Integers by chance, the same for the same seed (mulberry32). */
function chanceOf(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let bits = Math.imul(state ^ (state >>> 15), state | 1)
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61)
    return ((bits ^ (bits >>> 14)) >>> 0) % below
  }
}

type Pick = <Value>(values: readonly Value[]) => Value

/** A world and 10–70 steps in it, by chance. What is frequent in one is rare or never in others, so that some receivers fall far behind. */
export function randomCase(seed: number): Case {
  const below = chanceOf(seed)
  const pick: Pick = (values) => values[below(values.length)] as (typeof values)[number]
  const ground = new Ground(randomWorld(below, pick))
  const { contacts, receivers } = ground.world
  const contact = (): string => nameOf(below(contacts.length))
  const receiver = (): number => below(receivers.length)
  const kinds: readonly (readonly [number, () => string])[] = [
    [10, () => `^${contact()}`],
    [pick([0, 3, 8]), () => `~${contact()}`],
    [pick([0, 1, 3]), () => `*${contact()}`],
    [pick([0, 0, 1]), () => `${pick(['?', 'h'])}${contact()}`],
    [pick([0, 1, 4]), () => `=${contact()}`],
    [pick([0, 1, 3]), () => `p${contact()}`],
    [pick([0, 1]), () => `f${contact()}`],
    [pick([0, 0, 1]), () => `S${contact()}`],
    [pick([2, 5, 9, 16]), () => `!${receiver()}`],
    [pick([0, 1]), () => `m${receiver()}`],
    [pick([0, 1, 4]), () => `c${receiver()}${contact()}`],
    [pick([0, 0, 1]), () => `${pick(['z', 'z', 'i', 'R', 'D', 'L', 's', 'x', 'g'])}${receiver()}`],
    [pick([0, 0, 1]), () => `q${receiver()}`],
    [pick([0, 0, 1]), () => pick(['Pt', 'Pf', 'Pf', 'Pu'])],
    [pick([0, 1, 2]), () => pick(['t', 't', 't', 'J'])],
  ]
  // Each kind as often as it weighs.
  const bag = kinds.flatMap(([weight, step]) => Array.from({ length: weight }, () => step))
  return { ground, schedule: Array.from({ length: 10 + below(61) }, () => pick(bag)()) }
}

function randomWorld(below: (count: number) => number, pick: Pick): World {
  const many = Number.POSITIVE_INFINITY
  const hasIPv6 = pick([false, true])
  const places: readonly Place[] = pick([['global'], ['global'], ['global', 'global', 'private', 'documentation']])
  const directions = pick([['outgoing'], ['outgoing', 'incoming']] as const)
  const backPressureMs = pick([10_000, 10_000, many])
  return {
    limits: {
      ...tinyLimits,
      maxContacts: pick([1, 1, 2, 2, 3]),
      maxTold: pick([many, many, many, 1, 2, 3]),
      maxRecent: pick([1, 2, 3, 25, 25]),
      maxDepartures: pick([1, 2, 4, 4096]),
      maxOwed: pick([many, many, many, 1, 2]),
      maxClaims: pick([200, 200, 1, 2]),
      recentMs: pick([5 * 60_000, 30 * 60_000]),
      backPressureMs,
    },
    contacts: Array.from({ length: 5 + below(5) }, () => ({
      family: hasIPv6 ? pick([4, 6] as const) : 4,
      place: pick(places),
      direction: pick(directions),
    })),
    receivers: Array.from({ length: 1 + below(3) }, (_, receiver) => {
      const isContact = pick([false, false, true])
      return {
        place: isContact ? 'global' : pick(['global', 'global', 'private', 'loopback'] as const),
        own: isContact ? receiver : -1,
        isSeed: pick([false, false, true]),
      }
    }),
  }
}

export interface Seeds {
  readonly from: number
  readonly count: number
}

/** The first seed of these whose case fails; undefined when none does. */
export function firstFaultBySeed(Swarm: SwarmClass, seeds: Seeds, seen?: Seen): number | undefined {
  for (let seed = seeds.from; seed < seeds.from + seeds.count; seed++) {
    if (faultOf(Swarm, randomCase(seed), seen === undefined ? {} : { seen }) !== undefined) return seed
  }
  return undefined
}
