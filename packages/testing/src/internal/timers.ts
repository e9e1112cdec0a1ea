/**
 * Waits on the Clock. Those that end at one instant share a timer: a fiber and a timer for each of a million
 * statements would cost more than the statements.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

export class Timers {
  readonly #waiting = new Map<number, Set<() => void>>()

  wait(millis: number): Effect.Effect<void> {
    return Effect.flatMap(Clock.Clock, (clock) =>
      Effect.callback<void>((resume) => {
        const end = clock.currentTimeMillisUnsafe() + millis
        const wake = () => resume(Effect.void)
        const others = this.#waiting.get(end)
        if (others === undefined) this.#start(clock, end, millis, wake)
        else others.add(wake)
        return Effect.sync(() => this.#waiting.get(end)?.delete(wake))
      }))
  }

  #start(clock: Clock.Clock, end: number, millis: number, wake: () => void): void {
    const all = new Set([wake])
    this.#waiting.set(end, all)
    Effect.runFork(Effect.map(Effect.provideService(Effect.sleep(millis), Clock.Clock, clock), () => {
      this.#waiting.delete(end)
      for (const each of all) each()
    }))
  }
}
