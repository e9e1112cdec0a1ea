/**
 * Options of limiters as numbers. Times are in milliseconds.
 */
import * as Check from "../../Check.ts"
import type { Bounds, Options, RateOptions } from "../../Limiter.ts"

export type RateNumbers = readonly [statements: number, per: number, burst: number]

/** `at` is the prefix of names in messages. */
export const rateOf = (options: RateOptions, at = ""): RateNumbers => {
  const rules = { statements: Check.positiveInteger, per: Check.positiveFiniteDuration, burst: Check.positiveInteger }
  const { burst, per, statements } = Check.options(options, rules, at)
  Check.value(`${at}statements`, statements, rules.statements)
  const millis = Check.millis(`${at}per`, per, rules.per)
  return [statements, millis, burst ?? Math.max(1, Math.floor(10 * statements / millis))]
}

/** Numbers of bounds. A rate without a bound has an interval of zero. */
export const numbersOf = (
  bounds: Bounds
): { readonly inFlight: number; readonly rate: RateNumbers } => {
  const { inFlight, rate } = Check.options(bounds, {
    inFlight: Check.integer(0, Number.MAX_SAFE_INTEGER),
    rate: Check.anything
  })
  return {
    inFlight: inFlight ?? Number.POSITIVE_INFINITY,
    rate: rate === undefined ? [1, 0, 1] : rateOf(rate, "rate.")
  }
}

export const abandonedFrom = (options: Options): number =>
  Check.millis("abandonedFor", options.abandonedFor ?? "5 seconds")
