/**
 * What the terminal can do, and lines of text that know their colours and fit its width.
 */

/** What a piece of text means; how that looks is decided when it is painted. */
export type Tone = 'strong' | 'faint' | 'pex' | 'given' | 'called' | 'good' | 'bad'

export type Piece = string | { readonly text: string; readonly tone: Tone }
export type Line = readonly Piece[]

export interface Terminal {
  /** Whether the cursor can be moved, so that a picture can be drawn again in its place. */
  readonly live: boolean
  readonly colour: boolean
  /** Whether characters beyond ASCII can be shown. */
  readonly unicode: boolean
  /** Columns that a line may fill. Infinity when lines may have any length. */
  readonly width: number
  /** Lines that fit at the same time. */
  readonly height: number
}

interface Output {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
}

type Environment = Readonly<Record<string, string | undefined>>

/** The terminal at this moment: its size may change. Colours are off for NO_COLOR (https://no-color.org) and where nothing can be drawn. */
export function terminalOf(output: Output, environment: Environment): Terminal {
  const live = output.isTTY === true && environment.TERM !== 'dumb'
  const locale = environment.LC_ALL || environment.LC_CTYPE || environment.LANG || ''
  return {
    live,
    colour: live && !environment.NO_COLOR,
    unicode: /utf-?8/i.test(locale),
    // The last column stays free: some terminals wrap when it is written.
    width: live ? Math.max(1, (output.columns || 80) - 1) : Number.POSITIVE_INFINITY,
    height: live ? Math.max(1, (output.rows || 24) - 1) : Number.POSITIVE_INFINITY,
  }
}

const codes: Readonly<Record<Tone, string>> = {
  strong: '1',
  faint: '2',
  pex: '36',
  given: '33',
  called: '35',
  good: '32',
  bad: '31',
}

/** The line as text, cut to the width of the terminal. Each character is taken to fill one column. */
export function paint(line: Line, terminal: Terminal): string {
  let room = terminal.width
  let painted = ''
  const ellipsis = terminal.unicode ? '…' : '>'
  const total = line.reduce((sum, piece) => sum + textOf(piece).length, 0)
  const cut = total > terminal.width
  if (cut) room -= 1
  for (const piece of line) {
    const text = textOf(piece).slice(0, room)
    room -= text.length
    if (text === '') continue
    painted += typeof piece === 'string' || !terminal.colour ? text : `\x1b[${codes[piece.tone]}m${text}\x1b[0m`
  }
  return cut ? painted + ellipsis : painted.trimEnd()
}

/** The text in lines that fit the terminal, of 80 columns at most. Line breaks in it stay. */
export function wrap(text: string, terminal: Terminal): string {
  const width = Math.min(terminal.width, 80)
  const lines = ['']
  for (const word of text.split(/ |(?=\n)/)) {
    const last = lines.at(-1) ?? ''
    if (word.startsWith('\n')) lines.push(word.slice(1))
    else if (last === '') lines[lines.length - 1] = word
    else if (last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines.join('\n')
}

function textOf(piece: Piece): string {
  return typeof piece === 'string' ? piece : piece.text
}
