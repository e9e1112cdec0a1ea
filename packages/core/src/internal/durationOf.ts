/**
 * Reads durations as callers give them.
 */
import * as Duration from "effect/Duration"

const units = new Set([
  "weeks",
  "days",
  "hours",
  "minutes",
  "seconds",
  "milliseconds",
  "microseconds",
  "nanoseconds"
])

/** Returns the duration that a value stands for, or undefined. Effect takes NaN, a Date and `{}` for a duration of zero. */
export const durationOf = (input: unknown): Duration.Duration | undefined => {
  if (Number.isNaN(input) || (typeof input === "object" && input !== null && !isDuration(input))) return undefined
  const duration = Duration.fromInput(input as Duration.Input)
  return duration._tag === "None" ? undefined : duration.value
}

// A Date has no unit, and neither has an object with a misspelt one.
const isDuration = (input: object): boolean => {
  if (Duration.isDuration(input) || Array.isArray(input)) return true
  const names = Object.keys(input)
  return names.length > 0 && names.every((name) => units.has(name))
}
