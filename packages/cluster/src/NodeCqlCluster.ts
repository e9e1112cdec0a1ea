/**
 * A runner of Effect's cluster on Node.js: sharding, transport and both storages in one configuration.
 *
 * This module needs `@effect/platform-node`, and is imported by its path: `@effect-cql/cluster/NodeCqlCluster`.
 *
 * @since 0.1.0
 */
import type { CqlError, Session } from "@effect-cql/core"
import * as NodeClusterSocket from "@effect/platform-node/NodeClusterSocket"
import type * as MessageStorage from "effect/cluster/MessageStorage"
import * as RunnerAddress from "effect/cluster/RunnerAddress"
import * as RunnerHealth from "effect/cluster/RunnerHealth"
import * as Runners from "effect/cluster/Runners"
import type * as RunnerStorage from "effect/cluster/RunnerStorage"
import type * as Sharding from "effect/cluster/Sharding"
import * as ShardingConfig from "effect/cluster/ShardingConfig"
import * as SocketRunner from "effect/cluster/SocketRunner"
import type * as Duration from "effect/Duration"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as RpcSerialization from "effect/rpc/RpcSerialization"
import type * as SocketServer from "effect/socket/SocketServer"
import type { ClusterRefused } from "./CqlCluster.ts"
import * as CqlMessageStorage from "./CqlMessageStorage.ts"
import * as CqlRunnerStorage from "./CqlRunnerStorage.ts"
import { checkClient, checkRunner } from "./internal/layerOptions.ts"

/**
 * The configuration of a process of a cluster: the keyspace, the name and the scope of the cluster, the retention of
 * messages, and the options below. Environment variables are not read.
 *
 * @category options
 * @since 0.1.0
 */
export interface ClientOptions extends CqlMessageStorage.Options {
  /**
   * Number of shards of each group, which cannot be changed. Use at least four for each future runner; runners beyond
   * the number of shards are idle. Default: 64.
   */
  readonly shards?: number | undefined
  /**
   * Duration for which a dead runner keeps its shards, at least 3 seconds. Locks are renewed three times within it.
   * Default: 35 seconds.
   */
  readonly lease?: Duration.Input | undefined
  /** Encoding between runners. Default: `"binary"`. */
  readonly serialization?: "binary" | "ndjson" | undefined
  /** Further settings of Effect's sharding. The options above take precedence. */
  readonly sharding?: Partial<ShardingConfig.ShardingConfig["Service"]> | undefined
}

/**
 * The configuration of a runner.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options extends ClientOptions {
  /** Unique address at which the other processes reach this one. */
  readonly address: { readonly host: string; readonly port: number }
  /** Address to listen on, if it differs. Default: `address`. */
  readonly listen?: { readonly host: string; readonly port: number } | undefined
  /** How other runners detect a dead runner before its lease ends: by a ping, or from Kubernetes. Default: `"ping"`. */
  readonly health?: "ping" | "k8s" | undefined
}

/**
 * The services of a process of a cluster.
 *
 * @category models
 * @since 0.1.0
 */
export type Services =
  | Sharding.Sharding
  | Runners.Runners
  | MessageStorage.MessageStorage
  | RunnerStorage.RunnerStorage
  | ShardingConfig.ShardingConfig

/**
 * A runner: it owns shards, and runs their entities, singletons and workflows.
 *
 * **Example** (A worker, put together)
 *
 * ```ts
 * import { CassandraSession } from "@effect-cql/cassandra"
 * import * as NodeCqlCluster from "@effect-cql/cluster/NodeCqlCluster"
 * import { Effect, Layer, Schema } from "effect"
 * import { ClusterSchema, Entity } from "effect/cluster"
 * import { Rpc } from "effect/rpc"
 *
 * const Counter = Entity.make("Counter", [
 *   Rpc.make("Add", { payload: { by: Schema.Int }, success: Schema.Int }).annotate(ClusterSchema.Persisted, true)
 * ])
 * const CounterLive = Counter.toLayer(Effect.sync(() => {
 *   let total = 0
 *   return Counter.of({ Add: ({ payload }) => Effect.sync(() => total += payload.by) })
 * }))
 * const worker = CounterLive.pipe(
 *   Layer.provide(NodeCqlCluster.layer({ keyspace: "app", address: { host: "10.0.0.7", port: 34431 } })),
 *   Layer.provide(CassandraSession.layer({ contactPoints: ["127.0.0.1"], localDataCenter: "datacenter1" }))
 * )
 * // Layer.launch(worker).pipe(NodeRuntime.runMain)
 * console.assert(Layer.isLayer(worker))
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<
  Services,
  CqlError | ClusterRefused | SocketServer.SocketServerError,
  Session
> => {
  checkRunner(options)
  const { address, listen } = options
  const config = configOf(options, {
    runnerAddress: Option.some(RunnerAddress.make(address.host, address.port)),
    runnerListenAddress: Option.map(
      Option.fromUndefinedOr(listen),
      ({ host, port }) => RunnerAddress.make(host, port)
    )
  })
  return SocketRunner.layer.pipe(
    Layer.provide([NodeClusterSocket.layerSocketServer, NodeClusterSocket.layerClientProtocol]),
    Layer.provide(options.health === "k8s" ? healthByKubernetes : healthByPing),
    Layer.provideMerge(storages(options, config)),
    Layer.provide(serializationOf(options))
  )
}

const healthByPing = RunnerHealth.layerPing.pipe(
  Layer.provide(Runners.layerRpc),
  Layer.provide(NodeClusterSocket.layerClientProtocol)
)

const healthByKubernetes = RunnerHealth.layerK8s().pipe(Layer.provide(NodeClusterSocket.layerK8sHttpClient))

const serializationOf = ({ serialization }: ClientOptions): Layer.Layer<RpcSerialization.RpcSerialization> =>
  serialization === "ndjson" ? RpcSerialization.layerNdjsonWith() : RpcSerialization.layerSchemaBinary()

/**
 * A client: it sends requests to entities and starts workflows, and owns no shards.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerClient = (
  options: ClientOptions
): Layer.Layer<Services, CqlError | ClusterRefused, Session> => {
  checkClient(options)
  const config = configOf(options, { runnerAddress: Option.none(), runnerListenAddress: Option.none() })
  return SocketRunner.layerClientOnly.pipe(
    Layer.provide(NodeClusterSocket.layerClientProtocol),
    Layer.provideMerge(storages(options, config)),
    Layer.provide(serializationOf(options))
  )
}

const configOf = (
  { lease, sharding, shards = 64 }: ClientOptions,
  addresses: Pick<ShardingConfig.ShardingConfig["Service"], "runnerAddress" | "runnerListenAddress">
): ShardingConfig.ShardingConfig["Service"] => ({
  ...ShardingConfig.defaults,
  ...sharding,
  ...addresses,
  shardsPerGroup: shards,
  ...(lease === undefined ? {} : { shardLockExpiration: lease })
})

const storages = (options: ClientOptions, config: ShardingConfig.ShardingConfig["Service"]) =>
  Layer.mergeAll(CqlMessageStorage.layer(options), CqlRunnerStorage.layer(options)).pipe(
    Layer.provideMerge(ShardingConfig.layer(config))
  )
