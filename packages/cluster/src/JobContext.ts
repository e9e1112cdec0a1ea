/**
 * The context of a unit of a job. Users reach this module through `Job`.
 *
 * @since 0.1.0
 */
import type { Batch, CqlError, Outcome, Session, Statement } from "@effect-cql/core"
import type * as Effect from "effect/Effect"
import type { JobStopped, StatementNotIdempotent } from "./JobErrors.ts"
import type { LaneLost } from "./Lanes.ts"

/**
 * A checkpoint of a unit.
 *
 * @category models
 * @since 0.1.0
 */
export interface Checkpoint {
  /** The position after the finished work, as JSON of at most 1,048,576 characters. The unit continues there after a death. */
  readonly cursor: unknown
  /** Rows that have been processed since the last checkpoint, including rejected ones. */
  readonly rows: number
}

/**
 * A row or a record that could not be processed.
 *
 * @category models
 * @since 0.1.0
 */
export interface Rejected {
  /**
   * The position of the row in its unit, such as its key, its token or its line. A row that is rejected twice between two
   * checkpoints counts once.
   */
  readonly position: string
  /** The error. Its name and message are stored, and must not contain values. */
  readonly error: unknown
  /** The outcome of the statement, if one was sent. Default: the outcome of a `CqlError`, or none. */
  readonly outcome?: Outcome.Outcome | undefined
  /** The row, to be stored as JSON if the job stores bodies (`rejects: { body: true }`). Otherwise it is left out. */
  readonly body?: unknown
}

/**
 * Options of `execute`.
 *
 * @category options
 * @since 0.1.0
 */
export interface ExecuteOptions {
  /** The position of a statement in its unit, for its reject. Default: its number since the last checkpoint. */
  readonly position?: ((index: number) => string) | undefined
  /** The row of a statement, for its reject; see {@link Rejected}. */
  readonly body?: ((index: number) => unknown) | undefined
  /** Default options of the statements, such as `consistency`. The options of a statement take precedence. */
  readonly statement?: Statement.Options | undefined
}

/**
 * The counts of `execute`. Their sum is the number of statements.
 *
 * @category models
 * @since 0.1.0
 */
export interface Executed {
  readonly applied: number
  /** Conditional statements whose condition did not hold. */
  readonly notApplied: number
  readonly rejected: number
}

/**
 * The context of a unit.
 *
 * `checkpoint`, `execute` and `reject` fail with `JobStopped` if the job no longer runs, and with `LaneLost` if another
 * process has the lane: let both errors end the unit. Their `CqlError` means that the tables of the jobs could not be
 * written.
 *
 * @category models
 * @since 0.1.0
 */
export interface Context<out Params> {
  /** The id of the job. */
  readonly id: string
  readonly params: Params
  /**
   * Write time in microseconds for every statement of the job. A statement that is sent again after a death therefore
   * changes nothing, and later writes of the application win. `execute` sets it for statements without a timestamp. For
   * statements that you send yourself, use `Statement.withOptions({ timestamp })`.
   */
  readonly timestamp: bigint
  /** The cursor of the last checkpoint of this unit; undefined if there is none. */
  readonly cursor: unknown
  /**
   * Stores the progress of the unit: a cursor (JSON), and the rows since the last checkpoint. After a death, the unit
   * continues after the cursor. Rejects since the last checkpoint are counted with it. The cursor is stored as it is at
   * this moment: later changes of the value have no effect. Concurrent checkpoints are stored one after the other.
   */
  readonly checkpoint: (checkpoint: Checkpoint) => Effect.Effect<void, CqlError | LaneLost | JobStopped>
  /**
   * Runs the statements of a page concurrently, within the limits of the job.
   *
   * - A statement without a timestamp gets the `timestamp` of the job.
   * - If neither the statement nor the session has a request timeout, the timeout is one minute.
   * - A failed statement becomes a reject. Before that, transient failures are repeated, by the retry policy and then
   *   in rounds for up to half a minute.
   * - If a statement is not known to be idempotent, nothing is sent, and `execute` fails with `StatementNotIdempotent`,
   *   because a unit may run twice. A job with `atLeastOnce: true` sends such statements.
   * - If the rejects exceed the error budget, the job ends as failed, and `execute` fails with `JobStopped`.
   */
  readonly execute: (
    statements: Iterable<Statement.Statement<unknown> | Batch.Batch>,
    options?: ExecuteOptions
  ) => Effect.Effect<Executed, CqlError | LaneLost | JobStopped | StatementNotIdempotent, Session>
  /**
   * Stores a row that could not be processed. It is counted with the next checkpoint, or with the end of the unit. If
   * the rejects exceed the error budget, the job ends as failed, and `reject` fails with `JobStopped`.
   */
  readonly reject: (rejected: Rejected) => Effect.Effect<void, CqlError | LaneLost | JobStopped>
}
