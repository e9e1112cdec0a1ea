/**
 * The rows of a unit that is a range of tokens.
 */
import { type CqlError, Query, type Reason, type Session, Statement } from "@effect-cql/core"
import { Scan, Table, type TokenRange } from "@effect-cql/schema"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import type { Context } from "../../JobContext.ts"
import { millisOf } from "../monotonic.ts"
import { hasElementTimes, isTimed, type Read, selectText, tokenName } from "./cells.ts"
import { keyText } from "./keys.ts"

type ColumnMeta = Table.ColumnMeta

/** A row of a class, as it was read. */
export interface Typed<out Row> extends Read {
  readonly row: Row
}

type Decoded<Row> = Read & { readonly row: Result.Result<Row, Reason.RowDecoding> }

const bounds = Schema.Tuple([Schema.BigInt, Schema.BigInt])
const release = Statement.make("SELECT release_version FROM system.local")

/** The columns of a table that the server of the session returns the times of. */
export const timedIn = (
  columns: ReadonlyArray<ColumnMeta>
): Effect.Effect<ReadonlyArray<ColumnMeta>, CqlError, Session> =>
  Effect.map(release, ({ first }) => {
    const ofElements = hasElementTimes(String(first?.["release_version"]))
    return columns.filter((column) => isTimed(column, ofElements))
  })

/** The statement of a range whose rows are records, with the times of some columns. */
export const records = (
  meta: Table.Meta,
  columns: ReadonlyArray<ColumnMeta>,
  timed: ReadonlyArray<ColumnMeta>
): Effect.Effect<Scan.StatementOf<Read>> =>
  Effect.map(Clock.Clock, (clock) => {
    const query = Query.make(selectText(meta, columns, timed), { params: bounds })
    return ({ end, start }) => Statement.mapRows(query(start, end), (_, record) => ({ record, at: millisOf(clock) }))
  })

/** The statement of a range whose rows are those of a table, with the times of some columns. */
export const rows = <Row, A extends string, P extends string, K extends ReadonlyArray<string>, I extends string>(
  table: Scan.Scannable<Row, A, P, K, I>,
  timed: ReadonlyArray<ColumnMeta>
): Effect.Effect<Scan.StatementOf<Decoded<Row>>> =>
  Effect.map(Clock.Clock, (clock) => {
    const meta = table[Table.TypeId]
    const query = Query.make(selectText(meta, meta.columns, timed), {
      params: bounds,
      row: Table.rowSchema(table),
      onInvalidRow: "result"
    })
    return ({ end, start }) =>
      Statement.mapRows(query(start, end), (row, record) => ({ row, record, at: millisOf(clock) }))
  })

/** The pages of ranges, one range after the other. */
export const pages = <Row>(
  statement: Scan.StatementOf<Row>,
  ranges: ReadonlyArray<TokenRange.TokenRange>,
  options: Statement.Options
): Stream.Stream<Scan.Page<Row>, Scan.ScanError, Session> =>
  Scan.queryPages(statement, { token: tokenName, ranges, concurrency: 1, statement: options })

/** The rows of a page that fit the schema of their table. The others are rejected. */
export const fitting = Effect.fnUntraced(function*<Row>(
  meta: Table.Meta,
  page: ReadonlyArray<Decoded<Row>>,
  { reject }: Pick<Context<never>, "reject">
): Effect.fn.Return<ReadonlyArray<Typed<Row>>, Effect.Error<ReturnType<Context<never>["reject"]>>> {
  const rows: Array<Typed<Row>> = []
  for (const { at, record, row } of page) {
    if (Result.isSuccess(row)) rows.push({ at, record, row: row.success })
    else yield* reject({ position: keyText(meta, record), error: row.failure, body: record })
  }
  return rows
})
