/**
 * Waits on the Clock. Those that end at one instant share a timer: a fiber and a timer for each of a million
 * statements would cost more than the statements.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** One wait. */
class Wait {
  #wake: (() => void) | undefined

  constructor(wake: () => void) {
    this.#wake = wake
  }

  end(): void {
    this.#wake?.()
  }

  stop(): void {
    this.#wake = undefined
  }
}

export class Timers {
  readonly #waiting = new Map<number, Array<Wait>>()

  /** Calls back at the end of a time, unless the wait is stopped first. */
  start(clock: Clock.Clock, millis: number, wake: () => void): Wait {
    const end = clock.currentTimeMillisUnsafe() + millis
    const wait = new Wait(wake)
    const others = this.#waiting.get(end)
    if (others === undefined) this.#sleep(clock, end, millis, wait)
    else others.push(wait)
    return wait
  }

  #sleep(clock: Clock.Clock, end: number, millis: number, first: Wait): void {
    const all = [first]
    this.#waiting.set(end, all)
    Effect.runFork(Effect.map(Effect.provideService(Effect.sleep(millis), Clock.Clock, clock), () => {
      this.#waiting.delete(end)
      for (const wait of all) wait.end()
    }))
  }
}
