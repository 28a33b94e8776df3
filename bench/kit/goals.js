/**
 * Our goals, and how the figure of each follows from what was measured: `[what, goal, figure, holds]`. A figure is
 * undefined where something it needs was not measured.
 */
const messageKinds = ['IPv4', 'mixed']

/** `f(key)` is a figure by its key. */
const beside = (key, other) => (f) => f(key) / f(other)
const times = (value) => `${digits(value)}×`
const atLeast = (least) => ({ goal: `≥ ${least}×`, holds: (value) => value >= least })
const atMost = (most, unit) => ({ goal: `≤ ${most.toLocaleString('en-US')}${unit}`, holds: (value) => value <= most })

function digits(value) {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US')
  return Number.parseFloat(value.toPrecision(2)).toString()
}

const quicker = (what, key, least) => ({
  what: `${what}: ut_pex 5 ÷ ours`,
  ...atLeast(least),
  figure: beside(`${key}.ut_pex5`, `${key}.ours`),
  show: times,
})
const besideCpp = (what, key, most) => ({
  what: `${what}: ours ÷ C++`,
  ...atMost(most, '×'),
  figure: beside(`${key}.ours`, `${key}.cpp`),
  show: times,
})
const bounded = (what, key, most, unit) => ({
  what,
  ...atMost(most, ` ${unit}`),
  figure: (f) => f(key),
  show: (value) => `${digits(value)} ${unit}`,
})

export const sections = {
  'One message of 50 added and 50 dropped': [
    ...messageKinds.map((kind) => besideCpp(`decode in place, ${kind}`, `cpp.decode in place.${kind}`, 0.65)),
    ...messageKinds.map((kind) => besideCpp(`decode with a view of each list, ${kind}`, `cpp.decode.${kind}`, 0.65)),
    besideCpp('receive, IPv4', 'cpp.receive.IPv4', 0.5),
    besideCpp('receive, mixed', 'cpp.receive.mixed', 0.7),
    quicker('receive, IPv4', 'receive.IPv4', 25),
    quicker('receive, mixed', 'receive.mixed', 80),
    quicker('receive with events, IPv4', 'events.IPv4', 7),
    quicker('receive with events, mixed', 'events.mixed', 12),
    bounded('heap for a message received, IPv4', 'heap.IPv4.ours', 256, 'B'),
    bounded('heap for a message received, mixed', 'heap.mixed.ours', 256, 'B'),
    quicker('50 × addPeer, 50 × dropPeer and the message, IPv4', 'tell.IPv4', 15),
    quicker('encode, IPv4', 'encode.IPv4', 80),
    besideCpp('encode, IPv4', 'cpp.encode.IPv4', 0.4),
  ],
  'One torrent with many wires, 1 % of them replaced each minute': [
    {
      what: '1,000 wires, until everybody knows everybody: ut_pex 5 ÷ ours',
      ...atLeast(100),
      figure: beside('fill.1000.ut_pex5', 'fill.1000.ours'),
      show: times,
    },
    {
      what: '1,000 wires, a minute: ut_pex 5 ÷ ours',
      ...atLeast(30),
      figure: beside('minute.1000.ut_pex5', 'minute.1000.ours'),
      show: times,
    },
    bounded('10,000 wires, a minute, most of them behind', 'swarm.behind 1 %.10000', 60, 'ms'),
    bounded('10,000 wires, a minute, all caught up', 'swarm.caught up.10000', 60, 'ms'),
    bounded('10,000 wires with 200 claims each, a minute', 'swarm.claims.10000', 60, 'ms'),
    bounded('100,000 wires, a minute, all caught up', 'swarm.caught up.100000', 500, 'ms'),
    bounded('100,000 wires, a minute, most of them behind', 'swarm.behind 1 %.100000', 700, 'ms'),
    {
      what: 'growth from 1,000 to 100,000 wires: exponent',
      ...atMost(1.05, ''),
      figure: (f) => f('growth.caught up'),
      show: (value) => value.toFixed(2),
    },
    bounded('memory of a wire without claims, all of the core', 'memory.wire.10000', 512, 'B'),
    bounded('memory that telling adds to a wire without claims', 'memory.told.10000', 64, 'B'),
    bounded('one instance on a wire, with two listeners', 'idle.bytes for an instance with two listeners', 400, 'B'),
    bounded('10,000 wires at rest: CPU in a second (0.05 % of a core)', 'idle.CPU ms in a second at rest', 0.5, 'ms'),
    bounded('10,000 wires at rest: timers set in ten seconds', 'idle.timers set in that time', 0, 'timers'),
    bounded('10,000 wires that have to be told: timers at a time', 'idle.most timers at a time', 1, 'timer'),
  ],
  'A fresh process': [
    {
      what: 'import: ours ÷ ut_pex 5',
      ...atMost(1, '×'),
      figure: beside('start.import.ours', 'start.import.ut_pex5'),
      show: times,
    },
    quicker('the first message, 25 of 50 IPv6, with events', 'start.first message', 2),
    quicker('the first 60 messages', 'start.first 60 messages', 2),
  ],
  'Hostile peers': [
    bounded('a message in excess', 'hostile.flood', 1, 'µs'),
    bounded('the worst message of 32 KiB', 'hostile.worst', 0.5, 'ms'),
    bounded('one peer, whatever it sends: kept in all', 'hostile.onePeer.bytes', 32_768, 'B'),
    bounded('10,000,000 distinct addresses over 100 wires: heap grown by', 'hostile.addresses.10000000.bytes', 5_000_000, 'B'),
  ],
  'Size in a browser, minified and compressed': [
    bounded('the whole default entry', 'size.ut_pex, all of it', 6_000, 'B'),
    bounded('the codec alone', 'size.ut_pex/codec', 1_500, 'B'),
    bounded('the codec of messages alone', 'size.ut_pex/codec, messages alone', 1_500, 'B'),
  ],
}
