/**
 * Tables of a program against those of a server. Users reach this module through `Table`.
 *
 * @since 0.1.0
 */
import { type CqlError, Query, type Session, Statement } from "@effect-cql/core"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { type Any, type ColumnMeta, type Meta, TypeId } from "./TableMeta.ts"

/**
 * A difference between a table of the program and that of the server.
 *
 * @category models
 * @since 0.1.0
 */
export interface Mismatch {
  readonly table: string
  /** The column in the database; absent where the whole table is missing. */
  readonly column: string | undefined
  /** The difference, and what to do. */
  readonly message: string
}

const columnsOf = Query.make(
  "SELECT column_name, type, kind, position, clustering_order FROM system_schema.columns " +
    "WHERE keyspace_name = ? AND table_name = ?",
  {
    params: Schema.Tuple([Schema.String, Schema.String]),
    row: Schema.Struct({
      column_name: Schema.String,
      type: Schema.String,
      kind: Schema.String,
      position: Schema.Int,
      clustering_order: Schema.String
    })
  }
)

const indexesOf = Query.make(
  "SELECT options FROM system_schema.indexes WHERE keyspace_name = ? AND table_name = ?",
  {
    params: Schema.Tuple([Schema.String, Schema.String]),
    row: Schema.Struct({ options: Schema.NullOr(Schema.ReadonlyMap(Schema.String, Schema.String)) })
  }
)

/**
 * Compares tables with those of the server: names, types and keys of their columns, and their indexes. Columns that only the
 * server has are no difference, unless they are in the key.
 *
 * **When to use**
 *
 * In a test against a database with the schema of production: what differs would fail at the first statement otherwise.
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
 * const mismatches = await Effect.runPromise(Table.check(User).pipe(Effect.provide(MockSession.layer())))
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
  const indexes = yield* Statement.rows(indexesOf(meta.keyspace, meta.table))
  const table = `${meta.keyspace}.${meta.table}`
  const mismatch = (column: string | undefined, message: string): Mismatch => ({ table, column, message })
  if (actual.length === 0) return [mismatch(undefined, "the table does not exist: create it, as Table.ddl does")]
  const differences = meta.columns.flatMap((column) => {
    const own = actual.find((other) => other.column_name === column.name)
    if (own === undefined) {
      return [mismatch(column.name, `the table has no such column: add it with the type ${column.type}`)]
    }
    const type = normalised(keyType(column), meta.keyspace)
    const expected = [type, column.kind, positionOf(meta, column), column.order ?? "none"].join(" ")
    const got = [normalised(own.type, meta.keyspace), own.kind, own.position, own.clustering_order].join(" ")
    return expected === got ? [] : [mismatch(column.name, differenceOf(column, type, own, positionOf(meta, column)))]
  })
  const strangers = actual.filter(({ column_name, kind }) =>
    (kind === "partition_key" || kind === "clustering") && meta.columns.every(({ name }) => name !== column_name)
  ).map(({ column_name, kind }) => mismatch(column_name, `a ${kind} column that the program does not know: declare it`))
  const targets = indexes.map(({ options }) => options?.get("target") ?? "")
  const missing = meta.indexes.filter(({ column }) => !targets.some((target) => isTarget(target, column)))
    .map(({ column }) => mismatch(column, "the column has no index: create it, as Table.ddl does"))
  return [...differences, ...strangers, ...missing]
})

interface Actual {
  readonly type: string
  readonly kind: string
  readonly position: number
  readonly clustering_order: string
}

const differenceOf = (column: ColumnMeta, type: string, actual: Actual, position: number): string => {
  const own = `${type}, ${column.kind}${position < 0 ? "" : ` ${position}`}${
    column.order === undefined ? "" : ` ${column.order}`
  }`
  const other = `${actual.type}, ${actual.kind}${actual.position < 0 ? "" : ` ${actual.position}`}` +
    (actual.clustering_order === "none" ? "" : ` ${actual.clustering_order}`)
  return `expected ${own}, got ${other}: change the declaration, or the table`
}

const keyType = ({ kind, type }: ColumnMeta): string =>
  (kind === "partition_key" || kind === "clustering") && /^(?:set|list|map|tuple)</.test(type)
    ? `frozen<${type}>`
    : type

const positionOf = (meta: Meta, column: ColumnMeta): number =>
  column.kind === "partition_key" ? meta.partitionKey.indexOf(column) : meta.clusteringKey.indexOf(column)

// A tuple is always frozen, and the server writes no keyspace before a type.
const normalised = (type: string, keyspace: string): string =>
  type.replaceAll("varchar", "text").replaceAll(`${keyspace}.`, "").replaceAll(/\s+/g, "").replaceAll(/"/g, "")
    .replaceAll(/(?<!frozen<)tuple<([^<>]*)>/g, "frozen<tuple<$1>>")

const isTarget = (target: string, column: string): boolean =>
  target.replaceAll("\"", "").replace(/^(?:values|keys|entries|full)\((.*)\)$/, "$1") === column
