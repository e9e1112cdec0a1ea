/**
 * Options of the ready jobs on tables. Users reach this module through `Job`.
 *
 * @since 0.1.0
 */
import type { Batch, CqlError, Session, Statement } from "@effect-cql/core"
import type { Scan, TokenRange } from "@effect-cql/schema"
import type * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type { Handle, JobConflict, Options, Plan, StartOptions } from "./Job.ts"
import type { JobRunner } from "./JobRunner.ts"
import type { Jobs } from "./Jobs.ts"
import type { LaneLost } from "./Lanes.ts"

/**
 * Common options of ready jobs on a table.
 *
 * @category options
 * @since 0.1.0
 */
export interface TableOptions extends
  Pick<
    Options<null, TokenRange.TokenRange, never, never>,
    "concurrency" | "rate" | "errorBudget" | "rejects"
  >
{
  /** Version of the work of the job. A runner with another version does not run it. */
  readonly version: string
  /**
   * Maximum size of a range in bytes, by the estimates of the server. Default: 16 MiB. There are at least four ranges
   * for each lane.
   */
  readonly splitSize?: number | undefined
  /** Attempts of a range. Default: 3. */
  readonly attempts?: number | undefined
  /** Options of its statements. Default: `{ consistency: "LOCAL_QUORUM" }`, and pages of 1,000 rows. */
  readonly statement?: Pick<Statement.Options, "consistency" | "pageSize" | "requestTimeout"> | undefined
}

/**
 * A service that is a session, for another cluster or another user.
 *
 * @category models
 * @since 0.1.0
 */
export type SessionKey<Id> = Context.Key<Id, Session["Service"]>

/**
 * Errors of the plan of a job over a table.
 *
 * @category errors
 * @since 0.1.0
 */
export type TablePlanError = CqlError | Scan.PartitionerNotSupported

/**
 * Statements of a row or a record.
 *
 * @category models
 * @since 0.1.0
 */
export type Written =
  | Statement.Statement<unknown>
  | Batch.Batch
  | ReadonlyArray<Statement.Statement<unknown> | Batch.Batch>

/**
 * A ready job on a table, and the layer that runs it.
 *
 * @category models
 * @since 0.1.0
 */
export interface ReadyJob<out E, out R, out P = never> {
  /** Returns the ranges that a job would have. Nothing is stored. */
  readonly plan: Effect.Effect<Plan<TokenRange.TokenRange>, E | TablePlanError, Jobs | Session | P>
  /** Starts the job. If a job with this id exists, it is returned, in any state. */
  readonly start: (options: StartOptions) => Effect.Effect<
    Handle,
    LaneLost | JobConflict | E | TablePlanError,
    Jobs | Session | P
  >
  /** Runs the units of the job. */
  readonly layer: Layer.Layer<never, never, JobRunner | R>
}
