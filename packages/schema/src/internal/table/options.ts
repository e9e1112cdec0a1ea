/**
 * The rules of the options of each verb.
 */
import * as Check from "@effect-cql/core/Check"
import type * as Duration from "effect/Duration"
import type { ConditionalOptions } from "../../TableWrites.ts"
import type { Record_, SelectOptions } from "./limits.ts"

/** The seconds of a time to live; `NaN` for another value. */
export const secondsOf = (ttl: Duration.Input): number => (Check.millisOf(ttl) ?? Number.NaN) / 1_000

const isTimeToLive = (value: unknown): boolean => {
  const seconds = secondsOf(value as Duration.Input)
  return Number.isInteger(seconds) && seconds <= 630_720_000
}

const isRecord = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value)

/** An object that is not an array. */
export const anObject: Check.Rule = Check.rule("an object", isRecord)

const isTimestamp = (value: unknown): boolean =>
  typeof value === "bigint" && BigInt.asIntN(64, value) === value && value !== -(2n ** 63n)

const ofWrite: Check.Rules<ConditionalOptions<Record_>> = {
  ttl: Check.rule("whole seconds of at most 20 years, such as \"30 days\"", isTimeToLive),
  timestamp: Check.rule("a bigint of 64 bits, in microseconds since the epoch", isTimestamp),
  if: Check.rule("an object of conditions, such as { version: 1 }", isRecord),
  ifExists: Check.boolean
}

const limit = Check.integer(1, 2_147_483_647)

const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every((item) => typeof item === "string")

const ofSelect: Check.Rules<SelectOptions> = {
  columns: Check.rule("a list of columns", isTexts),
  reversed: Check.boolean,
  after: Check.rule("a row, or an object with its clustering columns", isRecord),
  limit,
  perPartitionLimit: limit,
  allowFiltering: Check.boolean,
  acrossPartitions: Check.boolean
}

const { after: _, ...ofQuery } = ofSelect
const { ttl, timestamp, ...conditions } = ofWrite

/** A misspelt `if`, and one that is not taken, would be an unconditional write. */
const rules = {
  insert: { ttl, timestamp },
  ifNotExists: { ttl },
  update: ofWrite,
  delete: { timestamp, ...conditions },
  deleteWhere: { timestamp },
  select: ofSelect,
  query: ofQuery,
  count: { allowFiltering: Check.boolean, acrossPartitions: Check.boolean }
} as const

/** Throws for a name that is no option of a verb, and for a value that breaks its rule. */
export const checkOptions = (at: string, verb: keyof typeof rules, options: object | undefined): void => {
  if (options === undefined) return
  Check.value(`${at}: options`, options, anObject)
  Check.options(options, rules[verb], `${at}: `)
}

/** Throws for a row, a key or conditions that are no record. Returns the record. */
export const checkRecord = <A extends object>(
  at: string,
  of: "row" | "key" | "where" | "set" | "amounts",
  given: A
): A => Check.value(`${at}: ${of}`, given, records[of])

const records = {
  row: Check.rule("a row", isRecord),
  key: Check.rule("a row, or an object with its key columns", isRecord),
  where: Check.rule("an object of conditions", isRecord),
  set: Check.rule("an object of columns to set", isRecord),
  amounts: Check.rule("an object of amounts by counter", isRecord)
}

/** Throws for names that are no list of texts. */
export const checkTexts = (at: string, of: "where" | "columns", given: ReadonlyArray<string>): void => {
  Check.value(`${at}: ${of}`, given, Check.rule("a list of names", isTexts))
}

/** A value of a column of the row after which a page begins. */
export const present: Check.Rule = Check.rule(
  "the value of this clustering column",
  (value) => (value ?? undefined) !== undefined
)
