/**
 * The handle of a job, to watch and to control it. Users reach this module through `Job`.
 *
 * @since 0.1.0
 */
import type { CqlError, Outcome } from "@effect-cql/core"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import type { JobBudgetExhausted, JobFailed, JobNotFound, JobStateRefused } from "./JobErrors.ts"
import type { Limits } from "./JobLimits.ts"
import type { LaneLost } from "./Lanes.ts"

/**
 * The state of a job.
 *
 * - `planning`: its units are being stored. If its creator has died, start it again to continue.
 * - `running`, `paused`
 * - `done`: every unit has succeeded. Rows may have been rejected.
 * - `failed`: every unit has ended and some of them have failed, or the error budget is exhausted. `retry` runs the
 *   failed units and the remaining ones.
 * - `cancelled`
 * - `removing`: it is being deleted.
 *
 * @category models
 * @since 0.1.0
 */
export const State = Schema.Literals(["planning", "running", "paused", "done", "failed", "cancelled", "removing"])

/**
 * @category models
 * @since 0.1.0
 */
export type State = typeof State.Type

/**
 * The progress of a job.
 *
 * @category models
 * @since 0.1.0
 */
export const Progress = Schema.Struct({
  state: State,
  units: Schema.Int,
  done: Schema.Int,
  failed: Schema.Int,
  rows: Schema.Finite,
  rejected: Schema.Finite
})

/**
 * The progress of a job.
 *
 * @category models
 * @since 0.1.0
 */
export interface Progress {
  readonly state: State
  /** Units of the job. The parts of a divided unit count as units. */
  readonly units: number
  /** Units that have succeeded. */
  readonly done: number
  /** Units that have failed in all their attempts. */
  readonly failed: number
  /** Rows that the handlers have counted, each once. */
  readonly rows: number
  /** Rows that the handlers have rejected before the last checkpoint of their unit, each once. */
  readonly rejected: number
}

/**
 * A unit that has failed.
 *
 * @category models
 * @since 0.1.0
 */
export interface Failure {
  /** The unit as JSON. */
  readonly unit: unknown
  /** The cursor of its last checkpoint; undefined if there is none. The failure is after it. */
  readonly cursor: unknown
  /** Name and message of its last error. */
  readonly error: string
}

/**
 * A row that could not be processed.
 *
 * @category models
 * @since 0.1.0
 */
export interface Reject {
  /** The unit as JSON. */
  readonly unit: unknown
  /** Its position in the unit, as the handler gave it. */
  readonly position: string
  /** Tag of the reason of the error, such as `"InvalidQuery"`, or of the error. */
  readonly reason: string
  /** Name and message of the error. */
  readonly error: string
  /** The outcome of the statement; undefined if none was sent. */
  readonly outcome: Outcome.Outcome | undefined
  /** The row as JSON, if the job stores bodies. */
  readonly body: unknown
}

/**
 * Options of `retry`.
 *
 * @category options
 * @since 0.1.0
 */
export interface RetryOptions {
  /**
   * - `"failures"` (the default): the failed units, each from its last checkpoint, and the remaining ones.
   * - `"rejects"`: the units with rejected rows, each from its start. Their rows and rejects are counted again. Units
   *   without rejects do not run, even if they have failed.
   */
  readonly only?: "failures" | "rejects" | undefined
}

/**
 * A job that was started. Methods that read or change it fail with `JobNotFound` if it has been removed.
 *
 * @category models
 * @since 0.1.0
 */
export interface Handle {
  readonly id: string
  readonly progress: Effect.Effect<Progress, CqlError | JobNotFound>
  /** Streams the progress at an interval (default: 1 second), until the job has ended or is being removed. */
  readonly watch: (interval?: Duration.Input) => Stream.Stream<Progress, CqlError | JobNotFound>
  /**
   * Waits for the end of the job. Fails if units have failed, if the error budget is exhausted, or if the job was
   * cancelled. If the tables of the jobs cannot be read meanwhile, it logs this and continues to wait.
   */
  readonly await: Effect.Effect<Progress, CqlError | JobFailed | JobBudgetExhausted | JobNotFound>
  /**
   * Stops a running job: each unit at its next checkpoint. If a page of `execute` takes ten seconds longer, for example
   * because of a low rate, it is interrupted, and repeated when the job is resumed.
   */
  readonly pause: Effect.Effect<void, CqlError | JobNotFound | JobStateRefused>
  readonly resume: Effect.Effect<void, CqlError | JobNotFound | JobStateRefused>
  /**
   * Stops a job permanently, in the same way as `pause`. Its writes remain. A handler that reaches no checkpoint is
   * interrupted after 10 to 30 seconds.
   */
  readonly cancel: Effect.Effect<void, CqlError | JobNotFound | JobStateRefused>
  /**
   * Changes limits of a job that has not ended. A limit that is not given does not change. Runners read the limits at
   * their interval, and apply them to running units: a reduction after one interval, an increase two intervals later,
   * when no runner uses the former limits.
   */
  readonly setLimits: (limits: Limits) => Effect.Effect<void, CqlError | JobNotFound | JobStateRefused>
  /**
   * Runs units again. With `"failures"`, the job has to be failed; with `"rejects"`, failed or done. The error budget
   * starts again. A unit that is still at work stops at its next checkpoint, and continues behind it in the new run. If
   * two processes retry a job at the same time, it runs once.
   */
  readonly retry: (options?: RetryOptions) => Effect.Effect<void, CqlError | JobNotFound | JobStateRefused | LaneLost>
  /**
   * Deletes a job that has ended, with its units and rejects; see `Jobs.remove`. Succeeds if there is no such job. The
   * id can then be used for another job.
   */
  readonly remove: Effect.Effect<void, CqlError | JobStateRefused>
  readonly failures: Effect.Effect<ReadonlyArray<Failure>, CqlError | JobNotFound>
  /**
   * Streams the rejected rows, including those of running units since their last checkpoint. Rejects of an attempt
   * whose work was repeated are not included.
   */
  readonly rejects: Stream.Stream<Reject, CqlError | JobNotFound>
}
