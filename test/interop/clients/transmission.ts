/** Transmission's daemon, ordered by its RPC (which answers the first call with 409 and the session id that it wants). */
import { spawnSync } from 'node:child_process'
import { port } from '../lan.ts'
import { Program } from '../program.ts'
import { holdsWithin } from '../wait.ts'
import { type ClientKind, layOut, type RunningClient, type StartOptions } from './client.ts'
import { post } from './rpc.ts'

const rpcPort = 9091
const sessionHeader = 'x-transmission-session-id'
const quiet = ['--no-dht', '--no-lpd', '--no-utp', '--no-portmap']
const limits = ['-l', '500', '-L', '2000']

interface Torrents {
  readonly torrents: readonly { readonly peers: readonly { readonly address: string }[] }[]
}

export const transmission: ClientKind = {
  name: 'transmission',
  title: 'Transmission',
  packageName: 'transmission-daemon',
  version: () => {
    // It prints its version to standard error.
    const { status, stderr } = spawnSync('transmission-daemon', ['--version'], { encoding: 'utf8' })
    return status === 0 ? /[\d.]+/.exec(stderr)?.[0] : undefined
  },
  start,
  flags: { seed: true, holepunch: false, outgoing: true },
  tells: true,
  echoes: true,
  intervalMs: 96_000,
}

async function start(options: StartOptions): Promise<RunningClient> {
  const { host, torrent, encrypted = false } = options
  const { folder, logFile } = layOut(options)
  const where = ['-g', folder, '-w', folder, '-i', host.address4, '-I', host.address6, '-P', String(port)]
  const control = ['-p', String(rpcPort), '-r', host.address4, '-a', '*.*.*.*', '-T']
  const program = new Program({
    command: [...host.prefix, 'transmission-daemon', '-f', ...where, ...control, ...quiet, ...limits, encrypted ? '-er' : '-et'],
    logFile,
  })
  const url = `http://${host.address4}:${rpcPort}/transmission/rpc`
  let session = ''
  const call = async (method: string, args: object): Promise<unknown> => {
    let answer = await post(url, { method, arguments: args }, { [sessionHeader]: session })
    if (answer.status === 409) {
      session = String(answer.headers[sessionHeader])
      answer = await post(url, { method, arguments: args }, { [sessionHeader]: session })
    }
    const { result, arguments: values } = JSON.parse(answer.body) as { readonly result: string; readonly arguments: unknown }
    if (result !== 'success') throw new Error(`Transmission: ${method}: ${result}`)
    return values
  }
  const answers = (): Promise<boolean> =>
    call('session-get', {}).then(
      () => true,
      () => program.death !== undefined,
    )
  if (!(await holdsWithin(20_000, answers)) || program.death !== undefined) {
    throw new Error(`Transmission does not answer: ${program.death}, ${program.lastWords()}`)
  }
  await call('torrent-add', { metainfo: Buffer.from(torrent.file).toString('base64') })
  return {
    host,
    peers: async () => {
      const { torrents } = (await call('torrent-get', { fields: ['peers'] })) as Torrents
      return torrents.flatMap(({ peers }) => peers.map(({ address }) => address))
    },
    death: () => program.death,
    lastWords: () => program.lastWords(),
    stop: () => program.stop(),
  }
}
