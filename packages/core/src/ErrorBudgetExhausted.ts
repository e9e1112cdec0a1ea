/**
 * The error of a run that exceeded its error budget.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import { NodeInspectSymbol } from "effect/Inspectable"
import { isTagged } from "effect/Predicate"
import { type ExecutionResult, type Failure, isFailure } from "./ExecutionResult.ts"
import { hasFailure, notStartedOf, remainingOf, stoppedAt, unsettledOf } from "./internal/run/account.ts"
import type { Reason } from "./Reason.ts"
import type { Selection } from "./Run.ts"
import type { Summary } from "./Summary.ts"

/**
 * Number of statements that may fail before a run stops: a count, or a share of the most recently completed ones.
 *
 * - `{ failures: 100 }`: the hundredth failure stops the run.
 * - `{ share: 0.2, window: 1_000 }`: the run stops when 200 of the last 1,000 completed statements have failed. It also
 *   stops if the first 200 statements fail, because the following 800 could not change that.
 *
 * @category options
 * @since 0.1.0
 */
export type ErrorBudget =
  | { readonly failures: number; readonly share?: undefined; readonly window?: undefined }
  | { readonly share: number; readonly window: number; readonly failures?: undefined }

/**
 * Too many statements of a run failed.
 *
 * After the failure that exhausted the budget, no statement started; those in flight have finished. Indexes at or above
 * `startedCount` were not started; {@link notStarted} selects them. The results of the others are in `results` if the
 * run returns an array. A stream has emitted them, and `runConcurrent` has only counted them: `results` and `unsettled`
 * are then empty.
 *
 * **Example** (A table that is gone)
 *
 * ```ts
 * import { executeConcurrent, Reason, Statement } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const statements = Array.from({ length: 1_000 }, (_, id) => Statement.make("INSERT INTO app.users (id) VALUES (?)", [id]))
 * const program = executeConcurrent(statements, {
 *   concurrency: 10,
 *   raiseOnFirstError: false,
 *   errorBudget: { failures: 20 }
 * }).pipe(
 *   Effect.catchReason("ErrorBudgetExhausted", "InvalidQuery", (_, error) =>
 *     Effect.succeed({ failed: error.results.length, left: [...error.notStarted(statements)].length }))
 * )
 * const session = MockSession.layer({
 *   otherwise: MockSession.fail(new Reason.InvalidQuery({ message: "table users does not exist" }))
 * })
 * const end = await Effect.runPromise(program.pipe(Effect.provide(session)))
 * console.assert("left" in end && end.failed === 20 && end.left === 980)
 * ```
 *
 * @category errors
 * @since 0.1.0
 */
export class ErrorBudgetExhausted<out Row = unknown> extends Data.TaggedError("ErrorBudgetExhausted")<{
  readonly budget: ErrorBudget
  /** The failure that exhausted the budget. */
  readonly failure: Failure
  /** The reason of that failure's error, so that `Effect.catchReason("ErrorBudgetExhausted", ...)` works. */
  readonly reason: Reason
  /** Indexes at or above it were not started. */
  readonly startedCount: number
  /** The results by index, if the run returns an array; empty otherwise. */
  readonly results: ReadonlyArray<ExecutionResult<unknown>>
  readonly summary: Summary
}> {
  declare readonly results: ReadonlyArray<ExecutionResult<Row>>

  /**
   * The error of the driver that caused the failure, for printers of errors; a `Redacted` if it quotes a bound value.
   */
  override get cause(): unknown {
    return this.reason.cause
  }

  override get message(): string {
    const { budget, failure } = this
    const bound = budget.failures === undefined
      ? `a share of ${budget.share} of the last ${budget.window} statements may fail, and that many did`
      : `${budget.failures} statements failed`
    return `${bound}, the last of them statement ${failure.index}: ${failure.error.message}; ${stoppedAt(this)}`
  }

  /** The results whose outcome is not certain, by index. Empty for a stream and for `runConcurrent`. */
  get unsettled(): ReadonlyArray<ExecutionResult<Row>> {
    return unsettledOf(this.results)
  }

  /**
   * Selects the remaining items, in their order: those that failed, and those that were not started. Failures that a
   * stream has emitted or `runConcurrent` has counted are not included. See `StatementFailed.remaining`.
   */
  get remaining(): Selection {
    return remainingOf(this.startedCount, this.results.filter(isFailure))
  }

  /**
   * Selects the items of the source that were not started, in their order. See {@link remaining} for the kinds of sources.
   */
  get notStarted(): Selection {
    return notStartedOf(this.startedCount)
  }

  // Results hold the rows that were read: they are counted, and not shown.
  override toJSON(): unknown {
    const { budget, failure, message, startedCount, summary } = this
    const results = this.results.length
    return { _tag: this._tag, message, budget, failed: failure.index, startedCount, results, summary }
  }

  override [NodeInspectSymbol](): unknown {
    return this.toJSON()
  }
}

/**
 * Returns true if a value is an {@link ErrorBudgetExhausted}, of this copy of core or of another. Returns false for an error
 * of your own with the same tag.
 *
 * @category guards
 * @since 0.1.0
 */
export const isErrorBudgetExhausted = (value: unknown): value is ErrorBudgetExhausted =>
  isTagged(value, "ErrorBudgetExhausted") && hasFailure(value)
