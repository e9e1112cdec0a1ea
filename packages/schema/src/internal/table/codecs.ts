/**
 * The schemas of rows and of markers of a table.
 */
import { columnNames, skips } from "@effect-cql/core/Annotations"
import * as Schema from "effect/Schema"
import type * as SchemaAST from "effect/SchemaAST"
import * as SchemaGetter from "effect/SchemaGetter"
import type { ColumnMeta, Meta } from "../../TableMeta.ts"
import { columnOf, type EmptyAs, instancesOf } from "../columns.ts"

type AnyCodec = Schema.Codec<unknown, unknown, never, never>
type RowSchema = Schema.Codec<object, Record<string, unknown>, never, never>

const codec = (ast: SchemaAST.AST) => Schema.make<AnyCodec>(ast)

// A counter that was never counted is null.
const zero = (ast: SchemaAST.AST): SchemaAST.AST =>
  Schema.NullOr(Schema.BigInt).pipe(
    Schema.decodeTo(Schema.BigInt, {
      decode: SchemaGetter.transform((count: bigint | null) => count ?? 0n),
      encode: SchemaGetter.transform((count: bigint) => count)
    }),
    Schema.decodeTo(Schema.make<Schema.Codec<unknown, bigint>>(ast))
  ).ast

/** The schema of the value of a column. */
export const valueOf = (column: ColumnMeta, absent: "unset" | "null", emptyAs: EmptyAs = "empty"): SchemaAST.AST =>
  column.type === "counter" ? zero(column.schema.ast) : columnOf(column.schema, absent, emptyAs)

/** The schema of a value of a column that has one. */
export const requiredOf = ({ isOptional, schema }: ColumnMeta): SchemaAST.AST =>
  columnOf(isOptional && "schema" in schema && Schema.isSchema(schema.schema) ? schema.schema : schema, "null")

/** The schema of a row of these columns: an instance of the class of the table where it is all of them. */
export const rowOf = (meta: Meta, columns: ReadonlyArray<ColumnMeta>): RowSchema => {
  const fields: Record<string, AnyCodec> = {}
  const names: Record<string, string> = {}
  for (const column of columns) {
    fields[column.field] = codec(valueOf(column, "unset"))
    names[column.field] = column.name
  }
  const witness = witnessOf(meta, columns)
  const struct = Schema.Struct(fields).pipe(Schema.encodeKeys(names), Schema.annotate({ [columnNames]: names })).ast
  const row = columns.length === meta.columns.length && meta.row._tag === "Declaration"
    ? instancesOf(struct, meta.row)
    : struct
  const schema = Schema.make<RowSchema>(row)
  // A partition of static columns alone has one row without a clustering key, which is none of the table.
  return witness === undefined
    ? schema
    : schema.annotate({ [skips]: (record: Record<string, unknown>) => record[witness.name] === null })
}

/** A column that is null in the one row of a partition of static columns alone. Absent in a table without static columns. */
const witnessOf = (meta: Meta, columns: ReadonlyArray<ColumnMeta>): ColumnMeta | undefined =>
  meta.columns.some(({ kind }) => kind === "static")
    ? meta.clusteringKey.find((column) => columns.includes(column)) ?? meta.clusteringKey[0]
    : undefined

/** The columns to select for rows of these columns. */
export const selectedFor = (meta: Meta, columns: ReadonlyArray<ColumnMeta>): ReadonlyArray<ColumnMeta> => {
  const witness = witnessOf(meta, columns)
  return witness === undefined || columns.includes(witness) ? columns : [...columns, witness]
}

/** A marker of a statement, with the schema of its value. */
export interface Marker {
  /** The name of the value in the record that binds it. */
  readonly key: string
  /** The name in the text. */
  readonly name: string
  readonly schema: SchemaAST.AST
}

/** The schema of a record that binds markers. */
export const paramsOf = (markers: ReadonlyArray<Marker>): Schema.ConstraintCodec<object, unknown, unknown> => {
  const fields: Record<string, AnyCodec> = {}
  const names: Record<string, string> = {}
  for (const { key, name, schema } of markers) {
    fields[key] = codec(schema)
    names[key] = name
  }
  return Schema.Struct(fields).pipe(Schema.encodeKeys(names))
}
