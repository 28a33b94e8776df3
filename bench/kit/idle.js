/**
 * 10,000 wires, as JSON: the timers that there are while all of them have to be told, CPU and timers of ten seconds at rest, and
 * the heap for one instance with two listeners. `node --expose-gc idle.js`.
 */
import utPex, { PexSwarm } from 'ut_pex'
import utPex5 from 'ut_pex5'
import { cpuMs } from './rounds.js'

const count = 10_000
const restSeconds = 10
const { setTimeout: setTimer, clearTimeout: clearTimer } = globalThis
let timerCount = 0
let mostTimers = 0
const waiting = new Set()
globalThis.setTimeout = (run, delay) => {
  const timer = setTimer(() => {
    waiting.delete(timer)
    run()
  }, delay)
  waiting.add(timer)
  timerCount++
  mostTimers = Math.max(mostTimers, waiting.size)
  return timer
}
globalThis.clearTimeout = (timer) => {
  waiting.delete(timer)
  clearTimer(timer)
}
globalThis.setInterval = globalThis.setTimeout

function usedBytes() {
  globalThis.gc()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** No events of its own: what is weighed is the extension. */
class BareWire {
  peerExtendedMapping = { ut_pex: 1 }
  on() {}
  removeListener() {}
  extended() {}
  destroy() {}
}

const onPeer = () => {}
const onDropped = () => {}

/** Bytes for one instance with two listeners. */
function weigh(create) {
  const wires = Array.from({ length: count }, () => new BareWire())
  const instances = Array(count)
  const before = usedBytes()
  for (let i = 0; i < count; i++) {
    instances[i] = new (create())(wires[i])
    instances[i].on('peer', onPeer)
    instances[i].on('dropped', onDropped)
  }
  const bytes = (usedBytes() - before) / count
  if (instances.length !== wires.length) throw new Error('unreachable')
  return bytes
}

const instanceBytes = weigh(() => utPex())
const instanceBytes5 = weigh(() => utPex5())

const swarm = new PexSwarm()
mostTimers = 0
const sent = { count: 0 }
const wires = Array.from({ length: count }, (_, index) => {
  const wire = new BareWire()
  // The first hundred can be told to all others.
  const type = index < 100 ? 'tcpOutgoing' : 'tcpIncoming'
  Object.assign(wire, { type, remoteAddress: `20.${index >> 16}.${(index >> 8) & 255}.${index & 255}`, remotePort: 50_000 })
  Object.assign(wire, { peerId: 'x'.repeat(40), peerExtensions: { extended: true }, peerExtendedHandshake: { m: { ut_pex: 1 } } })
  wire.extended = () => sent.count++
  wire.ut_pex = new (utPex({ swarm }))(wire)
  return wire
})
// They settle after two seconds, and have had their first message after three; the hundred take two messages.
await new Promise((resolve) => setTimer(resolve, 5_000))
if (sent.count < count - 100) throw new Error(`only ${sent.count} messages`)
const most = mostTimers
timerCount = 0
const start = cpuMs()
await new Promise((resolve) => setTimer(resolve, restSeconds * 1_000))
const restMs = (cpuMs() - start) / restSeconds
if (swarm.stats().connections !== wires.length) throw new Error('not connected')
console.log(
  JSON.stringify({
    'CPU ms in a second at rest': restMs,
    'timers set in that time': timerCount,
    'most timers at a time': most,
    'bytes for an instance with two listeners': instanceBytes,
    'bytes for one of ut_pex 5.0.2': instanceBytes5,
  }),
)
process.exit()
