/** Jobs whose parameters, units, parts and cursors are large, over a server that refuses large writes. */
import { Job, Jobs } from "@effect-cql/cluster"
import { CqlError, Reason } from "@effect-cql/core"
import { textOf } from "@effect-cql/core/Port"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { after, memory, process } from "./support/jobs.ts"
import { gated } from "./support/port.ts"

const most = 1_500_000

/** A server that refuses writes of more than a megabyte and a half, and keeps the sizes of all. */
const server = () => {
  const sizes: Array<number> = []
  const layer = gated((request, send) => {
    if (request._tag !== "Batch") return send(request)
    const size = request.statements.flatMap(({ params }) => params).reduce<number>(
      (sum, each) => sum + `${each}`.length,
      0
    )
    sizes.push(size)
    return size <= most ? send(request) : Effect.fail(
      new CqlError({
        reason: new Reason.InvalidQuery({ message: "the mutation is too large" }),
        query: textOf(request)
      })
    )
  })
  const jobs = Layer.provideMerge(Layer.fresh(Jobs.layer({ keyspace: "app", lanes: 1 })), Layer.fresh(layer))
  return { sizes, layer: Layer.provideMerge(jobs, memory()) }
}

const Text = Job.make("Text", {
  version: "1",
  params: Schema.Struct({ units: Schema.Int, size: Schema.Int, note: Schema.optionalKey(Schema.String) }),
  unit: Schema.String,
  units: ({ size, units }) => Effect.succeed(Array.from({ length: units }, () => "x".repeat(size))),
  divide: (unit) => unit === "part" ? undefined : Array.from({ length: unit.length }, () => "part")
})

describe("a job with large units", () => {
  it.effect("is stored in writes of some size, and so is its retry", () => {
    const { layer, sizes } = server()
    return Effect.gen(function*() {
      const handle = yield* Text.start({ units: 150, size: 20_000 }, { id: "a" })
      let isBroken = true
      yield* process(
        Text.toLayer((_, { reject }) =>
          isBroken ? Effect.as(reject({ position: "1", error: "no" }), 1) : Effect.succeed(1)
        )
      )
      assert.deepInclude(yield* after(1, handle.await), { units: 150, done: 150, rejected: 150 })
      isBroken = false
      yield* handle.retry({ only: "rejects" })
      assert.deepInclude(yield* after(1, handle.await), { units: 150, done: 150, rejected: 0 })
      assert.isBelow(Math.max(...sizes), 200_000)
    }).pipe(Effect.scoped, Effect.provide(layer))
  })

  for (
    const [part, params] of [
      ["a unit", { units: 3, size: 2_000_000 }],
      ["the parameters", { units: 3, size: 1, note: "x".repeat(2_000_000) }]
    ] as const
  ) {
    it.effect(`is refused with the cause before it is stored: ${part} of two megabytes`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(Text.start(params, { id: "a" }))
        assert.strictEqual(error._tag === "CqlError" && error.reason._tag, "InvalidQuery")
        assert.include(
          error.message,
          `${part} of job a could not be stored: expected at most 1048576 characters of JSON`
        )
        assert.strictEqual((yield* Effect.flip((yield* Job.handle("a")).progress))._tag, "JobNotFound")
      }).pipe(Effect.provide(server().layer)))
  }

  it.effect("fails a unit whose cursor is too large, with the cause", () =>
    Effect.gen(function*() {
      yield* process(Text.toLayer((_, { checkpoint }) => checkpoint({ cursor: "x".repeat(2_000_000), rows: 1 })))
      const handle = yield* Text.start({ units: 1, size: 1 }, { id: "a" })
      yield* after(1, Effect.flip(handle.await))
      assert.deepInclude(yield* handle.progress, { state: "failed", failed: 1, rows: 0 })
      assert.include((yield* handle.failures)[0]?.error, "the cursor of a unit of job a could not be stored")
    }).pipe(Effect.scoped, Effect.provide(server().layer)))

  for (const [parts, failed] of [[300, 300], [30_000, 1]] as const) {
    it.effect(`fails a unit whose parts are too many to be written at once: ${parts}`, () =>
      Effect.gen(function*() {
        yield* process(Text.toLayer(() => Effect.fail("broken"), { attempts: 1 }), { interval: 60_000 })
        const handle = yield* Text.start({ units: 1, size: parts }, { id: "a" })
        yield* after(80, Effect.flip(handle.await))
        assert.deepInclude(yield* handle.progress, { state: "failed", units: failed, failed })
      }).pipe(Effect.scoped, Effect.provide(server().layer)))
  }
})
