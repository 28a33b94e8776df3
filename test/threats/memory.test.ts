/** T6: what one peer, and all of them together, can make us remember. The heap itself is measured in `memory.slow.test.ts`. */
import { describe, expect, test } from 'vitest'
import { Claims } from '../../src/core/claims.ts'
import { defaultLimits } from '../../src/core/limits.ts'
import { endpoint } from '../core/endpoints.ts'
import { many, many6, minute, Scene, second } from './scene.ts'

describe('T6 distinct addresses', () => {
  test('of one peer 200 of each family stay, and the oldest gives way without an event', () => {
    const scene = new Scene()
    scene.connect('a')
    scene.say('a', { added: [...many(200), ...many6(200)] })
    expect(scene.claimsOf('a')).toEqual([...many(200), ...many6(200)])
    scene.say('a', { added: many(1, 1) })
    expect(scene.claimsOf('a')).toEqual([...many(200).slice(1), ...many(1, 1), ...many6(200)])
    scene.say('a', { added: many6(1, 1) })
    expect(scene.claimsOf('a')).toEqual([...many(200).slice(1), ...many(1, 1), ...many6(200).slice(1), ...many6(1, 1)])
    expect(scene.takeDropped()).toEqual([])
    scene.say('a', { dropped: many(1) })
    expect([scene.takeDropped(), scene.takeViolations()]).toEqual([[], { 'unknown-drop': 1 }])
  })

  test('of one peer whose drops never match are heard all the same, for ninety messages', () => {
    const scene = new Scene()
    scene.connect('a')
    for (let turn = 0; turn < 90; turn++, scene.now += minute) {
      scene.say('a', { added: [...many(50, turn), ...many6(50, turn)], dropped: [...many(50, 150), ...many6(50, 150)] })
      expect(scene.takeAdded()).toHaveLength(100)
      expect(scene.claimsOf('a').length).toBeLessThanOrEqual(400)
    }
    expect(scene.swarm.stats().claims).toBe(400)
  })

  test('end with their connection', () => {
    const scene = new Scene()
    for (let source = 0; source < 30; source++) {
      scene.connect(`s${source}`)
      scene.say(`s${source}`, { added: [...many(200, source), ...many6(200, source)] })
    }
    expect(scene.swarm.stats()).toMatchObject({ claims: 12_000, known: 12_000 })
    for (let source = 0; source < 30; source++) scene.swarm.handleDisconnect(`s${source}`, scene.now)
    expect(scene.swarm.stats()).toMatchObject({ claims: 0, known: 0 })
  })

  test('of many peers make no more than 2,000 candidates', () => {
    const scene = new Scene()
    for (let source = 0; source < 40; source++) {
      scene.connect(`s${source}`)
      scene.say(`s${source}`, { added: [...many(200, source), ...many6(200, source)] })
      expect(scene.swarm.stats().candidates).toBeLessThanOrEqual(2_000)
    }
    expect(scene.swarm.stats().candidates).toBe(2_000)
  })

  test('of one peer that comes and goes all day leave nothing once the others have been told', () => {
    const scene = new Scene()
    for (const id of ['a', 'b', 'c']) scene.connect(id)
    let most = 0
    for (let turn = 0; turn < 5_000; turn++) {
      scene.connect('comer', { address: '30.0.0.1', direction: 'incoming', handshake: { port: 2 + turn } })
      scene.pass(5 * second)
      scene.swarm.handleDisconnect('comer', scene.now)
      scene.pass(5 * second)
      most = Math.max(most, scene.swarm.stats().departures)
    }
    expect(most).toBeLessThanOrEqual(64)
  })

  test('of one source take up 16 KiB packed at the most, in whatever order they come and go', () => {
    const claims = new Claims(defaultLimits, 7)
    const evicted = new Uint8Array(18)
    let most = 0
    for (let turn = 0; turn < 40; turn++) {
      for (const contact of many(300, turn)) claims.add(endpoint(contact), 0, 4, 255, evicted)
      for (const contact of many6(300, turn)) claims.add(endpoint(contact), 0, 6, 255, evicted)
      for (const contact of many(200 + turn, turn)) claims.drop(endpoint(contact), 0, 4, evicted)
      most = Math.max(most, claims.byteLength)
    }
    expect(most).toBeLessThanOrEqual(16 * 1024)
    expect(claims.size).toBeLessThanOrEqual(400)
  })
})
