/**
 * Runners of jobs: they run the units of all jobs whose definitions they have.
 *
 * @since 0.1.0
 */
import { type CqlError, type Session, Statement } from "@effect-cql/core"
import { quoted } from "@effect-cql/core/Cql"
import * as MessageStorage from "effect/cluster/MessageStorage"
import * as RunnerAddress from "effect/cluster/RunnerAddress"
import * as RunnerHealth from "effect/cluster/RunnerHealth"
import * as Runners from "effect/cluster/Runners"
import * as Sharding from "effect/cluster/Sharding"
import * as ShardingConfig from "effect/cluster/ShardingConfig"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as CqlCluster from "./CqlCluster.ts"
import * as CqlRunnerStorage from "./CqlRunnerStorage.ts"
import type { Handler } from "./internal/jobs/handler.ts"
import { supervise } from "./internal/jobs/supervisor.ts"
import { checkInterval, checkJobCluster, checkLocalRunner } from "./internal/layerOptions.ts"
import { nextName } from "./internal/names.ts"
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
 * Options of a runner.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /**
   * Interval at which the process reads the states of all jobs, and for jobs with limits or an error budget the summary
   * of their lanes, which one of the runners writes. It has to be the same for all runners. Default: 2 seconds.
   */
  readonly interval?: Duration.Input | undefined
}

/**
 * Options of {@link layer}.
 *
 * @category options
 * @since 0.1.0
 */
export interface ClusterOptions extends Jobs.Options, Options {
  /**
   * Unique name of the runner. If a dead runner had the same name, the new one has to wait for its lease. Default: a
   * new name.
   */
  readonly name?: string | undefined
  /**
   * Number of shards of the cluster, which cannot be changed. Use at least four for each future runner; runners beyond
   * the number of shards are idle. Default: 64.
   */
  readonly shards?: number | undefined
  /** Duration for which a dead runner keeps its lanes, at least 3 seconds. Default: 35 seconds. */
  readonly lease?: Duration.Input | undefined
}

/**
 * A runner for a process that runs only jobs and has no entities. The lanes are distributed by Effect's sharding, which
 * needs only Cassandra. It opens no port, because runners do not communicate.
 *
 * Fails with `ClusterRefused` if the cluster was first started with another scope, data centre or number of shards.
 *
 * **Example** (A worker)
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
 * const worker = Sum.toLayer((n) => Effect.succeed(n)).pipe(
 *   Layer.provideMerge(JobRunner.layer({ keyspace: "app", shards: 4, lanes: 4, interval: "20 millis" })),
 *   Layer.provide(MockSession.memory(CqlCluster.ddl("app")))
 * )
 * const program = Effect.flatMap(Sum.start({ upTo: 3 }, { id: "sum-1" }), (job) => job.await)
 * const { rows } = await Effect.runPromise(program.pipe(Effect.provide(worker)))
 * console.assert(rows === 6)
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: ClusterOptions
): Layer.Layer<JobRunner | Jobs.Jobs, CqlError | CqlCluster.ClusterRefused, Session> => {
  checkJobCluster(options)
  return layerWith(options).pipe(
    Layer.provide(Sharding.layer),
    Layer.provide([Runners.layerNoop, RunnerHealth.layerNoop]),
    Layer.provide(MessageStorage.layerNoop),
    Layer.provide(CqlRunnerStorage.layer(options)),
    Layer.provide(Layer.effect(
      ShardingConfig.ShardingConfig,
      Effect.map(options.name === undefined ? nextName : Effect.succeed(options.name), (name) => ({
        ...ShardingConfig.defaults,
        runnerAddress: Option.some(RunnerAddress.make(name, 1)),
        shardsPerGroup: options.shards ?? 64,
        ...(options.lease === undefined ? {} : { shardLockExpiration: options.lease })
      }))
    ))
  )
}

/**
 * A runner in the cluster of the application. Its lanes are singletons of the `Sharding` in the context, such as the
 * one of `NodeCqlCluster.layer`: one for each shard.
 *
 * **Example** (Jobs beside entities)
 *
 * ```ts
 * import { JobRunner } from "@effect-cql/cluster"
 * import * as NodeCqlCluster from "@effect-cql/cluster/NodeCqlCluster"
 * import { Layer } from "effect"
 *
 * const runner = JobRunner.layerWith({ keyspace: "app" }).pipe(
 *   Layer.provideMerge(NodeCqlCluster.layer({ keyspace: "app", address: { host: "10.0.0.7", port: 34431 } }))
 * )
 * console.assert(Layer.isLayer(runner))
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layerWith = (
  options: Jobs.Options & Options
): Layer.Layer<JobRunner | Jobs.Jobs, never, Session | Sharding.Sharding | ShardingConfig.ShardingConfig> => {
  checkLocalRunner(options)
  return layerLanes(options).pipe(
    Layer.provide(Lanes.layer(options)),
    Layer.provideMerge(Jobs.layer(options))
  )
}

/**
 * A runner with the lanes and the jobs of the context.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerLanes = (options: Options = {}): Layer.Layer<JobRunner, never, Jobs.Jobs | Lanes.Lanes> => {
  checkInterval(options)
  return Layer.effect(
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
}

/**
 * A runner in one process, without a cluster, with the same tables. A stopped job continues when it is started again.
 * Only one process at a time may run the jobs of a cluster in this way.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerLocal = (
  options: Jobs.Options & Options
): Layer.Layer<JobRunner | Jobs.Jobs, never, Session> => {
  checkLocalRunner(options)
  return layerLanes(options).pipe(
    Layer.provide(Lanes.layerLocal({ ...options, count: options.lanes ?? 64 })),
    Layer.provideMerge(Jobs.layer(options))
  )
}

/**
 * A runner for tests: {@link layerLocal} over the session of the context, where it creates its tables. It has 4 lanes
 * in the keyspace `test` by default, and uses the clock of the test.
 *
 * **Example** (A job on the virtual clock)
 *
 * ```ts
 * import { Job, JobRunner } from "@effect-cql/cluster"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect, Fiber, Layer, Schema } from "effect"
 * import { TestClock } from "effect/testing"
 *
 * const Sum = Job.make("Sum", {
 *   version: "1",
 *   params: Schema.Struct({ upTo: Schema.Int }),
 *   unit: Schema.Int,
 *   units: ({ upTo }) => Effect.succeed(Array.from({ length: upTo }, (_, n) => n + 1))
 * })
 * const runner = Sum.toLayer((n) => Effect.as(Effect.sleep("1 minute"), n)).pipe(
 *   Layer.provideMerge(JobRunner.layerTest()),
 *   Layer.provide(MockSession.memory([]))
 * )
 * const test = Effect.gen(function*() {
 *   const job = yield* Sum.start({ upTo: 3 }, { id: "sum-1" })
 *   const end = yield* Effect.forkChild(job.await)
 *   yield* TestClock.adjust("2 minutes")
 *   return yield* Fiber.join(end)
 * })
 * const { rows } = await Effect.runPromise(test.pipe(Effect.provide(runner), Effect.provide(TestClock.layer())))
 * console.assert(rows === 6)
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layerTest = (
  options: Partial<Jobs.Options> & Options = {}
): Layer.Layer<JobRunner | Jobs.Jobs, CqlError, Session> => {
  checkLocalRunner(options, true)
  const { keyspace = "test", lanes = 4 } = options
  const tables = Effect.forEach(
    [
      `CREATE KEYSPACE IF NOT EXISTS ${quoted(keyspace)} ` +
      "WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
      ...CqlCluster.ddl(keyspace)
    ],
    (text) => Statement.make(text),
    { discard: true }
  )
  return layerLocal({ ...options, keyspace, lanes }).pipe(Layer.provide(Layer.effectDiscard(tables)))
}
