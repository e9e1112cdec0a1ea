import type { Cluster } from "@effect-cql/test-server/Simulacron"
import { Effect } from "effect"

const local = "SELECT * FROM system.local WHERE key='local'"
const peers = "SELECT * FROM system.peers"
const keyspaces = "SELECT * FROM system_schema.keyspaces"

const columns = {
  key: "varchar",
  bootstrapped: "varchar",
  cluster_name: "varchar",
  cql_version: "varchar",
  data_center: "varchar",
  rack: "varchar",
  partitioner: "varchar",
  release_version: "varchar",
  broadcast_address: "inet",
  listen_address: "inet",
  peer: "inet",
  rpc_address: "inet",
  host_id: "uuid",
  schema_version: "uuid",
  tokens: "set<varchar>"
}

const schemaVersion = "5b1cbc1e-0ae8-4d0f-9f0f-6a5ffc3a0000"

/**
 * Gives the nodes of a cluster these tokens, in place of those that Simulacron deals out, and a keyspace of one replica.
 * What connects from then on sees that.
 */
export const primeRing = Effect.fnUntraced(function*(
  { contactPoints, localDataCenter, prime }: Cluster,
  keyspace: string,
  tokens: ReadonlyArray<ReadonlyArray<bigint>>
) {
  const rows = tokens.map((own, node) => {
    const address = contactPoints[node]!.split(":")[0]
    return {
      key: "local",
      bootstrapped: "COMPLETED",
      cluster_name: "ring",
      cql_version: "3.4.4",
      data_center: localDataCenter,
      rack: "rack1",
      partitioner: "org.apache.cassandra.dht.Murmur3Partitioner",
      release_version: "3.11.0",
      broadcast_address: address,
      listen_address: address,
      peer: address,
      rpc_address: address,
      host_id: `5b1cbc1e-0ae8-4d0f-9f0f-6a5ffc3a${String(node + 1).padStart(4, "0")}`,
      schema_version: schemaVersion,
      tokens: own.map(String)
    }
  })
  for (const [node, row] of rows.entries()) {
    const others = rows.filter((other) => other !== row)
    yield* prime({ query: local }, { result: "success", rows: [row], column_types: columns }, node)
    yield* prime({ query: peers }, { result: "success", rows: others, column_types: columns }, node)
  }
  const described = {
    keyspace_name: keyspace,
    durable_writes: true,
    replication: { class: "org.apache.cassandra.locator.SimpleStrategy", replication_factor: "1" }
  }
  const then = {
    result: "success",
    rows: [described],
    column_types: { keyspace_name: "varchar", durable_writes: "boolean", replication: "map<varchar,varchar>" }
  }
  yield* prime({ query: keyspaces }, then)
  yield* prime({ query: `${keyspaces} WHERE keyspace_name = '${keyspace}'` }, then)
})
