/**
 * Compares a written value with the value that was read.
 *
 * In doubt they differ: the statement then stays unknown, while a wrong match would make it applied.
 */
import * as BigDecimal from "effect/BigDecimal"
import { type ColumnType, parseValueType } from "../decode/columnType.ts"

/** Compares the value given for a column with the one found there, both in neutral form. `type` is that of the column. */
export const isSameValue = (given: unknown, found: unknown, type: string): boolean => {
  const parsed = parseValueType(type)
  return canonical(given, parsed) === canonical(found, parsed)
}

/** One text for all forms in which a value of a type may be given. */
const canonical = (value: unknown, type: ColumnType): string => {
  switch (typeof value) {
    case "number":
    case "bigint":
      return String(type.name === "float" ? Math.fround(Number(value)) : value)
    case "string":
      return JSON.stringify(canonicalText(value, type.name))
    case "object":
      return value === null ? "null" : canonicalObject(value, type)
    default:
      return String(value)
  }
}

const canonicalObject = (value: object, type: ColumnType): string => {
  if (Array.isArray(value)) return sequence(value, type)
  if (ArrayBuffer.isView(value)) {
    return type.name === "vector" && !(value instanceof DataView) ? sequence(elementsOf(value), type) : hexOf(value)
  }
  if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) return hexOf(new Uint8Array(value))
  if (value instanceof Date) return `date ${value.getTime()}`
  if (BigDecimal.isBigDecimal(value)) return `decimal ${BigDecimal.format(BigDecimal.normalize(value))}`
  if (value instanceof Set) return unordered(Array.from(value, (element) => canonical(element, partOf(type, 0))))
  if (value instanceof Map) {
    const [key, element] = [partOf(type, 0), partOf(type, 1)]
    return unordered(Array.from(value, ([name, each]) => `${canonical(name, key)}: ${canonical(each, element)}`))
  }
  // A user-defined type: a field without a value reads as null, and the type of a field is not known.
  const fields = Object.entries(value).filter(([, field]) => field !== null && field !== undefined)
  return unordered(fields.map(([name, field]) => `${JSON.stringify(name)} = ${canonical(field, unknownType)}`))
}

// Every view but a DataView is a typed array, which no type says of them all.
const elementsOf = (view: ArrayBufferView): ReadonlyArray<unknown> =>
  Array.from(view as ArrayBufferView & Iterable<number | bigint>)

const sequence = (values: ReadonlyArray<unknown>, type: ColumnType): string =>
  `[${values.map((value, at) => canonical(value, partOf(type, type.name === "tuple" ? at : 0))).join(", ")}]`

const unordered = (texts: ReadonlyArray<string>): string => `{${Array.from(new Set(texts)).toSorted().join(", ")}}`

const unknownType: ColumnType = { name: "", parts: [] }

const partOf = ({ parts }: ColumnType, at: number): ColumnType => parts[at] ?? unknownType

const canonicalText = (text: string, type: string): string => {
  if (type === "inet") return addressOf(text)
  return type === "uuid" || type === "timeuuid" ? text.toLowerCase() : text
}

/** The eight groups of an address of version 6. The server stores one of version 4 in the form of version 6 as one of version 4. */
const addressOf = (text: string): string => {
  if (!text.includes(":")) return text
  const [head = "", tail] = text.split("::")
  const [front, back] = [groupsOf(head), groupsOf(tail ?? "")]
  const zeros = Array.from({ length: Math.max(0, 8 - front.length - back.length) }, () => 0)
  const groups = [...front, ...zeros, ...back]
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff
  return isMapped ? groups.slice(6).flatMap((group) => [group >> 8, group & 0xff]).join(".") : groups.join(":")
}

const groupsOf = (text: string): ReadonlyArray<number> =>
  text === "" ? [] : text.split(":").flatMap((group) => {
    const [a = 0, b = 0, c = 0, d = 0] = group.split(".").map(Number)
    return group.includes(".") ? [a * 256 + b, c * 256 + d] : [Number.parseInt(group, 16)]
  })

const hexOf = ({ buffer, byteLength, byteOffset }: ArrayBufferView): string =>
  `0x${
    Array.from(new Uint8Array(buffer, byteOffset, byteLength), (byte) => byte.toString(16).padStart(2, "0")).join("")
  }`

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

const texts = new Set(["ascii", "text", "varchar", "uuid", "timeuuid", "inet"])
const integers = new Set(["tinyint", "smallint", "int", "bigint", "varint"])
const fractions = new Set(["float", "double"])
