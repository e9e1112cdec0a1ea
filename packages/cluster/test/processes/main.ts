/** A runner in a process of its own. */
import { CassandraSession } from "@effect-cql/cassandra"
import * as NodeCqlCluster from "@effect-cql/cluster/NodeCqlCluster"
import { NodeRuntime } from "@effect/platform-node"
import { Layer } from "effect"
import { ClusterWorkflowEngine } from "effect/cluster"
import process from "node:process"
import { cluster, layer, type Runner } from "./parts.ts"

interface Settings extends Runner {
  readonly contactPoints: ReadonlyArray<string>
  readonly localDataCenter: string
}

const settings = JSON.parse(process.env["RUNNER"] ?? "{}") as Settings

layer(settings).pipe(
  Layer.provide(ClusterWorkflowEngine.layer),
  Layer.provide(NodeCqlCluster.layer({
    ...cluster(settings.keyspace),
    address: { host: "127.0.0.1", port: settings.port }
  })),
  Layer.provide(CassandraSession.layer({
    contactPoints: settings.contactPoints,
    localDataCenter: settings.localDataCenter
  })),
  Layer.launch,
  NodeRuntime.runMain
)
