/**
 * Peer exchange with this package: one line for the client, and a listener for what it learns.
 */
import { attach } from 'ut_pex/webtorrent'
import type { Client, Torrent } from './webtorrent.ts'

/** Attaches to the client, and calls `told` for each address that a peer sends. */
export function exchangeByAttach(client: Client, torrent: Torrent, told: (peer: string, source: string | undefined) => void): void {
  const attached = attach(client)
  attached.swarm(torrent)?.on('peer', (peer, _flags, source) => told(peer, source))
}
