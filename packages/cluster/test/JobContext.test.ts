/** Writes of a handler: statements and rejects, on the virtual clock. */
import { type Job, Jobs } from "@effect-cql/cluster"
import { Batch, Query, type Session, Statement } from "@effect-cql/core"
import { MockSession } from "@effect-cql/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { TestClock } from "effect/testing"
import { after, memory as jobs, numbered as make, process, rejectsOf } from "./support/jobs.ts"

const memory = (settings?: MockSession.MemoryOptions) =>
  jobs([
    "CREATE TABLE app.rows (id int PRIMARY KEY, value text)",
    "CREATE TABLE app.counters (id int PRIMARY KEY, count counter)"
  ], settings)

const insert = Query.make("INSERT INTO app.rows (id, value) VALUES (?, ?)", {
  params: Schema.Tuple([Schema.Int, Schema.String])
})

type Handler = (unit: number, context: Job.Context<unknown>) => Effect.Effect<number | void, unknown, Session>

const start = (job: ReturnType<typeof make>, handler: Handler, settings?: Job.HandlerOptions) =>
  process(job.toLayer(handler, settings))

/** Fails for the rows whose id is a multiple of ten. */
const everyTenth = MockSession.when(
  (request) =>
    request._tag === "Statement" && /INTO app\.rows/.test(request.text) && Number(request.params[0]) % 10 === 0,
  MockSession.invalidQuery("the tenth row")
)

describe("execute", () => {
  it.effect("runs statements with the timestamp of the job, and makes rejects of those that fail", () =>
    Effect.gen(function*() {
      const job = make()
      const counts: Array<Job.Executed> = []
      yield* start(job, (unit, { checkpoint, execute }) =>
        Effect.gen(function*() {
          const ids = Array.from({ length: 20 }, (_, at) => unit * 20 + at + 1)
          counts.push(
            yield* execute(ids.map((id) => insert(id, "new")), { position: (index) => `row ${ids[index]}` })
          )
          yield* checkpoint({ cursor: 1, rows: 20 })
        }))
      const handle = yield* job.start({ units: 5 }, { id: "a" })
      const { rejected, rows } = yield* after(1, handle.await)
      assert.deepStrictEqual([rows, rejected], [100, 10])
      assert.deepStrictEqual(counts, Array.from({ length: 5 }, () => ({ applied: 18, notApplied: 0, rejected: 2 })))
      const rejects = yield* rejectsOf(handle)
      assert.deepStrictEqual(
        rejects.map(({ position }) => position).sort(),
        Array.from({ length: 10 }, (_, at) => `row ${(at + 1) * 10}`).sort()
      )
      assert.deepStrictEqual(rejects[0], {
        unit: 0,
        position: "row 10",
        reason: "InvalidQuery",
        error: rejects[0]!.error,
        outcome: "NotApplied",
        body: undefined
      })
      assert.include(rejects[0]!.error, "the tenth row")
      const stored = (yield* Jobs.Jobs.use(({ find }) => find("a")))!
      const written = yield* Statement.make("SELECT writetime(value) AS at FROM app.rows")
      assert.strictEqual(written.length, 90)
      for (const { at } of written) assert.strictEqual(at, stored.timestamp)
    }).pipe(Effect.provide(memory({ answers: [everyTenth] }))))

  it.effect("keeps the timestamp that a statement has, and runs batches", () =>
    Effect.gen(function*() {
      const job = make()
      yield* start(job, (_, { execute }) =>
        Effect.as(
          execute([
            insert(1, "own").pipe(Statement.withOptions({ timestamp: 5n })),
            Batch.make([insert(2, "a"), insert(3, "b")])
          ]),
          3
        ))
      const handle = yield* job.start({ units: 1 }, { id: "a" })
      yield* after(1, handle.await)
      const { timestamp } = (yield* Jobs.Jobs.use(({ find }) => find("a")))!
      const rows = yield* Statement.make("SELECT id, writetime(value) AS at FROM app.rows")
      assert.deepStrictEqual(
        new Map(rows.rows.map(({ at, id }) => [id, at])),
        new Map([[1, 5n], [2, timestamp], [3, timestamp]])
      )
    }).pipe(Effect.provide(memory())))

  const refused: ReadonlyArray<readonly [string, Statement.Statement<unknown> | Batch.Batch]> = [
    ["a counter", Statement.make("UPDATE app.counters SET count = count + 1 WHERE id = 1")],
    ["now()", Statement.make("INSERT INTO app.events (id, at) VALUES (1, now())")],
    ["a list that grows", Statement.make("UPDATE app.lists SET l = l + ? WHERE id = 1", [[1]])],
    ["a condition", Statement.make("INSERT INTO app.rows (id, value) VALUES (1, 'a') IF NOT EXISTS")],
    ["a batch with one", Batch.make([insert(1, "a"), ["UPDATE app.lists SET l = l + ? WHERE id = 1", [[1]]]])],
    [
      "a batch of counters",
      Batch.make([["UPDATE app.counters SET count = count + 1 WHERE id = 1"]], { type: "counter" })
    ]
  ]
  for (const [name, statement] of refused) {
    it.effect(`refuses a statement that is not idempotent before it sends anything: ${name}`, () =>
      Effect.gen(function*() {
        const job = make()
        let attempts = 0
        yield* start(job, (_, { execute }) =>
          Effect.suspend(() => {
            attempts++
            return execute([insert(7, "before"), statement])
          }).pipe(Effect.asVoid))
        const handle = yield* job.start({ units: 1 }, { id: "a" })
        assert.strictEqual((yield* after(1, Effect.flip(handle.await)))._tag, "JobFailed")
        const [failure] = yield* handle.failures
        assert.include(failure?.error, "StatementNotIdempotent")
        assert.include(failure?.error, statement.text.slice(0, 60))
        assert.strictEqual(attempts, 1)
        assert.strictEqual((yield* Statement.make("SELECT id FROM app.rows")).length, 0)
      }).pipe(Effect.provide(memory())))
  }

  it.effect("sends such statements if the job says at least once, and counts conditions that did not hold", () =>
    Effect.gen(function*() {
      const job = make({ atLeastOnce: true })
      const seen: Array<Job.Executed> = []
      yield* start(job, (_, { execute }) =>
        Effect.gen(function*() {
          seen.push(
            yield* execute([
              Statement.make("UPDATE app.counters SET count = count + 1 WHERE id = 1"),
              Statement.make("INSERT INTO app.rows (id, value) VALUES (1, 'a') IF NOT EXISTS")
            ])
          )
          seen.push(yield* execute([Statement.make("INSERT INTO app.rows (id, value) VALUES (1, 'b') IF NOT EXISTS")]))
        }))
      yield* after(1, Effect.flatMap(job.start({ units: 1 }, { id: "a" }), (handle) => handle.await))
      assert.deepStrictEqual(seen, [
        { applied: 2, notApplied: 0, rejected: 0 },
        { applied: 0, notApplied: 1, rejected: 0 }
      ])
    }).pipe(Effect.provide(memory())))

  it.effect("repeats failures that may be transient before it rejects", () =>
    Effect.gen(function*() {
      const job = make()
      yield* start(job, (_, { execute }) => Effect.as(execute([insert(1, "a")]), 1))
      const handle = yield* job.start({ units: 1 }, { id: "a" })
      const { rejected } = yield* after(3, handle.await)
      assert.strictEqual(rejected, 0)
      assert.strictEqual((yield* Statement.make("SELECT id FROM app.rows")).length, 1)
    }).pipe(Effect.provide(memory({
      answers: [MockSession.when(
        /INTO app\.rows/,
        (request, context) =>
          context.attempt <= 5 ? MockSession.overloaded()(request, context) : context.behind(request)
      )]
    }))))
})

describe("a statement that is never answered", () => {
  it.effect("is given up by a session without a timeout, and does not hold its lane for ever", () =>
    Effect.gen(function*() {
      const job = make({ concurrency: 1 })
      yield* start(job, (unit, { execute }) => Effect.as(execute([insert(unit, "a"), insert(10 + unit, "b")]), 2))
      const handle = yield* job.start({ units: 2 }, { id: "a" })
      const { rejected, rows } = yield* after(20, handle.await)
      assert.deepStrictEqual([rows, rejected], [4, 0])
      assert.strictEqual((yield* Statement.make("SELECT id FROM app.rows")).length, 4)
    }).pipe(
      Effect.scoped,
      Effect.provide(memory({
        answers: [MockSession.when(
          /INTO app\.rows/,
          (request, context) => context.attempt <= 1 ? Effect.never : context.behind(request)
        )]
      }))
    ))
})

describe("reject", () => {
  it.effect("counts each row once, also when its unit is done again, and keeps what stands", () =>
    Effect.gen(function*() {
      const job = make({ rejects: { body: true } })
      // The first attempts reject other rows than the last one, and fail before their checkpoint.
      let attempt = 0
      yield* start(job, (_, { checkpoint, cursor, reject }) =>
        Effect.gen(function*() {
          attempt++
          for (let step = Number(cursor ?? 0); step < 3; step++) {
            yield* reject({ position: `${step}`, error: new Error(`attempt ${attempt}`), body: { step, big: 7n } })
            yield* reject({ position: `${step}`, error: new Error(`attempt ${attempt}`), body: { step, big: 7n } })
            if (attempt === step + 1) {
              yield* reject({ position: "void", error: "void" })
              return yield* Effect.fail("broken")
            }
            yield* checkpoint({ cursor: step + 1, rows: 10 })
          }
        }), { attempts: 5 })
      const handle = yield* job.start({ units: 1 }, { id: "a" })
      const { rejected, rows } = yield* after(1, handle.await)
      assert.deepStrictEqual([rows, rejected, attempt], [30, 3, 4])
      assert.deepStrictEqual(
        (yield* rejectsOf(handle)).map((
          { body, error, outcome, position, reason }
        ) => [position, reason, error, outcome, body]),
        [0, 1, 2].map((step) => [`${step}`, "Error", `Error: attempt ${step + 2}`, undefined, { step, big: "7" }])
      )
    }).pipe(Effect.provide(memory())))

  it.effect("stores no body unless the job says so, and lets rejects expire", () =>
    Effect.gen(function*() {
      const job = make({ rejects: { retention: "10 minutes" } })
      yield* start(job, (_, { reject }) => reject({ position: "1", error: "no", outcome: "Unknown", body: "secret" }))
      const handle = yield* job.start({ units: 1 }, { id: "a" })
      assert.strictEqual((yield* after(1, handle.await)).rejected, 1)
      assert.deepStrictEqual(yield* rejectsOf(handle), [
        { unit: 0, position: "1", reason: "string", error: "no", outcome: "Unknown", body: undefined }
      ])
      yield* TestClock.adjust("11 minutes")
      assert.deepStrictEqual(yield* rejectsOf(handle), [])
    }).pipe(Effect.provide(memory())))
})
