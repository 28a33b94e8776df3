/**
 * A network for one story, made of Linux network namespaces: real clients are hosts of their own, with an address of
 * either family and every port theirs; our peers live in this process, each with addresses of its own on the bridge.
 *
 *     this process        10.77.N.1, .2, …    fd77:0:0:N::1, …      the bridge
 *     a client            10.77.N.101, …      fd77:0:0:N::65, …     a namespace and a veth pair to the bridge
 *
 * There is no route to anywhere else. Why not loopback: Transmission refuses loopback addresses that it learns by PEX,
 * and WebTorrent and aria2 cannot be told from which address to dial.
 *
 * `enterNamespace` puts the whole suite into namespaces for network, mounts and processes; when its first process ends,
 * for whatever reason, the kernel ends the others and takes the network back.
 */
import { execFile, spawnSync } from 'node:child_process'

export type Family = 4 | 6

/** The port that everybody listens on. */
export const port = 6881

/** Addresses of one host, as text. */
export interface Host {
  readonly name: string
  readonly address4: string
  readonly address6: string
  /** Words to put before a command that is to run there. */
  readonly prefix: readonly string[]
}

export const addressOf = (host: Host, family: Family): string => (family === 4 ? host.address4 : host.address6)
export const endpointOf = (host: Host, family: Family): string => (family === 4 ? `${host.address4}:${port}` : `[${host.address6}]:${port}`)

const inside = 'UT_PEX_INTEROP_INSIDE'
const firstClient = 101
const suiteNumber = 254

/** Whether this process has a network to itself. */
export const isInsideNamespace = (): boolean => process.env[inside] === '1'

/** Runs this same command again in namespaces of its own, and answers its exit code; undefined where they cannot be made. */
export function runInNamespace(): number | undefined {
  const unshare = ['--net', '--mount', '--pid', '--fork', '--kill-child']
  if (process.getuid?.() !== 0) unshare.push('--map-root-user')
  if (spawnSync('unshare', [...unshare, 'true']).status !== 0) return undefined
  const options = { stdio: 'inherit', env: { ...process.env, [inside]: '1' } } as const
  return spawnSync('unshare', [...unshare, process.execPath, ...process.argv.slice(1)], options).status ?? 1
}

/** Once, inside: `ip netns` needs a folder of its own, which only this process and its children see. */
export async function prepareNamespace(): Promise<void> {
  await run('mount', ['-t', 'tmpfs', 'none', '/run'])
  await run('mkdir', ['/run/netns'])
  await ip([], ['link set lo up'])
}

let lanCount = 0

export class Lan {
  readonly #number = ++lanCount
  #ourCount = 0
  #clientCount = 0

  /** With an address for the suite itself, from which it gives the clients orders. */
  async open(): Promise<void> {
    const suite = this.#host('suite', suiteNumber, [])
    const lines = [`link add ${this.#bridge} type bridge forward_delay 0 mcast_snooping 0`, `link set ${this.#bridge} up`]
    await ip([], [...lines, ...addressLines(suite, this.#bridge)])
  }

  /** Addresses for a peer of ours. */
  async addOwn(name: string): Promise<Host> {
    const host = this.#host(name, ++this.#ourCount, [])
    await ip([], addressLines(host, this.#bridge))
    return host
  }

  /** A host for a client. */
  async addClient(name: string): Promise<Host> {
    const number = firstClient + this.#clientCount++
    const space = `n${this.#number}h${number}`
    const host = this.#host(name, number, ['nsenter', `--net=/run/netns/${space}`, '--'])
    await ip([], [`netns add ${space}`])
    await ip([], [`link add ${space} type veth peer name e0 netns ${space}`, `link set ${space} master ${this.#bridge} up`])
    await ip(['-n', space], ['link set lo up', ...addressLines(host, 'e0'), 'link set e0 up'])
    return host
  }

  get #bridge(): string {
    return `br${this.#number}`
  }

  #host(name: string, number: number, prefix: readonly string[]): Host {
    return {
      name,
      prefix,
      address4: `10.77.${this.#number}.${number}`,
      address6: `fd77:0:0:${this.#number.toString(16)}::${number.toString(16)}`,
    }
  }
}

function addressLines(host: Host, device: string): readonly string[] {
  return [`addr add ${host.address4}/24 dev ${device}`, `addr add ${host.address6}/64 dev ${device} nodad`]
}

function ip(options: readonly string[], lines: readonly string[]): Promise<void> {
  return run('ip', [...options, '-batch', '-'], `${lines.join('\n')}\n`)
}

function run(command: string, args: readonly string[], input = ''): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = execFile(command, args, (error, _, stderr) => {
      if (error === null) resolve()
      else reject(new Error(`${command} ${args.join(' ')}: ${stderr}\n${input}`))
    })
    // A command that reads nothing may have ended before.
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
  })
}
