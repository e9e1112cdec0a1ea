import { Session, Statement } from "@effect-cql/core"
import type { Service } from "@effect-cql/core/Session"
import { CassandraServer } from "@effect-cql/test-server/CassandraServer"
import { integration } from "@effect-cql/test-support/server"
import { optionsOf, ownName, withKeyspace } from "@effect-cql/test-support/session"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { CassandraSession } from "../src/index.ts"

const keyspace = ownName("retyped")
const table = `${keyspace}.t`
const insert = `INSERT INTO ${table} (id, v) VALUES (?, ?)`

/** Makes the table anew with another type, and prepares the text for it, in another session. */
const makeAnew = Effect.fnUntraced(function*(other: Service, type: string, value: unknown) {
  yield* other.execute([`DROP TABLE ${table}`])
  yield* other.execute([`CREATE TABLE ${table} (id int PRIMARY KEY, v ${type})`])
  yield* other.execute([insert, [0, value]])
})

/** The time until a session takes values of the new type. */
const untilTaken = (session: Service, value: unknown) =>
  Effect.gen(function*() {
    const begin = performance.now()
    while ((yield* Effect.exit(session.execute([insert, [1, value]])))._tag === "Failure") {
      assert.isBelow(performance.now() - begin, 1_000)
    }
    return performance.now() - begin
  })

integration("a table that is made anew with other types", () => {
  layer(withKeyspace(keyspace, `CREATE TABLE ${table} (id int PRIMARY KEY, v int)`), {
    excludeTestServices: true,
    timeout: 60_000
  })((it) => {
    it.effect("is written by its new types, and takes no value of the old ones", () =>
      Effect.gen(function*() {
        const session = yield* Session
        const other = yield* CassandraSession.make(optionsOf(yield* CassandraServer))
        yield* session.execute([insert, [0, 0]])
        const steps: ReadonlyArray<readonly [type: string, value: unknown, old: unknown]> = [
          ["text", "a", 5],
          ["list<int>", [65, 66], "a"],
          ["list<text>", ["a"], [65, 66]]
        ]
        for (const [type, value, old] of steps) {
          yield* makeAnew(other, type, value)
          const taken = yield* untilTaken(session, value)
          yield* Effect.logDebug(`${type}: taken after ${taken} ms`)
          for (const statement of [Statement.make(insert, [2, old]), Statement.make(insert, [3, old])]) {
            const error = yield* Effect.flip(session.execute(statement))
            assert.strictEqual(error.reason._tag, "ParametersRefused")
            assert.strictEqual(error.outcome, "NotApplied")
          }
          const { rows } = yield* Statement.make(`SELECT id, v FROM ${table}`)
          assert.sameDeepMembers([...rows], [{ id: 0, v: value }, { id: 1, v: value }])
        }
      }).pipe(Effect.scoped), 60_000)
  })
})
