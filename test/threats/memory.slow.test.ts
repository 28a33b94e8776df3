/** T6 on the heap itself: what is kept after so many hostile addresses, once the garbage is collected. */
import v8 from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { encodeMessage } from '../../src/codec/index.ts'
import { Swarm } from '../../src/core/index.ts'
import { minute } from './scene.ts'

v8.setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

function usedBytes(): number {
  collectGarbage()
  collectGarbage()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

describe('T6 ten million addresses', () => {
  test('over a hundred wires leave less than 5 MB', () => {
    const sink = { turn() {}, added() {}, dropped() {}, candidates() {}, violation() {} }
    const swarm = new Swarm<string>({ sink })
    for (let id = 0; id < 100; id++) {
      const address = Uint8Array.of(20, 0, id, 1)
      swarm.handleConnect(`${id}`, { address, port: 6_881, direction: 'outgoing', transport: 'tcp', isExtended: false }, 0)
    }
    const message = encodeMessage({ added: new Uint8Array(600) })
    const listAt = 'd5:added600:'.length
    const before = usedBytes()
    let index = 0
    for (let turn = 0; turn < 1_000; turn++) {
      for (let id = 0; id < 100; id++) {
        for (let at = listAt; at < listAt + 600; at += 6, index++) {
          // A bijection of 24 bits below a first byte that is global: no two are the same.
          const mixed = Math.imul(index, 0x9e37_79b1) & 0xff_ffff
          message[at] = 30 + (index >>> 24)
          message[at + 1] = mixed >> 16
          message[at + 2] = mixed >> 8
          message[at + 3] = mixed
          message[at + 4] = 0x1a
          message[at + 5] = 0xe1
        }
        swarm.handleMessage(`${id}`, message, turn * minute)
      }
    }
    expect(index).toBe(10_000_000)
    expect(swarm.stats()).toMatchObject({ claims: 20_000, messagesReceived: 100_000, violations: {} })
    expect(usedBytes() - before).toBeLessThan(5_000_000)
  })
})
