/** Indexes of columns of the key, on a server and in memory: what compiles is answered. */
import { executeConcurrentWithArgs, Statement } from "@effect-cql/core"
import { CqlSchema, Table } from "@effect-cql/schema"
import { integration } from "@effect-cql/test-support/server"
import { onceBuilt, ownName, withKeyspace } from "@effect-cql/test-support/session"
import { MockSession } from "@effect-cql/testing"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"

const keyspace = ownName("indexes")

class Order extends Table.Class<Order>("Order")(`${keyspace}.orders`, {
  columns: {
    shop: CqlSchema.Text,
    day: CqlSchema.Int,
    at: CqlSchema.Int,
    id: CqlSchema.Int,
    status: CqlSchema.Text
  },
  partitionKey: ["shop", "day"],
  clusteringKey: ["at", "id"],
  indexes: { day: "sai", at: "secondary", id: "sai", status: "sai" }
}) {}

const across = { acrossPartitions: true } as const
const day = { shop: "a", day: 1 }
const statements: ReadonlyArray<Statement.Statement<Order>> = [
  Order.select({ ...day, id: 7 }),
  Order.select({ ...day, "id >": 0, status: "open" }),
  Order.select({ ...day, at: 1, "id in": [1, 7] }),
  Order.select({ ...day, "at in": [0, 1], status: "paid" }),
  Order.select({ at: 1 }, across),
  Order.select({ id: 7 }, across),
  Order.select({ day: 2, status: "open" }, across),
  Order.select({ "day >": 1, "day <": 3 }, across),
  Order.select({ shop: "a", status: "open" }, { allowFiltering: true })
]

const program = Effect.gen(function*() {
  const orders = Array.from(
    { length: 12 },
    (_, n) =>
      new Order({ shop: n % 2 === 0 ? "b" : "a", day: n % 3, at: n % 2, id: n, status: n < 6 ? "open" : "paid" })
  )
  yield* executeConcurrentWithArgs(Order.insert, orders)
  return yield* Effect.forEach(
    statements,
    (statement) => Effect.map(onceBuilt(Statement.rows(statement)), (rows) => rows.map(({ id }) => id))
  )
})

integration("Indexes of columns of the key", () => {
  layer(withKeyspace(keyspace, ...Table.ddl(Order)), { excludeTestServices: true, timeout: 120_000 })((it) => {
    it.effect("answer what compiles, and a memory session answers alike", () =>
      Effect.gen(function*() {
        const ours = yield* program.pipe(Effect.provide(MockSession.memory(Table.ddl(Order))))
        assert.deepStrictEqual(yield* program, ours)
        assert.deepStrictEqual(ours.slice(0, 4), [[7], [1], [1, 7], [7]])
      }))
  })
})
