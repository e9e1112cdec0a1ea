import { Batch, executeConcurrent, Query, Session, Statement } from "@effect-cql/core"
import { integration } from "@effect-cql/test-support/server"
import { ownName, SessionLive, withKeyspace } from "@effect-cql/test-support/session"
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"

const keyspace = ownName("forgotten")

/** Error message of a statement that the server prepared earlier and refuses now. */
const refusal = Effect.fnUntraced(function*(statement: Statement.Input) {
  const session = yield* Session
  const error = yield* Effect.flip(session.execute(statement))
  assert.deepInclude(error, { outcome: "NotApplied", attempts: 1, isRetryable: false })
  assert.strictEqual(error.reason._tag, "InvalidQuery")
  return error.reason.message
})

integration("statements that the server has forgotten", () => {
  layer(withKeyspace(keyspace), { excludeTestServices: true })((it) => {
    it.effect("a column that was dropped is an invalid query, at once and from then on", () =>
      Effect.gen(function*() {
        const table = `${keyspace}.columns`
        yield* Statement.make(`CREATE TABLE ${table} (id int PRIMARY KEY, v int, w int)`)
        const insert = Query.make(`INSERT INTO ${table} (id, v, w) VALUES (?, ?, ?)`)
        const batch = Batch.make([insert(1, 1, 1), insert(2, 2, 2)])
        yield* insert(0, 0, 0)
        yield* batch
        yield* Statement.make(`ALTER TABLE ${table} DROP w`)
        assert.match(yield* refusal(batch), /Undefined column name w/)
        for (let time = 0; time < 3; time++) assert.match(yield* refusal(insert(1, 1, 1)), /Undefined column name w/)
        assert.match(yield* refusal(batch), /Undefined column name w/)
      }))

    it.effect("a type that gets another field is asked for anew, so that records of its new form are taken", () =>
      Effect.gen(function*() {
        const [type, table] = [`${keyspace}.address`, `${keyspace}.addresses`]
        yield* Statement.make(`CREATE TYPE ${type} (a int)`)
        yield* Statement.make(`CREATE TABLE ${table} (id int PRIMARY KEY, u frozen<list<frozen<${type}>>>)`)
        const insert = Query.make(`INSERT INTO ${table} (id, u) VALUES (?, ?)`)
        const other = Query.make(`INSERT INTO ${table} (u, id) VALUES (?, ?)`)
        yield* insert(1, [{ a: 1 }])
        yield* other([{ a: 1 }], 2)
        yield* Statement.make(`ALTER TYPE ${type} ADD b int`)
        yield* Effect.sleep("1.1 seconds")
        yield* insert(3, [{ a: 1, b: 2 }])
        yield* Batch.make([insert(4, [{ a: 3, b: 4 }]), other([{ a: 5, b: 6 }], 5)])
        const { rows } = yield* Statement.make(`SELECT u FROM ${table} WHERE id IN (3, 4, 5)`)
        assert.deepStrictEqual(rows.map(({ u }) => u), [[{ a: 1, b: 2 }], [{ a: 3, b: 4 }], [{ a: 5, b: 6 }]])
        const old = yield* Effect.flip(insert(6, [{ a: 1 }]))
        assert.match(old.message, /ParametersRefused: .*u\[0\]\.b\): expected int, or null for none/)
      }))

    it.effect("a table that was dropped is an invalid query for all that are under way, and is found when it is there again", () =>
      Effect.gen(function*() {
        const table = `${keyspace}.tables`
        const create = Statement.make(`CREATE TABLE ${table} (id int PRIMARY KEY)`)
        const insert = Query.make(`INSERT INTO ${table} (id) VALUES (?)`)
        const statements = Array.from({ length: 40 }, (_, id) => insert(id))
        yield* create
        yield* executeConcurrent(statements)
        yield* Statement.make(`DROP TABLE ${table}`)
        const results = yield* executeConcurrent(statements, { raiseOnFirstError: false })
        for (const result of results) {
          if (result._tag === "Success") return assert.fail("there is no table")
          assert.strictEqual(result.error.reason._tag, "InvalidQuery")
          assert.strictEqual(result.outcome, "NotApplied")
        }
        yield* create
        yield* executeConcurrent(statements)
        const found = yield* Statement.make(`SELECT id FROM ${table}`)
        assert.lengthOf(found.rows, statements.length)
      }))

    // More texts than its cache holds, and longer ones than those before them: it refuses most that it is given.
    it.effect("more texts than the server keeps are executed all the same, and so are the few of another session", () =>
      Effect.gen(function*() {
        const table = `${keyspace}.many`
        yield* Statement.make(`CREATE TABLE ${table} (id int PRIMARY KEY, v int)`)
        const text = (index: number) => `INSERT INTO ${table} (id, v) VALUES (?, ?) /* ${index} ${"x".repeat(1_500)} */`
        const options = { concurrency: 100, raiseOnFirstError: false } as const
        const flood = Array.from({ length: 3_000 }, (_, id) => [text(id), [id, id]] as const)
        const batches = Array.from(
          { length: 200 },
          (_, at) => Batch.make(flood.slice(10 * at, 10 * at + 10), { type: "unlogged" })
        )
        const few = Array.from(
          { length: 600 },
          (_, id) => [`SELECT v FROM ${table} WHERE id = ? AND v > ${id % 30} ALLOW FILTERING`, [id]] as const
        )
        const another = yield* Effect.forkScoped(
          Effect.provide(executeConcurrent(few, { ...options, concurrency: 5 }), Layer.fresh(SessionLive))
        )
        const results = [
          ...yield* executeConcurrent(flood, options),
          ...yield* executeConcurrent(flood, options),
          ...yield* executeConcurrent(batches, { ...options, concurrency: 10 }),
          ...yield* Fiber.join(another)
        ]
        assert.deepStrictEqual(results.filter(({ success }) => !success).map(({ error }) => error?.message), [])
      }).pipe(Effect.scoped))
  })
})
