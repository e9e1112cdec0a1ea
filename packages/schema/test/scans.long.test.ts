/** Scans of one and three nodes with 1, 16 and 256 tokens each: every row once, near its replicas, and while a node is started again. */
import { CassandraSession } from "@effect-cql/cassandra"
import { executeConcurrentWithArgs, Query, Session, Statement } from "@effect-cql/core"
import { CqlSchema, Scan, Table } from "@effect-cql/schema"
import { CassandraServer, make } from "@effect-cql/test-server/CassandraServer"
import { assert, describe, layer } from "@effect/vitest"
import cassandra from "cassandra-driver"
import { Effect, Fiber, Layer, Schedule, Schema, Stream } from "effect"
import { assertCovers } from "./support/rings.ts"

class Item extends Table.Class<Item>("Item")("scans.items", {
  columns: { pk: CqlSchema.Int, ck: CqlSchema.Int, name: CqlSchema.Text },
  partitionKey: "pk",
  clusteringKey: ["ck"]
}) {}

const items = Array.from(
  { length: 1_500 },
  (_, pk) => Array.from({ length: 1 + pk % 5 }, (_, ck) => ({ pk, ck, name: `${pk}:${ck}` }))
).flat()
const names = items.map(({ name }) => name).sort()
const sorted = (rows: ReadonlyArray<{ readonly name: string }>) => rows.map(({ name }) => name).sort()

const patient = { requestTimeout: "30 seconds", retry: "none" } as const

// Each row is on one node, so that a scan has to wait for the node that is down.
const filled = Effect.gen(function*() {
  yield* Statement.make(
    "CREATE KEYSPACE scans WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
    [],
    patient
  )
  for (const text of Table.ddl(Item)) yield* Statement.make(text, [], patient)
  const session = yield* Session
  assert.isTrue(yield* session.schemaAgreement("2 minutes"))
  yield* executeConcurrentWithArgs(Item.insert, items, { statement: { requestTimeout: "30 seconds" } })
})

const inRange = Query.make("SELECT pk FROM scans.items WHERE token(pk) > ? AND token(pk) <= ?", {
  params: Schema.Tuple([Schema.BigInt, Schema.BigInt])
})

const clusters = ([1, 3] as const).flatMap((count) => [1, 16, 256].map((tokens) => ({ count, tokens })))

for (const { count, tokens } of clusters) {
  describe(`a scan of ${count === 1 ? "one node" : "three nodes"} with ${tokens} tokens each`, () => {
    const SessionLive = Layer.unwrap(
      Effect.map(CassandraServer, ({ contactPoints, localDataCenter }) =>
        CassandraSession.layer({
          contactPoints,
          localDataCenter,
          requestTimeout: "10 seconds",
          clientOptions: {
            policies: { reconnection: new cassandra.policies.reconnection.ConstantReconnectionPolicy(500) }
          }
        }))
    ).pipe(
      Layer.provideMerge(
        Layer.effect(CassandraServer, make({ provider: "jvm", nodes: count, tokens, startTimeout: "10 minutes" }))
      )
    )

    layer(SessionLive, { excludeTestServices: true, timeout: 630_000 })((it) => {
      it.effect(
        "gives each row once, from a replica, also while a node is started again",
        () =>
          Effect.gen(function*() {
            yield* filled
            const session = yield* Session
            const { contactPoints, nodes } = yield* CassandraServer

            const ring = yield* session.ring("scans")
            assert.strictEqual(ring?.ranges.length, count * tokens)
            const ranges = yield* Scan.ranges(Item)
            assertCovers(ranges)
            assert.sameMembers([...new Set(ranges.flatMap(({ replicas }) => replicas))], [...contactPoints])
            for (const { end, replicas, start } of ranges.slice(0, 40)) {
              const read = inRange(start, end).pipe(Statement.withOptions({ routing: { token: end } }))
              assert.strictEqual((yield* read).info.coordinator, replicas[0])
            }

            for (const order of ["any", "token"] as const) {
              const rows = yield* Scan.table(Item, { order, statement: { pageSize: 100 } }).pipe(Stream.runCollect)
              assert.deepStrictEqual(sorted(rows), names)
            }

            const last = nodes.at(-1)
            if (last === undefined) return assert.fail("a cluster has a node")
            let restart: Fiber.Fiber<unknown, unknown> | undefined
            // The first row stops a node, which may be the only one. It is back a while later.
            const stop = Effect.gen(function*() {
              if (restart !== undefined) return
              yield* last.stop
              restart = yield* Effect.forkDetach(Effect.delay(last.restart, "5 seconds"))
            })
            const rows = yield* Scan.table(Item, {
              concurrency: 4,
              retry: Schedule.spaced("1 second").pipe(Schedule.upTo({ times: 240 })),
              statement: { pageSize: 50, requestTimeout: "5 seconds" }
            }).pipe(Stream.tap(() => stop), Stream.runCollect)
            assert.isDefined(restart)
            yield* Fiber.join(restart)
            assert.deepStrictEqual(sorted(rows), names)
          }),
        400_000
      )
    })
  })
}
