/**
 * The schemas of CQL types, as TypeScript.
 */

import type { ColumnType } from "@effect-cql/core/Port"

const scalars: Readonly<Record<string, string>> = {
  ascii: "Ascii",
  bigint: "BigInt",
  blob: "Blob",
  boolean: "Boolean",
  counter: "Counter",
  date: "Date",
  decimal: "Decimal",
  double: "Double",
  duration: "Duration",
  float: "Float",
  inet: "Inet",
  int: "Int",
  smallint: "SmallInt",
  text: "Text",
  time: "Time",
  timestamp: "Timestamp",
  timeuuid: "TimeUuid",
  tinyint: "TinyInt",
  uuid: "Uuid",
  varchar: "Text",
  varint: "Varint"
}

/** The name of a user-defined type, without its quotes. */
export const udtName = (name: string): string => name.replace(/^"(.*)"$/, "$1").replaceAll("\"\"", "\"")

/** The user-defined types that a type has in it. */
export const udtsOf = ({ name, parts }: ColumnType): ReadonlyArray<string> =>
  parts.length > 0 ? parts.flatMap(udtsOf) : Object.hasOwn(scalars, name) || name.startsWith("'") ? [] : [udtName(name)]

/**
 * The schema of a type, as an expression; absent where there is none. `classOf` has the classes of user-defined types. A part of
 * another type is frozen by itself.
 */
export const schemaOf = (
  { name, parts }: ColumnType,
  classOf: (udt: string) => string | undefined,
  isPart = false
): string | undefined => {
  const schemas = (of: ReadonlyArray<ColumnType>): ReadonlyArray<string> | undefined => {
    const found = of.map((part) => schemaOf(part, classOf, true))
    return found.every((schema) => schema !== undefined) ? found : undefined
  }
  const call = (maker: string, of: ReadonlyArray<ColumnType>): string | undefined => {
    const found = schemas(of)
    return found === undefined ? undefined : `CqlSchema.${maker}(${found.join(", ")})`
  }
  const [first] = parts
  switch (name) {
    case "frozen": {
      if (first === undefined) return undefined
      const inner = schemaOf(first, classOf, isPart)
      return inner === undefined || isPart || first.name === "tuple" ? inner : `CqlSchema.Frozen(${inner})`
    }
    case "list":
      return call("List", parts)
    case "set":
      return call("Set", parts)
    case "map":
      return call("Map", parts)
    case "tuple": {
      const found = schemas(parts)
      return found === undefined ? undefined : `CqlSchema.Tuple([${found.join(", ")}])`
    }
    case "vector": {
      const element = first === undefined ? undefined : schemaOf(first, classOf, true)
      const size = parts[1]?.name
      return element === undefined || size === undefined ? undefined : `CqlSchema.Vector(${size}, ${element})`
    }
    default:
      return Object.hasOwn(scalars, name) ? `CqlSchema.${scalars[name]}` : classOf(udtName(name))
  }
}
