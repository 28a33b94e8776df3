/**
 * What hostile peers can make us spend: CPU and heap under a flood, under the worst messages of 32 KiB, and under ten
 * million distinct addresses. All of it goes through a swarm, with candidates for dialling.
 *
 *     node --expose-gc bench/hostile.js
 */
import { ok } from 'node:assert/strict'
import { Swarm } from 'ut_pex/core'
import { createChance, createEndpoints, encode } from './kit/inputs.js'
import { Record } from './kit/record.js'
import { cpuMs, format, medianOf } from './kit/rounds.js'

const minuteMs = 65_000
const record = new Record('hostile')

function createSwarm() {
  const sink = { turn() {}, added() {}, dropped() {}, candidates() {}, violation() {} }
  return new Swarm({ sink })
}

function connect(swarm, id) {
  const address = Uint8Array.of(80, id >> 16, id >> 8, id)
  swarm.handleConnect(id, { address, port: 6881, direction: 'outgoing', transport: 'tcp', isExtended: false }, 0)
}

function usedBytes() {
  globalThis.gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

function report(key, title, value, unit) {
  record.set(key, value)
  console.log(`${title.padEnd(60)} ${format(value).padStart(9)} ${unit}`)
}

/** A thousand messages a second from one peer: all but one in thirty seconds are refused unread. */
function timeFlood() {
  const swarm = createSwarm()
  connect(swarm, 1)
  const message = encode(createEndpoints(50, 0, createChance(1)), [])
  let now = 0
  const flood = (count) => {
    const start = cpuMs()
    for (let i = 0; i < count; i++) swarm.handleMessage(1, message, now + i)
    now += count
    return ((cpuMs() - start) * 1000) / count
  }
  flood(50_000)
  const each = medianOf(Array.from({ length: 11 }, () => flood(20_000)))
  report('hostile.flood', 'flood: one message in excess', each, 'µs')
}

/** Messages as long as we read them, each built to cost most in another way. */
function worstMessages() {
  const chance = createChance(7)
  const bytesOf = (text) => Uint8Array.from(text, (character) => character.charCodeAt(0))
  const repeat = (text) => bytesOf(`d${text.repeat(Math.floor((32_768 - 2) / text.length))}e`)
  const mixed = () => encode(createEndpoints(50, 50, chance), createEndpoints(2_500, 900, chance))
  return {
    'distinct contacts added': encode(createEndpoints(4_600, 0, chance), []),
    'distinct contacts dropped': encode([], createEndpoints(5_400, 0, chance)),
    'IPv6 added': encode(createEndpoints(0, 1_700, chance), []),
    'IPv6 dropped': encode([], createEndpoints(0, 1_800, chance)),
    'both families, added and dropped': mixed(),
    'deep nesting': bytesOf(`d5:added${'l'.repeat(32_760)}`),
    'short keys': repeat('0:i0e'),
    'unsorted keys that share 400 bytes': repeat(`400:${'a'.repeat(399)}b0:400:${'a'.repeat(400)}0:`),
    'duplicate keys': repeat('5:added6:aaaaaa'),
    'long numbers': bytesOf(`d5:addedi${'9'.repeat(32_750)}ee`),
  }
}

function timeWorst() {
  let worst = 0
  const chance = createChance(8)
  const first = encode(createEndpoints(200, 200, chance), [])
  const others = encode(createEndpoints(50, 50, chance), [])
  for (const [title, message] of Object.entries(worstMessages())) {
    ok(message.length <= 32_768 && message.length > 30_000, title)
    const swarm = createSwarm()
    connect(swarm, 1)
    let now = 0
    swarm.handleMessage(1, first, now)
    const times = Array.from({ length: 151 }, () => {
      // It has claims to look among, and others than the last time.
      now += 2 * minuteMs
      swarm.handleMessage(1, others, now - minuteMs)
      const start = cpuMs()
      swarm.handleMessage(1, message, now)
      return cpuMs() - start
    })
    const ms = medianOf(times.slice(50))
    worst = Math.max(worst, ms)
    report(`hostile.worst.${title}`, `32 KiB: ${title}`, ms, 'ms')
  }
  record.set('hostile.worst', worst)
}

/** A hundred peers tell of so many addresses, no two the same. */
function timeAddresses(count) {
  const swarm = createSwarm()
  const peers = 100
  for (let id = 0; id < peers; id++) connect(swarm, id)
  const before = usedBytes()
  const contacts = 100
  const template = encode(createEndpoints(contacts, 0, createChance(3)), [])
  const listAt = 'd5:added600:'.length
  const start = cpuMs()
  for (let sent = 0; sent < count; sent += contacts) {
    for (let index = 0; index < contacts; index++) {
      // A bijection of 24 bits below a first byte that is global: all are distinct.
      const mixed = Math.imul(sent + index, 0x9e37_79b1) & 0xff_ffff
      const at = listAt + 6 * index
      template[at] = 20 + ((sent + index) >>> 24)
      template[at + 1] = mixed >> 16
      template[at + 2] = mixed >> 8
      template[at + 3] = mixed
    }
    const turn = sent / contacts
    swarm.handleMessage(turn % peers, template, Math.floor(turn / peers) * minuteMs)
  }
  const ms = cpuMs() - start
  const grown = usedBytes() - before
  const title = count.toLocaleString('en-US')
  report(`hostile.addresses.${count}.ns`, `${title} addresses over ${peers} wires: each`, (ms * 1e6) / count, 'ns')
  report(`hostile.addresses.${count}.bytes`, `${title} addresses over ${peers} wires: heap grown by`, grown, 'B')
  ok(swarm.stats().claims > 0)
}

/** One peer alone: what it can make us keep. */
function measureOnePeer() {
  fillByOnePeer()
  report('hostile.onePeer.bytes', 'one peer, 100,000 addresses of both families: kept', fillByOnePeer(), 'B')
}

function fillByOnePeer() {
  const swarm = createSwarm()
  connect(swarm, 1)
  connect(swarm, 2)
  const chance = createChance(5)
  swarm.handleMessage(1, encode(createEndpoints(100, 0, chance), []), 0)
  const before = usedBytes()
  for (let minute = 0; minute < 1_000; minute++) {
    swarm.handleMessage(2, encode(createEndpoints(50, 50, chance), []), minute * minuteMs)
  }
  const kept = usedBytes() - before
  ok(swarm.stats().claims > 0)
  return kept
}

measureOnePeer()
timeFlood()
timeWorst()
timeAddresses(1_000_000)
timeAddresses(10_000_000)
record.save()
