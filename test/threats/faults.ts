/** Faults to plant into the sources, at least one for each row of the threat model, by the file of tests that must find it. */

export interface Fault {
  /** The row of the threat model. */
  readonly row: string
  readonly name: string
  /** Below `src`, without `.ts`. */
  readonly file: string
  /** Stands in the file once. */
  readonly find: string
  readonly replace: string
}

/** Another number for a limit. */
const limit = (row: string, name: string, usual: string, changed: string): Fault => {
  return {
    row,
    name: `${name} is ${changed}, not ${usual}`,
    file: 'core/limits',
    find: `  ${name}: ${usual},`,
    replace: `  ${name}: ${changed},`,
  }
}
const fault = (row: string, name: string, file: string, [find, replace]: readonly [string, string]): Fault => ({
  row,
  name,
  file,
  find,
  replace,
})

export const faults: readonly Fault[] = [
  limit('T1', 'burstMessages', '6', '5'),
  limit('T1', 'burstMessages', '6', '7'),
  limit('T1', 'messageRefillMs', '30_000', '30_001'),
  limit('T1', 'messageRefillMs', '30_000', '29_999'),
  limit('T1', 'floodMessages', '10', '11'),
  limit('T1', 'floodMessages', '10', '9'),
  limit('T1', 'floodWindowMs', '60_000', '60_001'),
  limit('T1', 'floodWindowMs', '60_000', '59_999'),
  fault('T1', 'a flood does not end the wire', 'extension/pex-swarm', ["if (code !== 'flood') return", 'if (code.length > 0) return']),
  fault('T1', 'a flood does not end the wire of a drop-in', 'extension/ut-pex', ["if (code === 'flood')", "if (code === 'malformed')"]),
  limit('T2', 'maxMessageBytes', '32 * 1024', '32 * 1024 + 1'),
  limit('T2', 'maxMessageBytes', '32 * 1024', '32 * 1024 - 1'),
  limit('T2', 'maxAddedPerMessage', '100', '101'),
  limit('T2', 'maxAddedPerMessage', '100', '99'),
  fault('T3', 'any value is taken for the last string', 'codec/message', ['if (token === bencode.string) {', 'if (token !== 0) {']),
  fault('T4', 'a leading zero is fine', 'codec/bencode', ['while (value !== 0 && isDigit(', 'while (isDigit(']),
  fault('T4', 'the last of equal keys wins', 'codec/message', ['if (place < 0 || isAgain || ', 'if (place < 0 || ']),
  fault('T4', 'a string may end a byte beyond the input', 'codec/bencode', ['byteLength >= this.remaining', 'byteLength > this.remaining']),
  fault('T5', 'flags need not fit', 'codec/message', ['? flagsMismatch : 0', '? 0 : 0']),
  fault('T5', 'a partial contact is not counted', 'codec/message', ['if (partial > 0) faults', 'if (partial > 17) faults']),
  limit('T6', 'maxClaims', '200', '201'),
  limit('T6', 'maxClaims', '200', '199'),
  limit('T6', 'maxCandidates', '2_000', '2_001'),
  limit('T7', 'minDialsForStanding', '40', '41'),
  limit('T7', 'minDialsForStanding', '40', '39'),
  limit('T7', 'minSuccessShare', '0.05', '0.051'),
  limit('T7', 'minSuccessShare', '0.05', '0.02'),
  fault('T7', 'who comes again has a new standing', 'core/party', [
    'return this.#present.get(network) ?? this.#gone.get(network)',
    'return this.#present.get(network)',
  ]),
  fault('T7', 'one party more is remembered', 'core/party', ['this.#gone.size <= maxRemembered', 'this.#gone.size <= maxRemembered + 1']),
  fault('T7', 'one party fewer is remembered', 'core/party', ['this.#gone.size <= maxRemembered', 'this.#gone.size < maxRemembered']),
  fault('T7', 'a /48 is one party', 'core/party', ['key.slice(0, 4)', 'key.slice(0, 3)']),
  fault('T7', 'all of an IPv6 address is the party', 'core/party', ['key.slice(0, 4)', 'key.slice(0, 8)']),
  limit('T8', 'maxPendingPerSubnet', '8', '9'),
  limit('T8', 'maxPendingPerSubnetAndSource', '2', '3'),
  limit('T8', 'maxCandidatesPerSource', '240', '501'),
  fault('T8', 'each connection is a party', 'core/source', [
    'const found = network === undefined ? undefined : this.#parties.find(network)',
    'const found = undefined as Party | undefined',
  ]),
  fault('T8', 'who is at one local address is one party', 'core/connection', [
    'return isGlobal && this.#endpoint !== undefined',
    'return this.#endpoint !== undefined',
  ]),
  fault('T8', 'who claims a thing twice vouches for it', 'core/candidates', [
    'this.#sources.at(this.#table.claimAt(row, at)).party !== first) return true',
    'this.#sources.at(this.#table.claimAt(row, at)).party === first) return true',
  ]),
  fault('T8', 'what is told stays as long as anybody of its address', 'core/candidate-store', [
    'const { closedAt } = this.#claimantAt(row, place)',
    'const source = this.#claimantAt(row, place)\n      const closedAt = source.party.isOpen ? Infinity : source.closedAt',
  ]),
  fault('T8', 'one source may have half of the turns', 'core/source', ['const shareOfOne = 10', 'const shareOfOne = 11']),
  limit('T9', 'maxDialsPerAddressAndHour', '2', '3'),
  limit('T9', 'maxDialsPerAddressAndHour', '2', '1'),
  limit('T10', 'maxPendingPerSubnet', '8', '9'),
  limit('T10', 'handedOutMs', '10 * 60_000', '10 * 60_000 - 1'),
  fault('T11', 'link-local addresses are global', 'address/ranges', [
    'return b === 254 ? Scope.linkLocal',
    'return b === 255 ? Scope.linkLocal',
  ]),
  fault('T11', '100.128/9 is a carrier’s, too', 'address/ranges', [
    'return b >> 6 === 1 ? Scope.cgnat',
    'return b >> 6 >= 1 ? Scope.cgnat',
  ]),
  fault('T11', '6to4 is not looked into', 'address/ranges', ['if (first === 0x2002) return scopeOfIPv4(bytes, offset + 2, 0)', '']),
  fault('T11', 'who is on a local network may tell of all local networks', 'address/ranges', [
    'contact === peer || peer === Scope.loopback',
    'peer !== Scope.global',
  ]),
  fault('T12', 'the port of a contact is little-endian', 'core/connection', [
    'endpointView.setUint16(address.length, port)',
    'endpointView.setUint16(address.length, port, true)',
  ]),
  limit('T13', 'maxPortsPerAddress', '4', '5'),
  fault('T13', 'a drop ends what others claim', 'core/inbox', [
    'if (became === block.outcome.absent) this.#unknownDrops++',
    "if (became === block.outcome.absent) owner.released(this, bytes, block.offsets[i]!, family, 'dropped')",
  ]),
  fault('T13', 'added comes before dropped', 'core/inbox', [
    'this.#handleDropped(bytes, view)\n    this.#handleAdded(bytes, view)',
    'this.#handleAdded(bytes, view)\n    this.#handleDropped(bytes, view)',
  ]),
  fault('T14', 'what comes on a private torrent is read', 'core/swarm', [
    'if (connection === undefined || this.#private === true) return',
    'if (connection === undefined) return',
  ]),
  fault('T14', 'a magnet sends before it is known', 'core/swarm', [
    'connection.isStopped || this.#private !== false',
    'connection.isStopped || this.#private === true',
  ]),
  fault('T14', 'becoming private forgets nothing', 'core/swarm', [
    'if (value === true) this.#hearsay.forget(this.#connections.values())',
    '',
  ]),
  fault('T15', 'everybody sees every network', 'core/connection', ['return mayCross((audience >> 1) as Scope, this.scope)', 'return true']),
  limit('T16', 'maxTold', '500', '501'),
  fault('T16', 'a peer without p is told under a port of its own', 'core/connection', [
    "(direction === 'outgoing' && port) || 0",
    'port || 0',
  ]),
  fault('T16', 'a throw of share() is a yes', 'core/contacts', ['} catch {\n      return false', '} catch {\n      return true']),
  fault('T17', 'reserved bits are reported', 'codec/contact', ['export const knownFlags = 0x1f', 'export const knownFlags = 0x3f']),
  limit('T18', 'minSendGapMs', '62_000', '61_000'),
  limit('T18', 'backPressureMs', '10_000', '20_000'),
  fault('T18', 'all have one phase', 'core/swarm', ['nextPhase: () => chance.fraction()', 'nextPhase: () => 0']),
  fault('T19', 'our own address is taken', 'core/hearsay', [
    'if (port === this.listenPort && this.#isOurs(',
    'if (port < 0 && this.#isOurs(',
  ]),
  fault('T19', 'every port of our address is ours', 'core/hearsay', ['if (port === this.listenPort && this.#isOurs(', 'if (this.#isOurs(']),
  fault('T19', 'a peer is told of itself', 'core/connection', [
    'if (this.contact === undefined ? entry.key === this.#endpoint : entry === this.contact) return true',
    '',
  ]),
  fault('T20', 'id 0 forgets when the last message was', 'core/outbox', [
    '    this.owed = undefined\n    this.sleep()',
    '    this.owed = undefined\n    this.#slotAt = Number.NEGATIVE_INFINITY\n    this.#bits &= ~bit.onGrid\n    this.sleep()',
  ]),
  fault('T21', 'nine sources are named', 'core/swarm', ['sources.length < 8', 'sources.length < 9']),
  fault('T22', 'what a listener throws gets out', 'extension/emitter', ['this.#complain(name, error)\n      }', 'throw error\n      }']),
  fault('T22', 'a closed swarm goes on reporting', 'extension/pex-swarm', [
    'return !this.#isClosed && this.#core.private === false',
    'return true',
  ]),
  limit('T23', 'minSendGapMs', '62_000', '0'),
  fault('T23', 'a bucket holds whatever the night brings', 'core/bucket', [
    'const from = Math.max(this.#fullAt, this.#clock)',
    'const from = this.#fullAt',
  ]),
  fault('T23', 'a clock that goes back takes the bucket with it', 'core/bucket', [
    'if (moment > this.#now) this.#clock +=',
    'this.#clock +=',
  ]),
]
