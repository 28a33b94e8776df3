/** One torrent with many wires, without I/O, and minutes in which some of the wires are replaced. */
import { Swarm } from 'ut_pex/core'
import { encode } from './inputs.js'
import { cpuMs } from './rounds.js'
import { frame } from './wire.js'

const minuteMs = 65_000

export class Torrent {
  sent = { messages: 0, bytes: 0, contacts: 0 }
  #turns = []
  #swarm
  #now = 0
  #lastId = 0
  #ids = []
  #shares
  #random = 1

  /** @param shares whether so many of the wires are contacts; the others give no port */
  constructor(shares = Number.POSITIVE_INFINITY) {
    this.#shares = shares
    const sink = { turn: (id) => this.#turns.push(id), added() {}, dropped() {}, candidates() {}, violation() {} }
    this.#swarm = new Swarm({ sink, limits: { maxTold: Number.POSITIVE_INFINITY } })
  }

  fill(count) {
    for (let i = 0; i < count; i++) {
      this.#now += minuteMs / count
      this.#join(i < this.#shares)
    }
  }

  /** A minute in steps of a second, in which so many wires are replaced. Answers its CPU milliseconds. */
  minute(replaced) {
    this.sent = { messages: 0, bytes: 0, contacts: 0 }
    const start = cpuMs()
    let done = 0
    for (let second = 1; second <= 65; second++) {
      this.#now += 1_000
      for (; done < (replaced * second) / 65; done++) this.#replace()
      this.#swarm.handleTimeout(this.#now)
      for (const id of this.#turns.splice(0)) {
        const message = this.#swarm.takeMessage(id, this.#now)
        if (message === undefined) continue
        this.sent.messages++
        this.sent.bytes += frame(1, message)
      }
    }
    return cpuMs() - start
  }

  /** Every wire claims 200 contacts, of which half are wires of ours. */
  claim() {
    for (const id of this.#ids) {
      const contacts = Array.from({ length: 200 }, (_, index) => {
        const other = index < 100 ? this.#ids[this.#next(this.#ids.length)] : 0x30_00_00_00 + this.#next(1 << 24)
        return { family: 4, bytes: Uint8Array.from([...addressOf(other), 0x1a, 0xe1]) }
      })
      this.#swarm.handleMessage(id, encode(contacts, []), this.#now)
    }
  }

  get stats() {
    return this.#swarm.stats()
  }

  #join(isContact) {
    const id = this.#lastId++
    const direction = isContact ? 'outgoing' : 'incoming'
    this.#swarm.handleConnect(id, { address: addressOf(id), port: 6881, direction, transport: 'tcp', isExtended: true }, this.#now)
    this.#swarm.handlePieces(id, false, this.#now)
    this.#swarm.handleExtendedHandshake(id, { utPex: 1 }, this.#now)
    this.#ids.push(id)
  }

  #replace() {
    const place = this.#next(Math.min(this.#ids.length, this.#shares))
    const id = this.#ids[place]
    this.#swarm.handleDisconnect(id, this.#now)
    this.#join(true)
    this.#ids[place] = this.#ids.pop()
  }

  #next(count) {
    this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((this.#random / 2 ** 32) * count)
  }
}

function addressOf(id) {
  return Uint8Array.of(20 + (id >>> 24), id >>> 16, id >>> 8, id)
}
