/**
 * Errors as text, for tables that people read.
 */
import { isCqlError } from "@effect-cql/core"
import { hasProperty } from "effect/Predicate"

const longest = 500

/** Name and message of an error, cut where they are long. */
export const described = (error: unknown): string => {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return text.length > longest ? `${text.slice(0, longest)}...` : text
}

/** Tag of the reason of a `CqlError`, or of another error; its name where it has no tag. */
export const reasonOf = (error: unknown): string => {
  if (isCqlError(error)) return error.reason._tag
  if (hasProperty(error, "_tag") && typeof error._tag === "string") return error._tag
  return error instanceof Error ? error.name : typeof error
}
