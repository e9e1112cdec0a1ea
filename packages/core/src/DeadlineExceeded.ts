/**
 * The error of a run that did not end before its deadline.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import { NodeInspectSymbol } from "effect/Inspectable"
import type { ExecutionResult, Failure, Interrupted } from "./ExecutionResult.ts"
import { notStartedOf, remainingOf, stoppedAt, unsettledOf } from "./internal/run/account.ts"
import type { Selection } from "./Run.ts"
import type { Summary } from "./Summary.ts"

/**
 * A run did not end before its `deadline`. At the deadline, the statements in flight were interrupted, and no further
 * statement started.
 *
 * Every index below `startedCount` that is neither in `failures` nor in `interrupted` succeeded, or is a failure that a
 * stream has emitted or `runConcurrent` has counted. A stream emits all available results before it fails.
 *
 * **Example** (A job that continues later)
 *
 * ```ts
 * import { runConcurrent, Statement } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const statements = Array.from({ length: 100 }, (_, id) => Statement.make("INSERT INTO app.users (id) VALUES (?)", [id]))
 * const program = runConcurrent(statements, { concurrency: 10, deadline: "50 millis" }).pipe(
 *   Effect.as(statements.slice(0, 0)),
 *   Effect.catchTag("DeadlineExceeded", (error) => Effect.succeed([...error.remaining(statements)]))
 * )
 * const left = await Effect.runPromise(program.pipe(Effect.provide(MockSession.layer({ latency: "20 millis" }))))
 * console.assert(left.length > 0)
 * ```
 *
 * @category errors
 * @since 0.1.0
 */
export class DeadlineExceeded<out Row = unknown> extends Data.TaggedError("DeadlineExceeded")<{
  /** The `deadline` of the run: its maximum duration. */
  readonly deadline: Duration.Duration
  /** Indexes at or above it were not started. */
  readonly startedCount: number
  /** The statements that failed, by index. Empty if a stream has emitted them or `runConcurrent` has counted them. */
  readonly failures: ReadonlyArray<Failure>
  /** The interrupted statements, by index: at most as many as the concurrency. */
  readonly interrupted: ReadonlyArray<Interrupted>
  /** The results, by index, if the run returns an array; empty otherwise. */
  readonly results: ReadonlyArray<ExecutionResult<unknown>>
  readonly summary: Summary
}> {
  declare readonly results: ReadonlyArray<ExecutionResult<Row>>

  override get message(): string {
    return `the run exceeded its deadline of ${Duration.format(this.deadline)}; ${stoppedAt(this)}`
  }

  /** The statements whose outcome is not certain, by index: `Settlement.settle` may find out more about them. */
  get unsettled(): ReadonlyArray<Failure | Interrupted> {
    return unsettledOf([...this.failures, ...this.interrupted])
  }

  /**
   * Selects the remaining items, in their order: those of `failures`, those that were interrupted, and those that were
   * not started. See `StatementFailed.remaining`.
   */
  get remaining(): Selection {
    return remainingOf(this.startedCount, [...this.failures, ...this.interrupted])
  }

  /**
   * Selects the items of the source that were not started, in their order. See {@link remaining} for the kinds of sources.
   */
  get notStarted(): Selection {
    return notStartedOf(this.startedCount)
  }

  // Results hold the rows that were read: they are counted, and not shown.
  override toJSON(): unknown {
    const { deadline, failures, interrupted, message, startedCount, summary } = this
    const results = this.results.length
    return { _tag: this._tag, message, deadline, startedCount, failures, interrupted, results, summary }
  }

  override [NodeInspectSymbol](): unknown {
    return this.toJSON()
  }
}
