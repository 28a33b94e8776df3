/** A peer that tells of contacts as BEP 11 asks, though of anybody: what it says fits what it said before. */
import { endpoint } from '../core/endpoints.ts'
import type { Chance } from './chance.ts'

export class Speaker {
  readonly #chance: Chance
  readonly #told = new Map<string, Uint8Array>()

  constructor(chance: Chance) {
    this.#chance = chance
  }

  /** The next message; undefined when there is nothing to say. `known` gives endpoints that are real; without one it makes one up. */
  message(known: () => Uint8Array | undefined): Uint8Array | undefined {
    const chance = this.#chance
    const dropped = [...this.#told.values()].filter(() => chance.isTrue(0.2)).slice(0, 50)
    const added = new Map<string, Uint8Array>()
    const count = this.#told.size === 0 ? chance.below(30) : chance.below(6)
    for (let index = 0; index < count && this.#told.size + added.size < 60; index++) {
      const contact = known() ?? invented(chance)
      const key = contact.join()
      if (!this.#told.has(key)) added.set(key, contact)
    }
    for (const contact of dropped) this.#told.delete(contact.join())
    for (const [key, contact] of added) this.#told.set(key, contact)
    if (added.size + dropped.length === 0) return undefined
    return encode([...added.values()], dropped, chance)
  }
}

function invented(chance: Chance): Uint8Array {
  const port = 1_025 + chance.below(60_000)
  if (chance.isTrue(0.2)) return endpoint(`[2a03:${chance.below(9_999)}::${chance.below(9)}]:${port}`)
  return endpoint(`${80 + chance.below(40)}.${chance.below(200)}.${chance.below(200)}.${1 + chance.below(200)}:${port}`)
}

/** Written here and not by the codec: with flags or without. */
function encode(added: readonly Uint8Array[], dropped: readonly Uint8Array[], chance: Chance): Uint8Array {
  const parts: number[] = []
  const text = (value: string): void => void parts.push(...Array.from(value, (character) => character.charCodeAt(0)))
  const hasFlags = chance.isTrue(0.8)
  const list = (key: string, contacts: readonly Uint8Array[], flags: 'with flags' | 'without'): void => {
    if (contacts.length === 0) return
    const bytes = contacts.flatMap((contact) => [...contact])
    text(`${key.length}:${key}${bytes.length}:`)
    parts.push(...bytes)
    if (flags === 'without') return
    text(`${key.length + 2}:${key}.f${contacts.length}:`)
    parts.push(...contacts.map(() => chance.below(0x20)))
  }
  const [is4, is6] = [(contact: Uint8Array) => contact.length === 6, (contact: Uint8Array) => contact.length === 18]
  text('d')
  list('added', added.filter(is4), hasFlags ? 'with flags' : 'without')
  list('added6', added.filter(is6), hasFlags ? 'with flags' : 'without')
  list('dropped', dropped.filter(is4), 'without')
  list('dropped6', dropped.filter(is6), 'without')
  text('e')
  return Uint8Array.from(parts)
}
