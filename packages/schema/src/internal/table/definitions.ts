/**
 * The texts that define a table, its types and its indexes.
 */
import { quoted } from "@effect-cql/core/Cql"
import type { ColumnMeta, IndexMeta, Meta } from "../../TableMeta.ts"
import { type UserType, userTypesOf } from "../cqlType.ts"
import { columnType } from "./server.ts"
import { tableName } from "./texts.ts"

/** The user-defined types of a table, each once, those that others need first. */
export const userTypes = (meta: Meta): ReadonlyArray<UserType> => [
  ...new Map(
    meta.columns.flatMap(({ schema }) => userTypesOf(schema.ast)).map((type) => [type.name, type] as const)
  ).values()
]

/** The keyspace and the name of a type, unquoted. */
export const typePlace = ({ keyspace }: Meta, { name }: UserType): readonly [keyspace: string, name: string] => {
  const [before = "", after] = name.split(".")
  return after === undefined ? [keyspace, before] : [before, after]
}

/** The name of a type with its keyspace. */
export const typeName = (meta: Meta, type: UserType): string => typePlace(meta, type).map(quoted).join(".")

export const createType = (meta: Meta, type: UserType): string =>
  `CREATE TYPE IF NOT EXISTS ${typeName(meta, type)} (${
    type.fields.map(([field, type]) => `${quoted(field)} ${type}`).join(", ")
  })`

/** The server finds a free name, and an index that is there already by what it is of. */
export const createIndex = (meta: Meta, { column, kind }: IndexMeta): string => {
  const type = meta.columns.find(({ name }) => name === column)?.type ?? ""
  const target = /^frozen<(?:set|list|map)</.test(type) ? `full(${quoted(column)})` : quoted(column)
  return `CREATE ${kind === "sai" ? "CUSTOM " : ""}INDEX IF NOT EXISTS ON ${tableName(meta)} (${target})` +
    (kind === "sai" ? " USING 'StorageAttachedIndex'" : "")
}

export const createTable = (meta: Meta): string => {
  const columns = meta.columns.map(columnDefinition)
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
    ...(comment === undefined ? [] : [`comment = ${literal(comment)}`]),
    ...(further === undefined ? [] : [further])
  ]
  return `CREATE TABLE IF NOT EXISTS ${tableName(meta)} (${columns.join(", ")}, PRIMARY KEY (${key}))` +
    (options.length === 0 ? "" : ` WITH ${options.join(" AND ")}`)
}

/** A text as it stands in CQL. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** A column as a definition has it. */
export const columnDefinition = (column: ColumnMeta): string =>
  `${quoted(column.name)} ${columnType(column)}${column.kind === "static" ? " STATIC" : ""}`
