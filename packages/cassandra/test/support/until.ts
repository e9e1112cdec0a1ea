import { Duration, Effect, Schedule } from "effect"

/**
 * Waits until something holds, and fails with its name after a time (default: 15 seconds). An effect that fails is tried
 * again.
 */
export const until = <E = never, R = never>(
  what: string,
  holds: (() => boolean) | Effect.Effect<boolean, E, R>,
  within: Duration.Input = "15 seconds"
): Effect.Effect<void, E | string, R> => {
  const check = Effect.isEffect(holds) ? holds : Effect.sync(holds)
  return check.pipe(
    Effect.flatMap((isSo) => isSo ? Effect.void : Effect.fail(`${what}: not so in time`)),
    Effect.retry({ schedule: Schedule.spaced("20 millis"), times: Math.ceil(Duration.toMillis(within) / 20) })
  )
}
