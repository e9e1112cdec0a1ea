/**
 * How a run ends that a failed statement stopped.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type { Failure } from "./ExecutionResult.ts"
import { stoppedAt } from "./internal/account.ts"
import type { Reason } from "./Reason.ts"
import type { Summary } from "./Summary.ts"

/**
 * A statement failed, and the run was to stop at the first failure.
 *
 * It tells the whole truth in little memory: every index below `startedCount` that is neither that of `failure`, nor of
 * one of `failures`, nor in `unknown`, succeeded; no index at or above `startedCount` was started.
 *
 * **Example** (What a stopped run tells)
 *
 * ```ts
 * import { CqlError, executeConcurrent, Reason, Statement } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const session = MockSession.layer({
 *   answers: [MockSession.when(/app\.broken/, MockSession.fail(new Reason.Overloaded({ message: "busy" })))]
 * })
 * const program = executeConcurrent(
 *   ["app.fine", "app.broken", "app.never"].map((table) => Statement.make(`SELECT * FROM ${table}`)),
 *   { concurrency: 1 }
 * ).pipe(Effect.catchReason("StatementFailed", "Overloaded", (_, error) => Effect.succeed(error.startedCount)))
 * console.assert((await Effect.runPromise(program.pipe(Effect.provide(session)))) === 2)
 * ```
 *
 * @category errors
 * @since 0.1.0
 */
export class StatementFailed extends Data.TaggedError("StatementFailed")<{
  /** The failure that stopped the run. */
  readonly failure: Failure
  /** The reason of that failure's error, so that `Effect.catchReason("StatementFailed", ...)` works. */
  readonly reason: Reason
  /** Indexes at or above it were not started. */
  readonly startedCount: number
  /** Other statements that failed before the run had stopped, by index. */
  readonly failures: ReadonlyArray<Failure>
  /** Indexes stopped before their end, ascending: at most as many as the concurrency. */
  readonly unknown: ReadonlyArray<number>
  readonly summary: Summary
}> {
  override get message(): string {
    return `statement ${this.failure.index} failed: ${this.failure.error.message}; ${stoppedAt(this)}`
  }
}
