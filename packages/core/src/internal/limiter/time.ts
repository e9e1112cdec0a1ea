/**
 * Time for limiters: the monotonic clock in milliseconds, and timers.
 *
 * An interface of its own instead of the Clock, so that a simulated server can drive a limiter from its event loop,
 * without a fiber for each event.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

export interface Time {
  /** Milliseconds since an arbitrary moment. They never go back, also when the wall clock is changed. */
  readonly now: () => number
  /** Calls `task` after a delay in milliseconds. Returns a function that cancels the call. */
  readonly after: (millis: number, task: () => void) => () => void
}

/** Time of the fiber that makes a limiter. */
export const time: Effect.Effect<Time> = Effect.contextWith((context: Context.Context<never>) => {
  const clock = Context.get(context, Clock.Clock)
  const fork = Effect.runForkWith(context)
  return Effect.succeed({
    now: () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6,
    after: (millis, task) => {
      const fiber = fork(Effect.map(clock.sleep(Duration.millis(millis)), task))
      return () => fiber.interruptUnsafe()
    }
  })
})
