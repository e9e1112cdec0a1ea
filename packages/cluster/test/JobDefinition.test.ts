/** Definitions of jobs: their fingerprint, their plan, their activity, and the layers that run them. */
import { CqlCluster, CqlRunnerStorage, Job, JobRunner, Jobs, TableJob } from "@effect-cql/cluster"
import { CqlSchema, Table, TokenRange } from "@effect-cql/schema"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Logger, Option, Schema, Stream } from "effect"
import { MessageStorage, RunnerAddress, RunnerHealth, Runners, Sharding, ShardingConfig } from "effect/cluster"
import { TestClock } from "effect/testing"
import { Workflow, WorkflowEngine } from "effect/workflow"
import { after, memory, numbered, options, process, until } from "./support/jobs.ts"

const Sum = Job.make("Sum", {
  version: "1",
  params: Schema.Struct({ upTo: Schema.Int }),
  unit: Schema.Int,
  units: ({ upTo }) => Effect.succeed(Array.from({ length: upTo }, (_, n) => n + 1))
})
const SumLive = Sum.toLayer((n) => Effect.succeed(n))
const sumOf = (upTo: number) =>
  Effect.flatMap(Sum.start({ upTo }, { id: "sum" }), (job) => Effect.map(job.await, ({ rows }) => rows))

describe("a fingerprint", () => {
  const base = { version: "1", params: Schema.Struct({ a: Schema.Int, b: Schema.String }), unit: Schema.Int }
  const units = () => Effect.succeed([1])
  const others: ReadonlyArray<readonly [string, string]> = [
    ["the version", Job.make("J", { ...base, version: "2", units }).fingerprint],
    ["the name", Job.make("K", { ...base, units }).fingerprint],
    ["the parameters", Job.make("J", { ...base, params: Schema.Struct({ a: Schema.Int }), units }).fingerprint],
    ["the unit", Job.make("J", { ...base, unit: Schema.String, units: () => Effect.succeed(["1"]) }).fingerprint],
    ["a bound of the unit", Job.make("J", { ...base, unit: CqlSchema.Int, units }).fingerprint],
    ["the options of the plan", Job.make("J", { ...base, units, planOptions: { splitSize: 5 } }).fingerprint]
  ]
  const { fingerprint } = Job.make("J", { ...base, units })
  for (const [name, other] of others) {
    it(`differs with ${name}`, () => {
      assert.notStrictEqual(other, fingerprint)
    })
  }
  it("does not differ with what a process decides for itself, nor with the order of fields", () => {
    const same = Job.make("J", {
      ...base,
      params: Schema.Struct({ b: Schema.String, a: Schema.Int }),
      units: () => Effect.succeed([2]),
      rate: 5,
      errorBudget: { rejects: 5 }
    })
    assert.strictEqual(same.fingerprint, fingerprint)
    assert.match(fingerprint, /^[0-9a-f]{16}$/)
  })

  it.effect("of another plan is left alone by a runner, which logs that once, and is a conflict", () => {
    const logs: Array<string> = []
    const logger = Logger.layer([Logger.make(({ message }) => void logs.push(String(message)))])
    return Effect.gen(function*() {
      yield* process(numbered({ planOptions: { splitSize: 1 } }).toLayer(() => Effect.die("another definition")))
      const handle = yield* numbered().start({ units: 3 }, { id: "a" })
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual((yield* handle.progress).done, 0)
      assert.strictEqual(logs.filter((log) => log.includes("job a does not run here")).length, 1)
      const conflict = yield* Effect.flip(numbered({ planOptions: {} }).start({ units: 3 }, { id: "a" }))
      assert.include(conflict.message, "expected the same schemas and plan")
    }).pipe(Effect.provide(Layer.mergeAll(memory(), logger)))
  })
})

class User extends Table.Class<User>("User")("app.users", {
  columns: { id: CqlSchema.Int, name: Schema.String },
  partitionKey: "id"
}) {}

describe("a plan", () => {
  it.effect("has the units with their lanes, and what they would read, and stores nothing", () =>
    Effect.gen(function*() {
      const Count = TableJob.make("Count", { version: "1", table: User })
      const { lanes, units } = yield* Count.plan
      assert.strictEqual(lanes, 4)
      assert.deepStrictEqual(TokenRange.merge(units.map(({ unit }) => unit)), [TokenRange.all])
      assert.deepStrictEqual(new Set(units.map(({ lane }) => lane)), new Set([0, 1, 2, 3]))
      assert.deepStrictEqual(units[0]?.statements, [
        "SELECT id, name, token(id) AS \"[token]\" FROM app.users WHERE token(id) > ? AND token(id) <= ?"
      ])
      const bytes = units.reduce((sum, unit) => sum + (unit.bytes ?? 0), 0)
      const partitions = units.reduce((sum, unit) => sum + (unit.partitions ?? 0), 0)
      assert.approximately(bytes, 2_000_000, 100)
      assert.approximately(partitions, 20_000, 100)
      assert.deepStrictEqual(yield* Jobs.Jobs.use(({ list }) => Stream.runCollect(list)), [])
    }).pipe(Effect.provide(memory([...Table.ddl(User)], {
      answers: [
        MockSession.when(
          /system\.size_estimates/,
          MockSession.rows([{
            range_start: String(TokenRange.all.start),
            range_end: String(TokenRange.all.end),
            partitions_count: 20_000n,
            mean_partition_size: 100n
          }])
        )
      ]
    }))))
})

describe("an activity", () => {
  const Report = Workflow.make("Report", {
    payload: { id: Schema.String, upTo: Schema.Int },
    success: Schema.Number,
    error: Job.ActivityError,
    idempotencyKey: ({ id }) => id
  })
  const ReportLive = Report.toLayer(({ upTo }) =>
    Effect.gen(function*() {
      const first = yield* Sum.activity({ upTo })
      const second = yield* Sum.activity({ upTo: upTo + 1 }, { name: "again", concurrency: 5 })
      return first.rows + second.rows
    })
  )
  it.effect("starts a job and awaits it: one job for each execution and name", () =>
    Effect.gen(function*() {
      yield* process(SumLive)
      assert.strictEqual(yield* after(1, Report.execute({ id: "x", upTo: 3 })), 16)
      assert.strictEqual(yield* after(1, Report.execute({ id: "x", upTo: 3 })), 16)
      assert.strictEqual((yield* Jobs.Jobs.use(({ list }) => Stream.runCollect(list))).length, 2)
      assert.strictEqual(yield* after(1, Report.execute({ id: "y", upTo: 3 })), 16)
      assert.strictEqual((yield* Jobs.Jobs.use(({ list }) => Stream.runCollect(list))).length, 4)
    }).pipe(Effect.provide(
      ReportLive.pipe(Layer.provideMerge(WorkflowEngine.layerMemory), Layer.provideMerge(memory()))
    )))

  const workflow = <A, E>(
    run: Effect.Effect<A, E, WorkflowEngine.WorkflowInstance | WorkflowEngine.WorkflowEngine | Jobs.Jobs>
  ) => {
    const Flow = Workflow.make("Flow", {
      payload: { id: Schema.String },
      success: Schema.Unknown,
      idempotencyKey: ({ id }) => id
    })
    const live = Flow.toLayer(() => Effect.result(run)).pipe(
      Layer.provideMerge(WorkflowEngine.layerMemory),
      Layer.provideMerge(memory())
    )
    return { execute: Flow.execute({ id: "x" }), live }
  }

  it.effect("of a name that another one in its execution has is refused if its parameters differ", () => {
    const { execute, live } = workflow(Effect.all([
      Sum.activity({ upTo: 3 }),
      Sum.activity({ upTo: 4 })
    ]))
    return Effect.gen(function*() {
      yield* process(SumLive)
      const failure = yield* after(2, execute)
      assert.deepInclude(failure, { _tag: "Failure" })
      assert.include(JSON.stringify(failure), "\"_tag\":\"JobConflict\"")
      assert.include(JSON.stringify(failure), "\"difference\":\"parameters\"")
    }).pipe(Effect.scoped, Effect.provide(live))
  })

  it.effect("fails if another process cancels its job, and again if it is retried", () => {
    const { execute, live } = workflow(Sum.activity({ upTo: 3 }).pipe(Effect.retry({ times: 2 })))
    return Effect.gen(function*() {
      yield* process(Sum.toLayer(() => Effect.never))
      const fiber = yield* Effect.forkChild(Effect.exit(execute))
      const [job] = yield* until(
        Jobs.Jobs.use(({ list }) => Stream.runCollect(list)),
        (jobs) => jobs[0]?.state === "running"
      )
      yield* (yield* Job.handle(job?.id ?? "")).cancel
      assert.include(JSON.stringify(yield* after(1, Fiber.join(fiber))), "\"state\":\"cancelled\"")
    }).pipe(Effect.scoped, Effect.provide(live))
  })

  it.effect("fails with the typed error of the job", () =>
    Effect.gen(function*() {
      yield* process(Sum.toLayer(() => Effect.fail("no")))
      const error = yield* after(2, Effect.flip(Report.execute({ id: "x", upTo: 3 })))
      assert.strictEqual(error._tag, "JobFailed")
    }).pipe(Effect.provide(
      ReportLive.pipe(Layer.provideMerge(WorkflowEngine.layerMemory), Layer.provideMerge(memory()))
    )))
})

describe("layers", () => {
  it.effect("for tests run a job in ten lines", () =>
    Effect.gen(function*() {
      const end = yield* Effect.forkChild(sumOf(4))
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* Fiber.join(end), 10)
    }).pipe(Effect.provide(
      SumLive.pipe(Layer.provideMerge(JobRunner.layerTest()), Layer.provide(MockSession.memory([])))
    )))

  it.effect("of a cluster of its own share the lanes of a job", () =>
    Effect.gen(function*() {
      const ran = [0, 0, 0]
      for (const at of [0, 1, 2]) {
        const runner = Sum.toLayer((n) =>
          Effect.as(Effect.andThen(Effect.sleep("1 second"), Effect.sync(() => ran[at]!++)), n)
        )
        yield* Layer.build(Layer.fresh(runner.pipe(
          Layer.provide(Layer.fresh(JobRunner.layer({ keyspace: "app", shards: 12, lanes: 12 })))
        )))
      }
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* after(3, sumOf(48)), 48 * 49 / 2)
      assert.deepStrictEqual(ran, [16, 16, 16])
    }).pipe(Effect.scoped, Effect.provide(memory([], {}, 12))))

  it.effect("in the sharding of the application use its shards", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* after(3, sumOf(20)), 210)
    }).pipe(Effect.provide(
      SumLive.pipe(
        Layer.provideMerge(JobRunner.layerWith(options)),
        Layer.provideMerge(Sharding.layer),
        Layer.provide([Runners.layerNoop, RunnerHealth.layerNoop]),
        Layer.provide(MessageStorage.layerNoop),
        Layer.provide(CqlRunnerStorage.layer({ keyspace: "app" })),
        Layer.provideMerge(ShardingConfig.layer({
          runnerAddress: Option.some(RunnerAddress.make("worker-1", 1)),
          shardsPerGroup: 4
        })),
        Layer.provide(Logger.layer([])),
        Layer.provide(MockSession.memory(CqlCluster.ddl("app")))
      )
    )))
})
