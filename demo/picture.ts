/**
 * The picture of who told whom, as SVG text: readable in light and in dark surroundings, without scripts or outside resources.
 *
 * The clients stand in a row, as they were chained at the start. Each arc goes from a client that told to the one that it told:
 * above the row to the right, below it to the left. Colours are the rounds of messages in which that happened, so
 * they show how knowledge spread. Under each client stands how it came to know of every other one.
 */
import type { ClientView, Way } from './chain.ts'

export interface PictureFacts {
  readonly clients: readonly ClientView[]
  /** What the picture shows, in one sentence. */
  readonly headline: string
}

/** One client told another one of some others, each in its round. */
interface Telling {
  readonly from: number
  readonly to: number
  readonly of: readonly { readonly client: number; readonly round: number }[]
}

interface Layout {
  readonly spacing: number
  /** Whether there is room for words: arcs with labels, cells in full. */
  readonly words: boolean
  readonly width: number
  readonly height: number
  /** The line on which the clients stand. */
  readonly rowY: number
  readonly gridY: number
  readonly left: number
}

const radius = 17
const margin = 32
const rowLabelWidth = 84
const titleHeight = 106
const cellHeight = 26
const legendHeight = 66
const mostWithWords = 8
/** The headline and the whole legend fit. */
const leastWidth = 880
/** Rounds with a colour of their own: enough for 24 clients. The last stands for all later ones. */
const lastRound = 5

/** The SVG document. */
export function picture(facts: PictureFacts): string {
  const tellings = tellingsOf(facts.clients)
  const layout = layOut(facts.clients.length, tellings)
  const { width, height } = layout
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title desc">`,
    `<title id="title">Who told whom</title>`,
    `<desc id="desc">${xmlText(facts.headline)}</desc>`,
    `<style>${styles}</style>`,
    `<defs>${arrowheads()}</defs>`,
    `<rect class="ground" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="12"/>`,
    `<text class="title" x="${margin}" y="46">Who told whom</text>`,
    `<text class="faint" x="${margin}" y="70">${xmlText(facts.headline)}</text>`,
    `<text class="faint" x="${margin}" y="90">${readingAid(layout)}</text>`,
    ...chainLinks(facts.clients, layout),
    ...tellings.map((telling) => arc(telling, layout)),
    ...(layout.words ? tellings.map((telling) => arcLabel(telling, layout)) : []),
    ...facts.clients.map((client) => node(client, facts.clients, layout)),
    ...grid(facts.clients, layout),
    ...legend(facts.clients, layout),
    '</svg>',
    '',
  ].join('\n')
}

function readingAid(layout: Layout): string {
  const arcs = layout.words ? 'An arc: told by PEX, of the clients named on it.' : 'An arc: told by PEX, of other clients.'
  return `Dashed: the one address that each client was given at the start. ${arcs}`
}

/** Who told whom of what, in the order of the arcs: the longest lie behind. */
export function tellingsOf(clients: readonly ClientView[]): Telling[] {
  const tellings = new Map<string, Telling>()
  for (const client of clients) {
    for (const [other, way] of client.ways) {
      if (way.how !== 'pex' || way.from === undefined) continue
      const key = `${way.from} ${client.number}`
      const told = { client: other, round: Math.min(way.round, lastRound) }
      const of = [...(tellings.get(key)?.of ?? []), told].sort((one, next) => one.client - next.client)
      tellings.set(key, { from: way.from, to: client.number, of })
    }
  }
  return [...tellings.values()].sort((a, b) => span(b) - span(a))
}

function span(telling: Telling): number {
  return Math.abs(telling.from - telling.to)
}

function layOut(clientCount: number, tellings: readonly Telling[]): Layout {
  const words = clientCount <= mostWithWords
  const spacing = words ? 124 : 46
  const arcHeights = (side: readonly Telling[]): number => Math.max(30, ...side.map((telling) => arcHeight(telling, spacing) + 24))
  const above = arcHeights(tellings.filter((telling) => telling.from < telling.to))
  const below = arcHeights(tellings.filter((telling) => telling.from > telling.to))
  const left = margin + rowLabelWidth
  const rowY = titleHeight + above + radius
  const gridY = rowY + radius + below + 16
  return {
    spacing,
    words,
    left,
    rowY,
    gridY,
    width: Math.max(left + clientCount * spacing + margin, leastWidth),
    height: gridY + (clientCount + 1) * cellHeight + 20 + legendHeight,
  }
}

function arcHeight(telling: Telling, spacing: number): number {
  return 20 + span(telling) * spacing * 0.26
}

function x(client: number, layout: Layout): number {
  return layout.left + (client - 0.5) * layout.spacing
}

function chainLinks(clients: readonly ClientView[], layout: Layout): string[] {
  const y = layout.rowY
  return clients.slice(1).map(({ number }) => {
    const from = x(number, layout) - radius
    const to = x(number - 1, layout) + radius
    return `<line class="chain" x1="${from}" y1="${y}" x2="${to + 7}" y2="${y}" marker-end="url(#head-given)"/>`
  })
}

interface Course {
  /** -1 above the row, 1 below it. */
  readonly side: -1 | 1
  readonly from: number
  readonly to: number
  readonly y: number
  readonly ry: number
}

function courseOf(telling: Telling, layout: Layout): Course {
  const side = telling.from < telling.to ? -1 : 1
  // Arcs leave and arrive beside the middle of a circle, so that the two ends can be told apart.
  const aside = side * (layout.words ? 6 : 3)
  const y = layout.rowY + side * (radius + 1)
  return { side, from: x(telling.from, layout) - aside, to: x(telling.to, layout) + aside, y, ry: arcHeight(telling, layout.spacing) }
}

/** Its colour is that of the first round in which something was told. */
function arc(telling: Telling, layout: Layout): string {
  const { side, from, to, y, ry } = courseOf(telling, layout)
  const round = Math.min(...telling.of.map((told) => told.round))
  const path = `M${from} ${y}A${Math.abs(to - from) / 2} ${ry} 0 0 1 ${to} ${y + side * (layout.words ? 7 : 5)}`
  const hover = `<title>${telling.from} told ${telling.to} of ${telling.of.map((told) => told.client).join(', ')}</title>`
  return `<path class="arc s${round}" d="${path}" marker-end="url(#head-${round})">${hover}</path>`
}

/** The clients told of, on the top of the arc, each in the colour of its round. */
function arcLabel(telling: Telling, layout: Layout): string {
  const { side, from, to, y, ry } = courseOf(telling, layout)
  const middle = (from + to) / 2
  const topY = y + side * ry
  const width = telling.of.map((told) => told.client).join(', ').length * 7.2 + 8
  const names = telling.of
    .map((told) => `<tspan class="t${told.round}">${told.client}</tspan>`)
    .join('<tspan class="faint">,\u00a0</tspan>')
  return (
    `<rect class="plate" x="${middle - width / 2}" y="${topY - 8}" width="${width}" height="16"/>` +
    `<text class="label" x="${middle}" y="${topY + 4}">${names}</text>`
  )
}

function node(client: ClientView, clients: readonly ClientView[], layout: Layout): string {
  const whole = client.connected.length === clients.length - 1 && client.data === 'verified'
  const cx = x(client.number, layout)
  return (
    `<circle class="node${whole ? '' : ' lacking'}" cx="${cx}" cy="${layout.rowY}" r="${radius}"/>` +
    `<text class="number${whole ? '' : ' lack'}" x="${cx}" y="${layout.rowY + 5}">${client.number}</text>`
  )
}

/** Rows: the clients that are learnt of. Columns: the clients that learn, each under its circle. */
function grid(clients: readonly ClientView[], layout: Layout): string[] {
  const rowY = (other: number): number => layout.gridY + other * cellHeight
  return [
    `<text class="rowname" x="${layout.left - 12}" y="${layout.gridY + 12}">client</text>`,
    ...clients.map(({ number }) => `<text class="number" x="${x(number, layout)}" y="${layout.gridY + 12}">${number}</text>`),
    ...clients.flatMap(({ number: other }) => [
      `<text class="rowname" x="${layout.left - 12}" y="${rowY(other) + 12}">learnt of ${other}</text>`,
      ...clients.map((client) => cell(client, other, { kind: kindOf(client, other), top: rowY(other) - 6, layout })),
    ]),
  ]
}

/** What a cell is coloured by: a round, `given`, `called`, or `none` when the one is not connected to the other. */
function kindOf(client: ClientView, other: number): string {
  const way = client.ways.get(other)
  if (way === undefined || !client.connected.includes(other)) return 'none'
  return way.how === 'pex' ? String(Math.min(way.round, lastRound)) : way.how
}

interface Place {
  readonly kind: string
  readonly top: number
  readonly layout: Layout
}

function cell(client: ClientView, other: number, { kind, top, layout }: Place): string {
  const centre = x(client.number, layout)
  if (client.number === other) return `<circle class="self" cx="${centre}" cy="${top + 13}" r="2"/>`
  const width = layout.spacing - (layout.words ? 16 : 6)
  const word = wordOf(client.ways.get(other), kind, layout)
  return (
    `<rect class="chip c${kind}" x="${centre - width / 2}" y="${top + 2}" width="${width}" height="${cellHeight - 4}" rx="5"/>` +
    (word === '' ? '' : `<text class="chiptext t${kind}" x="${centre}" y="${top + 17.5}">${word}</text>`)
  )
}

function wordOf(way: Way | undefined, kind: string, { words }: Layout): string {
  if (way === undefined) return words ? 'unknown' : ''
  if (kind === 'none') return words ? 'not reached' : '?'
  if (way.how === 'pex') return words ? `from ${way.from ?? '?'}` : String(way.from ?? '?')
  return words ? way.how : ''
}

/** Only what occurs in the picture is explained. */
function legend(clients: readonly ClientView[], layout: Layout): string[] {
  const others = (client: ClientView): number[] => clients.map(({ number }) => number).filter((number) => number !== client.number)
  const kinds = new Set(clients.flatMap((client) => others(client).map((other) => kindOf(client, other))))
  const y = layout.height - legendHeight + 24
  let left = margin
  return meanings
    .filter(([kind]) => kinds.has(kind))
    .map(([kind, meaning]) => {
      const start = left
      left += 38 + meaning.length * 6.8
      return (
        `<rect class="chip c${kind}" x="${start}" y="${y - 10}" width="14" height="14" rx="4"/>` +
        `<text class="faint" x="${start + 20}" y="${y + 2}">${meaning}</text>`
      )
    })
}

const meanings: readonly (readonly [kind: string, meaning: string])[] = [
  ['given', 'given at the start'],
  ['called', 'called by it first'],
  ['1', 'told by PEX, round 1'],
  ['2', 'round 2'],
  ['3', 'round 3'],
  ['4', 'round 4'],
  ['5', 'later'],
  ['none', 'missing'],
]

function arrowheads(): string {
  const kinds = ['given', ...Array.from({ length: lastRound }, (_, index) => String(index + 1))]
  return kinds
    .map(
      (kind) =>
        `<marker id="head-${kind}" viewBox="0 0 8 8" refX="1" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path class="h${kind}" d="M0 0L8 4L0 8z"/></marker>`,
    )
    .join('')
}

interface Palette {
  readonly ground: string
  readonly border: string
  readonly ink: string
  readonly faint: string
  readonly chain: string
  readonly missing: string
  /** By kind of knowledge. */
  readonly kinds: Readonly<Record<string, string>>
}

const light: Palette = {
  ground: '#ffffff',
  border: '#d8dee4',
  ink: '#1f2328',
  faint: '#59636e',
  chain: '#9aa4af',
  missing: '#c4001a',
  kinds: { given: '#59636e', called: '#59636e', 1: '#0065a8', 2: '#00795a', 3: '#b85000', 4: '#8a3a8c', 5: '#a8324f' },
}

const dark: Palette = {
  ground: '#0d1117',
  border: '#30363d',
  ink: '#e6edf3',
  faint: '#9aa4af',
  chain: '#6b7682',
  missing: '#ff6a6a',
  kinds: { given: '#9aa4af', called: '#9aa4af', 1: '#62b8f5', 2: '#41d3a2', 3: '#ffa366', 4: '#dd9fe0', 5: '#ff9db0' },
}

function coloursOf(palette: Palette): string {
  const kinds = Object.entries({ ...palette.kinds, none: palette.missing })
  return [
    `.ground{fill:${palette.ground};stroke:${palette.border}}.plate{fill:${palette.ground}}`,
    `.title,.number{fill:${palette.ink}}.faint,.rowname{fill:${palette.faint}}.self{fill:${palette.chain}}`,
    `.chain{stroke:${palette.chain}}.node{fill:${palette.ground};stroke:${palette.ink}}.lacking{stroke:${palette.missing}}.lack{fill:${palette.missing}}`,
    ...kinds.map(
      ([kind, colour]) => `.s${kind}{stroke:${colour}}.t${kind},.h${kind}{fill:${colour}}.c${kind}{fill:${colour};stroke:${colour}}`,
    ),
  ].join('')
}

const styles = [
  'text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;font-size:13px}',
  '.title{font-size:24px;font-weight:700}.number{font-weight:700;font-size:15px;text-anchor:middle}.rowname{text-anchor:end}',
  '.chain{stroke-width:3;stroke-dasharray:5 4}.node{stroke-width:2.5}.arc{fill:none;stroke-width:2;opacity:.85}',
  '.label{text-anchor:middle;font-weight:700}',
  '.chip{fill-opacity:.16;stroke-opacity:.5}.ccalled{fill-opacity:0}.cnone{stroke-dasharray:3 3;fill-opacity:.06}.chiptext{text-anchor:middle;font-weight:600}',
  coloursOf(light),
  `@media (prefers-color-scheme:dark){${coloursOf(dark)}}`,
].join('')

function xmlText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
