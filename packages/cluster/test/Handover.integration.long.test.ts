/** Entities and workflows whose owners die, over CQL on a real server: a cluster of its own for each test, in one keyspace. */
import { CqlCluster } from "@effect-cql/cluster"
import { integration } from "@effect-cql/test-support/server"
import { ownName, withKeyspace } from "@effect-cql/test-support/session"
import { Effect, Layer, ManagedRuntime } from "effect"
import { afterAll, beforeAll } from "vitest"
import { handoverSuite } from "./support/handoverSuite.ts"

const keyspace = ownName("handover")

integration("The storages of a cluster", () => {
  const runtime = ManagedRuntime.make(withKeyspace(keyspace, ...CqlCluster.ddl(keyspace)))
  beforeAll(() => runtime.runPromise(Effect.void), 120_000)
  afterAll(() => runtime.dispose(), 60_000)

  let clusters = 0
  handoverSuite("Entities and workflows over CQL on a real server", () => ({
    session: Layer.effectContext(Effect.orDie(runtime.contextEffect)),
    options: { keyspace, cluster: `cluster-${clusters++}` },
    isLive: true
  }), { isConcurrent: true, limit: 120_000 })
})
