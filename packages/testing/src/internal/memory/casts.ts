/**
 * CAST, and the arithmetic of sums.
 */
import { Reason } from "@effect-cql/core"
import * as BigDecimal from "effect/BigDecimal"
import type { TypeName } from "./cql/ast.ts"
import { invalid, Refused, syntaxError, unsupported } from "./failures.ts"
import { fromDays, fromNanos, toDays } from "./values/calendar.ts"
import { decimalText, inetText, javaText, toJson } from "./values/json.ts"
import { millisOf } from "./values/timeUuid.ts"
import { type CqlType, type FieldsOf, type ScalarName, scalarOf, schemaText, typeNameText } from "./values/types.ts"

const bits: Partial<Record<ScalarName, number>> = { tinyint: 8, smallint: 16, int: 32, bigint: 64, counter: 64 }

const isNumeric = (name: ScalarName): boolean =>
  bits[name] !== undefined || name === "float" || name === "double" || name === "decimal" || name === "varint"

/** A number of any numeric type as an exact integer, cut towards zero. */
const toBigInt = (value: unknown): bigint => {
  if (typeof value === "bigint") return value
  if (typeof value === "number") return Number.isFinite(value) ? BigInt(Math.trunc(value)) : 0n
  const { scale, value: digits } = value as BigDecimal.BigDecimal
  return scale >= 0 ? digits / 10n ** BigInt(scale) : digits * 10n ** BigInt(-scale)
}

const toNumber = (value: unknown): number => BigDecimal.isBigDecimal(value) ? Number(decimalText(value)) : Number(value)

const clamp = (value: number, size: number): bigint => {
  const limit = 2n ** BigInt(size - 1)
  if (value >= Number(limit)) return limit - 1n
  if (value <= -Number(limit)) return -limit
  return toBigInt(value)
}

/** The decimal of a number as Java writes it, with every digit that is written. */
const fromJava = (text: string): BigDecimal.BigDecimal => {
  const [, whole = "", fraction = "", exponent = "0"] = /^(-?\d+)\.(\d+)(?:E(-?\d+))?$/.exec(text) ?? []
  if (whole === "") {
    const message =
      `java.lang.NumberFormatException: Character ${text.replace("-", "")[0]} is neither a decimal digit ` +
      "number, decimal point, nor \"e\" notation exponential mark."
    throw new Refused(new Reason.ServerError({ message }))
  }
  return BigDecimal.make(BigInt(whole + fraction), fraction.length - Number(exponent))
}

/** A number as a value of a numeric type, as Java narrows it. */
export const toNumeric = (value: unknown, to: ScalarName, from?: ScalarName): unknown => {
  const size = bits[to]
  if (size !== undefined) {
    // Floating numbers go through int or bigint, whose ends they stop at; integers lose their upper bits.
    const whole = typeof value === "number" && (from === "float" || from === "double" || !Number.isSafeInteger(value))
      ? clamp(value, size === 64 ? 64 : 32)
      : toBigInt(value)
    const cut = BigInt.asIntN(size, whole)
    return size === 64 ? cut : Number(cut)
  }
  switch (to) {
    case "float":
      return Math.fround(toNumber(value))
    case "double":
      return toNumber(value)
    case "decimal":
      if (BigDecimal.isBigDecimal(value)) return value
      return typeof value === "bigint"
        ? BigDecimal.make(value, 0)
        : from === "float" || from === "double"
        ? fromJava(javaText(from, value as number))
        : BigDecimal.make(BigInt(value as number), 0)
    default:
      return BigDecimal.isBigDecimal(value)
        ? BigInt.asIntN(64, toBigInt(value))
        : from === "float" || from === "double"
        ? clamp(value as number, 64)
        : toBigInt(value)
  }
}

const textOf = (from: ScalarName, value: unknown, type: CqlType, fieldsOf: FieldsOf): string => {
  switch (from) {
    case "timestamp":
      return (value as Date).toISOString()
    case "time":
      return fromNanos(value as bigint)
    case "inet":
      return inetText(value as string)
    case "float":
    case "double":
      return javaText(from, value as number)
    default:
      return typeof value === "string" ? value : toJson(type, value, fieldsOf)
  }
}

const millisPerDay = 86_400_000

const castable: ReadonlySet<ScalarName> = new Set<ScalarName>([
  "ascii",
  "bigint",
  "date",
  "decimal",
  "double",
  "float",
  "int",
  "smallint",
  "text",
  "timestamp",
  "tinyint",
  "varint"
])

/** The type of a CAST: one by its own name, which no keyspace defines. */
export const castType = (type: TypeName): CqlType => {
  const found = type._tag === "Named" && !type.isQuoted && type.keyspace === undefined
    ? scalarOf(type.name)
    : undefined
  if (found === undefined) throw syntaxError(`line 1:0 no viable alternative at input '${typeNameText(type)}'`)
  return found
}

/** The conversion of a CAST. */
export const cast = (
  name: string,
  from: CqlType,
  to: CqlType,
  written: TypeName,
  fieldsOf: FieldsOf
): (value: unknown) => unknown => {
  if (to._tag !== "Scalar" || !castable.has(to.name) || typeNameText(written) === "varchar") {
    throw invalid(`${name} cannot be cast to ${typeNameText(written)}`)
  }
  const refuse = () =>
    invalid(
      `Invalid call to function system.cast_as_${schemaText(to)}, none of its type signatures match (not ${
        schemaText(from)
      })`
    )
  if (from._tag !== "Scalar" || to._tag !== "Scalar") throw refuse()
  const [source, target] = [from.name, to.name]
  if (target === "text" || target === "ascii") {
    if (source === "text" || source === "blob" || source === "duration") throw refuse()
    return (value) => textOf(source, value, from, fieldsOf)
  }
  if (isNumeric(source) && isNumeric(target) && target !== "counter") return (value) => toNumeric(value, target, source)
  if (source === "timeuuid" && target === "timestamp") return (value) => new Date(millisOf(value as string))
  if (source === "timeuuid" && target === "date") return (value) => dayOf(millisOf(value as string))
  if (source === "timestamp" && target === "date") return (value) => dayOf((value as Date).getTime())
  if (source === "date" && target === "timestamp") {
    return (value) => new Date((toDays(value as string) ?? 0) * millisPerDay)
  }
  if (target === "timestamp" && source === "int") throw unsupported("the CAST of an int as a timestamp")
  throw refuse()
}

const dayOf = (millis: number): string => fromDays(Math.floor(millis / millisPerDay))

/** The sum of values of a numeric type; nothing where it has no sum. */
export const sum = (name: ScalarName, values: ReadonlyArray<unknown>): unknown => {
  if (name === "decimal") {
    return values.reduce<BigDecimal.BigDecimal>(
      (total, value) => add(total, value as BigDecimal.BigDecimal),
      BigDecimal.make(0n, 0)
    )
  }
  if (name === "float" || name === "double") {
    const total = values.reduce<number>((total, value) => total + (value as number), 0)
    return name === "float" ? Math.fround(total) : total
  }
  const total = values.reduce<bigint>((total, value) => total + toBigInt(value), 0n)
  return name === "varint" ? total : toNumeric(total, name)
}

/** The mean of values of a numeric type: of integers cut towards zero. */
export const average = (name: ScalarName, values: ReadonlyArray<unknown>): unknown => {
  if (values.length === 0) return toNumeric(0, name)
  const count = BigInt(values.length)
  if (name === "decimal") {
    // The server corrects a running mean by each value, and rounds each time.
    return (values as ReadonlyArray<BigDecimal.BigDecimal>).reduce((mean, value, index) => {
      const { scale, value: difference } = add(value, BigDecimal.make(-mean.value, mean.scale))
      return add(mean, halfEven(difference, BigInt(index + 1), scale))
    }, BigDecimal.make(0n, 0))
  }
  if (name === "float" || name === "double") {
    const mean = values.reduce<number>((total, value) => total + (value as number), 0) / values.length
    return name === "float" ? Math.fround(mean) : mean
  }
  return toNumeric(values.reduce<bigint>((total, value) => total + toBigInt(value), 0n) / count, name)
}

/** A sum of the larger scale of the two, also where one of them is zero. */
const add = (one: BigDecimal.BigDecimal, other: BigDecimal.BigDecimal): BigDecimal.BigDecimal => {
  const scale = Math.max(one.scale, other.scale)
  const at = (each: BigDecimal.BigDecimal) => each.value * 10n ** BigInt(scale - each.scale)
  return BigDecimal.make(at(one) + at(other), scale)
}

/** A quotient of the same scale, rounded to the even neighbour where it lies in the middle. */
const halfEven = (value: bigint, count: bigint, scale: number): BigDecimal.BigDecimal => {
  const quotient = value / count
  const rest = value % count
  const twice = (rest < 0n ? -rest : rest) * 2n
  const away = value < 0n ? -1n : 1n
  const isUp = twice > count || (twice === count && quotient % 2n !== 0n)
  return BigDecimal.make(isUp ? quotient + away : quotient, scale)
}
