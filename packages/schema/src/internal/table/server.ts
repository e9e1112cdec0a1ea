/**
 * The tables of a server, as its system tables describe them.
 */
import { Query } from "@effect-cql/core"
import { type ColumnType, parseColumnType } from "@effect-cql/core/Port"
import * as Schema from "effect/Schema"
import type { ColumnMeta, IndexMeta, Meta } from "../../TableMeta.ts"
import { frozen } from "../cqlType.ts"

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

/** A column that a table had. */
export interface Dropped {
  readonly kind: string
  readonly type: string
}

/** The columns that a table had. Their values may still be on disk, so that few types may take the name. */
export const droppedOf = Query.make(
  "SELECT column_name, kind, type FROM system_schema.dropped_columns WHERE keyspace_name = ? AND table_name = ?",
  {
    params: Schema.Tuple([Schema.String, Schema.String]),
    row: Schema.Struct({ column_name: Schema.String, kind: Schema.String, type: Schema.String })
  }
)

/** An index of the server. */
export interface ServerIndex {
  readonly kind: string
  readonly options: ReadonlyMap<string, string> | null
}

/** The indexes of a table. */
export const indexesOf = Query.make(
  "SELECT kind, options FROM system_schema.indexes WHERE keyspace_name = ? AND table_name = ?",
  {
    params: Schema.Tuple([Schema.String, Schema.String]),
    row: Schema.Struct({
      kind: Schema.String,
      options: Schema.NullOr(Schema.ReadonlyMap(Schema.String, Schema.String))
    })
  }
)

/** A keyspace, if it exists. */
export const keyspaceOf = Query.make(
  "SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?",
  { params: Schema.Tuple([Schema.String]) }
)

/** The difference of a table whose keyspace is missing. */
export const noKeyspace = "the keyspace does not exist: create it, as Migrations.make does with `replication`"

/** The type of a column as its table has it: a part of a key is frozen. */
export const columnType = ({ kind, type }: ColumnMeta): string =>
  kind === "partition_key" || kind === "clustering" ? frozen(type) : type

/** The position of a column in its part of the key; below 0 outside of it. */
export const positionOf = (meta: Meta, column: ColumnMeta): number =>
  column.kind === "partition_key" ? meta.partitionKey.indexOf(column) : meta.clusteringKey.indexOf(column)

/** A type as it compares with others. The parts of a type are always frozen, and so is a tuple. */
export const normalised = (type: string, keyspace: string): string => {
  const parsed = parseColumnType(type)
  const [inner] = parsed.parts
  const isFrozen = parsed.name === "frozen" && inner !== undefined && inner.name !== "tuple" && inner.name !== "vector"
  const text = thawed(parsed, keyspace)
  return isFrozen ? `frozen<${text}>` : text
}

const thawed = ({ name, parts }: ColumnType, keyspace: string): string => {
  const [first] = parts
  if (first === undefined) return typeNameOf(name, keyspace)
  return name === "frozen"
    ? thawed(first, keyspace)
    : `${name}<${parts.map((part) => thawed(part, keyspace)).join(", ")}>`
}

// The server writes no keyspace before the name of a type.
const typeNameOf = (name: string, keyspace: string): string => {
  const prefix = [keyspace, `"${keyspace}"`].find((prefix) => name.startsWith(`${prefix}.`))
  const own = prefix === undefined ? name : name.slice(prefix.length + 1)
  return own === "varchar" ? "text" : own.replace(/^"(.*)"$/, "$1").replaceAll("\"\"", "\"")
}

/** A column and the part of it that an index is of. */
export interface IndexTarget {
  readonly column: string
  /** The values of the column are `values` or nothing. */
  readonly of: string | undefined
}

/** The target of an index; absent where it is none of a column. */
export const targetOf = ({ options }: ServerIndex): IndexTarget | undefined => {
  const [, of, column = ""] = /^(?:(values|keys|entries|full)\()?(.*?)\)?$/.exec(options?.get("target") ?? "") ?? []
  return column === "" ? undefined : { of, column: column.replace(/^"(.*)"$/, "$1").replaceAll("\"\"", "\"") }
}

/** The kind of an index; absent where it is none that a table declares. */
export const kindOf = ({ kind, options }: ServerIndex): IndexMeta["kind"] | undefined =>
  /storageattachedindex|^sai$/i.test(options?.get("class_name") ?? "")
    ? "sai"
    : kind === "CUSTOM"
    ? undefined
    : "secondary"

/** True if an index of the server answers what one of a table does. */
export const isIndex = (index: IndexMeta, actual: ServerIndex): boolean => {
  const target = targetOf(actual)
  const kind = kindOf(actual)
  return target?.column === index.column && target.of !== "keys" && target.of !== "entries" &&
    (kind === "sai" || kind === index.kind)
}
