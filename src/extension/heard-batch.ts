/**
 * What peers tell of contacts, from the core to the listeners: a text and a mark for each contact.
 *
 * A core reports one contact after the other, and its bytes are valid for that call only; listeners are called when it
 * has done. So the texts of a message are written behind one another, made one string, and cut: a fifth of the time
 * of a string and a function for each (IPv4; IPv6 a half), and nothing is allocated but what listeners get. What they get
 * is cut from that string, so who keeps one text keeps the memory of its neighbours: a kilobyte, and with 64 texts in a string
 * never more than three, whatever a peer sends.
 */

import { maxEndpointLength, writeEndpointText } from '../address/endpoint.ts'
import type { Heard } from '../core/sink.ts'
import type { Driver } from './driver.ts'

/** Who passes a contact on to the listeners. */
export interface HeardTeller<Source> {
  /** Must not throw. */
  tell(source: Source, peer: string, mark: number): void
}

/** Texts that are cut from one string, at the most. */
const textsPerString = 64
/** Room for an ordinary message. */
const firstByteLength = 1280
const firstCount = 64

/** Made at the first contact: an import does not wait for it. */
let decoder: InstanceType<typeof TextDecoder> | undefined

class Batch<Source> {
  source: Source | undefined
  teller: HeardTeller<Source> | undefined
  #ascii = new Uint8Array(firstByteLength)
  /** Where each text ends, and its mark. */
  #rows = new Uint32Array(2 * firstCount)
  #count = 0

  add(mark: number, { bytes, offset, family }: Heard): void {
    const at = 2 * this.#count
    const start = at === 0 ? 0 : this.#rows[at - 2]!
    if (at === this.#rows.length) this.#rows = grown(this.#rows, new Uint32Array(2 * at))
    if (start + maxEndpointLength > this.#ascii.length) this.#ascii = grown(this.#ascii, new Uint8Array(2 * this.#ascii.length))
    this.#rows[at] = writeEndpointText(bytes, offset, family, this.#ascii, start)
    this.#rows[at + 1] = mark
    this.#count++
  }

  /** For the driver. It has no source any more when listeners are called: what they bring about comes into another batch. */
  readonly run = (): void => {
    const { source, teller } = this
    const rows = this.#rows
    const rowsEnd = 2 * this.#count
    this.source = undefined
    this.teller = undefined
    this.#count = 0
    decoder ??= new TextDecoder()
    let text = ''
    let textStart = 0
    let start = 0
    for (let at = 0; at < rowsEnd; at += 2) {
      if (at % (2 * textsPerString) === 0) {
        const last = Math.min(at + 2 * textsPerString, rowsEnd) - 2
        text = decoder.decode(this.#ascii.subarray(start, rows[last]))
        textStart = start
      }
      const end = rows[at]!
      teller?.tell(source as Source, text.slice(start - textStart, end - textStart), rows[at + 1]!)
      start = end
    }
    spare = this as unknown as Batch<unknown>
  }
}

/** One that is empty: the next to begin has its arrays. */
let spare: Batch<unknown> | undefined

/** The batches of one driver. */
export class HeardQueue<Source> {
  readonly #driver: Driver
  readonly #teller: HeardTeller<Source>
  #open: Batch<Source> | undefined

  constructor(driver: Driver, teller: HeardTeller<Source>) {
    this.#driver = driver
    this.#teller = teller
  }

  /** Tells of a contact, later: after all that was left with the driver before, and before what comes after. */
  add(source: Source, mark: number, contact: Heard): void {
    let batch = this.#open
    if (batch === undefined || batch.source !== source || this.#driver.last !== batch.run) {
      batch = (spare ?? new Batch()) as Batch<Source>
      spare = undefined
      batch.source = source
      batch.teller = this.#teller
      this.#open = batch
      this.#driver.later(batch.run)
    }
    batch.add(mark, contact)
  }
}

function grown<Numbers extends Uint8Array | Uint32Array>(numbers: Numbers, larger: Numbers): Numbers {
  larger.set(numbers)
  return larger
}
