/** The plan of a row takes what the parser of Effect takes, gives what it gives, and refuses the rest. */
import { Query, Reason } from "@effect-cql/core"
import { columnNames, guaranteedBy } from "@effect-cql/core/Annotations"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { BigDecimal, Effect, Exit, Option, Result, Schema, SchemaGetter, SchemaParser } from "effect"
import { generate } from "../../src/internal/decode/generate.ts"
import { interpret, planOf } from "../../src/internal/decode/row.ts"
import { refused, stepsOf } from "../../src/internal/decode/value.ts"
import type { Column } from "../../src/ResultSet.ts"

class Point extends Schema.Class<Point>("Point")({ x: Schema.Int, y: Schema.optionalKey(Schema.Int) }) {
  get sum(): number {
    return this.x + (this.y ?? 0)
  }
}

const even = Schema.Int.check(Schema.makeFilter((n: number) => n % 2 === 0))
const emptyAsNull = Schema.NullOr(Schema.ReadonlySet(Schema.String)).pipe(
  Schema.decodeTo(Schema.ReadonlySet(Schema.String), {
    decode: SchemaGetter.transform((set: ReadonlySet<string> | null) => set ?? new Set<string>()),
    encode: SchemaGetter.transform((set: ReadonlySet<string>) => set)
  })
)
const nullAsAbsent = Schema.NullOr(Schema.String).pipe(
  Schema.decodeTo(Schema.optionalKey(Schema.String), {
    decode: SchemaGetter.transformOptional(Option.filter((value: string | null): value is string => value !== null)),
    encode: SchemaGetter.transformOptional((value: Option.Option<string>) => value)
  })
)
const renamed = Schema.Struct({ displayName: Schema.String, id: Schema.Int }).pipe(
  Schema.encodeKeys({ displayName: "display_name" }),
  Schema.annotate({ [columnNames]: { displayName: "display_name" } })
)
const decoding: Schema.ConstraintDecoder<unknown> = Schema.String.pipe(
  Schema.decodeTo(Schema.Number, {
    decode: SchemaGetter.transformEffect((text: string) => Effect.succeed(text.length)),
    encode: SchemaGetter.transform(String)
  })
)

type Decodable = Schema.ConstraintDecoder<unknown>

/** Schemas of one column, each with types of columns that its values may come from. */
const values: Readonly<Record<string, readonly [Decodable, ReadonlyArray<string>]>> = {
  text: [Schema.String, ["text", "uuid"]],
  branded: [Schema.String.pipe(Schema.brand("Id")), ["text"]],
  checked: [Schema.NonEmptyString, ["text"]],
  int: [Schema.Int, ["int", "tinyint", "double"]],
  even: [even, ["int"]],
  finite: [Schema.Finite, ["double"]],
  bigint: [Schema.BigInt, ["bigint", "counter"]],
  boolean: [Schema.Boolean, ["boolean"]],
  literal: [Schema.Literals(["a", "b"]), ["text"]],
  date: [Schema.Date, ["timestamp"]],
  "date and time": [Schema.DateTimeUtcFromDate, ["timestamp"]],
  blob: [Schema.Uint8Array, ["blob"]],
  nullable: [Schema.NullOr(Schema.String), ["text"]],
  "nullable date": [Schema.NullOr(Schema.DateTimeUtcFromDate), ["timestamp"]],
  "nullable with a check": [Schema.NullOr(Schema.String).check(Schema.makeFilter((v) => v !== null)), ["text"]],
  union: [Schema.Union([Schema.String, Schema.BigInt, Schema.Null]), ["text"]],
  "union that reads null": [Schema.NullOr(emptyAsNull), ["set<text>"]],
  set: [Schema.ReadonlySet(Schema.String), ["set<text>", "frozen<set<text>>"]],
  list: [Schema.Array(Schema.Int), ["list<int>", "frozen<list<int>>"]],
  "list of anything": [Schema.Array(Schema.Unknown), ["list<int>"]],
  "list with nulls": [Schema.Array(Schema.NullOr(Schema.Int)), ["list<int>"]],
  "map with nulls": [Schema.ReadonlyMap(Schema.String, Schema.NullOr(Schema.Int)), ["map<text, int>"]],
  map: [Schema.ReadonlyMap(Schema.String, Schema.Int), ["map<text, int>"]],
  "list of dates": [Schema.Array(Schema.DateTimeUtcFromDate), ["list<timestamp>"]],
  tuple: [Schema.Tuple([Schema.String, Schema.Int]), ["tuple<text, int>"]],
  udt: [Schema.Struct({ a: Schema.DateTimeUtcFromDate }), ["app.udt"]],
  "decoded udt": [Schema.fromJsonString(Schema.Struct({ a: Schema.FiniteFromString })), ["text"]],
  decimal: [Schema.BigDecimal, ["decimal"]],
  anything: [Schema.Unknown, ["text"]],
  "number from text": [Schema.FiniteFromString, ["text"]],
  "an effect": [decoding, ["text"]],
  empty: [emptyAsNull, ["set<text>"]],
  "one of": [Schema.Union([Schema.String, Schema.NonEmptyString], { mode: "oneOf" }), ["text"]],
  recursive: [Schema.suspend(() => Schema.String), ["text"]]
}

const candidates: ReadonlyArray<unknown> = [
  null,
  "",
  "a",
  "12",
  "not a number",
  "{\"a\":\"1\"}",
  BigDecimal.fromNumberUnsafe(1),
  0,
  1.5,
  2,
  Number.NaN,
  3n,
  true,
  new Date(0),
  new Date(Number.NaN),
  new Uint8Array([1]),
  new Set(),
  new Set(["a"]),
  new Set([1]),
  new Map(),
  new Map([["a", 1]]),
  new Map([[1, "a"]]),
  [],
  [1],
  ["a", 1],
  ["a"],
  [new Date(0)],
  // Such as `TTL(list)`: elements may be null whatever their type.
  [1, null],
  [null],
  [new Date(0), null],
  new Set(["a", null]),
  new Map([["a", null]]),
  { a: new Date(0) },
  {}
]

const isMadeFor = (value: unknown, type: string): boolean => {
  const name = type.replace(/^frozen</, "").replace(/[<.].*/, "")
  switch (name) {
    case "text":
    case "uuid":
      return typeof value === "string"
    case "int":
    case "tinyint":
      return Number.isInteger(value)
    case "double":
      return typeof value === "number"
    case "bigint":
    case "counter":
      return typeof value === "bigint"
    case "boolean":
      return typeof value === "boolean"
    case "timestamp":
      return value instanceof Date && !Number.isNaN(value.getTime())
    case "blob":
      return value instanceof Uint8Array
    case "set":
      return value instanceof Set && [...value].every((item) => item === null || typeof item === "string")
    case "map":
      return value instanceof Map &&
        [...value].every(([key, item]) => typeof key === "string" && (item === null || Number.isInteger(item)))
    case "list":
      return Array.isArray(value) &&
        value.every((item) =>
          item === null || isMadeFor(item, type.replace(/^frozen</, "").replace(/^list<(\w+)>+$/, "$1"))
        )
    default:
      return true
  }
}

/** Holds a plan against the parser for one row. */
const agrees = (schema: Decodable, columns: ReadonlyArray<Column> | undefined, row: Record<string, unknown>) => {
  const plan = planOf(schema.ast, columns)
  assert.isDefined(plan)
  const planned = plan!(row)
  const parsed = SchemaParser.decodeUnknownExit(schema)(row)
  if (Exit.isFailure(parsed)) assert.strictEqual(planned, refused)
  else if (planned !== refused) assert.deepStrictEqual(planned, parsed.value)
  return planned !== refused
}

describe("a plan for a row", () => {
  for (const [name, [schema, types]] of Object.entries(values)) {
    it(`agrees with the parser: ${name}`, () => {
      const row = Schema.Struct({ id: Schema.Int, value: schema, maybe: Schema.optionalKey(schema) })
      let taken = 0
      for (const value of candidates) {
        for (const whole of [{ id: 1, value }, { id: 1, value, maybe: value, more: 1 }, { value }, { id: 1 }]) {
          taken += Number(agrees(row, undefined, whole))
          for (const type of types) {
            if (value !== null && !isMadeFor(value, type)) continue
            const columns = [{ name: "id", type: "int" }, { name: "value", type }, { name: "maybe", type }]
            if (!("id" in whole) || !("value" in whole)) continue
            agrees(row, columns, whole)
          }
        }
      }
      assert.isAbove(taken, 0)
    })
  }

  it("agrees with the parser about the fields that are left out, renamed or of a class", () => {
    const optional = Schema.Struct({ id: Schema.Int, name: nullAsAbsent })
    assert.isTrue(agrees(optional, undefined, { id: 1, name: null }))
    assert.isTrue(agrees(optional, undefined, { id: 1, name: "ada" }))
    assert.isTrue(agrees(renamed, undefined, { id: 1, display_name: "ada" }))
    assert.isFalse(agrees(renamed, undefined, { id: 1, displayName: "ada" }))
    assert.isTrue(agrees(Point, undefined, { x: 1, y: 2 }))
    assert.isTrue(agrees(Point, undefined, { x: 1 }))
    assert.isFalse(agrees(Point, undefined, { x: 1.5 }))
    const point = planOf(Point.ast, undefined)!({ x: 1, y: 2 })
    assert.isTrue(point instanceof Point && point.sum === 3)
  })

  it("is the same without code generation", () => {
    for (const [schema] of Object.values(values)) {
      const fields = ["id", "value"].map((name) => ({
        name,
        column: name,
        isOptional: false,
        steps: stepsOf(name === "id" ? Schema.Int.ast : schema.ast, undefined)
      }))
      const generated = generate(fields)!
      const interpreted = interpret(fields)
      for (const value of candidates) {
        assert.deepStrictEqual(interpreted({ id: 1, value }), generated({ id: 1, value }))
      }
      assert.strictEqual(interpreted({ id: 1 }), refused)
    }
  })

  it("has the fields in the order of the schema, whichever are absent", () => {
    const fields = ["a", "b", "c", "d", "e"].map((name, at) => ({
      name,
      column: name,
      isOptional: at % 2 === 1,
      steps: stepsOf(at % 2 === 1 ? nullAsAbsent.ast : Schema.String.ast, undefined)
    }))
    const generated = generate(fields)
    assert.isDefined(generated)
    for (const [b, d] of [["b", "d"], [null, "d"], ["b", null], [null, null]]) {
      const row: Readonly<Record<string, unknown>> = { e: "e", d, c: "c", b, a: "a" }
      const names = ["a", "b", "c", "d", "e"].filter((name) => row[name] !== null)
      for (const decode of [generated, interpret(fields)]) {
        const decoded = decode(row)
        assert.deepStrictEqual([Object.keys(Object(decoded)), Object.values(Object(decoded))], [names, names])
      }
    }
  })

  it("returns the row itself if the schema changes nothing of it, and a record of its own otherwise", () => {
    const id = { name: "id", type: "int" }
    const name = { name: "name", type: "text" }
    const both = { id: Schema.Int, name: Schema.NullOr(Schema.String) }
    const cases: ReadonlyArray<readonly [Decodable, ReadonlyArray<Column> | undefined, isRow: boolean]> = [
      [Schema.Struct(both), [id, name], true],
      [Schema.Struct(both), undefined, false],
      [Schema.Struct(both), [name, id], false],
      [Schema.Struct({ name: both.name, id: both.id }), [id, name], false],
      [Schema.Struct({ id: both.id }), [id, name], false],
      [Schema.Struct({ name: both.name }), [id, name], false],
      [Schema.Struct({ ...both, name: Schema.optionalKey(both.name) }), [id, name], false],
      [Schema.Struct({ ...both, id: even }), [id, name], false],
      [renamed, [id, { name: "display_name", type: "text" }], false],
      [Schema.Struct({ ...both, name: emptyAsNull }), [id, { name: "name", type: "set<text>" }], false]
    ]
    for (const [at, [schema, columns, isRow]] of cases.entries()) {
      const value = columns?.find(({ type }) => type.startsWith("set")) === undefined ? "ada" : new Set(["ada"])
      const row: Record<string, unknown> = schema === renamed ? { id: 4, display_name: "ada" } : { id: 4, name: value }
      assert.isTrue(agrees(schema, columns, row), String(at))
      assert.strictEqual(planOf(schema.ast, columns)!(row) === row, isRow, String(at))
    }
    const plan = planOf(Schema.Struct(both).ast, [id, name])!
    for (const row of [{ id: null, name: "ada" }, { id: 4 }, { name: "ada" }]) assert.strictEqual(plan(row), refused)
  })

  it("leaves to the parser what it does not know", () => {
    assert.isUndefined(planOf(Schema.Record(Schema.String, Schema.Int).ast, undefined))
    assert.isUndefined(planOf(Schema.Struct({ a: Schema.Int }).check(Schema.makeFilter(() => true)).ast, undefined))
    assert.isUndefined(planOf(Schema.Struct({ a: Schema.Int }).pipe(Schema.encodeKeys({ a: "b" })).ast, undefined))
    assert.isUndefined(planOf(Schema.Struct({ ["__proto__"]: Schema.Int }).ast, undefined))
    assert.isUndefined(planOf(Schema.Unknown.ast, undefined))
  })

  it("quotes every name", () => {
    for (const name of ["a\"b", "a\\", "`${x}`", "\u2028", "constructor", "toString", "row", "v0", "'", "*/ //"]) {
      const schema = Schema.Struct({ [name]: Schema.Int })
      assert.isTrue(agrees(schema, undefined, { [name]: 1 }))
      assert.isFalse(agrees(schema, undefined, { [name]: "1" }))
    }
  })

  it("skips a check where the type of the column guarantees it", () => {
    let checks = 0
    const counted = Schema.String.check(Schema.makeFilter(() => ++checks > 0, { [guaranteedBy]: ["uuid"] }))
    const row = Schema.Struct({ a: counted })
    planOf(row.ast, [{ name: "a", type: "uuid" }])!({ a: "x" })
    assert.strictEqual(checks, 0)
    planOf(row.ast, [{ name: "a", type: "text" }])!({ a: "x" })
    assert.strictEqual(checks, 1)
  })
})

describe("rows that do not fit", () => {
  const rows = Array.from({ length: 100 }, (_, at) => ({ id: at % 50 === 49 ? "s3cret" : at }))
  const answer = Effect.provide(MockSession.layer({ otherwise: MockSession.rows(rows) }))

  it.effect("fail the statement behind any number of others", () =>
    Effect.gen(function*() {
      const query = Query.make("SELECT id FROM t", { row: Schema.Struct({ id: Schema.Int }) })
      const { reason } = yield* Effect.flip(query())
      assert.instanceOf(reason, Reason.RowDecoding)
      assert.strictEqual(reason.message, "row 49, column id: Expected number, given: string")
    }).pipe(answer))

  it.effect("are failures among the rows where the query says so", () =>
    Effect.gen(function*() {
      const query = Query.make("SELECT id FROM t", {
        row: Schema.Struct({ id: Schema.Int }),
        onInvalidRow: "result"
      })
      const result = yield* query()
      assert.strictEqual(result.rows.filter(Result.isSuccess).length, 98)
      const failures = result.rows.filter(Result.isFailure)
      assert.deepStrictEqual(failures.map(({ failure }) => [failure.row, failure.column]), [[49, "id"], [99, "id"]])
    }).pipe(answer))

  for (
    const [name, schema, value, message] of [
      [
        "an empty collection",
        Schema.ReadonlySet(Schema.String),
        null,
        /given: null\. An empty collection reads as null/
      ],
      ["no value", Schema.String, null, /given: null\. The column has no value: Schema\.NullOr/],
      ["a count", Schema.Int, 3n, /Expected number, given: bigint\. A bigint, counter or count/],
      ["a time", Schema.DateTimeUtc, new Date(0), /given: Date\. A timestamp is a Date/],
      ["a set", Schema.Array(Schema.String), new Set(), /given: Set\. A set is a Set/],
      ["a map", Schema.Array(Schema.String), new Map(), /given: Map\. A map is a Map/],
      ["another name", Schema.String, undefined, /Missing key\. The row has the columns other/]
    ] as const
  ) {
    it.effect(`come with advice: ${name}`, () =>
      Effect.gen(function*() {
        const row: Schema.ConstraintDecoder<unknown> = Schema.Struct({ a: schema })
        const { reason } = yield* Effect.flip(Query.make("SELECT a FROM t", { row })())
        assert.match(reason.message, message)
      }).pipe(Effect.provide(MockSession.layer({
        otherwise: MockSession.rows([value === undefined ? { other: 1 } : { a: value }])
      }))))
  }
})
