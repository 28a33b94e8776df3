/** Events as Node's emitter has them, but for one rule: a listener that throws stops nobody. */
import { EventEmitter } from 'node:events'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Emitter } from '../../src/extension/emitter.ts'

interface Events {
  news: [text: string]
  warning: [error: unknown]
}

/** Microtasks that were asked for, not run. */
function holdMicrotasks(): (() => void)[] {
  const held: (() => void)[] = []
  vi.spyOn(globalThis, 'queueMicrotask').mockImplementation((task) => held.push(task))
  return held
}
afterEach(() => {
  vi.restoreAllMocks()
})

const boom = new Error('boom')
const fail = (): never => {
  throw boom
}

describe('an emitter', () => {
  it.each([
    ['ours', () => new Emitter<Events>()],
    ["Node's", () => new EventEmitter() as unknown as Emitter<Events>],
  ])('behaves as %s does: order, once, off, the same listener twice, changes while it emits', (_title, make) => {
    const emitter = make()
    const calls: string[] = []
    const [a, b, c] = ['a', 'b', 'c'].map((name) => (text: string) => void calls.push(name + text)) as [() => void, () => void, () => void]
    expect(emitter.emit('news', '0')).toBe(false)
    expect(emitter.on('news', a).once('news', b).addListener('news', a)).toBe(emitter)
    expect(emitter.listenerCount('news')).toBe(3)
    expect(emitter.emit('news', '1')).toBe(true)
    expect(emitter.emit('news', '2')).toBe(true)
    emitter.off('news', a)
    emitter.emit('news', '3')
    emitter.once('news', c).removeListener('news', c)
    emitter.off('news', a).off('news', b)
    expect(emitter.emit('news', '3')).toBe(false)
    emitter.on('news', a).on('news', b).on('news', a).off('news', a)
    emitter.emit('news', '4')
    emitter.off('news', a).off('news', b)
    const grow = (): void => {
      calls.push('grow')
      emitter.off('news', a)
      emitter.on('news', b)
    }
    emitter.once('news', grow).on('news', a)
    emitter.emit('news', '5')
    emitter.emit('news', '6')
    emitter.removeAllListeners('news')
    emitter.on('warning', a)
    emitter.removeAllListeners()
    expect(emitter.emit('news', '7') || emitter.emit('warning', '7')).toBe(false)
    expect(calls).toEqual(['a1', 'b1', 'a1', 'a2', 'a2', 'a3', 'a4', 'b4', 'grow', 'a5', 'b6'])
  })

  it("does with any calls what Node's does", () => {
    const name = fc.constantFrom('news', 'warning')
    const which = fc.nat(2)
    const call = fc.oneof(
      fc.tuple(fc.constantFrom('on', 'once', 'off', 'emit'), name, which),
      fc.tuple(fc.constant('removeAllListeners'), fc.option(name, { nil: undefined }), which),
    )
    const perform = (emitter: Emitter<Events>, calls: readonly (readonly [string, string | undefined, number])[]): readonly unknown[] => {
      const log: unknown[] = []
      const listeners = [0, 1, 2].map((index) => (text: unknown) => void log.push([index, text]))
      for (const [method, event, index] of calls) {
        if (method === 'emit') log.push(emitter.emit(event as 'news', `${log.length}`))
        else if (method === 'removeAllListeners') emitter.removeAllListeners(...((event === undefined ? [] : [event]) as ['news']))
        else emitter[method as 'on'](event as 'news', listeners[index] as () => void)
        log.push(emitter.listenerCount('news'), emitter.listenerCount('warning'))
      }
      return log
    }
    fc.assert(
      fc.property(fc.array(call, { maxLength: 20 }), (calls) => {
        expect(perform(new Emitter<Events>(), calls)).toEqual(perform(new EventEmitter() as unknown as Emitter<Events>, calls))
      }),
      { numRuns: 500 },
    )
  })

  it('calls a listener that was asked for once a single time, also when it emits the same event again', () => {
    const emitter = new Emitter<Events>()
    let count = 0
    emitter.once('news', () => {
      count++
      emitter.emit('news', 'again')
    })
    emitter.emit('news', 'x')
    expect(count).toBe(1)
  })

  it('gives listeners the emitter as `this`, as ut_pex 5 does', () => {
    const emitter = new Emitter<Events>()
    let self: unknown
    emitter.on('news', function (this: unknown) {
      self = this
    })
    emitter.emit('news', 'x')
    expect(self).toBe(emitter)
  })

  it('refuses at once what is no function', () => {
    const emitter = new Emitter<Events>()
    for (const method of ['on', 'once', 'addListener'] as const) {
      expect(() => emitter[method]('news', undefined as never)).toThrow(/listener: a function was expected, not undefined/)
    }
  })

  it('may have events with the names of Object’s members', () => {
    const emitter = new Emitter<{ __proto__: []; toString: [] }>()
    let count = 0
    emitter.on('__proto__', () => count++)
    emitter.emit('toString')
    emitter.emit('__proto__')
    expect(count).toBe(1)
  })
})

describe('a listener that throws', () => {
  it('does not stop the others, and its error is emitted as `warning`', () => {
    const held = holdMicrotasks()
    const emitter = new Emitter<Events>()
    const calls: unknown[] = []
    emitter.on('news', fail).on('news', (text) => calls.push(text))
    emitter.on('warning', (error) => calls.push(error))
    expect(emitter.emit('news', 'x')).toBe(true)
    expect(calls).toEqual([boom, 'x'])
    expect(held).toEqual([])
  })

  it('is heard of in a microtask when nobody listens to `warning`', () => {
    const held = holdMicrotasks()
    const emitter = new Emitter<Events>()
    const calls: unknown[] = []
    emitter.on('news', fail).on('news', (text) => calls.push(text))
    emitter.emit('news', 'x')
    expect(calls).toEqual(['x'])
    expect(held.length).toBe(1)
    expect(held[0]).toThrow(boom)
  })

  it('and that listens to `warning` itself, is heard of in a microtask, without an endless loop', () => {
    const held = holdMicrotasks()
    const emitter = new Emitter<Events>()
    const calls: unknown[] = []
    emitter.on('warning', fail).on('warning', (error) => calls.push(error))
    emitter.on('news', fail)
    emitter.emit('news', 'x')
    expect(calls).toEqual([boom])
    expect(held.length).toBe(1)
    expect(held[0]).toThrow(boom)
  })

  it('and that was asked for once, is gone all the same', () => {
    const emitter = new Emitter<Events>()
    const errors: unknown[] = []
    emitter.on('warning', (error) => errors.push(error)).once('news', fail)
    emitter.emit('news', 'x')
    emitter.emit('news', 'x')
    expect(errors).toEqual([boom])
  })
})
