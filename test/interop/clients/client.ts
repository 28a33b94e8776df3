/** What the suite needs to know of a real client, and can ask it. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Host } from '../lan.ts'
import { makeFolder } from '../places.ts'
import type { Torrent } from '../torrent.ts'

export interface StartOptions {
  readonly host: Host
  readonly torrent: Torrent
  /** A name for its folder. */
  readonly name: string
  /** It must refuse plain connections. Default: plain ones are fine. */
  readonly encrypted?: boolean
}

export interface RunningClient {
  readonly host: Host
  /** Addresses that it is connected to at this moment. */
  peers(): Promise<readonly string[]>
  /** How it ended, if it has, without being asked. */
  death(): string | undefined
  lastWords(): string
  stop(): Promise<void>
}

export interface ClientKind {
  /** In results and on the command line. */
  readonly name: string
  readonly title: string
  /** What to install if it is not there. */
  readonly packageName: string
  /** Undefined when it is not there. */
  version(): string | undefined
  /** Resolves when it listens and has the torrent. */
  start(options: StartOptions): Promise<RunningClient>
  /** Which flags it sets for peers of which it knows: that they are seeds, have ut_holepunch, were dialled by it. */
  readonly flags: { readonly seed: boolean; readonly holepunch: boolean; readonly outgoing: boolean }
  /** Whether it tells others whom it is connected to. */
  readonly tells: boolean
  /** Whether it tells us also of those of whom we told it. (Ours does not while we claim them.) */
  readonly echoes: boolean
  /** The most milliseconds between two of its messages, measured. */
  readonly intervalMs: number
}

/** The folder of a client, with the torrent in it. */
export function layOut({ name, torrent }: StartOptions): {
  readonly folder: string
  readonly torrentFile: string
  readonly logFile: string
} {
  const folder = makeFolder(name)
  const torrentFile = join(folder, 'a.torrent')
  writeFileSync(torrentFile, torrent.file)
  return { folder, torrentFile, logFile: join(folder, 'client.log') }
}
