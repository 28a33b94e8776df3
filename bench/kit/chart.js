/**
 * The chart of the README: what the same work costs ut_pex 5 and C++, as a multiple of the time that it takes here. A scale of
 * powers of two, because what counts are ratios: as far to the right as twice the time is to the left half of it.
 */

/** Each row: what is done, and the figures it follows from; a ratio is of one run. */
const rows = [
  { what: 'decode a message, IPv4', ut_pex5: 'decode.IPv4', cpp: 'cpp.decode.IPv4' },
  { what: 'decode a message, half IPv6', ut_pex5: 'decode.mixed', cpp: 'cpp.decode.mixed' },
  { what: 'receive a message, IPv4', ut_pex5: 'receive.IPv4', cpp: 'cpp.receive.IPv4' },
  { what: 'receive a message, half IPv6', ut_pex5: 'receive.mixed', cpp: 'cpp.receive.mixed' },
  { what: '… with an event for each contact', ut_pex5: 'events.mixed' },
  { what: 'write a message, IPv4', ut_pex5: 'encode.IPv4', cpp: 'cpp.encode.IPv4' },
  { what: '50 × addPeer, 50 × dropPeer, send', ut_pex5: 'tell.IPv4' },
  { what: 'a torrent of 1,000 wires, a minute', ut_pex5: 'minute.1000' },
  { what: 'import the package', ut_pex5: 'start.import' },
]

const contestants = {
  ut_pex5: { name: 'ut_pex 5.0.2', beside: '.ut_pex5' },
  cpp: { name: 'C++ (libtorrent’s bencode)', beside: '.cpp' },
}

const themes = {
  light: { ground: '#ffffff', text: '#1f2328', faint: '#656d76', grid: '#d8dee4', ours: '#1a7f37', ut_pex5: '#bc4c00', cpp: '#0969da' },
  dark: { ground: '#0d1117', text: '#e6edf3', faint: '#8d96a0', grid: '#30363d', ours: '#3fb950', ut_pex5: '#f0883e', cpp: '#58a6ff' },
}

const width = 840
const left = 316
const right = 776
const top = 84
const rowHeight = 32

/** @param figureOf gives a figure by its key, NaN where there is none. Answers `{ light, dark }`, two drawings. */
export function drawCharts(figureOf) {
  const drawn = rows.map((row) => ({ ...row, ratios: ratiosOf(row, figureOf) })).filter(({ ratios }) => ratios.length > 0)
  return Object.fromEntries(Object.entries(themes).map(([name, theme]) => [name, draw(drawn, theme)]))
}

function ratiosOf(row, figureOf) {
  return Object.entries(contestants)
    .filter(([who]) => row[who] !== undefined)
    .map(([who, { beside }]) => ({ who, ratio: figureOf(row[who] + beside) / figureOf(`${row[who]}.ours`) }))
    .filter(({ ratio }) => ratio > 0 && Number.isFinite(ratio))
}

function draw(drawn, theme) {
  const ratios = drawn.flatMap((row) => row.ratios.map(({ ratio }) => ratio))
  const least = Math.min(-1, Math.floor(Math.log2(Math.min(...ratios))))
  const most = Math.max(1, Math.ceil(Math.log2(Math.max(...ratios))))
  const place = (ratio) => round(left + ((Math.log2(ratio) - least) / (most - least)) * (right - left))
  const bottom = top + drawn.length * rowHeight
  const height = bottom + 62
  const said = drawn.map(
    ({ what, ratios: own }) => `${what}: ${own.map(({ who, ratio }) => `${contestants[who].name} ${multiple(ratio)}`).join(', ')}`,
  )
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>The time of the same work as a multiple of ours. ${said.join('; ')}.</title>`,
    `<rect width="${width}" height="${height}" rx="6" fill="${theme.ground}"/>`,
    `<g font-family="system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif" font-size="13">`,
    text(20, 30, 'The same work: its time as a multiple of ours', theme.text, 'font-size="16" font-weight="600"'),
    ...legend(theme),
    ...grid(theme, { least, most, place, bottom }),
    ...drawn.flatMap((row, index) => drawRow(row, top + (index + 0.5) * rowHeight, place, theme)),
    text(
      20,
      bottom + 46,
      'A message has 50 contacts added and 50 dropped. Medians of CPU time (of the import, real time), all in turns; a ratio is of one run.',
      theme.faint,
      'font-size="12"',
    ),
    '</g>',
    '</svg>',
    '',
  ].join('\n')
}

function legend(theme) {
  const entries = [
    [20, 'ours', 'this package'],
    [140, 'ut_pex5', contestants.ut_pex5.name],
    [268, 'cpp', contestants.cpp.name],
  ]
  return entries.flatMap(([x, who, name]) => [mark(who, x + 6, 54, theme), text(x + 18, 58.5, name, theme.text)])
}

function grid(theme, { least, most, place, bottom }) {
  const lines = []
  for (let power = least; power <= most; power++) {
    const x = place(2 ** power)
    const stroke = power === 0 ? `stroke="${theme.ours}" stroke-width="2.5"` : `stroke="${theme.grid}"`
    lines.push(`<path d="M${x} ${top}V${bottom}" ${stroke}/>`)
    if ((most - power) % 2 === most % 2) {
      const label = power < 0 ? `1/${2 ** -power}×` : `${2 ** power}×`
      lines.push(text(x, bottom + 20, label, power === 0 ? theme.ours : theme.faint, 'text-anchor="middle"'))
    }
  }
  return lines
}

function drawRow({ what, ratios }, y, place, theme) {
  const parts = [text(left - 64, y + 4.5, what, theme.text, 'text-anchor="end"')]
  for (const { who, ratio } of ratios) {
    const x = place(ratio)
    parts.push(`<path d="M${place(1)} ${y}H${x}" stroke="${theme[who]}" stroke-width="3" stroke-opacity="0.55"/>`)
    parts.push(mark(who, x, y, theme))
    const isRight = ratio >= 1
    const anchor = isRight ? 'start' : 'end'
    const halo = `paint-order="stroke" stroke="${theme.ground}" stroke-width="4"`
    parts.push(text(x + (isRight ? 11 : -11), y + 4.5, multiple(ratio), theme[who], `text-anchor="${anchor}" font-weight="600" ${halo}`))
  }
  return parts
}

/** Form and colour both say whose it is. */
function mark(who, x, y, theme) {
  if (who === 'ut_pex5') return `<circle cx="${x}" cy="${y}" r="6" fill="${theme[who]}"/>`
  if (who === 'cpp') return `<path d="M${x} ${y - 7}l7 7l-7 7l-7 -7z" fill="${theme[who]}"/>`
  return `<path d="M${x} ${y - 8}v16" stroke="${theme[who]}" stroke-width="2.5"/>`
}

function text(x, y, content, fill, more = '') {
  return `<text x="${x}" y="${y}" fill="${fill}" ${more}>${content}</text>`
}

function multiple(ratio) {
  return `${ratio >= 10 ? Math.round(ratio) : Number.parseFloat(ratio.toPrecision(2))}×`
}

function round(value) {
  return Math.round(value * 10) / 10
}
