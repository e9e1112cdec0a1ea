/**
 * The tables and types of a keyspace, read from the server.
 */
import { type CqlError, Query, type Session, Statement } from "@effect-cql/core"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { kindOf, type ServerIndex, targetOf } from "../table/server.ts"

const params = Schema.Tuple([Schema.String])

const keyspaces = Query.make("SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?", { params })

const tables = Query.make(
  "SELECT table_name, comment, default_time_to_live FROM system_schema.tables WHERE keyspace_name = ?",
  {
    params,
    row: Schema.Struct({
      table_name: Schema.String,
      comment: Schema.NullOr(Schema.String),
      default_time_to_live: Schema.NullOr(Schema.Int)
    })
  }
)

const columns = Query.make(
  "SELECT table_name, column_name, type, kind, position, clustering_order FROM system_schema.columns WHERE keyspace_name = ?",
  {
    params,
    row: Schema.Struct({
      table_name: Schema.String,
      column_name: Schema.String,
      type: Schema.String,
      kind: Schema.String,
      position: Schema.Int,
      clustering_order: Schema.String
    })
  }
)

const indexes = Query.make("SELECT table_name, kind, options FROM system_schema.indexes WHERE keyspace_name = ?", {
  params,
  row: Schema.Struct({
    table_name: Schema.String,
    kind: Schema.String,
    options: Schema.NullOr(Schema.ReadonlyMap(Schema.String, Schema.String))
  })
})

const types = Query.make(
  "SELECT type_name, field_names, field_types FROM system_schema.types WHERE keyspace_name = ?",
  {
    params,
    row: Schema.Struct({
      type_name: Schema.String,
      field_names: Schema.Array(Schema.String),
      field_types: Schema.Array(Schema.String)
    })
  }
)

const views = Query.make("SELECT view_name, base_table_name FROM system_schema.views WHERE keyspace_name = ?", {
  params,
  row: Schema.Struct({ view_name: Schema.String, base_table_name: Schema.String })
})

/** A column as the server has it. */
export interface ServerColumn {
  readonly column_name: string
  readonly type: string
  readonly kind: string
  readonly position: number
  readonly clustering_order: string
}

/** A table as the server has it. */
export interface ServerTable {
  readonly name: string
  readonly comment: string
  readonly defaultTimeToLive: number
  readonly columns: ReadonlyArray<ServerColumn>
  /** Indexed columns, with the kind of their index. */
  readonly indexes: ReadonlyArray<readonly [column: string, kind: "sai" | "secondary"]>
}

/** A user-defined type as the server has it. */
export interface ServerType {
  readonly name: string
  readonly fields: ReadonlyArray<readonly [name: string, type: string]>
}

/** A keyspace as the server has it. */
export interface ServerKeyspace {
  readonly name: string
  readonly tables: ReadonlyArray<ServerTable>
  readonly types: ReadonlyArray<ServerType>
  readonly views: ReadonlyArray<{ readonly name: string; readonly base: string }>
}

/** The index that a table can declare: one of the values of a column. */
const indexOf = (index: ServerIndex): ReadonlyArray<readonly [column: string, kind: "sai" | "secondary"]> => {
  const target = targetOf(index)
  const kind = kindOf(index)
  return target === undefined || kind === undefined || target.of === "keys" || target.of === "entries"
    ? []
    : [[target.column, kind]]
}

/** Reads a keyspace; nothing where it does not exist. */
export const readKeyspace = Effect.fnUntraced(function*(
  name: string
): Effect.fn.Return<ServerKeyspace | undefined, CqlError, Session> {
  const found = yield* Statement.rows(keyspaces(name))
  if (found.length === 0) return undefined
  const of = {
    tables: yield* Statement.rows(tables(name)),
    columns: yield* Statement.rows(columns(name)),
    indexes: yield* Statement.rows(indexes(name)),
    types: yield* Statement.rows(types(name)),
    views: yield* Statement.rows(views(name))
  }
  return {
    name,
    tables: of.tables.map((table) => ({
      name: table.table_name,
      comment: table.comment ?? "",
      defaultTimeToLive: table.default_time_to_live ?? 0,
      columns: of.columns.filter(({ table_name }) => table_name === table.table_name),
      indexes: of.indexes.filter(({ table_name }) => table_name === table.table_name)
        .flatMap(indexOf)
    })),
    types: of.types.map(({ field_names, field_types, type_name }) => ({
      name: type_name,
      fields: field_names.map((field, at) => [field, field_types[at] ?? "text"] as const)
    })),
    views: of.views.map(({ base_table_name, view_name }) => ({ name: view_name, base: base_table_name }))
  }
})
