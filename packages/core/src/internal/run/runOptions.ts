/**
 * The options of a run: checks them, and determines the concurrency.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Check from "../../Check.ts"
import type { ErrorBudget } from "../../ErrorBudgetExhausted.ts"
import { InvalidOptions } from "../../InvalidOptions.ts"
import type { Rounds, StreamOptions } from "../../Run.ts"
import { aLimiter } from "../limiter/basicLimiter.ts"
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

const verbs = { stream: "streamConcurrent", counts: "runConcurrent" }
const roundsElsewhere = {
  option: "rounds",
  expected: "none, because only executeConcurrent repeats failed statements"
}
const besideRounds = Check.rule("false beside rounds", (value) => value === false)

const rules: Check.Rules<RunOptions> = {
  concurrency: Check.rule(
    "a positive integer or \"unbounded\"",
    (value) => value === "unbounded" || Check.isPositiveInteger(value)
  ),
  raiseOnFirstError: Check.boolean,
  onFirstError: Check.oneOf(["interrupt", "settle"]),
  errorBudget: Check.anything,
  deadline: Check.positiveDuration,
  rounds: Check.rule("a Schedule", Schedule.isSchedule),
  limiter: aLimiter,
  statement: Check.anything,
  spans: Check.rule(
    "\"off\", \"failures\", \"all\" or a share from 0 to 1",
    (value) =>
      value === "off" || value === "failures" || value === "all" ||
      (typeof value === "number" && value >= 0 && value <= 1)
  ),
  onProgress: Check.funcReturning("an Effect"),
  progressInterval: Check.positiveFiniteDuration,
  ordered: Check.boolean,
  bufferSize: Check.nonNegativeInteger
}

/** Throws {@link InvalidOptions} for the first option that is invalid. */
export const checkRunOptions = (options: RunOptions, form: Form): void => {
  const { errorBudget, raiseOnFirstError, rounds, statement } = Check.options(options, rules)
  if (rounds !== undefined) {
    if (form !== "array") throw new InvalidOptions({ ...roundsElsewhere, given: `a Schedule for ${verbs[form]}` })
    Check.value("raiseOnFirstError", raiseOnFirstError, besideRounds)
  }
  if (errorBudget !== undefined) checkErrorBudget(errorBudget, raiseOnFirstError)
  if (statement !== undefined) checked(statement, "statement.")
}

/** The concurrency of a run: the requested one, within the capacity of the session at this moment. */
export const concurrencyOf = (
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
    const clamped = Effect.succeed(most)
    // Once, for a service may make a run for each request.
    const isNews = concurrency !== undefined && session.isFirstOf(`concurrency ${concurrency}`)
    return !isNews ? clamped : Effect.andThen(
      logOf(session, "Warn", `concurrency ${concurrency} is above the capacity of the session: running at ${most}`),
      clamped
    )
  })
