/**
 * When a failed statement is sent again, and when not.
 *
 * Whether it *may* be sent again without doing harm is not for a policy to say: that follows from its reason, its outcome
 * and its idempotence (`CqlError.isRetryable`). A policy says how often, how soon, and for how many statements of a run.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type { CqlError } from "./CqlError.ts"
import { millisOf } from "./internal/millis.ts"
import { isPositiveInteger } from "./internal/numbers.ts"
import { InvalidOptions } from "./InvalidOptions.ts"

/**
 * How often and how soon.
 *
 * A request for which all connections are full is not sent. Unless there is but one attempt it waits for room, for some ten
 * seconds with the delays of {@link standard}, and counts neither as an attempt nor against the budget.
 *
 * A retry keeps the place of its statement, and the timestamp of its first attempt: a late retry never overwrites a newer
 * write.
 *
 * @category models
 * @since 0.1.0
 */
export interface RetryPolicy {
  /** Attempts at most, the first one included. */
  readonly attempts: number
  /**
   * The longest wait before the second attempt, in milliseconds; it doubles with each further one. Each wait is from half of
   * its longest to all of it, by chance.
   */
  readonly initialDelay: number
  /** The longest wait of all, in milliseconds. */
  readonly maxDelay: number
  /** Retries that a run may make, however few requests it has sent. */
  readonly budgetMinimum: number
  /** Retries that a run may make, as a share of the requests that it has sent so far, where that is more. */
  readonly budgetShare: number
  /** Narrows what is retried further. */
  readonly while: (error: CqlError) => boolean
}

/**
 * What can be said of a policy; the rest is that of {@link standard}.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Attempts at most, the first one included. Default: 3. */
  readonly attempts?: number | undefined
  /** The longest wait before the second attempt. Default: 20 milliseconds. */
  readonly initialDelay?: Duration.Input | undefined
  /** The longest wait of all. Default: 2 seconds. */
  readonly maxDelay?: Duration.Input | undefined
  /** Retries are allowed while a run has made fewer than `max(minimum, share x requests sent)`. Default: 10 and 0.1. */
  readonly budget?: { readonly minimum: number; readonly share: number } | undefined
  /** Narrows what is retried: what is not retryable is not retried whatever it says. Default: everything retryable. */
  readonly while?: ((error: CqlError) => boolean) | undefined
}

/**
 * Up to three attempts, after waits of at most 20 and 40 milliseconds; in a run ten retries, or a tenth of its requests where
 * that is more. On by default.
 *
 * @category policies
 * @since 0.1.0
 */
export const standard: RetryPolicy = {
  attempts: 3,
  initialDelay: 20,
  maxDelay: 2_000,
  budgetMinimum: 10,
  budgetShare: 0.1,
  while: () => true
}

/**
 * No statement is sent twice. `retry: "none"` is short for it.
 *
 * @category policies
 * @since 0.1.0
 */
export const none: RetryPolicy = { ...standard, attempts: 1 }

/**
 * Makes a policy. What cannot be is a programming error: it throws `InvalidOptions`.
 *
 * **Example** (Patient with a busy server)
 *
 * ```ts
 * import { RetryPolicy, Statement } from "@effect-cql/core"
 *
 * const patient = RetryPolicy.make({ attempts: 6, while: (error) => error.reason._tag === "Overloaded" })
 * const statement = Statement.make("SELECT name FROM app.users", [], { retry: patient })
 * console.assert(statement.options.retry === patient)
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options): RetryPolicy => {
  const { attempts = standard.attempts, budget } = options
  if (!isPositiveInteger(attempts)) {
    throw new InvalidOptions({ option: "retry.attempts", value: attempts, expected: "a positive integer" })
  }
  return {
    attempts,
    initialDelay: millis("initialDelay", options.initialDelay, standard.initialDelay),
    maxDelay: millis("maxDelay", options.maxDelay, standard.maxDelay),
    budgetMinimum: amount("budget.minimum", budget?.minimum, standard.budgetMinimum),
    budgetShare: amount("budget.share", budget?.share, standard.budgetShare),
    while: options.while ?? standard.while
  }
}

const millis = (name: string, input: Duration.Input | undefined, standard: number): number => {
  const millis = input === undefined ? standard : millisOf(input)
  if (millis !== undefined) return millis
  throw new InvalidOptions({ option: `retry.${name}`, value: input, expected: "a duration, such as \"20 millis\"" })
}

const amount = (name: string, value: number | undefined, standard: number): number => {
  if (value === undefined) return standard
  if (value >= 0) return value
  throw new InvalidOptions({ option: `retry.${name}`, value, expected: "a number of at least 0" })
}
