/**
 * The scalar functions: of values, of the time, and of chance.
 */
import * as BigDecimal from "effect/BigDecimal"
import type { Environment } from "./environment.ts"
import { invalid, unsupported } from "./failures.ts"
import { fromVarint, toBytes } from "./values/bytes.ts"
import { fromDays, toDays } from "./values/calendar.ts"
import * as Inet from "./values/inet.ts"
import { largest, millisOf, randomUuid, smallest, timeUuid } from "./values/timeUuid.ts"
import { type CqlType, sameType, scalar, type ScalarName, schemaText } from "./values/types.ts"

/** One form of a function: the types that it takes, and the type that it gives. */
export interface Overload {
  readonly params: ReadonlyArray<CqlType>
  readonly returns: CqlType
  readonly apply: (args: ReadonlyArray<unknown>, environment: Environment) => unknown
}

const millisPerDay = 86_400_000

/** A function of one value that is not null; null gives null. */
const unary = (param: ScalarName, returns: ScalarName, apply: (value: never) => unknown): Overload => ({
  params: [scalar(param)],
  returns: scalar(returns),
  apply: ([value]) => value === null ? null : (apply as (value: unknown) => unknown)(value)
})

const constant = (returns: ScalarName, apply: (environment: Environment) => unknown): Overload => ({
  params: [],
  returns: scalar(returns),
  apply: (_, environment) => apply(environment)
})

/** A new uuid of version 1. */
const now = ({ random, tick }: Environment): string =>
  timeUuid(tick(), (BigInt(random() >>> 0) << 32n) | BigInt(random() >>> 0))

const startOfDay = (days: string): Date => new Date((toDays(days) ?? 0) * millisPerDay)
const dayOf = (millis: number): string => fromDays(Math.floor(millis / millisPerDay))
const nanosOfDay = (millis: number): bigint =>
  BigInt(((millis % millisPerDay) + millisPerDay) % millisPerDay) * 1_000_000n

const integers: ReadonlyArray<readonly [ScalarName, number]> = [["tinyint", 8], ["smallint", 16], ["int", 32]]

const math = (apply: (value: number) => number): ReadonlyArray<Overload> => [
  unary("double", "double", apply),
  unary("float", "float", (value: number) => Math.fround(apply(value)))
]

/** The integer of a number as the server makes it: cut, within the bounds of 32 or 64 bits, and then of the last bits. */
const toInteger = (value: number, bits: 32 | 64): bigint => {
  if (Number.isNaN(value)) return 0n
  const greatest = 2n ** BigInt(bits - 1) - 1n
  if (value >= Number(greatest)) return greatest
  return value <= -Number(greatest) ? -greatest - 1n : BigInt(Math.trunc(value))
}

/** A function of doubles that takes and gives every number. */
const truncated = (name: string, apply: (value: number) => number): ReadonlyArray<Overload> => [
  ...integers.map(([type, bits]) =>
    unary(type, type, (value: number) => Number(BigInt.asIntN(bits, toInteger(apply(value), 32))))
  ),
  unary("bigint", "bigint", (value: bigint) => toInteger(apply(Number(value)), 64)),
  ...(["varint", "decimal"] as const).map((type) =>
    unary(type, type, () => {
      throw unsupported(`the function ${name} of a ${type}`, "Compute it in the program.")
    })
  ),
  ...math(apply)
]

const functions: ReadonlyMap<string, ReadonlyArray<Overload>> = new Map<string, ReadonlyArray<Overload>>([
  ["now", [constant("timeuuid", now)]],
  ["currenttimeuuid", [constant("timeuuid", now)]],
  ["uuid", [constant("uuid", ({ random }) => randomUuid(random))]],
  ["currenttimestamp", [constant("timestamp", ({ millis }) => new Date(millis))]],
  ["currentdate", [constant("date", ({ millis }) => dayOf(millis))]],
  ["currenttime", [constant("time", ({ millis }) => nanosOfDay(millis))]],
  ["todate", [
    unary("timeuuid", "date", (value: string) => dayOf(millisOf(value))),
    unary("timestamp", "date", (value: Date) => dayOf(value.getTime()))
  ]],
  ["totimestamp", [
    unary("timeuuid", "timestamp", (value: string) => new Date(millisOf(value))),
    unary("date", "timestamp", startOfDay)
  ]],
  ["tounixtimestamp", [
    unary("timeuuid", "bigint", (value: string) => BigInt(millisOf(value))),
    unary("timestamp", "bigint", (value: Date) => BigInt(value.getTime())),
    unary("date", "bigint", (value: string) => BigInt(startOfDay(value).getTime()))
  ]],
  ["mintimeuuid", [unary("timestamp", "timeuuid", (value: Date) => smallest(value.getTime()))]],
  ["maxtimeuuid", [unary("timestamp", "timeuuid", (value: Date) => largest(value.getTime()))]],
  ["abs", [
    // The least integer has no counterpart above zero.
    ...integers.map(([name, bits]) =>
      unary(name, name, (value: number) => value === -(2 ** (bits - 1)) ? value : Math.abs(value))
    ),
    unary("bigint", "bigint", (value: bigint) => BigInt.asIntN(64, value < 0n ? -value : value)),
    unary("varint", "varint", (value: bigint) => value < 0n ? -value : value),
    unary("decimal", "decimal", (value: BigDecimal.BigDecimal) => BigDecimal.abs(value)),
    ...math(Math.abs)
  ]],
  ["round", [
    ...integers.map(([name]) => unary(name, name, (value: number) => value)),
    unary("bigint", "bigint", (value: bigint) => value),
    unary("varint", "varint", (value: bigint) => value),
    unary(
      "decimal",
      "decimal",
      (value: BigDecimal.BigDecimal) => BigDecimal.round(value, { scale: 0, mode: "half-from-zero" })
    ),
    ...math(Math.round)
  ]],
  ["exp", truncated("exp", Math.exp)],
  ["log", truncated("log", Math.log)],
  ["log10", truncated("log10", Math.log10)]
])

const scalarNames: ReadonlyArray<ScalarName> = [
  "ascii",
  "bigint",
  "boolean",
  "date",
  "decimal",
  "double",
  "float",
  "inet",
  "int",
  "smallint",
  "text",
  "time",
  "timestamp",
  "timeuuid",
  "tinyint",
  "uuid",
  "varint"
]

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const uuidText = (bytes: Uint8Array): string => {
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join(
    "-"
  )
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

const sizes: Partial<Record<ScalarName, ReadonlyArray<number>>> = {
  bigint: [8],
  boolean: [1],
  date: [4],
  double: [8],
  float: [4],
  inet: [4, 16],
  int: [4],
  smallint: [2],
  time: [8],
  timestamp: [8],
  timeuuid: [16],
  tinyint: [1],
  uuid: [16]
}

const readers: { readonly [Name in ScalarName]?: (bytes: Uint8Array) => unknown } = {
  ascii: text,
  bigint: (bytes) => view(bytes).getBigInt64(0),
  boolean: (bytes) => bytes[0] !== 0,
  date: (bytes) => fromDays(view(bytes).getUint32(0) - 2 ** 31),
  decimal: (bytes) => BigDecimal.make(fromVarint(bytes.subarray(4)), view(bytes).getInt32(0)),
  double: (bytes) => view(bytes).getFloat64(0),
  float: (bytes) => view(bytes).getFloat32(0),
  inet: Inet.toText,
  int: (bytes) => view(bytes).getInt32(0),
  smallint: (bytes) => view(bytes).getInt16(0),
  text,
  time: (bytes) => view(bytes).getBigInt64(0),
  timestamp: (bytes) => new Date(Number(view(bytes).getBigInt64(0))),
  timeuuid: uuidText,
  tinyint: (bytes) => view(bytes).getInt8(0),
  uuid: uuidText,
  varint: fromVarint
}

const fromBlob = (name: ScalarName, called: string): Overload =>
  unary("blob", name, (bytes: Uint8Array) => {
    if (sizes[name]?.includes(bytes.length) === false) {
      throw invalid(`In call to function system.${called}, value is not a valid binary representation for type ${name}`)
    }
    return readers[name]?.(bytes)
  })

const toBlob = (name: ScalarName): Overload => ({
  params: [scalar(name)],
  returns: scalar("blob"),
  apply: ([value], { schema }) => value === null ? null : toBytes(scalar(name), value, schema.fieldsOf)
})

const conversions: ReadonlyMap<string, ReadonlyArray<Overload>> = new Map<string, ReadonlyArray<Overload>>(
  scalarNames.flatMap((name): ReadonlyArray<readonly [string, ReadonlyArray<Overload>]> => [
    [`${name}asblob`, [toBlob(name)]],
    [`${name}_as_blob`, [toBlob(name)]],
    ...[`blobas${name}`, `blob_as_${name}`].map((called) => [called, [fromBlob(name, called)]] as const)
  ])
)

// Functions of the server that a statement may call, and that have no counterpart here.
const others =
  /^(?:from_?json|map_?(?:keys|values)|collection_?(?:count|min|max|sum|avg)|floor$|mask_|similarity_|token$|count_?rows)/

/** Returns true if the server has a function of a name. */
export const isFunction = (name: string): boolean => {
  const plain = name.replaceAll("_", "")
  return functions.has(plain) || conversions.has(name) || others.test(name)
}

/** Its forms, by a name with or without underscores. */
export const overloadsOf = (name: string): ReadonlyArray<Overload> => {
  const plain = name.replaceAll("_", "")
  const found = functions.get(plain) ?? conversions.get(name)
  if (found !== undefined) return found
  if (others.test(name)) throw unsupported(`the function ${name}`)
  throw invalid(`Unknown function ${name} called`)
}

/** The form that takes arguments of some types; an argument without a type fits every one. */
export const choose = (name: string, types: ReadonlyArray<CqlType | undefined>, fits: Fits): Overload => {
  const overloads = overloadsOf(name)
  const [first] = overloads
  const counted = overloads.filter(({ params }) => params.length === types.length)
  if (counted.length === 0 && first !== undefined && overloads.length === 1) {
    throw invalid(
      `Invalid number of arguments in call to function system.${name}: ${first.params.length} required but ${types.length} provided`
    )
  }
  const matching = counted.filter(({ params }) =>
    params.every((param, index) => {
      const type = types[index]
      return type === undefined ? fits(index, param) : isAssignable(type, param)
    })
  )
  const [chosen, second] = matching
  if (chosen === undefined) {
    const signatures = overloads.map(({ params, returns }) =>
      `system.${name} : (${params.map(schemaText).join(", ")}) -> ${schemaText(returns)}`
    )
    throw invalid(
      `Invalid call to function ${name}, none of its type signatures match (known type signatures: ${
        signatures.join(", ")
      })`
    )
  }
  if (second !== undefined && types.some((type) => type === undefined)) {
    throw invalid(
      `Ambiguous call to function ${name} (can be matched by following signatures): use type casts to disambiguate`
    )
  }
  return chosen
}

/** True if an argument without a type of its own may be one of a type. */
export type Fits = (index: number, type: CqlType) => boolean

/** Returns true if values of a type are values of another one as well. */
export const isAssignable = (from: CqlType, to: CqlType): boolean => {
  if (sameType(from, to)) return true
  if (from._tag !== "Scalar" || to._tag !== "Scalar") return false
  return (from.name === "ascii" && to.name === "text") || (from.name === "timeuuid" && to.name === "uuid") ||
    (from.name === "counter" && to.name === "bigint") || (from.name === "bigint" && to.name === "counter") ||
    to.name === "blob"
}
