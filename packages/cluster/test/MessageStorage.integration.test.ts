/** The suite of storages of messages on a real server: a cluster of its own for each test, in one keyspace. */
import { CqlCluster, CqlMessageStorage } from "@effect-cql/cluster"
import { integration } from "@effect-cql/test-support/server"
import { ownName, withKeyspace } from "@effect-cql/test-support/session"
import { Effect, Layer, ManagedRuntime } from "effect"
import { MessageStorage, Snowflake } from "effect/cluster"
import { afterAll, beforeAll } from "vitest"
import { messageFaultsSuite } from "./support/messageFaultsSuite.ts"
import { messageStorageSuite, Other } from "./support/messageStorageSuite.ts"

const keyspace = ownName("messages")

integration("The storage of messages", () => {
  const runtime = ManagedRuntime.make(withKeyspace(keyspace, ...CqlCluster.ddl(keyspace)))
  beforeAll(() => runtime.runPromise(Effect.void), 120_000)
  afterAll(() => runtime.dispose(), 60_000)

  let clusters = 0
  messageStorageSuite("over CQL on a real server", {
    isLive: true,
    timeout: 60_000,
    fresh: () => {
      const cluster = `cluster-${clusters++}`
      return Layer.mergeAll(
        Layer.effect(MessageStorage.MessageStorage, CqlMessageStorage.make({ keyspace, cluster })),
        Layer.effect(Other, CqlMessageStorage.make({ keyspace, cluster }))
      ).pipe(
        Layer.provide(Layer.effectContext(runtime.contextEffect)),
        Layer.provideMerge(Snowflake.layerGenerator)
      )
    }
  })

  messageFaultsSuite("CQL on a real server", {
    isLive: true,
    timeout: 60_000,
    fresh: () => ({
      session: Layer.effectContext(runtime.contextEffect),
      options: { keyspace, cluster: `cluster-${clusters++}` }
    })
  })
})
