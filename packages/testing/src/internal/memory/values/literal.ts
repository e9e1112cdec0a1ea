/**
 * Constants of a text as values of a type.
 */
import * as BigDecimal from "effect/BigDecimal"
import * as Option from "effect/Option"
import type { ConstantKind } from "../cql/ast.ts"
import { invalid, unsupported } from "../failures.ts"
import { fromHex } from "./bytes.ts"
import { fromDays, toDays, toDuration, toMillis, toNanos } from "./calendar.ts"
import * as Inet from "./inet.ts"
import { type CqlType, scalar, type ScalarName, schemaText } from "./types.ts"

/** The types that a kind of constant fits. */
const fitting: Readonly<Record<ConstantKind, ReadonlySet<ScalarName>>> = {
  STRING: new Set<ScalarName>(["ascii", "date", "inet", "text", "time", "timestamp"]),
  INTEGER: new Set<ScalarName>([
    "bigint",
    "counter",
    "date",
    "decimal",
    "double",
    "duration",
    "float",
    "int",
    "smallint",
    "time",
    "timestamp",
    "tinyint",
    "varint"
  ]),
  UUID: new Set<ScalarName>(["timeuuid", "uuid"]),
  FLOAT: new Set<ScalarName>(["decimal", "double", "float"]),
  BOOLEAN: new Set<ScalarName>(["boolean"]),
  HEX: new Set<ScalarName>(["blob", "tinyint"]),
  DURATION: new Set<ScalarName>(["duration"])
}

/** Returns true if a constant may stand for a value of a type. */
export const fits = (kind: ConstantKind, type: CqlType): boolean =>
  type._tag === "Scalar" && fitting[kind].has(type.name)

/** The type of a constant that would fit several. */
export const preferred = (kind: ConstantKind, text: string): CqlType => {
  switch (kind) {
    case "INTEGER":
      return scalar(int(32)(text) !== undefined ? "int" : long(text) !== undefined ? "bigint" : "varint")
    case "FLOAT":
      return scalar("double")
    case "STRING":
      return scalar("text")
    case "UUID":
      return scalar(text[14] === "1" ? "timeuuid" : "uuid")
    case "HEX":
      return scalar("blob")
    case "BOOLEAN":
      return scalar("boolean")
    case "DURATION":
      return scalar("duration")
  }
}

/** The value of a constant. */
export const literal = (kind: ConstantKind, text: string, type: CqlType, name: string): unknown => {
  if (type._tag !== "Scalar" || !fits(kind, type)) {
    throw invalid(`Invalid ${kind} constant (${text}) for "${name}" of type ${schemaText(type)}`)
  }
  const value = parse[type.name](text, kind)
  if (value === undefined) {
    throw invalid(refusals[type.name]?.(text) ?? `Unable to make ${javaNames[type.name] ?? type.name} from '${text}'`)
  }
  return value
}

// The server names these by the words of its own language, or in other words altogether.
const javaNames: { readonly [Name in ScalarName]?: string } = {
  inet: "inet address",
  smallint: "short",
  tinyint: "byte",
  bigint: "long"
}

const notHex = (text: string): string => `cannot parse '${text.slice(2)}' as hex bytes`

const refusals: { readonly [Name in ScalarName]?: (text: string) => string } = {
  ascii: () => "Invalid ASCII character in string literal",
  blob: notHex,
  date: (text) =>
    isInteger.test(text)
      ? madeOf("unsigned int (for date)")(text)
      : `Unable to coerce '${text}' to a formatted date (long)`,
  decimal: (text) => `unable to make BigDecimal from '${text.replace("-", "")}'`,
  duration: (text) => `Unable to convert '${text.replace("-", "")}' to a duration`,
  time: (text) =>
    isInteger.test(text)
      ? madeOf("long (for time)")(text)
      : `(TimeType) Unable to coerce '${text}' to a formatted time (long)`,
  timestamp: (text) =>
    isInteger.test(text) ? madeOf("long (for date)")(text) : `Unable to parse a date/time from '${text}'`,
  timeuuid: () => "TimeUUID supports only version 1 UUIDs"
}

const int = (bits: number) => (text: string): number | undefined => {
  const value = Number(text)
  return value >= -(2 ** (bits - 1)) && value < 2 ** (bits - 1) ? value + 0 : undefined
}

const long = (text: string): bigint | undefined => {
  const value = BigInt(text)
  return value === BigInt.asIntN(64, value) ? value : undefined
}

const float = (text: string): number => Number(text.replace(/^nan$/i, "NaN"))

const isInteger = /^-?\d+$/

const madeOf = (what: string) => (text: string): string => `Unable to make ${what} from: '${text}'`

type Parsers = { readonly [Name in ScalarName]: (text: string, kind: ConstantKind) => unknown }

const parse: Parsers = {
  // oxlint-disable-next-line no-control-regex -- they are ASCII
  ascii: (text) => /^[\x00-\x7f]*$/.test(text) ? text : undefined,
  bigint: long,
  blob: (text) => text.length % 2 === 0 ? fromHex(text.slice(2)) : undefined,
  boolean: (text) => text.toLowerCase() === "true",
  counter: long,
  // A number counts days from the smallest date; the epoch is in the middle of the range.
  date: (text) => {
    const days = isInteger.test(text) ? Number(text) - 2 ** 31 : toDays(text)
    return days === undefined || days < -(2 ** 31) || days >= 2 ** 31 ? undefined : fromDays(days)
  },
  decimal: (text) => Option.getOrUndefined(BigDecimal.fromString(text)),
  double: float,
  duration: (text, kind) => {
    const value = kind === "INTEGER" ? undefined : toDuration(text)
    if (typeof value === "string") throw invalid(value)
    return value
  },
  float: (text) => Math.fround(float(text)),
  inet: (text) => {
    if (text === "" || text.includes("%")) throw unsupported(`the inet '${text}'`, "Write an address.")
    const bytes = Inet.toBytes(text) ?? Inet.fromHostName(text)
    return bytes === undefined ? undefined : Inet.toText(bytes)
  },
  int: int(32),
  smallint: int(16),
  text: (text) => text,
  time: (text) => {
    const value = toNanos(text)
    return value === undefined || value >= 86_400_000_000_000n ? undefined : value
  },
  timestamp: (text) => {
    const millis = toMillis(text)
    if (millis === undefined) {
      if (text === "" || /^now$|\d\s+[a-z]{2}\S*$/i.test(text)) {
        throw unsupported(`the timestamp '${text}'`, "Write it with its offset, such as 2026-11-28T01:02:03+01:00.")
      }
      return undefined
    }
    const date = new Date(millis)
    if (!Number.isNaN(date.getTime())) return date
    if (isInteger.test(text) && long(text) === undefined) return undefined
    throw unsupported(`the timestamp '${text}', which is beyond the range of Date`, "Write one within the range.")
  },
  timeuuid: (text) => text[14] === "1" ? text.toLowerCase() : undefined,
  tinyint: (text, kind) => {
    if (kind !== "HEX") return int(8)(text)
    if (text.length % 2 !== 0) throw invalid(notHex(text))
    if (text.length !== 4) throw unsupported(`the tinyint ${text}`, "Write one byte.")
    return Number(BigInt.asIntN(8, BigInt(text)))
  },
  uuid: (text) => text.toLowerCase(),
  varint: (text) => BigInt(text)
}
