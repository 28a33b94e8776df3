/**
 * A wire that is fed by hand, and what one may expect of it whatever its host calls: commands for fast-check, and a model beside them.
 *
 * The model knows whom the host has added, whether it has started, and what the remote said. At once it is wrong if a message comes too
 * soon, before `start` or after `stop`, to a remote that takes none, with more than 50 in a list, or with a drop or an addition that makes no sense;
 * at the end, if the remote holds other contacts than those that were added and not dropped.
 */
import fc from 'fast-check'
import { vi } from 'vitest'
import { command, type Library, Told } from './model.ts'
import { type Connected, closeWires, connect, manyPeers, pex, settle } from './wires.ts'

const few = ['203.0.113.1:7000', '203.0.113.2:7000', '203.0.113.2:7001', '[2001:db8::3]:7000', '10.0.0.1:7000'] as const
/** More than a message holds. */
const many = manyPeers(120)

interface Model {
  readonly added: Set<string>
  readonly claims: Set<string>
  isStarted: boolean
  id: number
  sayCount: number
}

class World {
  readonly findings: string[] = []
  readonly told: Told = new Told(50)
  readonly model: Model = { added: new Set(), claims: new Set(), isStarted: false, id: 1, sayCount: 0 }
  readonly #wire: Connected
  readonly #clock: () => number
  #leap = 0
  messages = 0

  constructor(wire: Connected) {
    this.#wire = wire
    const send = wire.ours.extended.bind(wire.ours)
    wire.ours.extended = (id, bytes) => {
      if (id !== 0) this.#reads(id as number, bytes)
      send(id, bytes)
    }
    const clock = performance.now.bind(performance)
    this.#clock = clock
    vi.spyOn(performance, 'now').mockImplementation(() => clock() + this.#leap)
  }

  get host(): Connected['ours']['ut_pex'] {
    return this.#wire.ours.ut_pex
  }

  async handshake(id: number | undefined): Promise<void> {
    this.#wire.remote.sayHandshake(id === undefined ? { p: 7_000 } : { m: { ut_pex: id } })
    await settle()
    if (id === undefined) return
    this.model.id = id > 0 && id < 256 ? id : 0
    if (this.model.id === 0) this.told.held.clear()
  }

  async say(added: readonly string[], dropped: readonly string[]): Promise<void> {
    for (const peer of dropped) this.model.claims.delete(peer)
    for (const peer of added) this.model.claims.add(peer)
    this.model.sayCount++
    this.#wire.remote.wire.extended(1, pex({ added, dropped }))
    await settle()
  }

  sleep(ms: number): void {
    this.#leap += ms
  }

  async finish(): Promise<void> {
    const { added, claims, id } = this.model
    this.host.start()
    this.model.isStarted = true
    if (id === 0) await this.handshake(9)
    await vi.advanceTimersByTimeAsync(6 * 66_000)
    const { held } = this.told
    for (const peer of held) if (!added.has(peer)) this.findings.push(`in the end it holds ${peer}, which was dropped`)
    for (const peer of added) if (!held.has(peer) && !claims.has(peer)) this.findings.push(`in the end it lacks ${peer}`)
  }

  async close(): Promise<void> {
    vi.mocked(performance.now).mockRestore()
    await closeWires()
    if (vi.getTimerCount() > 0) this.findings.push('timers are left')
  }

  #reads(id: number, bytes: Uint8Array): void {
    const { findings, model } = this
    if (!model.isStarted) findings.push('a message though it is stopped')
    if (model.id === 0) findings.push('a message though the remote takes none')
    if (id !== model.id) findings.push(`a message under the id ${id}, not ${model.id}`)
    findings.push(...this.told.read(bytes, this.#clock() + this.#leap, (peer) => model.claims.has(peer)))
    this.messages++
  }
}

type Command = fc.AsyncCommand<Model, World>
const always = (): boolean => true
/** Six messages are read, whenever they come. */
const mayRead = ({ sayCount }: Model): boolean => sayCount < 6

function feeding(): fc.Arbitrary<Command> {
  const peers = fc.oneof(fc.subarray([...few], { minLength: 1 }), fc.constant(many), fc.subarray(many, { minLength: 40 }))
  const flags = fc.constantFrom({}, { isSender: true })
  return fc.tuple(fc.constantFrom('add', 'add', 'drop'), peers, flags).map(([how, peers, flags]) =>
    command<Model, World>(`${how} ${peers.length}: ${peers.slice(0, 5)}`, always, ({ host, model }) => {
      for (const peer of peers) {
        if (how === 'add') {
          host[peer.startsWith('[') ? 'addPeer6' : 'addPeer'](peer, flags)
          model.added.add(peer)
        } else {
          host[peer.startsWith('[') ? 'dropPeer6' : 'dropPeer'](peer)
          model.added.delete(peer)
        }
      }
    }),
  )
}

function calls(): fc.Arbitrary<Command> {
  return fc.constantFrom('start', 'start', 'stop', 'reset', 'nonsense').map((call) =>
    command<Model, World>(call, always, ({ host, model }) => {
      if (call === 'nonsense') {
        for (const wrong of ['', 'x', '1.2.3.4', '1.2.3.4:0', '01.2.3.4:5', '::1:5', undefined, 7]) {
          host.addPeer(wrong as string)
          host.dropPeer(wrong as string)
        }
        return
      }
      host[call as 'start']()
      model.isStarted = call === 'start'
      if (call !== 'reset') return
      model.added.clear()
      model.claims.clear()
    }),
  )
}

function remotes(): fc.Arbitrary<Command> {
  const ids = fc.constantFrom(1, 200, 0, 256, undefined)
  // One port of an address, so that no drop can mean another one.
  const peers = fc.subarray([...few.filter((peer) => !peer.endsWith(':7001')), '198.51.0.1:6881'])
  return fc.oneof(
    ids.map((id) => command<Model, World>(`handshake(${id})`, always, (world) => world.handshake(id))),
    fc
      .tuple(peers, peers)
      .map(([added, dropped]) => command<Model, World>(`say([${added}], [${dropped}])`, mayRead, (world) => world.say(added, dropped))),
  )
}

function times(): fc.Arbitrary<Command> {
  return fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .constantFrom(500, 3_000, 30_000, 70_000)
        .map((ms) => command<Model, World>(`wait(${ms})`, always, async () => void (await vi.advanceTimersByTimeAsync(ms)))),
    },
    { weight: 1, arbitrary: fc.constant(command<Model, World>('sleep(8 hours)', always, (world) => world.sleep(8 * 60 * 60_000))) },
  )
}

/** Whether a wire of this library that is fed by hand keeps every promise in so many runs; throws the shortest run that it finds, if not. Counts the messages. */
export async function checkDropIn(library: Library, { runs, seed }: { readonly runs: number; readonly seed: number }): Promise<number> {
  let messages = 0
  const commands = fc.commands([feeding(), feeding(), calls(), remotes(), times(), times()], { maxCommands: 40, size: 'max' })
  const property = fc.asyncProperty(commands, async (commands) => {
    const world = new World(await connect(library.default()))
    try {
      await fc.asyncModelRun(() => ({ model: world.model, real: world }), commands)
      await world.finish()
    } finally {
      await world.close()
    }
    if (world.findings.length > 0) throw new Error(world.findings.join('\n'))
    messages += world.messages
  })
  await fc.assert(property, { numRuns: runs, seed, includeErrorInReport: true })
  return messages
}
