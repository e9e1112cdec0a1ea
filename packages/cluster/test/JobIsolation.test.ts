/** Jobs beside one that cannot go on: none waits for it. */
import { Job, JobRunner, Jobs } from "@effect-cql/cluster"
import { CqlError, Reason, type Session, Statement } from "@effect-cql/core"
import { textOf } from "@effect-cql/core/Port"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Schema, Stream } from "effect"
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

/** What an effect gives in time. */
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
      assert.deepStrictEqual(logs.filter((log) => log.includes("left alone")).map((log) => log.slice(0, 57)), [
        "job m is left alone: expected a handler of Other in this "
      ])
    }).pipe(Effect.provide(Layer.mergeAll(memory(), logger)))
  })
})
