/**
 * Values as the bytes that a server stores: of keys, whose token they are, and of values that are compared byte by byte.
 */
import type * as BigDecimal from "effect/BigDecimal"
import { type DurationValue, toDays } from "./calendar.ts"
import * as Inet from "./inet.ts"
import type { CqlType, FieldsOf, ScalarName } from "./types.ts"

const encoder = new TextEncoder()

export const utf8 = (text: string): Uint8Array => encoder.encode(text)

/** An integer of a fixed number of bytes, in network order. */
export const integer = (value: bigint | number, length: number): Uint8Array => {
  const bytes = new Uint8Array(length)
  let rest = BigInt.asUintN(length * 8, BigInt(value))
  for (let index = length - 1; index >= 0; index--) {
    bytes[index] = Number(rest & 255n)
    rest >>= 8n
  }
  return bytes
}

/** The shortest bytes of an integer in two's complement. */
export const varint = (value: bigint): Uint8Array =>
  // One bit is for the sign; the digits of a negative number are those of its complement.
  integer(value, Math.floor((value < 0n ? -value - 1n : value).toString(2).length / 8) + 1)

export const fromVarint = (bytes: Uint8Array): bigint =>
  bytes.length === 0 ? 0n : BigInt.asIntN(bytes.length * 8, BigInt(`0x${toHex(bytes)}`))

export const toHex = (bytes: Uint8Array): string => {
  let text = ""
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0")
  return text
}

/** The bytes of an even number of hexadecimal digits. */
export const fromHex = (digits: string): Uint8Array =>
  Uint8Array.from(
    { length: digits.length / 2 },
    (_, index) => Number.parseInt(digits.slice(index * 2, index * 2 + 2), 16)
  )

export const concat = (parts: ReadonlyArray<Uint8Array>): Uint8Array => {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** One character for each byte: as the key of a Map. */
export const latin = (bytes: Uint8Array): string => {
  let text = ""
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}

const floating = (value: number, length: 4 | 8): Uint8Array => {
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  if (length === 4) view.setFloat32(0, value)
  else view.setFloat64(0, value)
  return bytes
}

/** An unsigned integer whose first byte says how many follow. */
const unsignedVInt = (value: bigint): Uint8Array => {
  const bits = value === 0n ? 1 : value.toString(2).length
  const extra = Math.min(8, Math.ceil(Math.max(0, bits - 7) / 7))
  const bytes = integer(value, extra + 1)
  bytes[0] = (bytes[0] ?? 0) | (0xff00 >> extra) & 0xff
  return bytes
}

const signedVInt = (value: bigint): Uint8Array => unsignedVInt(BigInt.asUintN(64, (value << 1n) ^ (value >> 63n)))

type Scalars = { readonly [Name in ScalarName]: (value: never) => Uint8Array }

const scalars: Scalars = {
  ascii: utf8,
  bigint: (value: bigint) => integer(value, 8),
  blob: (value: Uint8Array) => value,
  boolean: (value: boolean) => Uint8Array.of(value ? 1 : 0),
  counter: (value: bigint) => integer(value, 8),
  date: (value: string) => integer((toDays(value) ?? 0) + 2 ** 31, 4),
  decimal: (value: BigDecimal.BigDecimal) => concat([integer(value.scale, 4), varint(value.value)]),
  double: (value: number) => floating(value, 8),
  duration: (value: DurationValue) =>
    concat([signedVInt(BigInt(value.months)), signedVInt(BigInt(value.days)), signedVInt(value.nanoseconds)]),
  float: (value: number) => floating(value, 4),
  inet: (value: string) => Inet.toBytes(value) ?? new Uint8Array(0),
  int: (value: number) => integer(value, 4),
  smallint: (value: number) => integer(value, 2),
  text: utf8,
  time: (value: bigint) => integer(value, 8),
  timestamp: (value: Date) => integer(BigInt(value.getTime()), 8),
  timeuuid: (value: string) => fromHex(value.replaceAll("-", "")),
  tinyint: (value: number) => integer(value, 1),
  uuid: (value: string) => fromHex(value.replaceAll("-", "")),
  varint: (value: bigint) => varint(value)
}

const withLength = (bytes: Uint8Array | undefined): Uint8Array =>
  bytes === undefined ? integer(-1, 4) : concat([integer(bytes.length, 4), bytes])

/** The bytes of a value that is not null. */
export const toBytes = (type: CqlType, value: unknown, fieldsOf: FieldsOf): Uint8Array => {
  const part = (type: CqlType, value: unknown): Uint8Array =>
    withLength(value === null || value === undefined ? undefined : toBytes(type, value, fieldsOf))
  switch (type._tag) {
    case "Scalar":
      return (scalars[type.name] as (value: unknown) => Uint8Array)(value)
    case "List":
    case "Set": {
      const elements = Array.from(value as Iterable<unknown>)
      return concat([integer(elements.length, 4), ...elements.map((each) => part(type.element, each))])
    }
    case "Map": {
      const entries = Array.from(value as ReadonlyMap<unknown, unknown>)
      const parts = entries.flatMap(([key, value]) => [part(type.key, key), part(type.value, value)])
      return concat([integer(entries.length, 4), ...parts])
    }
    case "Tuple":
      return concat(type.elements.map((element, index) => part(element, (value as ReadonlyArray<unknown>)[index])))
    case "Udt": {
      const record = value as Readonly<Record<string, unknown>>
      return concat(fieldsOf(type.keyspace, type.name).map(({ name, type }) => part(type, record[name])))
    }
    case "Vector":
      return concat((value as ReadonlyArray<unknown>).map((each) => {
        const bytes = toBytes(type.element, each, fieldsOf)
        return isFixed(type.element) ? bytes : concat([unsignedVInt(BigInt(bytes.length)), bytes])
      }))
  }
}

const fixedScalars: ReadonlySet<ScalarName> = new Set<ScalarName>([
  "bigint",
  "boolean",
  "double",
  "float",
  "int",
  "timestamp",
  "timeuuid",
  "uuid"
])

const isFixed = (type: CqlType): boolean =>
  type._tag === "Scalar" ? fixedScalars.has(type.name) : type._tag === "Vector" && isFixed(type.element)
