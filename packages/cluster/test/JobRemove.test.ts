/** The removal of jobs. */
import { Job, Jobs } from "@effect-cql/cluster"
import { InvalidOptions, Statement } from "@effect-cql/core"
import { textOf } from "@effect-cql/core/Port"
import { sleeping } from "@effect-cql/test-support/clock"
import { defectOf } from "@effect-cql/test-support/runs"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber, Layer, Result, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import { after, memory, numbered, process, rejectsOf } from "./support/jobs.ts"
import { gated } from "./support/port.ts"

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

  type Read = (handle: Job.Handle) => Effect.Effect<ReadonlyArray<number>, { readonly _tag: string }>
  const names = ["progress", "await", "failures", "rejects", "retry"] as const
  const reads: Readonly<Record<typeof names[number], Read>> = {
    progress: (handle: Job.Handle) => Effect.map(handle.progress, ({ done, rejected }) => [done, rejected]),
    await: (handle: Job.Handle) => Effect.map(handle.await, ({ done, rejected }) => [done, rejected]),
    failures: (handle: Job.Handle) => Effect.map(handle.failures, ({ length }) => [length]),
    rejects: (handle: Job.Handle) => Effect.map(rejectsOf(handle), ({ length }) => [length]),
    retry: (handle: Job.Handle) => Effect.as(handle.retry({ only: "rejects" }), [])
  }
  const latencies = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 30 }))).check(
    Schema.isMinLength(5),
    Schema.isMaxLength(5)
  )

  it.effect.prop(
    "leaves all of the job to a read that runs meanwhile, or nothing of it",
    [Schema.Struct({ name: Schema.Literals(names), latencies, ofRemoval: latencies })],
    ([{ latencies, name, ofRemoval }]) =>
      Effect.gen(function*() {
        yield* process(layer)
        const handle = yield* job.start({ units: 9 }, { id: "a" })
        yield* after(1, handle.await)
        const whole = name === "retry" ? [] : yield* reads[name](handle)
        const slowed = (latencies: ReadonlyArray<number>) =>
          Effect.suspend(() => {
            let requests = 0
            const slow = gated((request, send) =>
              Effect.andThen(Effect.sleep(latencies[requests++ % latencies.length] ?? 0), send(request))
            )
            return Layer.build(Layer.fresh(Jobs.layer({ keyspace: "app", lanes: 4 })).pipe(Layer.provide(slow)))
          }).pipe(Effect.flatMap((jobs) => Effect.provideContext(Job.handle("a"), jobs)))
        const removal = yield* Effect.forkChild(Effect.result((yield* slowed(ofRemoval)).remove))
        const reading = yield* Effect.forkChild(Effect.result(reads[name](yield* slowed(latencies))))
        yield* TestClock.adjust("1 minute")
        yield* Fiber.join(removal)
        const read = yield* Fiber.join(reading)
        if (Result.isSuccess(read)) {
          // That of a job that is being removed says so itself.
          if (name !== "progress") assert.deepStrictEqual(read.success, whole)
        } else {assert.include(
            name === "retry" ? ["JobNotFound", "JobStateRefused"] : ["JobNotFound"],
            read.failure._tag
          )}
      }).pipe(Effect.scoped, Effect.provide(memory())),
    { arbitrary: { runs: 25 } }
  )

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

  it.effect("fails what awaits or watches it, and every use of its handle, with JobNotFound", () =>
    Effect.gen(function*() {
      const jobs = yield* Jobs.Jobs
      const handle = yield* job.start({ units: 2 }, { id: "a" })
      yield* handle.pause
      const awaiting = yield* Effect.forkChild(Effect.flip(handle.await))
      const watching = yield* Effect.forkChild(Effect.flip(Stream.runDrain(handle.watch())))
      yield* handle.cancel
      yield* jobs.remove("a")
      yield* TestClock.adjust("2 seconds")
      const errors = [
        yield* Fiber.join(awaiting),
        yield* Fiber.join(watching),
        yield* Effect.flip(handle.progress),
        yield* Effect.flip(handle.pause),
        yield* Effect.flip(handle.resume),
        yield* Effect.flip(handle.cancel),
        yield* Effect.flip(handle.setLimits({ rate: 1 })),
        yield* Effect.flip(handle.retry()),
        yield* Effect.flip(handle.failures),
        yield* Effect.flip(Stream.runDrain(handle.rejects)),
        yield* Effect.flip((yield* Job.handle("never")).await)
      ]
      assert.deepStrictEqual(errors.map(({ _tag }) => _tag), errors.map(() => "JobNotFound"))
      assert.include(errors[0]?.message, "job a was not found")
    }).pipe(Effect.provide(memory())))

  it.effect("is not awaited as its end", () =>
    Effect.gen(function*() {
      const jobs = yield* Jobs.Jobs
      const handle = yield* job.start({ units: 2 }, { id: "a" })
      yield* handle.cancel
      yield* jobs.move("a", ["cancelled"], "removing")
      assert.strictEqual((yield* Effect.flip(handle.await))._tag, "JobNotFound")
      assert.deepStrictEqual((yield* Stream.runCollect(handle.watch())).map(({ state }) => state), ["removing"])
    }).pipe(Effect.provide(memory())))

  it.effect("refuses a process that still has a lane", () =>
    Effect.gen(function*() {
      const jobs = yield* Jobs.Jobs
      const handle = yield* job.start({ units: 4 }, { id: "a" })
      const stale = (yield* jobs.find("a"))!
      const lane = yield* jobs.take(stale, 1)
      yield* handle.cancel
      yield* handle.remove
      assert.strictEqual((yield* Effect.flip(lane.save([["progress", "{}"]])))._tag, "LaneLost")
      // Nor does it bring the lane back.
      assert.strictEqual((yield* Effect.flip(jobs.take(stale, 1)))._tag, "LaneLost")
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

it.effect("a process that is late ends neither another run of its job nor another job of its id", () =>
  Effect.gen(function*() {
    const jobs = yield* Jobs.Jobs
    const state = Effect.map(jobs.find("a"), (found) => found?.state)
    const first = yield* job.start({ units: 4 }, { id: "a" })
    const former = (yield* jobs.find("a"))!
    yield* first.cancel
    yield* first.remove
    yield* TestClock.adjust("1 second")
    yield* job.start({ units: 4 }, { id: "a" })
    yield* jobs.end(former, "done")
    yield* jobs.exhaust(former, { rejected: 3, allowed: 1 })
    assert.strictEqual(yield* state, "running")
    const run = (yield* jobs.find("a"))!
    yield* jobs.end(run, "failed")
    assert.strictEqual(yield* state, "failed")
    assert.isTrue(yield* jobs.rerun(run, 0))
    yield* jobs.end(run, "done")
    yield* jobs.exhaust(run, { rejected: 3, allowed: 1 })
    assert.strictEqual(yield* state, "running")
  }).pipe(Effect.provide(memory())))

describe("a removal that is late", () => {
  /** The jobs of a process whose deletions of lanes take their time. */
  const lateJobs = Layer.fresh(Jobs.layer({ keyspace: "app" })).pipe(
    Layer.provide(
      gated((request, send) =>
        textOf(request).includes("epoch = null")
          ? Effect.andThen(Effect.sleep("3 seconds"), send(request))
          : send(request)
      )
    )
  )

  it.effect("does not touch another job of the same id", () =>
    Effect.gen(function*() {
      const handle = yield* job.start({ units: 4 }, { id: "a" })
      yield* handle.cancel
      const late = yield* Effect.forkChild(Jobs.Jobs.use(({ remove }) => remove("a")).pipe(Effect.provide(lateJobs)))
      yield* TestClock.adjust("1 second")
      yield* handle.remove
      const next = yield* job.start({ units: 9 }, { id: "a" })
      yield* TestClock.adjust("3 minutes")
      assert.isTrue(yield* Fiber.join(late))
      yield* process(layer)
      const { done, rejected, rows } = yield* after(1, next.await)
      assert.deepStrictEqual([done, rejected, rows], [9, 9, 9])
    }).pipe(Effect.scoped, Effect.provide(memory())))

  it.effect("leaves a job alone that has run again since it was read", () =>
    Effect.gen(function*() {
      const jobs = yield* Jobs.Jobs
      const handle = yield* job.start({ units: 4 }, { id: "a" })
      yield* jobs.move("a", ["running"], "failed")
      yield* TestClock.adjust("2 hours")
      const lateList = Layer.fresh(Jobs.layer({ keyspace: "app" })).pipe(
        Layer.provide(gated((request, send) =>
          textOf(request).includes("writetime(state)")
            ? Effect.tap(send(request), Effect.sleep("3 seconds"))
            : send(request)
        ))
      )
      const late = yield* Effect.forkChild(
        Jobs.Jobs.use(({ removeEnded }) => removeEnded({ olderThan: "1 hour" })).pipe(Effect.provide(lateList))
      )
      yield* TestClock.adjust("1 second")
      yield* handle.retry()
      yield* jobs.move("a", ["running"], "failed")
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual(yield* Fiber.join(late), 0)
      assert.strictEqual((yield* jobs.find("a"))?.state, "failed")
    }).pipe(Effect.provide(memory())))
})

describe("a removal by age", () => {
  const ended = (id: string, state: "done" | "failed" | "cancelled") =>
    Effect.gen(function*() {
      yield* job.start({ units: 6 }, { id })
      yield* (yield* Jobs.Jobs).move(id, ["running"], state)
    })
  const ids = Jobs.Jobs.use(({ list }) => Effect.map(Stream.runCollect(list), (jobs) => jobs.map(({ id }) => id)))
  const removeEnded = (olderThan: Duration.Input) => Jobs.Jobs.use((jobs) => jobs.removeEnded({ olderThan }))

  it.effect("deletes what ended before it, ends removals that were interrupted, and keeps what has not ended", () =>
    Effect.gen(function*() {
      yield* ended("done", "done")
      yield* ended("failed", "failed")
      yield* job.start({ units: 6 }, { id: "paused" })
      yield* Job.handle("paused").pipe(Effect.flatMap(({ pause }) => pause))
      yield* job.start({ units: 6 }, { id: "running" })
      yield* ended("later", "done")
      yield* TestClock.adjust("1 hour")
      // The age counts from the end, and not from the start.
      const jobs = yield* Jobs.Jobs
      yield* job.start({ units: 6 }, { id: "cancelled" })
      yield* TestClock.adjust("2 hours")
      yield* jobs.move("cancelled", ["running"], "cancelled")
      yield* ended("half", "done")
      yield* jobs.move("half", ["done"], "removing")
      assert.strictEqual(yield* removeEnded("4 hours"), 1)
      assert.deepStrictEqual(yield* ids, ["cancelled", "done", "failed", "later", "paused", "running"])
      assert.strictEqual(yield* removeEnded("2 hours"), 3)
      assert.deepStrictEqual(yield* ids, ["cancelled", "paused", "running"])
      assert.strictEqual(yield* removeEnded(Duration.infinity), 0)
      assert.strictEqual(yield* removeEnded(0), 1)
      assert.deepStrictEqual(yield* ids, ["paused", "running"])
      assert.strictEqual(yield* removeEnded(0), 0)
    }).pipe(Effect.provide(memory())))

  it.effect("of any age removes all of them, also where the clock of the process is behind those of the servers", () =>
    Effect.gen(function*() {
      yield* TestClock.adjust("1 hour")
      yield* ended("done", "done")
      const clock = yield* Clock.Clock
      const behind: Clock.Clock = {
        ...sleeping(clock, (duration) => clock.sleep(duration)),
        currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() - 60_000,
        currentTimeMillis: Effect.map(clock.currentTimeMillis, (millis) => millis - 60_000)
      }
      assert.strictEqual(yield* removeEnded(0).pipe(Effect.provideService(Clock.Clock, behind)), 1)
    }).pipe(Effect.provide(memory())))

  it.effect("reads many jobs page by page", () =>
    Effect.gen(function*() {
      yield* Effect.forEach(Array.from({ length: 50 }), (_, at) => ended(`${at}`, at % 2 === 0 ? "done" : "failed"))
      yield* job.start({ units: 2 }, { id: "last" })
      assert.strictEqual(yield* removeEnded(0), 50)
      assert.deepStrictEqual(yield* ids, ["last"])
      assert.strictEqual(yield* countOf("jobs"), 1)
    }).pipe(Effect.provide(memory([], { defaults: { pageSize: 7 } }))))

  it.effect("is refused for a negative duration, and for what is none", () =>
    Effect.gen(function*() {
      yield* ended("kept", "done")
      for (const olderThan of [-1, Number.NaN, "soon" as "1 day"]) {
        assert.instanceOf(yield* Effect.exit(removeEnded(olderThan)).pipe(Effect.map(defectOf)), InvalidOptions)
      }
      assert.deepStrictEqual(yield* ids, ["kept"])
    }).pipe(Effect.provide(memory())))

  for (let statements = 0; statements < 12; statements++) {
    it.effect(`is shared by two processes, and one dies: after ${statements} statements`, () =>
      Effect.gen(function*() {
        const latency = "10 millis"
        const slowly = Layer.fresh(Jobs.layer({ keyspace: "app" })).pipe(
          Layer.provide(gated((request, send) => Effect.andThen(Effect.sleep(latency), send(request))))
        )
        yield* Effect.forEach(["a", "b", "c"], (id) => ended(id, "done"))
        yield* TestClock.adjust("1 second")
        const [one, other] = [
          yield* Effect.forkChild(removeEnded("1 second").pipe(Effect.provide(slowly))),
          yield* Effect.forkChild(removeEnded("1 second").pipe(Effect.provide(slowly)))
        ]
        yield* TestClock.adjust(10 * statements + 5)
        yield* Fiber.interrupt(one)
        yield* TestClock.adjust("1 minute")
        assert.isAtMost(yield* Fiber.join(other), 3)
        assert.deepStrictEqual(yield* stored, [0, 0, 0])
      }).pipe(Effect.provide(memory())))
  }
})
