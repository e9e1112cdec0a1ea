/**
 * Durations of options.
 */
import * as Duration from "effect/Duration"

export const millisOf = (duration: Duration.Input): number => Duration.toMillis(Duration.fromInputUnsafe(duration))
