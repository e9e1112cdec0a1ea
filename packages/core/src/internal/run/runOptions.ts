/**
 * The options of a run: checked, and the level that follows from them.
 */
import * as Effect from "effect/Effect"
import type { StreamOptions } from "../../Concurrent.ts"
import type { ErrorBudget } from "../../ErrorBudgetExhausted.ts"
import { InvalidOptions } from "../../InvalidOptions.ts"
import { checkedLimiter } from "../limiter/checked.ts"
import { isPositiveInteger } from "../numbers.ts"
import { checked } from "../statement/options.ts"
import { checkErrorBudget } from "./errorBudget.ts"

const defaultConcurrency = 100

/** Throws {@link InvalidOptions} for the first option that cannot be. */
export const checkRunOptions = (options: StreamOptions<boolean, ErrorBudget | undefined>): void => {
  if (typeof options !== "object" || options === null) {
    throw new InvalidOptions({ option: "options", value: options, expected: "an object" })
  }
  const { bufferSize, concurrency, errorBudget, onFirstError, onProgress, ordered, raiseOnFirstError } = options
  const check = (option: string, value: unknown, valid: boolean, expected: string) => {
    if (value !== undefined && !valid) throw new InvalidOptions({ option, value, expected })
  }
  const isConcurrency = concurrency === "unbounded" || isPositiveInteger(concurrency)
  const isBuffer = bufferSize === 0 || isPositiveInteger(bufferSize)
  check("concurrency", concurrency, isConcurrency, "a positive integer or \"unbounded\"")
  check("bufferSize", bufferSize, isBuffer, "an integer of at least 0")
  check("raiseOnFirstError", raiseOnFirstError, typeof raiseOnFirstError === "boolean", "true or false")
  check("ordered", ordered, typeof ordered === "boolean", "true or false")
  check(
    "onFirstError",
    onFirstError,
    onFirstError === "interrupt" || onFirstError === "settle",
    "\"interrupt\" or \"settle\""
  )
  check("onProgress", onProgress, typeof onProgress === "function", "a function that gives an Effect")
  if (errorBudget !== undefined) checkErrorBudget(errorBudget, raiseOnFirstError)
  if (options.statement !== undefined) checked(options.statement, "statement.")
  if (options.limiter !== undefined) checkedLimiter(options.limiter, "limiter")
}

/** The level that was asked for, within the capacity of the session at this moment. */
export const levelOf = (
  concurrency: number | "unbounded" | undefined,
  capacity: Effect.Effect<number | undefined>
): Effect.Effect<number> =>
  Effect.flatMap(capacity, (capacity) => {
    if (capacity !== undefined && !(typeof capacity === "number" && !Number.isNaN(capacity))) {
      return Effect.die(new InvalidOptions({ option: "capacity of the port", value: capacity, expected: "a number" }))
    }
    // A session that has no connection just now still lets one statement find that out.
    const most = capacity === undefined ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(capacity))
    const asked = concurrency === "unbounded" ? most : concurrency ?? defaultConcurrency
    if (asked <= most) return Effect.succeed(asked)
    const level = Effect.succeed(most)
    return concurrency === undefined ? level : Effect.andThen(
      Effect.logWarning(`concurrency ${concurrency} is above the capacity of the session: running at ${most}`),
      level
    )
  })
