/**
 * The columns of a struct of a domain, as schemas: names, null for what is empty or absent, and instances of its class.
 */
import { Statement } from "@effect-cql/core"
import { columnNames, exact } from "@effect-cql/core/Annotations"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import * as SchemaGetter from "effect/SchemaGetter"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { cqlType, typeOf } from "./cqlType.ts"

type AST = SchemaAST.AST

const schemaOf = (ast: AST) => Schema.make<Schema.Codec<unknown, unknown, never, never>>(ast)

const emptyOf = (type: string): unknown =>
  type.startsWith("set<") ? new Set() : type.startsWith("map<") ? new Map() : []

/** A collection that reads null as empty. */
export const nullAsEmpty = (ast: AST, type: string): AST => {
  const collection = schemaOf(ast)
  return Schema.NullOr(collection).pipe(
    Schema.decodeTo(
      schemaOf(Schema.toType(collection).annotate({ [exact]: true }).ast),
      {
        decode: SchemaGetter.transform((value: unknown) => value ?? emptyOf(type.replace(/^frozen</, ""))),
        encode: SchemaGetter.transform((value: unknown) => value)
      }
    ),
    Schema.annotate({ [cqlType]: type })
  ).ast
}

const Unset = Schema.declare<Statement.Unset>(Statement.isUnset, { expected: "Statement.unset" })

/** A field that is left out where the column has no value. */
export const withoutKey = (ast: AST, absent: "unset" | "null"): AST => {
  const value = schemaOf(ast)
  const nothing = absent === "unset" ? Statement.unset : null
  return Schema.Union([value, Schema.Null, Unset]).pipe(
    Schema.decodeTo(Schema.optionalKey(schemaOf(Schema.toType(value).annotate({ [exact]: true }).ast)), {
      decode: SchemaGetter.transformOptional(
        Option.filter((value: unknown) => value !== null && !Statement.isUnset(value))
      ),
      encode: SchemaGetter.transformOptional((value: Option.Option<unknown>) =>
        Option.some(Option.getOrElse(value, () => nothing) ?? nothing)
      )
    })
  ).ast
}

const isPlainCollection = (ast: AST): string | undefined => {
  const type = typeOf(ast)
  const encoded = SchemaAST.toEncoded(ast)
  const isCollection = encoded._tag === "Arrays" || encoded._tag === "Declaration"
  return isCollection && type !== undefined && /^(?:frozen<)?(?:set|list|map)</.test(type) ? type : undefined
}

/** The schema of the column of a field. */
export const columnOf = (schema: Schema.Constraint, absent: "unset" | "null"): AST => {
  const { ast } = schema
  if (ast.context?.isOptional !== true) {
    const type = isPlainCollection(ast)
    return type === undefined ? ast : nullAsEmpty(ast, type)
  }
  // One of CqlSchema.optional knows its column.
  if (ast.encoding !== undefined && SchemaAST.toEncoded(ast).context?.isOptional !== true) return ast
  const inner = "schema" in schema && Schema.isSchema(schema.schema) ? schema.schema.ast : ast
  return withoutKey(inner, absent)
}

/** How a struct becomes columns. */
export interface RowOptions {
  readonly nameOf: (field: string) => string
  readonly absent: "unset" | "null"
  /** The schema of the struct, or of its class. */
  readonly of: AST
}

/** The schema of a row. */
export const rowStruct = (fields: Schema.Struct.Fields, { absent, nameOf, of }: RowOptions): AST => {
  const columns: Record<string, Schema.Codec<unknown, unknown, never, never>> = {}
  const names: Record<string, string> = {}
  for (const [field, schema] of Object.entries(fields)) {
    columns[field] = schemaOf(columnOf(schema, absent))
    names[field] = nameOf(field)
  }
  const row = Schema.Struct(columns).pipe(Schema.encodeKeys(names), Schema.annotate({ [columnNames]: names })).ast
  return of._tag === "Declaration" ? instancesOf(row, of) : row
}

// A class is decoded from its struct by a transformation that makes an instance of fields that fit.
const instancesOf = (row: AST, of: SchemaAST.Declaration): AST => {
  const made = of.encoding?.[0]?.transformation
  return made?._tag === "Transformation"
    ? SchemaAST.decodeTo(row, SchemaAST.toType(of), new SchemaTransformation.Transformation(made.decode, made.encode))
    : row
}
