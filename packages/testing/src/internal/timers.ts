/**
 * Waits on the Clock. Those of one clock that end at one instant share a timer: a fiber and a timer for each of a million
 * statements would cost more than the statements.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"

/** One wait. */
class Wait {
  readonly #timer: Timer
  #wake: (() => void) | undefined

  constructor(timer: Timer, wake: () => void) {
    this.#timer = timer
    this.#wake = wake
  }

  end(): void {
    this.#wake?.()
  }

  stop(): void {
    if (this.#wake === undefined) return
    this.#wake = undefined
    this.#timer.release()
  }
}

/** The waits of one clock for one instant. */
class Timer {
  readonly #timers: Map<number, Timer>
  readonly #end: number
  readonly #waits: Array<Wait> = []
  #waiting = 0
  #fiber: Fiber.Fiber<void> | undefined

  constructor(timers: Map<number, Timer>, end: number) {
    this.#timers = timers
    this.#end = end
  }

  start(clock: Clock.Clock, millis: number): void {
    this.#timers.set(this.#end, this)
    this.#fiber = Effect.runFork(Effect.map(Effect.provideService(Effect.sleep(millis), Clock.Clock, clock), () => {
      this.#forget()
      for (const wait of this.#waits) wait.end()
    }))
  }

  add(wake: () => void): Wait {
    const wait = new Wait(this, wake)
    this.#waits.push(wait)
    this.#waiting++
    return wait
  }

  /** Stops sleeping with the last wait: a clock that is not used again would never end the sleep. */
  release(): void {
    if (--this.#waiting > 0 || this.#timers.get(this.#end) !== this) return
    this.#forget()
    this.#fiber?.interruptUnsafe()
  }

  #forget(): void {
    this.#timers.delete(this.#end)
  }
}

export class Timers {
  // A session may outlive the clock of a test, and serve several clocks at once.
  readonly #ofClocks = new WeakMap<Clock.Clock, Map<number, Timer>>()

  /** Calls back at the end of a time, unless the wait is stopped first. */
  start(clock: Clock.Clock, millis: number, wake: () => void): Wait {
    const timers = this.#of(clock)
    const end = clock.currentTimeMillisUnsafe() + millis
    const others = timers.get(end)
    if (others !== undefined) return others.add(wake)
    const timer = new Timer(timers, end)
    const wait = timer.add(wake)
    timer.start(clock, millis)
    return wait
  }

  #of(clock: Clock.Clock): Map<number, Timer> {
    const found = this.#ofClocks.get(clock)
    if (found !== undefined) return found
    const made = new Map<number, Timer>()
    this.#ofClocks.set(clock, made)
    return made
  }
}
