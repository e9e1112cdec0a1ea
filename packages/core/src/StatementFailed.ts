/**
 * How a run ends that a failed statement stopped.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type { Failure, Interrupted } from "./ExecutionResult.ts"
import { stoppedAt, unsettledOf } from "./internal/account.ts"
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
  /** Statements stopped before their end, by index: at most as many as the concurrency. */
  readonly interrupted: ReadonlyArray<Interrupted>
  readonly summary: Summary
}> {
  /** The indexes of those that were stopped before their end, ascending. */
  get unknown(): ReadonlyArray<number> {
    return this.interrupted.map(({ index }) => index)
  }

  override get message(): string {
    return `statement ${this.failure.index} failed: ${this.failure.error.message}; ${stoppedAt(this)}`
  }

  /** What `Outcome.settle` may know more of: the statements whose outcome is open, by index. */
  get unsettled(): ReadonlyArray<Failure | Interrupted> {
    return unsettledOf([this.failure, ...this.failures], this.interrupted)
  }

  /** Whether the statement of an index succeeded. */
  hasSucceeded(index: number): boolean {
    return index < this.startedCount && index !== this.failure.index &&
      ![...this.failures, ...this.interrupted].some((open) => open.index === index)
  }

  /**
   * The items of the source that have not succeeded, in their order: to go on where the run stopped.
   *
   * They are those that failed, those that are unknown, and those that were not started. Run again they are new writes, with
   * new timestamps: an unknown one that is idempotent is applied twice without harm, unless somebody else has written to
   * its row since. `Outcome.settle` tells which of them have been applied, and gives the others with their first timestamp.
   *
   * **Example** (Going on after an overload)
   *
   * ```ts
   * import { executeConcurrent, Reason, Statement } from "@effect-cql/core"
   * import { MockSession } from "@effect-cql/testing"
   * import { Effect } from "effect"
   *
   * const statements = [1, 2, 3].map((id) => Statement.make("INSERT INTO app.users (id) VALUES (?)", [id]))
   * const busyOnce = MockSession.inTurn(
   *   MockSession.rows([]),
   *   MockSession.fail(new Reason.Overloaded({ message: "busy" })),
   *   MockSession.rows([])
   * )
   * const program = executeConcurrent(statements, { concurrency: 1, statement: { retry: "none" } }).pipe(
   *   Effect.catchTag("StatementFailed", (error) => executeConcurrent([...error.remaining(statements)]))
   * )
   * const session = MockSession.layer({ answers: [MockSession.when(/users/, busyOnce)] })
   * const rest = await Effect.runPromise(program.pipe(Effect.provide(session)))
   * console.assert(rest.length === 2)
   * ```
   */
  *remaining<Item>(source: Iterable<Item>): Generator<Item, void, undefined> {
    const open = new Set([this.failure, ...this.failures, ...this.interrupted].map(({ index }) => index))
    let index = 0
    for (const item of source) {
      if (index >= this.startedCount || open.has(index)) yield item
      index++
    }
  }
}
