/** Every schema of CqlSchema on the real server: its arbitrary values are taken by their column, and come back. */
import { executeConcurrentWithArgs, Query, Statement } from "@effect-cql/core"
import { CqlSchema, TimeUuid } from "@effect-cql/schema"
import { integration } from "@effect-cql/test-support/server"
import { ownName, withKeyspace } from "@effect-cql/test-support/session"
import { assert, layer } from "@effect/vitest"
import { DateTime, Effect, Schema } from "effect"
import * as Arbitrary from "effect/Arbitrary"
import { frozen, typeOf } from "../src/internal/cqlType.ts"
import { samples } from "./support/samples.ts"

const keyspace = ownName("cql_schema")
const columns = Object.entries(samples).map(([name, schema]) =>
  `"${name}" ${frozen(typeOf(schema.ast)!).replaceAll("<point>", `<${keyspace}.point>`)}`
)

const KeyspaceLive = withKeyspace(
  keyspace,
  `CREATE TYPE ${keyspace}.point (x int, label text)`,
  `CREATE TABLE ${keyspace}.t (id int PRIMARY KEY, ${columns.join(", ")})`,
  `CREATE TABLE ${keyspace}.times (k int, id timeuuid, PRIMARY KEY (k, id))`
)

integration("The schemas of CqlSchema", () => {
  layer(KeyspaceLive, { excludeTestServices: true })((it) => {
    for (const [name, schema] of Object.entries(samples)) {
      it.effect(`write and read every value that they make: ${name}`, () =>
        Effect.gen(function*() {
          const values = yield* Arbitrary.sampleEffect(Arbitrary.schema(schema), { count: 40 })
          const insert = Query.make(`INSERT INTO ${keyspace}.t (id, "${name}") VALUES (?, ?)`, {
            params: Schema.Tuple([Schema.Int, schema])
          })
          yield* executeConcurrentWithArgs(insert, values.map((value, id) => [id, value] as const))
          const select = Query.make(`SELECT "${name}" AS value FROM ${keyspace}.t WHERE id = ?`, {
            params: Schema.Tuple([Schema.Int]),
            row: Schema.Struct({ value: schema })
          })
          const read = yield* executeConcurrentWithArgs(select, values.map((_, id) => [id] as const))
          const isSame = Schema.toEquivalence(schema)
          for (const [id, { value: { first } }] of read.entries()) {
            assert.isTrue(isSame(first?.value, values[id]), `${name} ${id}`)
          }
        }))
    }

    it.effect("bound the uuids of a time as the server orders them", () =>
      Effect.gen(function*() {
        const at = DateTime.makeUnsafe("2026-11-22T12:00:00.123Z")
        const ids = [TimeUuid.min(at), "", TimeUuid.max(at)]
        ids[1] = `${ids[0]!.slice(0, 19)}8123-0123456789ab`
        const insert = Query.make(`INSERT INTO ${keyspace}.times (k, id) VALUES (1, ?)`, {
          params: Schema.Tuple([CqlSchema.TimeUuid])
        })
        yield* executeConcurrentWithArgs(insert, ids.map((id) => [id] as const))
        const all = yield* Statement.make(`SELECT id, to_timestamp(id) AS at FROM ${keyspace}.times WHERE k = 1`)
        assert.deepStrictEqual(all.rows.map((row) => row["id"]), ids)
        assert.deepStrictEqual(ids.toSorted(TimeUuid.order), ids)
        for (const row of all) assert.deepStrictEqual(row["at"], DateTime.toDateUtc(at))
        const bounds = yield* Statement.make(
          `SELECT id FROM ${keyspace}.times WHERE k = 1 AND id >= min_timeuuid(?) AND id <= max_timeuuid(?)`,
          [DateTime.toDateUtc(at), DateTime.toDateUtc(at)]
        )
        assert.strictEqual(bounds.length, 3)
      }))
  })
})
