/**
 * The circumstances of a unit of a job: its position, and what its handler may write. Users reach this module through `Job`.
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
  /** The position behind what is done, as JSON. The unit goes on there after a death. */
  readonly cursor: unknown
  /** Rows that have been done since the last checkpoint, rejected ones included. */
  readonly rows: number
}

/**
 * A row or a record that could not be taken.
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
  /** The effect on the database, where a statement was sent. Default: that of a `CqlError`, or none. */
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
  /** Options of every statement, behind its own, such as `consistency`. */
  readonly statement?: Statement.Options | undefined
}

/**
 * The counts of `execute`: together they are the number of statements.
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
 * The circumstances of a unit.
 *
 * `checkpoint`, `execute` and `reject` fail with `JobStopped` if the job no longer runs, and with `LaneLost` if another process has
 * the lane: let both end the unit. A `CqlError` of them means that the tables of the jobs could not be written.
 *
 * @category models
 * @since 0.1.0
 */
export interface Context<out Params> {
  /** The id of the job. */
  readonly id: string
  readonly params: Params
  /**
   * Write time in microseconds for every statement of the job. A statement that is sent again after a death has the same effect as the
   * first one, and a later write of the application wins over it. `execute` gives it to each statement that has none; give it to
   * the others by `Statement.withOptions({ timestamp })`.
   */
  readonly timestamp: bigint
  /** The cursor of the last checkpoint of this unit; undefined for none. */
  readonly cursor: unknown
  /**
   * Writes how far the unit has got: a cursor (JSON), and the rows done since the last checkpoint. The unit goes on behind it after a
   * death. Rejects since the last checkpoint are counted with it.
   */
  readonly checkpoint: (checkpoint: Checkpoint) => Effect.Effect<void, CqlError | LaneLost | JobStopped>
  /**
   * Runs the statements of a page concurrently, within the share of the job's limits that the unit has.
   *
   * - A statement without a timestamp of its own gets the `timestamp` of the job.
   * - A statement without a request timeout, in a session without one, has one of a minute.
   * - A statement that fails becomes a reject. Failures that may be transient are repeated before, by the retry policy and then in
   *   rounds of up to half a minute.
   * - If a statement is not known to be idempotent, nothing is sent, and it fails with `StatementNotIdempotent`: a unit may run twice.
   *   A job with `atLeastOnce: true` sends such statements.
   * - If the rejects exceed the error budget, the job ends as failed, and it fails with `JobStopped`.
   */
  readonly execute: (
    statements: Iterable<Statement.Statement<unknown> | Batch.Batch>,
    options?: ExecuteOptions
  ) => Effect.Effect<Executed, CqlError | LaneLost | JobStopped | StatementNotIdempotent, Session>
  /**
   * Stores a row that could not be taken. It is counted with the next checkpoint, or with the end of the unit. If the rejects
   * exceed the error budget, the job ends as failed, and it fails with `JobStopped`.
   */
  readonly reject: (rejected: Rejected) => Effect.Effect<void, CqlError | LaneLost | JobStopped>
}
