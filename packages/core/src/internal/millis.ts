/**
 * Durations that options are given as.
 */
import * as Duration from "effect/Duration"

/** The milliseconds of a duration, maybe infinitely many; nothing for a negative one, and for what is none. */
export const millisOf = (input: Duration.Input): number | undefined => {
  const duration = Duration.fromInput(input)
  // NaN would be a duration of zero.
  if (duration._tag === "None" || Number.isNaN(input)) return undefined
  const millis = Duration.toMillis(duration.value)
  return millis >= 0 ? millis : undefined
}
