import { expect, test } from 'vitest'
import { Chain } from '../../demo/chain.ts'
import { clientOfPeerId, peerIdOf } from '../../demo/messages.ts'
import { help, readCommandLine } from '../../demo/options.ts'
import { explanation, opening, reasonToEnd, summary } from '../../demo/prose.ts'

test('without arguments there are six clients with this package, and everything is shown', () => {
  expect(readCommandLine([])).toEqual({ kind: 'run', options: { clients: 6, exchange: 'attach', json: false } })
})

test('all options together', () => {
  expect(readCommandLine(['--clients', '24', '--with', 'ut_pex5', '--json'])).toEqual({
    kind: 'run',
    options: { clients: 24, exchange: 'ut_pex5', json: true },
  })
  expect(readCommandLine(['--clients=2'])).toMatchObject({ options: { clients: 2 } })
})

test.each(['1', '25', '0', '-1', '3.5', '1e1', '', ' 6', 'six', '99999999'])('refuses %j clients and says what it takes', (clients) => {
  expect(readCommandLine([`--clients=${clients}`])).toEqual({
    kind: 'wrong',
    reason: `--clients must be a whole number from 2 to 24, not '${clients}'`,
  })
})

test('refuses what it does not know, by name', () => {
  expect(readCommandLine(['--with', 'ut_pex4'])).toEqual({ kind: 'wrong', reason: `--with must be 'ut_pex5', not 'ut_pex4'` })
  for (const args of [['--colour'], ['more'], ['--clients']]) {
    const answer = readCommandLine(args)
    expect(answer.kind === 'wrong' && answer.reason).toContain(args[0])
  }
})

test('help comes before a wrong value, names every option and fits 90 columns', () => {
  expect(readCommandLine(['--help', '--clients', '1'])).toEqual({ kind: 'help' })
  for (const name of ['--clients', '--with ut_pex5', '--json', '--help']) expect(help).toContain(name)
  expect(Math.max(...help.split('\n').map((line) => line.length))).toBeLessThanOrEqual(90)
})

test('a peer id has 20 bytes and tells the client; any other peer id tells none', () => {
  expect(peerIdOf(24)).toHaveLength(40)
  expect(clientOfPeerId(peerIdOf(24))).toBe(24)
  expect(clientOfPeerId(Buffer.from('-WW0300-00000000002x').toString('hex'))).toBeUndefined()
  expect(clientOfPeerId(Buffer.from('-WW0299-000000000024').toString('hex'))).toBeUndefined()
  expect(clientOfPeerId('')).toBeUndefined()
})

test('the job says how it went, and why it ended', () => {
  const pair = new Chain(2, 'right')
  for (const [client, other] of [
    [1, 2],
    [2, 1],
  ] as const) {
    pair.handleReport(client, { type: 'connected', peerId: peerIdOf(other), address: '127.0.0.1:1' })
    pair.handleReport(client, { type: 'data', digest: 'right' })
  }
  expect(summary(pair, 1234)[0]).toBe('Complete in 1.2 s: all 2 clients are connected to each other and have the data.')
  expect(summary(new Chain(4, ''), 30_000)).toEqual([
    'Not complete after 30.0 s: 0 of 12 known, 0 of 4 clients have the data.',
    'PEX told 0 of the 6 addresses that nobody was given.',
  ])
  const before = { clients: 6, exchange: 'ut_pex5', json: false } as const
  expect(reasonToEnd(before, 'late')).toContain('30 s')
  expect(reasonToEnd({ ...before, exchange: 'attach' }, 'late')).toContain('90 s')
  expect(explanation(before, 'late')).toContain('never')
  expect(explanation(before, 'failed')).toBe('')
  expect(opening(before)).toContain('6 WebTorrent clients')
})
