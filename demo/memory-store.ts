/**
 * Keeps the pieces of one torrent in memory, in the form that WebTorrent wants of a store (the abstract-chunk-store interface).
 * Nothing is written to the disk, so nothing can be left on it, however a client ends.
 */
type Done = (error: Error | null) => void
export type Got = (error: Error | null, bytes?: Uint8Array) => void

export interface Range {
  readonly offset?: number
  readonly length?: number
}

export class MemoryStore {
  readonly chunkLength: number
  readonly #chunks: (Uint8Array | undefined)[] = []

  constructor(chunkLength: number, data: Uint8Array = new Uint8Array(0)) {
    this.chunkLength = chunkLength
    for (let start = 0; start < data.length; start += chunkLength) this.#chunks.push(data.subarray(start, start + chunkLength))
  }

  put(index: number, bytes: Uint8Array, done: Done = () => {}): void {
    this.#chunks[index] = bytes
    queueMicrotask(() => done(null))
  }

  get(index: number, range: Range | Got | null | undefined, done: Got = () => {}): void {
    if (typeof range === 'function') return this.get(index, null, range)
    const chunk = this.#chunks[index]
    const offset = range?.offset ?? 0
    const bytes = chunk?.subarray(offset, range?.length === undefined ? undefined : offset + range.length)
    queueMicrotask(() => (bytes === undefined ? done(new Error(`chunk ${index} is not there`)) : done(null, bytes)))
  }

  /** The chunks that are there, in order. */
  chunks(): Uint8Array[] {
    return this.#chunks.filter((chunk) => chunk !== undefined)
  }

  close(done: Done = () => {}): void {
    queueMicrotask(() => done(null))
  }

  destroy(done: Done = () => {}): void {
    this.#chunks.length = 0
    queueMicrotask(() => done(null))
  }
}
