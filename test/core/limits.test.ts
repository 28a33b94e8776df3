/** The limits: whose values are refused, by name, before anything runs with them. */

import { describe, expect, it } from 'vitest'
import { defaultLimits, type Limits, limitsWith } from '../../src/core/limits.ts'

describe('limits', () => {
  it('are the defaults where nothing is said', () => {
    expect(limitsWith()).toEqual(defaultLimits)
    expect(limitsWith({ maxContacts: 3 })).toEqual({ ...defaultLimits, maxContacts: 3 })
  })

  it.each([
    ['maxContacts', 0],
    ['maxContacts', 1.5],
    ['maxPortsPerAddress', 0],
    ['maxClaims', 65_534],
    ['floodMessages', 0],
    ['sendIntervalMs', -1],
    ['sendIntervalMs', Number.NaN],
  ])('refuse %s of %d and name it', (name, value) => {
    expect(() => limitsWith({ [name]: value })).toThrow(new RegExp(`limits\\.${name}: .* was expected, not ${value}`))
  })

  it('refuse a name that there is none of, and a value of another type', () => {
    expect(() => limitsWith({ maxContact: 3 } as Partial<Limits>)).toThrow('limits.maxContact: there is no such limit')
    expect(() => limitsWith({ toString: () => '3' } as Partial<Limits>)).toThrow('limits.toString: there is no such limit')
    expect(() => limitsWith({ maxContacts: '3' } as unknown as Partial<Limits>)).toThrow('limits.maxContacts: a number was expected, not 3')
  })

  it('take the edges, infinity where nothing is to be bounded, and parts of a millisecond', () => {
    const edges = {
      maxContacts: 1,
      maxClaims: 65_533,
      maxTold: Number.POSITIVE_INFINITY,
      floodMessages: Number.POSITIVE_INFINITY,
      retryMs: 0.5,
    }
    expect(limitsWith(edges)).toMatchObject(edges)
  })
})
