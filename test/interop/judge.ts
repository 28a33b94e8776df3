/**
 * Lets the package's observer of BEP 11 (`ut_pex/conformance`) listen to all that a peer of ours says and hears, and whom it dials.
 *
 * It shares no code with what it judges. What is found of ours is a fault; what is found of a client goes into the table.
 */
import net from 'node:net'
import { type Finding, Observer } from 'ut_pex/conformance'
import { port } from './lan.ts'
import type { Peer } from './peer.ts'
import type { Frame, Traffic } from './traffic.ts'
import { nowMs } from './wait.ts'

export class Judge {
  readonly #observer: Observer<number>
  readonly #open = new Map<number, string>()
  /** Addresses at the other end, by wire, also of those that have closed. */
  readonly #addresses = new Map<number, string>()

  constructor(peer: Peer, traffic: Traffic) {
    const observer = new Observer<number>({ private: peer.options.isPrivate ?? false, listenPort: port, isReporting: true })
    this.#observer = observer
    peer.onlooker = {
      reported: (kind, endpoint, source) => observer.reported({ at: nowMs(), kind, peer: endpointBytes(endpoint), source }),
      dialled: (endpoint) => observer.dialled({ at: nowMs(), peer: endpointBytes(endpoint) }),
      dialFailed: (endpoint) => observer.dialFailed({ at: nowMs(), peer: endpointBytes(endpoint) }),
    }
    traffic.onFrame((frame) => {
      if (frame.ours === peer.host.name) this.#hear(frame)
    })
  }

  /** What was found by now: broken by us, or by who is at that address. */
  findings(): readonly { readonly finding: Finding<number>; readonly address: string }[] {
    this.#observer.finish(nowMs())
    return this.#observer.findings.map((finding) => ({ finding, address: this.#addresses.get(finding.connection ?? 0) ?? '' }))
  }

  #hear({ atMs: at, wire: connection, theirs, kind, direction, bytes, number }: Frame): void {
    if (kind === 'open') {
      this.#open.set(connection, theirs)
      this.#addresses.set(connection, theirs)
      const transport = 'tcp'
      const sides = { sent: 'outgoing', received: 'incoming' } as const
      this.#observer.connected({
        at,
        connection,
        address: addressBytes(theirs),
        port: number,
        direction: sides[direction],
        transport,
        isExtended: true,
      })
      return
    }
    if (!this.#open.has(connection)) return
    const from = direction === 'sent' ? 'local' : 'remote'
    if (kind === 'handshake') this.#observer.handshake({ at, connection, from, handshake: bytes })
    else if (kind === 'message') this.#observer.message({ at, connection, from, id: number, bytes })
    else if (kind === 'pieces') this.#observer.pieces({ at, connection, hasEverything: number === 1 })
    else {
      this.#open.delete(connection)
      this.#observer.disconnected({ at, connection })
    }
  }
}

/** 6 or 18 bytes. */
function endpointBytes(endpoint: string): Uint8Array {
  const colon = endpoint.lastIndexOf(':')
  const portNumber = Number(endpoint.slice(colon + 1))
  return Uint8Array.from([...addressBytes(endpoint.slice(0, colon).replace(/^\[|\]$/g, '')), portNumber >> 8, portNumber & 0xff])
}

/** 4 or 16 bytes. */
function addressBytes(address: string): Uint8Array {
  if (net.isIPv4(address)) return Uint8Array.from(address.split('.'), Number)
  const [head = '', tail = ''] = address.split('::')
  const before = head.split(':').filter((group) => group !== '')
  const after = tail.split(':').filter((group) => group !== '')
  const groups = [...before, ...Array(8 - before.length - after.length).fill('0'), ...after].map((group) => Number.parseInt(group, 16))
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]))
}
