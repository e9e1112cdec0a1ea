/**
 * The bytes of values without a structure.
 */
import { kindOf } from "@effect-cql/core/Port"
import * as BigDecimal from "effect/BigDecimal"
import * as Calendar from "./calendar.ts"
import type { ScalarName } from "./cqlType.ts"
import * as Inet from "./inet.ts"
import * as Varint from "./varint.ts"

/** A value that does not fit: what was expected where, and the kind of what was given. */
export class Refusal {
  readonly expected: string
  readonly given: string
  /** Where inside of a collection, such as `[2]` or `.street`. */
  readonly at: string

  constructor(expected: string, given: string, at = "") {
    this.expected = expected
    this.given = given
    this.at = at
  }

  within(step: string): Refusal {
    return new Refusal(this.expected, this.given, step + this.at)
  }
}

/** The bytes of a value that is not null. */
export type Encode = (value: unknown) => Buffer | Refusal

/** An encoder of what passes a test. */
const when =
  <A>(expected: string, fits: (value: unknown) => value is A, write: (value: A) => Buffer | undefined): Encode =>
  (value) =>
    fits(value) ? write(value) ?? new Refusal(expected, described(value)) : new Refusal(expected, kindOf(value))

/** The problem of a value of the right kind, as far as it can be described without showing the value. */
const described = (value: unknown): string => {
  if (typeof value !== "number") {
    return value instanceof Date && isNaN(value.getTime())
      ? "an invalid Date"
      : kindOf(value)
  }
  return Number.isNaN(value)
    ? "NaN"
    : Number.isInteger(value)
    ? "an integer out of range"
    : "a number that is not whole"
}

const isString = (value: unknown): value is string => typeof value === "string"
const isNumber = (value: unknown): value is number => typeof value === "number"
const isBoolean = (value: unknown): value is boolean => typeof value === "boolean"

const integer = (name: ScalarName, length: 1 | 2 | 4): Encode => {
  const limit = 2 ** (length * 8 - 1)
  return when(`${name}, an integer number`, isNumber, (value) => {
    if (!Number.isInteger(value) || value < -limit || value >= limit) return undefined
    const bytes = Buffer.allocUnsafe(length)
    if (length === 4) bytes.writeInt32BE(value)
    else bytes.writeIntBE(value, 0, length)
    return bytes
  })
}

// A safe integer is a bigint without loss; beyond that a number is wrong before it comes here.
const isWhole = (value: unknown): value is bigint | number => typeof value === "bigint" || Number.isSafeInteger(value)

const long = (name: ScalarName): Encode =>
  when(`${name}, a bigint of 64 bits`, isWhole, (value) => {
    const whole = BigInt(value)
    if (whole !== BigInt.asIntN(64, whole)) return undefined
    const bytes = Buffer.allocUnsafe(8)
    bytes.writeBigInt64BE(whole)
    return bytes
  })

const hyphens: ReadonlySet<number> = new Set([8, 13, 18, 23])

// The places of the 32 digits in the text, and the worth of a character: -1 where it is no digit.
const digitPlaces = Uint8Array.from({ length: 36 }, (_, place) => place).filter((place) => !hyphens.has(place))
const worth = Int8Array.from(
  { length: 128 },
  (_, code) => "0123456789abcdef".indexOf(String.fromCharCode(code).toLowerCase())
)

// Character by character: texts cut and joined cost more than all else that a statement with a uuid allocates.
const uuid = (text: string): Buffer | undefined => {
  if (text.length !== 36) return undefined
  for (const place of hyphens) if (text.charCodeAt(place) !== 0x2d) return undefined
  const bytes = Buffer.allocUnsafe(16)
  for (let index = 0; index < 16; index++) {
    const high = worth[text.charCodeAt(digitPlaces[index * 2]!)] ?? -1
    const low = worth[text.charCodeAt(digitPlaces[index * 2 + 1]!)] ?? -1
    if (high < 0 || low < 0) return undefined
    bytes[index] = high * 16 + low
  }
  return bytes
}

const nanosecondsOfDay = 86_400_000_000_000n

const isBytes = (value: unknown): value is ArrayBufferView | ArrayBuffer =>
  ArrayBuffer.isView(value) || value instanceof ArrayBuffer

interface Duration {
  readonly months: number
  readonly days: number
  readonly nanoseconds: bigint
}

const isDuration = (value: unknown): value is Duration => {
  if (typeof value !== "object" || value === null) return false
  const { days, months, nanoseconds, ...others } = value as Partial<Record<keyof Duration, unknown>>
  return Object.keys(others).length === 0 && isInt32(months) && isInt32(days) && typeof nanoseconds === "bigint" &&
    nanoseconds === BigInt.asIntN(64, nanoseconds) &&
    (months >= 0 && days >= 0 && nanoseconds >= 0n || months <= 0 && days <= 0 && nanoseconds <= 0n)
}

const isInt32 = (value: unknown): value is number => Number.isInteger(value) && value === Number(value) >> 0

/** The encodings of the types without a structure. */
export const scalars: { readonly [Name in ScalarName]: Encode } = {
  ascii: when("ascii, a string of ASCII characters", isString, (value) =>
    // oxlint-disable-next-line no-control-regex -- they are ASCII
    /^[\x00-\x7f]*$/.test(value) ? Buffer.from(value, "latin1") : undefined),
  bigint: long("bigint"),
  blob: when("blob, a Uint8Array or another view of bytes", isBytes, (value) =>
    // The bytes are read while the request is written, which is before the statement ends.
    ArrayBuffer.isView(value) ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : Buffer.from(value)),
  boolean: when("boolean", isBoolean, (value) => Buffer.of(value ? 1 : 0)),
  counter: long("counter"),
  decimal: when("decimal, a BigDecimal of Effect", BigDecimal.isBigDecimal, ({ scale, value }) => {
    if (!isInt32(scale)) return undefined
    const bytes = Buffer.allocUnsafe(4)
    bytes.writeInt32BE(scale)
    return Buffer.concat([bytes, Varint.toBytes(value)])
  }),
  double: when("double, a number", isNumber, (value) => {
    const bytes = Buffer.allocUnsafe(8)
    bytes.writeDoubleBE(value)
    return bytes
  }),
  float: when("float, a number within its range", isNumber, (value) => {
    if (Number.isFinite(value) && !Number.isFinite(Math.fround(value))) return undefined
    const bytes = Buffer.allocUnsafe(4)
    bytes.writeFloatBE(value)
    return bytes
  }),
  int: integer("int", 4),
  // A lone surrogate would become another character on its way.
  text: when(
    "text, a well-formed string",
    isString,
    (value) => value.isWellFormed() ? Buffer.from(value, "utf8") : undefined
  ),
  timestamp: when("timestamp, a valid Date", (value) => value instanceof Date, (value) => {
    const time = value.getTime()
    if (Number.isNaN(time)) return undefined
    const bytes = Buffer.allocUnsafe(8)
    bytes.writeBigInt64BE(BigInt(time))
    return bytes
  }),
  uuid: when("uuid, a string of its canonical form", isString, uuid),
  varint: when("varint, a bigint", isWhole, (value) => Varint.toBytes(BigInt(value))),
  timeuuid: when(
    "timeuuid, a string of the canonical form of version 1",
    isString,
    (value) => value[14] === "1" ? uuid(value) : undefined
  ),
  inet: when("inet, a string of an IPv4 or IPv6 address", isString, Inet.toBytes),
  date: when("date, a string YYYY-MM-DD", isString, (value) => {
    const days = Calendar.toDays(value)
    if (days === undefined) return undefined
    const bytes = Buffer.allocUnsafe(4)
    bytes.writeUInt32BE(days + 2 ** 31)
    return bytes
  }),
  time: when("time, a bigint of the nanoseconds of the day", (value) => typeof value === "bigint", (value) => {
    if (value < 0n || value >= nanosecondsOfDay) return undefined
    const bytes = Buffer.allocUnsafe(8)
    bytes.writeBigInt64BE(value)
    return bytes
  }),
  smallint: integer("smallint", 2),
  tinyint: integer("tinyint", 1),
  duration: when("duration, { months, days, nanoseconds: bigint } of one sign", isDuration, (value) =>
    Buffer.concat([
      Varint.toVInt(BigInt(value.months)),
      Varint.toVInt(BigInt(value.days)),
      Varint.toVInt(value.nanoseconds)
    ]))
}
