/**
 * The CQL types of schemas: by annotation, or by what a schema encodes to.
 */
import { nativeTypes } from "@effect-cql/core/Port"
import * as SchemaAST from "effect/SchemaAST"

/** The annotation of a schema with the text of its CQL type. */
export const cqlType = "@effect-cql/schema/type"

/** The annotation of the class of a user-defined type: its name and its fields. */
export const userType = "@effect-cql/schema/userType"

/** A user-defined type. */
export interface UserType {
  readonly name: string
  /** The fields of the type with their CQL types, in their order. */
  readonly fields: ReadonlyArray<readonly [name: string, type: string]>
  /** The user-defined types that its fields hold. */
  readonly needs: ReadonlyArray<UserType>
}

/** The CQL type of a schema; nothing where no column can hold its values. */
export const typeOf = (ast: SchemaAST.AST): string | undefined =>
  annotated(ast, cqlType, isText) ?? ownType(ast) ?? encodedType(SchemaAST.toEncoded(ast))

// The encoded side of a part no longer has the name of its user-defined type.
const ownType = (ast: SchemaAST.AST): string | undefined =>
  ast.encoding === undefined && partsOf(ast).length > 0 ? encodedType(ast) : undefined

/** The expectation of the schema of a column. */
export const expectedSchema =
  "a schema of CqlSchema, such as CqlSchema.Timestamp for a DateTime, or one that encodes " +
  "to a value of CQL"

/** The schema of a column in words: by its name, where it has one. */
export const kindOfSchema = (ast: SchemaAST.AST): string => {
  const named: unknown = ast.annotations?.["representation"]
  const id = typeof named === "object" && named !== null && "id" in named ? named.id : undefined
  return `a schema of ${typeof id === "string" ? id.replace(/^effect\/schema\//, "") : ast._tag}`
}

/** The user-defined types within a schema, those that others need first. */
export const userTypesOf = (ast: SchemaAST.AST): ReadonlyArray<UserType> => {
  const own = annotated(ast, userType, isUserType)
  if (own !== undefined) return [...own.needs, own]
  const links = (ast.encoding ?? []).map(({ to }) => to)
  return [...links, ...partsOf(ast)].flatMap(userTypesOf)
}

/** A type as a part of a collection, a tuple or another type: all but native types are frozen there. */
export const frozen = (type: string): string => isNative(type) || type.startsWith("frozen<") ? type : `frozen<${type}>`

const isNative = (type: string): boolean => nativeTypes.has(type) || type.startsWith("vector<")

const isText = (value: unknown): value is string => typeof value === "string"

const isUserType = (value: unknown): value is UserType =>
  typeof value === "object" && value !== null && "name" in value && "fields" in value && "needs" in value

// An annotation stands on the node, on a check of it, or on what it is decoded from.
const annotated = <A>(ast: SchemaAST.AST, key: string, is: (value: unknown) => value is A): A | undefined => {
  for (const annotations of [ast.annotations, ...(ast.checks ?? []).map((check) => check.annotations)]) {
    const found: unknown = annotations?.[key]
    if (is(found)) return found
  }
  for (const { to } of ast.encoding ?? []) {
    const found = annotated(to, key, is)
    if (found !== undefined) return found
  }
  return undefined
}

const partsOf = (ast: SchemaAST.AST): ReadonlyArray<SchemaAST.AST> => {
  switch (ast._tag) {
    case "Declaration":
      return ast.typeParameters
    case "Arrays":
      return [...ast.elements, ...ast.rest]
    case "Union":
      return ast.types
    default:
      return []
  }
}

const encodedType = (ast: SchemaAST.AST): string | undefined => {
  switch (ast._tag) {
    case "String":
    case "TemplateLiteral":
      return "text"
    case "Number":
      return (ast.checks ?? []).some(isInteger) ? "int" : "double"
    case "Boolean":
      return "boolean"
    case "BigInt":
      return "bigint"
    case "Literal":
      return literalTypes[typeof ast.literal]
    case "Enum":
      return ast.enums.every(([, value]) => typeof value === "string") ? "text" : "int"
    case "Union":
      return unionType(ast)
    case "Arrays":
      return arrayType(ast)
    case "Declaration":
      return declaredType(ast)
    default:
      return undefined
  }
}

const literalTypes: Readonly<Record<string, string | undefined>> = {
  string: "text",
  number: "int",
  bigint: "bigint",
  boolean: "boolean"
}

const isInteger = (check: SchemaAST.Check<number>): boolean =>
  check._tag === "FilterGroup" ? check.checks.some(isInteger) : check.annotations?.representation?.id === intCheck

const intCheck = "effect/schema/isInt"

const unionType = (ast: SchemaAST.Union): string | undefined => {
  const types = new Set(
    ast.types.filter(({ _tag }) => _tag !== "Null" && _tag !== "Undefined").map((member) => typeOf(member))
  )
  const [only, ...others] = types
  return others.length === 0 ? only : undefined
}

const arrayType = (ast: SchemaAST.Arrays): string | undefined => {
  const elements = ast.elements.map((element) => typeOf(element))
  const [rest, ...more] = ast.rest
  if (rest === undefined) {
    return elements.length > 0 && elements.every(isText) ? `tuple<${elements.map(frozen).join(", ")}>` : undefined
  }
  const item = typeOf(rest)
  // The first elements of a list that is not empty have the type of the others.
  return elements.some((element) => element !== item) || more.length > 0 || item === undefined
    ? undefined
    : `list<${frozen(item)}>`
}

const declaredType = (ast: SchemaAST.Declaration): string | undefined => {
  const representation: { readonly id?: unknown } | undefined = ast.annotations?.["representation"] ?? undefined
  const parts = ast.typeParameters.map((part) => typeOf(part))
  const [first, second] = parts
  switch (representation?.id) {
    case "effect/schema/Date":
      return "timestamp"
    case "effect/schema/Uint8Array":
      return "blob"
    case "effect/schema/BigDecimal":
      return "decimal"
    case "effect/schema/ReadonlySet":
      return first === undefined ? undefined : `set<${frozen(first)}>`
    case "effect/schema/ReadonlyMap":
      return first === undefined || second === undefined ? undefined : `map<${frozen(first)}, ${frozen(second)}>`
    default:
      return undefined
  }
}
