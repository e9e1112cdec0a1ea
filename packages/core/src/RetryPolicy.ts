/**
 * Decides when a failed statement is sent again.
 *
 * A statement is sent again only if that can do no harm. This follows from its reason, its outcome and its idempotence
 * (`CqlError.isRetryable`). A policy decides how often, how soon, and for how many statements of a run.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { hasProperty } from "effect/Predicate"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as Check from "./Check.ts"
import type { CqlError } from "./CqlError.ts"
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
  /**
   * Delay before each further attempt, and the number of attempts. It is stepped with the error, separately for each
   * page.
   */
  readonly schedule: Schedule.Schedule<unknown, CqlError>
  /** Narrows what is retried. */
  readonly while: (error: CqlError) => boolean
  readonly budget: Budget
}

/**
 * Retries of one run: a retry is allowed while there are fewer than `max(minimum, share x requests sent)`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Budget {
  /** Retries that are always allowed. */
  readonly minimum: number
  /** Allowed retries as a share of the requests that the run has sent, if that is more than `minimum`. */
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
  /** Restricts retries. An error that is not retryable is never retried. Default: all retryable errors. */
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
  /** Maximum number of retries. Default: no limit. */
  readonly times?: number | undefined
  /** Maximum delay before the first retry. It doubles with each further retry. Default: 20 milliseconds. */
  readonly initial?: Duration.Input | undefined
  /** Maximum of all delays. Default: 2 seconds. */
  readonly max?: Duration.Input | undefined
}

/**
 * A schedule of delays that double up to a maximum. Each delay is random, between half of its maximum and its maximum.
 *
 * Throws `InvalidOptions` for invalid options.
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
  const { initial = "20 millis", max = "2 seconds", times } = Check.options(options, {
    times: Check.nonNegativeInteger,
    initial: Check.finiteDuration,
    max: Check.finiteDuration
  })
  const longest = Check.millis("max", max)
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

/**
 * The default policy: up to three attempts, with delays of at most 20 and 40 milliseconds. In a run, at most ten
 * retries, or a tenth of its requests if that is more.
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
 * Sends no statement twice, and does not wait for room. `retry: "none"` is the short form.
 *
 * @category policies
 * @since 0.1.0
 */
export const none: RetryPolicy = { ...standard, schedule: Schedule.recurs(0), while: () => false }

/**
 * Makes a policy. Throws `InvalidOptions` for invalid options.
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
  const { budget = standard.budget, schedule = standard.schedule, while: narrows = standard.while } = Check.options(
    options,
    {
      schedule: Check.rule("a Schedule", Schedule.isSchedule),
      while: Check.funcReturning("a boolean"),
      budget: Check.rule("{ minimum, share }", isObject)
    },
    "retry."
  )
  Check.options(budget, { minimum: amount, share: amount }, "retry.budget.")
  return { [TypeIds.RetryPolicy]: TypeIds.RetryPolicy, schedule, while: narrows, budget }
}

const isObject = (value: unknown): boolean => typeof value === "object" && value !== null

const amount = Check.rule("a number of at least 0", (value) => typeof value === "number" && value >= 0)

/**
 * Returns true if a value is a {@link RetryPolicy}.
 *
 * @category guards
 * @since 0.1.0
 */
export const isRetryPolicy = (value: unknown): value is RetryPolicy =>
  hasProperty(value, TypeIds.RetryPolicy) && hasProperty(value, "while") && typeof value.while === "function"
