/**
 * What our own address is, by the word of our peers (`yourip`, BEP 10): one vote for each connection, and
 * never one peer's word alone.
 */
export class Votes<Id> {
  readonly #votes = new Map<Id, string>()
  #winner: Uint8Array | undefined

  /** This connection says that we are at this address: 4 or 16 bytes. Its earlier vote is void. */
  cast(id: Id, address: Uint8Array): void {
    this.#votes.set(id, address.join())
    this.#count()
  }

  withdraw(id: Id): void {
    if (this.#votes.delete(id)) this.#count()
  }

  /** The address that most connections name, if at least two do. */
  winner(): Uint8Array | undefined {
    return this.#winner
  }

  #count(): void {
    const counts = new Map<string, number>()
    let best: string | undefined
    let most = 1
    for (const vote of this.#votes.values()) {
      const count = (counts.get(vote) ?? 0) + 1
      counts.set(vote, count)
      if (count <= most) continue
      best = vote
      most = count
    }
    this.#winner = best === undefined ? undefined : Uint8Array.from(best.split(','), Number)
  }
}
