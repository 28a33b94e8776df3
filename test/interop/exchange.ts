/** The package under test, behind one face for its two ways of use: a swarm that is fed nothing, and the drop-in that is fed by hand. */
import utPex, { PexSwarm } from 'ut_pex'
import { port as listenPort } from './lan.ts'
import type { PeerWire, ProtocolWire } from './peer.ts'

export interface Facts {
  readonly address: string
  readonly port: number
  readonly outgoing: boolean
}

export interface PexExchange {
  use(wire: ProtocolWire, facts: Facts): void
  opened(wire: PeerWire): void
  closed(wire: PeerWire): void
  /** Whom it holds to be connected to somebody, by what it was told: 'address:port'. */
  known(): readonly string[]
  /** Warnings that it gave, as text: something of ours threw, or a peer flooded us. Lesser violations are the observer's part. */
  readonly complaints: readonly string[]
  onCandidates?(listener: () => void): void
  next?(count: number): readonly string[]
  report?(peer: string, outcome: 'failed'): void
  close(): void
}

export function swarmExchange(torrent: { readonly port: number; readonly pieceCount: number; readonly isPrivate: boolean }): PexExchange {
  const swarm = new PexSwarm({ listenPort: torrent.port, pieceCount: torrent.pieceCount, private: torrent.isPrivate })
  const complaints: string[] = []
  swarm.on('warning', (error) => complaints.push(String(error)))
  swarm.on('violation', ({ code, source }) => {
    if (code === 'flood') complaints.push(`flood by ${source}`)
  })
  return {
    complaints,
    use: (wire, facts) => wire.use(utPex({ swarm, ...facts })),
    opened: () => {},
    closed: () => {},
    known: () => swarm.known().map(({ peer }) => peer),
    onCandidates: (listener) => swarm.on('candidates', listener),
    next: (count) => swarm.next(count),
    report: (peer, outcome) => swarm.report(peer, outcome),
    close: () => swarm.close(),
  }
}

/** As a host of ut_pex 5 has to: every wire is told of every other one, when it comes and when it goes. */
export function dropIn(): PexExchange {
  const open = new Map<PeerWire, string>()
  const known = new Map<string, Set<ProtocolWire>>()
  const complaints: string[] = []
  interface HandFed {
    start(): void
    reset(): void
    addPeer(peer: string, flags: object): void
    dropPeer(peer: string): void
    on(event: string, listener: (...args: never[]) => void): HandFed
  }
  const instanceOf = (wire: ProtocolWire): HandFed => wire.ut_pex as unknown as HandFed
  return {
    complaints,
    use: (wire) => {
      wire.use(utPex())
      instanceOf(wire)
        .on('peer', (endpoint: string) => known.set(endpoint, (known.get(endpoint) ?? new Set()).add(wire)))
        .on('dropped', (endpoint: string) => known.get(endpoint)?.delete(wire))
        .on('warning', (error: Error) => complaints.push(error.message))
    },
    opened: (entry) => {
      const { theirAddress } = entry
      const endpoint = theirAddress.includes(':') ? `[${theirAddress}]:${listenPort}` : `${theirAddress}:${listenPort}`
      const flags = { isReachable: entry.outgoing }
      for (const [other, theirs] of open) {
        instanceOf(other.wire).addPeer(endpoint, flags)
        instanceOf(entry.wire).addPeer(theirs, { isReachable: other.outgoing })
      }
      open.set(entry, endpoint)
      instanceOf(entry.wire).start()
    },
    closed: (entry) => {
      const endpoint = open.get(entry)
      if (endpoint === undefined) return
      open.delete(entry)
      instanceOf(entry.wire).reset()
      for (const [other] of open) instanceOf(other.wire).dropPeer(endpoint)
      for (const sources of known.values()) sources.delete(entry.wire)
    },
    known: () => [...known].filter(([, sources]) => sources.size > 0).map(([endpoint]) => endpoint),
    close: () => {},
  }
}
