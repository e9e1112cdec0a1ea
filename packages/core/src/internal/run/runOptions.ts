/**
 * The options of a run: checks them, and determines the concurrency.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { ErrorBudget } from "../../ErrorBudgetExhausted.ts"
import { InvalidOptions } from "../../InvalidOptions.ts"
import type { Rounds, StreamOptions } from "../../Run.ts"
import {
  aFunction,
  anything,
  boolean,
  checkOptions,
  checkValue,
  isPositiveInteger,
  oneOf,
  positiveDuration,
  positiveFiniteDuration,
  rule,
  type Rules
} from "../check.ts"
import { aLimiter } from "../limiter/rule.ts"
import type { SessionState } from "../session/state.ts"
import { checked } from "../statement/options.ts"
import { logOf } from "../watch/logs.ts"
import { checkErrorBudget } from "./errorBudget.ts"

const defaultConcurrency = 100

/** The options of every form of a run. */
export type RunOptions =
  & StreamOptions<boolean, ErrorBudget | undefined, Duration.Input | undefined>
  & { readonly rounds?: Rounds | undefined }

export type Form = "array" | "stream" | "counts"

const ofArrays = rule("none, for only executeConcurrent repeats what failed", (form) => form === "array")
const besideRounds = rule("false beside rounds", (value) => value === false)

const rules: Rules<RunOptions> = {
  concurrency: rule(
    "a positive integer or \"unbounded\"",
    (value) => value === "unbounded" || isPositiveInteger(value)
  ),
  raiseOnFirstError: boolean,
  onFirstError: oneOf(["interrupt", "settle"]),
  errorBudget: anything,
  deadline: positiveDuration,
  rounds: rule("a Schedule", Schedule.isSchedule),
  limiter: aLimiter,
  statement: anything,
  spans: rule(
    "\"off\", \"failures\", \"all\" or a share from 0 to 1",
    (value) =>
      value === "off" || value === "failures" || value === "all" ||
      (typeof value === "number" && value >= 0 && value <= 1)
  ),
  onProgress: aFunction("an Effect"),
  progressInterval: positiveFiniteDuration,
  ordered: boolean,
  bufferSize: rule("an integer of at least 0", (value) => value === 0 || isPositiveInteger(value))
}

/** Throws {@link InvalidOptions} for the first option that is invalid. */
export const checkRunOptions = (options: RunOptions, form: Form): void => {
  const { errorBudget, raiseOnFirstError, rounds, statement } = checkOptions(options, rules)
  if (rounds !== undefined) {
    checkValue("rounds", form, ofArrays)
    checkValue("raiseOnFirstError", raiseOnFirstError, besideRounds)
  }
  if (errorBudget !== undefined) checkErrorBudget(errorBudget, raiseOnFirstError)
  if (statement !== undefined) checked(statement, "statement.")
}

/** The level that was asked for, within the capacity of the session at this moment. */
export const levelOf = (
  concurrency: number | "unbounded" | undefined,
  session: SessionState
): Effect.Effect<number> =>
  Effect.flatMap(session.capacity, (capacity) => {
    if (capacity !== undefined && !(typeof capacity === "number" && !Number.isNaN(capacity))) {
      return Effect.die(new InvalidOptions({ option: "capacity of the port", value: capacity, expected: "a number" }))
    }
    // A session that has no connection just now still lets one statement find that out.
    const most = capacity === undefined ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(capacity))
    const asked = concurrency === "unbounded" ? most : concurrency ?? defaultConcurrency
    if (asked <= most) return Effect.succeed(asked)
    const level = Effect.succeed(most)
    // Once, for a service may make a run for each request.
    const isNews = concurrency !== undefined && session.isFirstOf(`concurrency ${concurrency}`)
    return !isNews ? level : Effect.andThen(
      logOf(session, "Warn", `concurrency ${concurrency} is above the capacity of the session: running at ${most}`),
      level
    )
  })
