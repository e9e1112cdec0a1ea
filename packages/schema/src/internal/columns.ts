/**
 * The columns of a struct of a domain, as schemas: names, null for what is empty or absent, and instances of its class.
 */
import { Statement } from "@effect-cql/core"
import { columnNames, exact, nullAs } from "@effect-cql/core/Annotations"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import * as SchemaGetter from "effect/SchemaGetter"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { cqlType, typeOf } from "./cqlType.ts"

type AST = SchemaAST.AST

const schemaOf = (ast: AST) => Schema.make<Schema.Codec<unknown, unknown, never, never>>(ast)

/** Makes the empty values of a type. */
const emptyOf = (type: string): () => unknown =>
  /^(?:frozen<)?set</.test(type)
    ? () => new Set()
    : /^(?:frozen<)?map</.test(type)
    ? () => new Map()
    : () => []

const Unset = Schema.declare<Statement.Unset>(Statement.isUnset, { expected: "Statement.unset" })

/** Encoding of an empty collection: as it is, or as an unset column. */
export type EmptyAs = "empty" | "unset"

const isEmpty = (value: unknown): boolean =>
  Array.isArray(value) ? value.length === 0 : (value instanceof Set || value instanceof Map) && value.size === 0

/** A collection that reads null as empty. */
export const nullAsEmpty = (ast: AST, type: string, emptyAs: EmptyAs = "empty"): AST => {
  const collection = schemaOf(ast)
  const empty = emptyOf(type)
  return Schema.Union([collection, Schema.Null, Unset]).pipe(
    Schema.decodeTo(
      schemaOf(Schema.toType(collection).annotate({ [exact]: true, [nullAs]: empty }).ast),
      {
        decode: SchemaGetter.transform((value: unknown) => value ?? empty()),
        encode: SchemaGetter.transform((value: unknown) =>
          emptyAs === "unset" && isEmpty(value) ? Statement.unset : value
        )
      }
    ),
    Schema.annotate({ [cqlType]: type })
  ).ast
}

/** A field that is left out where the column has no value. A null of a schema that has nulls is written as null. */
export const withoutKey = (ast: AST, absent: "unset" | "null", emptyAs: EmptyAs = "empty"): AST => {
  const value = schemaOf(ast)
  const isUnset = (given: unknown) => emptyAs === "unset" && isEmpty(given)
  const nothing = absent === "unset" ? Statement.unset : null
  const type = typeOf(ast)
  const column = Schema.Union([value, Schema.Null, Unset]).pipe(
    Schema.decodeTo(
      Schema.optionalKey(
        schemaOf(Schema.toType(value).annotate({ [exact]: true, [nullAs]: "absent" }).ast)
      ),
      {
        decode: SchemaGetter.transformOptional(
          Option.filter((value: unknown) => value !== null && !Statement.isUnset(value))
        ),
        encode: SchemaGetter.transformOptional((value: Option.Option<unknown>) => {
          const given = Option.getOrUndefined(value)
          return Option.some(given === undefined ? nothing : isUnset(given) ? Statement.unset : given)
        })
      }
    )
  )
  return (type === undefined ? column : column.annotate({ [cqlType]: type })).ast
}

const collectionOf = (ast: AST): string | undefined => {
  const type = typeOf(ast)
  return type !== undefined && /^(?:frozen<)?(?:set|list|map)</.test(type) ? type : undefined
}

const isNullable = (ast: AST): boolean => SchemaAST.toEncoded(ast)._tag === "Union"

/** The schema of the column of a field. */
export const columnOf = (schema: Schema.Constraint, absent: "unset" | "null", emptyAs: EmptyAs = "empty"): AST => {
  const { ast } = schema
  if (ast.context?.isOptional !== true) {
    const type = collectionOf(ast)
    if (type === undefined || type.startsWith("frozen<")) {
      return type === undefined || isNullable(ast)
        ? ast
        : nullAsEmpty(ast, type)
    }
    return isNullable(ast) && emptyAs === "empty" ? ast : nullAsEmpty(ast, type, emptyAs)
  }
  const given = "schema" in schema && Schema.isSchema(schema.schema) ? schema.schema.ast : undefined
  // A schema that knows its column, such as that of CqlSchema.optional, is made anew for the same value.
  if (given === undefined && ast.encoding !== undefined && SchemaAST.toEncoded(ast).context?.isOptional !== true) {
    return ast
  }
  const inner = given ?? ast
  const type = collectionOf(inner)
  return withoutKey(inner, absent, type === undefined || type.startsWith("frozen<") ? "empty" : emptyAs)
}

/** Mapping of a struct to columns. */
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

/** Makes instances of a class of the fields of its rows. */
export const instancesOf = (row: AST, of: SchemaAST.Declaration): AST => {
  const made = of.encoding?.[0]?.transformation
  return made?._tag === "Transformation"
    ? SchemaAST.decodeTo(row, SchemaAST.toType(of), new SchemaTransformation.Transformation(made.decode, made.encode))
    : row
}
