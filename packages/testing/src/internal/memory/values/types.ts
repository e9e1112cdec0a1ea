/**
 * The types of CQL, as a schema knows them.
 */
import type { TypeName } from "../cql/ast.ts"
import { invalid, syntaxError } from "../failures.ts"

/** The types without a structure. */
export type ScalarName =
  | "ascii"
  | "bigint"
  | "blob"
  | "boolean"
  | "counter"
  | "date"
  | "decimal"
  | "double"
  | "duration"
  | "float"
  | "inet"
  | "int"
  | "smallint"
  | "text"
  | "time"
  | "timestamp"
  | "timeuuid"
  | "tinyint"
  | "uuid"
  | "varint"

export interface Scalar {
  readonly _tag: "Scalar"
  readonly name: ScalarName
}

export interface Field {
  readonly name: string
  readonly type: CqlType
}

export interface Udt {
  readonly _tag: "Udt"
  readonly keyspace: string
  readonly name: string
  readonly frozen: boolean
}

/** A type. Collections and user-defined types are one value when frozen, and one value for each element when not. */
export type CqlType =
  | Scalar
  | { readonly _tag: "List"; readonly element: CqlType; readonly frozen: boolean }
  | { readonly _tag: "Set"; readonly element: CqlType; readonly frozen: boolean }
  | { readonly _tag: "Map"; readonly key: CqlType; readonly value: CqlType; readonly frozen: boolean }
  | { readonly _tag: "Tuple"; readonly elements: ReadonlyArray<CqlType> }
  | Udt
  | { readonly _tag: "Vector"; readonly element: CqlType; readonly dimension: number }

/** Where the fields of user-defined types are looked up: they change with their type. */
export type FieldsOf = (keyspace: string, name: string) => ReadonlyArray<Field>

export const scalar = (name: ScalarName): Scalar => ({ _tag: "Scalar", name })

const scalarNames: ReadonlyMap<string, ScalarName> = new Map<string, ScalarName>([
  ...([
    "ascii",
    "bigint",
    "blob",
    "boolean",
    "counter",
    "date",
    "decimal",
    "double",
    "duration",
    "float",
    "inet",
    "int",
    "smallint",
    "text",
    "time",
    "timestamp",
    "timeuuid",
    "tinyint",
    "uuid",
    "varint"
  ] as const).map((name) => [name, name] as const),
  ["varchar", "text"]
])

/** The type without a structure that a name stands for. */
export const scalarOf = (name: string): Scalar | undefined => {
  const found = scalarNames.get(name)
  return found && scalar(found)
}

/** The type of a name, with the user-defined types of a keyspace. */
export const resolveType = (type: TypeName, keyspace: string, hasType: (keyspace: string, name: string) => boolean) =>
  resolve(type, { keyspace, hasType, frozen: false })

interface Scope {
  readonly keyspace: string
  readonly hasType: (keyspace: string, name: string) => boolean
  readonly frozen: boolean
}

const resolve = (type: TypeName, scope: Scope): CqlType => {
  switch (type._tag) {
    case "Frozen": {
      const frozen = resolve(type.type, { ...scope, frozen: true })
      if (frozen._tag !== "Scalar") return frozen
      const given = typeNameText(type.type)
      throw syntaxError(
        `frozen<> is only allowed on collections, tuples, and user-defined types (got ${given})`
      )
    }
    case "ListOf":
    case "SetOf":
      return {
        _tag: type._tag === "ListOf" ? "List" : "Set",
        element: inner(type.element, scope, type),
        frozen: scope.frozen
      }
    case "MapOf":
      return {
        _tag: "Map",
        key: inner(type.key, scope, type),
        value: inner(type.value, scope, type),
        frozen: scope.frozen
      }
    case "TupleOf":
      return { _tag: "Tuple", elements: type.elements.map((each) => resolve(each, { ...scope, frozen: true })) }
    case "VectorOf":
      if (type.dimension <= 0) throw invalid(`vectors may only have positive dimensions; given ${type.dimension}`)
      return {
        _tag: "Vector",
        element: resolve(type.element, { ...scope, frozen: true }),
        dimension: type.dimension
      }
    case "CustomClass":
      throw invalid(`the memory session has no type '${type.className}'`)
    case "Named": {
      const name = type.isQuoted || type.keyspace !== undefined ? undefined : scalarNames.get(type.name)
      if (name !== undefined) return scalar(name)
      const keyspace = type.keyspace ?? scope.keyspace
      if (!scope.hasType(keyspace, type.name)) throw invalid(`Unknown type ${keyspace}.${type.name}`)
      return { _tag: "Udt", keyspace, name: type.name, frozen: scope.frozen }
    }
  }
}

/** The type of an element. Only one level of a type that is not frozen can be written element by element. */
const inner = (type: TypeName, scope: Scope, outer: TypeName): CqlType => {
  const element = resolve(type, scope)
  if (!scope.frozen && isMultiCell(element)) {
    throw invalid(
      element._tag === "Udt"
        ? `Non-frozen UDTs are not allowed inside collections: ${typeNameText(outer)}`
        : `Non-frozen collections are not allowed inside collections: ${typeNameText(outer)}`
    )
  }
  return element
}

/** A type as it was written. */
export const typeNameText = (type: TypeName): string => {
  switch (type._tag) {
    case "Frozen":
      return `frozen<${typeNameText(type.type)}>`
    case "ListOf":
      return `list<${typeNameText(type.element)}>`
    case "SetOf":
      return `set<${typeNameText(type.element)}>`
    case "MapOf":
      return `map<${typeNameText(type.key)}, ${typeNameText(type.value)}>`
    case "TupleOf":
      return `tuple<${type.elements.map(typeNameText).join(", ")}>`
    case "VectorOf":
      return `vector<${typeNameText(type.element)}, ${type.dimension}>`
    case "CustomClass":
      return `'${type.className}'`
    case "Named":
      return type.keyspace === undefined ? type.name : `${type.keyspace}.${type.name}`
  }
}

/** Returns true if values of a type are stored element by element. */
export const isMultiCell = (type: CqlType): boolean =>
  (type._tag === "List" || type._tag === "Set" || type._tag === "Map" || type._tag === "Udt") && !type.frozen

export const isCollection = (type: CqlType): boolean =>
  type._tag === "List" || type._tag === "Set" || type._tag === "Map"

export const isCounter = (type: CqlType): boolean => type._tag === "Scalar" && type.name === "counter"

/** A type as the server writes it in its schema: frozen ones in `frozen<>`. */
export const schemaText = (type: CqlType): string => {
  const text = innerText(type, schemaText)
  return "frozen" in type && type.frozen || type._tag === "Tuple" ? `frozen<${text}>` : text
}

/** A type as adapters write that of a column. */
export const columnText = (type: CqlType): string => innerText(type, columnText, (udt) => `${udt.keyspace}.${udt.name}`)

const innerText = (
  type: CqlType,
  of: (type: CqlType) => string,
  udtText: (type: Extract<CqlType, { readonly _tag: "Udt" }>) => string = (udt) => udt.name
): string => {
  switch (type._tag) {
    case "Scalar":
      return type.name
    case "List":
      return `list<${of(type.element)}>`
    case "Set":
      return `set<${of(type.element)}>`
    case "Map":
      return `map<${of(type.key)}, ${of(type.value)}>`
    case "Tuple":
      return `tuple<${type.elements.map(of).join(", ")}>`
    case "Udt":
      return udtText(type)
    case "Vector":
      return `vector<${of(type.element)}, ${type.dimension}>`
  }
}
/** The same type with tuples in place of user-defined types, which it outlives. */
export const withoutUdts = (type: CqlType, fieldsOf: FieldsOf): CqlType => {
  const inner = (part: CqlType): CqlType => withoutUdts(part, fieldsOf)
  switch (type._tag) {
    case "Scalar":
      return type
    case "List":
    case "Set":
    case "Vector":
      return { ...type, element: inner(type.element) }
    case "Map":
      return { ...type, key: inner(type.key), value: inner(type.value) }
    case "Tuple":
      return { ...type, elements: type.elements.map(inner) }
    case "Udt":
      return { _tag: "Tuple", elements: fieldsOf(type.keyspace, type.name).map((field) => inner(field.type)) }
  }
}

/** The same type, frozen. */
export const frozen = (type: CqlType): CqlType => "frozen" in type ? { ...type, frozen: true } : type

export const sameType = (one: CqlType, other: CqlType): boolean => columnText(one) === columnText(other)
