/**
 * Events as Node's `EventEmitter` has them, in the part that BitTorrent code uses, for browsers too.
 *
 * One rule is different: a listener that throws stops neither the other listeners nor us. Its error is
 * emitted as `warning`; if nobody listens to that, it is thrown in a microtask, where it is as visible as
 * any uncaught error and cannot tear a wire apart in the middle of a message.
 *
 * Every wire has one and few have more than two listeners, so all of them are in one short list, name and listener
 * in turns: 80 bytes for two, where a map of lists took 360. The list is never changed, only replaced, so
 * an event goes through the one that was there when it began.
 */

// biome-ignore lint/suspicious/noExplicitAny: any list of parameters will do.
type AnyListener = (...args: any[]) => void

/** A listener that is taken off before it is called. */
class Once {
  readonly listener: AnyListener

  constructor(listener: AnyListener) {
    this.listener = listener
  }
}

/** The names are at the even places, each before its listener, in the order in which they came. */
type Listeners = readonly (string | AnyListener | Once)[]

const noListeners: Listeners = []

export class Emitter<Events extends { [Name in keyof Events]: unknown[] }> {
  #listeners: Listeners = noListeners

  on<Name extends keyof Events & string>(name: Name, listener: (...args: Events[Name]) => void): this {
    return this.#add(name, checkListener(listener))
  }

  once<Name extends keyof Events & string>(name: Name, listener: (...args: Events[Name]) => void): this {
    return this.#add(name, new Once(checkListener(listener)))
  }

  off<Name extends keyof Events & string>(name: Name, listener: (...args: Events[Name]) => void): this {
    for (let at = this.#listeners.length - 2; at >= 0; at -= 2) {
      const entry = this.#listeners[at + 1]
      if (this.#listeners[at] !== name || (entry !== listener && (entry as Once).listener !== listener)) continue
      this.#removeAt(at)
      break
    }
    return this
  }

  addListener<Name extends keyof Events & string>(name: Name, listener: (...args: Events[Name]) => void): this {
    return this.on(name, listener)
  }

  removeListener<Name extends keyof Events & string>(name: Name, listener: (...args: Events[Name]) => void): this {
    return this.off(name, listener)
  }

  removeAllListeners(name?: keyof Events & string): this {
    if (name === undefined) this.#listeners = noListeners
    else this.#listeners = this.#listeners.filter((_, at) => this.#listeners[at & ~1] !== name)
    return this
  }

  listenerCount(name: keyof Events & string): number {
    let count = 0
    for (let at = 0; at < this.#listeners.length; at += 2) if (this.#listeners[at] === name) count++
    return count
  }

  /** Calls the listeners that there are now, in order. True when there were any. */
  emit<Name extends keyof Events & string>(name: Name, ...args: Events[Name]): boolean {
    const listeners = this.#listeners
    let isHeard = false
    for (let at = 0; at < listeners.length; at += 2) {
      if (listeners[at] !== name) continue
      isHeard = true
      const entry = listeners[at + 1] as AnyListener | Once
      try {
        if (typeof entry === 'function') entry.apply(this, args)
        else this.#take(entry).apply(this, args)
      } catch (error) {
        this.#complain(name, error)
      }
    }
    return isHeard
  }

  #add(name: string, entry: AnyListener | Once): this {
    this.#listeners = this.#listeners.toSpliced(this.#listeners.length, 0, name, entry)
    return this
  }

  /** Takes the listener off, and answers it. */
  #take(once: Once): AnyListener {
    const at = this.#listeners.indexOf(once)
    if (at > 0) this.#removeAt(at - 1)
    return once.listener
  }

  #removeAt(place: number): void {
    this.#listeners = this.#listeners.toSpliced(place, 2)
  }

  #complain(name: string, error: unknown): void {
    const isTold =
      name !== 'warning' && this.emit('warning' as keyof Events & string, ...([error] as unknown as Events[keyof Events & string]))
    if (isTold) return
    queueMicrotask(() => {
      throw error
    })
  }
}

function checkListener(listener: unknown): AnyListener {
  if (typeof listener === 'function') return listener as AnyListener
  throw new TypeError(`listener: a function was expected, not ${String(listener)}`)
}
