import type { Cluster } from "@effect-cql/test-server/Simulacron"
import { policies } from "cassandra-driver"
import { Effect } from "effect"
import { CassandraSession } from "../../src/index.ts"
import type { Bench } from "./failOne.ts"
import { frameProxyTo } from "./frameProxy.ts"

/** A session to the first node of a cluster, by a proxy that can say what the cluster cannot. */
export const benchOn = Effect.fnUntraced(function*(cluster: Cluster) {
  const { contactPoints, localDataCenter } = cluster
  const proxy = yield* frameProxyTo(contactPoints[0]!)
  const session = yield* CassandraSession.make({
    contactPoints: [proxy.address],
    localDataCenter,
    closeTimeout: 500,
    clientOptions: { policies: { reconnection: new policies.reconnection.ConstantReconnectionPolicy(20) } }
  })
  return { cluster, proxy, session } satisfies Bench
})
