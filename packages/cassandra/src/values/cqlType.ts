/**
 * The types of CQL: as data, from the codes and class names of the protocol, and as text.
 */

/** The types without a structure. */
export type ScalarName =
  | "ascii"
  | "bigint"
  | "blob"
  | "boolean"
  | "counter"
  | "decimal"
  | "double"
  | "float"
  | "int"
  | "text"
  | "timestamp"
  | "uuid"
  | "varint"
  | "timeuuid"
  | "inet"
  | "date"
  | "time"
  | "smallint"
  | "tinyint"
  | "duration"

/** A type of CQL. */
export type CqlType =
  | { readonly _tag: "Scalar"; readonly name: ScalarName }
  | { readonly _tag: "List" | "Set"; readonly element: CqlType }
  | { readonly _tag: "Map"; readonly key: CqlType; readonly value: CqlType }
  | { readonly _tag: "Tuple"; readonly elements: ReadonlyArray<CqlType> }
  | { readonly _tag: "Udt"; readonly keyspace: string; readonly name: string; readonly fields: ReadonlyArray<Field> }
  | { readonly _tag: "Vector"; readonly element: CqlType; readonly dimension: number }
  | { readonly _tag: "Custom"; readonly className: string }

/** A field of a user-defined type. */
export interface Field {
  readonly name: string
  readonly type: CqlType
}

const scalar = (name: ScalarName): CqlType => ({ _tag: "Scalar", name })

// Codes of the protocol. A text column answers with either code of text.
const scalars: ReadonlyMap<number, CqlType> = new Map([
  [0x01, scalar("ascii")],
  [0x02, scalar("bigint")],
  [0x03, scalar("blob")],
  [0x04, scalar("boolean")],
  [0x05, scalar("counter")],
  [0x06, scalar("decimal")],
  [0x07, scalar("double")],
  [0x08, scalar("float")],
  [0x09, scalar("int")],
  [0x0a, scalar("text")],
  [0x0b, scalar("timestamp")],
  [0x0c, scalar("uuid")],
  [0x0d, scalar("text")],
  [0x0e, scalar("varint")],
  [0x0f, scalar("timeuuid")],
  [0x10, scalar("inet")],
  [0x11, scalar("date")],
  [0x12, scalar("time")],
  [0x13, scalar("smallint")],
  [0x14, scalar("tinyint")],
  [0x15, scalar("duration")]
])

/** The type without a structure that the protocol gives this code. */
export const scalarOf = (code: number): CqlType | undefined => scalars.get(code)

const marshal = "org.apache.cassandra.db.marshal."

const scalarClasses: ReadonlyMap<string, ScalarName> = new Map([
  ["AsciiType", "ascii"],
  ["LongType", "bigint"],
  ["BytesType", "blob"],
  ["BooleanType", "boolean"],
  ["DecimalType", "decimal"],
  ["DoubleType", "double"],
  ["FloatType", "float"],
  ["Int32Type", "int"],
  ["UTF8Type", "text"],
  ["TimestampType", "timestamp"],
  ["UUIDType", "uuid"],
  ["IntegerType", "varint"],
  ["TimeUUIDType", "timeuuid"],
  // Of functions such as `blob_as_timeuuid`.
  ["LegacyTimeUUIDType", "timeuuid"],
  ["InetAddressType", "inet"],
  ["SimpleDateType", "date"],
  ["TimeType", "time"],
  ["ShortType", "smallint"],
  ["ByteType", "tinyint"],
  ["DurationType", "duration"]
])

// Deeper than any schema. What a server sends must not exhaust the stack.
const deepest = 64

/** Reads a type that arrives as the name of its Java class, with its arguments in parentheses. */
export const fromClassName = (className: string, depth = 0): CqlType => {
  if (depth > deepest) return { _tag: "Custom", className }
  const open = className.indexOf("(")
  const name = (open < 0 ? className : className.slice(0, open)).trim().replace(marshal, "")
  const known = scalarClasses.get(name)
  if (known !== undefined) return scalar(known)
  const args = open < 0 ? [] : splitArguments(className.slice(open + 1, className.lastIndexOf(")")))
  const inner = (text: string) => fromClassName(text, depth + 1)
  if (name === "UserType") return userType(args, inner)
  const types = args.map(inner)
  const [first, second] = types
  switch (name) {
    case "VectorType":
      return first === undefined
        ? { _tag: "Custom", className }
        : { _tag: "Vector", element: first, dimension: Number(args[1]) }
    case "FrozenType":
    case "ReversedType":
      return first ?? { _tag: "Custom", className }
    case "ListType":
    case "SetType":
      return first === undefined
        ? { _tag: "Custom", className }
        : { _tag: name === "ListType" ? "List" : "Set", element: first }
    case "MapType":
      return first === undefined || second === undefined
        ? { _tag: "Custom", className }
        : { _tag: "Map", key: first, value: second }
    case "TupleType":
      return { _tag: "Tuple", elements: types }
    default:
      return { _tag: "Custom", className }
  }
}

const userType = (args: ReadonlyArray<string>, inner: (text: string) => CqlType): CqlType => ({
  _tag: "Udt",
  keyspace: args[0] ?? "",
  name: fromHex(args[1] ?? ""),
  fields: args.slice(2).map((field) => {
    const colon = field.indexOf(":")
    return { name: fromHex(field.slice(0, colon)), type: inner(field.slice(colon + 1)) }
  })
})

// Names inside of the name of a class are written as the digits of their bytes.
const fromHex = (digits: string): string => Buffer.from(digits, "hex").toString("utf8")

/** Splits at the commas outside of parentheses. */
const splitArguments = (text: string): ReadonlyArray<string> => {
  const parts: Array<string> = []
  let depth = 0
  let start = 0
  for (let index = 0; index < text.length; index++) {
    if (text[index] === "(") depth++
    if (text[index] === ")") depth--
    if (text[index] === "," && depth === 0) {
      parts.push(text.slice(start, index))
      start = index + 1
    }
  }
  return [...parts, text.slice(start)].map((part) => part.trim())
}

/** The type as it is written in CQL. */
export const toText = (type: CqlType): string => {
  switch (type._tag) {
    case "Scalar":
      return type.name
    case "List":
      return `list<${toText(type.element)}>`
    case "Set":
      return `set<${toText(type.element)}>`
    case "Map":
      return `map<${toText(type.key)}, ${toText(type.value)}>`
    case "Tuple":
      return `tuple<${type.elements.map(toText).join(", ")}>`
    case "Udt":
      return `${type.keyspace}.${type.name}`
    case "Vector":
      return `vector<${toText(type.element)}, ${type.dimension}>`
    case "Custom":
      return `'${type.className}'`
  }
}

// Elements of these types stand in a vector without their length.
const sizes: ReadonlyMap<ScalarName, number> = new Map([
  ["bigint", 8],
  ["boolean", 1],
  ["double", 8],
  ["float", 4],
  ["int", 4],
  ["timestamp", 8],
  ["timeuuid", 16],
  ["uuid", 16]
])

/** Returns true if elements of a type stand in a vector without their length, because all have the same. */
export const isFixed = (type: CqlType): boolean => sizeOf(type) > 0

/** The bytes of such an element; 0 for every other type. */
export const sizeOf = (type: CqlType): number =>
  type._tag === "Vector"
    ? sizeOf(type.element) * type.dimension
    : type._tag === "Scalar"
    ? sizes.get(type.name) ?? 0
    : 0
