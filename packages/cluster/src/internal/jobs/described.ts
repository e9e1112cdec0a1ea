/**
 * Errors as text, for tables that people read.
 */
import { isCqlError } from "@effect-cql/core"
import { kindOf } from "@effect-cql/core/Port"
import { hasProperty } from "effect/Predicate"
import * as Result from "effect/Result"

const longest = 500

/** Name and message of an error, cut where they are long. */
export const described = (error: unknown): string => {
  // An effect may fail with any value, and making a text of that may throw.
  const text = Result.getOrElse(Result.try(() => textOf(error)), () => kindOf(error))
  return text.length > longest ? `${text.slice(0, longest)}...` : text
}

const textOf = (error: unknown): string => {
  if (error instanceof Error) return `${error.name}: ${error.message}`
  if (typeof error !== "object" || error === null) return String(error)
  const name = hasProperty(error, "_tag") && typeof error._tag === "string" ? error._tag : kindOf(error)
  return hasProperty(error, "message") && typeof error.message === "string" ? `${name}: ${error.message}` : name
}

/** Tag of the reason of a `CqlError`, or of another error; its name where it has no tag. */
export const reasonOf = (error: unknown): string => {
  if (isCqlError(error)) return error.reason._tag
  if (hasProperty(error, "_tag") && typeof error._tag === "string") return error._tag
  return error instanceof Error ? error.name : typeof error
}
