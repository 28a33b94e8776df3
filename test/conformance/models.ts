/**
 * How other clients send, as models: the faults that they were measured to have (or have by their code), each a sender
 * towards one receiver. The released ut_pex 5 needs no model: it is run.
 *
 * A model is told the truth about its neighbours, and asked for a message whenever its time has come.
 */
import bencode from 'bencode'
import releasedUtPex from 'ut_pex5'
import { encodeMessage } from '../../src/codec/index.ts'
import { endpoint } from '../core/endpoints.ts'

/** A neighbour of the sender. */
export interface Neighbour {
  /** Where it can be dialled. */
  readonly listens: string
  /** The port at its end of the connection: what it listens on only if the sender dialled it. */
  readonly remote: string
  readonly isDialled: boolean
}

export interface ClientModel {
  /** Seconds from the first message to each later one. */
  readonly times: readonly number[]
  /** Both handshakes are done. */
  come(neighbour: Neighbour): void
  /** It connected, and its extended handshake is not there yet. */
  knock?(neighbour: Neighbour): void
  go(neighbour: Neighbour): void
  /** What the receiver told the sender. */
  hear?(message: Uint8Array): void
  /** The next message; undefined for silence. */
  message(): Uint8Array | undefined
}

interface Told {
  readonly place: string
  readonly flags: number
}

const every = (seconds: number, count = 12): number[] => Array.from({ length: count }, (_, index) => index * seconds)

function encode(added: readonly Told[], dropped: readonly string[], lists: 'all' | 'those in use'): Uint8Array {
  const list = (places: readonly string[], byteLength: number): Uint8Array =>
    Uint8Array.from(
      places
        .map(endpoint)
        .filter(({ length }) => length === byteLength)
        .flatMap((bytes) => [...bytes]),
    )
  const flags = Uint8Array.from(added, (contact) => contact.flags)
  const places = added.map(({ place }) => place)
  if (lists === 'those in use') return encodeMessage({ added: list(places, 6), addedFlags: flags, dropped: list(dropped, 6) })
  const none = new Uint8Array(0)
  return bencode.encode({
    added: list(places, 6),
    'added.f': flags,
    added6: none,
    'added6.f': none,
    dropped: list(dropped, 6),
    dropped6: none,
  })
}

/** As BEP 11 asks: what has come and gone since, the oldest first, fifty at a time. */
export class Faultless implements ClientModel {
  readonly times: readonly number[] = every(65)
  readonly #live = new Map<string, Told>()
  readonly #told = new Set<string>()

  come({ listens, isDialled }: Neighbour): void {
    this.#live.set(listens, { place: listens, flags: isDialled ? 0x10 : 0 })
  }

  go({ listens }: Neighbour): void {
    this.#live.delete(listens)
  }

  message(): Uint8Array | undefined {
    const dropped = [...this.#told].filter((place) => !this.#live.has(place)).slice(0, 50)
    const added = [...this.#live.values()].filter(({ place }) => !this.#told.has(place)).slice(0, 50)
    for (const place of dropped) this.#told.delete(place)
    for (const { place } of added) this.#told.add(place)
    return added.length + dropped.length === 0 ? undefined : encode(added, dropped, 'those in use')
  }
}

/** The released package, fed by its host as its documentation says: each wire with each neighbour that comes or goes. */
export class UtPex5 implements ClientModel {
  readonly times: readonly number[] = every(65)
  readonly #extension: {
    addPeer(peer: string, flags: object): void
    dropPeer(peer: string): void
    onMessage(bytes: Uint8Array): void
    _lastMessageTimestamp: number
    _sendMessage(): void
  }
  #sent: Uint8Array | undefined

  constructor() {
    const Extension = releasedUtPex()
    this.#extension = new Extension({ extended: (_name: string, message: object) => (this.#sent = bencode.encode(message)) })
  }

  come({ isDialled, listens }: Neighbour): void {
    this.#extension.addPeer(listens, { isReachable: isDialled })
  }

  go({ listens }: Neighbour): void {
    this.#extension.dropPeer(listens)
  }

  hear(message: Uint8Array): void {
    // It looks at the wall clock, which stands still here.
    this.#extension._lastMessageTimestamp = 0
    this.#extension.onMessage(message)
  }

  message(): Uint8Array | undefined {
    // Its timer calls this every 65 s, whether there is anything to say or not.
    this.#extension._sendMessage()
    return this.#sent
  }
}

/**
 * libtorrent 2.0.8, measured: all six keys in every message, empty ones too; the second message 59.98 s after the first, with the
 * full list again; 100 contacts in a message, drops without a cap; who dialled it is dropped under the port it dialled from; no 0x10.
 */
export class Libtorrent implements ClientModel {
  readonly times: readonly number[] = [0, 59.98, ...every(60.05).map((time) => time + 120.03)]
  /** By the remote end of the connection, which is what it compares. */
  readonly #live = new Map<string, Neighbour>()
  #told = new Set<string>()
  #messages = 0

  come(neighbour: Neighbour): void {
    this.#live.set(neighbour.remote, neighbour)
  }

  go({ remote }: Neighbour): void {
    this.#live.delete(remote)
  }

  message(): Uint8Array | undefined {
    const before = ++this.#messages === 2 ? new Set<string>() : this.#told
    const dropped = [...this.#told].filter((remote) => !this.#live.has(remote))
    const added = [...this.#live.values()].filter(({ remote }) => !before.has(remote)).slice(0, 100)
    this.#told = new Set([...before, ...added.map(({ remote }) => remote)].filter((remote) => this.#live.has(remote)))
    return encode(
      added.map(({ listens }) => ({ place: listens, flags: 0 })),
      dropped,
      'all',
    )
  }
}

/**
 * Transmission 3.00, measured: the port that a peer dialled from while its extended handshake has not been read; and each time
 * the difference between the first fifty in order of address then and now, so that who is pushed out of them is dropped alive.
 */
export class Transmission implements ClientModel {
  readonly times: readonly number[] = every(90)
  readonly #live = new Map<Neighbour, Told>()
  #list = new Map<string, Told>()

  knock(neighbour: Neighbour): void {
    this.#live.set(neighbour, { place: neighbour.remote, flags: neighbour.isDialled ? 0x10 : 0 })
  }

  come(neighbour: Neighbour): void {
    this.#live.set(neighbour, { place: neighbour.listens, flags: neighbour.isDialled ? 0x10 : 0 })
  }

  go(neighbour: Neighbour): void {
    this.#live.delete(neighbour)
  }

  message(): Uint8Array | undefined {
    const sorted = [...this.#live.values()].sort((a, b) => (a.place < b.place ? -1 : 1)).slice(0, 50)
    const next = new Map(sorted.map((told) => [told.place, told]))
    const added = [...next.values()].filter(({ place }) => !this.#list.has(place))
    const dropped = [...this.#list.keys()].filter((place) => !next.has(place))
    this.#list = next
    return added.length + dropped.length === 0 ? undefined : encode(added, dropped, 'those in use')
  }
}

/** aria2 1.36, measured: a bare empty dictionary when there is nothing to say; every departure to everybody; no 0x10. */
export class Aria2 implements ClientModel {
  readonly times: readonly number[] = every(61)
  readonly #live = new Set<string>()
  readonly #told = new Set<string>()
  #gone: string[] = []

  come({ listens }: Neighbour): void {
    this.#live.add(listens)
    this.#gone = this.#gone.filter((place) => place !== listens)
  }

  go({ listens }: Neighbour): void {
    this.#live.delete(listens)
    this.#told.delete(listens)
    this.#gone.push(listens)
  }

  message(): Uint8Array | undefined {
    const added = [...this.#live].filter((place) => !this.#told.has(place)).slice(0, 50)
    for (const place of added) this.#told.add(place)
    const dropped = this.#gone.slice(0, 50)
    this.#gone = this.#gone.slice(50)
    return encode(
      added.map((place) => ({ place, flags: 0 })),
      dropped,
      'those in use',
    )
  }
}
