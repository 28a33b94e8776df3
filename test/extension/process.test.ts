/** What the library does to the process that it runs in: nothing keeps it alive, and nothing stays behind. Real time. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Child, newChild } from './child.ts'

let child: Child
beforeAll(async () => {
  child = await newChild()
})
afterAll(() => child.remove())

/** Wires back to back, shaken hands, half of them in a swarm and half fed by hand. */
const setUp = `
  import utPex, { PexSwarm } from 'ut_pex'
  import Protocol from 'bittorrent-protocol'
  const turn = () => new Promise((resolve) => setTimeout(resolve, 5))
  function connect(extension, address) {
    const [ours, theirs] = [new Protocol('tcpOutgoing'), new Protocol('tcpIncoming')]
    Object.assign(ours, { remoteAddress: address, remotePort: 6881 })
    ours.use(extension)
    theirs.use(utPex())
    ours.pipe(theirs).pipe(ours)
    theirs.once('handshake', () => theirs.handshake('aa'.repeat(20), 'bb'.repeat(20)))
    ours.handshake('aa'.repeat(20), 'cc'.repeat(20))
    return [ours, theirs]
  }
  const told = new TextEncoder().encode('d5:added6:') 
  const message = Uint8Array.of(...told, 203, 0, 113, 77, 26, 225, ...new TextEncoder().encode('7:added.f1:'), 0, 0x65)
  function populate() {
    const swarm = new PexSwarm({ listenPort: 6881 })
    swarm.on('peer', () => {})
    swarm.on('candidates', () => swarm.next(1))
    const wires = []
    for (let i = 1; i <= 4; i++) {
      wires.push(...connect(utPex({ swarm }), '203.0.113.' + i))
      const [ours, theirs] = connect(utPex(), '203.0.114.' + i)
      ours.ut_pex.addPeer('203.0.115.1:6881')
      ours.ut_pex.start()
      ours.ut_pex.on('peer', () => {})
      wires.push(ours, theirs)
    }
    return { swarm, wires }
  }
`

describe('a process', () => {
  it('ends by itself while a swarm and its wires are open, though they have something to send', async () => {
    const output = await child.run(`${setUp}
      const { swarm, wires } = populate()
      await turn()
      for (const wire of wires) if (wire.ut_pex) wire.ut_pex.onMessage(message)
      await turn()
      const { connections, contacts, known } = swarm.stats()
      console.log(connections, contacts, known, process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length)
      process.on('exit', () => console.log('ended'))`)
    // Contacts settle after two seconds, for nobody has said what pieces it has.
    expect(output).toBe('4 0 1 0\nended\n')
  })

  it('gets the memory of swarm, wires and instances back once they are closed', async () => {
    const output = await child.run(
      `${setUp}
      const refs = await (async () => {
        const { swarm, wires } = populate()
        await turn()
        for (const wire of wires) if (wire.ut_pex) wire.ut_pex.onMessage(message)
        await turn()
        const refs = [swarm, ...wires, ...wires.map((wire) => wire.ut_pex)].map((object) => new WeakRef(object))
        for (const wire of wires) wire.destroy()
        await turn()
        swarm.close()
        return refs
      })()
      for (let i = 0; i < 10 && refs.some((ref) => ref.deref()); i++) {
        await turn()
        gc()
      }
      console.log(refs.length, refs.filter((ref) => ref.deref()).map((ref) => ref.deref().constructor.name))`,
      '--expose-gc',
    )
    expect(output).toBe('33 []\n')
  })

  it('gets the memory of each closed wire back while its swarm stays open', async () => {
    const output = await child.run(
      `${setUp}
      const { swarm, refs } = await (async () => {
        const { swarm, wires } = populate()
        await turn()
        for (const wire of wires) if (wire.ut_pex) wire.ut_pex.onMessage(message)
        await turn()
        for (const wire of wires) wire.destroy()
        return { swarm, refs: wires.map((wire) => new WeakRef(wire)) }
      })()
      for (let i = 0; i < 10 && refs.some((ref) => ref.deref()); i++) {
        await turn()
        gc()
      }
      console.log(refs.length, refs.filter((ref) => ref.deref()).length, swarm.stats().connections)`,
      '--expose-gc',
    )
    expect(output).toBe('16 0 0\n')
  })
})
