/** Fields of types that differ from those of the program, on a server and in memory. */
import { Statement } from "@effect-cql/core"
import { CqlSchema, Migrations, Table } from "@effect-cql/schema"
import { integration } from "@effect-cql/test-support/server"
import { ownName, withKeyspace } from "@effect-cql/test-support/session"
import { MockSession } from "@effect-cql/testing"
import { assert, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"

const keyspace = ownName("user_types")

class Place extends CqlSchema.Udt<Place>("Place")("place", {
  street: CqlSchema.Text,
  zip: Schema.optionalKey(CqlSchema.Int)
}) {}

class Shop extends Table.Class<Shop>("Shop")(`${keyspace}.shops`, {
  columns: { id: CqlSchema.Int, at: Place, before: CqlSchema.List(Place) },
  partitionKey: "id"
}) {}

const alter = (change: string) => Statement.make(`ALTER TYPE ${keyspace}.place ${change}`)
const shop = new Shop({ id: 1, at: new Place({ street: "Main Street" }), before: [] })

const program = Effect.gen(function*() {
  assert.deepStrictEqual(yield* Table.check(Shop), [])
  yield* Shop.insert(shop)
  yield* alter("RENAME street TO road")
  yield* alter("ADD floor int")
  const found = yield* Table.check(Shop)
  const { reason } = yield* Effect.flip(Shop.insert(shop))
  yield* alter("RENAME road TO street")
  const rows = yield* Statement.rows(Shop.get({ id: 1 }))
  const { statements } = yield* Migrations.diff(Shop)
  return { found, reason: reason._tag, rows, statements }
})

integration("A type with other fields", () => {
  layer(withKeyspace(keyspace, ...Table.ddl(Shop)), { excludeTestServices: true, timeout: 120_000 })((it) => {
    it.effect("is found by the check of its table, on a server and in memory", () =>
      Effect.gen(function*() {
        const ours = yield* program.pipe(Effect.provide(MockSession.memory(Table.ddl(Shop))))
        assert.deepStrictEqual(yield* program, ours)
        const table = `${keyspace}.place`
        assert.deepStrictEqual(ours, {
          found: [
            { table, column: "street", message: "the type has no such field: add it with the type text" },
            {
              table,
              column: "road",
              message: "the program does not know this field, and cannot write values: declare it"
            },
            {
              table,
              column: "floor",
              message: "the program does not know this field, and cannot write values: declare it"
            }
          ],
          reason: "ParametersRefused",
          rows: [shop],
          statements: []
        })
      }))
  })
})
