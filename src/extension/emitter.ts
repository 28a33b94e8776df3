/**
 * Events as Node's `EventEmitter` has them, in the part that BitTorrent code uses, for browsers too.
 *
 * One rule is different: a listener that throws stops neither the other listeners nor us. Its error is
 * emitted as `warning`; if nobody listens to that, it is thrown in a microtask, where it is as visible as
 * any uncaught error and cannot tear a wire apart in the middle of a message.
 */

// biome-ignore lint/suspicious/noExplicitAny: any list of parameters will do.
type AnyListener = (...args: any[]) => void

interface Registration {
  readonly listener: AnyListener
  readonly isOnce: boolean
}

export class Emitter<Events extends { [Name in keyof Events]: unknown[] }> {
  #listeners: Map<string, readonly Registration[]> | undefined

  on<Name extends keyof Events & string>(name: Name, listener: (...args: Events[Name]) => void): this {
    return this.#add(name, { listener, isOnce: false })
  }

  once<Name extends keyof Events & string>(name: Name, listener: (...args: Events[Name]) => void): this {
    return this.#add(name, { listener, isOnce: true })
  }

  off<Name extends keyof Events & string>(name: Name, listener: (...args: Events[Name]) => void): this {
    const registrations = this.#listeners?.get(name) ?? []
    const index = registrations.findLastIndex((registration) => registration.listener === listener)
    if (index >= 0) this.#listeners?.set(name, registrations.toSpliced(index, 1))
    return this
  }

  addListener<Name extends keyof Events & string>(name: Name, listener: (...args: Events[Name]) => void): this {
    return this.on(name, listener)
  }

  removeListener<Name extends keyof Events & string>(name: Name, listener: (...args: Events[Name]) => void): this {
    return this.off(name, listener)
  }

  removeAllListeners(name?: keyof Events & string): this {
    if (name === undefined) this.#listeners = undefined
    else this.#listeners?.delete(name)
    return this
  }

  listenerCount(name: keyof Events & string): number {
    return this.#listeners?.get(name)?.length ?? 0
  }

  /** Calls the listeners that there are now, in order. True when there were any. */
  emit<Name extends keyof Events & string>(name: Name, ...args: Events[Name]): boolean {
    const registrations = this.#listeners?.get(name)
    if (registrations === undefined || registrations.length === 0) return false
    for (const registration of registrations) {
      if (registration.isOnce) this.#remove(name, registration)
      try {
        registration.listener.apply(this, args)
      } catch (error) {
        this.#complain(name, error)
      }
    }
    return true
  }

  #add(name: string, registration: Registration): this {
    if (typeof registration.listener !== 'function') {
      throw new TypeError(`listener: a function was expected, not ${String(registration.listener)}`)
    }
    this.#listeners ??= new Map()
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), registration])
    return this
  }

  #remove(name: string, registration: Registration): void {
    const left = this.#listeners?.get(name)?.filter((other) => other !== registration)
    if (left !== undefined) this.#listeners?.set(name, left)
  }

  #complain(name: string, error: unknown): void {
    const listeners = name === 'warning' ? undefined : this.#listeners?.get('warning')
    if (listeners === undefined || listeners.length === 0) {
      queueMicrotask(() => {
        throw error
      })
      return
    }
    this.emit('warning' as keyof Events & string, ...([error] as unknown as Events[keyof Events & string]))
  }
}
