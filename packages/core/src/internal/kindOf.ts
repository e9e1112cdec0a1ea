import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { hasTypeId } from "./internals.ts"
import * as TypeIds from "./typeIds.ts"

// Values of Effect have no constructor. One in place of a plain value is the most common mistake.
const ofEffect: ReadonlyArray<readonly [kind: string, is: (value: unknown) => boolean]> = [
  ["DateTime", DateTime.isDateTime],
  ["Option", Option.isOption],
  ["Duration", Duration.isDuration],
  ["BigDecimal", BigDecimal.isBigDecimal],
  ["Redacted", Redacted.isRedacted],
  ["Result", Result.isResult],
  ["Effect", Effect.isEffect]
]

/** Returns the kind of a value without the value: `string`, `null`, `Array`, `Date`, ... */
export const kindOf = (value: unknown): string => {
  if (value === null) return "null"
  if (typeof value !== "object") return typeof value
  // A getter or a proxy may throw.
  try {
    const name: unknown = Object.getPrototypeOf(value)?.constructor?.name
    if (typeof name !== "string" || name === "") return "object"
    return name === "Object" ? ofEffect.find(([, is]) => is(value))?.[0] ?? name : name
  } catch {
    return "object"
  }
}

/** The same as the subject of a sentence: `a string`, `null`, `an Array`, ... */
export const aKindOf = (value: unknown): string => {
  if (hasTypeId(value, TypeIds.Query)) return "a Query that is not bound: call it with its parameters"
  const kind = kindOf(value)
  if (value === null || value === undefined) return kind
  return `${/^[aeio]/i.test(kind) ? "an" : "a"} ${kind}`
}

/** A number of things: `1 marker`, `2 markers`. */
export const counted = (count: number, thing: string): string => `${count} ${thing}${count === 1 ? "" : "s"}`
