/** Jobs whose names, parameters and units are odd but allowed, on the virtual clock. */
import { Job } from "@effect-cql/cluster"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema, Stream } from "effect"
import { after, memory, numbered, process } from "./support/jobs.ts"

const texts = ["__proto__", "constructor", "toString", " ", "a/b.c", "'; DROP TABLE x; --", "\u0000", "😀".repeat(100)]

describe("a job", () => {
  for (const text of texts) {
    it.effect(`runs with a text in every place: ${JSON.stringify(text)}`, () =>
      Effect.gen(function*() {
        const job = Job.make(text, {
          version: text,
          params: Schema.Record(Schema.String, Schema.String),
          unit: Schema.Record(Schema.String, Schema.String),
          units: (params) => Effect.succeed([params, params, { [text]: text }]),
          planOptions: { [text]: text }
        })
        yield* process(job.toLayer((_, { cursor, checkpoint, reject }) =>
          Effect.gen(function*() {
            assert.isUndefined(cursor)
            yield* reject({ position: text, error: text, body: { [text]: text } })
            yield* checkpoint({ cursor: text, rows: 1 })
          })
        ))
        const handle = yield* job.start({ [text]: text }, { id: text })
        assert.deepInclude(yield* after(1, handle.await), { state: "done", done: 3, rows: 3, rejected: 3 })
        assert.strictEqual((yield* Stream.runCollect(handle.rejects)).length, 3)
        yield* handle.retry({ only: "rejects" })
        assert.deepInclude(yield* after(1, handle.await), { state: "done", done: 3, rows: 3, rejected: 3 })
        yield* (yield* Job.handle(text)).remove
        assert.strictEqual((yield* Effect.flip(handle.progress))._tag, "JobNotFound")
      }).pipe(Effect.scoped, Effect.provide(memory())))
  }

  const schemas: ReadonlyArray<readonly [string, Schema.Codec<unknown>, unknown]> = [
    ["Void", Schema.Void, undefined],
    ["Undefined", Schema.Undefined, undefined],
    ["Unknown", Schema.Unknown, undefined],
    ["NaN", Schema.Number, Number.NaN],
    ["BigInt", Schema.BigInt, 1n],
    ["Null", Schema.Null, null]
  ]
  for (const [name, schema, value] of schemas) {
    it.effect(`has parameters and units of ${name}, or is refused before it is stored`, () =>
      Effect.gen(function*() {
        const job = Job.make("Odd", {
          version: "1",
          params: schema,
          unit: schema,
          units: () => Effect.succeed([value, value])
        })
        yield* process(job.toLayer((unit) =>
          Effect.sync(() => {
            assert.deepStrictEqual(unit, value)
            return 1
          })
        ))
        const started = yield* Effect.exit(job.start(value, { id: "a" }))
        if (started._tag === "Success") {
          assert.deepInclude(yield* after(1, started.value.await), { state: "done", done: 2, rows: 2 })
        } else {
          assert.strictEqual((yield* Effect.flip((yield* Job.handle("a")).progress))._tag, "JobNotFound")
          assert.include(String(started.cause), "Expected JSON value")
        }
      }).pipe(Effect.scoped, Effect.provide(memory())))
  }

  it.effect("of 20,000 units is planned, run and counted", () =>
    Effect.gen(function*() {
      const job = numbered()
      const handle = yield* job.start({ units: 20_000 }, { id: "a" })
      assert.strictEqual((yield* handle.progress).units, 20_000)
      yield* handle.cancel
      yield* handle.remove
    }).pipe(Effect.provide(memory())), 60_000)

  it.effect("whose estimate throws is not planned, and starts", () =>
    Effect.gen(function*() {
      const job = numbered({
        estimate: () => {
          throw new Error("no estimate")
        }
      })
      assert.strictEqual((yield* Effect.exit(job.plan({ units: 3 })))._tag, "Failure")
      yield* process(job.toLayer(() => Effect.succeed(1)))
      const handle = yield* job.start({ units: 3 }, { id: "a" })
      assert.strictEqual((yield* after(1, handle.await)).done, 3)
    }).pipe(Effect.scoped, Effect.provide(memory())))
})
