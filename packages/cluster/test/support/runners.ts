/** Processes of a cluster in one process: a storage of runners each, over the session of the context. */
import { type CqlCluster, CqlRunnerStorage } from "@effect-cql/cluster"
import { Effect, Option } from "effect"
import { Runner, RunnerAddress, ShardId, ShardingConfig } from "effect/cluster"

export const address = (port: number) => RunnerAddress.make("10.0.0.1", port)
export const runner = (port: number, weight = 1) => Runner.make({ address: address(port), groups: ["default"], weight })
export const shards = (...ids: ReadonlyArray<number>) => ids.map((id) => ShardId.make("default", id))
export const numbers = (ids: ReadonlyArray<ShardId.ShardId>) => ids.map(({ id }) => id).sort((a, b) => a - b)

/** A process of its own. */
export const process = (
  port: number,
  config: Partial<ShardingConfig.ShardingConfig["Service"]> = {},
  options: Partial<CqlCluster.Options> = {}
) =>
  CqlRunnerStorage.make({ keyspace: "app", ...options }).pipe(
    Effect.provideService(ShardingConfig.ShardingConfig, {
      ...ShardingConfig.defaults,
      runnerAddress: Option.some(address(port)),
      shardsPerGroup: 64,
      shardLockExpiration: "30 seconds",
      ...config
    })
  )
