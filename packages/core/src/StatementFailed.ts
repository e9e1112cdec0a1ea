/**
 * How a run ends that a failed statement stopped.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type { Selection } from "./Concurrent.ts"
import type { Failure, Interrupted } from "./ExecutionResult.ts"
import { selecting, stoppedAt, unsettledOf } from "./internal/run/account.ts"
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

  /** What `Settlement.settle` may know more of: the statements whose outcome is open, by index. */
  get unsettled(): ReadonlyArray<Failure | Interrupted> {
    return unsettledOf([this.failure, ...this.failures], this.interrupted)
  }

  #open: ReadonlySet<number> | undefined

  /** Whether the statement of an index succeeded. */
  hasSucceeded(index: number): boolean {
    this.#open ??= new Set([this.failure, ...this.failures, ...this.interrupted].map((open) => open.index))
    return Number.isInteger(index) && index >= 0 && index < this.startedCount && !this.#open.has(index)
  }

  /**
   * The items of the source that have not succeeded, in their order: to go on where the run stopped. An iterable gives an
   * iterable, an async iterable one of its kind, and a stream a stream.
   *
   * They are those that failed, those that were stopped, and those that were not started. Run again they are new writes, with
   * new timestamps: one of unknown outcome that is idempotent is applied twice without harm, unless somebody else has
   * written to its row since. `Settlement.settle` tells which of them have been applied, and gives the others with their first
   * timestamp.
   *
   * It dies of `InvalidOptions` when it is iterated over an iterator, such as a generator object, that the run has read and that
   * has nothing left.
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
  get remaining(): Selection {
    return selecting((index) => !this.hasSucceeded(index))
  }
}
