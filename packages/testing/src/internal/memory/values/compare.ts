/**
 * The order of values: that of rows in a partition, of elements in a set and of keys in a map.
 */
import * as BigDecimal from "effect/BigDecimal"
import { fromHex, latin, toBytes, utf8 } from "./bytes.ts"
import { toDays } from "./calendar.ts"
import * as Inet from "./inet.ts"
import type { CqlType, FieldsOf, ScalarName } from "./types.ts"

/** Negative, zero or positive. */
export type Compare = (one: unknown, other: unknown) => number

/** Orders bytes as unsigned; a prefix precedes the longer sequence. */
export const compareBytes = (one: Uint8Array, other: Uint8Array): number => {
  const length = Math.min(one.length, other.length)
  for (let index = 0; index < length; index++) {
    const difference = one[index]! - other[index]!
    if (difference !== 0) return difference
  }
  return one.length - other.length
}

const primitive = (one: bigint | number, other: bigint | number): number => one < other ? -1 : one > other ? 1 : 0

const compareDoubles = (one: number, other: number): number => {
  if (Number.isNaN(one) || Number.isNaN(other)) return Number(Number.isNaN(one)) - Number(Number.isNaN(other))
  if (one === 0 && other === 0) return Number(Object.is(other, -0)) - Number(Object.is(one, -0))
  return primitive(one, other)
}

const compareTexts = (one: string, other: string): number => one === other ? 0 : compareBytes(utf8(one), utf8(other))

/** The 60 bits of time of a version 1 uuid, most significant digits first. */
const timeOf = (uuid: string): string => uuid.slice(15, 18) + uuid.slice(9, 13) + uuid.slice(0, 8)

const compareTimeUuids = (one: string, other: string): number => {
  const byTime = primitive(BigInt(`0x${timeOf(one)}`), BigInt(`0x${timeOf(other)}`))
  if (byTime !== 0) return byTime
  const signed = (uuid: string) => Int8Array.from(fromHex(uuid.slice(19).replace("-", "")))
  const [left, right] = [signed(one), signed(other)]
  const at = left.findIndex((byte, index) => byte !== right[index])
  return at < 0 ? 0 : left[at]! - right[at]!
}

const compareUuids = (one: string, other: string): number => {
  const byVersion = Number.parseInt(one[14] ?? "0", 16) - Number.parseInt(other[14] ?? "0", 16)
  if (byVersion !== 0) return byVersion
  const byTime = one[14] === "1" ? primitive(BigInt(`0x${timeOf(one)}`), BigInt(`0x${timeOf(other)}`)) : 0
  return byTime !== 0 ? byTime : one < other ? -1 : one > other ? 1 : 0
}

const numbers = (one: number, other: number): number => one - other
const bigints = (one: bigint, other: bigint): number => primitive(one, other)

type Scalars = { readonly [Name in ScalarName]: (one: never, other: never) => number }

const scalars: Scalars = {
  ascii: compareTexts,
  bigint: bigints,
  blob: compareBytes,
  boolean: (one: boolean, other: boolean) => Number(one) - Number(other),
  counter: bigints,
  date: (one: string, other: string) => (toDays(one) ?? 0) - (toDays(other) ?? 0),
  decimal: (one: BigDecimal.BigDecimal, other: BigDecimal.BigDecimal) => BigDecimal.Order(one, other),
  double: compareDoubles,
  // Durations have no order. Two are the same when their bytes are.
  duration: () => 0,
  float: compareDoubles,
  inet: (one: string, other: string) =>
    compareBytes(Inet.toBytes(one) ?? new Uint8Array(0), Inet.toBytes(other) ?? new Uint8Array(0)),
  int: numbers,
  smallint: numbers,
  text: compareTexts,
  time: bigints,
  timestamp: (one: Date, other: Date) => one.getTime() - other.getTime(),
  timeuuid: compareTimeUuids,
  tinyint: numbers,
  uuid: compareUuids,
  varint: bigints
}

/** The order of the values of a type. Null is before everything else. */
export const comparator = (type: CqlType, fieldsOf: FieldsOf): Compare => {
  const compare = comparatorOf(type, fieldsOf)
  return (one, other) =>
    isNull(one) || isNull(other) ? Number(isNull(other)) - Number(isNull(one)) : compare(one, other)
}

const isNull = (value: unknown): boolean => value === null || value === undefined

const comparatorOf = (type: CqlType, fieldsOf: FieldsOf): Compare => {
  switch (type._tag) {
    case "Scalar":
      if (type.name === "duration") {
        return (one, other) => compareBytes(toBytes(type, one, fieldsOf), toBytes(type, other, fieldsOf))
      }
      return scalars[type.name] as Compare
    case "List":
    case "Set":
      return sequences(comparator(type.element, fieldsOf))
    case "Map": {
      const key = comparator(type.key, fieldsOf)
      const value = comparator(type.value, fieldsOf)
      const entries = sequences((one, other) => {
        const [left, right] = [one as readonly [unknown, unknown], other as readonly [unknown, unknown]]
        return key(left[0], right[0]) || value(left[1], right[1])
      })
      return entries
    }
    case "Tuple":
      return parts(
        type.elements.map((element) => comparator(element, fieldsOf)),
        (value, index) => (value as ReadonlyArray<unknown>)[index]
      )
    case "Udt": {
      const fields = fieldsOf(type.keyspace, type.name)
      return parts(
        fields.map((field) => comparator(field.type, fieldsOf)),
        (value, index) => (value as Readonly<Record<string, unknown>>)[fields[index]!.name]
      )
    }
    case "Vector":
      return sequences(comparator(type.element, fieldsOf))
  }
}

const sequences = (element: Compare): Compare => (one, other) => {
  const left = Array.from(one as Iterable<unknown>)
  const right = Array.from(other as Iterable<unknown>)
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    const difference = element(left[index], right[index])
    if (difference !== 0) return difference
  }
  return left.length - right.length
}

const parts =
  (compares: ReadonlyArray<Compare>, at: (value: unknown, index: number) => unknown): Compare => (one, other) => {
    for (const [index, compare] of compares.entries()) {
      const difference = compare(at(one, index), at(other, index))
      if (difference !== 0) return difference
    }
    return 0
  }

/** A text that is the same for values that are one element to the server. */
export const identity = (type: CqlType, value: unknown, fieldsOf: FieldsOf): string =>
  type._tag === "Scalar" && type.name === "decimal"
    ? BigDecimal.format(BigDecimal.normalize(value as BigDecimal.BigDecimal))
    : latin(toBytes(type, value, fieldsOf))

/** A set in the order of its elements; of equal ones the first stays. */
export const sortedSet = (type: CqlType, elements: Iterable<unknown>, fieldsOf: FieldsOf): Set<unknown> => {
  const compare = comparator(type, fieldsOf)
  const sorted = Array.from(elements).sort(compare)
  return new Set(sorted.filter((each, at) => at === 0 || compare(sorted[at - 1], each) !== 0))
}

/** A map in the order of its keys; of equal ones the last stays. */
export const sortedMap = (
  type: CqlType,
  entries: Iterable<readonly [unknown, unknown]>,
  fieldsOf: FieldsOf
): Map<unknown, unknown> => {
  const compare = comparator(type, fieldsOf)
  const unique = new Map(Array.from(entries, (entry) => [identity(type, entry[0], fieldsOf), entry] as const))
  return new Map([...unique.values()].sort(([one], [other]) => compare(one, other)))
}
