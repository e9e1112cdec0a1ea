/** The suites of storages of messages on three nodes that hold every row. */
import { CassandraSession } from "@effect-cql/cassandra"
import { CqlCluster, CqlMessageStorage } from "@effect-cql/cluster"
import { type Session, Statement } from "@effect-cql/core"
import { CassandraServer, make } from "@effect-cql/test-server/CassandraServer"
import { Effect, Layer, ManagedRuntime } from "effect"
import { MessageStorage, Snowflake } from "effect/cluster"
import { afterAll, beforeAll, describe } from "vitest"
import { messageFaultsSuite } from "./support/messageFaultsSuite.ts"
import { messageStorageSuite, Other } from "./support/messageStorageSuite.ts"

const keyspace = "messages"

const SessionLive: Layer.Layer<Session, unknown> = Layer.effectDiscard(
  Effect.forEach([
    `CREATE KEYSPACE ${keyspace} WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 3}`,
    ...CqlCluster.ddl(keyspace)
  ], (text) => Statement.make(text, [], { requestTimeout: "30 seconds" }))
).pipe(
  Layer.provideMerge(
    Layer.unwrap(
      Effect.map(
        CassandraServer,
        ({ contactPoints, localDataCenter }) => CassandraSession.layer({ contactPoints, localDataCenter })
      )
    )
  ),
  Layer.provide(Layer.effect(CassandraServer, make({ provider: "jvm", nodes: 3, startTimeout: "5 minutes" })))
)

describe("The storage of messages on three nodes", () => {
  const runtime = ManagedRuntime.make(SessionLive)
  beforeAll(() => runtime.runPromise(Effect.void), 600_000)
  afterAll(() => runtime.dispose(), 120_000)

  const session = Layer.orDie(Layer.effectContext(runtime.contextEffect))
  let clusters = 0
  const options = () => ({ keyspace, cluster: `cluster-${clusters++}` })

  messageStorageSuite("over CQL", {
    isLive: true,
    timeout: 120_000,
    fresh: () => {
      const settings = options()
      return Layer.mergeAll(
        Layer.effect(MessageStorage.MessageStorage, CqlMessageStorage.make(settings)),
        Layer.effect(Other, CqlMessageStorage.make(settings))
      ).pipe(Layer.provide(session), Layer.provideMerge(Snowflake.layerGenerator))
    }
  })

  messageFaultsSuite("CQL on three nodes", {
    isLive: true,
    timeout: 120_000,
    fresh: () => ({ session, options: options() })
  })
})
