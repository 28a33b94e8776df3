/** Does the observer find what is known to be wrong with other clients, and nothing else? */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type Clause, Observer } from '../../src/conformance/index.ts'
import { fromHex } from '../codec/bytes.ts'
import { endpoint } from '../core/endpoints.ts'
import { nothingSaid } from '../nothing-said.ts'
import { Aria2, type ClientModel, Faultless, Libtorrent, type Neighbour, Transmission, UtPex5 } from './models.ts'
import { Scene } from './scene.ts'

const at = (place: string): { address: Uint8Array; port: number } => {
  const bytes = endpoint(place)
  return { address: bytes.slice(0, -2), port: bytes.at(-2)! * 256 + bytes.at(-1)! }
}

/** Seventy neighbours: every second one dialled the sender. */
const neighbours: readonly Neighbour[] = Array.from({ length: 70 }, (_, index) => {
  const isDialled = index % 2 === 0
  return { listens: `30.0.${10 + index}.1:6881`, remote: `30.0.${10 + index}.1:${isDialled ? 6881 : 50_000 + index}`, isDialled }
})

/** A sender among its neighbours for twelve minutes, and what is found of it. */
class Play {
  readonly observer = new Observer<number>()
  readonly #client: ClientModel
  readonly #steps: { readonly at: number; readonly run: () => void }[] = []
  #now = 0

  constructor(client: ClientModel) {
    this.#client = client
  }

  /** Runs the steps and the client's messages to `receiver`, the connection −1. */
  run(): Play {
    const { observer } = this
    observer.connected({ connection: -1, at: 0, ...at('40.0.0.1:6881'), direction: 'outgoing', transport: 'tcp', isExtended: true })
    observer.handshake({ connection: -1, at: 0, from: 'local', handshake: { ...nothingSaid, utPex: 7 } })
    observer.handshake({ connection: -1, at: 0, from: 'remote', handshake: { ...nothingSaid, utPex: 3 } })
    for (const time of this.#client.times) {
      this.step(10 + time, () => {
        const bytes = this.#client.message()
        if (bytes !== undefined) observer.message({ connection: -1, at: this.#now, from: 'local', id: 3, bytes })
      })
    }
    const steps = [...this.#steps].sort((a, b) => a.at - b.at)
    for (const { at: time, run } of steps) {
      this.#now = Math.round(time * 1000)
      run()
    }
    observer.finish(this.#now)
    return this
  }

  step(seconds: number, run: () => void): this {
    this.#steps.push({ at: seconds, run })
    return this
  }

  /** These connect; who is `slow` sends its extended handshake 20 s later. */
  come(seconds: number, from: number, to: number, how: 'at once' | 'slow' = 'at once'): this {
    for (let connection = from; connection < to; connection++) {
      const neighbour = neighbours[connection]!
      const direction = neighbour.isDialled ? 'outgoing' : 'incoming'
      this.step(seconds, () => {
        this.observer.connected({ connection, at: this.#now, ...at(neighbour.remote), direction, transport: 'tcp', isExtended: true })
        this.#client.knock?.(neighbour)
      })
      this.step(seconds + (how === 'slow' ? 20 : 0), () => {
        const handshake = { ...nothingSaid, utPex: 0, port: 6881 }
        this.observer.handshake({ connection, at: this.#now, from: 'remote', handshake })
        this.#client.come(neighbour)
      })
    }
    return this
  }

  go(seconds: number, from: number, to: number): this {
    for (let connection = from; connection < to; connection++) {
      this.step(seconds, () => {
        this.observer.disconnected({ connection, at: this.#now })
        this.#client.go(neighbours[connection]!)
      })
    }
    return this
  }

  hear(seconds: number, bytes: Uint8Array): this {
    return this.step(seconds, () => {
      this.observer.message({ connection: -1, at: this.#now, from: 'remote', id: 7, bytes })
      this.#client.hear?.(bytes)
    })
  }

  get found(): readonly Clause[] {
    const found = new Set(this.observer.findings.map(({ clause }) => clause))
    return [...found].sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)))
  }

  /** Sentences of the findings of a clause. */
  sentences(clause: Clause): readonly string[] {
    return [...new Set(this.observer.findings.filter((finding) => finding.clause === clause).map(({ message }) => message))]
  }
}

/** All that happens to all of them: who is slow, who goes for a moment, who comes and goes between two messages, many who go. */
function churn(client: ClientModel): Play {
  return new Play(client)
    .come(0, 20, 70)
    .come(1, 0, 2, 'slow')
    .go(100, 30, 35)
    .come(120, 30, 32)
    .come(145, 5, 8)
    .go(150, 5, 8)
    .come(300, 10, 20)
    .go(400, 20, 30)
    .go(400, 35, 60)
}

describe('models of clients', () => {
  test('a sender as BEP 11 asks has no finding', () => {
    const play = churn(new Faultless()).run()
    expect(play.observer.findings).toEqual([])
    expect(play.observer.summary()).toMatchObject({ N15: { judged: expect.any(Number) as number }, N20: { findings: 0 } })
    expect(play.observer.summary().N15.judged).toBeGreaterThan(40)
  })

  test('ut_pex 5: messages with empty lists, drops of what was never told, what is there told again', () => {
    const play = churn(new UtPex5()).run()
    expect(play.found).toEqual(['N6', 'N17', 'N20'])
    expect(play.sentences('N20')).toContain('Contacts are added that the receiver holds.')
  })

  test('ut_pex 5: what its remote has dropped itself is never dropped', () => {
    const claim = new Scene().bytesOf(['+30.0.30.1:6881'])
    const drop = new Scene().bytesOf(['-30.0.30.1:6881'])
    const play = new Play(new UtPex5()).come(0, 20, 24).hear(20, claim).hear(85, drop).go(200, 20, 24).come(210, 1, 3).run()
    expect(play.found).toEqual(['N6', 'N15'])
    expect(play.observer.findings.find(({ clause }) => clause === 'N15')?.seen).toBe('nothing of 30.0.30.1:6881')
  })

  test('libtorrent: empty lists, the full list again, too soon, too many, drops under another port', () => {
    const play = churn(new Libtorrent()).run()
    expect(play.found).toEqual(['N6', 'N11', 'N15', 'N17', 'N18', 'N20', 'N22'])
    expect(play.observer.findings.find(({ clause }) => clause === 'N18')?.seen).toBe('59980 ms')
    expect(play.observer.findings.find(({ clause }) => clause === 'N17')?.seen).toContain('30.0.43.1:50033')
  })

  test('Transmission: ports that peers dialled from, drops of who is there', () => {
    const play = churn(new Transmission()).run()
    expect(play.found).toEqual(['N13', 'N14', 'N16'])
  })

  test('aria2: an empty dictionary, drops of strangers, what is there told again, no flag for who was dialled', () => {
    const play = churn(new Aria2()).run()
    expect(play.found).toEqual(['N6', 'N11', 'N17', 'N20'])
  })
})

interface Recorded {
  readonly client: string
  readonly msg_no: number
  readonly hex: string
}

describe('messages that real clients sent', () => {
  const text = readFileSync(new URL('../vectors/clients.jsonl', import.meta.url), 'utf8')
  const recorded = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Recorded)

  /** What is found in one of them, by itself: the first of its connection, or one that came later. */
  function found({ hex, msg_no }: Recorded): string {
    const observer = new Observer()
    const isHeardFromStart = msg_no === 1
    const facts = { ...at('10.77.0.1:6881'), direction: 'outgoing', transport: 'tcp', isExtended: true, isHeardFromStart } as const
    observer.connected({ connection: 0, at: 0, ...facts })
    observer.message({ connection: 0, at: 0, from: 'remote', id: undefined, bytes: fromHex(hex) })
    return [...new Set(observer.findings.map(({ clause }) => clause))].join(' ')
  }

  test.each([
    ['aria2', { N6: 1, N17: 5, '': 10 }],
    ['libtorrent', { N6: 9, 'N6 N23': 1 }],
    ['transmission', { '': 15 }],
  ])('%s: %o', (client, expected) => {
    const counts: Record<string, number> = {}
    for (const line of recorded.filter((one) => one.client === client)) counts[found(line)] = (counts[found(line)] ?? 0) + 1
    expect(counts).toEqual(expected)
  })
})
