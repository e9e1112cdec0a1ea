/**
 * Jobs: work in units that is divided over the lanes of a cluster, and goes on when its processes die.
 *
 * @since 0.1.0
 */
import type { CqlError } from "@effect-cql/core"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import type * as engine from "./internal/jobs/engine.ts"
import * as errors from "./internal/jobs/errors.ts"
import * as handles from "./internal/jobs/handle.ts"
import * as plan from "./internal/jobs/plan.ts"
import { JobRunner } from "./JobRunner.ts"
import { Jobs, type State, type Stored } from "./Jobs.ts"
import type { LaneLost } from "./Lanes.ts"

export { JobStopped } from "./internal/jobs/engine.ts"
export { JobConflict, JobFailed, JobStateRefused } from "./internal/jobs/errors.ts"

/**
 * The progress of a job.
 *
 * @category models
 * @since 0.1.0
 */
export interface Progress {
  readonly state: State
  readonly units: number
  /** Units that have ended well. */
  readonly done: number
  /** Units that have failed as often as they may. */
  readonly failed: number
  /** Rows that the handlers have counted, each once. */
  readonly rows: number
}

/**
 * A unit that has failed.
 *
 * @category models
 * @since 0.1.0
 */
export interface Failure {
  /** The unit as JSON has it. */
  readonly unit: unknown
  /** Name and message of its last error. */
  readonly error: string
}

/**
 * A job that was started.
 *
 * @category models
 * @since 0.1.0
 */
export interface Handle {
  readonly id: string
  readonly progress: Effect.Effect<Progress, CqlError>
  /** The progress once in an interval (default: 1 second), until the job has ended. */
  readonly watch: (interval?: Duration.Input) => Stream.Stream<Progress, CqlError>
  /** Waits for the end of the job. Fails if units have failed, or if the job was cancelled. */
  readonly await: Effect.Effect<Progress, CqlError | errors.JobFailed>
  /** Stops a running job: each unit at its next checkpoint. */
  readonly pause: Effect.Effect<void, CqlError | errors.JobStateRefused>
  readonly resume: Effect.Effect<void, CqlError | errors.JobStateRefused>
  /** Stops a job for good: each unit at its next checkpoint. What it has written stays. */
  readonly cancel: Effect.Effect<void, CqlError | errors.JobStateRefused>
  /** Runs the failed units of a job again that has ended with failures, each behind its last checkpoint. */
  readonly retry: Effect.Effect<void, CqlError | errors.JobStateRefused | LaneLost>
  readonly failures: Effect.Effect<ReadonlyArray<Failure>, CqlError>
}

/**
 * The circumstances of a unit.
 *
 * @category models
 * @since 0.1.0
 */
export interface Context<out Params> {
  /** The id of the job. */
  readonly id: string
  readonly params: Params
  /**
   * Write time in microseconds for every statement of the job, by `Statement.withOptions({ timestamp })`: a statement that is sent
   * again after a death has the same effect as the first one, and a later write of the application wins over it.
   */
  readonly timestamp: bigint
  /** The cursor of the last checkpoint of this unit; undefined for none. */
  readonly cursor: unknown
  /**
   * Writes how far the unit has got: a cursor (JSON), and the rows done since the last checkpoint. The unit goes on behind it after a
   * death. Fails with `JobStopped` if the job was paused or cancelled, and with `LaneLost` if another process has the lane: let both
   * end the unit.
   */
  readonly checkpoint: (
    checkpoint: engine.Checkpoint
  ) => Effect.Effect<void, CqlError | LaneLost | engine.JobStopped>
}

/**
 * The definition of a job: shared by those who start it and those who run it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Job<in out Params, in out Unit, out E, out R> {
  readonly name: string
  readonly version: string
  /** The units that a job with these parameters would have. Nothing is stored. */
  readonly plan: (params: Params) => Effect.Effect<ReadonlyArray<Unit>, E, R>
  /**
   * Stores a job, and starts it: no runner needs to be up. The same id and parameters are the same job, whatever its state.
   */
  readonly start: (params: Params, options: { readonly id: string }) => Effect.Effect<
    Handle,
    CqlError | LaneLost | errors.JobConflict | E,
    Jobs | R
  >
  /**
   * The layer that runs its units, in the order of the lanes. The handler may be run twice for the same work: what it writes has to
   * be the same. It returns the rows that it has done since its last checkpoint, or nothing.
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
  /** Attempts of a unit, those included that ended with the death of their process. Default: 3. */
  readonly attempts?: number | undefined
}

/**
 * Options of a job.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options<Params, Unit, E, R> {
  /** Changes with what a unit does. A runner with another version leaves a job alone, and logs that. */
  readonly version: string
  readonly params: Schema.Codec<Params, unknown>
  readonly unit: Schema.Codec<Unit, unknown>
  /** Divides the work into units of seconds or minutes, such as the ranges of a table (`Scan.ranges`). */
  readonly units: (params: Params) => Effect.Effect<Iterable<Unit>, E, R>
}

/**
 * Makes the definition of a job.
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
export const make = <Params, Unit, E = never, R = never>(
  name: string,
  options: Options<Params, Unit, E, R>
): Job<Params, Unit, E, R> => {
  const { version } = options
  const params = Schema.toCodecJson(options.params)
  const unit = Schema.toCodecJson(options.unit)
  return {
    name,
    version,
    plan: (params) => Effect.map(options.units(params), (units) => [...units]),
    start: (given, { id }) =>
      Effect.gen(function*() {
        const jobs = yield* Jobs
        const text = JSON.stringify(yield* Effect.orDie(Schema.encodeEffect(params)(given)))
        const wanted = { name, version, params: text }
        const known = yield* jobs.find(id)
        if (known !== undefined) yield* same(known, wanted)
        if (known === undefined || known.state === "planning") {
          const units = yield* Effect.forEach(yield* options.units(given), (each) =>
            Effect.orDie(Schema.encodeEffect(unit)(each)))
          const millis = yield* Clock.currentTimeMillis
          const job = yield* jobs.create({
            id,
            ...wanted,
            timestamp: BigInt(Math.floor(millis)) * 1_000n,
            lanes: Math.max(1, Math.min(jobs.lanes, units.length)),
            units: units.length,
            run: 0,
            state: "planning"
          })
          yield* same(job, wanted)
          if (job.state === "planning") {
            yield* plan.store(jobs, job, units)
            yield* jobs.begin(id, units.length)
          }
        }
        return handles.make(jobs, id)
      }).pipe(
        // Another process stores the units of the same job. It starts it, or this one does in the end.
        Effect.retry({ while: isLaneLost, times: 5, schedule: Schedule.spaced(Duration.seconds(1)) })
      ),
    toLayer: (handler, handlerOptions) =>
      Layer.effectDiscard(Effect.gen(function*() {
        const runner = yield* JobRunner
        const context = yield* Effect.context<Effect.Services<ReturnType<typeof handler>>>()
        yield* runner.add({
          name,
          version,
          attempts: handlerOptions?.attempts ?? 3,
          run: (encoded, { params: text, ...rest }) =>
            Effect.gen(function*() {
              const given = yield* Schema.decodeUnknownEffect(params)(JSON.parse(text))
              const decoded = yield* Schema.decodeUnknownEffect(unit)(encoded)
              return (yield* handler(decoded, { ...rest, params: given })) ?? 0
            }).pipe(Effect.provideContext(context))
        })
      }))
  }
}

/**
 * The handle of a job that was started before, by its id. Its effects fail if there is none.
 *
 * @category handles
 * @since 0.1.0
 */
export const handle = (id: string): Effect.Effect<Handle, never, Jobs> =>
  Effect.map(Jobs, (jobs) => handles.make(jobs, id))

const isLaneLost = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "LaneLost"

const same = (
  stored: Stored,
  wanted: Pick<Stored, "name" | "version" | "params">
): Effect.Effect<void, errors.JobConflict> => {
  const difference = (["name", "version", "params"] as const).find((part) => stored[part] !== wanted[part])
  return difference === undefined ? Effect.void : Effect.fail(
    new errors.JobConflict({ id: stored.id, difference: difference === "params" ? "parameters" : difference })
  )
}
