/**
 * Which schedules a timeline is run through: every short one over a few steps, and long ones by chance.
 *
 * A failure says all that is needed to see it again: the world, the schedule (made as short as it can be
 * and still fail) and, for chance, the seed: `explain(subject, randomCase(seed))` replays it.
 */

import { defaultLimits, type Limits } from '../../../src/core/limits.ts'
import { nameOf, type Oracle, Violation, type World } from './oracle.ts'
import { Run, type Schedule, type Subject } from './run.ts'

export interface Case {
  readonly world: World
  readonly schedule: Schedule
}

/** How often each kind of thing was met, summed over many runs. */
export type Seen = Oracle['seen']

/** Which law this case breaks; undefined when it keeps them all. An error that is no violation breaks them, too. */
export function faultOf(subject: Subject, { world, schedule }: Case, seen?: Seen): string | undefined {
  try {
    const run = new Run(subject, world)
    for (const step of schedule) run.step(step)
    run.finish()
    if (seen !== undefined) for (const kind of kindsSeen) seen[kind] += run.oracle.seen[kind]
    return undefined
  } catch (error) {
    return error instanceof Violation ? error.message : String(error)
  }
}

export const nothingSeen = (): Seen => ({ added: 0, dropped: 0, recent: 0, fullAdded: 0, fullDropped: 0, stillTold: 0, retired: 0 })
const kindsSeen = Object.keys(nothingSeen()) as readonly (keyof Seen)[]

/** The case with every step left out that it does not need to fail, and what it then breaks, as text to read and to replay. */
export function explain(subject: Subject, failing: Case): string {
  const schedule = shortest(subject, failing)
  const { limits, contacts, receivers } = failing.world
  const { maxContacts, maxTold, maxRecent, maxDepartures, maxOwed } = limits
  return [
    `${faultOf(subject, { ...failing, schedule })}`,
    `  schedule  ${schedule.join(' ')}`,
    `  of        ${failing.schedule.join(' ')}`,
    `  limits    ${Object.entries({ maxContacts, maxTold, maxRecent, maxDepartures, maxOwed }).join(' ').replaceAll(',', ' = ')}`,
    `  contacts  ${contacts.map(({ family, audiences }, contact) => `${nameOf(contact)}: IPv${family} for ${audiences}`).join('; ')}`,
    `  receivers ${receivers.map((receiver) => JSON.stringify(receiver)).join(' ')}`,
  ].join('\n')
}

/** Leaves out one step or two, as long as it goes on failing: of two toggles both or none can go. */
function shortest(subject: Subject, { world, schedule }: Case): Schedule {
  for (let first = 0; first < schedule.length; first++) {
    for (let second = first; second < schedule.length; second++) {
      const shorter = schedule.filter((_, index) => index !== first && index !== second)
      if (faultOf(subject, { world, schedule: shorter }) !== undefined) return shortest(subject, { world, schedule: shorter })
    }
  }
  return schedule
}

/** The first that fails of all schedules of this many steps that follow this start; undefined when none does. */
export function firstFaultOfAll(subject: Subject, { world, start, steps }: Enumeration, stepCount: number): Case | undefined {
  const total = steps.length ** stepCount
  const schedule = [...start, ...Array<string>(stepCount)]
  for (let number = 0; number < total; number++) {
    let rest = number
    for (let index = start.length; index < schedule.length; index++) {
      schedule[index] = steps[rest % steps.length] as string
      rest = Math.floor(rest / steps.length)
    }
    if (faultOf(subject, { world, schedule }) !== undefined) return { world, schedule: [...schedule] }
  }
  return undefined
}

export interface Enumeration {
  readonly title: string
  readonly world: World
  /** What has happened when the enumeration begins. */
  readonly start: Schedule
  readonly steps: Schedule
}

const everyone = { audiences: [0, 0] } as const
const tiny: Limits = { ...defaultLimits, maxContacts: 1, maxTold: Number.POSITIVE_INFINITY, maxRecent: 1, recentMs: 100 }

/** Nine steps each. Five addresses or more: with three, telling arrivals before all departures is not found out. */
export const enumerations: readonly Enumeration[] = [
  {
    title: 'five addresses from nothing, one contact a message',
    world: {
      limits: { ...tiny, maxDepartures: 2 },
      contacts: Array.from({ length: 5 }, () => ({ family: 4, ...everyone })),
      receivers: [{ sees: 1, own: -1, listensFromStart: true }],
    },
    start: [],
    steps: ['^A', '^B', '^C', '^D', '^E', '~B', '!0', 'c0A', 'o0'],
  },
  {
    title: 'one that has been told half of five addresses of both families',
    world: {
      limits: { ...tiny, maxRecent: 2, maxTold: 3 },
      contacts: Array.from({ length: 5 }, (_, contact) => ({ family: contact < 3 ? 4 : 6, ...everyone })),
      receivers: [{ sees: 1, own: 4, listensFromStart: true }],
    },
    start: ['^A', '^B', '^C', '^D', '!0', '!0'],
    steps: ['^A', '^B', '^C', '^E', '~A', '~D', '!0', 'c0C', 'c0A'],
  },
  {
    title: 'two receivers, one of them far behind, and few departures kept',
    world: {
      limits: { ...tiny, maxDepartures: 1, maxOwed: 1, maxRecent: 2 },
      contacts: [...Array.from({ length: 4 }, () => ({ family: 4, ...everyone }) as const), { family: 4, audiences: [0, 1] }],
      receivers: [
        { sees: 1, own: -1, listensFromStart: true },
        { sees: 3, own: 0, listensFromStart: true },
      ],
    },
    start: ['^A', '^B', '^E', '!0', '!1', '!0', '!1'],
    steps: ['^A', '^B', '^C', '*E', '~B', '~A', '!0', '!1', 'c0B'],
  },
]

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

/** A world and 10–70 steps in it, by chance. Messages are rare in some and many in others, so that some receivers fall far behind. */
export function randomCase(seed: number): Case {
  const below = chanceOf(seed)
  const pick = <Value>(values: readonly Value[]): Value => values[below(values.length)] as Value
  const world = randomWorld(below, pick)
  const contactCount = world.contacts.length
  const contact = (): string => nameOf(below(contactCount))
  const kinds: readonly (readonly [number, () => string])[] = [
    [10, () => `^${contact()}`],
    [pick([0, 3, 8]), () => `~${contact()}`],
    [pick([0, 1, 3]), () => `*${contact()}`],
    [pick([2, 5, 9, 16]), () => `!${below(2)}`],
    [pick([0, 1, 4]), () => `c${below(2)}${contact()}`],
    [pick([0, 0, 1]), () => `o${below(2)}`],
    [pick([0, 1, 3]), () => 't'],
  ]
  // Each kind as often as it weighs.
  const bag = kinds.flatMap(([weight, step]) => Array.from({ length: weight }, () => step))
  return { world, schedule: Array.from({ length: 10 + below(61) }, () => pick(bag)()) }
}

function randomWorld(below: (count: number) => number, pick: <Value>(values: readonly Value[]) => Value): World {
  const many = Number.POSITIVE_INFINITY
  const contactCount = 5 + below(4)
  const hasIPv6 = pick([false, true])
  const audienceCount = pick([1, 1, 3])
  const limits: Limits = {
    ...defaultLimits,
    maxContacts: pick([1, 1, 2, 2, 3]),
    maxTold: pick([many, many, many, 1, 2, 3]),
    maxRecent: pick([1, 2, 3, 25, 25]),
    maxDepartures: pick([1, 2, 4, 4096]),
    maxOwed: pick([many, many, many, 1, 2]),
    recentMs: 100,
  }
  const receivers = [0, 1].map((receiver) => ({
    sees: audienceCount === 1 ? 1 : 1 | below(8),
    own: pick([-1, -1, receiver]),
    listensFromStart: receiver === 0 || pick([true, false]),
  }))
  const contacts = Array.from(
    { length: contactCount },
    () => ({ family: hasIPv6 ? pick([4, 6] as const) : 4, audiences: [below(audienceCount), below(audienceCount)] }) as const,
  )
  return { limits, contacts, receivers }
}

export interface Seeds {
  readonly from: number
  readonly count: number
}

/** The first seed of these whose case fails; undefined when none does. */
export function firstFaultBySeed(subject: Subject, seeds: Seeds, seen?: Seen): number | undefined {
  for (let seed = seeds.from; seed < seeds.from + seeds.count; seed++) {
    if (faultOf(subject, randomCase(seed), seen) !== undefined) return seed
  }
  return undefined
}
