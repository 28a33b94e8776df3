/**
 * One message of 50 contacts added, with flags, and 50 dropped: reading, receiving, telling and writing, beside
 * ut_pex 5.0.2. The messages are a long stream of fresh contacts, see `createStream`, the same for both, and before anything
 * is timed it is made sure that both come to the same.
 */
import { deepStrictEqual, ok } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { decodeMessage } from 'ut_pex/codec'
import { formatEndpoint } from 'ut_pex/core'
import { installClock } from './kit/clock.js'
import { createInstance, createReceiver, createSwarmReceiver, factories, minuteMs, readAll, readAll5 } from './kit/contestants.js'
import { createStream, kinds, streamLength } from './kit/inputs.js'
import { Record } from './kit/record.js'
import { compare, cpuMs, format, printComparison } from './kit/rounds.js'
import { createSwarmTeller } from './kit/tellers.js'

const record = new Record('message')
const clock = installClock()
const flags = { isReachable: true }
const pair = (create) => Object.entries(factories).map(([name, factory]) => ({ name, ...create(factory) }))

for (const kind of Object.keys(kinds)) {
  const stream = createStream(kind)
  const { sets } = stream
  timeDecoding(kind, stream)
  timeReceiving(kind, stream)
  timeEvents(kind, stream)
  timeTelling(kind, sets)
  timeEncoding(kind, sets)
  console.log()
}
measureHeap()
record.save()

function report(key, kind, results) {
  record.setAll(`${key}.${kind}`, results)
  printComparison(`${key}, ${kind}`, results)
}

function timeDecoding(kind, { messages, sets, droppedBy }) {
  messages.forEach((message, index) => {
    const { added, added6, dropped, dropped6 } = decodeMessage(message)
    const texts = [...listOf(added, 4), ...listOf(added6, 6), ...listOf(dropped, 4), ...listOf(dropped6, 6)]
    const expected = [...sets[index], ...droppedBy(index)].map(({ text }) => text)
    deepStrictEqual(texts, expected)
    deepStrictEqual(readAll5(message).flat(), expected)
  })

  let sum = 0
  const ours = (count) => {
    for (let i = 0; i < count; i++) sum += readAll(messages[i % streamLength])
  }
  const theirs = (count) => {
    for (let i = 0; i < count; i++) sum += readAll5(messages[i % streamLength]).length
  }
  report(
    'decode',
    kind,
    compare([
      { name: 'ours', run: ours },
      { name: 'ut_pex5', run: theirs },
    ]),
  )
  ok(sum > 0)
}

function listOf(list, family) {
  const byteLength = family === 4 ? 6 : 18
  return Array.from({ length: list.length / byteLength }, (_, index) => formatEndpoint(list, index * byteLength, family))
}

/** Nobody listens: claims are kept, no text is made of them by us. */
function timeReceiving(kind, { messages, claimCount }) {
  const swarm = createSwarmReceiver(messages)
  swarm.run(2 * streamLength)
  const added = 2 * 50 * streamLength
  deepStrictEqual(swarm.counts, { added, dropped: added - claimCount })
  deepStrictEqual(swarm.swarm.stats().claims, claimCount)
  const receivers = pair((factory) => createReceiver(factory, messages, clock))
  report('receive', kind, compare([...receivers, { name: 'swarm', run: swarm.run }]))
}

/** Two listeners: a text and an object of flags for each contact. */
function timeEvents(kind, { messages }) {
  const heard = {}
  const receivers = pair((factory) => createReceiver(factory, messages, clock))
  for (const { name, instance, run } of receivers) {
    // The first messages drop what nobody has claimed yet, which ut_pex 5 reports.
    run(3)
    heard[name] = []
    const onPeer = (peer, flags) => heard[name].push([peer, { ...flags }])
    const onDropped = (peer) => heard[name].push(['dropped', peer])
    instance.on('peer', onPeer)
    instance.on('dropped', onDropped)
    run(streamLength)
    instance.removeListener('peer', onPeer)
    instance.removeListener('dropped', onDropped)
  }
  // Which list of a message comes first differs: BEP 11 does not say.
  const sorted = (list) => list.map((event) => JSON.stringify(event)).sort()
  deepStrictEqual(heard.ours.length, 100 * streamLength)
  deepStrictEqual(sorted(heard.ours), sorted(heard.ut_pex5))

  let length = 0
  for (const { instance } of receivers) {
    instance.on('peer', (peer, flags) => {
      length += peer.length + (flags.isReachable ? 1 : 0)
    })
    instance.on('dropped', (peer) => {
      length += peer.length
    })
  }
  report('events', kind, compare(receivers))
  ok(length > 0)
}

/** addPeer × 50, dropPeer × 50, and the message that follows, handed to the wire. */
function timeTelling(kind, sets) {
  const tellers = pair((factory) => createTeller(factory, sets))
  for (const { run } of tellers) run(4)
  const [ours, theirs] = tellers.map(({ wire }) => contentOf(wire.last))
  deepStrictEqual(ours, theirs)
  deepStrictEqual([ours.added.length, ours.dropped.length], [50, 50])
  report('tell', kind, compare(tellers))
  // Their timers must not run while others are measured.
  for (const { instance } of tellers) instance.stop()
}

function createTeller(factory, sets) {
  const { wire, instance } = createInstance(factory)
  let turn = 0
  const run = (count) => {
    // Nobody else's timer runs while this one is measured.
    instance.start()
    for (let i = 0; i < count; i++) {
      const dropped = sets[turn]
      turn = (turn + 1) % sets.length
      const added = sets[turn]
      change(instance, added, dropped)
      const { sentCount } = wire
      clock.advance(minuteMs)
      if (wire.sentCount !== sentCount + 1) throw new Error('no message was sent')
    }
    instance.stop()
  }
  return { wire, instance, run }
}
/** As ut_pex 5 wants it told: IPv6 by calls of its own. */
function change(instance, added, dropped) {
  for (const { family, text } of added) {
    if (family === 4) instance.addPeer(text, flags)
    else instance.addPeer6(text, flags)
  }
  for (const { family, text } of dropped) {
    if (family === 4) instance.dropPeer(text)
    else instance.dropPeer6(text)
  }
}

function contentOf(bytes) {
  const { added, added6, dropped, dropped6 } = decodeMessage(bytes)
  return {
    added: [...listOf(added, 4), ...listOf(added6, 6)].sort(),
    dropped: [...listOf(dropped, 4), ...listOf(dropped6, 6)].sort(),
  }
}

/** The message alone, from what has changed since the last one. What brings the changes about is not timed. */
function timeEncoding(kind, sets) {
  const swarm = createSwarmTeller(sets)
  swarm.run(200)
  const handMade = createHandTellers(factories.ut_pex5, sets)
  handMade.run(20)
  deepStrictEqual(contentOf(swarm.last()), contentOf(handMade.last()))
  report(
    'encode',
    kind,
    compare([
      { name: 'ours', run: swarm.run },
      { name: 'ut_pex5', run: handMade.run },
    ]),
  )
  handMade.stop()
}

/** Twenty instances that are fed by hand and send at one time. */
function createHandTellers(factory, sets) {
  const tellers = Array.from({ length: 20 }, () => createInstance(factory))
  for (const { instance } of tellers) instance.start()
  let set = 0
  const run = (count) => {
    let ms = 0
    for (let done = 0; done < count; done += 20) {
      const dropped = sets[set]
      set = (set + 1) % sets.length
      const added = sets[set]
      for (const { instance } of tellers) {
        change(instance, added, dropped)
      }
      const start = cpuMs()
      clock.sweep(minuteMs)
      ms += cpuMs() - start
    }
    return (ms * count) / (Math.ceil(count / 20) * 20)
  }
  const stop = () => {
    for (const { instance } of tellers) instance.stop()
  }
  return { run, stop, last: () => tellers[0].wire.last }
}

/** Bytes allocated per message, in a process that does not collect its garbage while it is measured. */
function measureHeap() {
  const program = fileURLToPath(new URL('./kit/heap.js', import.meta.url))
  for (const kind of ['IPv4', 'mixed']) {
    for (const who of ['ours', 'ut_pex5', 'swarm']) {
      const flagsOfNode = ['--expose-gc', '--min-semi-space-size=256', '--max-semi-space-size=256']
      const bytes = Number(execFileSync(process.execPath, [...flagsOfNode, program, who, kind], { encoding: 'utf8' }))
      record.set(`heap.${kind}.${who}`, bytes)
      console.log(`${`heap per message, ${kind}`.padEnd(44)} ${who.padEnd(14)} ${format(bytes).padStart(8)} B`)
    }
  }
}
