/**
 * The handle of a job: its progress, its failures and rejects, and what can be done to it. Users reach this module through `Job`.
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
 * - `planning`: its units are being stored. A job whose creator has died goes on when it is started again.
 * - `running`, `paused`
 * - `done`: every unit has ended well. Rows may have been rejected.
 * - `failed`: every unit has ended and some of them have failed, or the error budget is exhausted. `retry` runs the failed units and
 *   those that were not reached.
 * - `cancelled`
 * - `removing`: it has ended, and is being deleted.
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
  /** Units of the job. A unit that was divided counts as its parts. */
  readonly units: number
  /** Units that have ended well. */
  readonly done: number
  /** Units that have failed as often as they may. */
  readonly failed: number
  /** Rows that the handlers have counted, each once. */
  readonly rows: number
  /** Rows that the handlers have rejected, each once: those before the last checkpoint of each unit. */
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
  /** The cursor of its last checkpoint; undefined for none. What it failed at is behind it. */
  readonly cursor: unknown
  /** Name and message of its last error. */
  readonly error: string
}

/**
 * A row that could not be taken.
 *
 * @category models
 * @since 0.1.0
 */
export interface Reject {
  /** The unit as JSON. */
  readonly unit: unknown
  /** Its position in the unit, as the handler gave it. */
  readonly position: string
  /** Tag of the error's reason, such as `"InvalidQuery"`, or of the error. */
  readonly reason: string
  /** Name and message of the error. */
  readonly error: string
  /** The effect of the statement on the database; undefined if none was sent. */
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
   * - `"failures"` (the default): the units that have failed, each behind its last checkpoint, and those that were not reached.
   * - `"rejects"`: the units that have rejected rows, each from its start. Their rows and rejects are counted anew. Units without
   *   rejects are left alone, failed ones too.
   */
  readonly only?: "failures" | "rejects" | undefined
}

/**
 * A job that was started. What reads or changes it fails with `JobNotFound` if it was removed meanwhile.
 *
 * @category models
 * @since 0.1.0
 */
export interface Handle {
  readonly id: string
  readonly progress: Effect.Effect<Progress, CqlError | JobNotFound>
  /** The progress once in an interval (default: 1 second), until the job has ended or is being removed. */
  readonly watch: (interval?: Duration.Input) => Stream.Stream<Progress, CqlError | JobNotFound>
  /**
   * Waits for the end of the job. Fails if units have failed, if the error budget is exhausted, or if the job was cancelled. Once it
   * waits, it waits on while the tables of the jobs cannot be read, and logs that.
   */
  readonly await: Effect.Effect<Progress, CqlError | JobFailed | JobBudgetExhausted | JobNotFound>
  /**
   * Stops a running job: each unit at its next checkpoint. A page of `execute` that takes ten seconds longer, such as under a low rate, is
   * interrupted, and done again when the job is resumed.
   */
  readonly pause: Effect.Effect<void, CqlError | JobNotFound | JobStateRefused>
  readonly resume: Effect.Effect<void, CqlError | JobNotFound | JobStateRefused>
  /** Stops a job for good, as `pause` does. What it has written stays. */
  readonly cancel: Effect.Effect<void, CqlError | JobNotFound | JobStateRefused>
  /**
   * Changes limits of a job that has not ended; a limit that is not given stays. Runners read it at their interval, and it holds for
   * the units that run: a cut after one interval, and a raise two intervals later, when no runner goes by the former limits any more.
   */
  readonly setLimits: (limits: Limits) => Effect.Effect<void, CqlError | JobNotFound | JobStateRefused>
  /**
   * Runs units again. With `"failures"` the job has to be failed, with `"rejects"` failed or done. The error budget counts anew.
   * If two processes retry a job at the same time, it runs once.
   */
  readonly retry: (options?: RetryOptions) => Effect.Effect<void, CqlError | JobNotFound | JobStateRefused | LaneLost>
  /**
   * Deletes a job that has ended, with its units and rejects; see `Jobs.remove`. Succeeds if there is none. Its id can be used for another
   * job then.
   */
  readonly remove: Effect.Effect<void, CqlError | JobStateRefused>
  readonly failures: Effect.Effect<ReadonlyArray<Failure>, CqlError | JobNotFound>
  /**
   * The rows that were rejected, those included that a running unit has rejected since its last checkpoint. What was rejected by an
   * attempt whose work was done again is not among them.
   */
  readonly rejects: Stream.Stream<Reject, CqlError | JobNotFound>
}
