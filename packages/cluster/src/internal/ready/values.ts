/**
 * Values as texts: two values of a type are equal if and only if their texts are.
 */
import * as BigDecimal from "effect/BigDecimal"

/**
 * The text of a value. Sets and maps come from a server in the order of their elements, so that their order counts.
 *
 * A decimal has a scale: 1.0 and 1.00 are different values in a database.
 */
export const canonical = (value: unknown): string => {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value)
    case "bigint":
      return `${value}n`
    case "number":
      return Object.is(value, -0) ? "-0" : `${value}`
    case "object":
      return ofObject(value)
    default:
      return `${value}`
  }
}

const ofObject = (value: object | null): string => {
  if (value === null) return "null"
  if (value instanceof Date) return `@${value.getTime()}`
  if (value instanceof Uint8Array) {
    return `0x${Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join("")}`
  }
  if (BigDecimal.isBigDecimal(value)) return `${value.value}e${-value.scale}`
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return `[${listed(value as Iterable<unknown>)}]`
  if (value instanceof Set) return `{${listed(value)}}`
  if (value instanceof Map) return `{${[...value].map(([key, part]) => `${canonical(key)}:${canonical(part)}`).join()}}`
  return `(${Object.entries(value).map(([key, part]) => `${JSON.stringify(key)}:${canonical(part)}`).join()})`
}

const listed = (values: Iterable<unknown>): string => Array.from(values, canonical).join()
