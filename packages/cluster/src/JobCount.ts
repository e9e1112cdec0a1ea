/**
 * Jobs that count rows. Users reach this module through `Job`.
 *
 * @since 0.1.0
 */
import type { Session } from "@effect-cql/core"
import * as Check from "@effect-cql/core/Check"
import { Scan, Table } from "@effect-cql/schema"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { checkTableJob } from "./internal/optionNames.ts"
import { readOptions } from "./internal/ready/options.ts"
import { ranged } from "./internal/ready/ranged.ts"
import { fitting, pages, rows } from "./internal/ready/scan.ts"
import type { ReadyJob, TableOptions } from "./JobTable.ts"

/**
 * Options of {@link count}.
 *
 * @category options
 * @since 0.1.0
 */
export interface CountOptions<
  Row,
  A extends string,
  P extends string,
  K extends ReadonlyArray<string>,
  I extends string
> extends TableOptions {
  readonly table: Scan.Scannable<Row, A, P, K, I>
  /** Rows to count. Default: all. */
  readonly where?: ((row: Row) => boolean) | undefined
}

/**
 * Makes a job that counts the rows of a table: `rows` of its progress is the count.
 *
 * A row that is written or deleted while the job runs may be counted or not.
 *
 * **Example** (Counting some rows)
 *
 * ```ts
 * import { CqlCluster, Job, JobRunner } from "@effect-cql/cluster"
 * import { executeConcurrentWithArgs } from "@effect-cql/core"
 * import { CqlSchema, Table } from "@effect-cql/schema"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect, Layer } from "effect"
 *
 * class User extends Table.Class<User>("User")("app.users", { columns: { id: CqlSchema.Int }, partitionKey: "id" }) {}
 *
 * const CountEven = Job.count("CountEven", { version: "1", table: User, where: ({ id }) => id % 2 === 0 })
 *
 * const runner = CountEven.layer.pipe(
 *   Layer.provideMerge(JobRunner.layerLocal({ keyspace: "app", lanes: 4, interval: "20 millis" })),
 *   Layer.provideMerge(MockSession.memory([...CqlCluster.ddl("app"), ...Table.ddl(User)]))
 * )
 * const program = Effect.gen(function*() {
 *   yield* executeConcurrentWithArgs(User.insert, [1, 2, 3].map((id) => ({ id })))
 *   const job = yield* CountEven.start({ id: "count-1" })
 *   return yield* job.await
 * })
 * const { rows } = await Effect.runPromise(program.pipe(Effect.provide(runner)))
 * console.assert(rows === 1)
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const count = <Row, A extends string, P extends string, K extends ReadonlyArray<string>, I extends string>(
  name: string,
  options: CountOptions<Row, A, P, K, I>
): ReadyJob<never, Session> => {
  checkTableJob("Job.count", options, { table: Check.anything, where: Check.func })
  const { table, where } = options
  return ranged(name, options, {
    table,
    run: (ranges, advance, context) =>
      where === undefined
        ? Stream.runForEach(
          Scan.tablePages(table, { ranges, concurrency: 1, statement: readOptions(options) }),
          ({ remaining, rows }) => advance(remaining, rows.length)
        )
        : Effect.flatMap(rows(table, []), (statement) =>
          Stream.runForEach(pages(statement, ranges, readOptions(options)), ({ remaining, rows }) =>
            Effect.flatMap(
              fitting(table[Table.TypeId], rows, context),
              (rows) =>
                advance(remaining, rows.filter(({ row }) => where(row)).length)
            )))
  })
}
