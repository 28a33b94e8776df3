/** Which mutant is active, and which are come across: what every instrumented place asks. */

export const state = {
  /** Id of the active mutant, empty for none. What runs while the tests are loaded has one from the start. */
  active: process.argv[3] ?? '',
  /** How often its place was come to since it became active; above the limit it is an endless loop. */
  hits: 0,
  limit: Number.POSITIVE_INFINITY,
  /** How many places of all mutants were come to since the test began; above the most it will not end. */
  steps: 0,
  mostSteps: Number.POSITIVE_INFINITY,
  /** While set, counts how often each mutant's place is come to; at first, by loading. */
  covered: new Map(),
}

export function isActive(id) {
  if (id !== state.active) return false
  if (++state.hits > state.limit) throw new Error('the mutant loops')
  return true
}

export function cover(...ids) {
  if (++state.steps > state.mostSteps) throw new Error('the mutant loops')
  const { covered } = state
  if (covered !== undefined) for (const id of ids) covered.set(id, (covered.get(id) ?? 0) + 1)
}
