/** What is remembered of others is bounded: whoever is watched may be hostile. */

/** Endpoints remembered in one place, and departures. No honest peer comes near. */
export const maxRemembered = 20_000

/** Adds a key; if there are too many, the oldest goes, and false is the answer. */
export function remember<Key>(keys: Set<Key>, key: Key): boolean {
  keys.add(key)
  return forgetOldest(keys)
}

/** Forgets the oldest if there are too many: false then. */
export function forgetOldest<Key>(remembered: { readonly size: number; keys(): Iterator<Key>; delete(key: Key): boolean }): boolean {
  if (remembered.size <= maxRemembered) return true
  remembered.delete(remembered.keys().next().value as Key)
  return false
}
