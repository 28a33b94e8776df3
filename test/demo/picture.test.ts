import { describe, expect, test } from 'vitest'
import type { ClientView, Way } from '../../demo/chain.ts'
import { picture, tellingsOf } from '../../demo/picture.ts'

/** Clients where each has learnt of every other one: neighbours by the chain, all else from the client before. */
function clientsOf(count: number): ClientView[] {
  const numbers = Array.from({ length: count }, (_, index) => index + 1)
  const wayOf = (client: number, other: number): Way => {
    if (other === client - 1) return { how: 'given', round: 0 }
    if (other === client + 1) return { how: 'called', round: 0 }
    return { how: 'pex', from: other < client ? client - 1 : client + 1, round: Math.abs(client - other) - 1 }
  }
  return numbers.map((number) => {
    const others = numbers.filter((other) => other !== number)
    const ways = new Map(others.map((other) => [other, wayOf(number, other)]))
    return { number, port: 6880 + number, share: 1, data: 'verified', connected: others, ways, failure: undefined }
  })
}

/** Start and end tags in order; a mismatch is a mistake in the document. */
function openTags(svg: string): string[] {
  const open: string[] = []
  for (const [, end, name, empty] of svg.matchAll(/<(\/?)([a-zA-Z]+)[^>]*?(\/?)>/g)) {
    if (empty === '/') continue
    if (end !== '/') open.push(name ?? '')
    else if (open.pop() !== name) throw new Error(`</${name}> closes another element`)
  }
  return open
}

function coordinates(svg: string): number[] {
  const body = svg.slice(svg.indexOf('</defs>'))
  return [...body.matchAll(/ (?:x|cx|x1|x2)="([^"]*)"/g)].map(([, text]) => Number(text))
}

describe('the picture', () => {
  test.each([2, 3, 6, 8, 9, 24])('of %i clients is well-formed, has only finite numbers and stays inside its frame', (count) => {
    const svg = picture({ clients: clientsOf(count), headline: 'Complete.' })
    expect(openTags(svg)).toEqual([])
    expect(svg).not.toMatch(/NaN|Infinity|undefined/)
    const width = Number(/viewBox="0 0 (\S+)/.exec(svg)?.[1])
    for (const x of coordinates(svg)) {
      expect(x).toBeGreaterThanOrEqual(0)
      expect(x).toBeLessThan(width)
    }
  })

  test('has colours for light and for dark, and nothing from outside', () => {
    const svg = picture({ clients: clientsOf(6), headline: '' })
    expect(svg).toContain('@media (prefers-color-scheme:dark)')
    expect(svg.replace('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|<script|url\((?!#)/)
  })

  test('has a cell for each pair that says who told, and explains only what is in it', () => {
    const svg = picture({ clients: clientsOf(4), headline: '' })
    expect(svg.match(/>from \d+</g)).toHaveLength(6)
    expect(svg.match(/>given</g)).toHaveLength(3)
    expect(svg.match(/>called</g)).toHaveLength(3)
    expect(svg).toContain('told by PEX, round 1')
    expect(svg).toContain('>round 2<')
    expect(svg).not.toContain('>round 3<')
    expect(svg).not.toContain('>missing<')
  })

  test('has a colour for every round that occurs, the last one for all later ones', () => {
    const svg = picture({ clients: clientsOf(24), headline: '' })
    const used = new Set([...svg.matchAll(/class="(?:arc|chip) (\w+)"/g)].map(([, name]) => name))
    expect(used.size).toBeGreaterThan(5)
    for (const name of used) expect(svg).toContain(`.${name}{`)
    expect(svg).toContain('>later<')
  })

  test('shows what is missing', () => {
    const clients = clientsOf(3).map((client) => ({
      ...client,
      connected: client.connected.filter((other) => Math.abs(other - client.number) === 1),
    }))
    clients[0] = { ...clients[0]!, ways: new Map([[2, { how: 'called', round: 0 }]]) }
    const svg = picture({ clients, headline: '' })
    expect(svg).toContain('>unknown<')
    expect(svg).toContain('>not reached<')
    expect(svg).toContain('>missing<')
  })

  test('takes its headline as text', () => {
    expect(picture({ clients: clientsOf(2), headline: 'a < b & c > d' })).toContain('a &lt; b &amp; c &gt; d')
  })
})

test('who told whom several things has one arc, and longer arcs lie behind', () => {
  const tellings = tellingsOf(clientsOf(4))
  expect(tellings.find(({ from, to }) => from === 3 && to === 4)?.of).toEqual([
    { client: 1, round: 2 },
    { client: 2, round: 1 },
  ])
  expect(tellings.filter(({ from, to }) => from === 3 && to === 4)).toHaveLength(1)
  const far: ClientView[] = clientsOf(5)
  far[4] = { ...far[4]!, ways: new Map([[3, { how: 'pex', from: 1, round: 1 }]]) }
  const spans = tellingsOf(far).map(({ from, to }) => Math.abs(from - to))
  expect(spans).toEqual([...spans].sort((a, b) => b - a))
})
