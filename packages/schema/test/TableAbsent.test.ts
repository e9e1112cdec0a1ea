/** Absent, empty and null values of columns, in tables in memory. */
import { executeConcurrentWithArgs, Statement } from "@effect-cql/core"
import { CqlSchema, Table } from "@effect-cql/schema"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Schema } from "effect"

class Thing extends Table.Class<Thing>("Thing")("app.things", {
  columns: {
    id: CqlSchema.Int,
    title: Schema.String,
    set: Schema.optionalKey(Schema.ReadonlySet(Schema.String)),
    cqlSet: Schema.optionalKey(CqlSchema.Set(CqlSchema.Text)),
    list: CqlSchema.optional(CqlSchema.List(CqlSchema.Int)),
    map: Schema.optional(Schema.ReadonlyMap(Schema.String, CqlSchema.Int)),
    nullSet: Schema.NullOr(Schema.ReadonlySet(Schema.String)),
    optionalNullSet: Schema.optionalKey(Schema.NullOr(Schema.ReadonlySet(Schema.String))),
    frozen: Schema.optionalKey(CqlSchema.Frozen(Schema.Array(CqlSchema.Int))),
    plain: Schema.ReadonlySet(Schema.String),
    note: CqlSchema.optional(CqlSchema.Text),
    count: Schema.optionalKey(Schema.NullOr(CqlSchema.Int)),
    size: CqlSchema.optional(Schema.NullOr(CqlSchema.Int)),
    both: Schema.optional(Schema.NullOr(CqlSchema.Int)),
    nothing: Schema.NullOr(CqlSchema.Int),
    option: Schema.OptionFromNullOr(CqlSchema.Int)
  },
  partitionKey: "id"
}) {}

const full = {
  id: 1,
  title: "T",
  set: new Set(["a"]),
  cqlSet: new Set(["a"]),
  list: [1],
  map: new Map([["a", 1]]),
  nullSet: new Set(["a"]),
  optionalNullSet: new Set(["a"]),
  frozen: [1],
  plain: new Set(["a"]),
  note: "n",
  count: 5,
  size: 6,
  both: 7,
  nothing: 8,
  option: Option.some(9)
}
const key = { id: 1 }
const memory = MockSession.memory([...Table.ddl(Thing)])
const read = Effect.map(Statement.one(Thing.get(key)), (row): Partial<Thing> => ({ ...row }))

const empty = {
  set: new Set<string>(),
  cqlSet: new Set<string>(),
  list: [],
  map: new Map<string, number>(),
  nullSet: new Set<string>(),
  optionalNullSet: new Set<string>(),
  plain: new Set<string>()
}

describe("a write of a whole row", () => {
  it.effect("keeps stored collections where it is an insert of empty ones, also optional ones", () =>
    Effect.gen(function*() {
      yield* Thing.insert(full)
      yield* Thing.insert({ ...full, ...empty })
      assert.deepStrictEqual(yield* read, full)
      yield* executeConcurrentWithArgs(Thing.insert, [{ ...full, ...empty }])
      assert.deepStrictEqual(yield* read, full)
      // A frozen collection that is empty is a value.
      yield* Thing.insert({ ...full, frozen: [] })
      assert.deepStrictEqual((yield* read).frozen, [])
    }).pipe(Effect.provide(memory)))

  it.effect("deletes them where it is an upsert, and what is absent", () =>
    Effect.gen(function*() {
      yield* Thing.insert(full)
      yield* Thing.upsert({ ...full, ...empty })
      const { cqlSet, list, map, optionalNullSet, plain, set } = yield* read
      assert.deepStrictEqual([cqlSet?.size ?? 0, list ?? [], map, optionalNullSet, plain?.size, set], [
        0,
        [],
        undefined,
        undefined,
        0,
        undefined
      ])
      yield* Thing.insert(full)
      const { id, nothing, nullSet, option, plain: plainly, title } = full
      yield* Thing.upsert({ id, nothing, nullSet, option, plain: plainly, title })
      const upserted = yield* read
      assert.deepStrictEqual(
        ["note", "size", "count", "both", "set", "map", "frozen"].filter((name) => name in upserted),
        []
      )
    }).pipe(Effect.provide(memory)))

  it.effect("deletes what is null, where the schema has nulls", () =>
    Effect.gen(function*() {
      yield* Thing.insert(full)
      yield* Thing.insert({
        ...full,
        count: null,
        size: null,
        both: null,
        nothing: null,
        option: Option.none(),
        optionalNullSet: null
      })
      const row = yield* read
      assert.deepStrictEqual([row.count, row.size, row.both, row.nothing, row.option, row.optionalNullSet], [
        undefined,
        undefined,
        undefined,
        null,
        Option.none(),
        undefined
      ])
      yield* Thing.insert(full)
      yield* Thing.insert({ ...full, both: undefined })
      assert.strictEqual((yield* read).both, 7)
    }).pipe(Effect.provide(memory)))
})

describe("a null", () => {
  // The types refuse it.
  const no = (given: unknown): never => given as never

  it.effect("of a column that needs a value is refused, by its name", () =>
    Effect.gen(function*() {
      yield* Thing.insert(full)
      const statements = [
        Thing.insert({ ...full, title: no(null) }),
        Thing.update(key, { title: no(null) }),
        Thing.update(key, { plain: no(null) }),
        Thing.update.query(["title"])({ ...key, title: no(null) })
      ]
      for (const statement of statements) {
        const { reason } = yield* Effect.flip(Effect.asVoid(statement))
        assert.strictEqual(reason._tag, "ParametersRefused")
        assert.match(reason.message, /title|plain/)
      }
      const things = Table.repository(Thing)
      for (
        const effect of [things.update(key, { title: no(null) }), things.updateExisting(key, { title: no(null) })]
      ) {
        const error = yield* Effect.flip(effect)
        assert.match(error.message, /title/)
      }
      assert.deepStrictEqual(yield* read, full)
    }).pipe(Effect.provide(memory)))

  it.effect("deletes a column that may be absent or null", () =>
    Effect.gen(function*() {
      yield* Thing.insert(full)
      yield* Thing.update(key, { note: null, count: null, list: null, nothing: null, set: null, frozen: null })
      yield* executeConcurrentWithArgs(Thing.update.query(["size"]), [{ ...key, size: null }])
      const row = yield* read
      assert.deepStrictEqual(["note", "count", "set", "frozen", "size"].filter((name) => name in row), [])
      assert.strictEqual(row.nothing, null)
      assert.strictEqual(row.title, "T")
    }).pipe(Effect.provide(memory)))
})
