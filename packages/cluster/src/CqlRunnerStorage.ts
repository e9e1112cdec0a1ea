/**
 * Storage of members and locks of Effect's cluster.
 *
 * @since 0.1.0
 */
import type { CqlError, Session } from "@effect-cql/core"
import * as RunnerStorage from "effect/cluster/RunnerStorage"
import * as ShardingConfig from "effect/cluster/ShardingConfig"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { ClusterRefused, type Options } from "./CqlCluster.ts"
import * as facts from "./internal/facts.ts"
import { checkCluster } from "./internal/layerOptions.ts"
import { nextName } from "./internal/names.ts"
import { RunnerState } from "./internal/runner.ts"
import { listed } from "./internal/runners.ts"
import { make as makeStore, persistent } from "./internal/store.ts"

/**
 * Makes the storage of runners. Each shard has a lease, which conditional writes with a TTL take and renew.
 *
 * - A lease lasts for `shardLockExpiration` of the `ShardingConfig`, in whole seconds of the servers' clocks. A process
 *   keeps a shard for that time by its own monotonic clock, beginning when it sent the last confirmed renewal.
 * - A refresh is answered a second before the first of the leases ends, so that Effect can stop the work of those that are
 *   lost. An acquisition that fails is logged, and acquires nothing.
 * - An address belongs to one process at a time. A second process with the same address is registered only after the
 *   first has unregistered or its lease has expired.
 * - Machine ids are unique, and the same for the same address.
 * - If the answer to a condition is lost, it is sent again. A condition that finds its own value has held.
 *
 * Fails with `ClusterRefused` if the `ShardingConfig` has no unique address, or if the cluster was first started with
 * another scope, data centre or number of shards.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: (
  options: Options
) => Effect.Effect<
  RunnerStorage.RunnerStorage["Service"],
  CqlError | ClusterRefused,
  Session | ShardingConfig.ShardingConfig
> = Effect.fnUntraced(function*(options) {
  checkCluster(options)
  const config = yield* ShardingConfig.ShardingConfig
  const lease = Duration.fromInputUnsafe(config.shardLockExpiration)
  yield* checkConfig(config.runnerAddress, lease)
  const interval = Duration.min(
    Duration.fromInputUnsafe(config.shardLockRefreshInterval),
    Duration.divideUnsafe(lease, 3)
  )
  const store = yield* makeStore(options, interval)
  yield* facts.check(store, config.shardsPerGroup)

  const incarnation = yield* nextName
  const runners = new Map<string, RunnerState>()
  const stateOf = (address: string): RunnerState => {
    const known = runners.get(address)
    if (known !== undefined) return known
    const made = new RunnerState({ store, address, incarnation, lease, interval })
    runners.set(address, made)
    return made
  }
  const members = store.table("runners")

  return RunnerStorage.makeEncoded({
    getRunners: persistent(Effect.map(
      store.rows(`SELECT address, runner, healthy FROM ${members} WHERE cluster = ?`, [store.cluster]),
      (rows) => listed(rows, (address) => runners.get(address)?.hasLostAddress === true)
    )),
    register: (address, runner, healthy) => persistent(stateOf(address).register(runner, healthy)),
    unregister: (address) => persistent(stateOf(address).unregister),
    setRunnerHealth: (address, healthy) =>
      persistent(Effect.gen(function*() {
        const rows = yield* store.rows(
          `SELECT incarnation, runner FROM ${members} WHERE cluster = ? AND address = ?`,
          [store.cluster, address]
        )
        const seconds = Math.ceil(Duration.toSeconds(lease)) + 1
        yield* Effect.forEach(rows.filter(({ runner }) => runner !== null), ({ incarnation }) =>
          // The flag outlives a few reports. Without it a runner is healthy.
          store.write(
            `UPDATE ${members} USING TTL ? SET healthy = ? WHERE cluster = ? AND address = ? AND incarnation = ?`,
            [seconds * healthLeases, healthy, store.cluster, address, incarnation]
          ), { discard: true })
      })),
    acquire: (address, shards) => stateOf(address).acquire(shards),
    refresh: (address, shards) => persistent(stateOf(address).refresh(shards)),
    release: (address, shard) => persistent(stateOf(address).release(shard)),
    releaseAll: (address) => persistent(stateOf(address).releaseAll)
  })
})

const healthLeases = 100

/**
 * The storage of runners as a Layer. See {@link make}.
 *
 * **Example** (Two shards, one owner)
 *
 * ```ts
 * import { CqlCluster, CqlRunnerStorage } from "@effect-cql/cluster"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect, Layer, Option } from "effect"
 * import { RunnerAddress, RunnerStorage, ShardId, ShardingConfig } from "effect/cluster"
 *
 * const address = RunnerAddress.make("10.0.0.7", 34431)
 * const storage = CqlRunnerStorage.layer({ keyspace: "app" }).pipe(
 *   Layer.provide(ShardingConfig.layer({ runnerAddress: Option.some(address), shardsPerGroup: 64 })),
 *   Layer.provide(MockSession.memory(CqlCluster.ddl("app")))
 * )
 * const program = RunnerStorage.RunnerStorage.use((storage) =>
 *   storage.acquire(address, [ShardId.make("default", 1), ShardId.make("default", 2)])
 * )
 * console.assert((await Effect.runPromise(program.pipe(Effect.provide(storage)))).length === 2)
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<
  RunnerStorage.RunnerStorage,
  CqlError | ClusterRefused,
  Session | ShardingConfig.ShardingConfig
> => {
  checkCluster(options)
  return Layer.effect(RunnerStorage.RunnerStorage, make(options))
}

const checkConfig = (
  address: ShardingConfig.ShardingConfig["Service"]["runnerAddress"],
  lease: Duration.Duration
): Effect.Effect<void, ClusterRefused> => {
  if (Duration.toSeconds(lease) < 3) {
    return Effect.fail(
      new ClusterRefused({
        setting: "lease",
        expected: "of at least 3 seconds",
        got: Duration.format(lease),
        advice: "Increase the option lease, or shardLockExpiration of the ShardingConfig."
      })
    )
  }
  // A process without an address is a client, and registers nothing.
  return Option.isSome(address) && Equal.equals(address, ShardingConfig.defaults.runnerAddress)
    ? Effect.fail(
      new ClusterRefused({
        setting: "address",
        expected: "of this runner alone",
        got: `${address.value.host}:${address.value.port}, the default, which every machine has`,
        advice: "Set runnerAddress to the address at which the other runners reach this one."
      })
    )
    : Effect.void
}
