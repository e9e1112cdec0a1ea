/**
 * Jobs that delete rows by a predicate. Users reach this module through `Job`.
 *
 * @since 0.1.0
 */
import { type Session, Statement } from "@effect-cql/core"
import * as Check from "@effect-cql/core/Check"
import { quoted } from "@effect-cql/core/Cql"
import { type Scan, Table } from "@effect-cql/schema"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { checkTableJob } from "./internal/optionNames.ts"
import { isKey, later, newestOf, tableName } from "./internal/ready/cells.ts"
import { checkTimes, type TimesNotReadable, withoutCounters } from "./internal/ready/check.ts"
import { keyText } from "./internal/ready/keys.ts"
import { readOptions, writeOptions } from "./internal/ready/options.ts"
import { Outbox } from "./internal/ready/outbox.ts"
import { ranged } from "./internal/ready/ranged.ts"
import { fitting, pages, rows, timedIn } from "./internal/ready/scan.ts"
import type { ReadyJob, TableOptions } from "./JobTable.ts"

/**
 * Options of {@link expire}.
 *
 * @category options
 * @since 0.1.0
 */
export interface ExpireOptions<
  Row,
  A extends string,
  P extends string,
  K extends ReadonlyArray<string>,
  I extends string
> extends TableOptions {
  readonly table: Scan.Scannable<Row, A, P, K, I>
  /** Rows to delete. */
  readonly where: (row: Row) => boolean
  /**
   * Treatment of collections that are not frozen before Cassandra 5.0, for which the server returns no write times.
   * `"refuse"` (the default): the job is not started. `"job"`: rows are deleted with the start time of the job, or with
   * the time of their newest other column.
   */
  readonly untimed?: "refuse" | "job" | undefined
}

/**
 * Makes a job that deletes the rows of a table for which a predicate holds. `rows` of its progress is the number of
 * deleted rows.
 *
 * A row is deleted with the write time of its newest column. A column that the application writes meanwhile therefore
 * survives, and with it the row. A row without columns outside the key is deleted with the start time of the job.
 * Static columns are not deleted.
 *
 * **Example** (Deleting old rows)
 *
 * ```ts
 * import { CqlCluster, Job, JobRunner } from "@effect-cql/cluster"
 * import { executeConcurrentWithArgs } from "@effect-cql/core"
 * import { CqlSchema, Table } from "@effect-cql/schema"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect, Layer } from "effect"
 *
 * class Event extends Table.Class<Event>("Event")("app.events", {
 *   columns: { id: CqlSchema.Int, year: CqlSchema.Int },
 *   partitionKey: "id"
 * }) {}
 *
 * const ExpireEvents = Job.expire("ExpireEvents", { version: "1", table: Event, where: ({ year }) => year < 2020 })
 *
 * const runner = ExpireEvents.layer.pipe(
 *   Layer.provideMerge(JobRunner.layerLocal({ keyspace: "app", lanes: 4, interval: "20 millis" })),
 *   Layer.provideMerge(MockSession.memory([...CqlCluster.ddl("app"), ...Table.ddl(Event)]))
 * )
 * const program = Effect.gen(function*() {
 *   yield* executeConcurrentWithArgs(Event.insert, [2018, 2019, 2026].map((year, id) => ({ id, year })))
 *   const job = yield* ExpireEvents.start({ id: "expire-1" })
 *   return yield* job.await
 * })
 * const { rows } = await Effect.runPromise(program.pipe(Effect.provide(runner)))
 * console.assert(rows === 2)
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const expire = <Row, A extends string, P extends string, K extends ReadonlyArray<string>, I extends string>(
  name: string,
  options: ExpireOptions<Row, A, P, K, I>
): ReadyJob<TimesNotReadable, Session> => {
  checkTableJob("Job.expire", options, {
    table: Check.anything,
    where: Check.func,
    untimed: Check.oneOf(["refuse", "job"])
  })
  const { table, untimed = "refuse", where } = options
  const meta = withoutCounters("Job.expire", table[Table.TypeId])
  const key = [...meta.partitionKey, ...meta.clusteringKey]
  const columns = meta.columns.filter((column) => !isKey(column) && column.kind !== "static")
  const text = `DELETE FROM ${tableName(meta)} WHERE ${key.map(({ name }) => `${quoted(name)} = ?`).join(" AND ")}`
  const check = checkTimes(meta, columns, untimed)
  return ranged(name, options, {
    table,
    check,
    run: Effect.fnUntraced(function*(ranges, advance, context) {
      const timed = yield* timedIn(columns)
      const isWhole = timed.length === columns.length
      const outbox = new Outbox()
      let hasRejects = false
      yield* check
      yield* Stream.runForEach(
        pages(yield* rows(table, timed), ranges, readOptions(options)),
        Effect.fnUntraced(function*({ remaining, rows }) {
          const fit = yield* fitting(meta, rows, context)
          hasRejects ||= fit.length < rows.length
          for (const read of fit) {
            if (!where(read.row)) continue
            const newest = newestOf(read, timed)
            const timestamp = isWhole ? newest : later(newest, context.timestamp)
            const params = key.map(({ name }) => read.record[name])
            outbox.add([Statement.make(text, params, { timestamp })], keyText(meta, read.record))
          }
          const { size } = outbox
          yield* outbox.send(context, writeOptions(options))
          // Deleted rows are not read again. Rejected rows are, so they count when their partition is over.
          yield* advance(remaining, size, !hasRejects)
        })
      )
    })
  })
}
