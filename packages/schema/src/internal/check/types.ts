/**
 * The types of columns beside the types that schemas are of.
 */
import { type ColumnType, nativeTypes, parseColumnType } from "@effect-cql/core/Port"
import * as SchemaAST from "effect/SchemaAST"
import { cqlType } from "../cqlType.ts"

/** Reads a type. Whether it is frozen, and the keyspace of a user-defined type, makes no difference to its values. */
const parse = (text: string): ColumnType => plain(parseColumnType(text))

const plain = ({ name, parts }: ColumnType): ColumnType => {
  if (parts.length === 0) {
    const unqualified = name.replace(/^"?\w+"?\./, "").replaceAll("\"", "")
    return { name: unqualified === "varchar" ? "text" : unqualified, parts }
  }
  return name === "frozen" ? plain(parts[0]!) : { name, parts: parts.map(plain) }
}

// Values of the first are values of the others as well.
const wider: Readonly<Record<string, ReadonlyArray<string>>> = {
  ascii: ["text"],
  counter: ["bigint", "varint"],
  bigint: ["counter", "varint"],
  float: ["double"],
  smallint: ["int"],
  timeuuid: ["uuid"],
  tinyint: ["smallint", "int"]
}

const isWithin = (one: ColumnType, other: ColumnType): boolean =>
  one.name === other.name
    ? one.parts.length === other.parts.length && one.parts.every((part, at) => isWithin(part, other.parts[at]!))
    : wider[one.name]?.includes(other.name) === true

/** Where a value goes: from a column to a schema, or the other way. */
export type Direction = "read" | "write"

/** Returns true if the values of a column fit a schema, or those of a schema a column. `ast` is the encoded side of the schema. */
export const fits = (ast: SchemaAST.AST, column: string, direction: Direction): boolean =>
  fitsType(ast, parse(column), direction)

const fitsType = (ast: SchemaAST.AST, type: ColumnType, direction: Direction): boolean => {
  const annotated = typeTextOf(ast)
  if (annotated !== undefined) {
    const own = parse(annotated)
    return direction === "read" ? isWithin(type, own) : isWithin(own, type)
  }
  const part = (inner: SchemaAST.AST | undefined, at: number): boolean =>
    inner === undefined || type.parts[at] === undefined || fitsType(inner, type.parts[at], direction)
  switch (ast._tag) {
    case "String":
    case "TemplateLiteral":
      return nativeTypes.get(type.name) === "string"
    case "Number":
      return nativeTypes.get(type.name) === "number"
    case "BigInt":
      return nativeTypes.get(type.name) === "bigint"
    case "Boolean":
      return type.name === "boolean"
    case "Literal":
      return nativeTypes.get(type.name) === typeof ast.literal
    case "Enum":
      return ast.enums.every(([, value]) => nativeTypes.get(type.name) === typeof value)
    case "Union":
      return ast.types.some((member) => fitsType(member, type, direction))
    case "Arrays":
      if (type.name === "tuple") return ast.elements.every(part)
      return (type.name === "list" || type.name === "vector") && part(ast.rest[0], 0)
    case "Declaration":
      return declared(ast, type, part)
    case "Null":
    case "Undefined":
    case "Void":
    case "Never":
      return false
    case "Objects":
      // A record is a duration, or a user-defined type.
      return type.name === "duration" || (type.parts.length === 0 && !nativeTypes.has(type.name))
    default:
      return true
  }
}

const declared = (
  ast: SchemaAST.Declaration,
  { name }: ColumnType,
  part: (inner: SchemaAST.AST | undefined, at: number) => boolean
): boolean => {
  const representation: { readonly id?: unknown } | undefined = ast.annotations?.["representation"] ?? undefined
  const [first, second] = ast.typeParameters
  switch (representation?.id) {
    case "effect/schema/Date":
      return name === "timestamp"
    case "effect/schema/Uint8Array":
      return name === "blob"
    case "effect/schema/BigDecimal":
      return name === "decimal"
    case "effect/schema/ReadonlySet":
      return name === "set" && part(first, 0)
    case "effect/schema/ReadonlyMap":
      return name === "map" && part(first, 0) && part(second, 1)
    default:
      // A class that this module does not know, unless it is the value that leaves a column alone.
      return ast.annotations?.["expected"] !== "Statement.unset"
  }
}

const typeTextOf = (ast: SchemaAST.AST): string | undefined => {
  for (const annotations of [ast.annotations, ...(ast.checks ?? []).map((check) => check.annotations)]) {
    const found: unknown = annotations?.[cqlType]
    if (typeof found === "string") return found
  }
  return undefined
}

/** The type that a schema is of, in words. */
export const expectedOf = (ast: SchemaAST.AST): string => {
  const annotated = typeTextOf(ast)
  if (annotated !== undefined) return annotated
  switch (ast._tag) {
    case "String":
    case "TemplateLiteral":
      return "a text"
    case "Number":
      return "a number"
    case "BigInt":
      return "a bigint"
    case "Boolean":
      return "boolean"
    case "Union":
      return ast.types.filter((member) => member._tag !== "Null" && member._tag !== "Undefined").map(expectedOf).join(
        " or "
      )
    case "Declaration": {
      const representation: { readonly id?: unknown } | undefined = ast.annotations?.["representation"] ?? undefined
      return String(representation?.id ?? "another type").replace("effect/schema/", "")
    }
    case "Arrays":
      return "a list"
    case "Objects":
      return "a record"
    default:
      return ast._tag
  }
}

/** The fields or elements of the encoded side of a schema, by their names or positions. Absent where it has neither. */
export const partsOf = (ast: SchemaAST.AST): ReadonlyArray<Part> | undefined => {
  const encoded = SchemaAST.toEncoded(ast)
  if (encoded._tag === "Objects") {
    return encoded.propertySignatures.map(({ name, type }) => ({
      name: String(name),
      ast: type,
      isOptional: type.context?.isOptional === true
    }))
  }
  if (encoded._tag === "Arrays" && encoded.rest.length === 0) {
    return encoded.elements.map((element, at) => ({ name: at, ast: element, isOptional: false }))
  }
  return undefined
}

/** A field of a struct, or an element of a tuple. */
export interface Part {
  readonly name: string | number
  readonly ast: SchemaAST.AST
  readonly isOptional: boolean
}
