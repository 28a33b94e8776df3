/** Bytes of heap and typed arrays for one wire of so many, as JSON: when all have just come, and what is added by telling. */
import { Torrent } from './torrent.js'

const count = Number(process.argv[2])
// What is made once, code and tables, is made before.
warmUp()
const before = usedBytes()
const torrent = new Torrent()
torrent.fill(count)
torrent.minute(0)
const filled = usedBytes()
for (let minute = 0; minute < 3; minute++) torrent.minute(0)
const told = usedBytes()
if (torrent.stats.connections !== count) throw new Error('not connected')
console.log(JSON.stringify({ wire: (told - before) / count, told: (told - filled) / count }))

function warmUp() {
  const torrent = new Torrent()
  torrent.fill(200)
  for (let minute = 0; minute < 4; minute++) torrent.minute(2)
}

function usedBytes() {
  for (let i = 0; i < 3; i++) globalThis.gc()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
