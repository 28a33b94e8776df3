/**
 * What the job knows about its clients: who is connected to whom, who learnt of whom in which way, who has the data.
 *
 * The clients form a chain at the start: client 2 is given the address of client 1, client 3 that of client 2, and so on. A client
 * comes to know of another one in one of three ways:
 *
 *     given     the job gave it the address
 *     called    the other one connected to it
 *     pex       a third client told it the address by peer exchange
 *
 * A call tells nobody's address (its port is an ephemeral one). So who is called first and told later counts as told; but for the
 * neighbour in the chain that was given the address: that one called at the start, whatever is told later.
 *
 * The *round* of such knowledge says how far it had come, whatever the speed of the machine: 0 for the chain itself, and n + 1 when
 * the client met the teller, and the teller the one told of, in round n or before.
 *
 * A client *knows* another one while it has a connection to it: an address alone proves nothing. The job is complete when every
 * client knows all others and has the data, with the right digest.
 */
import { clientOfPeerId, type Report } from './messages.ts'

export type Way =
  | { readonly how: 'given'; readonly round: 0 }
  | { readonly how: 'called'; readonly round: number }
  /** `from` is undefined when the teller could not be recognised. */
  | { readonly how: 'pex'; readonly round: number; readonly from: number | undefined }

export interface ClientView {
  /** From 1. */
  readonly number: number
  readonly port: number | undefined
  /** Share of the data, 0 to 1. */
  readonly share: number
  readonly data: 'incomplete' | 'verified' | 'wrong'
  /** The clients to which it has a connection now. */
  readonly connected: readonly number[]
  readonly ways: ReadonlyMap<number, Way>
  /** Why it cannot go on, if so. */
  readonly failure: string | undefined
}

interface ClientState {
  readonly number: number
  port: number | undefined
  share: number
  data: 'incomplete' | 'verified' | 'wrong'
  /** Connections by client: two clients that call each other at the same time have two. */
  readonly connections: Map<number, number>
  readonly ways: Map<number, Way>
  /** The round in which it first knew of the other: told later, it may have been called sooner. */
  readonly metInRound: Map<number, number>
  /** Port of the other end of a connection → client. Tells who told, when that one's port is an ephemeral one. */
  readonly remotePorts: Map<number, number>
  failure: string | undefined
}

export class Chain {
  readonly #clients: readonly ClientState[]
  readonly #digest: string
  readonly #clientOfPort = new Map<number, number>()

  /** `digest` is that of the data, as the clients report it. */
  constructor(clientCount: number, digest: string) {
    this.#digest = digest
    this.#clients = Array.from({ length: clientCount }, (_, index) => ({
      number: index + 1,
      port: undefined,
      share: 0,
      data: 'incomplete',
      connections: new Map(),
      ways: new Map(index === 0 ? [] : [[index, { how: 'given', round: 0 }]]),
      metInRound: new Map(),
      remotePorts: new Map(),
      failure: undefined,
    }))
  }

  get size(): number {
    return this.#clients.length
  }

  /** The clients as they are now, in the order of the chain: copies. */
  get clients(): readonly ClientView[] {
    return this.#clients.map((client) => ({
      ...client,
      connected: [...client.connections.keys()].sort((a, b) => a - b),
      ways: new Map(client.ways),
    }))
  }

  get allListen(): boolean {
    return this.#clients.every((client) => client.port !== undefined)
  }

  get complete(): boolean {
    return this.allKnown && this.#clients.every((client) => client.data === 'verified')
  }

  /** Whether every client has a connection to every other one. */
  get allKnown(): boolean {
    return this.#clients.every((client) => client.connections.size === this.size - 1)
  }

  get failed(): boolean {
    return this.#clients.some((client) => client.failure !== undefined || client.data === 'wrong')
  }

  /** Pairs (client, other) in which the client learnt the other's address by PEX: of at most `pairsToLearn`. */
  get learntByPex(): number {
    return this.#clients.reduce((sum, client) => sum + [...client.ways.values()].filter((way) => way.how === 'pex').length, 0)
  }

  /** Pairs (client, other) that are not neighbours in the chain. */
  get pairsToLearn(): number {
    return (this.size - 1) * (this.size - 2)
  }

  /** Pairs (client, other) in which the client has a connection to the other. */
  get known(): number {
    return this.#clients.reduce((sum, client) => sum + client.connections.size, 0)
  }

  /** Clients that have the data with the right digest; the first has it from the start. */
  get verified(): number {
    return this.#clients.filter((client) => client.data === 'verified').length
  }

  /** Takes in what client `number` reports. */
  handleReport(number: number, report: Report): void {
    const client = this.#clients[number - 1]
    if (client === undefined) throw new RangeError(`number must be 1 to ${this.size}, not ${number}`)
    switch (report.type) {
      case 'listening':
        client.port = report.port
        this.#clientOfPort.set(report.port, number)
        break
      case 'connected':
        this.#handleConnected(client, report.peerId, report.address)
        break
      case 'disconnected':
        this.#handleDisconnected(client, report.peerId)
        break
      case 'told':
        this.#handleTold(client, report.peer, report.source)
        break
      case 'progress':
        client.share = report.share
        break
      case 'data':
        client.data = report.digest === this.#digest ? 'verified' : 'wrong'
        client.share = 1
        break
      case 'failed':
        client.failure ??= report.reason
        break
      default:
        report satisfies never
    }
  }

  #handleConnected(client: ClientState, peerId: string, address: string): void {
    const other = clientOfPeerId(peerId)
    if (other === undefined) return
    client.connections.set(other, (client.connections.get(other) ?? 0) + 1)
    client.remotePorts.set(portOf(address), other)
    if (client.ways.has(other)) return
    const round = this.#roundOf(other, client.number)
    client.ways.set(other, { how: 'called', round })
    client.metInRound.set(other, round)
  }

  #handleDisconnected(client: ClientState, peerId: string): void {
    const other = clientOfPeerId(peerId)
    if (other === undefined) return
    const left = (client.connections.get(other) ?? 0) - 1
    if (left > 0) client.connections.set(other, left)
    else client.connections.delete(other)
  }

  #handleTold(client: ClientState, peer: string, source: string | undefined): void {
    const other = this.#clientOfPort.get(portOf(peer))
    if (other === undefined || other === client.number) return
    const before = client.ways.get(other)
    const isNeighbour = Math.abs(other - client.number) === 1
    if (before?.how === 'given' || before?.how === 'pex' || (before?.how === 'called' && isNeighbour)) return
    const sourcePort = source === undefined ? 0 : portOf(source)
    const from = client.remotePorts.get(sourcePort) ?? this.#clientOfPort.get(sourcePort)
    const round = from === undefined ? 1 : 1 + Math.max(this.#roundOf(client.number, from), this.#roundOf(from, other))
    client.ways.set(other, { how: 'pex', from, round })
    if (before === undefined) client.metInRound.set(other, round)
  }

  /** 0 when the one is not known to have heard of the other: reports of two clients may come in another order than they happened. */
  #roundOf(client: number, other: number): number {
    return this.#clients[client - 1]?.metInRound.get(other) ?? 0
  }
}

/** All clients are on one machine, so the port alone says which one an address belongs to. NaN when there is none. */
function portOf(address: string): number {
  return Number.parseInt(address.slice(address.lastIndexOf(':') + 1), 10)
}

/** What is missing, one sentence each, what failed first. Empty when the job is complete. */
export function missing(clients: readonly ClientView[]): string[] {
  const failed = clients.filter((client) => client.failure !== undefined)
  const silent = clients.filter((client) => client.failure === undefined && client.port === undefined)
  const listening = clients.filter((client) => client.port !== undefined)
  return [
    ...failed.map((client) => `client ${client.number} failed: ${client.failure}`),
    ...(silent.length > 0 ? [`not listening yet: ${clientList(silent.map(({ number }) => number))}`] : []),
    // Before all listen, nobody has been told of anybody.
    ...(listening.length < clients.length ? [] : clients.flatMap((client) => missingOf(client, clients))),
  ]
}

function missingOf(client: ClientView, clients: readonly ClientView[]): string[] {
  const strangers = clients.map(({ number }) => number).filter((other) => other !== client.number && !client.connected.includes(other))
  const unheard = strangers.filter((other) => !client.ways.has(other))
  const unreached = strangers.filter((other) => client.ways.has(other))
  return [
    ...(unheard.length > 0 ? [`client ${client.number} never heard of ${clientList(unheard)}`] : []),
    ...(unreached.length > 0 ? [`client ${client.number} heard of ${clientList(unreached)}, but is not connected`] : []),
    ...(client.data === 'incomplete' ? [`client ${client.number} has ${Math.floor(client.share * 100)} % of the data`] : []),
    ...(client.data === 'wrong' ? [`client ${client.number} has wrong data: its SHA-256 is another one`] : []),
  ]
}

/** `client 3`, `clients 3 and 5`, `clients 1, 3-6 and 9`. Ascending numbers, at least one. */
export function clientList(numbers: readonly number[]): string {
  const parts: string[] = []
  for (let start = 0; start < numbers.length; ) {
    let end = start
    while (numbers[end + 1] === (numbers[end] ?? 0) + 1) end++
    if (end - start >= 2) parts.push(`${numbers[start]}-${numbers[end]}`)
    else parts.push(...numbers.slice(start, end + 1).map(String))
    start = end + 1
  }
  const last = parts.pop()
  const text = parts.length === 0 ? last : `${parts.join(', ')} and ${last}`
  return `${numbers.length === 1 ? 'client' : 'clients'} ${text}`
}
