import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

/** Milliseconds of the monotonic clock. Differences of them are right also where the wall clock is set meanwhile. */
export const monotonicMillis: Effect.Effect<number> = Effect.map(Clock.Clock, (clock) => millisOf(clock))

export const millisOf = (clock: Clock.Clock): number => Number(clock.monotonicTimeNanosUnsafe() / 1_000_000n)

/** A duration in nanoseconds, rounded to whole milliseconds. */
export const nanosOf = (duration: Duration.Duration): bigint =>
  BigInt(Math.round(Duration.toMillis(duration))) * 1_000_000n
