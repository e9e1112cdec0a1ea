/** Jobs on a real server: their tables, their rejects and their limits. */
import { CqlCluster, Job, JobRunner, Jobs } from "@effect-cql/cluster"
import { Query, Statement } from "@effect-cql/core"
import { integration } from "@effect-cql/test-support/server"
import { ownName, withKeyspace } from "@effect-cql/test-support/session"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Schema, Stream } from "effect"
import { rejectsOf } from "./support/jobs.ts"

const keyspace = ownName("jobs")
const tables = [
  `CREATE TABLE ${keyspace}.target (id int PRIMARY KEY, value text)`,
  `CREATE TABLE ${keyspace}.counters (id int PRIMARY KEY, count counter)`,
  `CREATE TABLE ${keyspace}.names (name text PRIMARY KEY)`
]
const insert = Query.make(`INSERT INTO ${keyspace}.target (id, value) VALUES (?, ?)`, {
  params: Schema.Tuple([Schema.Int, Schema.String])
})
const absent = Statement.make(`INSERT INTO ${keyspace}.absent (id) VALUES (1)`)

const rowsOfUnit = 100

/** Writes rows, the last of each unit into a table that does not exist, and divides a unit that cannot be done. */
const Fill = Job.make("Fill", {
  version: "1",
  params: Schema.Struct({ units: Schema.Int }),
  unit: Schema.Struct({ from: Schema.Int, to: Schema.Int }),
  units: ({ units }) =>
    Effect.succeed(
      Array.from({ length: units }, (_, unit) => ({ from: unit * rowsOfUnit, to: (unit + 1) * rowsOfUnit }))
    ),
  divide: ({ from, to }) => {
    const middle = Math.floor((from + to) / 2)
    return middle === from ? undefined : [{ from, to: middle }, { from: middle, to }]
  },
  rejects: { body: true, retention: "1 hour" },
  errorBudget: { share: 0.5, minimum: 100 }
})

const FillLive = (poison: number) =>
  Fill.toLayer(({ from, to }, { checkpoint, execute }) =>
    Effect.gen(function*() {
      if (from <= poison && poison < to) return yield* Effect.fail("poison")
      const ids = Array.from({ length: to - from }, (_, at) => from + at)
      const statements = ids.map((id) => id % rowsOfUnit === 99 ? absent : insert(id, `row ${id}`))
      yield* execute(statements, {
        position: (index) => String(ids[index]),
        body: (index) => ({ id: ids[index] }),
        statement: { consistency: "QUORUM" }
      })
      yield* checkpoint({ cursor: to, rows: ids.length })
    }), { attempts: 1 })

/** Counts its units. All of them claim the same name. */
const Count = Job.make("Count", {
  version: "1",
  params: Schema.Null,
  unit: Schema.Int,
  units: () => Effect.succeed([1, 2, 3]),
  atLeastOnce: true
})
const claims: Array<Job.Executed> = []
const CountLive = Count.toLayer((_, { execute }) =>
  Effect.gen(function*() {
    claims.push(
      yield* execute([
        Statement.make(`UPDATE ${keyspace}.counters SET count = count + 1 WHERE id = 1`),
        Statement.make(`INSERT INTO ${keyspace}.names (name) VALUES ('ada') IF NOT EXISTS`)
      ])
    )
  })
)

/** Has units of 20 kB, and a last one that is as large as a unit may be, with a cursor of that size. */
const longest = 1_048_576 - 2
const Large = Job.make("Large", {
  version: "1",
  params: Schema.Struct({ units: Schema.Int }),
  unit: Schema.String,
  units: ({ units }) =>
    Effect.succeed(Array.from({ length: units + 1 }, (_, at) => "x".repeat(at < units ? 20_000 : longest)))
})

const runner = (cluster: string, poison = -1) => {
  const options = { keyspace, cluster, lanes: 4, interval: "200 millis" } as const
  return FillLive(poison).pipe(Layer.provideMerge(Layer.fresh(JobRunner.layerLocal(options))))
}

integration("A job", () => {
  layer(withKeyspace(keyspace, ...CqlCluster.ddl(keyspace), ...tables), {
    excludeTestServices: true,
    timeout: 120_000
  })(
    (it) => {
      it.effect(
        "writes rows with its timestamp, keeps its limits, and lists what it rejected",
        () =>
          Effect.gen(function*() {
            const begun = yield* Effect.sync(() => performance.now())
            const handle = yield* Fill.start({ units: 8 }, { id: "fill", concurrency: 6, rate: 300 })
            const { rejected, rows } = yield* Effect.timeout(handle.await, "60 seconds")
            assert.deepStrictEqual([rows, rejected], [800, 8])
            // 800 statements at 300 a second. One second's worth of them may start at once.
            assert.isAbove(performance.now() - begun, 1_400)
            const { timestamp } = (yield* Jobs.Jobs.use(({ find }) => find("fill")))!
            const written = yield* Statement.make(`SELECT id, writetime(value) AS at FROM ${keyspace}.target`)
            assert.strictEqual(written.length, 792)
            assert.isTrue(written.rows.every(({ at }) => at === timestamp))
            const rejects = (yield* rejectsOf(handle)).toSorted((a, b) => Number(a.position) - Number(b.position))
            assert.deepStrictEqual(
              rejects.map(({ body, outcome, position, reason }) => ({ position, reason, outcome, body })),
              Array.from({ length: 8 }, (_, unit) => unit * rowsOfUnit + 99).map((id) => (
                { position: String(id), reason: "InvalidQuery", outcome: "NotApplied" as const, body: { id } }
              ))
            )
            yield* handle.retry({ only: "rejects" })
            const again = yield* Effect.timeout(handle.await, "60 seconds")
            assert.deepStrictEqual([again.rows, again.rejected, again.done], [800, 8, 8])
            assert.strictEqual((yield* rejectsOf(handle)).length, 8)
            yield* handle.remove
            for (const table of ["jobs", "lanes", "rejects"]) {
              const left = yield* Statement.rows(
                Statement.make(`SELECT * FROM ${keyspace}.cluster_${table} WHERE cluster = 'fill' ALLOW FILTERING`)
              )
              assert.deepStrictEqual([table, left], [table, []])
            }
            const next = yield* Fill.start({ units: 3 }, { id: "fill" })
            const { rejected: nextRejected, rows: nextRows } = yield* Effect.timeout(next.await, "60 seconds")
            assert.deepStrictEqual([nextRows, nextRejected, (yield* rejectsOf(next)).length], [300, 3, 3])
            const { list, removeEnded } = yield* Jobs.Jobs
            const ids = Effect.map(Stream.runCollect(list), (jobs) => jobs.map(({ id }) => id))
            yield* Effect.forEach([1, 2, 3, 4], (at) =>
              Effect.flatMap(Fill.start({ units: 2 }, { id: `old ${at}`, rate: 1 }), ({ cancel }) => cancel))
            const running = yield* Fill.start({ units: 50 }, { id: "running", rate: 1 })
            assert.strictEqual(yield* removeEnded({ olderThan: "1 hour" }), 0)
            yield* Effect.sleep("1100 millis")
            const removed = yield* Effect.all([removeEnded({ olderThan: "1 second" }), removeEnded({ olderThan: 0 })], {
              concurrency: 2
            })
            assert.isAtLeast(removed[0] + removed[1], 5)
            assert.deepStrictEqual(yield* ids, ["running"])
            yield* running.cancel
            assert.strictEqual(yield* removeEnded({ olderThan: 0 }), 1)
            for (const table of ["jobs", "lanes", "rejects"]) {
              const left = yield* Statement.rows(
                Statement.make(`SELECT * FROM ${keyspace}.cluster_${table} WHERE cluster = 'fill' ALLOW FILTERING`)
              )
              assert.deepStrictEqual([table, left], [table, []])
            }
          }).pipe(Effect.provide(runner("fill"))),
        120_000
      )

      it.effect("with large units is stored, run and retried", () =>
        Effect.gen(function*() {
          let isBroken = true
          const live = Large.toLayer((unit, { checkpoint, reject }) =>
            Effect.gen(function*() {
              if (unit.length === longest) yield* checkpoint({ cursor: unit, rows: 1 })
              if (isBroken) yield* reject({ position: "1", error: "broken" })
            })
          )
          const options = { keyspace, cluster: "large", lanes: 1, interval: "200 millis" } as const
          yield* Effect.gen(function*() {
            const handle = yield* Large.start({ units: 50 }, { id: "large" })
            assert.deepInclude(yield* handle.await, { units: 51, done: 51, rejected: 51 })
            isBroken = false
            yield* handle.retry({ only: "rejects" })
            assert.deepInclude(yield* handle.await, { units: 51, done: 51, rejected: 0 })
          }).pipe(Effect.provide(live.pipe(Layer.provideMerge(Layer.fresh(JobRunner.layerLocal(options))))))
        }), 120_000)

      it.effect("sends counters and conditions if it may run at least once", () =>
        Effect.gen(function*() {
          const handle = yield* Count.start(null, { id: "count" })
          yield* Effect.timeout(handle.await, "60 seconds")
          const [row] = yield* Statement.rows(Statement.make(`SELECT count FROM ${keyspace}.counters WHERE id = 1`))
          assert.strictEqual(row?.["count"], 3n)
          assert.deepStrictEqual(
            claims.map(({ applied, notApplied, rejected }) => [applied, notApplied, rejected]).sort(),
            [
              [1, 1, 0],
              [1, 1, 0],
              [2, 0, 0]
            ]
          )
        }).pipe(Effect.provide(
          CountLive.pipe(
            Layer.provideMerge(
              Layer.fresh(JobRunner.layerLocal({ keyspace, cluster: "count", interval: "200 millis" }))
            )
          )
        )), 90_000)

      it.effect(
        "divides what cannot be done, is paused, limited anew and resumed, and ends with one failure",
        () =>
          Effect.gen(function*() {
            const handle = yield* Fill.start({ units: 20 }, { id: "poison", rate: 100 })
            yield* Effect.sleep("1 second")
            yield* handle.pause
            yield* handle.setLimits({ rate: "unbounded", concurrency: 64 })
            yield* Effect.sleep("2 seconds")
            const paused = yield* handle.progress
            assert.isBelow(paused.rows, 1_000)
            yield* handle.resume
            const error = yield* Effect.flip(Effect.timeout(handle.await, "90 seconds"))
            assert.strictEqual(error._tag, "JobFailed")
            const { done, failed, rows, units } = yield* handle.progress
            assert.deepStrictEqual([rows, failed, done + failed], [1_999, 1, units])
            assert.deepStrictEqual((yield* handle.failures).map(({ unit }) => unit), [{ from: 777, to: 778 }])
          }).pipe(Effect.provide(runner("poison", 777))),
        180_000
      )
    }
  )
})
