/**
 * What hostile peers can make us spend: CPU and heap under a flood, under the worst messages of 32 KiB, and under ten
 * million distinct addresses. All of it goes through a swarm, with candidates for dialling.
 *
 *     node --expose-gc bench/hostile.js
 */
import { ok } from 'node:assert/strict'
import { decodeMessage } from 'ut_pex/codec'
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

function usage() {
  // What one collection finds to be garbage among array buffers is given back with the next.
  for (let i = 0; i < 3; i++) globalThis.gc?.()
  return process.memoryUsage()
}

function usedBytes() {
  const { heapUsed, arrayBuffers } = usage()
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

/**
 * What one peer makes us keep, whatever it sends: by how much more a swarm grows with it than with an honest peer in
 * its place that has nothing to tell. In both another peer has told of 100 contacts.
 *
 * Counted is all that is left of the heap and of array buffers after garbage collection, for a hundred swarms, since
 * the heap of the program itself goes up and down by some 100 KB. Twenty minutes fill all that there is to fill;
 * that nothing is added by a day is made sure of by the array buffers, of which the program has no others.
 * The host dials nothing there: each dial of the last hour is remembered in 16 bytes, each failure of the last 15
 * minutes again, and how many those are it decides. What that comes to is the last row.
 */
function measureOnePeer() {
  let worst = 0
  const fill = 40
  for (const [title, messageAt] of Object.entries(hostileDays())) {
    growthBy(messageAt, fill, 5)
    const growths = [1, 2, 3].map(() => growthBy(messageAt, fill, 100))
    const { total } = growths.sort((one, other) => one.total - other.total)[1]
    const day = growthBy(messageAt, 24 * 120, 10)
    ok(day.buffers <= growths[0].buffers + 1_024, `${title}: ${day.buffers} bytes after a day, ${growths[0].buffers} after twenty minutes`)
    worst = Math.max(worst, total)
    report(`hostile.onePeer.${title}`, `one peer, ${title}: kept`, total, 'B')
  }
  record.set('hostile.onePeer.bytes', worst)
  const dialled = growthBy(hostileDays()['addresses of both families'], 200, 100, 8)
  report('hostile.onePeer.dialled', 'the same if the host dials 16 of its contacts a minute', dialled.total, 'B')
}

/** Two messages a minute, as many as are read: by their number. */
function hostileDays() {
  const ipv4 = encode(createEndpoints(100, 0, createChance(11)), [])
  const ipv6 = encode(createEndpoints(0, 100, createChance(11)), [])
  const both = encode(createEndpoints(50, 50, createChance(11)), [])
  const same = createEndpoints(0, 100, createChance(12))
  const toggles = [encode(same, []), encode([], same)]
  const worst = Object.values(worstMessages())
  return {
    'IPv4 addresses': (turn) => renumber(ipv4, turn),
    'IPv6 addresses': (turn) => renumber(ipv6, turn),
    'addresses of both families': (turn) => renumber(both, turn),
    'IPv4, then IPv6': (turn) => renumber(turn < 20 ? ipv4 : ipv6, turn),
    'IPv6, then IPv4': (turn) => renumber(turn < 20 ? ipv6 : ipv4, turn),
    'dropping and adding the same': (turn) => toggles[turn % 2],
    'the worst of 32 KiB': (turn) => worst[turn % worst.length],
  }
}

/** The same message with other addresses: byte 1–3 of each are another number. */
function renumber(template, turn) {
  const message = template.slice()
  const { added, added6 } = decodeMessage(message)
  let number = turn * 100
  const write = (list, byteLength) => {
    for (let at = 0; at < list.length; at += byteLength) {
      const mixed = Math.imul(++number, 0x9e37_79b1) & 0xff_ffff
      list[at + 1] = mixed >> 16
      list[at + 2] = mixed >> 8
      list[at + 3] = mixed
    }
  }
  write(added, 6)
  write(added6, 18)
  return message
}

function growthBy(messageAt, turns, swarmCount, dialCount = 0) {
  const [idle, hostile] = [() => undefined, messageAt].map((tell) => {
    const swarms = Array.from({ length: swarmCount }, createSwarm)
    const first = encode(createEndpoints(70, 30, createChance(5)), [])
    const messages = Array.from({ length: turns }, (_, turn) => tell(turn))
    const before = usage()
    for (const swarm of swarms) {
      connect(swarm, 1)
      connect(swarm, 2)
      swarm.handleMessage(1, first, 0)
      for (let turn = 0; turn < turns; turn++) {
        const now = turn * 30_000
        if (messages[turn] === undefined) continue
        swarm.handleMessage(2, messages[turn], now)
        for (const endpoint of swarm.next(dialCount, now)) swarm.report(endpoint, 'failed', now)
      }
    }
    const after = usage()
    // Neither the swarms nor the messages are garbage before this.
    ok(swarms.every((swarm) => swarm.stats().connections === 2) && messages.length === turns)
    return { heap: (after.heapUsed - before.heapUsed) / swarmCount, buffers: (after.arrayBuffers - before.arrayBuffers) / swarmCount }
  })
  const buffers = hostile.buffers - idle.buffers
  return { buffers, total: buffers + hostile.heap - idle.heap }
}

measureOnePeer()
timeFlood()
timeWorst()
timeAddresses(1_000_000)
timeAddresses(10_000_000)
record.save()
