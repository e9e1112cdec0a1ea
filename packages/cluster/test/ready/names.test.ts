/** Ready jobs over tables whose names have to be quoted, and over keys alone. */
import { CqlCluster, Job, JobRunner, Jobs } from "@effect-cql/cluster"
import { executeConcurrentWithArgs, Statement } from "@effect-cql/core"
import { CqlSchema, Table } from "@effect-cql/schema"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer, Logger, Schema, Stream } from "effect"
import { memory, passed, ran } from "../support/ready.ts"

class Order extends Table.Class<Order>("Order")("app.Order", {
  columns: {
    id: CqlSchema.Int,
    to: CqlSchema.Int,
    realm: Schema.optionalKey(CqlSchema.Text),
    name: CqlSchema.Text,
    set: Schema.ReadonlySet(CqlSchema.Text),
    list: Schema.Array(CqlSchema.Int),
    from: Schema.optionalKey(CqlSchema.Text)
  },
  names: { id: "token", to: "to", realm: "Realm", name: "na\"me", set: "set", list: "Li st", from: "from" },
  partitionKey: "id",
  clusteringKey: ["to"],
  static: ["realm"]
}) {}
const Target = Table.make("app.select", Order, {
  names: { id: "token", to: "to", realm: "Realm", name: "na\"me", set: "set", list: "Li st", from: "from" },
  partitionKey: "id",
  clusteringKey: ["to"]
})
const tables = memory([...Table.ddl(Order), ...Table.ddl(Target)])

const orders = Array.from({ length: 12 }, (_, at) => ({
  id: Math.trunc(at / 3),
  to: at % 3,
  name: `order ${at}`,
  set: new Set(["a"]),
  list: [1, 2],
  realm: "r",
  from: "f"
}))
const filled = executeConcurrentWithArgs(Order.insert, orders, { statement: { timestamp: 5n } })
const rowsOf = <E>(end: Exit.Exit<{ readonly rows: number; readonly rejected: number }, E>) =>
  Exit.isSuccess(end) ? [end.value.rows, end.value.rejected] : [String(end)]

describe("names that have to be quoted", () => {
  it.effect("stand in a copy, its comparison, a count, a change and a deletion", () =>
    Effect.gen(function*() {
      yield* filled
      const copied = yield* ran(Job.copy("Copy", { version: "1", from: Order, to: Target }), "copy")
      assert.deepStrictEqual(rowsOf(copied.end), [12, 0])
      const verified = yield* ran(
        Job.verify("Verify", { version: "1", from: Order, to: Target, times: true }),
        "verify"
      )
      assert.deepStrictEqual(rowsOf(verified.end), [12, 0])
      yield* Statement.make("UPDATE app.\"select\" SET \"from\" = 'g' WHERE \"token\" = 1 AND \"to\" = 2")
      const other = yield* ran(Job.verify("Verify", { version: "1", from: Order, to: Target }), "other")
      const [reject] = yield* Stream.runCollect(other.handle.rejects)
      assert.strictEqual(reject?.position, "\"token\" = 1 AND \"to\" = 2")
      const count = yield* ran(Job.count("Count", { version: "1", table: Order, where: ({ to }) => to === 1 }), "count")
      assert.deepStrictEqual(rowsOf(count.end), [4, 0])
      const changed = yield* ran(
        Job.transform("Change", {
          version: "1",
          table: Order,
          change: ({ name }) => Effect.succeed({ name: `${name}!`, set: new Set(["b"]) })
        }),
        "change"
      )
      assert.deepStrictEqual(rowsOf(changed.end), [12, 0])
      const { rows } = yield* Order.select({ id: 1 })
      assert.deepStrictEqual(rows.map(({ name }) => name), ["order 3!", "order 4!", "order 5!"])
      const expired = yield* ran(
        Job.expire("Expire", { version: "1", table: Order, where: ({ to }) => to > 0 }),
        "expire"
      )
      assert.deepStrictEqual(rowsOf(expired.end), [8, 0])
    }).pipe(Effect.provide(tables)))

  it.effect("are those of a keyspace too", () =>
    Effect.gen(function*() {
      class Key extends Table.Class<Key>("Key")("Key.keys", { columns: { id: CqlSchema.Int }, partitionKey: "id" }) {}
      for (const keyspace of ["Key", "table", "a\"b"]) {
        const session = Layer.fresh(MockSession.memory([...CqlCluster.ddl(keyspace), ...Table.ddl(Key)]))
        const Count = Job.count("Count", { version: "1", table: Key })
        const runner = Count.layer.pipe(
          Layer.provideMerge(JobRunner.layerTest({ keyspace, lanes: 2 })),
          Layer.provideMerge(session),
          Layer.provideMerge(Logger.layer([]))
        )
        yield* Effect.gen(function*() {
          yield* executeConcurrentWithArgs(Key.insert, [1, 2, 3].map((id) => ({ id })))
          const { rows } = yield* passed((yield* Count.start({ id: "c" })).await)
          assert.strictEqual(rows, 3)
          assert.strictEqual(yield* Jobs.Jobs.use(({ removeEnded }) => removeEnded({ olderThan: 0 })), 1)
        }).pipe(Effect.provide(runner))
      }
    }))
})

describe("a table of keys alone", () => {
  class Key extends Table.Class<Key>("Key")("app.keys", {
    columns: { id: CqlSchema.Int, part: CqlSchema.Text },
    partitionKey: ["id", "part"]
  }) {}
  const Other = Table.make("app.others", Key, { partitionKey: ["id", "part"] })
  it.effect("is copied, compared, counted and emptied", () =>
    Effect.gen(function*() {
      yield* executeConcurrentWithArgs(Key.insert, [1, 2, 3].map((id) => ({ id, part: "it's" })))
      const refused = yield* ran(Job.copy("Copy", { version: "1", from: Key, to: Other }), "refused")
      assert.deepStrictEqual(rowsOf(refused.end), [3, 3])
      const copied = yield* ran(Job.copy("Copy", { version: "1", from: Key, to: Other, untimed: "job" }), "copy")
      assert.deepStrictEqual(rowsOf(copied.end), [3, 0])
      const verified = yield* ran(Job.verify("Verify", { version: "1", from: Key, to: Other, times: true }), "verify")
      assert.deepStrictEqual(rowsOf(verified.end), [3, 0])
      const changed = yield* ran(
        Job.transform("Change", { version: "1", table: Key, change: () => Effect.succeed({}) }),
        "change"
      )
      assert.deepStrictEqual(rowsOf(changed.end), [3, 0])
      const expired = yield* ran(
        Job.expire("Expire", { version: "1", table: Key, where: ({ id }) => id > 1 }),
        "expire"
      )
      assert.deepStrictEqual(rowsOf(expired.end), [2, 0])
      const { rows } = yield* Statement.make("SELECT id FROM app.keys")
      assert.deepStrictEqual(rows.map(({ id }) => id), [1])
    }).pipe(Effect.provide(memory([...Table.ddl(Key), ...Table.ddl(Other)]))))
})

describe("a table of counters", () => {
  it("is not copied without its static counters", () => {
    class Visit extends Table.Class<Visit>("Visit")("app.visits", {
      columns: { site: CqlSchema.Text, page: CqlSchema.Text, all: CqlSchema.Counter, count: CqlSchema.Counter },
      partitionKey: "site",
      clusteringKey: ["page"],
      static: ["all"]
    }) {}
    assert.throws(
      () => Job.copy("Copy", { version: "1", from: Visit, to: Visit, atLeastOnce: true }),
      "expected counters that are not static"
    )
  })
})
