/**
 * Lanes: work that is divided among the processes of a cluster. Each lane runs on one process at a time.
 *
 * A lane belongs to the process that owns its shard. Effect starts its work there, stops it before the shard moves, and
 * starts it on another process when a runner dies. The entries of a lane are written through a fence: if a process
 * hangs while its lane moves, its next write is refused.
 *
 * @since 0.1.0
 */
import type { CqlError, Session } from "@effect-cql/core"
import * as Cause from "effect/Cause"
import { Sharding } from "effect/cluster/Sharding"
import { ShardingConfig } from "effect/cluster/ShardingConfig"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type * as CqlCluster from "./CqlCluster.ts"
import { type Fence, takeWith } from "./internal/lanes/fence.ts"
import { laneNames } from "./internal/lanes/names.ts"
import { checkCluster, checkLocalLanes } from "./internal/layerOptions.ts"
import { nextName } from "./internal/names.ts"
import { make as makeStore } from "./internal/store.ts"

export { LaneLost } from "./internal/lanes/fence.ts"

/**
 * A lane that this process has taken. Only this process can write its entries, until another process takes the lane.
 *
 * @category models
 * @since 0.1.0
 */
export interface Lane extends Fence {}

/**
 * The lanes of a process.
 *
 * @category services
 * @since 0.1.0
 */
export class Lanes extends Context.Service<Lanes, {
  /** Number of lanes, numbered from 0. */
  readonly count: number
  /**
   * Runs work for each lane while this process owns it. The work is interrupted before the lane moves. If the work
   * fails, this is logged, and the work runs again after a second. Work that ends does not run again on this process.
   */
  readonly register: <E, R>(
    name: string,
    work: (lane: number) => Effect.Effect<void, E, R>
  ) => Effect.Effect<void, never, R | Scope.Scope>
  /**
   * Takes the entries of a lane. The process that had them before can no longer write them. Call it only within the
   * work of the lane.
   */
  readonly take: (name: string, lane: number) => Effect.Effect<Lane, CqlError>
}>()("@effect-cql/cluster/Lanes") {}

/**
 * The lanes of a cluster: one for each shard.
 *
 * It needs no transport between runners: a process without entities can use `Runners.layerNoop`,
 * `RunnerHealth.layerNoop` and `MessageStorage.layerNoop`.
 *
 * **Example** (Lanes without a port)
 *
 * ```ts
 * import { CqlCluster, CqlRunnerStorage, Lanes } from "@effect-cql/cluster"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect, Layer, Option } from "effect"
 * import { MessageStorage, RunnerAddress, RunnerHealth, Runners, Sharding, ShardingConfig } from "effect/cluster"
 *
 * const lanes = Lanes.layer({ keyspace: "app" }).pipe(
 *   Layer.provide(Sharding.layer),
 *   Layer.provide([Runners.layerNoop, RunnerHealth.layerNoop]),
 *   Layer.provide(MessageStorage.layerNoop),
 *   Layer.provide(CqlRunnerStorage.layer({ keyspace: "app" })),
 *   Layer.provide(ShardingConfig.layer({
 *     runnerAddress: Option.some(RunnerAddress.make("worker-1", 1)),
 *     shardsPerGroup: 8
 *   })),
 *   Layer.provide(MockSession.memory(CqlCluster.ddl("app")))
 * )
 * const program = Lanes.Lanes.use(({ count }) => Effect.succeed(count))
 * console.assert((await Effect.runPromise(program.pipe(Effect.provide(lanes)))) === 8)
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: CqlCluster.Options
): Layer.Layer<Lanes, never, Session | Sharding | ShardingConfig> => {
  checkCluster(options)
  return Layer.effect(
    Lanes,
    Effect.gen(function*() {
      const sharding = yield* Sharding
      const { shardsPerGroup } = yield* ShardingConfig
      return Lanes.of({
        count: shardsPerGroup,
        register: (name, work) =>
          Effect.forEach(
            laneNames(sharding, name, shardsPerGroup),
            (singleton, lane) => sharding.registerSingleton(singleton, supervised(name, lane, work)),
            { discard: true }
          ),
        take: yield* taking(options)
      })
    })
  )
}

/**
 * Options of lanes within one process.
 *
 * @category options
 * @since 0.1.0
 */
export interface LocalOptions extends CqlCluster.Options {
  /** Number of lanes. Default: 16. */
  readonly count?: number | undefined
}

/**
 * Lanes of one process without a cluster, with the same entries. If two processes use it at the same time, they take
 * the lanes from each other.
 *
 * **Example** (Each lane counts)
 *
 * ```ts
 * import { CqlCluster, Lanes } from "@effect-cql/cluster"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect, Layer } from "effect"
 *
 * const lanes = Lanes.layerLocal({ keyspace: "app", count: 4 }).pipe(
 *   Layer.provide(MockSession.memory(CqlCluster.ddl("app")))
 * )
 * const count = Effect.gen(function*() {
 *   const lane = yield* Lanes.Lanes.use((lanes) => lanes.take("count", 0))
 *   const counted = Number((yield* lane.entries).get("counted") ?? "0")
 *   yield* lane.save([["counted", String(counted + 1)]])
 *   return counted + 1
 * })
 * const program = Effect.andThen(count, count).pipe(Effect.provide(lanes))
 * console.assert((await Effect.runPromise(program)) === 2)
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layerLocal = (options: LocalOptions): Layer.Layer<Lanes, never, Session> => {
  checkLocalLanes(options)
  return Layer.effect(
    Lanes,
    Effect.gen(function*() {
      const { count = 16 } = options
      return Lanes.of({
        count,
        register: (name, work) =>
          Effect.forEach(
            Array.from({ length: count }, (_, lane) => lane),
            (lane) => Effect.forkScoped(supervised(name, lane, work)),
            { discard: true }
          ),
        take: yield* taking(options)
      })
    })
  )
}

const interval = Duration.seconds(10)

const taking = (options: CqlCluster.Options): Effect.Effect<Lanes["Service"]["take"], never, Session> =>
  Effect.gen(function*() {
    const store = yield* makeStore(options, interval)
    return takeWith(store, yield* nextName).open
  })

/** The work of a lane, begun again when it fails: a singleton of Effect is not. */
const supervised = <E, R>(
  name: string,
  lane: number,
  work: (lane: number) => Effect.Effect<void, E, R>
): Effect.Effect<void, never, R> =>
  Effect.suspend(() => work(lane)).pipe(
    Effect.catchCause((cause) =>
      Cause.hasInterruptsOnly(cause)
        ? Effect.interrupt
        : Effect.logError(`the work of lane ${lane} of ${name} failed, and is run again in a second`, cause).pipe(
          Effect.andThen(Effect.sleep(Duration.seconds(1))),
          Effect.andThen(supervised(name, lane, work))
        )
    )
  )
