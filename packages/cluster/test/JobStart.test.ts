/** Two processes that start the same job at the same time, and divide its work differently. */
import { Job, Jobs } from "@effect-cql/cluster"
import { Statement } from "@effect-cql/core"
import { textOf } from "@effect-cql/core/Port"
import { Random } from "@effect-cql/test-support/random"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import { after, memory, process } from "./support/jobs.ts"
import { gated } from "./support/port.ts"

const rows = 60

/** Ranges of rows of a size: the estimates of two processes differ. */
const rangesOf = (size: number) =>
  Array.from({ length: Math.ceil(rows / size) }, (_, at) => [at * size, Math.min(rows, (at + 1) * size)] as const)

const jobOf = (size: number) =>
  Job.make("Ranges", {
    version: "1",
    params: Schema.Null,
    unit: Schema.Tuple([Schema.Int, Schema.Int]),
    units: () => Effect.succeed(rangesOf(size))
  })

describe("a job that two processes start at the same time", () => {
  for (let seed = 0; seed < 8; seed++) {
    it.effect(`has the units of one of them: seed ${seed}`, () =>
      Effect.gen(function*() {
        const random = new Random(seed)
        const jobs = (latency: number) =>
          Layer.fresh(Jobs.layer({ keyspace: "app", lanes: 4 })).pipe(
            Layer.provide(gated((request, send) =>
              Effect.andThen(
                Effect.sleep(textOf(request).includes("cluster_lanes") ? random.between(1, latency) : 1),
                send(request)
              )
            ))
          )
        const starts = yield* Effect.forEach([7, 5], (size) =>
          Effect.forkChild(
            Effect.delay(jobOf(size).start(null, { id: "a" }), random.between(0, 1_500)).pipe(
              Effect.provide(jobs(random.pick([20, 400, 900])))
            )
          ))
        const done: Array<number> = []
        yield* process(
          jobOf(5).toLayer(([from, to]) =>
            Effect.gen(function*() {
              yield* Effect.sleep(random.between(1, 300))
              for (let row = from; row < to; row++) done.push(row)
              return to - from
            })
          ),
          { interval: 50 }
        )
        yield* TestClock.adjust("2 minutes")
        yield* Effect.forEach(starts, Fiber.join)
        const handle = yield* Job.handle("a")
        const end = yield* after(1, handle.await)
        assert.deepStrictEqual([end.rows, end.done], [rows, end.units])
        assert.include([rangesOf(7).length, rangesOf(5).length], end.units)
        assert.deepStrictEqual(done.toSorted((a, b) => a - b), Array.from({ length: rows }, (_, row) => row))
      }).pipe(Effect.scoped, Effect.provide(memory())))
  }
})

describe("a job that is cancelled and removed while a process stores its units", () => {
  /** The jobs of a process that takes its time for the lanes from one on. */
  const slowFrom = (lane: number) =>
    Layer.fresh(Jobs.layer({ keyspace: "app", lanes: 4 })).pipe(
      Layer.provide(gated((request, send) => {
        const isSlow = request._tag === "Batch" &&
          request.statements.some(({ params }) => params.some((param) => param === lane))
        return isSlow ? Effect.andThen(Effect.sleep("2 seconds"), send(request)) : send(request)
      }))
    )
  const stored = Effect.map(
    Statement.make("SELECT name, entry FROM app.cluster_lanes"),
    ({ rows }) => new Set(rows.filter(({ entry }) => entry !== null).map(({ name }) => name)).size
  )

  for (const lane of [-1, 0, 1, 3]) {
    it.effect(`is not created again, and leaves nothing: lane ${lane}`, () =>
      Effect.gen(function*() {
        const late = yield* Effect.forkChild(jobOf(7).start(null, { id: "a" }).pipe(Effect.provide(slowFrom(lane))))
        yield* TestClock.adjust("1 second")
        const handle = yield* Job.handle("a")
        yield* handle.cancel
        yield* handle.remove
        yield* TestClock.adjust("1 minute")
        yield* Fiber.join(late)
        assert.strictEqual((yield* Effect.flip(handle.progress))._tag, "JobNotFound")
        assert.strictEqual(yield* stored, 0)
      }).pipe(Effect.scoped, Effect.provide(memory())))

    it.effect(`does not disturb the next one of its id: lane ${lane}`, () =>
      Effect.gen(function*() {
        const late = yield* Effect.forkChild(jobOf(7).start(null, { id: "a" }).pipe(Effect.provide(slowFrom(lane))))
        const other = Job.make("Other", {
          version: "1",
          params: Schema.Null,
          unit: Schema.Int,
          units: () => Effect.succeed([1, 2, 3])
        })
        yield* TestClock.adjust("1 second")
        const handle = yield* Job.handle("a")
        yield* handle.cancel
        yield* handle.remove
        const next = yield* other.start(null, { id: "a" })
        yield* TestClock.adjust("1 minute")
        assert.strictEqual((yield* Effect.flip(Fiber.join(late)))._tag, "JobConflict")
        yield* process(other.toLayer(() => Effect.succeed(1)))
        assert.deepInclude(yield* after(1, next.await), { state: "done", rows: 3 })
        assert.strictEqual(yield* stored, 1)
      }).pipe(Effect.scoped, Effect.provide(memory())))
  }
})
