/** Claims of the README about the results of the bare driver, checked on a real server. */
import { Statement } from "@effect-cql/core"
import { CassandraServer } from "@effect-cql/test-server/CassandraServer"
import { integration } from "@effect-cql/test-support/server"
import { optionsOf, ownName, withKeyspace } from "@effect-cql/test-support/session"
import { assert, layer } from "@effect/vitest"
import { type ClientOptions, types } from "cassandra-driver"
import { Effect } from "effect"
import { CassandraSession } from "../../src/index.ts"
import { bareClient } from "../support/bareClient.ts"

const keyspace = ownName("bare_driver")
const tables = [
  `CREATE TABLE ${keyspace}.shifts (k int, c int, at time, PRIMARY KEY (k, c))`,
  `CREATE TABLE ${keyspace}.numbers (k int, v int, PRIMARY KEY (k, v))`,
  `CREATE TABLE ${keyspace}.pairs (id int PRIMARY KEY, a int, b int)`
]

/** A client of one connection, so that all statements share it. */
const connected = (options: Partial<ClientOptions> = {}) =>
  Effect.flatMap(CassandraServer, ({ contactPoints, localDataCenter }) =>
    bareClient([...contactPoints], {
      localDataCenter,
      pooling: { coreConnectionsPerHost: { [types.distance.local]: 1 } },
      ...options
    }))

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
        yield* Statement.make(`INSERT INTO ${keyspace}.numbers (k, v) VALUES (2, 77)`)
        const client = yield* connected()
        const rows = (text: string) =>
          Effect.tryPromise(() => client.execute(text, [1], { prepare: true })).pipe(
            Effect.map(({ rows }) => rows.map((row) => row["v"]))
          )
        yield* Effect.flip(rows(`SELECT c, at FROM ${keyspace}.shifts WHERE k = ?`))
        const numbers = yield* rows(`SELECT v FROM ${keyspace}.numbers WHERE k = ?`)
        assert.deepStrictEqual(numbers, [undefined, undefined, 10, 11, 12])
        // A session of one connection reads what stands there, after it has met the same value.
        const session = yield* CassandraSession.make({
          ...optionsOf(yield* CassandraServer),
          pooling: { connectionsPerHost: 1 }
        })
        const text = `SELECT c, at FROM ${keyspace}.shifts WHERE k = ?`
        const error = yield* Effect.flip(session.execute([text, [1]]))
        assert.strictEqual(error.reason._tag, "RowDecoding")
        assert.include(error.message, "row 2, column at")
        const valuesOf = (k: number) =>
          Effect.map(
            session.execute([`SELECT v FROM ${keyspace}.numbers WHERE k = ?`, [k]]),
            ({ rows }) => rows.map(({ v }) => v)
          )
        assert.deepStrictEqual(yield* valuesOf(1), [10, 11, 12, 13, 14])
        assert.deepStrictEqual(yield* valuesOf(2), [77])
      }).pipe(Effect.scoped))

    it.effect("reads null for all that stands behind a null in a list", () =>
      Effect.gen(function*() {
        yield* Statement.make(`INSERT INTO ${keyspace}.pairs (id, a) VALUES (1, 7)`)
        const text = `SELECT [a, b, a] AS list FROM ${keyspace}.pairs WHERE id = 1`
        const client = yield* connected()
        const { rows: [row] } = yield* Effect.promise(() => client.execute(text))
        assert.deepStrictEqual(row?.["list"], [7, null, null])
        const { first } = yield* Statement.make(text)
        assert.deepStrictEqual(first?.["list"], [7, null, 7])
      }).pipe(Effect.scoped))

    it.effect("stores bytes of the old types, after a table was made anew with others", () =>
      Effect.gen(function*() {
        const table = `${keyspace}.retyped`
        const text = `INSERT INTO ${table} (id, v) VALUES (?, ?)`
        yield* Statement.make(`CREATE TABLE ${table} (id int PRIMARY KEY, v int)`)
        const client = yield* connected()
        const write = (id: number) => Effect.promise(() => client.execute(text, [id, 5], { prepare: true }))
        yield* write(0)
        yield* Statement.make(`DROP TABLE ${table}`)
        yield* Statement.make(`CREATE TABLE ${table} (id int PRIMARY KEY, v text)`)
        // Another program prepares the same text.
        yield* Statement.make(text, [1, "a"])
        yield* write(2)
        const { first } = yield* Statement.make(`SELECT v FROM ${table} WHERE id = 2`)
        assert.strictEqual(first?.["v"], "\0\0\0\u0005")
      }).pipe(Effect.scoped), 60_000)

    it.effect(
      "reports a timeout for answers that arrived while the event loop was blocked",
      () =>
        Effect.gen(function*() {
          const client = yield* connected({ socketOptions: { readTimeout: 500 } })
          const text = `INSERT INTO ${keyspace}.pairs (id, a) VALUES (?, 1)`
          const write = (id: number) =>
            client.execute(text, [id], { prepare: true }).then(() => "answered", (error: unknown) => String(error))
          yield* Effect.promise(() => write(99))
          const running = Array.from({ length: 50 }, (_, id) => write(100 + id))
          // What was written is on its way.
          yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
          const end = performance.now() + 1_200
          while (performance.now() < end);
          const answers = yield* Effect.promise(() => Promise.all(running))
          assert.isTrue(answers.every((answer) => answer.includes("did not reply before timeout")), answers[0])
          const { rows } = yield* Statement.make(`SELECT id FROM ${keyspace}.pairs`)
          assert.strictEqual(rows.filter(({ id }) => Number(id) >= 100).length, 50)
        }).pipe(Effect.scoped),
      30_000
    )
  })
})
