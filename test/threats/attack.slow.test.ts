/** Two hours of each attack of `npm run attack`, and what must hold of them on any machine: counts, not times or bytes. */
import { describe, expect, test } from 'vitest'
import { attacksOn } from '../../bench/attack/attackers.ts'
import { honestContacts, simulate } from '../../bench/attack/day.ts'

const without = simulate({ hours: 2, attack: undefined })

describe('among twenty honest peers', () => {
  test.each(Object.keys(attacksOn(honestContacts)))(
    '%s: no victim is dialled often, no honest peer suffers, nothing is thrown',
    (attack) => {
      const outcome = simulate({ hours: 2, attack })
      expect(outcome).toMatchObject({ localDials: 0, lostContacts: 0, removedHonestPeers: 0, throws: 0 })
      expect(outcome.dialsPerAddress).toBeLessThanOrEqual(2)
      expect(outcome.pendingPerSubnet).toBeLessThanOrEqual(8)
      // On one wire one in 62 s; a new wire, after it was hung up on, has a first message.
      expect(outcome.messagesToAttacker).toBeLessThanOrEqual(Math.ceil((2 * 3_600) / 62) + 1 + outcome.hangUps)
      expect(outcome.honestDials).toBeGreaterThan(0.8 * without.honestDials)
    },
  )

  test('a flood is hung up on, every time', () => {
    expect(simulate({ hours: 0.5, attack: 'a hundred messages a second' }).hangUps).toBeGreaterThan(200)
  })
})

test('twenty attackers among a hundred sources get no more than 22 % of the dials', () => {
  const { dials, honestDials } = simulate({ hours: 2, attack: 'distinct addresses', attackers: 20, honest: 80, slots: 10 })
  expect(dials).toBeGreaterThan(3_000)
  expect(1 - honestDials / dials).toBeLessThanOrEqual(0.22)
})
