/**
 * A long run with churn: 100 peers of ours, each connected to one client and to three others of ours, come and go for ten
 * minutes. Whatever the client closes, it must not be for what we tell it.
 *
 * What closes a wire is read from the client's own log, so that is libtorrent, which says why.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { addressOf } from '../lan.ts'
import type { Peer, PeerWire } from '../peer.ts'
import { makeFolder } from '../places.ts'
import type { Story } from '../story.ts'
import { nowMs, pause } from '../wait.ts'

const peerCount = 100
const friendCount = 3
const churnEveryMs = 1_000

/** In what libtorrent says when it hangs up for a ut_pex message, or for too many of them. */
const causedByPex = /pex/i

export interface SoakOptions {
  readonly durationMs: number
}

export async function soak(story: Story, { durationMs }: SoakOptions): Promise<void> {
  const client = await story.startClient('client')
  const peers: Peer[] = []
  for (let i = 1; i <= peerCount; i++) peers.push(await story.startPeer(`peer ${i}`, { has: 'half' }))
  const join100 = (peer: Peer): void => {
    peer.dial(addressOf(client.host, story.family))
    for (let i = 0; i < friendCount; i++) peer.dial(addressOf(pick(peers).host, story.family))
  }
  for (const peer of peers) join100(peer)
  const isConnected = (peer: Peer): boolean => peer.openWires(client.host).length > 0
  await story.expect('all are connected to the client', 60_000, () => peers.every(isConnected))

  const ours = new Set<PeerWire>()
  let churnCount = 0
  for (const end = nowMs() + durationMs; nowMs() < end; await pause(churnEveryMs)) {
    const goer = pick(peers)
    for (const wire of goer.wires) {
      if (wire.isClosed) continue
      ours.add(wire)
      wire.wire.destroy()
    }
    churnCount++
    setTimeout(() => join100(goer), 5 * churnEveryMs)
  }

  const wires = peers.flatMap((peer) => peer.wires.filter(({ theirAddress }) => theirAddress === addressOf(client.host, story.family)))
  const byClient = wires.filter((wire) => wire.isOpen && wire.isClosed && !ours.has(wire))
  const count = (direction: 'sent' | 'received'): number =>
    story.traffic.frames.filter((frame) => frame.kind === 'message' && frame.direction === direction && isOf(wires, frame.wire)).length
  const reasons = reasonsIn(join(makeFolder(story.name, 'client'), 'client.log'))
  story.note(`${churnCount} leavings, ${wires.length} wires to the client, of which it closed ${byClient.length}`, true, durationMs)
  story.note(`${count('sent')} messages sent to it, ${count('received')} received of it`, count('sent') > peerCount, durationMs)
  story.note(`why it closed wires: ${[...reasons].map(([reason, times]) => `${times} × ${reason}`).join('; ') || 'it closed none'}`, true)
  story.note(
    'none of them for peer exchange',
    [...reasons.keys()].every((reason) => !causedByPex.test(reason)),
  )
}

const pick = (peers: readonly Peer[]): Peer => peers[Math.floor(Math.random() * peers.length)] as Peer

function isOf(wires: readonly PeerWire[], number: number): boolean {
  return wires.some((wire) => wire.number === number)
}

/** How often libtorrent gave which reason. */
function reasonsIn(logFile: string): ReadonlyMap<string, number> {
  const reasons = new Map<string, number>()
  for (const line of readFileSync(logFile, 'utf8').split('\n')) {
    const reason = / disconnecting .*\]: (.*)$/.exec(line)?.[1]
    if (reason !== undefined) reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
  }
  return reasons
}
