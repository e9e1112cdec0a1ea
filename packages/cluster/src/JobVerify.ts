/**
 * Jobs that compare tables. Users reach this module through `Job`.
 *
 * @since 0.1.0
 */
import { InvalidOptions, type Session } from "@effect-cql/core"
import * as Check from "@effect-cql/core/Check"
import { Table } from "@effect-cql/schema"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Ranges } from "./internal/jobs/ranges.ts"
import { checkTableJob } from "./internal/optionNames.ts"
import { isKey, type Read, tokenName } from "./internal/ready/cells.ts"
import { checkTimes, type TimesNotReadable } from "./internal/ready/check.ts"
import { mapped, type Mapping } from "./internal/ready/copying.ts"
import { differenceOf } from "./internal/ready/differences.ts"
import { clusteringText, keyText, partitionText } from "./internal/ready/keys.ts"
import { type Keyed, Merge, type Pair } from "./internal/ready/merge.ts"
import { readOptions } from "./internal/ready/options.ts"
import { ranged } from "./internal/ready/ranged.ts"
import { pages, records, timedIn } from "./internal/ready/scan.ts"
import { streamWithin, within } from "./internal/ready/sessions.ts"
import type { ReadyJob, SessionKey, TableOptions } from "./JobTable.ts"

/**
 * A row that differs between two tables. It is the error of a reject, whose position is the key of the row.
 *
 * @category errors
 * @since 0.1.0
 */
export class RowDiffers extends Data.TaggedError("RowDiffers")<{
  /** `missing`: the second table does not have the row. `extra`: the first table does not have it. */
  readonly difference: "missing" | "extra" | "different"
  /** The different columns, by their names in the first table. */
  readonly columns: ReadonlyArray<string>
}> {
  override get message(): string {
    return this.difference === "different"
      ? `a row differs: expected the same ${this.columns.join(", ")} in both tables, got others`
      : `a row differs: expected it in both tables, got it in the ${
        this.difference === "missing" ? "first" : "second"
      } one only`
  }
}

/**
 * Options of {@link verify}.
 *
 * @category options
 * @since 0.1.0
 */
export interface VerifyOptions<S, T> extends TableOptions {
  readonly from: Table.Any
  /**
   * The table to compare with. It has the same key, and its columns are columns of `from`. Further columns of `from`
   * are not compared.
   */
  readonly to: Table.Any
  /** The service whose session reads `from`. Default: `Session`. */
  readonly source?: SessionKey<S> | undefined
  /** The service whose session reads `to`. Default: `Session`. */
  readonly target?: SessionKey<T> | undefined
  /**
   * Also compares write times, and when cells expire (with a tolerance of 5 seconds). For a list, the newest element is
   * compared, with a tolerance of a millisecond. Before Cassandra 5.0, collections that are not frozen are refused.
   * Default: `false`.
   */
  readonly times?: boolean | undefined
}

/**
 * Makes a job that compares two tables, row by row. Each different row is a reject with its key and the error
 * `RowDiffers`; values are not stored. `rows` of its progress counts the rows of both tables.
 *
 * Both tables are read in the order of their tokens, a range at a time. A row that is written while the job runs may differ.
 *
 * **Example** (A row that is missing)
 *
 * ```ts
 * import { CqlCluster, Job, JobRunner } from "@effect-cql/cluster"
 * import { CqlSchema, Table } from "@effect-cql/schema"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect, Layer, Stream } from "effect"
 *
 * class User extends Table.Class<User>("User")("app.users", {
 *   columns: { id: CqlSchema.Int, name: CqlSchema.Text },
 *   partitionKey: "id"
 * }) {}
 * const Archive = Table.make("app.archive", User, { partitionKey: "id" })
 *
 * const VerifyUsers = Job.verify("VerifyUsers", { version: "1", from: User, to: Archive })
 *
 * const runner = VerifyUsers.layer.pipe(
 *   Layer.provideMerge(JobRunner.layerLocal({ keyspace: "app", lanes: 4, interval: "20 millis" })),
 *   Layer.provideMerge(MockSession.memory([...CqlCluster.ddl("app"), ...Table.ddl(User), ...Table.ddl(Archive)]))
 * )
 * const program = Effect.gen(function*() {
 *   yield* User.insert({ id: 1, name: "ada" })
 *   const job = yield* VerifyUsers.start({ id: "verify-1" })
 *   yield* job.await
 *   return yield* Stream.runCollect(job.rejects)
 * })
 * const [reject] = await Effect.runPromise(program.pipe(Effect.provide(runner)))
 * console.assert(reject?.position === "id = 1")
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const verify = <S = never, T = never>(
  name: string,
  options: VerifyOptions<S, T>
): ReadyJob<TimesNotReadable, Session | NoInfer<S> | NoInfer<T>, NoInfer<S>> => {
  checkTableJob("Job.verify", options, {
    from: Check.anything,
    to: Check.anything,
    source: Check.anything,
    target: Check.anything,
    times: Check.boolean
  })
  const { source, target, times = false } = options
  const [from, to] = [options.from[Table.TypeId], options.to[Table.TypeId]]
  const mappings = sameKey(from, to, mapped("Job.verify", from, to))
  const compared = mappings.filter(({ to }) => !isKey(to))
  const reading = readOptions(options)
  const check = times ? checkTimes(from, compared.map(({ from }) => from), "refuse") : Effect.void

  /** The rows of a table as a merge takes them. */
  const rows = <Id>(
    side: "from" | "to",
    meta: Table.Meta,
    session: SessionKey<Id> | undefined,
    ranges: Ranges
  ) =>
    Effect.gen(function*() {
      const columns = mappings.map((mapping) => mapping[side])
      const timed = times ? yield* within(session, timedIn(columns.filter((column) => !isKey(column)))) : []
      const statement = yield* records(meta, columns, timed)
      return yield* streamWithin(session, pages(statement, ranges, reading)).pipe(
        Stream.map(({ rows }) => rows.map((read) => keyed(meta, read))),
        Stream.flattenIterable,
        Stream.toPull
      )
    })

  return ranged(name, options, {
    table: options.from,
    session: source,
    check,
    run: (given, advance, context) =>
      Effect.forEach(given, (range, index) =>
        Effect.gen(function*() {
          const others = given.slice(index + 1)
          const merge = new Merge(
            yield* rows("from", from, source, [range]),
            yield* rows("to", to, target, [range])
          )
          while (true) {
            const pairs = yield* merge.next(reading.pageSize)
            const next = merge.token
            const rest = next === undefined ? others : [{ start: next - 1n, end: range.end }, ...others]
            // The pairs of a partition that goes on are compared again after a death: they count when it is over.
            const open = pairs.findIndex((pair) => tokenOf(pair) === next)
            const parts = open < 0 ? [pairs] : [pairs.slice(0, open), pairs.slice(open)]
            for (const part of parts) {
              for (const pair of part) {
                const found = differenceOf(pair, compared, times)
                if (found === undefined) continue
                const { record } = (pair.left ?? pair.right)!.row
                yield* context.reject({
                  position: keyText(pair.left === undefined ? to : from, record),
                  error: new RowDiffers(found)
                })
              }
              yield* advance(rest, part.filter(({ left, right }) => (left ?? right)?.key !== undefined).length)
            }
            if (next === undefined) return
          }
        }).pipe(Effect.scoped), { discard: true })
  })
}

const tokenOf = ({ left, right }: Pair<Read>): bigint | undefined => (left ?? right)?.token

const keyed = (meta: Table.Meta, read: Read): Keyed<Read> => ({
  token: read.record[tokenName] as bigint,
  partition: partitionText(meta, read.record),
  key: clusteringText(meta, read.record),
  row: read
})

const sameKey = (from: Table.Meta, to: Table.Meta, mappings: ReadonlyArray<Mapping>): ReadonlyArray<Mapping> => {
  const isSame = (["partitionKey", "clusteringKey"] as const).every((part) =>
    from[part].length === to[part].length && from[part].every((column, at) => {
      const other = to[part][at]
      return other?.field === column.field && other.order === column.order
    })
  )
  if (isSame) return mappings
  throw new InvalidOptions({
    option: "Job.verify: to",
    given: "a table with another key",
    expected: "the partition key and the clustering key of the first table, in their order"
  })
}
