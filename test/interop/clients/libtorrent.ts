/** libtorrent (qBittorrent, Deluge and others are made of it), by its Python binding. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { port } from '../lan.ts'
import { sourceFolder } from '../places.ts'
import { Program } from '../program.ts'
import { holdsWithin } from '../wait.ts'
import { type ClientKind, layOut, type RunningClient, type StartOptions } from './client.ts'

/** Debian's: the binding is not for any other. */
const python = '/usr/bin/python3'

interface Status {
  readonly listening: boolean
  readonly peers: readonly string[]
}

export const libtorrent: ClientKind = {
  name: 'libtorrent',
  title: 'libtorrent',
  packageName: 'python3-libtorrent',
  version: () => {
    const { status, stdout } = spawnSync(python, ['-c', 'import libtorrent; print(libtorrent.__version__)'], { encoding: 'utf8' })
    return status === 0 ? stdout.trim() : undefined
  },
  start,
  flags: { seed: true, holepunch: true, outgoing: false },
  tells: true,
  echoes: true,
  intervalMs: 62_000,
}

async function start(options: StartOptions): Promise<RunningClient> {
  const { host, encrypted = false } = options
  const { folder, torrentFile, logFile } = layOut(options)
  const listen = `${host.address4}:${port},[${host.address6}]:${port}`
  const order = JSON.stringify({ torrent: torrentFile, folder, listen, encrypted })
  let now: Status = { listening: false, peers: [] }
  const program = new Program({
    command: [...host.prefix, python, join(sourceFolder, 'clients/libtorrent_client.py'), order],
    logFile,
    onLine: (line) => {
      now = JSON.parse(line) as Status
    },
  })
  if (!(await holdsWithin(20_000, () => now.listening || program.death !== undefined)) || program.death !== undefined) {
    throw new Error(`libtorrent does not listen: ${program.lastWords()}`)
  }
  return {
    host,
    peers: async () => now.peers,
    death: () => program.death,
    lastWords: () => program.lastWords(),
    stop: () => program.stop(),
  }
}
