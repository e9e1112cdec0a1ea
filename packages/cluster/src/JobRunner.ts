/**
 * Runners of jobs: they work off the units of all jobs whose definitions they have.
 *
 * @since 0.1.0
 */
import type { Session } from "@effect-cql/core"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Handler } from "./internal/jobs/handler.ts"
import { supervise } from "./internal/jobs/supervisor.ts"
import * as Jobs from "./Jobs.ts"
import * as Lanes from "./Lanes.ts"

/**
 * The runner of this process. `toLayer` of a job adds its handler.
 *
 * @category services
 * @since 0.1.0
 */
export class JobRunner extends Context.Service<JobRunner, {
  /** For `Job.toLayer`: adds the handler of a definition. */
  readonly add: (handler: Handler) => Effect.Effect<void>
}>()("@effect-cql/cluster/JobRunner") {}

/**
 * Options of {@link layer}.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Interval at which the states of jobs are read, once for all lanes of the process. Default: 2 seconds. */
  readonly interval?: Duration.Input | undefined
}

/**
 * A runner on the lanes of the context: those of a cluster (`Lanes.layer`), or of this process alone (`Lanes.layerLocal`).
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options = {}): Layer.Layer<JobRunner, never, Jobs.Jobs | Lanes.Lanes> =>
  Layer.effect(
    JobRunner,
    Effect.gen(function*() {
      const handlers = new Map<string, Handler>()
      yield* supervise(
        yield* Jobs.Jobs,
        yield* Lanes.Lanes,
        handlers,
        Duration.fromInputUnsafe(options.interval ?? "2 seconds")
      )
      return JobRunner.of({ add: (handler) => Effect.sync(() => handlers.set(handler.name, handler)) })
    })
  )

/**
 * A runner in one process, without a cluster: the same tables, and a job that was stopped goes on when it is started again. Only one
 * process at a time runs the jobs of a cluster in this way.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerLocal = (
  options: Jobs.Options & Options
): Layer.Layer<JobRunner | Jobs.Jobs, never, Session> =>
  layer(options).pipe(
    Layer.provide(Lanes.layerLocal({ ...options, count: options.lanes ?? 64 })),
    Layer.provideMerge(Jobs.layer(options))
  )
