/**
 * The tables of a server, as its system tables describe them.
 */
import { Query } from "@effect-cql/core"
import * as Schema from "effect/Schema"
import type { ColumnMeta, Meta } from "../../TableMeta.ts"

/** A column of the server. */
export interface ServerColumn {
  readonly type: string
  readonly kind: string
  readonly position: number
  readonly clustering_order: string
}

/** The columns of a table. */
export const columnsOf = Query.make(
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

/** The indexes of a table. */
export const indexesOf = Query.make(
  "SELECT options FROM system_schema.indexes WHERE keyspace_name = ? AND table_name = ?",
  {
    params: Schema.Tuple([Schema.String, Schema.String]),
    row: Schema.Struct({ options: Schema.NullOr(Schema.ReadonlyMap(Schema.String, Schema.String)) })
  }
)

/** The type of a column as its table has it: a collection is part of a key as a whole. */
export const keyType = ({ kind, type }: ColumnMeta): string =>
  (kind === "partition_key" || kind === "clustering") && /^(?:set|list|map|tuple)</.test(type)
    ? `frozen<${type}>`
    : type

/** The position of a column in its part of the key; below 0 outside of it. */
export const positionOf = (meta: Meta, column: ColumnMeta): number =>
  column.kind === "partition_key" ? meta.partitionKey.indexOf(column) : meta.clusteringKey.indexOf(column)

/** A type as it compares with others. A tuple is always frozen, and the server writes no keyspace before a type. */
export const normalised = (type: string, keyspace: string): string =>
  type.replaceAll("varchar", "text").replaceAll(`${keyspace}.`, "").replaceAll(/\s+/g, "").replaceAll(/"/g, "")
    .replaceAll(/(?<!frozen<)tuple<([^<>]*)>/g, "frozen<tuple<$1>>")

/** True if the target of an index is a column. */
export const isTarget = (target: string, column: string): boolean =>
  target.replace(/^(?:values|keys|entries|full)\((.*)\)$/, "$1").replace(/^"(.*)"$/, "$1").replaceAll("\"\"", "\"") ===
    column
