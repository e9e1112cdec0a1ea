/** Jobs that are stopped and go on within a moment: no unit is left behind, on the virtual clock. */
import type { Job } from "@effect-cql/cluster"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import { after, memory, numbered, process } from "./support/jobs.ts"
import { gated } from "./support/port.ts"

const change = Schema.Literals(["pause", "resume", "limit", "unlimit"])
const Changes = Schema.Array(Schema.Struct({
  change,
  millis: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 3_000 }))
})).check(Schema.isMaxLength(8))

const apply = (handle: Job.Handle, to: typeof change.Type) => {
  switch (to) {
    case "pause":
      return handle.pause
    case "resume":
      return handle.resume
    case "limit":
      return handle.setLimits({ concurrency: 1 })
    case "unlimit":
      return handle.setLimits({ concurrency: "unbounded" })
  }
}

/** Ten steps of a second. */
const steps = (_: number, { checkpoint, cursor }: Job.Context<unknown>) =>
  Effect.gen(function*() {
    for (let step = Number(cursor ?? 0); step < 10; step++) {
      yield* Effect.sleep("300 millis")
      yield* checkpoint({ cursor: step + 1, rows: 1 })
    }
  })

/** A runner whose requests take a while: between a stop and its write, the job may go on. */
const slow = (job: ReturnType<typeof numbered>) =>
  Effect.flatMap(
    Layer.build(gated((request, send) => Effect.andThen(Effect.sleep(40), send(request)))),
    (context) => Effect.provideContext(process(job.toLayer(steps), { interval: 100 }), context)
  )

describe("a job that is stopped", () => {
  it.effect("and resumed before its units have stopped runs each of them", () =>
    Effect.gen(function*() {
      const job = numbered()
      yield* slow(job)
      const handle = yield* job.start({ units: 8 }, { id: "a" })
      for (let at = 0; at < 12; at++) {
        yield* handle.pause
        yield* TestClock.adjust(110 + at)
        yield* handle.resume
        yield* TestClock.adjust(310)
      }
      assert.deepInclude(yield* after(1, handle.await), { state: "done", done: 8, rows: 80 })
    }).pipe(Effect.scoped, Effect.provide(memory())))

  it.effect.prop(
    "and goes on, whenever that is, runs each unit once",
    [Changes],
    ([changes]) =>
      Effect.gen(function*() {
        const job = numbered()
        yield* slow(job)
        const handle = yield* job.start({ units: 8 }, { id: "a" })
        for (const { change, millis } of changes) {
          yield* TestClock.adjust(millis)
          yield* Effect.ignore(apply(handle, change))
        }
        yield* Effect.ignore(handle.resume)
        assert.deepInclude(yield* after(1, handle.await), { state: "done", done: 8, rows: 80 })
      }).pipe(Effect.scoped, Effect.provide(memory())),
    { arbitrary: { runs: 8 } }
  )
})
