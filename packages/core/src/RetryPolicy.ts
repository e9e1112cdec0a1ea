/**
 * When a failed statement is sent again.
 *
 * A statement is only sent again where that can do no harm, which follows from its reason, its outcome and its idempotence
 * (`CqlError.isRetryable`). A policy decides how often, how soon, and for how many statements of a run.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { hasProperty } from "effect/Predicate"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import type { CqlError } from "./CqlError.ts"
import { aFunction, checkOptions, duration, millisOf, rule } from "./internal/check.ts"
import * as TypeIds from "./internal/typeIds.ts"

/**
 * Number and delays of retries.
 *
 * A request for which all connections are full is not sent. It waits for room, for about ten seconds with the delays of
 * {@link standard}, and counts neither as an attempt nor against the budget. It does not wait if `while` refuses its error.
 *
 * A retry keeps the place of its statement, and the timestamp of its first attempt: a late retry never overwrites a newer
 * write.
 *
 * @category models
 * @since 0.1.0
 */
export interface RetryPolicy {
  readonly [TypeIds.RetryPolicy]: typeof TypeIds.RetryPolicy
  /** The wait before each further attempt, and how many there are. It is stepped with the error, page by page. */
  readonly schedule: Schedule.Schedule<unknown, CqlError>
  /** Narrows what is retried. */
  readonly while: (error: CqlError) => boolean
  readonly budget: Budget
}

/**
 * The retries of one run: they are allowed while there are fewer than `max(minimum, share x requests sent)`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Budget {
  /** Retries that a run may make, however few requests it has sent. */
  readonly minimum: number
  /** Retries that a run may make, as a share of the requests that it has sent so far, where that is more. */
  readonly share: number
}

/**
 * Options of {@link make}.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Default: that of {@link standard}. */
  readonly schedule?: Schedule.Schedule<unknown, CqlError> | undefined
  /** Narrows what is retried: an error that is not retryable is never retried. Default: everything retryable. */
  readonly while?: ((error: CqlError) => boolean) | undefined
  /** Default: `{ minimum: 10, share: 0.1 }`. */
  readonly budget?: Budget | undefined
}

/**
 * Options of {@link backoff}.
 *
 * @category options
 * @since 0.1.0
 */
export interface BackoffOptions {
  /** Retries at most. Default: no bound. */
  readonly times?: number | undefined
  /** The longest wait before the first retry; it doubles with each further one. Default: 20 milliseconds. */
  readonly initial?: Duration.Input | undefined
  /** The longest wait of all. Default: 2 seconds. */
  readonly max?: Duration.Input | undefined
}

/**
 * A schedule of waits that double up to a maximum. Each wait is drawn uniformly between half of its longest and all of it.
 *
 * Bad options are programming errors: it throws `InvalidOptions`.
 *
 * **Example** (Up to nine retries, a second apart at most)
 *
 * ```ts
 * import { RetryPolicy } from "@effect-cql/core"
 *
 * const patient = RetryPolicy.make({ schedule: RetryPolicy.backoff({ times: 9, max: "1 second" }) })
 * console.assert(RetryPolicy.isRetryPolicy(patient))
 * ```
 *
 * @category schedules
 * @since 0.1.0
 */
export const backoff = (options: BackoffOptions = {}): Schedule.Schedule<Duration.Duration> => {
  const { initial = "20 millis", max = "2 seconds", times } = checkOptions(options, {
    times: count,
    initial: duration,
    max: duration
  })
  const longest = millisOf(max) ?? 0
  const doubled = Schedule.exponential(initial)
  const bounded = times === undefined ? doubled : Schedule.upTo(doubled, { times })
  return Schedule.modifyDelay(
    bounded,
    ({ duration }) =>
      Effect.map(
        Random.next,
        (drawn) => Duration.millis(Math.round(Math.min(longest, Duration.toMillis(duration)) * (0.5 + drawn / 2)))
      )
  )
}

const count = rule("an integer of at least 0", (value) => Number.isSafeInteger(value) && Number(value) >= 0)

/**
 * Up to three attempts, after waits of at most 20 and 40 milliseconds; in a run ten retries, or a tenth of its requests where
 * that is more. On by default.
 *
 * @category policies
 * @since 0.1.0
 */
export const standard: RetryPolicy = {
  [TypeIds.RetryPolicy]: TypeIds.RetryPolicy,
  schedule: backoff({ times: 2 }),
  while: () => true,
  budget: { minimum: 10, share: 0.1 }
}

/**
 * No statement is sent twice, and none waits for room. `retry: "none"` is short for it.
 *
 * @category policies
 * @since 0.1.0
 */
export const none: RetryPolicy = { ...standard, schedule: Schedule.recurs(0), while: () => false }

/**
 * Makes a policy. Bad options are programming errors: it throws `InvalidOptions`.
 *
 * **Example** (Patient with a busy server)
 *
 * ```ts
 * import { RetryPolicy, Statement } from "@effect-cql/core"
 * import { Schedule } from "effect"
 *
 * const patient = RetryPolicy.make({
 *   schedule: Schedule.spaced("1 second").pipe(Schedule.upTo({ times: 5 })),
 *   while: (error) => error.reason._tag === "Overloaded"
 * })
 * const statement = Statement.make("SELECT name FROM app.users", [], { retry: patient })
 * console.assert(statement.options.retry === patient)
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options): RetryPolicy => {
  const { budget = standard.budget, schedule = standard.schedule, while: narrows = standard.while } = checkOptions(
    options,
    {
      schedule: rule("a Schedule", Schedule.isSchedule),
      while: aFunction("a boolean"),
      budget: rule("{ minimum, share }", isObject)
    },
    "retry."
  )
  checkOptions(budget, { minimum: amount, share: amount }, "retry.budget.")
  return { [TypeIds.RetryPolicy]: TypeIds.RetryPolicy, schedule, while: narrows, budget }
}

const isObject = (value: unknown): boolean => typeof value === "object" && value !== null

const amount = rule("a number of at least 0", (value) => typeof value === "number" && value >= 0)

/**
 * Returns true if a value is a {@link RetryPolicy}.
 *
 * @category guards
 * @since 0.1.0
 */
export const isRetryPolicy = (value: unknown): value is RetryPolicy =>
  hasProperty(value, TypeIds.RetryPolicy) && hasProperty(value, "while") && typeof value.while === "function"
