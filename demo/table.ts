/**
 * The table of who learnt of whom, one line per client: drawn again and again while the job runs, printed at its end.
 */
import type { ClientView, Way } from './chain.ts'
import type { Line, Piece, Terminal, Tone } from './terminal.ts'

const barLength = 10
const signLength = 3
/** ` called` and ` from 9`, or ` from 10`. */
const wordLength = (clientCount: number): number => (clientCount < 10 ? 7 : 8)

interface Cell {
  readonly word: string
  readonly sign: string
  readonly tone: Tone
}

/** The header and a line per client. Cells have words when the terminal is wide enough for them, else signs. */
export function table(clients: readonly ClientView[], terminal: Terminal): Line[] {
  const words = inWords(clients.length, terminal)
  const cellLength = words ? wordLength(clients.length) : signLength
  const header = clients.map((client) => String(client.number).padStart(cellLength))
  return [
    [{ text: `  client  ${'data'.padEnd(barLength + 6)}  knows  learnt of`, tone: 'faint' }],
    [{ text: `${' '.repeat(prefixLength)}${header.join('')}`, tone: 'faint' }],
    ...clients.map((client) => row(client, clients, terminal)),
  ]
}

/** What the cells mean, in two lines. */
export function legend(clientCount: number, terminal: Terminal): Line[] {
  const words = inWords(clientCount, terminal)
  const entry = (sign: string, tone: Tone, meaning: string): Piece[] => [
    { text: sign, tone },
    { text: `: ${meaning}`, tone: 'faint' },
  ]
  return [
    [
      '  ',
      ...entry(words ? 'from 2' : '2', 'pex', 'client 2 told it by PEX'),
      '   ',
      ...entry('?', 'strong', 'heard of, but not connected'),
    ],
    [
      '  ',
      ...entry(words ? 'given' : 'g', 'given', 'told of at the start'),
      '     ',
      ...entry(words ? 'called' : 'c', 'called', 'that one connected first'),
    ],
  ]
}

const prefixLength = 10 + barLength + 6 + 7

function inWords(clientCount: number, terminal: Terminal): boolean {
  return prefixLength + clientCount * wordLength(clientCount) <= Math.min(terminal.width, 120)
}

function row(client: ClientView, clients: readonly ClientView[], terminal: Terminal): Line {
  const words = inWords(clients.length, terminal)
  const others = clients.length - 1
  const known = client.connected.length
  return [
    { text: `  ${String(client.number).padStart(6)}  `, tone: 'strong' },
    ...bar(client, terminal),
    { text: `  ${`${known}/${others}`.padStart(5)}`, tone: known === others ? 'good' : 'strong' },
    ...clients.map((other): Piece => {
      const cell = cellOf(client, other.number, terminal)
      return { text: words ? cell.word.padStart(wordLength(clients.length)) : cell.sign.padStart(signLength), tone: cell.tone }
    }),
  ]
}

function bar(client: ClientView, terminal: Terminal): Piece[] {
  const filled = Math.floor(client.share * barLength)
  const [full, rest] = terminal.unicode ? ['━', '─'] : ['#', '.']
  const tone = client.data === 'wrong' ? 'bad' : 'good'
  const percent = client.data === 'wrong' ? 'wrong' : `${Math.floor(client.share * 100)} %`
  return [
    { text: full.repeat(filled), tone },
    { text: rest.repeat(barLength - filled), tone: 'faint' },
    { text: percent.padStart(6), tone: client.data === 'incomplete' ? 'strong' : tone },
  ]
}

function cellOf(client: ClientView, other: number, terminal: Terminal): Cell {
  const nothing = terminal.unicode ? '·' : '.'
  if (other === client.number) return { word: '-', sign: '-', tone: 'faint' }
  const way = client.ways.get(other)
  if (way === undefined) return { word: nothing, sign: nothing, tone: 'faint' }
  if (!client.connected.includes(other)) return { word: '?', sign: '?', tone: 'strong' }
  return cellOfWay(way)
}

function cellOfWay(way: Way): Cell {
  switch (way.how) {
    case 'given':
      return { word: 'given', sign: 'g', tone: 'given' }
    case 'called':
      return { word: 'called', sign: 'c', tone: 'called' }
    case 'pex':
      return { word: way.from === undefined ? 'pex' : `from ${way.from}`, sign: String(way.from ?? 'p'), tone: 'pex' }
    default:
      return way satisfies never
  }
}
