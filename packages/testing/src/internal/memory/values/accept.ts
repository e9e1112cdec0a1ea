/**
 * Bound values: what fits its type is taken in its canonical form, what does not is refused by its kind.
 */
import { kindOf } from "@effect-cql/core/Port"
import * as BigDecimal from "effect/BigDecimal"
import { fromDays, toDays } from "./calendar.ts"
import { identity, sortedMap, sortedSet } from "./compare.ts"
import * as Inet from "./inet.ts"
import { columnText, type CqlType, type FieldsOf, type ScalarName } from "./types.ts"

/** A value that does not fit: the expectation, the kind of the value, and where inside of a collection it stands. */
export class Refusal {
  readonly expected: string
  readonly given: string
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

type Accept = (value: unknown) => unknown

const described = (value: unknown): string => {
  if (typeof value !== "number") {
    return value instanceof Date && Number.isNaN(value.getTime()) ? "an invalid Date" : kindOf(value)
  }
  if (Number.isNaN(value)) return "NaN"
  return Number.isInteger(value) ? "an integer out of range" : "a number that is not whole"
}

const when =
  (expected: string, isKind: (value: unknown) => boolean, accept: (value: never) => unknown): Accept => (value) => {
    if (!isKind(value)) return new Refusal(expected, kindOf(value))
    return (accept as Accept)(value) ?? new Refusal(expected, described(value))
  }

const isString = (value: unknown): boolean => typeof value === "string"
const isNumber = (value: unknown): boolean => typeof value === "number"
const isWhole = (value: unknown): boolean => typeof value === "bigint" || Number.isSafeInteger(value)

const int = (name: ScalarName, bits: number): Accept => {
  const limit = 2 ** (bits - 1)
  return when(
    `${name}, an integer number`,
    isNumber,
    (value: number) => Number.isInteger(value) && value >= -limit && value < limit ? value + 0 : undefined
  )
}

const long = (name: ScalarName): Accept =>
  when(`${name}, a bigint of 64 bits`, isWhole, (value: bigint | number) => {
    const whole = BigInt(value)
    return whole === BigInt.asIntN(64, whole) ? whole : undefined
  })

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

const isInt32 = (value: unknown): boolean => Number.isInteger(value) && value === Number(value) >> 0

const isDuration = (value: unknown): boolean => {
  if (typeof value !== "object" || value === null) return false
  const { days, months, nanoseconds, ...others }: Record<string, unknown> = { ...value }
  if (Object.keys(others).length > 0 || !isInt32(months) || !isInt32(days) || typeof nanoseconds !== "bigint") {
    return false
  }
  const sign = nanoseconds < 0n ? -1 : nanoseconds > 0n ? 1 : 0
  const signs = new Set([Math.sign(Number(months)), Math.sign(Number(days)), sign])
  return nanoseconds === BigInt.asIntN(64, nanoseconds) && !(signs.has(1) && signs.has(-1))
}

const bytesOf = (value: ArrayBuffer | ArrayBufferView): Uint8Array =>
  ArrayBuffer.isView(value)
    ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength).slice()
    : new Uint8Array(value).slice()

const scalars: { readonly [Name in ScalarName]: Accept } = {
  ascii: when("ascii, a string of ASCII characters", isString, (value: string) =>
    // oxlint-disable-next-line no-control-regex -- they are ASCII
    /^[\x00-\x7f]*$/.test(value) ? value : undefined),
  bigint: long("bigint"),
  blob: when(
    "blob, a Uint8Array or another view of bytes",
    (value) => ArrayBuffer.isView(value) || value instanceof ArrayBuffer,
    bytesOf
  ),
  boolean: when("boolean", (value) => typeof value === "boolean", (value: boolean) => value),
  counter: long("counter"),
  date: when("date, a string YYYY-MM-DD", isString, (value: string) => {
    const days = toDays(value)
    return days === undefined ? undefined : fromDays(days)
  }),
  decimal: when("decimal, a BigDecimal", BigDecimal.isBigDecimal, (value: BigDecimal.BigDecimal) => value),
  double: when("double, a number", isNumber, (value: number) => value),
  duration: when("duration, { months, days, nanoseconds: bigint } of one sign", isDuration, (value: object) => ({
    ...value
  })),
  float: when(
    "float, a number within its range",
    isNumber,
    (value: number) => Number.isFinite(value) && !Number.isFinite(Math.fround(value)) ? undefined : Math.fround(value)
  ),
  inet: when("inet, a string of an IPv4 or IPv6 address", isString, (value: string) => {
    const bytes = Inet.toBytes(value)
    return bytes === undefined ? undefined : Inet.toText(bytes)
  }),
  int: int("int", 32),
  smallint: int("smallint", 16),
  text: when("text, a well-formed string", isString, (value: string) => value.isWellFormed() ? value : undefined),
  time: when(
    "time, a bigint of the nanoseconds of the day",
    (value) => typeof value === "bigint",
    (value: bigint) => value >= 0n && value < 86_400_000_000_000n ? value : undefined
  ),
  timestamp: when(
    "timestamp, a valid Date",
    (value) => value instanceof Date,
    (value: Date) => Number.isNaN(value.getTime()) ? undefined : new Date(value)
  ),
  timeuuid: when(
    "timeuuid, a string of the canonical form of version 1",
    isString,
    (value: string) => uuid.test(value) && value[14] === "1" ? value.toLowerCase() : undefined
  ),
  tinyint: int("tinyint", 8),
  uuid: when(
    "uuid, a string of its canonical form",
    isString,
    (value: string) => uuid.test(value) ? value.toLowerCase() : undefined
  ),
  varint: when("varint, a bigint", isWhole, (value: bigint | number) => BigInt(value))
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(Symbol.iterator in value)

/** A value that is not null in the form in which it is kept and given back, or its refusal. */
export const accept = (type: CqlType, value: unknown, fieldsOf: FieldsOf): unknown => {
  const orNull = (type: CqlType, value: unknown): unknown => value === null ? null : accept(type, value, fieldsOf)
  switch (type._tag) {
    case "Scalar":
      return scalars[type.name](value)
    case "List":
      return Array.isArray(value)
        ? each(value, (element) => accept(type.element, element, fieldsOf))
        : new Refusal(`${columnText(type)}, an Array`, kindOf(value))
    case "Set": {
      if (!(value instanceof Set)) return new Refusal(`${columnText(type)}, a Set`, kindOf(value))
      const elements = each(Array.from(value), (element) => accept(type.element, element, fieldsOf))
      if (elements instanceof Refusal) return elements
      return sortedSet(type.element, elements, fieldsOf)
    }
    case "Map": {
      const expected = `${columnText(type)}, a Map`
      if (!(value instanceof Map)) return new Refusal(expected, kindOf(value))
      const keys = each(Array.from(value.keys()), (key) => accept(type.key, key, fieldsOf), (at) => ` key ${at}`)
      if (keys instanceof Refusal) return keys
      const values = each(
        Array.from(value.values()),
        (each) => accept(type.value, each, fieldsOf),
        (at) => ` value ${at}`
      )
      if (values instanceof Refusal) return values
      const seen = new Set<string>()
      for (const [index, key] of keys.entries()) {
        if (seen.size === seen.add(identity(type.key, key, fieldsOf)).size) {
          return new Refusal(expected, "a Map with the same key twice", ` key ${index}`)
        }
      }
      const entries = keys.map((key, index) => [key, values[index]] as const)
      return sortedMap(type.key, entries, fieldsOf)
    }
    case "Tuple": {
      const expected = `${columnText(type)}, an Array of ${type.elements.length}`
      if (!Array.isArray(value) || value.length !== type.elements.length) {
        return new Refusal(expected, Array.isArray(value) ? `an Array of ${value.length}` : kindOf(value))
      }
      return each(value, (element, index) => orNull(type.elements[index]!, element))
    }
    case "Udt":
      return acceptRecord(type, value, fieldsOf, orNull)
    case "Vector": {
      const expected = `${columnText(type)}, an Array of ${type.dimension}`
      if (!Array.isArray(value) && !ArrayBuffer.isView(value)) return new Refusal(expected, kindOf(value))
      const elements = Array.from(value as Iterable<unknown>)
      if (elements.length !== type.dimension) return new Refusal(expected, `an Array of ${elements.length}`)
      return each(elements, (element) => accept(type.element, element, fieldsOf))
    }
  }
}

const each = (
  values: ReadonlyArray<unknown>,
  accept: (value: unknown, index: number) => unknown,
  step: (index: number) => string = (index) => `[${index}]`
): ReadonlyArray<unknown> | Refusal => {
  const accepted: Array<unknown> = []
  for (const [index, value] of values.entries()) {
    const one = accept(value, index)
    if (one instanceof Refusal) return one.within(step(index))
    accepted.push(one)
  }
  return accepted
}

const acceptRecord = (
  type: Extract<CqlType, { readonly _tag: "Udt" }>,
  value: unknown,
  fieldsOf: FieldsOf,
  orNull: (type: CqlType, value: unknown) => unknown
): unknown => {
  const expected = `${columnText(type)}, a record of its fields`
  if (!isRecord(value)) return new Refusal(expected, kindOf(value))
  const fields = fieldsOf(type.keyspace, type.name)
  const names = new Set(fields.map(({ name }) => name))
  const keys = Object.keys(value)
  const stray = keys.find((key) => !names.has(key))
  if (stray !== undefined) {
    // Where no key is a field it may be a map that was meant, and its keys data.
    return new Refusal(
      expected,
      "a record with another field",
      `.${keys.some((key) => names.has(key)) ? stray : "<key>"}`
    )
  }
  const record: Record<string, unknown> = {}
  for (const field of fields) {
    const missing = !Object.hasOwn(value, field.name)
    const one = missing
      ? new Refusal(`${columnText(field.type)}, or null for none`, "a record without this field")
      : orNull(field.type, value[field.name])
    if (one instanceof Refusal) return one.within(`.${field.name}`)
    record[field.name] = one
  }
  return record
}
