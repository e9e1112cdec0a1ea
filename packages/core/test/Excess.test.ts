/** Parameters that no field of their schema takes: they are refused by name, where encoding would drop them silently. */
import {
  Batch,
  executeConcurrent,
  executeConcurrentWithArgs,
  Query,
  type Session,
  Statement,
  streamConcurrentWithArgs
} from "@effect-cql/core"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Data, Effect, Schema, Stream } from "effect"

const text = "INSERT INTO app.users (id, name) VALUES (:id, :name)"
const User = Schema.Struct({ id: Schema.Int, name: Schema.optionalKey(Schema.String) })
const insert = Query.make(text, { params: User })
const tooMuch: typeof User.Type = Object.assign({ id: 1, name: "ada" }, { age: 36 })

const message = (run: Effect.Effect<unknown, { readonly message: string }, Session>) =>
  Effect.map(Effect.flip(run), ({ message }) => message)
const sent = Effect.flatMap(
  MockSession.MockSession,
  (mock) =>
    Effect.map(
      mock.calls,
      (calls) => calls.map(({ request }) => request._tag === "Statement" ? [...request.params] : [])
    )
)

const Point = Schema.Struct({ x: Schema.Int })
const point = { x: 1 }
const strange: typeof Point.Type = Object.assign({ x: 1 }, { z: 2 })
class Pair extends Schema.Class<Pair>("Pair")({ x: Schema.Int }) {}
class Plain extends Data.Class<{ readonly id: number; readonly name: string }> {}
class Tagged extends Schema.TaggedClass<Tagged>()("Tagged", { id: Schema.Int, name: Schema.String }) {}

/** The same value that fits, and that has a key too many somewhere. */
const nested: Readonly<
  Record<string, readonly [schema: Schema.Codec<unknown, unknown>, fits: unknown, strange: unknown, at: string]>
> = {
  "a field of a type": [Point, point, strange, "v.z"],
  "an item of a list": [Schema.Array(Point), [point, point], [point, strange], "v.1.z"],
  "an item of a tuple": [Schema.Tuple([Schema.Int, Point]), [1, point], [1, strange], "v.1.z"],
  "an item of a set": [Schema.ReadonlySet(Point), new Set([point]), new Set([point, strange]), "v.1.z"],
  "a value of a map": [
    Schema.ReadonlyMap(Schema.String, Point),
    new Map([["a", point]]),
    new Map([["a", strange]]),
    "v.0.z"
  ],
  "a value that may be null": [Schema.NullOr(Point), null, strange, "v.z"],
  "a type within a type": [Schema.Struct({ p: Point }), { p: point }, { p: strange }, "v.p.z"],
  "one of two types": [Schema.Union([Point, Schema.Struct({ y: Schema.Int })]), { y: 1 }, strange, "v.z"]
}

describe("a parameter that no field of the schema takes", () => {
  it.effect("is refused by its name, however it is given", () =>
    Effect.gen(function*() {
      const expected = "parameter age: expected a field of the params schema (id, name), got age. " +
        "Remove it, or add it to the schema."
      const runs: ReadonlyArray<Effect.Effect<unknown, { readonly message: string }, Session>> = [
        insert(tooMuch),
        executeConcurrent([[insert, tooMuch]]),
        executeConcurrentWithArgs(insert, [tooMuch]),
        Stream.runDrain(streamConcurrentWithArgs(insert, [tooMuch])),
        Batch.make([insert({ id: 2, name: "eve" }), insert(tooMuch)])
      ]
      for (const run of runs) assert.include(yield* message(run), expected)
      const error = yield* Effect.flip(insert(tooMuch))
      assert.deepInclude(error.reason, { _tag: "ParametersRefused", parameter: "age" })
      assert.strictEqual(error.outcome, "NotApplied")
      assert.lengthOf(yield* sent, 0)
    }).pipe(Effect.provide(MockSession.layer())))

  it.effect("is refused where another was left out for it", () =>
    Effect.gen(function*() {
      const misspelt: typeof User.Type = Object.assign({ id: 1 }, { nmae: "ada" })
      assert.include(yield* message(insert(misspelt)), "parameter nmae: expected a field")
    }).pipe(Effect.provide(MockSession.layer())))

  it.effect("is not named where it may be data", () =>
    Effect.gen(function*() {
      const optional = Query.make(text, { params: Schema.Struct({ id: Schema.optionalKey(Schema.Int) }) })
      for (const record of [{ s3cret: 1 }, { id: 1, "s3cret@example.org": 1 }]) {
        const refused = yield* message(optional(record))
        assert.include(refused, "got <key>")
        assert.notInclude(refused, "s3cret")
      }
    }).pipe(Effect.provide(MockSession.layer())))

  for (const [name, [schema, fits, strange, at]] of Object.entries(nested)) {
    it.effect(`is found within ${name}`, () =>
      Effect.gen(function*() {
        const query = Query.make("INSERT INTO app.t (v) VALUES (:v)", { params: Schema.Struct({ v: schema }) })
        yield* query({ v: fits })
        assert.include(yield* message(query({ v: strange })), `parameter v (at ${at}): expected a field`)
        const list = Query.make("INSERT INTO app.t (v) VALUES (?)", { params: Schema.Tuple([schema]) })
        yield* list(fits)
        assert.include(yield* message(list(strange)), `parameter 0 (at 0${at.slice(1)}): expected a field`)
        assert.lengthOf(yield* sent, 2)
      }).pipe(Effect.provide(MockSession.layer())))
  }

  it.effect("is a value too many of a list", () =>
    Effect.gen(function*() {
      const params = Schema.Tuple([Schema.Int])
      const byId = Query.make("SELECT name FROM app.users WHERE id = ?", { params })
      const two: readonly [number] = Object.assign<[number], unknown>([1], { 1: 2, length: 2 })
      assert.include(
        yield* message(executeConcurrentWithArgs(byId, [two])),
        "parameter 1: Expected no further value, given: number"
      )
    }).pipe(Effect.provide(MockSession.layer())))
})

describe("a parameter that is no field by itself", () => {
  it.effect("is taken by a schema of any keys, and by a class for its instances", () =>
    Effect.gen(function*() {
      yield* Query.make(text, { params: Schema.Record(Schema.String, Schema.Unknown) })({ id: 1, name: "ada" })
      const ofPair = Query.make("INSERT INTO app.t (v) VALUES (:v)", { params: Schema.Struct({ v: Pair }) })
      yield* ofPair({ v: Object.assign(new Pair(point), { cached: true }) })
      assert.deepStrictEqual(yield* sent, [[1, "ada"], [{ x: 1 }]])
    }).pipe(Effect.provide(MockSession.layer())))

  it.effect("is the tag of a tagged class, which a text need not take", () =>
    Effect.gen(function*() {
      const tagged = new Tagged({ id: 1, name: "ada" })
      yield* Query.make(text, { params: Tagged })(tagged)
      yield* Query.make(text, { params: Schema.Struct({ id: Schema.Int, name: Schema.String }) })(tagged)
      yield* Query.make(text)({ ...tagged })
      yield* Statement.make(text, { ...new Plain({ id: 1, name: "ada" }), _tag: "Plain" })
      yield* Query.make("INSERT INTO app.t (tag) VALUES (:_tag)")({ _tag: "kept" })
      assert.deepStrictEqual(yield* sent, [[1, "ada"], [1, "ada"], [1, "ada"], [1, "ada"], ["kept"]])
    }).pipe(Effect.provide(MockSession.layer())))
})
