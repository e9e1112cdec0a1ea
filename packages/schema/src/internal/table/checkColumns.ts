/**
 * The differences between a table and that of the server.
 */
import { type CqlError, type Session, Statement } from "@effect-cql/core"
import * as Effect from "effect/Effect"
import type { Mismatch } from "../../TableCheck.ts"
import type { ColumnMeta, Meta } from "../../TableMeta.ts"
import {
  columnsOf,
  columnType,
  indexesOf,
  isIndex,
  keyspaceOf,
  noKeyspace,
  normalised,
  positionOf,
  type ServerColumn
} from "./server.ts"

/** Compares the columns and indexes of a table with those of the server. */
export const checkColumns = Effect.fnUntraced(
  function*(meta: Meta): Effect.fn.Return<ReadonlyArray<Mismatch>, CqlError, Session> {
    const actual = yield* Statement.rows(columnsOf(meta.keyspace, meta.table))
    const table = `${meta.keyspace}.${meta.table}`
    const mismatch = (column: string | undefined, message: string): Mismatch => ({ table, column, message })
    if (actual.length === 0) {
      const isKeyspace = (yield* Statement.rows(keyspaceOf(meta.keyspace))).length > 0
      return [mismatch(undefined, isKeyspace ? "the table does not exist: create it, as Table.ddl does" : noKeyspace)]
    }
    const differences = meta.columns.flatMap((column) => {
      const own = actual.find((other) => other.column_name === column.name)
      if (own === undefined) {
        return [mismatch(column.name, `the table has no such column: add it with the type ${column.type}`)]
      }
      const type = normalised(columnType(column), meta.keyspace)
      const expected = [type, column.kind, positionOf(meta, column), column.order ?? "none"].join(" ")
      const got = [normalised(own.type, meta.keyspace), own.kind, own.position, own.clustering_order].join(" ")
      return expected === got ? [] : [mismatch(column.name, differenceOf(column, type, own, positionOf(meta, column)))]
    })
    const strangers = actual.filter(({ column_name, kind }) =>
      (kind === "partition_key" || kind === "clustering") && meta.columns.every(({ name }) => name !== column_name)
    ).map(({ column_name, kind }) =>
      mismatch(column_name, `a ${kind} column that the program does not know: declare it`)
    )
    const indexes = yield* Statement.rows(indexesOf(meta.keyspace, meta.table))
    const missing = meta.indexes.filter((index) => !indexes.some((actual) => isIndex(index, actual)))
      .map(({ column, kind }) =>
        mismatch(column, `the column has no ${kind} index of its values: create it, as Table.ddl does`)
      )
    return [...differences, ...strangers, ...missing]
  }
)

const differenceOf = (column: ColumnMeta, type: string, actual: ServerColumn, position: number): string => {
  const own = `${type}, ${column.kind}${position < 0 ? "" : ` ${position}`}${
    column.order === undefined ? "" : ` ${column.order}`
  }`
  const other = `${actual.type}, ${actual.kind}${actual.position < 0 ? "" : ` ${actual.position}`}` +
    (actual.clustering_order === "none" ? "" : ` ${actual.clustering_order}`)
  return `expected ${own}, got ${other}: change the declaration, or the table`
}
