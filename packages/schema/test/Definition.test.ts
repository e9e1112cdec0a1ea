import { InvalidOptions, Statement } from "@effect-cql/core"
import { CqlSchema, Scan, Table } from "@effect-cql/schema"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Schema, Stream } from "effect"

class Place extends CqlSchema.Udt<Place>("Place")("app.place", {
  site: CqlSchema.Text,
  labels: CqlSchema.Set(CqlSchema.Text)
}) {}

const columns = { id: CqlSchema.Int, at: CqlSchema.Int, name: CqlSchema.Text }
const defined = { columns, partitionKey: "id", clusteringKey: ["at"] }

/** As options come that were built elsewhere, where no compiler has looked at them. */
const define = (definition: object): unknown =>
  Reflect.apply(Reflect.apply(Table.Class, undefined, ["Device"]), undefined, ["app.devices", definition])

class Device extends Table.Class<Device>("Device")("app.devices", { columns, partitionKey: "id" }) {}
const make = (definition: object): unknown =>
  Reflect.apply(Table.make, undefined, ["app.devices_by_name", Device, definition])

const withColumn = (schema: unknown): object => ({ columns: { id: CqlSchema.Int, v: schema }, partitionKey: "id" })
const withKey = (schema: unknown): object => ({ columns: { id: schema }, partitionKey: "id" })

const withIndex = (schema: unknown, kind = "sai"): object => ({ ...withColumn(schema), indexes: { v: kind } })

class Lease extends CqlSchema.Udt<Lease>("Lease")("app.lease", { term: CqlSchema.Duration }) {}

const refused: ReadonlyArray<readonly [definition: object, message: RegExp]> = [
  [{ ...defined, clusteringKeys: ["at"] }, /app\.devices\.clusteringKeys: .*nearest is clusteringKey\)/],
  [{ ...defined, statics: ["name"] }, /app\.devices\.statics: .*nearest is static\)/],
  [{ ...defined, index: { name: "sai" } }, /app\.devices\.index: .*nearest is indexes\)/],
  [{ ...defined, options: { default_time_to_live: 5 } }, /options\.default_time_to_live: .*defaultTimeToLive\)/],
  [{ ...defined, options: { defaultTimeToLive: "30 days" } }, /options\.defaultTimeToLive: expected seconds/],
  [{ ...defined, options: { defaultTimeToLive: -1 } }, /options\.defaultTimeToLive: expected seconds.*got -1/],
  [{ ...defined, options: { with: 5 } }, /options\.with: expected a text/],
  [{ ...defined, clusteringKey: "at" }, /clusteringKey: expected a list of columns/],
  [{ ...defined, clusteringKey: ["at DESC"] }, /clusteringKey: expected .*"asc" or "desc".*got "at DESC"/],
  [{ ...defined, clusteringKey: ["at  desc"] }, /clusteringKey: expected .*got "at {2}desc"/],
  [
    { ...defined, clusteringKey: ["when"] },
    /clusteringKey: expected key columns that are columns of the table, got "when"/
  ],
  [{ ...defined, partitionKey: [] }, /partitionKey: expected a column, or several/],
  [{ ...defined, partitionKey: 5 }, /partitionKey: expected a column, or several/],
  [{ ...defined, partitionKey: "ID" }, /partitionKey: expected key columns that are columns of the table, got "ID"/],
  [{ ...defined, static: ["nope"] }, /static: expected columns of the table, got "nope"/],
  [{ ...defined, static: ["at"] }, /static: expected columns outside the key, got "at"/],
  [{ ...defined, static: "name" }, /static: expected a list of columns/],
  [{ ...defined, indexes: { nope: "sai" } }, /indexes: expected columns of the table, got "nope"/],
  [{ ...defined, indexes: { name: "SAI" } }, /indexes\.name: expected "sai" or "secondary", got "SAI"/],
  [{ ...defined, indexes: { id: "sai" } }, /indexes\.id: expected .*got the only column of the partition key/],
  [withIndex(CqlSchema.Duration), /indexes\.v: expected a column without durations, .*got a duration/],
  [withIndex(CqlSchema.List(CqlSchema.Duration)), /indexes\.v: expected a column without durations/],
  [withIndex(Lease, "secondary"), /indexes\.v: expected a column without durations/],
  [withIndex(CqlSchema.Frozen(CqlSchema.List(Lease))), /indexes\.v: expected a column without durations/],
  [withIndex(Place), /indexes\.v: expected CqlSchema\.Frozen.*got a app\.place/],
  [withIndex(CqlSchema.Blob), /indexes\.v: expected "secondary".*got "sai" of a blob/],
  [withIndex(CqlSchema.Map(CqlSchema.Text, CqlSchema.Blob)), /indexes\.v: expected "secondary".*map<text, blob>/],
  [withIndex(CqlSchema.Vector(2, CqlSchema.Int)), /indexes\.v: expected "secondary".*vector<int, 2>/],
  [withIndex(CqlSchema.Counter), /indexes: expected none, for a table of counters has no indexes/],
  [{ ...defined, names: { nope: "n" } }, /names: expected columns of the table, got "nope"/],
  [{ ...defined, names: "snake" }, /names: expected "snake_case", "same" or names by field, got "snake"/],
  [{ ...defined, columns: [] }, /columns: expected at least one column/],
  [{ partitionKey: "id" }, /columns: expected schemas by field/],
  [withColumn(undefined), /columns\.v: expected a schema of CqlSchema.*got undefined/],
  [withColumn(5), /columns\.v: expected a schema of CqlSchema.*got 5/],
  [withColumn(null), /columns\.v: expected a schema of CqlSchema.*got null/],
  [withColumn({ ast: {} }), /columns\.v: expected a schema of CqlSchema.*got an object/],
  [
    withColumn(Schema.UndefinedOr(Schema.String)),
    /columns\.v: expected Schema\.optionalKey.*Schema\.NullOr.*undefined/
  ],
  [withColumn(Schema.NullishOr(Schema.String)), /columns\.v: expected Schema\.optionalKey.*Schema\.NullOr.*undefined/],
  [withColumn(Schema.ReadonlySet(CqlSchema.Counter)), /columns\.v: expected items of .*got a set<counter>/],
  [withColumn(CqlSchema.Map(CqlSchema.Text, CqlSchema.Counter)), /columns\.v: expected .*got a map<text, counter>/],
  [withColumn(CqlSchema.Tuple([CqlSchema.Int, CqlSchema.Counter])), /columns\.v: expected .*got a tuple<int, counter>/],
  [withColumn(CqlSchema.Set(CqlSchema.Duration)), /columns\.v: expected a list of durations.*got a set<duration>/],
  [withColumn(CqlSchema.Map(CqlSchema.Duration, CqlSchema.Int)), /columns\.v: expected .*got a map<duration, int>/],
  [withKey(Schema.NullOr(Schema.String)), /columns\.id: expected a schema without null.*key column that may be null/],
  [withKey(Schema.OptionFromNullOr(Schema.String)), /columns\.id: expected a schema without null/],
  [withKey(Schema.UndefinedOr(Schema.String)), /columns\.id: expected a schema without null/],
  [withKey(CqlSchema.Duration), /columns\.id: expected a type with an order.*key column of duration/],
  [withKey(CqlSchema.Counter), /columns\.id: expected .*counter in the key/],
  [{ ...defined, names: { at: "" } }, /names\.at: expected a text that is not empty, got ""/],
  [
    { ...defined, columns: { ...columns, ["__proto__"]: Schema.String } },
    /columns: .*`names` renames columns, got "__proto__"/
  ]
]

describe("a definition", () => {
  it("is refused where it names what does not exist", () => {
    for (const [definition, message] of refused) assert.throws(() => define(definition), InvalidOptions, message)
    for (
      const schema of [
        Schema.optional(Schema.String),
        CqlSchema.optional(CqlSchema.Duration),
        CqlSchema.List(CqlSchema.Duration),
        CqlSchema.Map(CqlSchema.Text, CqlSchema.Duration),
        Schema.NullOr(Schema.String),
        Schema.OptionFromNullOr(Schema.String)
      ]
    ) {
      assert.doesNotThrow(() => define(withColumn(schema)))
    }
    for (const schema of [CqlSchema.Set(CqlSchema.Text), CqlSchema.Frozen(CqlSchema.List(CqlSchema.Int))]) {
      assert.doesNotThrow(() => define(withKey(schema)))
    }
    const indexed = [
      withIndex(CqlSchema.Frozen(Place)),
      withIndex(CqlSchema.Blob, "secondary"),
      withIndex(CqlSchema.Map(CqlSchema.Blob, CqlSchema.Text)),
      withIndex(CqlSchema.Frozen(CqlSchema.Set(CqlSchema.Blob))),
      withIndex(CqlSchema.Vector(2)),
      withIndex(CqlSchema.Vector(2, CqlSchema.Int), "secondary"),
      { ...defined, indexes: { at: "sai" } },
      { ...defined, partitionKey: ["id", "name"], indexes: { id: "secondary" } }
    ]
    for (const definition of indexed) assert.doesNotThrow(() => define(definition))
    assert.doesNotThrow(() => define({ ...defined, static: ["name"], names: { at: "moment" }, options: { with: "x" } }))
  })

  it("of a further table is refused likewise", () => {
    assert.throws(
      () => make({ partitionKey: "name", clusteringKeys: ["id"] }),
      InvalidOptions,
      /nearest is clusteringKey/
    )
    assert.throws(() => make({ partitionKey: "name", static: ["at"] }), InvalidOptions, /static: /)
    assert.throws(
      () => make({ partitionKey: "name", columns: ["name", "nam"] }),
      InvalidOptions,
      /columns: expected fields of the entity, got "nam"/
    )
    assert.throws(() => make({ partitionKey: "name", columns: ["id"] }), InvalidOptions, /partitionKey: .*got "name"/)
    assert.doesNotThrow(() => make({ partitionKey: "name", columns: ["name", "id"], clusteringKey: ["id desc"] }))
  })
})

describe("a column", () => {
  class Site extends Table.Class<Site>("Site")("app.sites", {
    columns: {
      id: CqlSchema.Int,
      list: Schema.Array(Place),
      set: Schema.ReadonlySet(Place),
      map: Schema.ReadonlyMap(Schema.String, Place),
      frozen: Schema.Array(CqlSchema.Frozen(Place)),
      nested: Schema.ReadonlyMap(Schema.String, Schema.Array(Place)),
      nullable: Schema.NullOr(Place),
      optional: Schema.optionalKey(Schema.Array(Place)),
      tuple: Schema.Tuple([CqlSchema.Uuid, Place]),
      some: Schema.NonEmptyArray(CqlSchema.SmallInt)
    },
    partitionKey: "id"
  }) {}

  it("may be a plain collection of a user-defined type", () => {
    assert.deepStrictEqual(Table.ddl(Site), [
      "CREATE TYPE IF NOT EXISTS app.place (site text, labels frozen<set<text>>)",
      "CREATE TABLE IF NOT EXISTS app.sites (id int, list list<frozen<app.place>>, \"set\" set<frozen<app.place>>, " +
      "map map<text, frozen<app.place>>, frozen list<frozen<app.place>>, " +
      "nested map<text, frozen<list<frozen<app.place>>>>, nullable app.place, optional list<frozen<app.place>>, " +
      "tuple tuple<uuid, frozen<app.place>>, some list<smallint>, PRIMARY KEY (id))"
    ])
  })

  it.effect("of such a collection reads what was written", () =>
    Effect.gen(function*() {
      const place = new Place({ site: "north", labels: new Set(["x"]) })
      const full = new Site({
        id: 1,
        list: [place, new Place({ site: "south", labels: new Set() })],
        set: new Set([place]),
        map: new Map([["a", place]]),
        frozen: [place],
        nested: new Map([["b", [place]]]),
        nullable: place,
        optional: [place],
        tuple: ["0da3b4d4-9a0a-4f0e-9d3c-1234567890ab", place],
        some: [1, 2]
      })
      const empty = { ...full, id: 2, list: [], set: new Set<Place>(), map: new Map(), frozen: [], nested: new Map() }
      yield* Site.insert(full)
      yield* Site.insert({ ...empty, nullable: null })
      assert.deepStrictEqual(yield* Statement.one(Site.get({ id: 1 })), full)
      const second = yield* Statement.one(Site.get({ id: 2 }))
      assert.deepStrictEqual(second, new Site({ ...empty, nullable: null }))
    }).pipe(Effect.provide(MockSession.memory(Table.ddl(Site)))))

  it.effect("that may not be empty refuses null", () =>
    Effect.gen(function*() {
      class Tagged extends Table.Class<Tagged>("Tagged")("app.tagged", {
        columns: {
          id: CqlSchema.Int,
          tags: Schema.NonEmptyArray(Schema.String),
          owners: Schema.ReadonlySet(Schema.String).check(Schema.isMinSize(1))
        },
        partitionKey: "id"
      }) {}
      const program = Effect.gen(function*() {
        const owners = new Set(["ada"])
        // Enough rows for a plan, which decodes most of them.
        for (let id = 0; id < 100; id++) yield* Tagged.insert({ id, tags: ["x"], owners })
        yield* Statement.make("INSERT INTO app.tagged (id, tags) VALUES (200, ['x'])")
        yield* Statement.make("INSERT INTO app.tagged (id, owners) VALUES (300, {'ada'})")
        const rows = yield* Stream.runCollect(Scan.table(Tagged, { onInvalidRow: "result" }))
        const wrong = rows.flatMap((row) => Result.isFailure(row) ? [row.failure.message] : [])
        const single = [
          yield* Effect.flip(Statement.one(Tagged.get({ id: 200 }))),
          yield* Effect.flip(Statement.one(Tagged.get({ id: 300 })))
        ]
        return [...wrong, ...single.map(({ message }) => message)]
      })
      const messages = yield* Effect.provide(program, MockSession.memory(Table.ddl(Tagged)))
      const refusedColumns = messages.map((message) => /column (\w+): /.exec(message)?.[1])
      assert.deepStrictEqual(refusedColumns.toSorted(), ["owners", "owners", "tags", "tags"])
    }))

  it("of a schema that no column can hold is refused with what to do", () => {
    for (const schema of [Schema.DateTimeUtc, Schema.Duration, Schema.Option(CqlSchema.Int), Schema.Unknown]) {
      assert.throws(
        () => define({ ...defined, columns: { ...columns, x: schema } }),
        InvalidOptions,
        /columns\.x: expected a schema of CqlSchema.*, got a schema of .* without a CQL type/
      )
    }
  })
})
