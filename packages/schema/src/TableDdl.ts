/**
 * The statements that create a table. Users reach this module through `Table`.
 *
 * @since 0.1.0
 */
import { userTypesOf } from "./internal/cqlType.ts"
import { quoted } from "./internal/names.ts"
import { tableName } from "./internal/table/texts.ts"
import { type Any, type ColumnMeta, type Meta, TypeId } from "./TableMeta.ts"

/**
 * The statements that create a table, with the user-defined types that it needs before it and its indexes behind it. What exists
 * already is left as it is.
 *
 * **Example** (Creating a table)
 *
 * ```ts
 * import { CqlSchema, Table } from "@effect-cql/schema"
 * import { Schema } from "effect"
 *
 * class User extends Table.Class<User>("User")("app.users", {
 *   columns: { id: CqlSchema.Uuid, displayName: Schema.String },
 *   partitionKey: "id"
 * }) {}
 * console.assert(
 *   Table.ddl(User)[0] === "CREATE TABLE IF NOT EXISTS app.users (id uuid, display_name text, PRIMARY KEY (id))"
 * )
 * ```
 *
 * @category schema changes
 * @since 0.1.0
 */
export const ddl = (self: Any): ReadonlyArray<string> => {
  const meta = self[TypeId]
  const types = new Map(
    meta.columns.flatMap(({ schema }) => userTypesOf(schema.ast)).map((type) => [type.name, type.fields] as const)
  )
  return [
    ...[...types].map(([name, fields]) =>
      `CREATE TYPE IF NOT EXISTS ${qualified(meta, name)} (${
        fields.map(([field, type]) => `${quoted(field)} ${type}`).join(", ")
      })`
    ),
    createTable(meta),
    ...meta.indexes.map((index) =>
      `CREATE ${index.kind === "sai" ? "CUSTOM " : ""}INDEX IF NOT EXISTS ${
        quoted(indexName(meta, index.column))
      } ON ` +
      `${tableName(meta)} (${quoted(index.column)})${index.kind === "sai" ? " USING 'StorageAttachedIndex'" : ""}`
    )
  ]
}

const indexName = ({ table }: Meta, column: string): string => `${table}_${column}_idx`

const qualified = ({ keyspace }: Meta, name: string): string =>
  name.includes(".") ? name.split(".").map(quoted).join(".") : `${quoted(keyspace)}.${quoted(name)}`

const createTable = (meta: Meta): string => {
  const columns = meta.columns.map((column) => definitionOf(column))
  const names = (key: ReadonlyArray<ColumnMeta>) => key.map(({ name }) => quoted(name)).join(", ")
  const partition = meta.partitionKey.length === 1 ? names(meta.partitionKey) : `(${names(meta.partitionKey)})`
  const key = meta.clusteringKey.length === 0 ? partition : `${partition}, ${names(meta.clusteringKey)}`
  const order = meta.clusteringKey.some((column) => column.order === "desc")
    ? [
      `CLUSTERING ORDER BY (${
        meta.clusteringKey.map((column) => `${quoted(column.name)} ${(column.order ?? "asc").toUpperCase()}`).join(", ")
      })`
    ]
    : []
  const { comment, defaultTimeToLive, with: further } = meta.options
  const options = [
    ...order,
    ...(defaultTimeToLive === undefined ? [] : [`default_time_to_live = ${defaultTimeToLive}`]),
    ...(comment === undefined ? [] : [`comment = '${comment.replaceAll("'", "''")}'`]),
    ...(further === undefined ? [] : [further])
  ]
  return `CREATE TABLE IF NOT EXISTS ${tableName(meta)} (${columns.join(", ")}, PRIMARY KEY (${key}))` +
    (options.length === 0 ? "" : ` WITH ${options.join(" AND ")}`)
}

const definitionOf = ({ kind, name, type }: ColumnMeta): string =>
  `${quoted(name)} ${kind === "partition_key" || kind === "clustering" ? frozenKey(type) : type}${
    kind === "static" ? " STATIC" : ""
  }`

// A collection is part of a key as a whole.
const frozenKey = (type: string): string => /^(?:set|list|map|tuple)</.test(type) ? `frozen<${type}>` : type
