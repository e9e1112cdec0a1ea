/** Jobs that are stopped and go on within a moment: no unit is left behind, on the virtual clock. */
import { Job, Jobs } from "@effect-cql/cluster"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Result, Schema } from "effect"
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

describe("two processes that change a job at the same time", () => {
  const methods = {
    pause: (handle: Job.Handle) => handle.pause,
    resume: (handle: Job.Handle) => handle.resume,
    cancel: (handle: Job.Handle) => handle.cancel,
    setLimits: (handle: Job.Handle) => handle.setLimits({ concurrency: 2 }),
    retry: (handle: Job.Handle) => handle.retry(),
    retryRejects: (handle: Job.Handle) => handle.retry({ only: "rejects" }),
    remove: (handle: Job.Handle) => handle.remove
  } as const
  const names = Object.keys(methods) as ReadonlyArray<keyof typeof methods>
  const Two = Schema.Struct({
    first: Schema.Literals(names),
    second: Schema.Literals(names),
    from: Schema.Literals(["running", "paused", "failed"]),
    latencies: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 30 }))).check(
      Schema.isMinLength(7),
      Schema.isMaxLength(7)
    )
  })

  it.effect.prop(
    "leave it as one order of both would, and each refusal names a state that refuses",
    [Two],
    ([{ first, from, latencies, second }]) =>
      Effect.gen(function*() {
        const job = numbered()
        let isBroken = true
        yield* process(
          job.toLayer((unit, context) => isBroken && unit === 0 ? Effect.die("broken") : steps(unit, context), {
            attempts: 1
          }),
          { interval: 500 }
        )
        const handle = yield* job.start({ units: 8 }, { id: "a" })
        yield* TestClock.adjust(from === "failed" ? "1 minute" : "2 seconds")
        if (from === "paused") yield* handle.pause
        isBroken = false
        let requests = 0
        const jobs = yield* Layer.build(
          Layer.fresh(Jobs.layer({ keyspace: "app", lanes: 4 })).pipe(
            Layer.provide(gated((request, send) =>
              Effect.andThen(Effect.sleep(latencies[requests++ % latencies.length] ?? 0), send(request))
            ))
          )
        )
        const slow = yield* Effect.provideContext(Job.handle("a"), jobs)
        const changes = [first, second].map((name) =>
          Effect.result(methods[name](slow))
        )
        const fiber = yield* Effect.forkChild(Effect.all(changes, { concurrency: 2 }))
        yield* TestClock.adjust("30 seconds")
        for (const result of yield* Fiber.join(fiber)) {
          if (Result.isSuccess(result)) continue
          const error = result.failure
          assert.include(["JobStateRefused", "JobNotFound"], error._tag)
          if (error._tag === "JobStateRefused") assert.notInclude(error.expected.split(" or "), error.got)
        }
        const found = yield* Effect.result(handle.progress)
        if (Result.isFailure(found)) {
          assert.include([first, second], "remove")
          return
        }
        const ended = yield* after(1, Effect.andThen(Effect.ignore(handle.resume), Effect.result(handle.await)))
        const { done, failed, rows, state } = yield* handle.progress
        assert.include(["done", "failed", "cancelled"], state)
        assert.strictEqual(Result.isSuccess(ended), state === "done")
        assert.strictEqual(rows, 10 * done + (state === "cancelled" ? rows - 10 * done : 0))
        if (state !== "cancelled") assert.strictEqual(done + failed, 8)
      }).pipe(Effect.scoped, Effect.provide(memory())),
    { arbitrary: { runs: 30 } }
  )
})
