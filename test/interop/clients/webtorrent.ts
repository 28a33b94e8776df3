/** WebTorrent in a process of its own, in three ways: as it is, with `attach`, and with our package in the place of its `ut_pex`. */
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { port } from '../lan.ts'
import { root, suiteFolder } from '../places.ts'
import { Program } from '../program.ts'
import { holdsWithin } from '../wait.ts'
import { type ClientKind, layOut, type RunningClient, type StartOptions } from './client.ts'
import type { WebTorrentOrder, WebTorrentReport } from './webtorrent-process.ts'

const withoutWebRtc = pathToFileURL(join(root, 'build/demo/without-webrtc.js')).href

export interface WebTorrentClient extends RunningClient {
  /** What it last reported. */
  readonly report: WebTorrentReport
  send(command: object): void
  /** Whether it has ended as it was ordered to. */
  hasEndedWell(): boolean
}

export interface WebTorrentStart extends StartOptions {
  readonly order?: Partial<WebTorrentOrder>
  /** The Node to run it on. Default: the one that runs the suite. */
  readonly node?: string
}

export async function startWebTorrent(options: WebTorrentStart): Promise<WebTorrentClient> {
  const { host, torrent, encrypted = false, order, node = process.execPath } = options
  const { folder, logFile } = layOut(options)
  let report: WebTorrentReport = { listening: false, peers: [], doneCount: 0, wireCount: 0, errors: [] }
  const program = new Program({
    command: [...host.prefix, node, '--import', withoutWebRtc, join(suiteFolder, 'clients/webtorrent-process.js')],
    logFile,
    onMessage: (message) => {
      report = message as WebTorrentReport
    },
  })
  const torrents = [Buffer.from(torrent.file).toString('base64')]
  const plain: WebTorrentOrder = { torrents, folder, port, encrypted, isAttached: false, module: undefined, magnets: undefined }
  program.send({ start: { ...plain, ...order } })
  if (!(await holdsWithin(30_000, () => report.listening || program.death !== undefined)) || program.death !== undefined) {
    throw new Error(`WebTorrent does not listen: ${program.death}, ${program.lastWords()}`)
  }
  let isToEnd = false
  const hasEndedWell = (): boolean => isToEnd && program.death === 'exit code 0'
  return {
    host,
    get report() {
      return report
    },
    send: (command) => {
      isToEnd ||= 'destroy' in command
      program.send(command)
    },
    peers: async () => report.peers,
    hasEndedWell,
    death: () => (hasEndedWell() ? undefined : program.death) ?? (report.errors.length > 0 ? report.errors.join('; ') : undefined),
    lastWords: () => program.lastWords(),
    stop: () => program.stop(),
  }
}

function version(): string | undefined {
  const manifest = join(root, 'node_modules/webtorrent/package.json')
  return existsSync(manifest) ? (JSON.parse(readFileSync(manifest, 'utf8')) as { readonly version: string }).version : undefined
}

const common = {
  packageName: 'webtorrent',
  version,
  flags: { seed: true, holepunch: false, outgoing: true },
  echoes: false,
  intervalMs: 68_000,
} as const

export const webtorrent: ClientKind = {
  ...common,
  name: 'webtorrent',
  title: 'WebTorrent with its ut_pex 5',
  start: (options) => startWebTorrent(options),
  tells: false,
}

export const attached: ClientKind = {
  ...common,
  name: 'webtorrent-attach',
  title: 'WebTorrent with attach()',
  start: (options) => startWebTorrent({ ...options, order: { isAttached: true } }),
  tells: true,
}

/** On another Node: .ci/run fetches them to where they are looked for here. */
function attachedOn(major: number): ClientKind {
  const node = join(root, `build/interop/nodes/${major}/node_modules/node-linux-${process.arch}/bin/node`)
  return {
    ...attached,
    name: `webtorrent-attach-node${major}`,
    title: `WebTorrent with attach(), on Node ${major}`,
    packageName: `node-linux-${process.arch}@${major}, from npm, in build/interop/nodes/${major}`,
    version: () => (existsSync(node) ? version() : undefined),
    start: (options) => startWebTorrent({ ...options, node, order: { isAttached: true } }),
  }
}

export const attachedElsewhere: readonly ClientKind[] = [attachedOn(22), attachedOn(24)]

export const overridden: ClientKind = {
  ...common,
  name: 'webtorrent-override',
  title: 'WebTorrent with ut_pex overridden by ours',
  start: (options) => startWebTorrent({ ...options, order: { module: overriddenModule() } }),
  tells: false,
}

/**
 * What npm lays out for `"overrides": { "ut_pex": … }`: a WebTorrent that finds our package by the name of `ut_pex`, and
 * everything else where it was.
 */
function overriddenModule(): string {
  const modules = join(root, `build/interop/override-${version()}/node_modules`)
  if (!existsSync(join(modules, 'webtorrent'))) {
    mkdirSync(modules, { recursive: true })
    symlinkSync(root, join(modules, 'ut_pex'))
    cpSync(join(root, 'node_modules/webtorrent'), join(modules, 'webtorrent'), { recursive: true })
  }
  return pathToFileURL(join(modules, 'webtorrent/index.js')).href
}
