/**
 * Options of limiters as numbers. Times are in milliseconds.
 */
import type { Bounds, Options, RateOptions } from "../../Limiter.ts"
import {
  anything,
  checkOptions,
  checkValue,
  integer,
  millisOf,
  positiveFiniteDuration,
  positiveInteger
} from "../check.ts"

export type RateNumbers = readonly [statements: number, per: number, burst: number]

export const rateOf = (options: RateOptions): RateNumbers => {
  const rules = { statements: positiveInteger, per: positiveFiniteDuration, burst: positiveInteger }
  const { burst, per, statements } = checkOptions(options, rules)
  checkValue("statements", statements, rules.statements)
  const millis = millisOf(checkValue("per", per, rules.per)) ?? 0
  return [statements, millis, burst ?? Math.max(1, Math.floor(10 * statements / millis))]
}

/** Numbers of bounds. A rate without a bound has an interval of zero. */
export const numbersOf = (
  bounds: Bounds
): { readonly inFlight: number; readonly rate: RateNumbers } => {
  const { inFlight, rate } = checkOptions(bounds, { inFlight: integer(0, Number.MAX_SAFE_INTEGER), rate: anything })
  return { inFlight: inFlight ?? Number.POSITIVE_INFINITY, rate: rate === undefined ? [1, 0, 1] : rateOf(rate) }
}

export const abandonedFrom = (options: Options): number => millisOf(options.abandonedFor ?? "5 seconds") ?? 0
