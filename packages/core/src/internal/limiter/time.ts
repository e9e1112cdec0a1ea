/**
 * What limiters need of time: the monotonic clock in milliseconds, and to be called back.
 *
 * A port of its own rather than the Clock, so that a simulated server can drive a limiter from its event loop, without a
 * fiber for each event.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

export interface Time {
  /** Milliseconds since some moment; they never go back, whatever the clock on the wall does. */
  readonly now: () => number
  /** Calls back after a delay in milliseconds, unless that is called off by what is given back. */
  readonly after: (millis: number, task: () => void) => () => void
}

/** The time of the fiber that makes a limiter. */
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
