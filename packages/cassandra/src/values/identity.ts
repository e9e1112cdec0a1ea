/**
 * Identity of the keys of a map, as the server compares them.
 *
 * Most types compare by their bytes. Decimals compare as numbers, whatever their scale. Sets and maps compare sorted.
 */
import * as BigDecimal from "effect/BigDecimal"
import type { CqlType } from "./cqlType.ts"
import { bytesOf, scalars } from "./encodeScalar.ts"

/** Text that two keys have in common where they are one key to the server. A key is given with its bytes, which fit its type. */
export type Identify = (key: unknown, bytes: Buffer) => string

/** The identity of keys of a type. */
export const identityOf = (type: CqlType): Identify => {
  if (comparesByBytes(type)) return (_, bytes) => bytes.toString("latin1")
  const identify = structureOf(type)
  return (key) => identify(key)
}

const comparesByBytes = (type: CqlType): boolean => {
  switch (type._tag) {
    case "Scalar":
      return type.name !== "decimal"
    case "List":
    case "Vector":
      return comparesByBytes(type.element)
    case "Tuple":
      return type.elements.every(comparesByBytes)
    case "Udt":
      return type.fields.every((field) => comparesByBytes(field.type))
    case "Set":
    case "Map":
      return false
    case "Custom":
      return true
  }
}

type Structure = (value: unknown) => string

// JSON keeps the parts apart.
const structureOf = (type: CqlType): Structure => {
  switch (type._tag) {
    case "Scalar":
      return scalarOf(type.name)
    case "List":
    case "Vector": {
      const element = structureOf(type.element)
      return (value) => JSON.stringify(Array.from(value as Iterable<unknown>, element))
    }
    case "Set": {
      const element = structureOf(type.element)
      return (value) => JSON.stringify([...new Set(Array.from(value as Iterable<unknown>, element))].sort())
    }
    case "Map": {
      const key = structureOf(type.key)
      const element = structureOf(type.value)
      return (value) =>
        JSON.stringify(
          Array.from(value as Iterable<readonly [unknown, unknown]>, (entry) => [key(entry[0]), element(entry[1])])
            .map((entry) => JSON.stringify(entry))
            .sort()
        )
    }
    case "Tuple": {
      const elements = type.elements.map(structureOf)
      return (value) =>
        JSON.stringify(elements.map((element, index) => orNull(element, Reflect.get(Object(value), index))))
    }
    case "Udt": {
      const fields = type.fields.map(({ name, type }) => ({ name, identify: structureOf(type) }))
      return (value) =>
        JSON.stringify(fields.map(({ identify, name }) => orNull(identify, Reflect.get(Object(value), name))))
    }
    case "Custom":
      return scalarOf("blob")
  }
}

const orNull = (identify: Structure, value: unknown): string | null => value === null ? null : identify(value)

const scalarOf = (name: keyof typeof scalars): Structure => {
  if (name === "decimal") {
    return (value) => {
      if (!BigDecimal.isBigDecimal(value)) return ""
      // Of a copy: the value of the caller would keep its normal form.
      const { scale, value: digits } = BigDecimal.normalize(BigDecimal.make(value.value, value.scale))
      return `${digits}e${scale}`
    }
  }
  const encode = scalars[name]
  return (value) => {
    const bytes = bytesOf(encode, value)
    return bytes instanceof Buffer ? bytes.toString("latin1") : ""
  }
}
