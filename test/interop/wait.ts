/** Waiting, always bounded, for a condition that is looked at again and again. */

/** Milliseconds since this process started, as all times of the suite are given. */
export const nowMs = (): number => performance.now()

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Looks every 50 ms; true once the condition holds, false when it does not within the time. */
export async function holdsWithin(withinMs: number, condition: () => boolean | Promise<boolean>): Promise<boolean> {
  const end = nowMs() + withinMs
  for (;;) {
    if (await condition()) return true
    if (nowMs() >= end) return false
    await pause(50)
  }
}
