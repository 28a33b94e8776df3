/** Heap allocated per received message, in bytes: `node --expose-gc --min-semi-space-size=256 … heap.js <who> <kind>`. */
import { installClock } from './clock.js'
import { createReceiver, createSwarmReceiver, factories } from './contestants.js'
import { createStream } from './inputs.js'

const [who, kind] = process.argv.slice(2)
const clock = installClock()
const { messages } = createStream(kind)
const { run } = who === 'swarm' ? createSwarmReceiver(messages) : createReceiver(factories[who], messages, clock)
const count = who === 'ut_pex5' ? 200 : 2_000
run(20_000)
globalThis.gc()
const before = process.memoryUsage().heapUsed
run(count)
console.log(Math.max(0, Math.round((process.memoryUsage().heapUsed - before) / count)))
