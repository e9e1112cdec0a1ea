/** Partitions that are larger than a page, in jobs over tables whose processes die: each row is counted and rejected once. */
import { Job, TableJob } from "@effect-cql/cluster"
import { executeConcurrentWithArgs, type Session } from "@effect-cql/core"
import { textOf } from "@effect-cql/core/Port"
import { CqlSchema, Table } from "@effect-cql/schema"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import { gated } from "../support/port.ts"
import { memory, options, passed, started } from "../support/ready.ts"

class Reading extends Table.Class<Reading>("Reading")("app.readings", {
  columns: { sensor: CqlSchema.Int, at: CqlSchema.Int, value: CqlSchema.Int, name: Schema.optionalKey(CqlSchema.Text) },
  partitionKey: "sensor",
  clusteringKey: ["at"]
}) {}
const Copy = Table.make("app.readings_copy", Reading, { partitionKey: "sensor", clusteringKey: ["at"] })

const pageSize = 4
// Partitions that end with a page, within one, and that fit into one.
const sizes = Array.from({ length: 24 }, (_, sensor) => [12, 8, 16, 11, 1, 4, 9][sensor % 7] ?? 0)
const readings = sizes.flatMap((size, sensor) => Array.from({ length: size }, (_, at) => ({ sensor, at, value: at })))
const isBad = ({ at }: { readonly at: number }) => at % 5 === 1
const bad = readings.filter(isBad).length

class NoUnit extends Schema.TaggedError<NoUnit>()("NoUnit", {}) {}

const base = { version: "1", statement: { pageSize }, attempts: 1_000 } as const
const own = { version: "1", table: Reading, pageSize, attempts: 1_000 } as const
const jobs: Record<string, {
  readonly job: Job.ReadyJob<unknown, Session> | TableJob.TableJob<never>
  /** Default: all of them. */
  readonly rows?: number
  readonly rejected: number
}> = {
  "a count": { job: Job.count("Count", { ...base, table: Reading }), rejected: 0 },
  "a copy": { job: Job.copy("Copied", { ...base, from: Reading, to: Copy }), rejected: 0 },
  "a transformation": {
    job: Job.transform("Transformed", {
      ...base,
      table: Reading,
      change: (row) => isBad(row) ? new NoUnit() : Effect.succeed({ name: `${row.value}` })
    }),
    rejected: bad
  },
  "a comparison": { job: Job.verify("Verified", { ...base, from: Reading, to: Copy }), rejected: readings.length },
  "a deletion": { job: Job.expire("Expired", { ...base, table: Reading, where: isBad }), rows: bad, rejected: 0 },
  "a job of its own": {
    job: TableJob.make("Own", {
      ...own,
      rows: (rows, { reject }) =>
        Effect.forEach(rows.filter(isBad), ({ at, sensor }) => reject({ position: `${sensor}/${at}`, error: "bad" }))
    }),
    rejected: bad
  }
}

/** A session whose pages take their time, so that a process dies within a partition. */
const slow = gated((request, send) =>
  textOf(request).includes("FROM app.readings")
    ? Effect.andThen(Effect.sleep("100 millis"), send(request))
    : send(request)
)

describe("a partition that is larger than a page", () => {
  for (const [name, { job, rejected, rows = readings.length }] of Object.entries(jobs)) {
    it.effect(`is counted once by ${name} whose processes die within it`, () =>
      Effect.gen(function*() {
        yield* executeConcurrentWithArgs(Reading.insert, readings, { statement: { timestamp: 5n } })
        const handle = yield* job.start({ id: "job" })
        const runner = { layer: Layer.provideMerge(job.layer, slow) }
        let deaths = 0
        for (const lifetime of [350, 500, 250, 650, 450, 300, 850, 550]) {
          const { kill } = yield* started(runner, { ...options, interval: "50 millis" })
          yield* TestClock.adjust(lifetime)
          if ((yield* handle.progress).state === "running") deaths++
          yield* kill
        }
        yield* started(runner, { ...options, interval: "50 millis" })
        const end = yield* passed(handle.await, "20 seconds")
        assert.isAbove(deaths, 3)
        assert.deepInclude(end, { rows, rejected, failed: 0, done: end.units })
        const rejects = yield* Stream.runCollect(handle.rejects)
        assert.strictEqual(rejects.length, rejected)
        assert.strictEqual(new Set(rejects.map(({ position }) => position)).size, rejected)
      }).pipe(Effect.provide(memory([...Table.ddl(Reading), ...Table.ddl(Copy)]))))
  }
})
