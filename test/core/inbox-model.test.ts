/**
 * The inbox handles lists in blocks, with a fast loop for what is simple. Here it is held against its rules in plain words:
 * contact after contact, with lists of text, for messages of which little is simple, and for lists longer than a block.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeMessage } from '../../src/codec/message.ts'
import * as block from '../../src/core/endpoint-block.ts'
import { Inbox, type InboxOwner } from '../../src/core/inbox.ts'
import { defaultLimits, type Limits } from '../../src/core/limits.ts'
import { endpoints, familyOf, textOf } from './endpoints.ts'

interface Told {
  readonly added: readonly { readonly text: string; readonly flags: number }[]
  readonly dropped: readonly string[]
}

const addressOf = (text: string): string => text.slice(0, text.lastIndexOf(':'))
const portOf = (text: string): number => Number(text.slice(text.lastIndexOf(':') + 1))
/** What nobody far away can be reached at, and what the owner refuses. */
const refusedAddresses = ['10.0.0.1', '127.0.0.1', '[fe80::1]', '5.5.5.5', '[2001:db8::5]']
const refusedByOwner = ['5.5.5.5', '[2001:db8::5]']

class Twin {
  heard: string[] = []
  claims: { readonly text: string; flags: number }[] = []
  crowded = 0
  readonly #limits: Limits
  /** Addresses of which two ports were there, or offered, at a time, while at least one is. */
  readonly #shared = new Set<string>()
  #isBeforeFirst = true

  constructor(limits: Limits) {
    this.#limits = limits
  }

  receive({ added, dropped }: Told): void {
    const byFamily = [4, 6] as const
    const unknown = byFamily.flatMap((family) => dropped.filter((text) => familyOf(text) === family)).filter((text) => !this.#drop(text))
    this.#report('unknown-drop', unknown.length)
    const listOf = (family: 4 | 6) => added.filter(({ text }) => familyOf(text) === family)
    const [lists4, lists6] = [listOf(4), listOf(6)]
    if (added.length === 0) return
    const { maxClaims, maxAddedPerMessage } = this.#limits
    const taken4 = lists4.slice(0, this.#isBeforeFirst ? maxClaims : maxAddedPerMessage)
    const taken6 = lists6.slice(0, this.#isBeforeFirst ? maxClaims : maxAddedPerMessage - taken4.length)
    this.#isBeforeFirst = false
    const isRefused = (text: string) => portOf(text) < 2 || refusedAddresses.includes(addressOf(text))
    const taken = [...taken4, ...taken6]
    for (const { text, flags } of taken) if (!isRefused(text)) this.#add(text, flags)
    this.#report('refused-contact', taken.filter(({ text }) => isRefused(text)).length)
    this.#report('too-many-contacts', added.length - taken.length)
  }

  #report(code: string, count: number): void {
    if (count > 0) this.heard.push(`${code} ${count}`)
  }

  #ofAddress(text: string) {
    return this.claims.filter((claim) => addressOf(claim.text) === addressOf(text))
  }

  #remove(text: string): void {
    this.claims = this.claims.filter((claim) => claim.text !== text)
    if (this.#ofAddress(text).length === 0) this.#shared.delete(addressOf(text))
  }

  #drop(text: string): boolean {
    const [only, ...others] = this.#ofAddress(text)
    const isThere = this.claims.some((claim) => claim.text === text)
    if (!isThere && (only === undefined || others.length > 0 || this.#shared.has(addressOf(text)))) return false
    const gone = isThere ? text : only!.text
    this.#remove(gone)
    this.heard.push(`-${gone} dropped`)
    return true
  }

  #add(text: string, flags: number): void {
    const present = this.claims.find((claim) => claim.text === text)
    if (present !== undefined) {
      present.flags = flags
      return
    }
    const { maxClaims, maxPortsPerAddress } = this.#limits
    const ports = this.#ofAddress(text).length
    if (maxClaims > 0 && ports > 0) this.#shared.add(addressOf(text))
    if (maxClaims === 0 || ports === maxPortsPerAddress) {
      this.crowded++
      return
    }
    this.claims.push({ text, flags })
    const ofFamily = this.claims.filter((claim) => familyOf(claim.text) === familyOf(text))
    if (ofFamily.length > maxClaims) {
      const oldest = ofFamily[0]!.text
      this.#remove(oldest)
      this.heard.push(`-${oldest} evicted`)
    }
    this.heard.push(`+${text} ${flags}`)
  }
}

function messageOf({ added, dropped }: Told): Uint8Array {
  const of = (family: number) => added.filter(({ text }) => familyOf(text) === family)
  const flagsOf = (family: number) => Uint8Array.from(of(family), ({ flags }) => flags)
  return encodeMessage({
    added: endpoints(of(4).map(({ text }) => text)),
    addedFlags: flagsOf(4),
    added6: endpoints(of(6).map(({ text }) => text)),
    added6Flags: flagsOf(6),
    dropped: endpoints(dropped.filter((text) => familyOf(text) === 4)),
    dropped6: endpoints(dropped.filter((text) => familyOf(text) === 6)),
  })
}

function expectSame(limits: Limits, messages: readonly Told[]): void {
  const heard: string[] = []
  const owner: InboxOwner = {
    refuses: (_inbox, bytes, offset, family) => refusedByOwner.includes(addressOf(textOf(bytes, offset, family))),
    claimed: (_inbox, bytes, offset, family, flags) => heard.push(`+${textOf(bytes, offset, family)} ${flags}`),
    released: (_inbox, bytes, offset, family, why) => heard.push(`-${textOf(bytes, offset, family)} ${why}`),
    violation: (_inbox, code, count) => heard.push(`${code} ${count}`),
  }
  const inbox = new Inbox(limits, owner, 0x5eed)
  const twin = new Twin(limits)
  messages.forEach((message, index) => {
    inbox.handleMessage(messageOf(message), index * 60_000)
    twin.receive(message)
    expect(heard.splice(0)).toEqual(twin.heard.splice(0))
    const claims: string[] = []
    inbox.claims.forEach((bytes, offset, family, flags) => claims.push(`${textOf(bytes, offset, family)} ${flags}`))
    const expected = [4, 6].flatMap((family) => twin.claims.filter(({ text }) => familyOf(text) === family))
    expect(claims).toEqual(expected.map(({ text, flags }) => `${text} ${flags}`))
    expect(inbox.crowdedContactCount).toBe(twin.crowded)
  })
}

const contactsAt = (addresses: readonly string[]): fc.Arbitrary<string> =>
  fc.tuple(fc.constantFrom(...addresses), fc.integer({ min: 1, max: 5 })).map(([address, port]) => `${address}:${port}`)

function messagesWith(contacts: fc.Arbitrary<string>, maxLength: number): fc.Arbitrary<Told[]> {
  const added = fc.array(fc.record({ text: contacts, flags: fc.nat(255) }), { maxLength, size: 'max' })
  return fc.array(fc.record({ added, dropped: fc.array(contacts, { maxLength, size: 'max' }) }), { minLength: 1, maxLength: 6 })
}

test.each([1, 2, 3, 4, 5])('a message comes to what its contacts come to one by one, whatever the limits (hundred %i)', () => {
  const few = ['1.1.1.1', '2.2.2.2', '3.3.3.3', '[2001:db8::1]', '[2001:db8::2]', ...refusedAddresses]
  const limits = fc.record({
    maxClaims: fc.nat(6),
    maxPortsPerAddress: fc.integer({ min: 1, max: 3 }),
    maxAddedPerMessage: fc.integer({ min: 1, max: 12 }),
  })
  fc.assert(
    fc.property(limits, messagesWith(contactsAt(few), 10), (limits, messages) => {
      expectSame({ ...defaultLimits, ...limits }, messages)
    }),
    { numRuns: 100 },
  )
})

test.each([1, 2, 3, 4])('so it does where its lists are longer than a block (five, %i)', () => {
  const many = Array.from({ length: 400 }, (_, i) => (i % 4 === 0 ? `[2001:db8::${i + 9}]` : `8.8.${i % 7}.${i >> 1}`))
  const limits = { ...defaultLimits, maxAddedPerMessage: 3 * block.maxCount, maxClaims: 150 }
  fc.assert(
    fc.property(messagesWith(contactsAt([...many, ...refusedAddresses]), 3 * block.maxCount), (messages) => {
      expectSame(limits, messages)
    }),
    { numRuns: 5 },
  )
})
