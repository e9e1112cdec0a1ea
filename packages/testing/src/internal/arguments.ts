/**
 * Checks of the arguments of replies, faults and sessions: a test with a wrong one would test something else.
 */
import { InvalidOptions } from "@effect-cql/core"
import * as Check from "@effect-cql/core/Check"
import { kindOf } from "@effect-cql/core/Port"
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

const aShare = Check.rule("a number from 0 to 1", (value) => typeof value === "number" && value >= 0 && value <= 1)
const aFault = Check.oneOf(allFaults)

/** A share of requests. */
export const checkShare = (share: number): number => Check.value("share", share, aShare)

/** A fault that exists. */
export const checkFault = (option: string, fault: Fault): Fault => Check.value(option, fault, aFault)

/** Faults that exist, at least one. */
export const checkFaults = (option: string, faults: ReadonlyArray<Fault>): void => {
  if (!Array.isArray(faults)) return refuseKind(option, faults, `a list of ${allFaults.join(", ")}`)
  if (faults.length === 0) refuse(option, "none", "at least one fault")
  for (const fault of faults) checkFault(option, fault)
}

/** The milliseconds of a span of time. */
export const checkSpan = (from: unknown, to: unknown): readonly [from: number, to: number] => {
  const span = [Check.millis("from", from), Check.millis("to", to)] as const
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
  if (options !== undefined) Check.names(options, ["seed"])
  return options?.seed ?? 0
}
