/** Jobs beside one that cannot go on: none waits for it. */
import { Job, JobRunner, Jobs } from "@effect-cql/cluster"
import { CqlError, Reason, type Session, Statement } from "@effect-cql/core"
import { textOf } from "@effect-cql/core/Port"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Logger, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import { after, memory, numbered, options, process } from "./support/jobs.ts"
import { type Gate, gated } from "./support/port.ts"

const job = numbered({ errorBudget: { rejects: 10 }, concurrency: 8 })
const layer = job.toLayer(() => Effect.succeed(1))

/** A runner whose requests pass a gate. */
const behind = (gate: Gate) =>
  Layer.build(layer.pipe(
    Layer.provide(Layer.fresh(JobRunner.layerLocal({ ...options, interval: 2_000 }))),
    Layer.provide(Layer.fresh(gated(gate)))
  ))

/** Stops the requests of the lanes of one job. */
const stopped = (id: string, ends: boolean): Gate => (request, send) => {
  const isMet = request._tag === "Statement"
    ? request.params.some((param) => typeof param === "string" && param.startsWith(`job/${id}/`))
    : request.statements.some(({ params }) => params.some((param) => `${param}`.startsWith(`job/${id}/`)))
  if (!isMet) return send(request)
  const query = textOf(request)
  const reason = new Reason.Unavailable({
    message: "too few replicas",
    consistency: "LOCAL_QUORUM",
    required: 2,
    alive: 1
  })
  return ends ? Effect.fail(new CqlError({ reason, query })) : Effect.never
}

const write = (text: string, params: ReadonlyArray<unknown>) => Effect.asVoid(Statement.make(text, params))

/** The value of an effect; undefined if it does not end in time. */
const within = <A, E, R>(duration: "10 seconds" | "6 minutes", effect: Effect.Effect<A, E, R>) =>
  Effect.timeoutOrElse(effect, { duration, orElse: () => Effect.succeed(undefined) })

const lanesOf = (id: string) =>
  Effect.map(Jobs.Jobs.use(({ find }) => find(id)), (job) => `job/${id}/${job?.timestamp}`)

describe("a job beside one", () => {
  for (const ends of [true, false]) {
    it.effect(`whose lanes ${ends ? "cannot be read" : "do not answer"} starts and ends`, () =>
      Effect.gen(function*() {
        yield* behind(stopped("m", ends))
        const broken = yield* job.start({ units: 8 }, { id: "m" })
        yield* TestClock.adjust("1 minute")
        for (const id of ["a", "z"]) {
          const next = yield* job.start({ units: 8 }, { id })
          assert.strictEqual((yield* after(0.2, within("10 seconds", next.await)))?.done, 8)
        }
        assert.strictEqual((yield* broken.progress).done, 0)
      }).pipe(Effect.scoped, Effect.provide(memory())))
  }

  const damages: Readonly<Record<string, (name: string) => Effect.Effect<unknown, CqlError, Session>>> = {
    unit: (name) =>
      write(
        "INSERT INTO app.cluster_lanes (cluster, name, lane, entry, body) VALUES ('default', ?, 0, 'unit/000000000', '{')",
        [name]
      ),
    progress: (name) =>
      write(
        "INSERT INTO app.cluster_lanes (cluster, name, lane, entry, body) VALUES ('default', ?, 0, 'progress', '{')",
        [name]
      ),
    summary: (name) =>
      write(
        "INSERT INTO app.cluster_lanes (cluster, name, lane, entry, body) VALUES ('default', ?, -1, 'summary', '{')",
        [name]
      ),
    budget: () => write("UPDATE app.cluster_jobs SET budget = '{' WHERE cluster = 'default' AND job = 'm'", []),
    "number of lanes": () =>
      write("UPDATE app.cluster_jobs SET lanes = null WHERE cluster = 'default' AND job = 'm'", [])
  }
  for (const [part, damage] of Object.entries(damages)) {
    it.effect(`whose ${part} is damaged goes on, and others start`, () =>
      Effect.gen(function*() {
        let interrupted = 0
        const slow = job.toLayer((unit) =>
          Effect.as(
            Effect.onInterrupt(Effect.sleep(unit === 0 ? "5 minutes" : "1 second"), () =>
              Effect.sync(() => interrupted++)),
            1
          )
        )
        yield* process(slow)
        const running = yield* job.start({ units: 8 }, { id: "a" })
        yield* job.start({ units: 8 }, { id: "m" })
        yield* damage(yield* lanesOf("m"))
        yield* TestClock.adjust("1 minute")
        assert.strictEqual((yield* running.progress).done, 6)
        const next = yield* job.start({ units: 8 }, { id: "z" })
        assert.strictEqual((yield* after(6, within("6 minutes", next.await)))?.done, 8)
        assert.strictEqual((yield* running.progress).done, 8)
        assert.strictEqual(interrupted, 0)
        const { list } = yield* Jobs.Jobs
        assert.includeMembers(
          (yield* Stream.runCollect(list)).map(({ id }) =>
            id
          ),
          ["a", "z"]
        )
      }).pipe(Effect.provide(memory())))
  }

  it.effect("that is cancelled and removed at once stops within its page", () =>
    Effect.gen(function*() {
      let at = 0
      const jobs = yield* Jobs.Jobs
      const page = Array.from({ length: 100 }, (_, n) =>
        Statement.make("INSERT INTO app.t (n) VALUES (?)", [n], { idempotent: true }))
      const slowly = numbered({ rate: 1 })
      yield* process(slowly.toLayer((_, { execute }) =>
        Effect.map(
          Effect.tap(execute(page), () =>
            Effect.sync(() => at++)),
          ({ applied }) => applied
        )
      ))
      const handle = yield* slowly.start({ units: 1 }, { id: "m" })
      yield* TestClock.adjust("5 seconds")
      // Within one interval.
      yield* handle.cancel
      yield* jobs.remove("m")
      yield* TestClock.adjust("15 seconds")
      const before = (yield* Statement.rows(Statement.make("SELECT n FROM app.t"))).length
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Statement.rows(Statement.make("SELECT n FROM app.t"))).length, before)
      assert.strictEqual(at, 0)
    }).pipe(Effect.provide(memory(["CREATE TABLE app.t (n int PRIMARY KEY)"]))))

  for (const isRemoved of [false, true]) {
    it.effect(`that is cancelled${isRemoved ? " and removed" : ""} ends a handler that hangs`, () =>
      Effect.gen(function*() {
        let interrupted = 0
        yield* process(job.toLayer(() => Effect.onInterrupt(Effect.never, () => Effect.sync(() => interrupted++))))
        const handle = yield* job.start({ units: 4 }, { id: "m" })
        yield* TestClock.adjust("2 minutes")
        assert.strictEqual(interrupted, 0)
        yield* handle.cancel
        if (isRemoved) yield* handle.remove
        yield* TestClock.adjust("9 seconds")
        assert.strictEqual(interrupted, 0)
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(interrupted, 4)
      }).pipe(Effect.provide(memory())))
  }

  it.effect("without a handler in a process is left alone there, which logs that once", () => {
    const logs: Array<string> = []
    const logger = Logger.layer([Logger.make(({ message }) => void logs.push(String(message)))])
    return Effect.gen(function*() {
      yield* process(layer)
      const other = Job.make("Other", {
        version: "1",
        params: Schema.Struct({}),
        unit: Schema.Int,
        units: () => Effect.succeed([1, 2])
      })
      yield* other.start({}, { id: "m" })
      const handle = yield* job.start({ units: 3 }, { id: "z" })
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* handle.progress).state, "done")
      assert.deepStrictEqual(logs.filter((log) => log.includes("does not run here")).map((log) => log.slice(0, 61)), [
        "job m does not run here: expected a handler of Other in this "
      ])
    }).pipe(Effect.provide(Layer.mergeAll(memory(), logger)))
  })
})

const unavailable = new Reason.Unavailable({
  message: "too few replicas",
  consistency: "LOCAL_QUORUM",
  required: 2,
  alive: 1
})

/** Lets statements on a table fail for as long as it is broken. */
const broken = (table: string, reason: Reason.Reason, isBroken: () => boolean): Gate => (request, send) =>
  isBroken() && textOf(request).includes(` app.cluster_${table} `)
    ? Effect.fail(new CqlError({ reason, query: textOf(request) }))
    : send(request)

describe("a job", () => {
  it.effect("whose rejects are refused by the server ends as failed, and is not tried for ever", () =>
    Effect.gen(function*() {
      const reason = new Reason.InvalidQuery({ message: "Mutation of 20 MiB is too large" })
      const rejecting = job.toLayer((unit, { reject }) => Effect.as(reject({ position: `${unit}`, error: "bad" }), 1))
      yield* Layer.build(rejecting.pipe(
        Layer.provide(Layer.fresh(JobRunner.layerLocal(options))),
        Layer.provide(Layer.fresh(gated(broken("rejects", reason, () => true))))
      ))
      const handle = yield* job.start({ units: 3 }, { id: "a" })
      yield* TestClock.adjust("2 minutes")
      const { failed, state } = yield* handle.progress
      assert.deepStrictEqual([state, failed], ["failed", 3])
      assert.include((yield* handle.failures)[0]?.error, "too large")
    }).pipe(Effect.scoped, Effect.provide(memory())))

  it.effect("whose tables cannot be written when its units end counts no attempt", () =>
    Effect.gen(function*() {
      let isBroken = true
      yield* behind((request, send) =>
        isBroken && request._tag === "Batch" &&
          request.statements.some(({ params }) => params.some((param) => `${param}`.includes("\"state\":\"done\"")))
          ? Effect.fail(new CqlError({ reason: unavailable, query: textOf(request) }))
          : send(request)
      )
      const handle = yield* job.start({ units: 8 }, { id: "a" })
      yield* TestClock.adjust("3 minutes")
      isBroken = false
      yield* TestClock.adjust("1 minute")
      assert.deepInclude(yield* handle.progress, { state: "done", done: 8, failed: 0, rows: 8 })
    }).pipe(Effect.scoped, Effect.provide(memory())))

  it.effect("is awaited through an outage of its tables", () =>
    Effect.gen(function*() {
      let isBroken = false
      const slow = job.toLayer(() => Effect.as(Effect.sleep("3 minutes"), 1))
      yield* process(slow)
      yield* job.start({ units: 3 }, { id: "a" })
      const jobs = yield* Layer.build(
        Layer.fresh(Jobs.layer(options)).pipe(Layer.provide(gated(broken("jobs", unavailable, () => isBroken))))
      )
      const handle = yield* Job.handle("a").pipe(Effect.provide(jobs))
      const end = yield* Effect.forkChild(handle.await)
      yield* TestClock.adjust("10 seconds")
      isBroken = true
      yield* TestClock.adjust("2 minutes")
      // A read that was asked for now fails as before.
      const error = yield* Effect.forkChild(Effect.flip(handle.progress))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Fiber.join(error))._tag, "CqlError")
      isBroken = false
      yield* TestClock.adjust("2 minutes")
      assert.isDefined(end.pollUnsafe())
      assert.strictEqual((yield* Fiber.join(end)).done, 3)
    }).pipe(Effect.scoped, Effect.provide(memory())))

  it.effect("that two processes retry at the same time ends, also if one of them is late", () =>
    Effect.gen(function*() {
      let again = false
      yield* process(
        job.toLayer((unit) => again && unit === 1 ? Effect.as(Effect.sleep("10 minutes"), 1) : Effect.fail("no"))
      )
      const handle = yield* job.start({ units: 2 }, { id: "a" })
      yield* TestClock.adjust("1 minute")
      again = true
      const jobs = yield* Jobs.Jobs
      const slow = Jobs.Jobs.of({
        ...jobs,
        entries: (...lane) => Effect.delay(jobs.entries(...lane), "2 minutes")
      })
      const late = yield* Job.handle("a").pipe(Effect.provideService(Jobs.Jobs, slow))
      const other = yield* Effect.forkChild(late.retry())
      yield* TestClock.adjust("1 second")
      yield* handle.retry()
      yield* TestClock.adjust("20 minutes")
      yield* Fiber.join(other)
      const { done, failed, state } = yield* handle.progress
      assert.deepStrictEqual([state, done, failed], ["failed", 1, 1])
      assert.deepStrictEqual((yield* handle.failures).map(({ unit }) => unit), [0])
    }).pipe(Effect.provide(memory())))

  it.effect("that cannot be removed keeps no other one that has ended", () =>
    Effect.gen(function*() {
      const jobs = yield* Jobs.Jobs
      for (const id of ["a", "m", "z"]) yield* (yield* job.start({ units: 2 }, { id })).cancel
      const session = yield* Layer.build(
        Layer.fresh(Jobs.layer(options)).pipe(Layer.provide(gated(stopped("m", true))))
      )
      const removal = yield* Effect.forkChild(
        Effect.flip(Jobs.Jobs.use(({ removeEnded }) => removeEnded({ olderThan: 0 })).pipe(Effect.provide(session)))
      )
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Fiber.join(removal))._tag, "CqlError")
      assert.deepStrictEqual((yield* Stream.runCollect(jobs.list)).map(({ id, state }) => [id, state]), [[
        "m",
        "removing"
      ]])
      assert.strictEqual(yield* jobs.removeEnded({ olderThan: 0 }), 1)
    }).pipe(Effect.scoped, Effect.provide(memory())))

  it.effect("that hangs where nothing can interrupt it ends, as does the next one of its name when that is cancelled", () =>
    Effect.gen(function*() {
      const hanging = new Set(["a"])
      const job = numbered()
      yield* process(
        job.toLayer((unit, { id }) =>
          hanging.has(id) && unit === 0 ? Effect.uninterruptible(Effect.never) : Effect.void
        )
      )
      const stuck = yield* job.start({ units: 8 }, { id: "a" })
      const beside = yield* job.start({ units: 8 }, { id: "b" })
      assert.strictEqual((yield* after(1, within("10 seconds", beside.await)))?.done, 8)
      yield* stuck.cancel
      assert.strictEqual((yield* after(1, Effect.flip(stuck.await)))._tag, "JobFailed")
      const next = yield* job.start({ units: 8 }, { id: "c" })
      assert.strictEqual((yield* after(1, within("10 seconds", next.await)))?.done, 8)
    }).pipe(Effect.provide(memory())))

  it.effect("keeps its own limit, and leaves that of the other alone", () =>
    Effect.gen(function*() {
      const running = { a: 0, b: 0 }
      const peaks = { a: 0, b: 0 }
      const counted = (_: number, { id }: Job.Context<unknown>) =>
        Effect.acquireUseRelease(
          Effect.sync(() => {
            const name = id === "a" ? "a" : "b"
            peaks[name] = Math.max(peaks[name], ++running[name])
            return name
          }),
          () => Effect.sleep("500 millis"),
          (name) => Effect.sync(() => running[name]--)
        )
      const job = numbered()
      yield* process(job.toLayer(counted))
      const one = yield* job.start({ units: 20 }, { id: "a", concurrency: 1 })
      const two = yield* job.start({ units: 20 }, { id: "b", concurrency: 2 })
      assert.strictEqual((yield* after(2, one.await)).done, 20)
      assert.strictEqual((yield* after(2, two.await)).done, 20)
      assert.deepStrictEqual(peaks, { a: 1, b: 2 })
    }).pipe(Effect.provide(memory())))
})
