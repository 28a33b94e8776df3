/**
 * A private torrent (BEP 27): from us no byte of PEX, and no `ut_pex` in our handshake, for longer than our interval;
 * and nobody comes to whom only we know.
 */
import { addressOf } from '../lan.ts'
import type { Story } from '../story.ts'
import { pause } from '../wait.ts'

const silenceMs = 75_000

export async function privateTorrent(story: Story): Promise<void> {
  const client = await story.startClient('client')
  const hub = await story.startPeer('hub', { has: 'half', doseMs: 9_000 })
  const secret = await story.startPeer('secret')
  const guest = await story.startPeer('guest')
  hub.dial(addressOf(secret.host, story.family))
  hub.dial(addressOf(client.host, story.family))
  guest.dial(addressOf(client.host, story.family))
  const others = [client, secret]
  await story.expect(
    'all are connected',
    30_000,
    () => others.every(({ host }) => hub.openWires(host).length === 1) && guest.openWires(client.host).length === 1,
  )
  const { frames } = story.traffic
  await story.expect('handshakes went both ways', 30_000, () => {
    const wire = hub.openWires(client.host)[0]?.number ?? 0
    return story.traffic.handshakes(wire, 'sent').length > 0 && story.traffic.handshakes(wire, 'received').length > 0
  })
  // Silence is the one thing that can only be waited for.
  await pause(silenceMs)
  const handshakes = frames.filter(({ kind }) => kind === 'handshake')
  const isNamedIn = (side: 'sent' | 'received'): boolean =>
    handshakes.some(({ bytes, direction }) => direction === side && Buffer.from(bytes).includes('ut_pex'))
  story.note('our handshakes do not name ut_pex', !isNamedIn('sent'), silenceMs)
  story.note('nor do its', !isNamedIn('received'), silenceMs)
  story.note(
    'no message of ours was sent',
    frames.every(({ kind, direction }) => kind !== 'message' || direction !== 'sent'),
    silenceMs,
  )
  story.note('nobody came who could only have been told by us', secret.metAtMs(client.host) === undefined)
  story.note('the wire stayed open', hub.openWires(client.host).length === 1)
}
