/**
 * Jobs that transform the rows of a table with an effect. Users reach this module through `Job`.
 *
 * @since 0.1.0
 */
import { Batch, InvalidOptions, type Session, type Statement } from "@effect-cql/core"
import * as Check from "@effect-cql/core/Check"
import { type Scan, Table } from "@effect-cql/schema"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { monotonicMillis } from "./internal/monotonic.ts"
import { checkTableJob } from "./internal/optionNames.ts"
import { isKey, shapeOf, timesOf, ttlFor } from "./internal/ready/cells.ts"
import { keyText } from "./internal/ready/keys.ts"
import { readOptions, writeOptions } from "./internal/ready/options.ts"
import { Outbox, type Write } from "./internal/ready/outbox.ts"
import { ranged } from "./internal/ready/ranged.ts"
import { fitting, pages, rows, timedIn, type Typed } from "./internal/ready/scan.ts"
import { Slices } from "./internal/ready/slices.ts"
import { count } from "./internal/rules.ts"
import type { ReadyJob, TableOptions, Written } from "./JobTable.ts"

/**
 * Columns that a transformation changes: columns outside the key, except for static columns and lists that are not
 * frozen. `null` deletes the value of an optional column.
 *
 * @category models
 * @since 0.1.0
 */
export type Changed<Row, A extends string, P extends string, K extends ReadonlyArray<string>> = {
  readonly [N in Exclude<A, P | Table.NameOf<K[number]>> & keyof Row]?:
    | Row[N]
    | (undefined extends Row[N] ? null : never)
    | undefined
}

/**
 * Options of every {@link transform}.
 *
 * @category options
 * @since 0.1.0
 */
export interface TransformBase<
  Row,
  A extends string,
  P extends string,
  K extends ReadonlyArray<string>,
  I extends string
> extends TableOptions {
  /** The table to read. */
  readonly table: Scan.Scannable<Row, A, P, K, I>
  /** Maximum number of rows of a range that are transformed at a time. Default: 16. */
  readonly rowsAtOnce?: number | undefined
}

/**
 * Options of a {@link transform} in place.
 *
 * @category options
 * @since 0.1.0
 */
export interface ChangeOptions<
  Row,
  A extends string,
  P extends string,
  K extends ReadonlyArray<string>,
  I extends string,
  E,
  R
> extends TransformBase<Row, A, P, K, I> {
  /** Returns the columns to change, or undefined to leave the row unchanged. If it fails, the row is rejected. */
  readonly change: (row: Row) => Effect.Effect<Changed<Row, A, P, K> | undefined, E, R>
  readonly write?: undefined
}

/**
 * Options of a {@link transform} into other tables.
 *
 * @category options
 * @since 0.1.0
 */
export interface WriteOptions<
  Row,
  A extends string,
  P extends string,
  K extends ReadonlyArray<string>,
  I extends string,
  E,
  R
> extends TransformBase<Row, A, P, K, I> {
  /**
   * Returns the statements to send for a row. A statement without a timestamp gets the timestamp of the job, so that it
   * can be sent again. If the function fails, the row is rejected.
   */
  readonly write: (row: Row) => Effect.Effect<Written, E, R>
  readonly change?: undefined
}

/**
 * Makes a job that calls a function with services for each row of a table. `change` writes in place, `write` to other
 * tables.
 *
 * **Write times in place.** A row is written with the start time of the job, or one microsecond after its newest column
 * if that is later. A later write of the application therefore wins. A row that the job has already changed is
 * recognised by its write time and skipped, so that the function is called once for each row even if a range is
 * repeated after a death. Only a row that the application has written since the start of the job may be changed twice.
 *
 * **Time to live.** A column keeps the rest of its time to live. A column that had no value gets the longest time to
 * live of the row.
 *
 * **Example** (A column in small letters)
 *
 * ```ts
 * import { CqlCluster, Job, JobRunner } from "@effect-cql/cluster"
 * import { executeConcurrentWithArgs } from "@effect-cql/core"
 * import { CqlSchema, Table } from "@effect-cql/schema"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect, Layer } from "effect"
 *
 * class User extends Table.Class<User>("User")("app.users", {
 *   columns: { id: CqlSchema.Int, email: CqlSchema.Text },
 *   partitionKey: "id"
 * }) {}
 *
 * const Lower = Job.transform("Lower", {
 *   version: "1",
 *   table: User,
 *   change: ({ email }) => Effect.succeed({ email: email.toLowerCase() })
 * })
 *
 * const runner = Lower.layer.pipe(
 *   Layer.provideMerge(JobRunner.layerLocal({ keyspace: "app", lanes: 4, interval: "20 millis" })),
 *   Layer.provideMerge(MockSession.memory([...CqlCluster.ddl("app"), ...Table.ddl(User)]))
 * )
 * const program = Effect.gen(function*() {
 *   yield* executeConcurrentWithArgs(User.insert, [{ id: 1, email: "Ada@example.org" }])
 *   const job = yield* Lower.start({ id: "lower-1" })
 *   yield* job.await
 *   return yield* User.get({ id: 1 })
 * })
 * const { first } = await Effect.runPromise(program.pipe(Effect.provide(runner)))
 * console.assert(first?.email === "ada@example.org")
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const transform = <
  Row,
  A extends string,
  P extends string,
  K extends ReadonlyArray<string>,
  I extends string,
  E = never,
  R = never
>(
  name: string,
  options: ChangeOptions<Row, A, P, K, I, E, R> | WriteOptions<Row, A, P, K, I, E, R>
): ReadyJob<never, R | Session> => {
  checkTableJob("Job.transform", options, {
    table: Check.anything,
    change: Check.func,
    write: Check.func,
    rowsAtOnce: count
  })
  if ((options.change === undefined) === (options.write === undefined)) {
    throw new InvalidOptions({
      option: "Job.transform: change",
      given: options.change === undefined ? "neither change nor write" : "change and write",
      expected: "one of both"
    })
  }
  const { rowsAtOnce = 16, table } = options
  const meta = table[Table.TypeId]
  const columns = meta.columns.filter((column) => !isKey(column) && column.kind !== "static")
  const { change, write } = options
  const writesOf = change === undefined
    ? (read: Typed<Row>) => Effect.map(write(read.row), (written) => () => "_tag" in written ? [written] : written)
    : changing(meta, columns, Reflect.get(table, "update"), change)
  return ranged(name, options, {
    table,
    run: Effect.fnUntraced(function*(ranges, advance, context) {
      const timed = change === undefined ? [] : yield* timedIn(columns)
      const slices = new Slices()
      const send = Effect.fnUntraced(function*(changes: ReadonlyArray<Change>) {
        const now = yield* monotonicMillis
        const outbox = new Outbox()
        for (const { body, position, writes } of changes) outbox.add(writes(now), position, body)
        yield* outbox.send(context, writeOptions(options))
      })
      yield* Stream.runForEach(
        pages(yield* rows(table, timed), ranges, readOptions(options)),
        Effect.fnUntraced(function*({ remaining, rows }) {
          const fit = yield* fitting(meta, rows, context)
          const all = yield* Effect.forEach(
            fit,
            (read) => Effect.result(writesOf(read, context.timestamp, timed)),
            { concurrency: rowsAtOnce }
          )
          const changes: Array<Change> = []
          for (const [index, { record: body }] of fit.entries()) {
            const result = all[index]!
            const position = keyText(meta, body)
            if (Result.isSuccess(result)) changes.push({ position, body, writes: result.success })
            else yield* context.reject({ position, error: result.failure, body })
          }
          yield* slices.over(changes, send)
          yield* advance(remaining, rows.length)
        })
      )
    })
  })
}

/** The statements of a row as they are to be sent at a time of the monotonic clock, in milliseconds: what is left of a time to live depends on it. */
type WritesAt = (now: number) => ReadonlyArray<Write>

/** A row that was changed and not yet written. */
interface Change {
  readonly position: string
  readonly body: unknown
  readonly writes: WritesAt
}

type Columns = ReadonlyArray<Table.ColumnMeta>
type Update = (row: unknown, set: object, options: Table.WriteOptions) => Statement.Statement<unknown>

/** The statements that change a row in place. */
const changing = <Row, E, R>(
  meta: Table.Meta,
  columns: Columns,
  update: Update,
  change: (row: Row) => Effect.Effect<object | undefined, E, R>
) =>
(read: Typed<Row>, own: bigint, timed: Columns): Effect.Effect<WritesAt, E, R> => {
  const times = timesOf(read, timed)
  if (times.includes(own)) return Effect.succeed(() => [])
  const newest = times.reduce((newest, time) => time > newest ? time : newest, own)
  const timestamp = newest > own ? newest + 1n : own
  return Effect.map(change(read.row), (changed) => {
    const values = Object.entries(changed ?? {}).flatMap(([field, value]) =>
      value === undefined ? [] : [{ column: columnOf(meta, columns, field), field, value }]
    )
    return (now) => {
      const byTtl = new Map<number, Record<string, unknown>>()
      for (const { column, field, value } of values) {
        const ttl = ttlFor(read, column, timed, now)
        // A value that has expired since it was read must not come back.
        if (ttl !== undefined && ttl <= 0) continue
        byTtl.set(ttl ?? 0, { ...byTtl.get(ttl ?? 0), [field]: value })
      }
      const writes = [...byTtl].map(([ttl, set]) => update(read.row, set, { ttl: Duration.seconds(ttl), timestamp }))
      return writes.length > 1 ? [Batch.make(writes, { type: "unlogged" })] : writes
    }
  })
}

const columnOf = ({ keyspace, table }: Table.Meta, columns: Columns, field: string): Table.ColumnMeta => {
  const column = columns.find((column) => column.field === field)
  // A list that is written twice at one time has its elements twice.
  if (column !== undefined && shapeOf(column) !== "list") return column
  throw new InvalidOptions({
    option: "change",
    given: `the column ${JSON.stringify(field)}`,
    expected: `columns of ${keyspace}.${table} outside its key that are neither static nor lists that are not frozen`
  })
}
