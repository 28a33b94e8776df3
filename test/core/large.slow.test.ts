/**
 * A large swarm for a long time: what is kept stays within its bounds, and does not grow with the swarm for each connection.
 *
 * Turns are ten minutes apart instead of one, so that a thousand minutes of ten thousand connections take seconds; the bounds count
 * departures and what is owed, not messages.
 */
import { describe, expect, test } from 'vitest'
import { Swarm } from '../../src/core/index.ts'
import { newChild } from '../extension/child.ts'
import { nothingSaid } from '../nothing-said.ts'
import { copy, fault, plant } from '../planted.ts'

type SwarmClass = typeof Swarm

const minuteMs = 60_000
const minutes = 1_000
/** Connected peers that listen and stay, and contacts that come and go: all are others after 100 minutes. */
const listeners = 8_000
const contacts = 2_000
const churn = 20
/** Of the listeners, who takes messages for four hours and then never again, and who only every 40 minutes. */
const laggards = 50
const sleepers = 50

interface Figures {
  /** The most departures kept, as a part of what may be. */
  greatestShare: number
  retired: number
  messages: number
  /** Messages that a laggard that was let go was sent afterwards. */
  afterRetired: number
  contacts: number
  departures: number
}

class Town {
  readonly #swarm: Swarm<number>
  readonly #turns: number[] = []
  readonly #listeners: number
  #next = 0
  #oldest = 0
  #now = 0

  constructor(SwarmUnderTest: SwarmClass, listenerCount: number) {
    this.#listeners = this.#oldest = listenerCount
    const sink = { turn: (id: number) => void this.#turns.push(id), added() {}, dropped() {}, candidates() {}, violation() {} }
    // Whoever is told all holds more than `maxOwed` of what leaves later.
    const limits = { sendIntervalMs: 10 * minuteMs, retryMs: 10 * minuteMs, maxTold: Number.POSITIVE_INFINITY, maxContacts: 500 }
    this.#swarm = new SwarmUnderTest<number>({ sink, limits })
  }

  live(): Figures {
    const figures: Figures = { greatestShare: 0, retired: 0, messages: 0, afterRetired: 0, contacts: 0, departures: 0 }
    for (let count = 0; count < this.#listeners + contacts; count++) this.#connect()
    for (let minute = 0; minute < minutes; minute++) {
      this.#now = minute * minuteMs
      for (let count = 0; count < churn; count++) {
        this.#connect()
        this.#disconnectOldest()
      }
      this.#swarm.handleTimeout(this.#now)
      for (const id of this.#turns.splice(0)) if (takesTurn(id, minute) && this.#take(id)) figures.messages++
      const { contacts, departures, retired } = this.#swarm.stats()
      figures.greatestShare = Math.max(figures.greatestShare, departures / Math.max(4_096, 2 * contacts))
      Object.assign(figures, { contacts, departures, retired })
    }
    // Those who were let go stay connected, and hear nothing more.
    for (let id = 0; id < laggards; id++) if (this.#take(id)) figures.afterRetired++
    return figures
  }

  #take(id: number): boolean {
    return this.#swarm.takeMessage(id, this.#now) !== undefined
  }

  /** Listeners give no port, so nobody is told of them; contacts have no extension protocol. */
  #connect(): void {
    const id = this.#next++
    const listens = id < this.#listeners
    const address = Uint8Array.of(20 + (id >> 16), (id >> 8) & 0xff, id & 0xff, 1)
    const direction = listens ? 'incoming' : 'outgoing'
    this.#swarm.handleConnect(id, { address, port: 6881, direction, transport: 'tcp', isExtended: listens }, this.#now)
    if (listens) this.#swarm.handleExtendedHandshake(id, { ...nothingSaid, utPex: 1 }, this.#now)
    this.#swarm.handlePieces(id, false, this.#now)
  }

  #disconnectOldest(): void {
    this.#swarm.handleDisconnect(this.#oldest++, this.#now)
  }
}

function takesTurn(id: number, minute: number): boolean {
  if (id < laggards) return minute < 240
  return id >= laggards + sleepers || minute % 40 < 10
}

describe('a thousand minutes of ten thousand connections', () => {
  const figures = new Town(Swarm, listeners).live()

  test('keep no more departures than 4,096 or twice the live contacts', () => {
    expect(figures.greatestShare).toBeLessThanOrEqual(1)
    // And had to forget some: the bound was met.
    expect(figures.greatestShare).toBeGreaterThan(0.9)
    expect(figures.contacts).toBe(contacts)
  })

  test('let go of just those who are owed more than a thousand drops, and of nobody who listens, be it every 40 minutes', () => {
    expect(figures.retired).toBe(laggards)
    expect(figures.afterRetired).toBe(0)
  })

  test('are full of messages', () => {
    expect(figures.messages).toBeGreaterThan(listeners * (minutes / 10) * 0.8)
  })

  test.each([
    fault('departures are never forgotten', 'core/timeline', ') this.#forgetDepartures()', ') {}'),
    fault('nobody is let go', 'core/timeline', '.length > this.#limits.maxOwed)', '.length > 1e9)'),
  ])('would not, and it would be seen, if $name', async (planted) => {
    const faulty = (await plant(planted, ['core'])('core/swarm')) as { readonly Swarm: SwarmClass }
    const { greatestShare, retired } = new Town(faulty.Swarm, 500).live()
    expect(greatestShare > 1 || retired !== laggards).toBe(true)
  })
})

/** Bytes that a connection takes in a swarm of so many, in which each holds what 40 messages told. */
const program = `
  import { Swarm } from 'ut_pex'
  const nothing = ${JSON.stringify({ utPex: 1 })}
  const bytesOf = () => { gc(); const { heapUsed, external } = process.memoryUsage(); return heapUsed + external }
  function bytesPerConnection(count) {
    const before = bytesOf()
    const turns = []
    const sink = { turn: (id) => turns.push(id), added() {}, dropped() {}, candidates() {}, violation() {} }
    const swarm = new Swarm({ sink, limits: { maxTold: Infinity } })
    for (let id = 0; id < count; id++) {
      const address = Uint8Array.of(20, id >> 8, id & 0xff, 1)
      swarm.handleConnect(id, { address, port: 6881, direction: 'outgoing', transport: 'tcp', isExtended: true }, 0)
      swarm.handleExtendedHandshake(id, nothing, 0)
      swarm.handlePieces(id, false, 0)
    }
    let told = 0
    for (let minute = 1; minute <= 40; minute++) {
      swarm.handleTimeout(minute * 70_000)
      for (const id of turns.splice(0)) if (swarm.takeMessage(id, minute * 70_000) !== undefined) told++
    }
    const bytes = (bytesOf() - before) / count
    if (told < count * 20) throw new Error('told ' + told)
    return [bytes, swarm.stats().connections]
  }
  bytesPerConnection(1_000)
  console.log(bytesPerConnection(1_000)[0], bytesPerConnection(10_000)[0])
`

/** How much more a connection takes in a swarm of 10,000 than in one of 1,000. */
async function growth(entry: string): Promise<number> {
  const child = await newChild(entry, 60_000)
  try {
    const output = await child.run(program, '--expose-gc')
    const [few = 0, many = 0] = output.trim().split(' ').map(Number)
    expect(few).toBeGreaterThan(0)
    return many / few
  } finally {
    child.remove()
  }
}

describe('a connection', () => {
  test('takes as much memory in a swarm of 10,000 as in one of 1,000, whatever it was told', async () => {
    expect(await growth('src/core/index.ts')).toBeLessThan(1.25)
  })

  test('would not, and it would be seen, if what it was told were kept for it', async () => {
    const told = 'cursor.toldCount += added.length - dropped.length'
    const keeping = `${told}\n    const keeper = cursor as unknown as { kept?: Entry[] }\n    keeper.kept ??= []\n    keeper.kept.push(...added)`
    const place = copy(fault('all that is told is kept', 'core/timeline', told, keeping), ['core'])
    expect(await growth(place('core/index'))).toBeGreaterThan(1.25)
  })
})
