import { Statement } from "@effect-cql/core"
import { CassandraServer } from "@effect-cql/test-server/CassandraServer"
import { integration } from "@effect-cql/test-support/server"
import { ownName, withKeyspace } from "@effect-cql/test-support/session"
import { assert, layer } from "@effect/vitest"
import { Client } from "cassandra-driver"
import { Effect } from "effect"
import { CassandraClient, CassandraSession } from "../src/index.ts"
import { until } from "./support/until.ts"

const keyspace = ownName("replication")
const simple = { strategy: "org.apache.cassandra.locator.SimpleStrategy", strategyOptions: { replication_factor: "1" } }

const clientTo = (encoding: { readonly map?: MapConstructor }) =>
  Effect.acquireRelease(
    Effect.gen(function*() {
      const { contactPoints, credentials, localDataCenter } = yield* CassandraServer
      assert.isUndefined(credentials)
      return new Client({ contactPoints: [...contactPoints], localDataCenter, encoding })
    }),
    (client) => Effect.promise(() => client.shutdown())
  )

/** Metadata of a keyspace in a client, which determine the replicas of a statement. */
const known = (client: Client, name: string): unknown =>
  client.metadata.keyspaces[name] ?? assert.fail(`${name} is not known`)

integration("replication", () => {
  layer(withKeyspace(keyspace), { excludeTestServices: true })((it) => {
    it.effect("is known to the client of a session, so that every replica is one that a statement can go to", () =>
      Effect.gen(function*() {
        const { localDataCenter } = yield* CassandraServer
        const client = yield* CassandraClient
        // It is read beside the agreement on the schema, and may come after it.
        yield* until("the keyspace is known", () => Object.hasOwn(client.metadata.keyspaces, keyspace))
        assert.deepInclude(known(client, keyspace), simple)
        const other = `${keyspace}_other`
        const replication = `{'class': 'NetworkTopologyStrategy', '${localDataCenter}': 1}`
        yield* Statement.make(`CREATE KEYSPACE ${other} WITH replication = ${replication}`)
        yield* Effect.promise(() => client.metadata.refreshKeyspace(other))
        const found = known(client, other)
        yield* Statement.make(`DROP KEYSPACE ${other}`)
        assert.deepInclude(found, {
          strategy: "org.apache.cassandra.locator.NetworkTopologyStrategy",
          strategyOptions: { [localDataCenter]: "1" }
        })
      }))

    it.effect("is known to a client of the user's, whether or not it was connected, and whatever its maps are", () =>
      Effect.gen(function*() {
        for (const encoding of [{ map: Map }, {}]) {
          for (const connect of [true, false]) {
            const client = yield* clientTo(encoding)
            if (connect) yield* Effect.promise(() => client.connect())
            yield* CassandraSession.fromClient(client)
            assert.deepInclude(known(client, keyspace), simple)
            yield* CassandraSession.fromClient(client)
            assert.deepInclude(known(client, keyspace), simple)
          }
        }
      }).pipe(Effect.scoped))
  })
})
