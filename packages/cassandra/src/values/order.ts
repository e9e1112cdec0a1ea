/**
 * The order in which a server keeps the elements of a set and the keys of a map.
 *
 * It brings those of a column into this order itself. Within a tuple, a user-defined type or a vector it keeps the bytes as they
 * come: in another order they would be another key, and another value to a condition.
 */
import type { CqlType, ScalarName } from "./cqlType.ts"
import { isFixed, sizeOf } from "./cqlType.ts"
import { int32At } from "./decodeScalar.ts"
import { nullLength } from "./output.ts"
import * as Varint from "./varint.ts"

/** Compares two values of a type, given by their bytes: negative, zero if they are one to the server, or positive. */
export type Order = (bytes: Buffer, one: number, oneEnd: number, other: number, otherEnd: number) => number

/** The order of a type. That of a type that is not known is the order of its bytes. */
export const orderOf = (type: CqlType): Order => {
  switch (type._tag) {
    case "Scalar":
      return scalars[type.name] ?? byBytes
    case "List":
    case "Set":
      return sequences([orderOf(type.element)])
    case "Map":
      return sequences([orderOf(type.key), orderOf(type.value)])
    case "Tuple":
      return parts(type.elements.map(orderOf))
    case "Udt":
      return parts(type.fields.map((field) => orderOf(field.type)))
    case "Vector":
      return isFixed(type.element) ? fixedVectors(orderOf(type.element), sizeOf(type.element)) : vectors(type)
    case "Custom":
      return byBytes
  }
}

const byBytes: Order = (bytes, one, oneEnd, other, otherEnd) => bytes.compare(bytes, other, otherEnd, one, oneEnd)

const signed: Order = (bytes, one, oneEnd, other, otherEnd) =>
  bytes.readInt8(one) - bytes.readInt8(other) || byBytes(bytes, one, oneEnd, other, otherEnd)

const primitive = (one: bigint | number, other: bigint | number): number => one < other ? -1 : one > other ? 1 : 0

const varint: Order = (bytes, one, oneEnd, other, otherEnd) =>
  primitive(Varint.fromBytes(bytes.subarray(one, oneEnd)), Varint.fromBytes(bytes.subarray(other, otherEnd)))

// By their magnitudes first: to bring two scales together may take more memory than there is.
const decimal: Order = (bytes, one, oneEnd, other, otherEnd) => {
  const [left, right] = [
    Varint.fromBytes(bytes.subarray(one + 4, oneEnd)),
    Varint.fromBytes(bytes.subarray(other + 4, otherEnd))
  ]
  const sign = primitive(left, 0n)
  const bySign = sign - primitive(right, 0n)
  if (bySign !== 0 || sign === 0) return bySign
  const [leftScale, rightScale] = [int32At(bytes, one), int32At(bytes, other)]
  const byMagnitude = magnitudeOf(left) - leftScale - (magnitudeOf(right) - rightScale)
  if (byMagnitude !== 0) return sign * byMagnitude
  const difference = leftScale - rightScale
  return difference < 0
    ? primitive(left * 10n ** BigInt(-difference), right)
    : primitive(left, right * 10n ** BigInt(difference))
}

const magnitudeOf = (value: bigint): number => String(value < 0n ? -value : value).length

// NaN is the greatest number, and -0 is less than 0.
const floating = (one: number, other: number): number => {
  if (Number.isNaN(one) || Number.isNaN(other)) return Number(Number.isNaN(one)) - Number(Number.isNaN(other))
  return primitive(one, other) || Number(Object.is(other, -0)) - Number(Object.is(one, -0))
}

const byTime: Order = (bytes, one, _, other) =>
  byBytes(bytes, one + 6, one + 8, other + 6, other + 8) ||
  byBytes(bytes, one + 4, one + 6, other + 4, other + 6) ||
  byBytes(bytes, one, one + 4, other, other + 4)

const version = (bytes: Buffer, at: number): number => bytes[at + 6]! >> 4

const uuid: Order = (bytes, one, oneEnd, other, otherEnd) =>
  version(bytes, one) - version(bytes, other) ||
  (version(bytes, one) === 1 ? byTime(bytes, one, oneEnd, other, otherEnd) : 0) ||
  byBytes(bytes, one, oneEnd, other, otherEnd)

const timeuuid: Order = (bytes, one, oneEnd, other, otherEnd) => {
  const difference = byTime(bytes, one, oneEnd, other, otherEnd)
  if (difference !== 0) return difference
  for (let index = 8; index < 16; index++) {
    const signedDifference = bytes.readInt8(one + index) - bytes.readInt8(other + index)
    if (signedDifference !== 0) return signedDifference
  }
  return 0
}

const scalars: { readonly [Name in ScalarName]?: Order } = {
  bigint: signed,
  counter: signed,
  decimal,
  double: (bytes, one, _, other) => floating(bytes.readDoubleBE(one), bytes.readDoubleBE(other)),
  float: (bytes, one, _, other) => floating(bytes.readFloatBE(one), bytes.readFloatBE(other)),
  int: signed,
  timestamp: signed,
  uuid,
  varint,
  timeuuid,
  smallint: signed,
  tinyint: signed
}

/** Compares element by element, and then by their number. The entries of a map have two parts each. */
const sequences = (orders: ReadonlyArray<Order>): Order => (bytes, one, _, other) => {
  const [left, right] = [int32At(bytes, one), int32At(bytes, other)]
  let [at, otherAt] = [one + 4, other + 4]
  for (let index = 0; index < Math.min(left, right); index++) {
    for (const order of orders) {
      const [start, otherStart] = [at + 4, otherAt + 4]
      at = start + int32At(bytes, at)
      otherAt = otherStart + int32At(bytes, otherAt)
      const difference = order(bytes, start, at, otherStart, otherAt)
      if (difference !== 0) return difference
    }
  }
  return left - right
}

/** Compares field by field. Null is before everything else. */
const parts = (orders: ReadonlyArray<Order>): Order => (bytes, one, _, other) => {
  let [at, otherAt] = [one, other]
  for (const order of orders) {
    const [length, otherLength] = [int32At(bytes, at), int32At(bytes, otherAt)]
    const [start, otherStart] = [at + 4, otherAt + 4]
    at = start + Math.max(0, length)
    otherAt = otherStart + Math.max(0, otherLength)
    const difference = length === nullLength || otherLength === nullLength
      ? Number(otherLength === nullLength) - Number(length === nullLength)
      : order(bytes, start, at, otherStart, otherAt)
    if (difference !== 0) return difference
  }
  return 0
}

const fixedVectors = (order: Order, size: number): Order => (bytes, one, oneEnd, other) => {
  for (let at = 0; at < oneEnd - one; at += size) {
    const difference = order(bytes, one + at, one + at + size, other + at, other + at + size)
    if (difference !== 0) return difference
  }
  return 0
}

const vectors = ({ dimension, element }: CqlType & { readonly _tag: "Vector" }): Order => {
  const order = orderOf(element)
  return (bytes, one, oneEnd, other, otherEnd) => {
    const [left, right] = [new Varint.Reader(bytes, one, oneEnd), new Varint.Reader(bytes, other, otherEnd)]
    for (let index = 0; index < dimension; index++) {
      const [length, otherLength] = [Number(left.unsigned()), Number(right.unsigned())]
      const [start, otherStart] = [left.at, right.at]
      left.at += length
      right.at += otherLength
      const difference = order(bytes, start, left.at, otherStart, right.at)
      if (difference !== 0) return difference
    }
    return 0
  }
}
