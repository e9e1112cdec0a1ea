/**
 * Compares a written value with the value that was read.
 *
 * In doubt they differ: the statement then stays unknown, while a wrong match would make it applied.
 */
import * as BigDecimal from "effect/BigDecimal"
import * as Equal from "effect/Equal"

/** Compares the value given for a column with the one found there, both in neutral form. `type` is that of the column. */
export const isSameValue = (given: unknown, found: unknown, type: string): boolean => {
  if (isNumeric(given) && isNumeric(found)) {
    return String(given) === String(found) || (type.includes("float") && Math.fround(Number(given)) === found)
  }
  if (typeof given === "string" && typeof found === "string") {
    return given === found || (inAnyCase.has(type) && given.toLowerCase() === found.toLowerCase())
  }
  if (Array.isArray(given) && Array.isArray(found)) {
    return given.length === found.length && given.every((value, index) => isSameValue(value, found[index], type))
  }
  if (BigDecimal.isBigDecimal(given) && BigDecimal.isBigDecimal(found)) return BigDecimal.Equivalence(given, found)
  if (ArrayBuffer.isView(given) && ArrayBuffer.isView(found)) return hasSameBytes(bytesOf(given), bytesOf(found))
  return Equal.equals(given, found)
}

/** Returns true if a literal of a text can be compared with values of a type: many are written as strings and read as others. */
export const isComparableLiteral = (value: unknown, type: string): boolean => {
  switch (typeof value) {
    case "string":
      return texts.has(type)
    case "bigint":
      return integers.has(type) || fractions.has(type)
    case "number":
      return fractions.has(type)
    default:
      return typeof value === "boolean" && type === "boolean"
  }
}

const inAnyCase = new Set(["uuid", "timeuuid", "inet"])
const texts = new Set(["ascii", "text", "varchar", ...inAnyCase])
const integers = new Set(["tinyint", "smallint", "int", "bigint", "varint"])
const fractions = new Set(["float", "double"])

const isNumeric = (value: unknown): value is number | bigint => typeof value === "number" || typeof value === "bigint"

const bytesOf = (view: ArrayBufferView): Uint8Array => new Uint8Array(view.buffer, view.byteOffset, view.byteLength)

const hasSameBytes = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && one.every((byte, index) => byte === other[index])
