/**
 * The changes of a table.
 */
import { type CqlError, Query, type Session, Statement } from "@effect-cql/core"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Mismatch } from "../../TableCheck.ts"
import type { Difference } from "../../TableDiff.ts"
import type { ColumnMeta, Meta } from "../../TableMeta.ts"
import { checkColumns } from "./checkColumns.ts"
import { columnDefinition, createIndex, createTable, literal } from "./definitions.ts"
import { columnsOf, type Dropped, droppedOf, indexesOf, isIndex, normalised, type ServerColumn } from "./server.ts"
import { tableName } from "./texts.ts"

const params = Schema.Tuple([Schema.String, Schema.String])

const optionsOf = Query.make(
  "SELECT comment, default_time_to_live FROM system_schema.tables WHERE keyspace_name = ? AND table_name = ?",
  {
    params,
    row: Schema.Struct({ comment: Schema.NullOr(Schema.String), default_time_to_live: Schema.NullOr(Schema.Int) })
  }
)

const viewsOf = Query.make(
  "SELECT view_name FROM system_schema.views WHERE keyspace_name = ? AND view_name = ?",
  { params }
)

/** The changes of a table with all its columns, and the obstacles of its other declarations. */
export const tableDiff = Effect.fnUntraced(function*(
  [meta, ...others]: readonly [Meta, ...ReadonlyArray<Meta>]
): Effect.fn.Return<Difference, CqlError, Session> {
  const { keyspace, table } = meta
  const columns = yield* Statement.rows(columnsOf(keyspace, table))
  if (columns.length === 0) {
    return { statements: [createTable(meta), ...meta.indexes.map((index) => createIndex(meta, index))], obstacles: [] }
  }
  const isView = (yield* Statement.rows(viewsOf(keyspace, table))).length > 0
  const found = yield* Effect.forEach(
    [meta, ...others],
    (meta) => checkColumns(isView ? meta : { ...meta, indexes: [] })
  )
  const mismatches = found.flat()
  if (isView) return { statements: [], obstacles: mismatches.map(ofView) }
  const missing = meta.columns.filter(({ name }) => columns.every(({ column_name }) => column_name !== name))
  const present = yield* Statement.rows(indexesOf(keyspace, table))
  const indexes = meta.indexes.filter((index) => !present.some((actual) => isIndex(index, actual)))
  const dropped = yield* Statement.rows(droppedOf(keyspace, table))
  const refusals = new Map(missing.map((column) => [
    column.name,
    refusalOf(column, columns, dropped.find(({ column_name }) => column_name === column.name), keyspace)
  ]))
  const added = missing.filter(({ name }) => refusals.get(name) === undefined)
  return {
    statements: [
      ...added.map((column) => `ALTER TABLE ${tableName(meta)} ADD ${columnDefinition(column)}`),
      ...(yield* optionChanges(meta)),
      ...indexes.filter(({ column }) => refusals.get(column) === undefined).map((index) => createIndex(meta, index))
    ],
    obstacles: mismatches.filter(({ column }) => added.every(({ name }) => name !== column))
      .map((mismatch) => ({ ...mismatch, message: refusals.get(mismatch.column ?? "") ?? mismatch.message }))
  }
})

const ofView = ({ message, ...mismatch }: Mismatch): Mismatch => ({
  ...mismatch,
  message: `${
    message.replace(/:[^:]*$/, "")
  }: the table is a materialized view, so change the declaration or make the view anew`
})

/** Reason why a column cannot be added to a table. */
const refusalOf = (
  column: ColumnMeta,
  columns: ReadonlyArray<ServerColumn>,
  dropped: Dropped | undefined,
  keyspace: string
): string | undefined => {
  const lacks = "the table has no such column"
  if (column.kind === "partition_key" || column.kind === "clustering") {
    return `${lacks}, and its key does not change: make another table, and copy the rows`
  }
  const isCounter = columns.some(({ type }) => type === "counter")
  if (isCounter !== (column.type === "counter")) {
    return `${lacks}, and counters share a table with no other column: make another table`
  }
  if (column.kind === "static" && columns.every(({ kind }) => kind !== "clustering")) {
    return `${lacks}, and a table without a clustering key cannot have static columns: make another table, and copy the rows`
  }
  if (dropped === undefined) return undefined
  const isSameType = normalised(column.type, keyspace) === normalised(dropped.type, keyspace) ||
    followers[dropped.type] === column.type
  return !isCounter && isSameType && (column.kind === "static") === (dropped.kind === "static")
    ? undefined
    : `${lacks}, and had one of this name and of the type ${dropped.type}${
      dropped.kind === "static" ? " (static)" : ""
    } ` +
      "that was dropped: give the column another name"
}

// Types that take the values of another one as they are.
const followers: Readonly<Record<string, string>> = { ascii: "text", timeuuid: "uuid" }

const optionChanges = Effect.fnUntraced(function*(
  meta: Meta
): Effect.fn.Return<ReadonlyArray<string>, CqlError, Session> {
  const { comment, defaultTimeToLive } = meta.options
  const [actual] = yield* Statement.rows(optionsOf(meta.keyspace, meta.table))
  const changes = [
    ...(defaultTimeToLive === undefined || defaultTimeToLive === (actual?.default_time_to_live ?? 0)
      ? []
      : [`default_time_to_live = ${defaultTimeToLive}`]),
    ...(comment === undefined || comment === (actual?.comment ?? "") ? [] : [`comment = ${literal(comment)}`])
  ]
  return changes.length === 0 ? [] : [`ALTER TABLE ${tableName(meta)} WITH ${changes.join(" AND ")}`]
})
