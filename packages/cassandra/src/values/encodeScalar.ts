/**
 * The bytes of values without a structure.
 */
import { kindOf } from "@effect-cql/core/Port"
import * as BigDecimal from "effect/BigDecimal"
import * as Calendar from "./calendar.ts"
import type { ScalarName } from "./cqlType.ts"
import * as Inet from "./inet.ts"
import { type Output, shared } from "./output.ts"
import { isArrayBuffer, isDate } from "./realm.ts"
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

/** The refusal of a value that throws when it is read, as a getter, a proxy or the buffer of another thread may. */
export const refusalOf = (expected: string, value: unknown, thrown: unknown): Refusal =>
  new Refusal(expected, `${kindOf(value)} that throws ${kindOf(thrown)} when it is read`)

/** Writes the bytes of a value that is not null, or refuses it. Bytes that were written before a refusal are of no use. */
export type Encode = (value: unknown, output: Output) => Refusal | undefined

/** The bytes of a value that is not null, in memory of their own. */
export const bytesOf = (encode: Encode, value: unknown): Buffer | Refusal => {
  const start = shared.at
  // A getter may throw.
  try {
    return encode(value, shared) ?? shared.cut(start)
  } finally {
    shared.reset(start)
  }
}

/** An encoder of what passes a test. `write` returns false for what does not fit after all. */
const when = <A>(
  expected: string,
  fits: (value: unknown) => value is A,
  write: (value: A, output: Output) => boolean
): Encode =>
(value, output) => {
  if (!fits(value)) return new Refusal(expected, kindOf(value))
  return write(value, output) ? undefined : new Refusal(expected, described(value))
}

/** The problem of a value of the right kind, as far as it can be described without showing the value. */
const described = (value: unknown): string => {
  if (typeof value !== "number") {
    return isDate(value) && isNaN(value.getTime())
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
  return when(`${name}, an integer number`, isNumber, (value, output) => {
    if (!Number.isInteger(value) || value < -limit || value >= limit) return false
    if (length === 4) output.int(value)
    else if (length === 2) output.short(value)
    else output.byte(value)
    return true
  })
}

// A safe integer is a bigint without loss; beyond that a number is wrong before it comes here.
const isWhole = (value: unknown): value is bigint | number => typeof value === "bigint" || Number.isSafeInteger(value)

const long = (name: ScalarName): Encode =>
  when(`${name}, a bigint of 64 bits`, isWhole, (value, output) => {
    const whole = BigInt(value)
    if (whole !== BigInt.asIntN(64, whole)) return false
    output.long(whole)
    return true
  })

const hyphens: ReadonlySet<number> = new Set([8, 13, 18, 23])

// The places of the 32 digits in the text, and the worth of a character: -1 where it is no digit.
const digitPlaces = Uint8Array.from({ length: 36 }, (_, place) => place).filter((place) => !hyphens.has(place))
const worth = Int8Array.from(
  { length: 128 },
  (_, code) => "0123456789abcdef".indexOf(String.fromCharCode(code).toLowerCase())
)

// Character by character: texts cut and joined cost more than all else that a statement with a uuid allocates.
const uuid = (text: string, output: Output): boolean => {
  if (text.length !== 36) return false
  for (const place of hyphens) if (text.charCodeAt(place) !== 0x2d) return false
  const at = output.take(16)
  const { bytes } = output
  for (let index = 0; index < 16; index++) {
    const high = worth[text.charCodeAt(digitPlaces[index * 2]!)] ?? -1
    const low = worth[text.charCodeAt(digitPlaces[index * 2 + 1]!)] ?? -1
    if (high < 0 || low < 0) return false
    bytes[at + index] = high * 16 + low
  }
  return true
}

const nanosecondsOfDay = 86_400_000_000_000n

const isBytes = (value: unknown): value is ArrayBufferView | ArrayBuffer =>
  ArrayBuffer.isView(value) || isArrayBuffer(value)

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
  ascii: when("ascii, a string of ASCII characters", isString, (value, output) => {
    // oxlint-disable-next-line no-control-regex -- they are ASCII
    if (!/^[\x00-\x7f]*$/.test(value)) return false
    output.text(value)
    return true
  }),
  bigint: long("bigint"),
  blob: when("blob, a Uint8Array or another view of bytes", isBytes, (value, output) => {
    output.raw(
      ArrayBuffer.isView(value)
        ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
        : new Uint8Array(value)
    )
    return true
  }),
  boolean: when("boolean", isBoolean, (value, output) => {
    output.byte(value ? 1 : 0)
    return true
  }),
  counter: long("counter"),
  decimal: when("decimal, a BigDecimal of Effect", BigDecimal.isBigDecimal, ({ scale, value }, output) => {
    if (!isInt32(scale)) return false
    output.int(scale)
    output.raw(Varint.toBytes(value))
    return true
  }),
  double: when("double, a number", isNumber, (value, output) => {
    const at = output.take(8)
    output.bytes.writeDoubleBE(value, at)
    return true
  }),
  float: when("float, a number within its range", isNumber, (value, output) => {
    if (Number.isFinite(value) && !Number.isFinite(Math.fround(value))) return false
    const at = output.take(4)
    output.bytes.writeFloatBE(value, at)
    return true
  }),
  int: integer("int", 4),
  // A lone surrogate would become another character on its way.
  text: when("text, a well-formed string", isString, (value, output) => {
    if (!value.isWellFormed()) return false
    output.text(value)
    return true
  }),
  timestamp: when("timestamp, a valid Date", isDate, (value, output) => {
    const time = value.getTime()
    if (Number.isNaN(time)) return false
    output.long(BigInt(time))
    return true
  }),
  uuid: when("uuid, a string of its canonical form", isString, uuid),
  varint: when("varint, a bigint", isWhole, (value, output) => {
    output.raw(Varint.toBytes(BigInt(value)))
    return true
  }),
  timeuuid: when(
    "timeuuid, a string of the canonical form of version 1",
    isString,
    (value, output) => value[14] === "1" ? uuid(value, output) : false
  ),
  inet: when("inet, a string of an IPv4 or IPv6 address", isString, (value, output) => {
    const address = Inet.toBytes(value)
    if (address === undefined) return false
    output.raw(address)
    return true
  }),
  date: when("date, a string YYYY-MM-DD", isString, (value, output) => {
    const days = Calendar.toDays(value)
    if (days === undefined) return false
    output.int(days + 2 ** 31)
    return true
  }),
  time: when("time, a bigint of the nanoseconds of the day", (value) => typeof value === "bigint", (value, output) => {
    if (value < 0n || value >= nanosecondsOfDay) return false
    output.long(value)
    return true
  }),
  smallint: integer("smallint", 2),
  tinyint: integer("tinyint", 1),
  duration: when("duration, { months, days, nanoseconds: bigint } of one sign", isDuration, (value, output) => {
    output.raw(Varint.toVInt(BigInt(value.months)))
    output.raw(Varint.toVInt(BigInt(value.days)))
    output.raw(Varint.toVInt(value.nanoseconds))
    return true
  })
}
