/** aria2, ordered by its JSON-RPC. */
import { spawnSync } from 'node:child_process'
import net from 'node:net'
import { port } from '../lan.ts'
import { Program } from '../program.ts'
import { holdsWithin } from '../wait.ts'
import { type ClientKind, layOut, type RunningClient, type StartOptions } from './client.ts'
import { post } from './rpc.ts'

const rpcPort = 6800
const quiet = ['--no-conf', '--enable-dht=false', '--enable-dht6=false', '--bt-enable-lpd=false']
const bitTorrent = ['--enable-peer-exchange=true', '--seed-time=9999', '--bt-max-peers=0', '--bt-request-peer-speed-limit=10M']
const control = ['--enable-rpc', '--rpc-listen-all', `--rpc-listen-port=${rpcPort}`]
const rc4Only = ['--bt-force-encryption=true', '--bt-require-crypto=true', '--bt-min-crypto-level=arc4']

export const aria2: ClientKind = {
  name: 'aria2',
  title: 'aria2',
  packageName: 'aria2',
  version: () => {
    const { status, stdout } = spawnSync('aria2c', ['--version'], { encoding: 'utf8' })
    return status === 0 ? /[\d.]+/.exec(stdout.replace('aria2', ''))?.[0] : undefined
  },
  start,
  flags: { seed: true, holepunch: false, outgoing: false },
  tells: true,
  echoes: true,
  intervalMs: 63_000,
}

async function start(options: StartOptions): Promise<RunningClient> {
  const { host, encrypted = false } = options
  const { folder, torrentFile, logFile } = layOut(options)
  const program = new Program({
    command: [
      ...[...host.prefix, 'aria2c', ...quiet, ...bitTorrent, ...control, ...(encrypted ? rc4Only : [])],
      ...[`--listen-port=${port}`, `--dir=${folder}`, '--console-log-level=notice', `--log=${logFile}.debug`, '--log-level=info'],
      torrentFile,
    ],
    logFile,
  })
  const call = async (method: string, params: readonly unknown[]): Promise<readonly Record<string, string>[]> => {
    const { body } = await post(`http://${host.address4}:${rpcPort}/jsonrpc`, { jsonrpc: '2.0', id: '1', method, params })
    return (JSON.parse(body) as { readonly result?: readonly Record<string, string>[] }).result ?? []
  }
  let id = ''
  const isReady = async (): Promise<boolean> => {
    if (program.death !== undefined) return true
    const active = await call('aria2.tellActive', [['gid']]).catch(() => [])
    id = active[0]?.gid ?? ''
    return id !== '' && (await listensAt(host.address4))
  }
  if (!(await holdsWithin(20_000, isReady)) || program.death !== undefined) {
    throw new Error(`aria2 does not listen: ${program.death}, ${program.lastWords()}`)
  }
  return {
    host,
    peers: async () => (await call('aria2.getPeers', [id])).map(({ ip }) => String(ip)),
    death: () => program.death,
    lastWords: () => program.lastWords(),
    stop: () => program.stop(),
  }
}

function listensAt(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, address)
    socket.once('error', () => resolve(false))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}
