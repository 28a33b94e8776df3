/**
 * Peer exchange as WebTorrent 3 does it by itself, with the released ut_pex 5: it takes addresses from others and passes on none.
 */
import type { Client, Torrent } from './webtorrent.ts'

/** Calls `told` for each address that a peer sends. */
export function exchangeByItself(_client: Client, torrent: Torrent, told: (peer: string, source: string) => void): void {
  torrent.on('wire', (wire, address) => {
    wire.ut_pex?.on('peer', (peer) => told(peer, address))
  })
}
