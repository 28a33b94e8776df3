/**
 * Any schedule of offers, drops, dials and time, compared with the rules written down a second time (`candidates-twin.ts`). Limits are
 * tiny, so that every edge is met often.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { flag } from '../../src/codec/contact.ts'
import type { Limits } from '../../src/core/limits.ts'
import { Dialler, networksOf, tally } from './candidates-kit.ts'
import { hasAddress, hourMs, limits, partyOf, Twin, type TwinCandidate, texts } from './candidates-twin.ts'

/** As `expect`, at the price of a comparison: these run a million times. */
function check(holds: boolean, claim: string): void {
  if (!holds) throw new Error(claim)
}

function diallerWithAddresses(limits: Partial<Limits>, seed: number): Dialler {
  const dialler = new Dialler(limits, seed)
  for (let source = 1; source < 1_000; source++) if (hasAddress(source)) dialler.networks.set(source, partyOf(source))
  return dialler
}

type Step =
  | { readonly kind: 'offer'; readonly source: number; readonly texts: readonly string[]; readonly flags: number }
  | { readonly kind: 'withdraw' | 'connect' | 'disconnect'; readonly source: number; readonly texts: readonly string[] }
  | { readonly kind: 'close'; readonly source: number }
  | { readonly kind: 'next'; readonly count: number }
  | { readonly kind: 'report'; readonly outcome: 'connected' | 'failed'; readonly which: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'seeding'; readonly seeding: boolean }
  | { readonly kind: 'address'; readonly address: Uint8Array | undefined }

const source = fc.integer({ min: 1, max: 5 })
const someTexts = fc.subarray(texts, { minLength: 1, maxLength: 8 })
const oneText = fc.constantFrom(...texts).map((text) => [text])
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('offer' as const), source, texts: someTexts, flags: fc.constantFrom(0, 0, flag.seed) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('withdraw' as const), source, texts: someTexts }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('connect' as const, 'disconnect' as const), source, texts: oneText }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('close' as const), source }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('next' as const), count: fc.constantFrom(1, 2, 3, 100) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('report' as const),
      outcome: fc.constantFrom('failed' as const, 'failed' as const, 'connected' as const),
      which: fc.nat(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      ms: fc.constantFrom(1, 5, 30, 39, 40, 41, 70, 99, 100, hourMs - 100, hourMs),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('seeding' as const), seeding: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('address' as const), address: fc.constantFrom(undefined, Uint8Array.of(20, 9, 9, 9)) }),
  },
)
const schedule = fc.array(step, { minLength: 5, maxLength: 90, size: 'max' }).map(withNewIds)

/** Whoever closed and offers again is another source: 1, 11, 21 … */
function withNewIds(steps: readonly Step[]): Step[] {
  const ids = new Map<number, number>()
  return steps.map((step) => {
    if (!('source' in step)) return step
    const id = ids.get(step.source) ?? step.source
    ids.set(step.source, step.kind === 'close' ? id + 10 : id)
    return { ...step, source: id }
  })
}

const sourcesOf = (steps: readonly Step[]): Set<number> => new Set(steps.flatMap((step) => ('source' in step ? [step.source] : [])))

/** Code and twin, side by side. */
class Pair {
  readonly dialler: Dialler
  readonly twin = new Twin()

  constructor(seed: number) {
    this.dialler = diallerWithAddresses(limits, seed)
  }

  step(step: Step): void {
    const { dialler, twin } = this
    switch (step.kind) {
      case 'offer':
        dialler.offer(step.source, step.texts, step.flags)
        for (const text of step.texts) twin.offer(step.source, text, step.flags)
        break
      case 'withdraw':
        dialler.withdraw(step.source, step.texts)
        for (const text of step.texts) twin.withdraw(step.source, text)
        break
      case 'close':
        dialler.close(step.source)
        twin.close(step.source)
        break
      case 'connect':
        for (const text of step.texts) this.#connect(text)
        break
      case 'disconnect':
        for (const text of step.texts) this.#disconnect(text)
        break
      case 'next':
        this.next(step.count)
        break
      case 'report':
        this.report(step.outcome, step.which)
        break
      case 'wait':
        this.wait(step.ms)
        break
      case 'seeding':
        dialler.seeding = step.seeding
        break
      case 'address':
        dialler.candidates.externalAddress = step.address
        break
      default:
        step satisfies never
    }
  }

  next(count: number): string[] {
    const { dialler, twin } = this
    this.#settle()
    const hasNext = dialler.hasNext()
    const handedOut = dialler.next(count)
    check(handedOut.length > 0 === hasNext, 'hasNext says what next does')
    for (const text of handedOut) {
      const candidate = twin.candidates.get(text)
      check(twin.judge(text, dialler.seeding) !== 'no', `${text} may be handed out`)
      candidate!.state = 'handed-out'
      twin.pending.set(text, { at: twin.now, claimants: [...candidate!.claims.keys()] })
      const networks = networksOf(text)
      if (networks !== undefined) twin.dialled.push({ at: twin.now, address: networks.address })
    }
    if (handedOut.length < count) this.#expectNothingLeft()
    this.#expectQuotas()
    return handedOut
  }

  report(outcome: 'connected' | 'failed', which: number): void {
    const pending = [...this.twin.pending.keys()]
    const text = pending[which % pending.length]
    if (text === undefined) return
    this.#settle()
    this.dialler.report(outcome, [text])
    this.twin.finish(text, outcome)
  }

  wait(ms: number): void {
    const { dialler, twin } = this
    const end = twin.now + ms
    this.#settle()
    if (!dialler.hasNext()) {
      // Nothing comes free by itself before it says so.
      const wakeAt = dialler.candidates.nextTimeout() ?? Infinity
      check(wakeAt > twin.now, 'what is waited for is to come')
      dialler.now = twin.now = Math.min(end, wakeAt - 1)
      check(!dialler.hasNext(), `nothing before ${wakeAt}`)
      this.#settle()
      this.#expectNothingLeft()
    }
    dialler.now = twin.now = end
  }

  /** In the code what time has brought comes with the next question; here it is asked at once, so that both agree when. */
  #settle(): void {
    this.dialler.hasNext()
    this.twin.settle()
    this.twin.forgetStale()
    for (const text of [...this.dialler.pending]) if (!this.twin.pending.has(text)) this.dialler.pending.delete(text)
    check(this.dialler.candidates.stats.pending === this.twin.pending.size, 'as much is pending')
  }

  #connect(text: string): void {
    this.#settle()
    this.dialler.connect(text)
    this.twin.connected.add(text)
    this.twin.finish(text, 'connected')
    this.twin.candidates.delete(text)
  }

  #disconnect(text: string): void {
    this.#settle()
    if (this.twin.pending.has(text)) return
    this.dialler.disconnect(text)
    this.twin.connected.delete(text)
    this.twin.candidates.delete(text)
    for (const [address, blocked] of this.twin.blocked) if (blocked.text === text) this.twin.blocked.delete(address)
  }

  #expectNothingLeft(): void {
    for (const text of texts) check(this.twin.judge(text, this.dialler.seeding) !== 'yes', `${text} is not held back`)
  }

  /** T8–T10, from what was handed out alone. */
  #expectQuotas(): void {
    const pending = [...this.twin.pending].flatMap(([text, { claimants }]) => {
      const networks = networksOf(text)
      return networks === undefined ? [] : [{ ...networks, claimants }]
    })
    for (const { address, subnet } of pending) {
      const neighbours = pending.filter((other) => other.subnet === subnet)
      check(pending.filter((other) => other.address === address).length === 1, `one of ${address}`)
      check(neighbours.length <= limits.maxPendingPerSubnet!, `not more of ${subnet}`)
      for (const party of new Set(neighbours.flatMap(({ claimants }) => claimants.map(partyOf)))) {
        const its = neighbours.filter(({ claimants }) => claimants.every((source) => partyOf(source) === party))
        check(its.length <= limits.maxPendingPerSubnetAndSource!, `not more of ${subnet} for ${party}`)
      }
    }
    for (const { address, at } of this.twin.dialled) {
      const dials = this.twin.dialled.filter((other) => other.address === address && other.at <= at && other.at > at - hourMs)
      check(dials.length <= 2, `not more dials of ${address}`)
    }
  }
}

/** Each property is tried in so many tests, on schedules of its own: a tenth of them finds most faults. */
const blocks = Array.from({ length: 10 }, (_, index) => index)

describe('for any schedule', () => {
  test.each(blocks)('quotas hold after each step, and nothing is held back without a reason', () => {
    fc.assert(
      fc.property(schedule, fc.integer(), (steps, seed) => {
        const pair = new Pair(seed)
        for (const step of steps) pair.step(step)
      }),
      { numRuns: 30 },
    )
  })

  test.each(blocks)('everything that was offered, and not dropped, is handed out in the end if dials are reported', () => {
    fc.assert(
      fc.property(schedule, fc.integer(), (steps, seed) => {
        const pair = new Pair(seed)
        const { dialler, twin } = pair
        for (const step of steps) pair.step(step)
        dialler.seeding = false
        for (const text of [...twin.connected]) pair.step({ kind: 'disconnect', source: 1, texts: [text] })
        // What is claimed by nobody any more may grow stale first.
        const isOwed = ({ claims, state }: TwinCandidate): boolean => state === 'waiting' && [...claims.values()].includes(Infinity)
        const owed = new Set([...twin.candidates].filter(([, candidate]) => isOwed(candidate)).map(([text]) => text))
        for (let round = 0; round < 40 && owed.size > 0; round++) {
          for (const text of pair.next(3)) owed.delete(text)
          while (twin.pending.size > 0) pair.report('failed', 0)
          pair.wait(round % 10 === 9 ? hourMs : 70)
        }
        expect([...owed]).toEqual([])
      }),
      { numRuns: 15 },
    )
  })

  test.each(blocks)('the store stays within its bounds, and in the end nothing is left of it', () => {
    const tiny = { ...limits, maxCandidates: 8, maxCandidatesPerSource: 5 }
    fc.assert(
      fc.property(schedule, fc.integer(), (steps, seed) => {
        const dialler = diallerWithAddresses(tiny, seed)
        const claimants = new Map(texts.map((text) => [text, new Set<number>()]))
        for (const step of steps) {
          if (step.kind === 'offer') {
            for (const text of step.texts) {
              claimants.get(text)?.add(step.source)
              dialler.offer(step.source, [text], step.flags)
              check(dialler.candidates.size <= 8, 'the store is not overfull')
              check(dialler.sourcesOf(text).includes(step.source), 'what was offered last is there')
            }
          } else if (step.kind === 'withdraw') dialler.withdraw(step.source, step.texts)
          else if (step.kind === 'close') dialler.close(step.source)
          else if (step.kind === 'next')
            for (const text of dialler.next(step.count)) check(claimants.get(text)!.size > 0, 'somebody offered it')
          else if (step.kind === 'report') dialler.report(step.outcome, [...dialler.pending].slice(0, 1))
          else if (step.kind === 'wait') dialler.now += step.ms
          else if (step.kind === 'connect') dialler.connect(step.texts[0]!)
          else if (step.kind === 'disconnect') dialler.disconnect(step.texts[0]!)
          // What only one source ever claimed is held by that one.
          const alone = [...claimants].filter(([text, sources]) => sources.size === 1 && dialler.sourcesOf(text).length === 1)
          for (const count of tally(alone.map(([, [source]]) => partyOf(source!))).values()) check(count <= 5, 'no source holds too many')
        }
        // All sources leave, time passes: nothing is left, nobody is remembered.
        for (const source of sourcesOf(steps)) dialler.close(source)
        dialler.now += hourMs
        dialler.hasNext()
        dialler.now += hourMs
        dialler.hasNext()
        expect(dialler.candidates.stats).toMatchObject({ candidates: 0, pending: 0, sources: 0 })
      }),
      { numRuns: 20 },
    )
  })
})
