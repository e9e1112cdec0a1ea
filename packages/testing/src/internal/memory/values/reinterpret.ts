/**
 * The bytes of a value of one type as a value of another one.
 */
import * as BigDecimal from "effect/BigDecimal"
import { unsupported } from "../failures.ts"
import { fromVarint, toBytes, toHex, utf8 } from "./bytes.ts"
import { fromDays } from "./calendar.ts"
import * as Inet from "./inet.ts"
import { type CqlType, type FieldsOf, sameType, type ScalarName } from "./types.ts"

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const uuidText = (bytes: Uint8Array): string => {
  const digits = toHex(bytes)
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join(
    "-"
  )
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

// Bytes that are no text are read as other characters, whose bytes differ.
const isUtf8 = (bytes: Uint8Array): boolean => toHex(utf8(decoder.decode(bytes))) === toHex(bytes)

const ofLength = (...lengths: ReadonlyArray<number>) => ({ length }: Uint8Array): boolean => lengths.includes(length)

const checks: { readonly [Name in ScalarName]?: (bytes: Uint8Array) => boolean } = {
  ascii: (bytes) => bytes.every((byte) => byte < 128),
  bigint: ofLength(8),
  boolean: ofLength(1),
  date: ofLength(4),
  decimal: ({ length }) => length >= 4,
  double: ofLength(8),
  float: ofLength(4),
  inet: ofLength(4, 16),
  int: ofLength(4),
  smallint: ofLength(2),
  text: isUtf8,
  time: ofLength(8),
  timestamp: ofLength(8),
  timeuuid: (bytes) => bytes.length === 16 && (bytes[6] ?? 0) >> 4 === 1,
  tinyint: ofLength(1),
  uuid: ofLength(16)
}

const text = (bytes: Uint8Array): string => decoder.decode(bytes)

const nanosPerDay = 86_400_000_000_000n

// Adapters refuse these when they read a row.
const beyond = (type: string) => unsupported(`a ${type} beyond the range that an adapter can return`)

const readers: { readonly [Name in ScalarName]?: (bytes: Uint8Array) => unknown } = {
  ascii: text,
  bigint: (bytes) => view(bytes).getBigInt64(0),
  blob: (bytes) => bytes,
  boolean: (bytes) => bytes[0] !== 0,
  counter: (bytes) => view(bytes).getBigInt64(0),
  date: (bytes) => fromDays(view(bytes).getUint32(0) - 2 ** 31),
  decimal: (bytes) => BigDecimal.make(fromVarint(bytes.subarray(4)), view(bytes).getInt32(0)),
  double: (bytes) => view(bytes).getFloat64(0),
  float: (bytes) => view(bytes).getFloat32(0),
  inet: Inet.toText,
  int: (bytes) => view(bytes).getInt32(0),
  smallint: (bytes) => view(bytes).getInt16(0),
  text,
  time: (bytes) => {
    const nanos = view(bytes).getBigInt64(0)
    if (nanos < 0n || nanos >= nanosPerDay) throw beyond("time")
    return nanos
  },
  timestamp: (bytes) => {
    const date = new Date(Number(view(bytes).getBigInt64(0)))
    if (Number.isNaN(date.getTime())) throw beyond("timestamp")
    return date
  },
  timeuuid: uuidText,
  tinyint: (bytes) => view(bytes).getInt8(0),
  uuid: uuidText,
  varint: fromVarint
}

/** The value of bytes; `undefined` if they are none of the type. */
export const fromBytes = (name: ScalarName, bytes: Uint8Array): unknown => {
  if (bytes.length === 0 && name !== "ascii" && name !== "text" && name !== "blob") {
    throw unsupported(`an empty value of type ${name}`, "Use null.")
  }
  return checks[name]?.(bytes) === false ? undefined : readers[name]?.(bytes)
}

// Values of these types have a form in which a value of the other type is one already.
const aliases: { readonly [Name in ScalarName]?: ReadonlyArray<ScalarName> } = {
  bigint: ["counter"],
  counter: ["bigint"],
  text: ["ascii"],
  uuid: ["timeuuid"]
}

// A server stores the bytes of these as they are.
const compatible: { readonly [Name in ScalarName]?: ReadonlyArray<ScalarName> } = {
  bigint: ["timestamp"],
  date: ["int"],
  time: ["bigint"],
  timestamp: ["bigint"],
  varint: ["bigint", "int", "timestamp"]
}

/** Returns true if values of a type are values of another one as well. */
export const isAssignable = (from: CqlType, to: CqlType): boolean => {
  if (sameType(from, to)) return true
  if (to._tag !== "Scalar") return false
  if (to.name === "blob") return true
  return from._tag === "Scalar" &&
    (aliases[to.name]?.includes(from.name) === true || compatible[to.name]?.includes(from.name) === true)
}

/** The value of a type as one of a type to which it is assignable. */
export const reinterpret = (
  value: unknown,
  from: CqlType,
  { type: to }: { readonly type: CqlType },
  fieldsOf: FieldsOf
): unknown => {
  if (value === null || to._tag !== "Scalar" || sameType(from, to)) return value
  if (from._tag === "Scalar" && aliases[to.name]?.includes(from.name) === true) return value
  return fromBytes(to.name, toBytes(from, value, fieldsOf))
}
