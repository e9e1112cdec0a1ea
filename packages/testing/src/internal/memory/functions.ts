/**
 * The scalar functions: of values, of the time, and of chance.
 */
import * as BigDecimal from "effect/BigDecimal"
import type { Environment } from "./environment.ts"
import { invalid, unsupported } from "./failures.ts"
import { toBytes } from "./values/bytes.ts"
import { fromDays, toDays } from "./values/calendar.ts"
import { fromBytes, isAssignable } from "./values/reinterpret.ts"
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
    unary("double", "double", (value: number) => Number(toInteger(Math.round(value), 64))),
    unary("float", "float", (value: number) => Math.fround(Number(toInteger(Math.round(value), 32))))
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

const fromBlob = (name: ScalarName, called: string): Overload =>
  unary("blob", name, (bytes: Uint8Array) => {
    const value = fromBytes(name, bytes)
    if (value !== undefined) return value
    const type = called.endsWith("varchar") ? "varchar" : name
    throw invalid(`In call to function system.${called}, value is not a valid binary representation for type ${type}`)
  })

const toBlob = (name: ScalarName): Overload => ({
  params: [scalar(name)],
  returns: scalar("blob"),
  apply: ([value], { schema }) => value === null ? null : toBytes(scalar(name), value, schema.fieldsOf)
})

const conversions: ReadonlyMap<string, ReadonlyArray<Overload>> = new Map<string, ReadonlyArray<Overload>>(
  [...scalarNames.map((name) => [name, name] as const), ["varchar", "text"] as const].flatMap((
    [word, name]
  ): ReadonlyArray<readonly [string, ReadonlyArray<Overload>]> => [
    [`${word}asblob`, [toBlob(name)]],
    [`${word}_as_blob`, [toBlob(name)]],
    ...[`blobas${word}`, `blob_as_${word}`].map((called) => [called, [fromBlob(name, called)]] as const)
  ])
)

// Functions of the server that a statement may call, and that have no counterpart here.
const others =
  /^(?:from_?json|map_?(?:keys|values)|collection_?(?:count|min|max|sum|avg)|floor$|cast$|mask_|similarity_|token$|count_?rows)/

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
export const choose = (
  name: string,
  types: ReadonlyArray<CqlType | undefined>,
  fits: Fits,
  preferences: ReadonlyArray<CqlType | undefined>
): Overload => {
  const overloads = overloadsOf(name)
  const [first] = overloads
  const counted = overloads.filter(({ params }) => params.length === types.length)
  if (counted.length === 0 && first !== undefined && overloads.length === 1) {
    throw invalid(
      `Invalid number of arguments in call to function system.${name}: ${first.params.length} required but ${types.length} provided`
    )
  }
  // Of several forms, a server takes that of the types that constants have by themselves.
  const preferred = counted.filter(({ params }) =>
    params.every((param, index) => {
      const type = types[index] ?? preferences[index]
      return type !== undefined && sameType(type, param)
    })
  )
  const matching = counted.filter(({ params }) =>
    params.every((param, index) => {
      const type = types[index]
      return type === undefined ? fits(index, param) : isAssignable(type, param)
    })
  )
  const [chosen, second] = preferred.length > 0 ? preferred : matching
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
