/**
 * Jobs: work in units that is divided among the lanes of a cluster, and continues when processes die.
 *
 * @since 0.1.0
 */
import type { CqlError } from "@effect-cql/core"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Schema from "effect/Schema"
import type * as Activity from "effect/workflow/Activity"
import * as definition from "./internal/jobs/definition.ts"
import * as handles from "./internal/jobs/handle.ts"
import type { Context } from "./JobContext.ts"
import type { JobConflict } from "./JobErrors.ts"
import type { Handle, Progress } from "./JobHandle.ts"
import type { ErrorBudget, Limits } from "./JobLimits.ts"
import type { Estimate, Plan } from "./JobPlan.ts"
import type { JobRunner } from "./JobRunner.ts"
import { Jobs } from "./Jobs.ts"
import type { LaneLost } from "./Lanes.ts"

export type { Checkpoint, Context, Executed, ExecuteOptions, Rejected } from "./JobContext.ts"
export { copy, type CopyOptions, TimesNotReadable, WriteTimeUnknown } from "./JobCopy.ts"
export { count, type CountOptions } from "./JobCount.ts"
export {
  JobBudgetExhausted,
  JobConflict,
  JobFailed,
  JobNotFound,
  JobStateRefused,
  JobStopped,
  StatementNotIdempotent
} from "./JobErrors.ts"
export { expire, type ExpireOptions } from "./JobExpire.ts"
export { type Failure, type Handle, Progress, type Reject, type RetryOptions, State } from "./JobHandle.ts"
export type { ErrorBudget, Limits } from "./JobLimits.ts"
export {
  type CsvOptions,
  type FileChunk,
  FileRefused,
  type Files,
  load,
  type LoadJob,
  type LoadOptions,
  RecordRefused
} from "./JobLoad.ts"
export type { Estimate, Plan, PlannedUnit } from "./JobPlan.ts"
export type { ReadyJob, SessionKey, TableOptions, TablePlanError, Written } from "./JobTable.ts"
export { type Changed, type ChangeOptions, transform, type TransformBase, type WriteOptions } from "./JobTransform.ts"
export { RowDiffers, verify, type VerifyOptions } from "./JobVerify.ts"

/**
 * Options of `start`.
 *
 * @category options
 * @since 0.1.0
 */
export interface StartOptions extends Limits {
  /** Identifies the job in its cluster: 1 to 10,000 characters. */
  readonly id: string
  /** Default: the error budget of the definition. */
  readonly errorBudget?: ErrorBudget | undefined
}

/**
 * Options of `activity`.
 *
 * @category options
 * @since 0.1.0
 */
export interface ActivityOptions extends Omit<StartOptions, "id"> {
  /**
   * Name of the activity within its workflow. A second activity with the same name and the same parameters has the result
   * of the first one. With other parameters, it fails with `JobConflict`: give it another name. Default: the name of the
   * job.
   */
  readonly name?: string | undefined
}

/**
 * The definition of a job, for programs that start it and programs that run it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Job<in out Params, in out Unit, out E, out R> {
  readonly name: string
  readonly version: string
  /**
   * Identifies the name, the version, the schemas and the options of the plan. A runner does not run a job with another
   * fingerprint, and logs this once.
   */
  readonly fingerprint: string
  /** Returns the units that a job with these parameters would have. Nothing is stored. */
  readonly plan: (params: Params) => Effect.Effect<Plan<Unit>, E, Jobs | R>
  /**
   * Stores and starts a job. No runner has to be running. If a job with this id and these parameters exists, it is
   * returned, in any state, and keeps its limits and its error budget. Dies with `InvalidOptions` if a limit or the
   * budget is invalid.
   */
  readonly start: (params: Params, options: StartOptions) => Effect.Effect<
    Handle,
    CqlError | LaneLost | JobConflict | E,
    Jobs | R
  >
  /**
   * An activity of a workflow that starts a job and waits for its end. The id of the job is derived from the execution
   * and the name of the activity, so that a workflow that runs again after a death waits for the same job. Other errors
   * are defects.
   */
  readonly activity: (params: Params, options?: ActivityOptions) => Activity.Activity<
    typeof Progress,
    typeof ActivityError,
    Jobs | R
  >
  /**
   * The layer that runs the units of the job, in the order of the lanes. The handler may run twice for the same work,
   * and has to write the same both times. It returns the number of rows since its last checkpoint, or nothing.
   */
  readonly toLayer: <E2, R2>(
    handler: (unit: Unit, context: Context<Params>) => Effect.Effect<number | void, E2, R2>,
    options?: HandlerOptions
  ) => Layer.Layer<never, never, JobRunner | R2>
}

/**
 * Options of a handler.
 *
 * @category options
 * @since 0.1.0
 */
export interface HandlerOptions {
  /**
   * Maximum number of attempts of a unit, including those that ended with the death of their process. An attempt does
   * not count if the job was stopped, if its process was shut down in an orderly way, or if the tables of the jobs
   * could not be written. Default: 3.
   */
  readonly attempts?: number | undefined
}

/**
 * Options of a job.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options<Params, Unit, E, R> extends Limits {
  /** Version of the work of a unit. A runner with another version does not run the job, and logs this. */
  readonly version: string
  /** Their JSON has at most 1,048,576 characters; larger ones are refused with the reason `InvalidQuery`. */
  readonly params: Schema.Codec<Params, unknown>
  /** Its JSON has at most 1,048,576 characters. Put large data into a table or a file, and the key into the unit. */
  readonly unit: Schema.Codec<Unit, unknown>
  /** Divides the work into units of seconds or minutes, such as the ranges of a table (`Scan.ranges`). */
  readonly units: (params: Params) => Effect.Effect<Iterable<Unit>, E, R>
  /** The options on which the units depend, as JSON, such as the size of a range. They are part of the fingerprint. */
  readonly planOptions?: unknown
  /** Estimates of the work of the units, in their order, for `plan`. */
  readonly estimate?: (
    units: ReadonlyArray<Unit>,
    params: Params
  ) => Effect.Effect<ReadonlyArray<Estimate>, E, R>
  /**
   * Divides a unit that has used all its attempts, after its last cursor; returns undefined or fewer than two parts if
   * the unit cannot be divided. The parts replace the unit in its lane, in one write: there are at most some thousands,
   * and some megabytes. A part that can be divided further has one
   * attempt before. In the end, only the failing parts remain, and everything else is done. Default: no unit is
   * divided.
   */
  readonly divide?: ((unit: Unit, cursor: unknown) => ReadonlyArray<Unit> | undefined) | undefined
  /** Number of rows that a job may reject before it ends as failed. Default: unlimited. */
  readonly errorBudget?: ErrorBudget | undefined
  /**
   * Allows statements in `execute` that are not idempotent, such as changes of counters. They are executed at least
   * once, and again if their unit runs again. Default: `false`.
   */
  readonly atLeastOnce?: boolean | undefined
  readonly rejects?: RejectOptions | undefined
}

/**
 * Options of the rejects that a job stores.
 *
 * @category options
 * @since 0.1.0
 */
export interface RejectOptions {
  /** Stores the bodies of rejects. They contain values. Default: `false`. */
  readonly body?: boolean | undefined
  /** Duration for which rejects are kept, in whole seconds. Default: forever. */
  readonly retention?: Duration.Input | undefined
}

/**
 * The errors of the activity of a job.
 *
 * @category errors
 * @since 0.1.0
 */
export const ActivityError: typeof definition.ActivityError = definition.ActivityError

/**
 * Makes the definition of a job. Throws `InvalidOptions` if a limit or the error budget is invalid.
 *
 * **Example** (A job of three units)
 *
 * ```ts
 * import { CqlCluster, Job, JobRunner } from "@effect-cql/cluster"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect, Layer, Schema } from "effect"
 *
 * const Sum = Job.make("Sum", {
 *   version: "1",
 *   params: Schema.Struct({ upTo: Schema.Int }),
 *   unit: Schema.Int,
 *   units: ({ upTo }) => Effect.succeed(Array.from({ length: upTo }, (_, n) => n + 1))
 * })
 * const SumLive = Sum.toLayer((n) => Effect.succeed(n))
 *
 * const runner = SumLive.pipe(
 *   Layer.provideMerge(JobRunner.layerLocal({ keyspace: "app", lanes: 2, interval: "20 millis" })),
 *   Layer.provide(MockSession.memory(CqlCluster.ddl("app")))
 * )
 * const program = Effect.gen(function*() {
 *   const job = yield* Sum.start({ upTo: 3 }, { id: "sum-1" })
 *   return yield* job.await
 * })
 * const { done, rows } = await Effect.runPromise(program.pipe(Effect.provide(runner)))
 * console.assert(done === 3 && rows === 6)
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: <Params, Unit, E = never, R = never>(
  name: string,
  options: Options<Params, Unit, E, R>
) => Job<Params, Unit, E, R> = definition.make

/**
 * The handle of a job that was started before, by its id. Its methods fail with `JobNotFound` if there is no such job.
 *
 * @category handles
 * @since 0.1.0
 */
export const handle = (id: string): Effect.Effect<Handle, never, Jobs> =>
  Effect.map(Jobs, (jobs) => handles.make(jobs, id))
