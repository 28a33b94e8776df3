/** Writing messages by a swarm without I/O. */
import { Swarm } from 'ut_pex/core'
import { cpuMs } from './rounds.js'

/** A swarm in which fifty contacts come, fifty go, and a hundred others, who are no contacts, are told. */
export function createSwarmTeller(sets) {
  const turns = []
  const sink = { turn: (id) => turns.push(id), added() {}, dropped() {}, candidates() {}, violation() {} }
  const swarm = new Swarm({ sink, limits: { sendIntervalMs: 62_000, firstSendDelayMs: 0 } })
  let now = 0
  let set = 0
  let last
  for (let id = 0; id < 100; id++) {
    swarm.handleConnect(
      id,
      { address: Uint8Array.of(90, 0, 0, id), port: 50_000, direction: 'incoming', transport: 'tcp', isExtended: true },
      now,
    )
    swarm.handlePieces(id, false, now)
    swarm.handleExtendedHandshake(id, { utPex: 1 }, now)
  }
  const change = () => {
    const [coming, going] = [set & 1, ++set & 1]
    sets[coming].forEach(({ bytes }, index) => {
      const peer = {
        address: bytes.slice(0, -2),
        port: (bytes.at(-2) << 8) | bytes.at(-1),
        direction: 'outgoing',
        transport: 'tcp',
        isExtended: false,
      }
      swarm.handleConnect(1000 * (coming + 1) + index, peer, now)
      swarm.handlePieces(1000 * (coming + 1) + index, false, now)
    })
    sets[going].forEach((_, index) => {
      swarm.handleDisconnect(1000 * (going + 1) + index, now)
    })
  }
  /** Each change is told a hundred times. */
  const run = (count) => {
    let ms = 0
    for (let done = 0; done < count; done += 100) {
      now += 130_000
      change()
      now += 130_000
      const start = cpuMs()
      turns.length = 0
      swarm.handleTimeout(now)
      for (let i = 0; i < turns.length; i++) last = swarm.takeMessage(turns[i], now)
      ms += cpuMs() - start
      if (turns.length !== 100 || last === undefined) throw new Error('somebody was not told')
    }
    return (ms * count) / (Math.ceil(count / 100) * 100)
  }
  return { run, last: () => last }
}
