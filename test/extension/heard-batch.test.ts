import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatEndpoint } from '../../src/address/endpoint.ts'
import { HeardView } from '../../src/core/sink.ts'
import { Driver, Task } from '../../src/extension/driver.ts'
import { HeardQueue } from '../../src/extension/heard-batch.ts'

const endpointOf = (number: number): Uint8Array => Uint8Array.of(20, number >> 16, number >> 8, number, 0x1a, 0xe1)
const textOf = (number: number): string => formatEndpoint(endpointOf(number), 0, 4)

function createQueue(tell: (source: string, peer: string, mark: number) => void = () => {}) {
  const driver = new Driver(() => 0)
  const task = new Task({ nextTimeout: () => undefined, handleTimeout: () => {} })
  const log: string[] = []
  const queue = new HeardQueue<string>(driver, {
    tell: (source, peer, mark) => {
      log.push(`${source} ${peer} ${mark}`)
      tell(source, peer, mark)
    },
  })
  const view = new HeardView()
  const add = (source: string, number: number, mark = 0) => queue.add(source, mark, view.show(endpointOf(number), 0, 4, 0, 1))
  const input = (act: () => void) => driver.run(task, act)
  return { driver, log, queue, add, input, view }
}

describe('what was heard', () => {
  it('is told once the input has been taken, with the marks it was given, in order', () => {
    const { log, add, input } = createQueue()
    input(() => {
      for (let number = 0; number < 3; number++) add('a', number, number)
      expect(log).toEqual([])
    })
    expect(log).toEqual([`a ${textOf(0)} 0`, `a ${textOf(1)} 1`, `a ${textOf(2)} 2`])
  })

  it('keeps its place among all that is left with the driver, whoever it is from', () => {
    const { driver, log, add, input } = createQueue()
    input(() => {
      add('a', 1)
      driver.later(() => log.push('between'))
      add('a', 2)
      add('b', 3)
      add('a', 4)
    })
    expect(log).toEqual([`a ${textOf(1)} 0`, 'between', `a ${textOf(2)} 0`, `b ${textOf(3)} 0`, `a ${textOf(4)} 0`])
  })

  it('comes after what is being told when a listener brings it about', () => {
    const { log, add, input } = createQueue((_source, peer) => {
      if (peer === textOf(1)) input(() => add('a', 10))
      if (peer === textOf(10)) input(() => add('a', 20))
    })
    input(() => {
      for (const number of [1, 2, 3]) add('a', number)
    })
    expect(log).toEqual([1, 2, 3, 10, 20].map((number) => `a ${textOf(number)} 0`))
    input(() => add('a', 4))
    expect(log.at(-1)).toBe(`a ${textOf(4)} 0`)
  })

  it('has the text of every endpoint, of either family, however many there are', () => {
    const endpoint = fc.oneof(fc.uint8Array({ minLength: 6, maxLength: 6 }), fc.uint8Array({ minLength: 18, maxLength: 18 }))
    const lists = fc.oneof(fc.array(endpoint, { maxLength: 5 }), fc.array(endpoint, { minLength: 60, maxLength: 300 }))
    fc.assert(
      fc.property(fc.array(lists, { minLength: 1, maxLength: 3 }), (messages) => {
        const { log, queue, input, view } = createQueue()
        const expected: string[] = []
        for (const message of messages) {
          input(() => {
            for (const [index, bytes] of message.entries()) {
              const family = bytes.length === 6 ? 4 : 6
              queue.add('a', index, view.show(bytes, 0, family, 0, 1))
              expected.push(`a ${formatEndpoint(bytes, 0, family)} ${index}`)
            }
          })
        }
        expect(log).toEqual(expected)
      }),
      { numRuns: 100 },
    )
  })
})
