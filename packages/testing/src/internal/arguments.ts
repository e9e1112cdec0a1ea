/**
 * Checks of the arguments of replies, faults and sessions: a test with a wrong one would test something else.
 */
import { InvalidOptions } from "@effect-cql/core"
import { checkNames, kindOf, millisOf } from "@effect-cql/core/Port"
import type { Fault } from "../FaultPlan.ts"
import { allFaults } from "./faults.ts"

/** Throws `InvalidOptions` with a value. */
export const refuse = (option: string, value: unknown, expected: string): never => {
  throw new InvalidOptions({ option, value, expected })
}

/** The same for data: the message shows its kind only. */
export const refuseKind = (option: string, value: unknown, expected: string): never => {
  const kind = kindOf(value)
  const given = value === null || value === undefined ? kind : `${/^[aeio]/i.test(kind) ? "an" : "a"} ${kind}`
  throw new InvalidOptions({ option, given, expected })
}

/** A reply, which is a function. */
export const checkReply = (
  option: string,
  reply: unknown,
  expected = "a reply, such as MockSession.rows([])"
): void => {
  if (typeof reply !== "function") refuseKind(option, reply, expected)
}

/** A share of requests. */
export const checkShare = (share: number): number =>
  share >= 0 && share <= 1 ? share : refuse("share", share, "a number from 0 to 1")

/** A number of things, at least one. */
export const checkPositive = (option: string, value: number): number =>
  Number.isSafeInteger(value) && value > 0 ? value : refuse(option, value, "a positive integer")

/** A position, counted from 0. */
export const checkPosition = (option: string, value: number): number =>
  Number.isSafeInteger(value) && value >= 0 ? value : refuse(option, value, "an integer of at least 0")

/** A fault that exists. */
export const checkFault = (option: string, fault: Fault): Fault =>
  allFaults.includes(fault) ? fault : refuse(option, fault, `one of ${allFaults.join(", ")}`)

/** Faults that exist, at least one. */
export const checkFaults = (option: string, faults: ReadonlyArray<Fault>): void => {
  if (!Array.isArray(faults)) return refuseKind(option, faults, `a list of ${allFaults.join(", ")}`)
  if (faults.length === 0) refuse(option, "none", "at least one fault")
  for (const fault of faults) checkFault(option, fault)
}

/** Milliseconds of a duration that may be endless. */
export const checkMillis = (option: string, duration: unknown): number =>
  millisOf(duration) ?? refuse(option, duration, "a duration of at least zero, such as \"5 seconds\"")

/** Milliseconds of a duration that ends. */
export const checkFinite = (option: string, duration: unknown): number => {
  const millis = millisOf(duration)
  return millis !== undefined && Number.isFinite(millis)
    ? millis
    : refuse(option, duration, "a finite duration of at least zero, such as \"20 millis\"")
}

/** The milliseconds of a span of time. */
export const checkSpan = (from: unknown, to: unknown): readonly [from: number, to: number] => {
  const span = [checkMillis("from", from), checkMillis("to", to)] as const
  return span[1] > span[0] ? span : refuse("to", to, "a time after from")
}

/** The definitions of tables. A text alone would be taken for its letters. */
export const checkTables = (tables: Iterable<string>): ReadonlyArray<string> => {
  const expected = "a list of texts"
  if (typeof tables === "string" || typeof tables !== "object" || tables === null || !(Symbol.iterator in tables)) {
    return refuseKind("tables", tables, expected)
  }
  const texts = [...tables]
  const other: unknown = texts.find((text) => typeof text !== "string")
  if (other !== undefined) {
    throw new InvalidOptions({ option: "tables", given: `a list with a ${kindOf(other)}`, expected })
  }
  return texts
}

/** The option `seed`, where there is no other. */
export const checkSeed = (options: { readonly seed?: number | undefined } | undefined): number => {
  if (options !== undefined) checkNames(options, ["seed"])
  return options?.seed ?? 0
}
