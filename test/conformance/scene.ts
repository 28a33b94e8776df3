/**
 * Scenes for the observer, written as a script: who comes and goes, and what is said. Steps end with a semicolon.
 *
 *     join A B1..B9 id=0       peers connect, do their handshakes and say that they lack pieces, all at once
 *          at=10.0.0.1:6881    where it is, and where it listens if the node dialled it; else a place of its own in 203.0.113/24
 *          incoming p=6881     it dialled the node; what it says in its extended handshake: p, e, upload_only, holepunch, id (of
 *          e=1 utp seed        ut_pex, else 1; 0 for a peer that is deaf; - for none)
 *          mute plain late     no extended handshake yet; not extended; not heard from the start
 *          unshared            the node tells nobody of it
 *     hears A id=9             an extended handshake of A        says A id=9     one to A, from whom the node takes id 7 at first
 *     wait 60; pieces A all; leave B resource-limit; private unknown; stop A; go A; finish
 *     A < +B +C/12 -D id=9     the node tells A of B and C (with the flags 0x12, else 0x10), and drops D
 *     A > +1.2.3.4:5           A tells the node
 *     A << d5:added6:B…        the same in bytes, with the short forms of `short`        A >> …
 *     A reports +B/10 -C       the node reports what it heard from A
 *     dial B; fail B; hang-up A; address 1.2.3.4
 */
import { type ExtendedHandshake, encodeMessage } from '../../src/codec/index.ts'
import { type LeavingReason, Observer, type ObserverOptions, type Privacy } from '../../src/conformance/index.ts'
import { fromText } from '../codec/bytes.ts'
import { endpoint } from '../core/endpoints.ts'
import { nothingSaid } from '../nothing-said.ts'

const short: Readonly<Record<string, string>> = {
  A: '\xcb\0q\x01\x1a\xe1', // 203.0.113.1:6881, the first peer
  B: '\xcb\0q\x02\x1a\xe1', // 203.0.113.2:6881, the second peer
  C: '\xcb\0q\x03\x1a\xe1', // the third
  M: `${'\0'.repeat(10)}\xff\xff`, // the beginning of ::ffff:0:0/96
  S: ` \x01\r\xb8${'\0'.repeat(11)}\x03\x1a\xe1`, // [2001:db8::3]:6881
  F: '\x10', // the flags of who was dialled
}

export class Scene {
  readonly observer: Observer<string>
  readonly #places = new Map<string, string>()
  /** The id that each peer gave last. */
  readonly #ids = new Map<string, number>()
  #seconds = 0
  #lastByte = 0

  constructor(options: ObserverOptions = {}) {
    this.observer = new Observer(options)
  }

  get at(): number {
    return Math.round(this.#seconds * 1000)
  }

  /** The clauses that were found broken, each once, in order, and by whom if it was a peer. */
  get broken(): string[] {
    const names = this.observer.findings.map(({ by, clause }) => (by === 'local' ? clause : `${clause} by a peer`))
    return [...new Set(names)].sort((a, b) => Number.parseInt(a.slice(1), 10) - Number.parseInt(b.slice(1), 10))
  }

  play(script: string): this {
    for (const step of script.split(';')) if (step.trim() !== '') this.#step(step.trim())
    return this
  }

  #step(step: string): void {
    const [, from, direction, text] = /^(\S+) (<<|>>) (.*)$/s.exec(step) ?? []
    if (from !== undefined && direction !== undefined && text !== undefined) {
      const bytes = fromText(text.replaceAll(/[ABCMSF]/g, (name) => short[name] as string))
      this.#message(from, direction === '<<' ? 'local' : 'remote', bytes, undefined)
      return
    }
    const [first = '', ...rest] = step.split(/\s+/)
    const [second = '', ...more] = rest
    const { at } = this
    if (first === 'wait') this.#seconds += Number(second)
    else if (first === 'join') this.#joinAll(rest)
    else if (first === 'hears') this.#hears(second, optionsOf(more))
    else if (first === 'says') this.#says(second, optionsOf(more))
    else if (first === 'pieces') this.observer.pieces({ connection: second, at, hasEverything: more[0] === 'all' })
    else if (first === 'leave') this.#leaveAll(rest)
    else if (first === 'private') this.observer.privacy({ at, private: privacies[second] as Privacy })
    else if (first === 'stop' || first === 'go') this.observer.stopped({ connection: second, at, isStopped: first === 'stop' })
    else if (first === 'finish') this.observer.finish(at)
    else if (first === 'dial') for (const peer of namesOf(rest)) this.observer.dialled({ at, peer: this.#endpointOf(peer) })
    else if (first === 'fail') this.observer.dialFailed({ at, peer: this.#endpointOf(second) })
    else if (first === 'hang-up') this.observer.hungUp({ connection: second, at })
    else if (first === 'address') this.observer.addressed({ at, address: endpoint(`${second}:0`).slice(0, -2) })
    else if (second === 'reports') this.#reports(first, more)
    else if (second === '<' || second === '>') {
      const id = optionsOf(more).get('id')
      this.#message(first, second === '<' ? 'local' : 'remote', this.bytesOf(more), id === undefined ? undefined : Number(id))
    } else throw new Error(`no step: ${step}`)
  }

  #joinAll(words: readonly string[]): void {
    const options = optionsOf(words)
    for (const name of namesOf(words.filter((word) => !isOption(word)))) this.#join(name, options)
  }

  #join(connection: string, options: ReadonlyMap<string, string>): void {
    const place = options.get('at') ?? this.#places.get(connection) ?? `203.0.113.${++this.#lastByte}:6881`
    this.#places.set(connection, place)
    const bytes = endpoint(place)
    const { at } = this
    const isExtended = !options.has('plain')
    this.observer.connected({
      connection,
      at,
      address: bytes.slice(0, -2),
      port: bytes.at(-2)! * 256 + bytes.at(-1)!,
      direction: options.has('incoming') ? 'incoming' : 'outgoing',
      transport: options.has('utp') ? 'utp' : 'tcp',
      isExtended,
      ...(options.has('late') ? { isHeardFromStart: false } : {}),
      ...(options.has('unshared') ? { isShared: false } : {}),
    })
    if (isExtended) this.#says(connection, new Map([['id', '7']]))
    if (isExtended && !options.has('mute')) this.#hears(connection, new Map([['id', '1'], ...options]))
    this.observer.pieces({ connection, at, hasEverything: options.has('seed') })
  }

  #hears(connection: string, options: ReadonlyMap<string, string>): void {
    const handshake = handshakeOf(options)
    if (handshake.utPex !== undefined) this.#ids.set(connection, handshake.utPex)
    this.observer.handshake({ connection, at: this.at, from: 'remote', handshake })
  }

  #says(connection: string, options: ReadonlyMap<string, string>): void {
    this.observer.handshake({ connection, at: this.at, from: 'local', handshake: handshakeOf(options) })
  }

  #leaveAll(words: readonly string[]): void {
    const reason = reasons.find((word) => words.includes(word))
    for (const connection of namesOf(words.filter((word) => word !== reason))) {
      this.observer.disconnected({ connection, at: this.at, reason })
    }
  }

  #message(connection: string, from: 'local' | 'remote', bytes: Uint8Array, id: number | undefined): void {
    const usual = from === 'local' ? (this.#ids.get(connection) ?? 1) : 7
    this.observer.message({ connection, at: this.at, from, id: id ?? usual, bytes })
  }

  #reports(source: string, words: readonly string[]): void {
    for (const word of words) {
      const [name = '', flags = '10'] = word.slice(1).split('/')
      const kind = word.startsWith('+') ? 'peer' : 'dropped'
      this.observer.reported({ at: this.at, kind, peer: this.#endpointOf(name), source, flags: Number.parseInt(flags, 16) })
    }
  }

  /** The message that these words make: `+A`, `+B1..B9/12`, `-C`. */
  bytesOf(words: readonly string[]): Uint8Array {
    const list = (sign: '+' | '-', byteLength: number): { bytes: Uint8Array; flags: number }[] =>
      words
        .filter((word) => word.startsWith(sign))
        .flatMap((word) => {
          const [names = '', flags = '10'] = word.slice(1).split('/')
          return namesOf([names]).map((name) => ({ bytes: this.#endpointOf(name), flags: Number.parseInt(flags, 16) }))
        })
        .filter(({ bytes }) => bytes.length === byteLength)
    const join = (contacts: readonly { bytes: Uint8Array }[]): Uint8Array => Uint8Array.from(contacts.flatMap(({ bytes }) => [...bytes]))
    const flagsOf = (contacts: readonly { flags: number }[]): Uint8Array => Uint8Array.from(contacts, ({ flags }) => flags)
    const [added, added6] = [list('+', 6), list('+', 18)]
    return encodeMessage({
      added: join(added),
      addedFlags: flagsOf(added),
      added6: join(added6),
      added6Flags: flagsOf(added6),
      dropped: join(list('-', 6)),
      dropped6: join(list('-', 18)),
    })
  }

  #endpointOf(name: string): Uint8Array {
    return endpoint(this.#places.get(name) ?? name)
  }
}

const privacies: Readonly<Record<string, Privacy>> = { true: true, false: false, unknown: 'unknown' }
const reasons: readonly LeavingReason[] = ['duplicate', 'no-mutual-interest', 'resource-limit']
const flagWords = new Set(['incoming', 'utp', 'seed', 'mute', 'plain', 'late', 'unshared'])
const isOption = (word: string): boolean => flagWords.has(word) || word.includes('=')

function optionsOf(words: readonly string[]): Map<string, string> {
  return new Map(words.filter(isOption).map((word) => [word.split('=')[0] as string, word.split('=')[1] ?? '']))
}

function handshakeOf(options: ReadonlyMap<string, string>): ExtendedHandshake {
  const number = (name: string): number | undefined => (options.has(name) ? Number(options.get(name)) : undefined)
  const yes = (name: string): boolean | undefined => (options.has(name) ? options.get(name) === '1' : undefined)
  const utPex = options.get('id') === '-' ? undefined : number('id')
  return {
    ...nothingSaid,
    utPex,
    utHolepunch: number('holepunch'),
    port: number('p'),
    encryption: yes('e'),
    uploadOnly: yes('upload_only'),
  }
}

/** `B1..B9` are nine names, also where the rest of an endpoint follows: `1.0.0.1..1.0.0.3:6881`. */
function namesOf(words: readonly string[]): string[] {
  return words.flatMap((word) => {
    const [, stem, first, last] = /^(\D+)(\d+)\.\.\D+(\d+)$/.exec(word) ?? []
    if (stem === undefined) return [word]
    return Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => `${stem}${Number(first) + index}`)
  })
}
