/** What the README says of the driver alone, on a real server. */
import { Statement } from "@effect-cql/core"
import { CassandraServer } from "@effect-cql/test-server/CassandraServer"
import { integration } from "@effect-cql/test-support/server"
import { ownName, withKeyspace } from "@effect-cql/test-support/session"
import { assert, layer } from "@effect/vitest"
import { Client, types } from "cassandra-driver"
import { Effect } from "effect"

const keyspace = ownName("bare_driver")
const tables = [
  `CREATE TABLE ${keyspace}.shifts (k int, c int, at time, PRIMARY KEY (k, c))`,
  `CREATE TABLE ${keyspace}.numbers (k int, v int, PRIMARY KEY (k, v))`,
  `CREATE TABLE ${keyspace}.pairs (id int PRIMARY KEY, a int, b int)`
]

/** A client of one connection, so that all statements share it. */
const connected = Effect.gen(function*() {
  const { contactPoints, localDataCenter } = yield* CassandraServer
  return yield* Effect.acquireRelease(
    Effect.promise(async () => {
      const client = new Client({
        contactPoints: [...contactPoints],
        localDataCenter,
        pooling: { coreConnectionsPerHost: { [types.distance.local]: 1 } }
      })
      await client.connect()
      return client
    }),
    (client) => Effect.promise(() => client.shutdown())
  )
})

integration("the driver alone", () => {
  layer(withKeyspace(keyspace, ...tables), { excludeTestServices: true })((it) => {
    it.effect("gives rows of one statement to another, after a value that it cannot read", () =>
      Effect.gen(function*() {
        const times = ["'08:00:00'", "'09:00:00'", "blobAsTime(0x4000000000000000)"]
        for (const [c, at] of times.entries()) {
          yield* Statement.make(`INSERT INTO ${keyspace}.shifts (k, c, at) VALUES (1, ${c}, ${at})`)
        }
        for (const v of [10, 11, 12, 13, 14]) {
          yield* Statement.make(`INSERT INTO ${keyspace}.numbers (k, v) VALUES (1, ?)`, [v])
        }
        const client = yield* connected
        const rows = (text: string) =>
          Effect.tryPromise(() => client.execute(text, [1], { prepare: true })).pipe(
            Effect.map(({ rows }) => rows.map((row) => row["v"]))
          )
        yield* Effect.flip(rows(`SELECT c, at FROM ${keyspace}.shifts WHERE k = ?`))
        const numbers = yield* rows(`SELECT v FROM ${keyspace}.numbers WHERE k = ?`)
        assert.deepStrictEqual(numbers, [undefined, undefined, 10, 11, 12])
        // A session on the same server reads what stands there.
        const { rows: right } = yield* Statement.make(`SELECT v FROM ${keyspace}.numbers WHERE k = ?`, [1])
        assert.deepStrictEqual(right.map(({ v }) => v), [10, 11, 12, 13, 14])
      }).pipe(Effect.scoped))

    it.effect("reads null for all that stands behind a null in a list", () =>
      Effect.gen(function*() {
        yield* Statement.make(`INSERT INTO ${keyspace}.pairs (id, a) VALUES (1, 7)`)
        const text = `SELECT [a, b, a] AS list FROM ${keyspace}.pairs WHERE id = 1`
        const client = yield* connected
        const { rows: [row] } = yield* Effect.promise(() => client.execute(text))
        assert.deepStrictEqual(row?.["list"], [7, null, null])
        const { first } = yield* Statement.make(text)
        assert.deepStrictEqual(first?.["list"], [7, null, 7])
      }).pipe(Effect.scoped))
  })
})
