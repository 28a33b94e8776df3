/**
 * Three of ours and three of theirs, told in a chain: each knows the next one, and the rest is for PEX.
 *
 *     ours 1 — theirs 1 — ours 2 — theirs 2 — ours 3 — theirs 3
 *
 * In the end everybody has been connected to everybody. Not at one time: aria2 hangs up on who has had nothing for 60 s.
 */
import { addressOf } from '../lan.ts'
import type { Peer } from '../peer.ts'
import type { Story } from '../story.ts'
import { nowMs } from '../wait.ts'

/** Milliseconds: three rounds of the slowest, Transmission, and some. */
const meetMs = 300_000

export async function chain(story: Story): Promise<void> {
  const ours: Peer[] = []
  for (const number of [1, 2, 3]) ours.push(await story.startPeer(`ours ${number}`, { dials: true }))
  const theirs = await Promise.all([1, 2, 3].map((number) => story.startClient(`theirs-${number}`)))
  const begunAtMs = nowMs()
  ours.forEach((peer, i) => {
    for (const client of theirs.slice(Math.max(0, i - 1), i + 1)) peer.dial(addressOf(client.host, story.family))
  })

  const met = new Set<string>()
  const hosts = [...ours, ...theirs].map(({ host }) => host)
  const look = async (): Promise<void> => {
    for (const peer of ours) {
      for (const host of hosts) if (peer.metAtMs(host) !== undefined) met.add(pair(peer.host.name, host.name))
    }
    for (const client of theirs) {
      const addresses = await client.peers()
      for (const host of hosts) {
        if (addresses.includes(host.address4) || addresses.includes(host.address6)) met.add(pair(client.host.name, host.name))
      }
    }
  }
  const pairCount = (hosts.length * (hosts.length - 1)) / 2
  try {
    await story.expect(
      `all ${pairCount} pairs have been connected`,
      meetMs,
      async () => {
        await look()
        return met.size === pairCount
      },
      begunAtMs,
    )
  } catch (error) {
    const missing = hosts.flatMap((a, i) =>
      hosts
        .slice(i + 1)
        .filter((b) => !met.has(pair(a.name, b.name)))
        .map((b) => pair(a.name, b.name)),
    )
    throw new Error(`${(error as Error).message}; never met: ${missing.join(', ')}`)
  }
  const complaints = ours.flatMap(({ exchange }) => exchange?.complaints ?? [])
  story.note(`no warning ${complaints.join(', ')}`.trim(), complaints.length === 0)
}

const pair = (a: string, b: string): string => [a, b].sort().join(' and ')
