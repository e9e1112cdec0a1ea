/**
 * Compares the tables of a program with a server. Users reach this module through `Table`.
 *
 * @since 0.1.0
 */
import { type CqlError, type Session, Statement } from "@effect-cql/core"
import * as Effect from "effect/Effect"
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
} from "./internal/table/server.ts"
import { type Any, type ColumnMeta, type Meta, TypeId } from "./TableMeta.ts"

/**
 * A difference between a table of the program and the server.
 *
 * @category models
 * @since 0.1.0
 */
export interface Mismatch {
  readonly table: string
  /** The column in the database; absent if the whole table is missing. */
  readonly column: string | undefined
  /** The difference, and what to do. */
  readonly message: string
}

/**
 * Compares tables with those of the server: names, types and keys of their columns, and their indexes. Columns that only the
 * server has are no difference, unless they are in the key. A storage-attached index does for a secondary one.
 *
 * **When to use**
 *
 * In a test against a database with the schema of production. Otherwise a difference is found only when a statement
 * fails.
 *
 * **Example** (A test of all tables)
 *
 * ```ts
 * import { CqlSchema, Table } from "@effect-cql/schema"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * class User extends Table.Class<User>("User")("app.users", { columns: { id: CqlSchema.Uuid }, partitionKey: "id" }) {}
 *
 * // Or the layer of a session on a server with the schema of production.
 * const session = MockSession.memory(["CREATE TABLE app.posts (id uuid PRIMARY KEY)"])
 * const mismatches = await Effect.runPromise(Table.check(User).pipe(Effect.provide(session)))
 * console.assert(mismatches[0]?.message === "the table does not exist: create it, as Table.ddl does")
 * ```
 *
 * @category schema changes
 * @since 0.1.0
 */
export const check = Effect.fn("Table.check")(function*(
  ...tables: ReadonlyArray<Any>
): Effect.fn.Return<ReadonlyArray<Mismatch>, CqlError, Session> {
  const found = yield* Effect.forEach(tables, (table) => checkOne(table[TypeId]))
  return found.flat()
})

const checkOne = Effect.fnUntraced(function*(meta: Meta): Effect.fn.Return<ReadonlyArray<Mismatch>, CqlError, Session> {
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
  ).map(({ column_name, kind }) => mismatch(column_name, `a ${kind} column that the program does not know: declare it`))
  const indexes = yield* Statement.rows(indexesOf(meta.keyspace, meta.table))
  const missing = meta.indexes.filter((index) => !indexes.some((actual) => isIndex(index, actual)))
    .map(({ column, kind }) =>
      mismatch(column, `the column has no ${kind} index of its values: create it, as Table.ddl does`)
    )
  return [...differences, ...strangers, ...missing]
})

const differenceOf = (column: ColumnMeta, type: string, actual: ServerColumn, position: number): string => {
  const own = `${type}, ${column.kind}${position < 0 ? "" : ` ${position}`}${
    column.order === undefined ? "" : ` ${column.order}`
  }`
  const other = `${actual.type}, ${actual.kind}${actual.position < 0 ? "" : ` ${actual.position}`}` +
    (actual.clustering_order === "none" ? "" : ` ${actual.clustering_order}`)
  return `expected ${own}, got ${other}: change the declaration, or the table`
}
