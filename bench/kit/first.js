/**
 * The first messages of a fresh process, in milliseconds of real time, as JSON: `node first.js <who>`. Real time, because
 * the compiler works beside. The wire is the same for both and loads `bencode`, as every `bittorrent-protocol` does: of what
 * ut_pex 5 needs this is not counted as its import.
 */
import { createTurns } from './inputs.js'
import { BenchWire } from './wire.js'

const who = process.argv[2]
const { messages } = createTurns('mixed')
const realNow = performance.now.bind(performance)
const before = realNow()
const { default: factory } = await import(who === 'ours' ? 'ut_pex' : 'ut_pex5')
const imported = realNow()

let now = 1_000_000
performance.now = () => now
Date.now = () => now
let heard = 0
const start = realNow()
const wire = new BenchWire()
const instance = new (factory())(wire)
instance.on('peer', () => heard++)
instance.on('dropped', () => heard++)
instance.onMessage(messages[0])
const first = realNow()
for (let message = 1; message < 60; message++) {
  now += 65_000
  instance.onMessage(messages[message & 1])
}
const sixty = realNow()
if (heard < 3_000) throw new Error(`only ${heard} events`)
console.log(JSON.stringify({ import: imported - before, 'first message': first - start, 'first 60 messages': sixty - start }))
