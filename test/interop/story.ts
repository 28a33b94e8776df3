/**
 * One story: a network, a torrent, peers of ours and a client, and what has to come true. Every claim is awaited for a
 * bounded time and noted with the time that it took; a claim that does not come true ends the story.
 */
import { appendFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { ClientKind, RunningClient, StartOptions } from './clients/client.ts'
import { Judge } from './judge.ts'
import { type Family, type Host, Lan } from './lan.ts'
import { Peer, type PeerOptions } from './peer.ts'
import { makeFolder } from './places.ts'
import { makeTorrent, type Torrent, type TorrentOptions } from './torrent.ts'
import { Traffic } from './traffic.ts'
import { holdsWithin, nowMs } from './wait.ts'

export interface Claim {
  readonly says: string
  readonly holds: boolean
  /** Seconds from the time that it was waited from. */
  readonly seconds: number
}

/** A claim that did not come true, in words. */
export class Unfulfilled extends Error {}

export interface StoryOptions {
  /** For folders and reports: 'libtorrent-talk-4'. */
  readonly name: string
  readonly kind: ClientKind
  readonly family: Family
}

export class Story {
  readonly name: string
  readonly kind: ClientKind
  readonly family: Family
  /** To be called when the clients have been started: until then no other story starts its own. */
  isSetUp: () => void = () => {}
  readonly claims: Claim[] = []
  readonly traffic: Traffic = new Traffic()
  readonly torrent: Torrent
  readonly clients: RunningClient[] = []
  readonly peers: Peer[] = []
  readonly #judges: Judge[] = []
  readonly #lan: Lan = new Lan()
  readonly #begunAtMs: number = nowMs()

  constructor({ name, kind, family }: StoryOptions, torrentOptions: TorrentOptions = {}) {
    this.name = name
    this.kind = kind
    this.family = family
    this.torrent = makeTorrent(torrentOptions)
  }

  async open(): Promise<void> {
    rmSync(makeFolder(this.name), { recursive: true })
    await this.#lan.open()
  }

  get seconds(): number {
    return toSeconds(nowMs() - this.#begunAtMs)
  }

  addClientHost(name: string): Promise<Host> {
    return this.#lan.addClient(name)
  }

  async startClient(name: string, options: Partial<StartOptions> = {}): Promise<RunningClient> {
    const host = await this.addClientHost(name)
    const client = await this.kind.start({ host, torrent: this.torrent, name: `${this.name}/${name}`, ...options })
    this.clients.push(client)
    return client
  }

  async startPeer(name: string, options: Partial<PeerOptions> = {}): Promise<Peer> {
    const host = await this.#lan.addOwn(name)
    const peer = new Peer(host, {
      torrent: this.torrent,
      traffic: this.traffic,
      exchange: 'swarm',
      isPrivate: this.torrent.isPrivate,
      ...options,
    })
    this.peers.push(peer)
    if (peer.options.exchange === 'swarm') this.#judges.push(new Judge(peer, this.traffic))
    await peer.listen()
    return peer
  }

  /** Waits for it; the time is counted from `sinceMs`, or from now. */
  async expect(says: string, withinMs: number, condition: () => boolean | Promise<boolean>, sinceMs: number = nowMs()): Promise<void> {
    const isDead = (): boolean => this.clients.some((client) => client.death() !== undefined)
    const holds = (await holdsWithin(withinMs, async () => isDead() || (await condition()))) && !isDead()
    this.isSetUp()
    this.note(says, holds, nowMs() - sinceMs)
  }

  /** Says that something holds now, or does not. */
  note(says: string, holds: boolean, ms = 0): void {
    this.claims.push({ says, holds, seconds: toSeconds(ms) })
    this.#log(`${this.seconds} s: ${holds ? '' : 'NOT: '}${says} (${toSeconds(ms)} s)`)
    const death = this.clients.find((client) => client.death() !== undefined)
    if (!holds) throw new Unfulfilled(death === undefined ? says : `${says} (the client has ended: ${death.death()}, ${death.lastWords()})`)
  }

  /** Whether a swarm of ours takes part, which is what judges listen to. */
  get isJudged(): boolean {
    return this.#judges.length > 0
  }

  /** What the judges found: of ours in words, of the client by clause and how often. */
  verdict(): { readonly ours: readonly string[]; readonly theirs: Readonly<Record<string, number>> } {
    const ours: string[] = []
    const theirs: Record<string, number> = {}
    const ourAddresses = new Set(this.peers.flatMap(({ host }) => [host.address4, host.address6]))
    for (const { finding, address } of this.#judges.flatMap((judge) => judge.findings())) {
      const { clause, by, message, expected, seen, at } = finding
      const words = `${toSeconds(at - this.#begunAtMs)} s: ${clause} ${by} ${address}: ${message} Expected: ${expected}. Seen: ${seen}`
      if (by === 'local' || ourAddresses.has(address)) ours.push(words)
      else theirs[clause] = (theirs[clause] ?? 0) + 1
      this.#log(words)
    }
    return { ours, theirs }
  }

  #log(line: string): void {
    appendFileSync(join(makeFolder(this.name), 'story.log'), `${line}\n`)
  }

  async close(): Promise<void> {
    for (const failure of this.peers.flatMap(({ failures }) => failures)) this.#log(`dial failed: ${failure}`)
    for (const peer of this.peers) peer.stop()
    await Promise.all(this.clients.map((client) => client.stop()))
    this.traffic.save(join(makeFolder(this.name), 'traffic.jsonl'))
  }
}

function toSeconds(ms: number): number {
  return Math.round(ms / 10) / 100
}
