/** Jobs on the virtual clock, over tables in memory. */
import { CqlCluster, Job, JobRunner, Jobs } from "@effect-cql/cluster"
import { FaultPlan, MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Data, Effect, Exit, Fiber, Layer, Logger, Schema, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"

class Broken extends Data.TaggedError("Broken")<{ readonly n: number }> {
  override get message(): string {
    return `${this.n} is broken`
  }
}

const options = { keyspace: "app", lanes: 4 }
const memory = (settings?: MockSession.MemoryOptions) =>
  Layer.mergeAll(Layer.fresh(MockSession.memory(CqlCluster.ddl("app"), settings)), Logger.layer([]))
const client = Layer.provideMerge(Layer.fresh(Jobs.layer(options)), memory())

const Numbers = Job.make("Numbers", {
  version: "1",
  params: Schema.Struct({ upTo: Schema.Int }),
  unit: Schema.Struct({ n: Schema.Int }),
  units: ({ upTo }) => Effect.succeed(Array.from({ length: upTo }, (_, at) => ({ n: at + 1 })))
})

type Handler = Parameters<typeof Numbers.toLayer<unknown, never>>[0]

/** A runner in a process of its own. It ends when its scope does, as a process does: at once. */
const start = (handler: Handler, settings?: Job.HandlerOptions) =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const runner = Numbers.toLayer(handler, settings).pipe(
      Layer.provide(Layer.fresh(JobRunner.layerLocal(options)))
    )
    yield* Layer.buildWithScope(Layer.fresh(runner), scope)
    return { kill: Scope.close(scope, Exit.void) }
  })

/** Lets virtual time pass, and gives what an effect gives then. */
const after = <A, E, R>(duration: "1 minute" | "3 minutes", effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(effect)
    yield* TestClock.adjust(duration)
    return yield* Fiber.join(fiber)
  })

describe("a job", () => {
  it.effect("runs each unit, counts its rows, and ends", () =>
    Effect.gen(function*() {
      const seen: Array<number> = []
      yield* start(({ n }, { params }) =>
        Effect.sync(() => {
          seen.push(n)
          return params.upTo
        })
      )
      const job = yield* Numbers.start({ upTo: 10 }, { id: "a" })
      assert.deepStrictEqual(yield* job.progress, {
        state: "running",
        units: 10,
        done: 0,
        failed: 0,
        rows: 0,
        rejected: 0
      })
      const end = yield* after("1 minute", job.await)
      assert.deepStrictEqual(end, { state: "done", units: 10, done: 10, failed: 0, rows: 100, rejected: 0 })
      assert.deepStrictEqual(seen.sort((a, b) => a - b), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
      assert.deepStrictEqual(yield* job.failures, [])
      const watched = yield* Stream.runCollect(job.watch())
      assert.deepStrictEqual(watched, [end])
    }).pipe(Effect.provide(client)))

  it.effect("starts while another one runs, and does not wait for its end", () =>
    Effect.gen(function*() {
      yield* start((_, { params }) => Effect.as(Effect.sleep(params.upTo === 8 ? "10 hours" : "1 second"), 1))
      const long = yield* Numbers.start({ upTo: 8 }, { id: "long" })
      yield* TestClock.adjust("5 minutes")
      const short = yield* Numbers.start({ upTo: 9 }, { id: "short" })
      assert.strictEqual((yield* after("1 minute", short.await)).done, 9)
      // A lane of a job that ran has been given back: the next job finds it.
      const next = yield* Numbers.start({ upTo: 5 }, { id: "next" })
      assert.strictEqual((yield* after("1 minute", next.await)).done, 5)
      assert.strictEqual((yield* long.progress).done, 0)
    }).pipe(Effect.provide(client)))

  it.effect("without units ends at once", () =>
    Effect.gen(function*() {
      yield* start(() => Effect.void)
      const job = yield* Numbers.start({ upTo: 0 }, { id: "a" })
      assert.strictEqual((yield* after("1 minute", job.await)).state, "done")
    }).pipe(Effect.provide(client)))

  it.effect("is planned without being stored", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* Numbers.plan({ upTo: 2 }), {
        lanes: 2,
        units: [{ unit: { n: 1 }, lane: 0 }, { unit: { n: 2 }, lane: 1 }]
      })
      assert.deepStrictEqual(yield* Jobs.Jobs.use(({ list }) => Stream.runCollect(list)), [])
    }).pipe(Effect.provide(client)))

  it.effect("is the same one with the same id and parameters, and a conflict with others", () =>
    Effect.gen(function*() {
      let runs = 0
      yield* start(() => Effect.sync(() => void runs++))
      const job = yield* Numbers.start({ upTo: 3 }, { id: "a" })
      yield* after("1 minute", job.await)
      yield* after("1 minute", Effect.flatMap(Numbers.start({ upTo: 3 }, { id: "a" }), (job) => job.await))
      assert.strictEqual(runs, 3)
      const conflict = yield* Effect.flip(Numbers.start({ upTo: 4 }, { id: "a" }))
      assert.include(conflict.message, "expected the same parameters")
      assert.strictEqual((yield* (yield* Job.handle("a")).progress).done, 3)
    }).pipe(Effect.provide(client)))

  it.effect("is left alone by a runner of another version", () =>
    Effect.gen(function*() {
      const Newer = Job.make("Numbers", {
        version: "2",
        params: Schema.Struct({ upTo: Schema.Int }),
        unit: Schema.Int,
        units: () => Effect.succeed([1])
      })
      const runner = Newer.toLayer(() => Effect.die("another version")).pipe(
        Layer.provide(Layer.fresh(JobRunner.layerLocal(options)))
      )
      yield* Layer.build(runner)
      const job = yield* Numbers.start({ upTo: 3 }, { id: "a" })
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* job.progress, {
        state: "running",
        units: 3,
        done: 0,
        failed: 0,
        rows: 0,
        rejected: 0
      })
    }).pipe(Effect.scoped, Effect.provide(client)))

  it.effect("reports units that fail, goes on with the others, and runs the failed ones again", () =>
    Effect.gen(function*() {
      let isBroken = true
      const attempts: Array<number> = []
      yield* start(({ n }) =>
        Effect.suspend(() => {
          attempts.push(n)
          return isBroken && n % 2 === 0 ? Effect.fail(new Broken({ n })) : Effect.succeed(1)
        })
      )
      const job = yield* Numbers.start({ upTo: 4 }, { id: "a" })
      const failed = yield* after("1 minute", Effect.flip(job.await))
      assert.strictEqual(failed._tag, "JobFailed")
      assert.include(failed.message, "got 2 that failed")
      assert.deepStrictEqual(attempts.filter((n) => n === 2).length, 3)
      assert.deepStrictEqual(
        [...(yield* job.failures)].sort((a, b) => a.error < b.error ? -1 : 1),
        [2, 4].map((n) => ({ unit: { n }, cursor: undefined, error: `Broken: ${n} is broken` }))
      )
      isBroken = false
      yield* job.retry()
      assert.deepStrictEqual(yield* after("1 minute", job.await), {
        state: "done",
        units: 4,
        done: 4,
        failed: 0,
        rows: 4,
        rejected: 0
      })
      assert.strictEqual((yield* Effect.flip(job.retry()))._tag, "JobStateRefused")
    }).pipe(Effect.provide(client)))

  it.effect("goes on behind the last checkpoint when its runner dies, and counts nothing twice", () =>
    Effect.gen(function*() {
      const steps: Array<string> = []
      const handler: Handler = ({ n }, { checkpoint, cursor }) =>
        Effect.gen(function*() {
          for (let step = Number(cursor ?? 0); step < 10; step++) {
            yield* Effect.sleep("1 second")
            steps.push(`${n}/${step}`)
            yield* checkpoint({ cursor: step + 1, rows: 1 })
          }
        })
      const { kill } = yield* start(handler)
      const job = yield* Numbers.start({ upTo: 8 }, { id: "a" })
      yield* TestClock.adjust("14500 millis")
      yield* kill
      yield* TestClock.adjust("1 minute")
      const { rows } = yield* job.progress
      assert.isTrue(rows > 0 && rows < 80)
      yield* start(handler)
      assert.deepStrictEqual(yield* after("3 minutes", job.await), {
        state: "done",
        units: 8,
        done: 8,
        failed: 0,
        rows: 80,
        rejected: 0
      })
      assert.strictEqual(new Set(steps).size, 80)
    }).pipe(Effect.provide(client)))

  it.effect("counts a unit that takes its process down, and gives it up in the end", () =>
    Effect.gen(function*() {
      const job = yield* Numbers.start({ upTo: 1 }, { id: "a" })
      // Each process is frozen for ever in its unit, and the next one takes its lane.
      for (const _ of [1, 2, 3]) {
        yield* start(() => Effect.never)
        yield* TestClock.adjust("10 seconds")
      }
      yield* start(() => Effect.succeed(1))
      assert.strictEqual((yield* after("1 minute", Effect.flip(job.await)))._tag, "JobFailed")
      assert.deepStrictEqual(yield* job.failures, [
        { unit: { n: 1 }, cursor: undefined, error: "its process died while it ran" }
      ])
    }).pipe(Effect.provide(client)))

  it.effect("pauses and is cancelled at checkpoints, and resumes behind them", () =>
    Effect.gen(function*() {
      let steps = 0
      yield* start((_, { checkpoint, cursor }) =>
        Effect.gen(function*() {
          for (let step = Number(cursor ?? 0); step < 20; step++) {
            yield* Effect.sleep("1 second")
            steps++
            yield* checkpoint({ cursor: step + 1, rows: 1 })
          }
        })
      )
      const job = yield* Numbers.start({ upTo: 4 }, { id: "a" })
      yield* TestClock.adjust("10 seconds")
      yield* job.pause
      yield* TestClock.adjust("10 seconds")
      const paused = yield* job.progress
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* job.progress, paused)
      assert.strictEqual(paused.state, "paused")
      yield* job.pause
      yield* job.resume
      assert.strictEqual((yield* after("3 minutes", job.await)).rows, 80)
      assert.strictEqual(steps, 80)
      const other = yield* Numbers.start({ upTo: 4 }, { id: "b" })
      yield* TestClock.adjust("10 seconds")
      yield* other.cancel
      const cancelled = yield* after("1 minute", Effect.flip(other.await))
      assert.include(cancelled.message, "cancelled")
      assert.isBelow((yield* other.progress).rows, 80)
      assert.strictEqual((yield* Effect.flip(other.resume))._tag, "JobStateRefused")
    }).pipe(Effect.provide(client)))

  it.effect("counts nothing twice when two processes take its lanes from each other", () =>
    Effect.gen(function*() {
      const handler: Handler = (_, { checkpoint, cursor }) =>
        Effect.gen(function*() {
          for (let step = Number(cursor ?? 0); step < 5; step++) {
            yield* Effect.sleep("1 second")
            yield* checkpoint({ cursor: step + 1, rows: 1 })
          }
          return 1
        })
      yield* start(handler, { attempts: 1_000 })
      yield* start(handler, { attempts: 1_000 })
      const job = yield* Numbers.start({ upTo: 8 }, { id: "a" })
      assert.deepStrictEqual(yield* after("3 minutes", job.await), {
        state: "done",
        units: 8,
        done: 8,
        failed: 0,
        rows: 48,
        rejected: 0
      })
    }).pipe(Effect.provide(client)))
})

describe("a creator that dies after any of its statements", () => {
  for (let statements = 0; statements < 15; statements++) {
    it.effect(`leaves a job that the next one starts: ${statements} statements`, () =>
      Effect.gen(function*() {
        const fiber = yield* Effect.forkChild(
          Numbers.start({ upTo: 3 }, { id: "a" }).pipe(
            Effect.provide(Layer.fresh(Jobs.layer({ keyspace: "app", lanes: 2 })))
          )
        )
        yield* TestClock.adjust(10 * statements + 5)
        yield* Fiber.interrupt(fiber)
        yield* start(({ n }) => Effect.succeed(n))
        const job = yield* after("1 minute", Numbers.start({ upTo: 3 }, { id: "a" }))
        const { done, rows } = yield* after("1 minute", job.await)
        assert.deepStrictEqual([done, rows], [3, 6])
      }).pipe(Effect.provide(
        Layer.provideMerge(Layer.fresh(Jobs.layer(options)), memory({ latency: "10 millis" }))
      )))
  }
})

describe("faults", () => {
  it.effect("of any statement are not noticed, whether it was applied, lost or is late", () =>
    Effect.gen(function*() {
      const story = Effect.gen(function*() {
        const { kill } = yield* start(({ n }, { checkpoint, reject }) =>
          Effect.gen(function*() {
            yield* reject({ position: `${n}`, error: "bad" })
            yield* checkpoint({ cursor: 1, rows: 2 })
            return 1
          })
        )
        const job = yield* Numbers.start({ upTo: 2 }, { id: "a" })
        const end = yield* Effect.ensuring(job.await, kill)
        return { ...end, standing: (yield* Stream.runCollect(job.rejects)).length }
      }).pipe(Effect.provide(Layer.mergeAll(Layer.fresh(Jobs.layer({ keyspace: "app", lanes: 1 })), Logger.layer([]))))
      const explored = yield* FaultPlan.explore(story, {
        tables: CqlCluster.ddl("app"),
        kinds: ["lost", "late", "commitTimeout", "timeoutApplied"],
        maxRuns: 600,
        invariant: (exit) =>
          Effect.sync(() => {
            assert.strictEqual(exit._tag, "Success")
            if (exit._tag !== "Success") return
            assert.deepStrictEqual(exit.value, {
              state: "done",
              units: 2,
              done: 2,
              failed: 0,
              rows: 6,
              rejected: 2,
              standing: 2
            })
          })
      })
      assert.isAbove(explored.runs, 30)
    }), 300_000)
})

describe("an outage of the store", () => {
  it.effect("counts no attempt of the units that it has interrupted, however long it lasts", () =>
    Effect.gen(function*() {
      let attempts = 0
      yield* start((_, { checkpoint, cursor }) =>
        Effect.gen(function*() {
          attempts++
          for (let step = Number(cursor ?? 0); step < 200; step++) {
            yield* Effect.sleep("1 second")
            yield* checkpoint({ cursor: step + 1, rows: 1 })
          }
        })
      )
      const job = yield* Numbers.start({ upTo: 4 }, { id: "a" })
      const fiber = yield* Effect.forkChild(Effect.retry(job.await, { while: ({ _tag }) => _tag === "CqlError" }))
      yield* TestClock.adjust("9 minutes")
      const { done, failed, rows } = yield* Fiber.join(fiber)
      assert.deepStrictEqual([done, failed, rows], [4, 0, 800])
      // Five outages. Each of them ends the attempt of every unit.
      assert.isAbove(attempts, 4 * 4)
    }).pipe(Effect.provide(Layer.provideMerge(
      Layer.fresh(Jobs.layer(options)),
      memory({
        faults: FaultPlan.make(
          [20, 80, 160, 250, 350].map((from) =>
            FaultPlan.between(`${from} seconds`, `${from + 40} seconds`, "unavailable")
          )
        )
      })
    ))))
})
