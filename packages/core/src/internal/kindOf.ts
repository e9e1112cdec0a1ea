import { hasTypeId } from "./internals.ts"
import * as TypeIds from "./typeIds.ts"

/** Returns the kind of a value without the value: `string`, `null`, `Array`, `Date`, ... */
export const kindOf = (value: unknown): string => {
  if (value === null) return "null"
  if (typeof value !== "object") return typeof value
  // A getter or a proxy may throw.
  try {
    const name: unknown = Object.getPrototypeOf(value)?.constructor?.name
    return typeof name === "string" && name !== "" ? name : "object"
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
