/**
 * The error of a fail-fast run: the first failed statement, and how far the run got.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import { isTagged } from "effect/Predicate"
import type { CqlError } from "./CqlError.ts"
import type { Failure, Interrupted } from "./ExecutionResult.ts"
import { hasFailure, notStartedOf, remainingOf, stoppedAt, unsettledOf } from "./internal/run/account.ts"
import type { Reason } from "./Reason.ts"
import type { Selection } from "./Run.ts"
import type { Summary } from "./Summary.ts"

/**
 * A statement of a fail-fast run failed.
 *
 * The error is a complete account of the run. Every index below `startedCount` succeeded, unless it is in `failure`,
 * `failures` or `interrupted`. No index at or above `startedCount` was started.
 *
 * **Example** (Inspecting a stopped run)
 *
 * ```ts
 * import { executeConcurrent, Reason, Statement } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const session = MockSession.layer({
 *   lenient: true,
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
  /** Further statements that failed before the run had stopped, by index. */
  readonly failures: ReadonlyArray<Failure>
  /** The interrupted statements, by index: at most as many as the concurrency. */
  readonly interrupted: ReadonlyArray<Interrupted>
  readonly summary: Summary
}> {
  /**
   * The error of the driver that caused the failure, for printers of errors; a `Redacted` if it quotes a bound value.
   */
  override get cause(): unknown {
    return this.reason.cause
  }

  override get message(): string {
    return `statement ${this.failure.index} failed: ${this.failure.error.message}; ${stoppedAt(this)}`
  }

  /** The statements whose outcome is not certain, by index: `Settlement.settle` may find out more about them. */
  get unsettled(): ReadonlyArray<Failure | Interrupted> {
    return unsettledOf(this.#unsuccessful)
  }

  get #unsuccessful(): ReadonlyArray<Failure | Interrupted> {
    return [this.failure, ...this.failures, ...this.interrupted]
  }

  #indexes: ReadonlySet<number> | undefined

  /** Returns true if the statement of an index succeeded. */
  hasSucceeded(index: number): boolean {
    this.#indexes ??= new Set(this.#unsuccessful.map(({ index }) => index))
    return Number.isInteger(index) && index >= 0 && index < this.startedCount && !this.#indexes.has(index)
  }

  /**
   * Selects the items of the source that have not succeeded, in their order, to resume the run. The result is of the
   * same kind as the source: an iterable, an async iterable or a stream.
   *
   * These are the items that failed, that were interrupted, and that were not started. If you run them again, they are
   * new writes with new timestamps: repeating an idempotent write of unknown outcome does no harm, unless another
   * client has written to its row since. `Settlement.settle` reports which of them have been applied, and returns the
   * others with their first timestamp.
   *
   * Throws `InvalidOptions` where it is read, if the source is an iterator, such as a generator object, that the run has
   * exhausted or closed. A run of it fails with `SourceError`.
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
   * const session = MockSession.layer({ lenient: true, answers: [MockSession.when(/users/, busyOnce)] })
   * const rest = await Effect.runPromise(program.pipe(Effect.provide(session)))
   * console.assert(rest.length === 2)
   * ```
   */
  get remaining(): Selection {
    return remainingOf(this.startedCount, this.#unsuccessful)
  }

  /**
   * Selects the items of the source that were not started, in their order. See {@link remaining} for the kinds of sources.
   */
  get notStarted(): Selection {
    return notStartedOf(this.startedCount)
  }

  /**
   * Replaces a `StatementFailed` by the `CqlError` of the statement that stopped the run, and returns any other error
   * unchanged: for services whose methods fail with `CqlError`.
   *
   * **Example** (A method of a service)
   *
   * ```ts
   * import { CqlError, executeConcurrent, Reason, Statement, StatementFailed } from "@effect-cql/core"
   * import { MockSession } from "@effect-cql/testing"
   * import { Effect } from "effect"
   *
   * const find = executeConcurrent([Statement.make("SELECT name FROM app.users")]).pipe(
   *   Effect.mapError(StatementFailed.toCqlError)
   * )
   * const session = MockSession.layer({ otherwise: MockSession.fail(new Reason.Overloaded({ message: "busy" })) })
   * const error = await Effect.runPromise(Effect.flip(find).pipe(Effect.provide(session)))
   * console.assert(error instanceof CqlError)
   * ```
   */
  static toCqlError<E>(this: void, error: E): Exclude<E, StatementFailed> | CqlError
  static toCqlError(this: void, error: unknown): unknown {
    return isStatementFailed(error) ? error.failure.error : error
  }
}

/**
 * Returns true if a value is a {@link StatementFailed}, of this copy of core or of another. Returns false for an error of
 * your own with the same tag.
 *
 * @category guards
 * @since 0.1.0
 */
export const isStatementFailed = (value: unknown): value is StatementFailed =>
  isTagged(value, "StatementFailed") && hasFailure(value)
