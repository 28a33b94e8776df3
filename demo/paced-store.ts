/**
 * A store that can be made to read slowly: so the first client gives its data away at a pace that can be watched.
 *
 * Not WebTorrent's own limits: those hold up the whole connection, so that peer exchange would wait behind the data.
 */
import { type Got, MemoryStore, type Range } from './memory-store.ts'

interface Read {
  readonly index: number
  readonly range: Range | null | undefined
  readonly done: Got
}

export class PacedStore extends MemoryStore {
  #bytesPerSecond = Number.POSITIVE_INFINITY
  readonly #waiting: Read[] = []
  #timer: NodeJS.Timeout | undefined

  /** Holds for all reads that are not done yet. Infinity: at once. */
  pace(bytesPerSecond: number): void {
    this.#bytesPerSecond = bytesPerSecond
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#next()
  }

  override get(index: number, range: Range | Got | null | undefined, done: Got = () => {}): void {
    if (typeof range === 'function') return this.get(index, null, range)
    this.#waiting.push({ index, range, done })
    if (this.#timer === undefined) this.#next()
  }

  /** Does one read, and the next one when the time that this one takes is over. */
  #next(): void {
    this.#timer = undefined
    for (let read = this.#waiting.shift(); read !== undefined; read = this.#waiting.shift()) {
      super.get(read.index, read.range, read.done)
      if (this.#bytesPerSecond === Number.POSITIVE_INFINITY) continue
      const byteLength = read.range?.length ?? this.chunkLength
      this.#timer = setTimeout(() => this.#next(), (byteLength / this.#bytesPerSecond) * 1000)
      return
    }
  }
}
