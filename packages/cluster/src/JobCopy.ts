/**
 * Jobs that copy tables. Users reach this module through `Job`.
 *
 * @since 0.1.0
 */
import { InvalidOptions, type Session } from "@effect-cql/core"
import * as Check from "@effect-cql/core/Check"
import { Table } from "@effect-cql/schema"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { monotonicMillis } from "./internal/monotonic.ts"
import { checkTableJob } from "./internal/optionNames.ts"
import { isKey, type Read } from "./internal/ready/cells.ts"
import { checkTimes, type TimesNotReadable } from "./internal/ready/check.ts"
import { copied, type Copier, keyOf, mapped, WriteTimeUnknown } from "./internal/ready/copying.ts"
import { increments } from "./internal/ready/counters.ts"
import { keyText, partitionText } from "./internal/ready/keys.ts"
import { settle, type Written } from "./internal/ready/lists.ts"
import { readOptions, writeOptions } from "./internal/ready/options.ts"
import { Outbox } from "./internal/ready/outbox.ts"
import { ranged } from "./internal/ready/ranged.ts"
import { pages, records, timedIn } from "./internal/ready/scan.ts"
import { streamWithin, within } from "./internal/ready/sessions.ts"
import { Slices } from "./internal/ready/slices.ts"
import { Writes } from "./internal/ready/writes.ts"
import type { Context } from "./JobContext.ts"
import type { ReadyJob, SessionKey, TableOptions } from "./JobTable.ts"

export { TimesNotReadable } from "./internal/ready/check.ts"
export { WriteTimeUnknown } from "./internal/ready/copying.ts"

/**
 * Options of {@link copy}.
 *
 * @category options
 * @since 0.1.0
 */
export interface CopyOptions<S, T> extends TableOptions {
  readonly from: Table.Any
  /** The table to write. Each of its fields has to be a field of `from`, with the same type. */
  readonly to: Table.Any
  /** The service whose session reads `from`. Default: `Session`. */
  readonly source?: SessionKey<S> | undefined
  /** The service whose session writes `to`. Default: `Session`. */
  readonly target?: SessionKey<T> | undefined
  /**
   * Treatment of parts for which the server returns no write time: rows without columns outside their key, lists whose
   * elements expire at different times, and before Cassandra 5.0 all collections and user-defined types that are not
   * frozen.
   *
   * - `"refuse"` (the default): if the table has such columns, the job is not started. Such a row is rejected.
   * - `"job"`: they are written with the start time of the job, and do not expire.
   */
  readonly untimed?: "refuse" | "job" | undefined
  /**
   * Copies counters, by adding the difference to the target. If the answer to an increment is lost, it may count twice.
   * Without this option, a table of counters is refused. Default: `false`.
   */
  readonly atLeastOnce?: boolean | undefined
}

/**
 * Makes a job that copies a table to another table, keyspace or cluster. Throws `InvalidOptions` if the columns do not
 * fit.
 *
 * Each cell keeps its write time and the rest of its time to live: columns, static columns, elements of sets and maps,
 * and fields of user-defined types. A newer cell of the target therefore survives, and a repeated copy changes nothing.
 * The row itself gets the write time of its oldest cell. Nothing is deleted in the target.
 *
 * A list that is not frozen is written as a whole, with the time of its newest element. If a list is written twice at
 * the same time, it contains its elements twice. The job therefore reads lists after writing them, and writes a doubled
 * list again, a microsecond later.
 *
 * **Example** (A copy with its write times)
 *
 * ```ts
 * import { CqlCluster, Job, JobRunner } from "@effect-cql/cluster"
 * import { Statement } from "@effect-cql/core"
 * import { CqlSchema, Table } from "@effect-cql/schema"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect, Layer } from "effect"
 *
 * class User extends Table.Class<User>("User")("app.users", {
 *   columns: { id: CqlSchema.Int, name: CqlSchema.Text },
 *   partitionKey: "id"
 * }) {}
 * const Archive = Table.make("app.archive", User, { partitionKey: "id" })
 *
 * const CopyUsers = Job.copy("CopyUsers", { version: "1", from: User, to: Archive })
 *
 * const runner = CopyUsers.layer.pipe(
 *   Layer.provideMerge(JobRunner.layerLocal({ keyspace: "app", lanes: 4, interval: "20 millis" })),
 *   Layer.provideMerge(MockSession.memory([...CqlCluster.ddl("app"), ...Table.ddl(User), ...Table.ddl(Archive)]))
 * )
 * const program = Effect.gen(function*() {
 *   yield* User.insert({ id: 1, name: "ada" }, { timestamp: 7n })
 *   const job = yield* CopyUsers.start({ id: "copy-1" })
 *   yield* job.await
 *   return yield* Statement.make("SELECT name, writetime(name) AS at FROM app.archive WHERE id = 1")
 * })
 * const { first } = await Effect.runPromise(program.pipe(Effect.provide(runner)))
 * console.assert(first?.["name"] === "ada" && first["at"] === 7n)
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const copy = <S = never, T = never>(
  name: string,
  options: CopyOptions<S, T>
): ReadyJob<TimesNotReadable, Session | NoInfer<S> | NoInfer<T>, NoInfer<S>> => {
  checkTableJob("Job.copy", options, {
    from: Check.anything,
    to: Check.anything,
    source: Check.anything,
    target: Check.anything,
    untimed: Check.oneOf(["refuse", "job"]),
    atLeastOnce: Check.boolean
  })
  const { atLeastOnce = false, source, target, untimed = "refuse" } = options
  const [from, to] = [options.from[Table.TypeId], options.to[Table.TypeId]]
  const mappings = mapped("Job.copy", from, to)
  if (from.isCounter && !atLeastOnce) {
    throw new InvalidOptions({
      option: "Job.copy: from",
      given: "a table of counters",
      expected: "a table without counters, or atLeastOnce: true"
    })
  }
  if (from.isCounter && mappings.some(({ to }) => to.kind === "static")) {
    throw new InvalidOptions({
      option: "Job.copy: to",
      given: "a table of counters with static ones",
      expected: "counters that are not static"
    })
  }
  const columns = [...new Set([...from.columns.filter(isKey), ...mappings.map(({ from }) => from)])]
  const timeable = columns.filter((column) => !isKey(column))
  const check = from.isCounter ? Effect.void : checkTimes(from, timeable, untimed)
  const writing = writeOptions(options)

  const counted = (rows: ReadonlyArray<Read>, context: Context<null>) =>
    Effect.gen(function*() {
      const outbox = new Outbox()
      for (const [read, write] of yield* increments(to, mappings, rows, readOptions(options))) {
        outbox.add([write], keyText(to, keyOf({ mappings }, read)))
      }
      yield* outbox.send(context, writing)
    })

  return ranged(name, options, {
    table: options.from,
    session: source,
    atLeastOnce,
    check,
    run: Effect.fnUntraced(function*(ranges, advance, context) {
      yield* within(source, check)
      const timed = from.isCounter ? [] : yield* within(source, timedIn(timeable))
      const copier: Copier = {
        mappings,
        target: to,
        writes: new Writes(to),
        timed: new Set(timed),
        untimed,
        own: context.timestamp
      }
      const slices = new Slices()
      let partition: string | undefined

      const slice = Effect.fnUntraced(function*(rows: ReadonlyArray<Read>) {
        const now = yield* monotonicMillis
        const outbox = new Outbox()
        const lists: Array<Written> = []
        for (const read of rows) {
          const own = partitionText(from, read.record)
          const row = copied(copier, read, now, own !== partition)
          partition = own
          const position = keyText(from, read.record)
          if (row instanceof WriteTimeUnknown) yield* context.reject({ position, error: row, body: read.record })
          else {
            outbox.add(row.writes, position, read.record)
            lists.push(...row.lists)
          }
        }
        yield* outbox.send(context, writing)
        yield* settle(to, copier.writes, lists, context, writing)
      })

      const statement = yield* records(from, columns, timed)
      yield* Stream.runForEach(
        streamWithin(source, pages(statement, ranges, readOptions(options))),
        ({ remaining, rows }) =>
          Effect.gen(function*() {
            const of = from.isCounter ? counted(rows, context) : slices.over(rows, slice)
            yield* within(target, of)
            yield* advance(remaining, rows.length)
          })
      )
    })
  })
}
