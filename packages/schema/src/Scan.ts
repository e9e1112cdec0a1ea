/**
 * Reads whole tables: in ranges of tokens, several at a time.
 *
 * @since 0.1.0
 */
import { type CqlError, InvalidOptions, type Session } from "@effect-cql/core"
import * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import { estimateOf } from "./internal/scan/estimate.ts"
import { checked } from "./internal/scan/options.ts"
import { partOf } from "./internal/scan/plan.ts"
import { planned } from "./internal/scan/planned.ts"
import { defaults, pagesOf, rowsOf, type Task } from "./internal/scan/run.ts"
import { ofQuery, ofTable, type Scan } from "./internal/scan/source.ts"
import type {
  Options,
  Page,
  PartitionerNotSupported,
  QueryOptions,
  RangeEstimate,
  ScanError,
  Scannable,
  Scanned,
  StatementOf,
  TableOptions
} from "./ScanTypes.ts"
import { type Any, TypeId } from "./TableMeta.ts"
import type { Placed, TokenRange } from "./TokenRange.ts"

export { PartitionerNotSupported, ScanFailed } from "./ScanTypes.ts"
export type {
  Options,
  Page,
  Progress,
  QueryOptions,
  RangeEstimate,
  ScanError,
  Scannable,
  Scanned,
  StatementOf,
  TableOptions
} from "./ScanTypes.ts"

/**
 * Streams the rows of a table.
 *
 * The table is read in ranges of the ring, several at a time, each from its replicas. Nothing is read before the first
 * pull, and a slow consumer slows the scan down. Rows are emitted as they are read, or with `order: "token"` in the
 * order of their tokens and clustering keys.
 *
 * **Example** (Counting the names of a table)
 *
 * ```ts
 * import { executeConcurrentWithArgs } from "@effect-cql/core"
 * import { CqlSchema, Scan, Table } from "@effect-cql/schema"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect, Stream } from "effect"
 *
 * class User extends Table.Class<User>("User")("app.users", {
 *   columns: { id: CqlSchema.Int, name: CqlSchema.Text },
 *   partitionKey: "id"
 * }) {}
 *
 * const program = Effect.gen(function*() {
 *   yield* executeConcurrentWithArgs(User.insert, [1, 2, 3].map((id) => ({ id, name: `user ${id}` })))
 *   return yield* Scan.table(User, { columns: ["name"] }).pipe(Stream.map(({ name }) => name), Stream.runCollect)
 * })
 * const names = await Effect.runPromise(program.pipe(Effect.provide(MockSession.memory([...Table.ddl(User)]))))
 * console.assert(names.sort().join() === "user 1,user 2,user 3")
 * ```
 *
 * @category scans
 * @since 0.1.0
 */
export const table = <
  Row,
  A extends string,
  P extends string,
  K extends ReadonlyArray<string>,
  I extends string,
  X extends A = never,
  OnInvalidRow extends "fail" | "result" = "fail"
>(
  self: Scannable<Row, A, P, K, I>,
  options?: TableOptions<X, OnInvalidRow>
): Stream.Stream<Scanned<Row, X, OnInvalidRow>, ScanError, Session> => rowsOf(tableScan(self, options))

/**
 * Streams the pages of a scan of a table, each with the position after it, for a job that continues after a restart.
 *
 * A page ends with a partition, so that a scan from its position emits exactly the remaining rows. A partition that is
 * larger than a page comes in parts. Its position stays before the partition until its last part, and a scan from there
 * reads the partition again.
 *
 * **Example** (Going on)
 *
 * ```ts
 * import { executeConcurrentWithArgs } from "@effect-cql/core"
 * import { CqlSchema, Scan, Table } from "@effect-cql/schema"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect, Stream } from "effect"
 *
 * class User extends Table.Class<User>("User")("app.users", { columns: { id: CqlSchema.Int }, partitionKey: "id" }) {}
 *
 * const ids = Array.from({ length: 100 }, (_, id) => id)
 * const program = Effect.gen(function*() {
 *   yield* executeConcurrentWithArgs(User.insert, ids.map((id) => ({ id })))
 *   const first = yield* Scan.tablePages(User).pipe(Stream.runHead, Effect.flatMap(Effect.fromOption))
 *   const others = yield* Scan.table(User, { ranges: first.remaining }).pipe(Stream.runCollect)
 *   return first.rows.length + others.length
 * })
 * const rows = await Effect.runPromise(program.pipe(Effect.provide(MockSession.memory([...Table.ddl(User)]))))
 * console.assert(rows === 100)
 * ```
 *
 * @category scans
 * @since 0.1.0
 */
export const tablePages = <
  Row,
  A extends string,
  P extends string,
  K extends ReadonlyArray<string>,
  I extends string,
  X extends A = never,
  OnInvalidRow extends "fail" | "result" = "fail"
>(
  self: Scannable<Row, A, P, K, I>,
  options?: TableOptions<X, OnInvalidRow>
): Stream.Stream<Page<Scanned<Row, X, OnInvalidRow>>, ScanError, Session> => pagesOf(tableScan(self, options))

/**
 * Streams the rows of a query of the whole ring: a SELECT with `token(key) > :start AND token(key) <= :end`. It must
 * not have a `LIMIT`, which would apply to each range: use `Stream.take`.
 *
 * **Example** (Columns that no schema has)
 *
 * ```ts
 * import { cql, Query } from "@effect-cql/core"
 * import { Scan } from "@effect-cql/schema"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect, Schema, Stream } from "effect"
 *
 * const written = Query.make(
 *   "SELECT id, writetime(name) AS at, token(id) AS t FROM app.users WHERE token(id) > :start AND token(id) <= :end",
 *   {
 *     params: Schema.Struct({ start: Schema.BigInt, end: Schema.BigInt }),
 *     row: Schema.Struct({ id: Schema.Int, at: Schema.NullOr(Schema.BigInt) })
 *   }
 * )
 * const program = Effect.gen(function*() {
 *   yield* cql`INSERT INTO app.users (id, name) VALUES (1, 'Ada')`
 *   return yield* Scan.query(written, { token: "t" }).pipe(Stream.runCollect)
 * })
 * const session = MockSession.memory(["CREATE TABLE app.users (id int PRIMARY KEY, name text)"])
 * const rows = await Effect.runPromise(program.pipe(Effect.provide(session)))
 * console.assert(rows[0]?.id === 1)
 * ```
 *
 * @category scans
 * @since 0.1.0
 */
export const query = <Row>(
  statement: StatementOf<Row>,
  options?: QueryOptions
): Stream.Stream<Row, ScanError, Session> => rowsOf(queryScan(statement, options))

/**
 * Streams the pages of a scan with a query, each with the position after it; see {@link query} and {@link tablePages}.
 *
 * @category scans
 * @since 0.1.0
 */
export const queryPages = <Row>(
  statement: StatementOf<Row>,
  options?: QueryOptions
): Stream.Stream<Page<Row>, ScanError, Session> => pagesOf(queryScan(statement, options))

/**
 * Returns the ranges that a scan of a table would read, in the order of their tokens, to divide them among several
 * machines. Each range is then the option `ranges` of a scan.
 *
 * **Example** (A range a machine)
 *
 * ```ts
 * import { Scan, TokenRange } from "@effect-cql/schema"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const session = MockSession.memory(["CREATE TABLE app.users (id int PRIMARY KEY)"])
 * const ranges = await Effect.runPromise(Scan.ranges("app.users").pipe(Effect.provide(session)))
 * console.assert(TokenRange.merge(ranges).length === 1)
 * ```
 *
 * @category planning
 * @since 0.1.0
 */
export const ranges = (
  self: Any | string,
  options: Pick<Options, "ranges" | "splitSize"> = {}
): Effect.Effect<ReadonlyArray<Placed>, CqlError | PartitionerNotSupported, Session> =>
  Effect.suspend(() => {
    const { keyspace, table } = typeof self === "string" ? named(self) : self[TypeId]
    const { ranges: of, splitSize = defaults.splitSize } = checked("ranges", options)
    return planned(keyspace, table, { splitSize, least: defaults.concurrency, of })
  })

/**
 * Estimates the sizes of ranges of a table, in their order, from the estimates of one node; undefined if there are
 * none. Rows that are not yet on disk are not counted, and tokens are assumed to be distributed evenly.
 *
 * **Example** (A table without an estimate)
 *
 * ```ts
 * import { Scan, TokenRange } from "@effect-cql/schema"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const session = MockSession.memory(["CREATE TABLE app.users (id int PRIMARY KEY)"])
 * const [size] = await Effect.runPromise(
 *   Scan.estimates("app.users", [TokenRange.all]).pipe(Effect.provide(session))
 * )
 * console.assert(size === undefined)
 * ```
 *
 * @category planning
 * @since 0.1.0
 */
export const estimates = (
  self: Any | string,
  ranges: ReadonlyArray<TokenRange>
): Effect.Effect<ReadonlyArray<RangeEstimate | undefined>, never, Session> =>
  Effect.suspend(() => {
    const { keyspace, table } = typeof self === "string" ? named(self) : self[TypeId]
    return Effect.map(
      estimateOf(keyspace, table),
      (estimate) => ranges.map((range) => estimate && partOf(estimate, range))
    )
  })

/**
 * The text that a scan of a table sends for each range. Its two markers are the tokens of the range.
 *
 * **Example** (All columns)
 *
 * ```ts
 * import { CqlSchema, Scan, Table } from "@effect-cql/schema"
 *
 * class User extends Table.Class<User>("User")("app.users", { columns: { id: CqlSchema.Int }, partitionKey: "id" }) {}
 * console.assert(Scan.textOf(User).endsWith("FROM app.users WHERE token(id) > ? AND token(id) <= ?"))
 * ```
 *
 * @category planning
 * @since 0.1.0
 */
export const textOf = (self: Any): string =>
  ofTable(self[TypeId], undefined, undefined).statement({ start: 0n, end: 1n, replicas: [] }).text

const named = (name: string): { readonly keyspace: string; readonly table: string } => {
  const [keyspace = "", table = "", ...rest] = name.split(".")
  if (keyspace !== "" && table !== "" && rest.length === 0) return { keyspace, table }
  throw new InvalidOptions({
    option: "table",
    given: JSON.stringify(name),
    expected: "the name of a table with its keyspace, such as \"app.users\""
  })
}

// The rows went through the schema of the table: the one place where their type comes back.
const tableScan = <X extends string, OnInvalidRow extends "fail" | "result", Row>(
  self: Any,
  options: TableOptions<X, OnInvalidRow> = {}
): Task<Row> => ({
  of: "table",
  scanned: () => ofTable(self[TypeId], options.columns, options.onInvalidRow) as Scan<Row>,
  options
})

const queryScan = <Row>(statement: StatementOf<Row>, options: QueryOptions = {}): Task<Row> => ({
  of: "query",
  scanned: () => ofQuery(statement, options.token),
  options
})
