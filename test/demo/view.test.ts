import { describe, expect, test } from 'vitest'
import { Chain } from '../../demo/chain.ts'
import { peerIdOf } from '../../demo/messages.ts'
import { legend, table } from '../../demo/table.ts'
import { paint, type Terminal, terminalOf, wrap } from '../../demo/terminal.ts'
import { changes, viewOn } from '../../demo/view.ts'

const wide: Terminal = { live: true, colour: false, unicode: true, width: 79, height: 24 }

function chainOf(count: number): Chain {
  const chain = new Chain(count, 'right')
  for (let client = 1; client <= count; client++) chain.handleReport(client, { type: 'listening', port: 6880 + client })
  return chain
}

function connect(chain: Chain, caller: number, called: number): void {
  chain.handleReport(caller, { type: 'connected', peerId: peerIdOf(called), address: `127.0.0.1:${6880 + called}` })
  chain.handleReport(called, { type: 'connected', peerId: peerIdOf(caller), address: `127.0.0.1:${40_000 + caller}` })
}

/** Three clients: 2 told 3 of 1 and 1 of 3; only 3 has called so far, half the data is there. */
function exampleChain(): Chain {
  const chain = chainOf(3)
  connect(chain, 2, 1)
  connect(chain, 3, 2)
  chain.handleReport(3, { type: 'told', peer: '127.0.0.1:6881', source: '127.0.0.1:6882' })
  chain.handleReport(1, { type: 'data', digest: 'right' })
  chain.handleReport(2, { type: 'progress', share: 0.55 })
  return chain
}

describe('the table', () => {
  test('has words where there is room', () => {
    expect(table(exampleChain().clients, wide).map((line) => paint(line, wide))).toEqual([
      '  client  data              knows  learnt of',
      '                                       1      2      3',
      '       1  ━━━━━━━━━━ 100 %    1/2      - called      ·',
      '       2  ━━━━━─────  55 %    2/2  given      - called',
      '       3  ──────────   0 %    1/2      ?  given      -',
    ])
  })

  test('has signs in a narrow terminal, and ASCII where nothing else is known', () => {
    const narrow: Terminal = { ...wide, width: 43, unicode: false }
    const chain = exampleChain()
    connect(chain, 3, 1)
    expect(table(chain.clients, narrow).map((line) => paint(line, narrow))).toEqual(
      [
        '  client  data              knows  learnt of',
        '                                   1  2  3',
        '       1  ########## 100 %    2/2  -  c  c',
        '       2  #####.....  55 %    2/2  g  -  c',
        '       3  ..........   0 %    2/2  2  g  -',
      ].map((line) => (line.length > 43 ? `${line.slice(0, 42)}>` : line)),
    )
  })

  test.each([2, 6, 9, 10, 24])('of %i clients has rows of one length, which fit 80 columns or are cut', (count) => {
    for (const width of [20, 79, 200]) {
      const terminal = { ...wide, width }
      const rows = table(chainOf(count).clients, terminal).slice(2)
      expect(rows).toHaveLength(count)
      const lengths = new Set(rows.map((row) => paint(row, terminal).length))
      expect(lengths.size).toBe(1)
      expect(Math.max(...lengths)).toBeLessThanOrEqual(width)
    }
  })

  test('keeps its words apart when numbers have two digits', () => {
    const chain = chainOf(10)
    connect(chain, 8, 1)
    chain.handleReport(8, { type: 'told', peer: '127.0.0.1:6881', source: '127.0.0.1:6890' })
    chain.handleReport(8, { type: 'told', peer: '127.0.0.1:6882', source: '127.0.0.1:6890' })
    connect(chain, 8, 2)
    const row = table(chain.clients, { ...wide, width: 200 })[9] ?? []
    expect(paint(row, { ...wide, width: 200 })).toContain(' from 10 from 10 ')
  })

  test('shows in green who knows all others', () => {
    const rows = table(exampleChain().clients, wide).slice(2)
    const tones = rows.map((row) => row.find((piece) => typeof piece !== 'string' && piece.text.includes('/2')))
    expect(tones).toMatchObject([{ tone: 'strong' }, { tone: 'good' }, { tone: 'strong' }])
  })

  test('explains the same cells that it has', () => {
    const text = (terminal: Terminal): string =>
      legend(6, terminal)
        .map((line) => paint(line, terminal))
        .join('\n')
    expect(text(wide)).toContain('from 2: ')
    expect(text({ ...wide, width: 60 })).toContain('  2: ')
  })
})

describe('a line', () => {
  const line = ['ab', { text: 'cdef', tone: 'pex' }, 'gh'] as const

  test('is cut to the width, with a mark that counts', () => {
    expect(paint(line, { ...wide, width: 8 })).toBe('abcdefgh')
    expect(paint(line, { ...wide, width: 7 })).toBe('abcdef…')
    expect(paint(line, { ...wide, width: 3, unicode: false })).toBe('ab>')
  })

  test('has colours only where they are wanted, and always ends them', () => {
    expect(paint(line, { ...wide, colour: true, width: 5 })).toBe('ab\x1b[36mcd\x1b[0m…')
    expect(paint(line, wide)).not.toContain('\x1b')
  })

  test('of text is broken between words, never inside one', () => {
    expect(wrap('one two three\nfour', { ...wide, width: 8 })).toBe('one two\nthree\nfour')
    expect(wrap('unbreakable x', { ...wide, width: 4 })).toBe('unbreakable\nx')
    expect(wrap('abc def', { ...wide, width: 6 })).toBe('abc\ndef')
    expect(wrap('abc def', { ...wide, width: 7 })).toBe('abc def')
    expect(wrap('a b', { ...wide, width: Number.POSITIVE_INFINITY })).toBe('a b')
  })
})

describe('the terminal', () => {
  const tty = { isTTY: true, columns: 100, rows: 30 }

  test('is drawn on only when it is one and not dumb', () => {
    expect(terminalOf(tty, { TERM: 'xterm' })).toMatchObject({ live: true, colour: true, width: 99, height: 29 })
    expect(terminalOf(tty, { TERM: 'dumb' })).toMatchObject({ live: false, colour: false, width: Number.POSITIVE_INFINITY })
    expect(terminalOf({}, { TERM: 'xterm' })).toMatchObject({ live: false, colour: false })
  })

  test('has no colours with NO_COLOR, but is drawn on; an empty one does not count', () => {
    expect(terminalOf(tty, { NO_COLOR: '1' })).toMatchObject({ live: true, colour: false })
    expect(terminalOf(tty, { NO_COLOR: '' })).toMatchObject({ colour: true })
  })

  test('shows more than ASCII when its locale says so; LC_ALL wins', () => {
    expect(terminalOf(tty, { LANG: 'de_DE.UTF-8' }).unicode).toBe(true)
    expect(terminalOf(tty, { LANG: 'C.utf8', LC_ALL: 'C' }).unicode).toBe(false)
    expect(terminalOf(tty, {}).unicode).toBe(false)
  })

  test('of unknown size counts as 80 by 24', () => {
    expect(terminalOf({ isTTY: true, columns: 0 }, {})).toMatchObject({ width: 79, height: 23 })
  })
})

describe('the view', () => {
  test('where nothing can be drawn, prints a line for each change and the table once', () => {
    let printed = ''
    const view = viewOn({
      write: (text: string) => {
        printed += text
        return true
      },
    } as never)
    const chain = exampleChain()
    view.show(chain, undefined)
    view.show(chain, 0)
    view.show(chain, 100)
    connect(chain, 3, 1)
    view.show(chain, 1234)
    view.close(chain, 1300)
    expect(printed).not.toContain('\x1b')
    const lines = printed.split('\n')
    expect(lines[0]).toBe('All 3 clients listen.')
    expect(lines[1]).toBe('   1.2 s  client 1 is connected to all others')
    expect(lines[2]).toBe('   1.2 s  client 3 is connected to all others')
    expect(lines[3]).toBe('')
    expect(lines[4]).toContain('learnt of')
  })

  test('on a terminal draws in place, never more lines than there are, and gives the cursor back', () => {
    let printed = ''
    const output = {
      isTTY: true,
      columns: 80,
      rows: 6,
      write: (text: string) => {
        printed += text
        return true
      },
    }
    const term = process.env.TERM
    process.env.TERM = 'xterm'
    try {
      const view = viewOn(output as never)
      view.show(exampleChain(), 0)
      expect(printed.startsWith('\x1b[?25l')).toBe(true)
      expect(printed.match(/\n/g)?.length).toBeLessThanOrEqual(5)
      const up = printed.match(/\n/g)?.length
      printed = ''
      view.close(exampleChain(), 0)
      expect(printed.startsWith(`\x1b[${up}A\r`)).toBe(true)
      expect(printed.endsWith('\x1b[?25h')).toBe(true)
      expect(printed).toContain('0.0 s')
    } finally {
      if (term === undefined) delete process.env.TERM
      else process.env.TERM = term
    }
  })

  test('says who learnt of whom from whom, once', () => {
    const chain = exampleChain()
    const before = chain.clients
    chain.handleReport(1, { type: 'told', peer: '127.0.0.1:6883', source: '127.0.0.1:40002' })
    chain.handleReport(2, { type: 'data', digest: 'right' })
    chain.handleReport(3, { type: 'failed', reason: 'gone' })
    expect(changes(before, chain.clients)).toEqual(['client 1 learns of 3 from 2', 'client 2 has the data', 'client 3 failed: gone'])
    expect(changes(chain.clients, chain.clients)).toEqual([])
  })
})
