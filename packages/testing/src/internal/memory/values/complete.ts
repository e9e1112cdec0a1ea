/**
 * Values that were written before their type got another field.
 */
import type { CqlType, FieldsOf } from "./types.ts"

/** Returns true if values of a type may lack a field. */
const mayLack = (type: CqlType): boolean => {
  switch (type._tag) {
    case "Udt":
      return true
    case "List":
    case "Set":
    case "Vector":
      return mayLack(type.element)
    case "Map":
      return mayLack(type.key) || mayLack(type.value)
    case "Tuple":
      return type.elements.some(mayLack)
    case "Scalar":
      return false
  }
}

/** A value with null for each field that it lacks. */
export const complete = (type: CqlType, value: unknown, fieldsOf: FieldsOf): unknown => {
  if (value === null || value === undefined) return null
  if (!mayLack(type)) return value
  switch (type._tag) {
    case "Udt": {
      const record = value as Readonly<Record<string, unknown>>
      return Object.fromEntries(
        fieldsOf(type.keyspace, type.name).map(({ name, type }) => [name, complete(type, record[name], fieldsOf)])
      )
    }
    case "List":
    case "Vector":
      return (value as ReadonlyArray<unknown>).map((each) => complete(type.element, each, fieldsOf))
    case "Set":
      return new Set(Array.from(value as Iterable<unknown>, (each) => complete(type.element, each, fieldsOf)))
    case "Map":
      return new Map(Array.from(value as ReadonlyMap<unknown, unknown>, ([key, each]) => [
        complete(type.key, key, fieldsOf),
        complete(type.value, each, fieldsOf)
      ]))
    case "Tuple":
      return type.elements.map((element, index) =>
        complete(element, (value as ReadonlyArray<unknown>)[index], fieldsOf)
      )
    case "Scalar":
      return value
  }
}
