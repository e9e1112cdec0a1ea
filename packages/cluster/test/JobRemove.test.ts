/** The removal of jobs. */
import { Jobs } from "@effect-cql/cluster"
import { Statement } from "@effect-cql/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { after, memory, numbered, process, rejectsOf } from "./support/jobs.ts"

const job = numbered({ errorBudget: { rejects: 1_000 } })
const layer = job.toLayer((unit, { reject }) => Effect.as(reject({ position: `${unit}`, error: "bad" }), 1))

const countOf = (table: string) =>
  Effect.map(Statement.rows(Statement.make(`SELECT * FROM app.cluster_${table}`)), (rows) => rows.length)
const stored = Effect.all([countOf("jobs"), countOf("lanes"), countOf("rejects")])

describe("the removal of a job", () => {
  it.effect("deletes its units and rejects, and lets its id be used again", () =>
    Effect.gen(function*() {
      yield* process(layer)
      const handle = yield* job.start({ units: 9 }, { id: "a" })
      yield* job.start({ units: 3 }, { id: "b" })
      yield* after(1, handle.await)
      yield* (yield* job.start({ units: 3 }, { id: "b" })).remove
      yield* handle.remove
      yield* handle.remove
      assert.deepStrictEqual(yield* stored, [0, 0, 0])
      // Its process goes on, and does the work of another job of this id.
      const next = yield* job.start({ units: 5 }, { id: "a" })
      const { done, rejected } = yield* after(1, next.await)
      assert.deepStrictEqual([done, rejected, (yield* rejectsOf(next)).length], [5, 5, 5])
    }).pipe(Effect.scoped, Effect.provide(memory())))

  it.effect("is refused while the job has not ended", () =>
    Effect.gen(function*() {
      const handle = yield* job.start({ units: 2 }, { id: "a" })
      const error = yield* Effect.flip(handle.remove)
      assert.strictEqual(error._tag, "JobStateRefused")
      yield* handle.pause
      assert.strictEqual((yield* Effect.flip(handle.remove))._tag, "JobStateRefused")
      yield* handle.cancel
      yield* handle.remove
      assert.deepStrictEqual(yield* stored, [0, 0, 0])
    }).pipe(Effect.provide(memory())))

  it.effect("refuses a process that still has a lane", () =>
    Effect.gen(function*() {
      const jobs = yield* Jobs.Jobs
      const handle = yield* job.start({ units: 4 }, { id: "a" })
      const lane = yield* jobs.take("a", 1)
      yield* handle.cancel
      yield* handle.remove
      assert.strictEqual((yield* Effect.flip(lane.save([["progress", "{}"]])))._tag, "LaneLost")
      assert.deepStrictEqual(yield* stored, [0, 0, 0])
    }).pipe(Effect.provide(memory())))

  it.effect("is continued by the next removal, or by the next start, after the death of its process", () =>
    Effect.gen(function*() {
      const jobs = yield* Jobs.Jobs
      for (const next of [jobs.remove("a"), job.start({ units: 4 }, { id: "a" })]) {
        const handle = yield* job.start({ units: 40 }, { id: "a" })
        yield* handle.cancel
        assert.isTrue(yield* jobs.move("a", ["cancelled"], "removing"))
        yield* TestClock.adjust("1 second")
        yield* next
      }
      assert.deepStrictEqual([(yield* jobs.find("a"))?.units, (yield* jobs.find("a"))?.state], [4, "running"])
    }).pipe(Effect.provide(memory())))
})
