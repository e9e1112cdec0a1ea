/**
 * Jobs that go through a table. Each unit is a range of the ring, with a checkpoint after each page.
 *
 * @since 0.1.0
 */
import type { CqlError, Session } from "@effect-cql/core"
import { Scan, TokenRange } from "@effect-cql/schema"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { cursorOf, divide, leftOf, rangesOf, WholePartitions } from "./internal/jobs/ranges.ts"
import { checkPagesJob } from "./internal/optionNames.ts"
import * as Job from "./Job.ts"
import type { JobRunner } from "./JobRunner.ts"
import type { Jobs } from "./Jobs.ts"
import type { LaneLost } from "./Lanes.ts"

/**
 * A job on a table, and the layer that runs it.
 *
 * @category models
 * @since 0.1.0
 */
export interface TableJob<out R> {
  /** Returns the ranges that a job would have. Nothing is stored. */
  readonly plan: Effect.Effect<
    Job.Plan<TokenRange.TokenRange>,
    CqlError | Scan.PartitionerNotSupported,
    Jobs | Session
  >
  /** Starts the job. If a job with this id exists, it is returned, in any state. */
  readonly start: (options: Job.StartOptions) => Effect.Effect<
    Job.Handle,
    CqlError | LaneLost | Job.JobConflict | Scan.PartitionerNotSupported,
    Jobs | Session
  >
  readonly layer: Layer.Layer<never, never, JobRunner | Session | R>
}

/**
 * The context of a page of rows.
 *
 * @category models
 * @since 0.1.0
 */
export type Context = Pick<Job.Context<unknown>, "id" | "timestamp" | "execute" | "reject">

/**
 * Options of {@link make}: those of a job, and those of its table.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options<
  Row,
  A extends string,
  P extends string,
  K extends ReadonlyArray<string>,
  I extends string,
  E,
  R
> extends
  Pick<
    Job.Options<null, TokenRange.TokenRange, never, never>,
    "concurrency" | "rate" | "errorBudget" | "atLeastOnce" | "rejects"
  >
{
  /** Version of the work on a row. */
  readonly version: string
  readonly table: Scan.Scannable<Row, A, P, K, I>
  /**
   * The work on a page of rows, such as statements for `execute`. After a death, the rows of a page without a
   * checkpoint come again, and so do all rows of a partition that is larger than a page. Use the `timestamp` of the
   * context for statements that you send yourself. Each row counts once; the rows of a large partition count at its
   * end. Default: the rows are counted.
   */
  readonly rows?:
    | ((rows: ReadonlyArray<Row>, context: Context) => Effect.Effect<unknown, E, R>)
    | undefined
  /**
   * Maximum size of a range in bytes, by the estimates of the server. Default: 16 MiB. There are at least four ranges
   * for each lane, also for a small table or a table without an estimate.
   */
  readonly splitSize?: number | undefined
  /** Rows of a page. Default: the page size of the session. */
  readonly pageSize?: number | undefined
  /** Attempts of a range. Default: 3. */
  readonly attempts?: number | undefined
}

/**
 * Makes a job that goes through all rows of a table. Its progress counts the rows.
 *
 * The ranges are determined by `Scan.ranges` at the start of the job and stored, so that later changes of the ring do
 * not matter. They are read at LOCAL_QUORUM.
 *
 * **Example** (Counting a table)
 *
 * ```ts
 * import { CqlCluster, JobRunner, TableJob } from "@effect-cql/cluster"
 * import { executeConcurrentWithArgs } from "@effect-cql/core"
 * import { CqlSchema, Table } from "@effect-cql/schema"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect, Layer } from "effect"
 *
 * class User extends Table.Class<User>("User")("app.users", { columns: { id: CqlSchema.Int }, partitionKey: "id" }) {}
 *
 * const CountUsers = TableJob.make("CountUsers", { version: "1", table: User })
 *
 * const runner = CountUsers.layer.pipe(
 *   Layer.provideMerge(JobRunner.layerLocal({ keyspace: "app", lanes: 4, interval: "20 millis" })),
 *   Layer.provideMerge(MockSession.memory([...CqlCluster.ddl("app"), ...Table.ddl(User)]))
 * )
 * const program = Effect.gen(function*() {
 *   yield* executeConcurrentWithArgs(User.insert, [1, 2, 3].map((id) => ({ id })))
 *   const job = yield* CountUsers.start({ id: "count-1" })
 *   return yield* job.await
 * })
 * const { rows } = await Effect.runPromise(program.pipe(Effect.provide(runner)))
 * console.assert(rows === 3)
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <
  Row,
  A extends string,
  P extends string,
  K extends ReadonlyArray<string>,
  I extends string,
  E = never,
  R = never
>(
  name: string,
  options: Options<Row, A, P, K, I, E, R>
): TableJob<R> => {
  checkPagesJob(options)
  const { attempts, pageSize, rows: work, splitSize, table, ...others } = options
  const job = Job.make(name, {
    ...others,
    params: Schema.Null,
    unit: TokenRange.schema,
    planOptions: { splitSize },
    units: () => rangesOf(table, splitSize),
    estimate: (ranges) =>
      Effect.map(Scan.estimates(table, ranges), (estimates) =>
        estimates.map((estimate): Job.Estimate => ({
          bytes: estimate?.bytes,
          partitions: estimate?.partitions,
          statements: [Scan.textOf(table)]
        }))),
    divide
  })
  const layer = job.toLayer(
    Effect.fnUntraced(function*(range, { checkpoint, cursor, execute, id, reject, timestamp }) {
      const ranges = yield* leftOf(range, cursor)
      const pages = Scan.tablePages(table, {
        ranges,
        concurrency: 1,
        statement: { consistency: "LOCAL_QUORUM", pageSize }
      })
      // The last page ends the unit: its rows are counted with the end, in one write.
      let last = 0
      const partitions = new WholePartitions(ranges)
      yield* Stream.runForEach(pages, ({ remaining, rows }) =>
        Effect.gen(function*() {
          if (work !== undefined && rows.length > 0) yield* work(rows, { id, timestamp, execute, reject })
          const counted = partitions.add(remaining, rows.length)
          // Without a statement it ends the unit of a job that was stopped, and does nothing else.
          if (counted === undefined) yield* execute([])
          else if (remaining.length === 0) last = counted
          else yield* checkpoint({ cursor: yield* cursorOf(remaining), rows: counted })
        }))
      return last
    }),
    { attempts }
  )
  return { plan: job.plan(null), start: (options) => job.start(null, options), layer }
}
