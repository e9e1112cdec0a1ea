/**
 * Formats schema issues without the value.
 */
import * as Cause from "effect/Cause"
import type * as Exit from "effect/Exit"
import * as SchemaIssue from "effect/SchemaIssue"
import { kindOf } from "../kindOf.ts"
import { withoutValues } from "./withoutValues.ts"

/** Failure of a parser. */
export type Ended =
  | { readonly _tag: "Issue"; readonly issue: SchemaIssue.Issue }
  | { readonly _tag: "Threw"; readonly thrown: unknown }

/** Why a parser gave nothing. */
export const endOf = ({ cause }: Exit.Failure<unknown, SchemaIssue.Issue>): Ended => {
  const issue = Cause.findErrorOption(cause)
  return issue._tag === "Some"
    ? { _tag: "Issue", issue: issue.value }
    : { _tag: "Threw", thrown: Cause.squash(cause) }
}

/** An error thrown by a parser. It may quote the value, so it is kept as a hidden cause. */
export const threw = (thrown: unknown): string =>
  thrown instanceof Error ? kindOf(thrown) : `a value that is not an Error (${kindOf(thrown)})`

/** The value at a path. */
export const valueAt = (params: unknown, path: ReadonlyArray<PropertyKey>): unknown =>
  path.reduce<unknown>(
    (value, key) => typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined,
    params
  )

// The issues of Effect carry no input unless asked to. The message of a user's check may.
const format = SchemaIssue.makeFormatterStandardSchemaV1()

const unfit = "does not fit the schema"

const ofEffect = /^(?:Expected |Missing key|Unexpected key)/

/** Message of the first issue, without values. */
export const describe = (
  issue: SchemaIssue.Issue,
  input: unknown
): { message: string; path: ReadonlyArray<PropertyKey> } => {
  const first = format(issue).issues[0]
  const path = (first?.path ?? []).map((segment) => typeof segment === "object" ? segment.key : segment)
  const message = first?.message ?? unfit
  const value = valueAt(input, path)
  // The message of a user's check on an object may quote any part of it, such as a getter.
  const isSafe = typeof value !== "object" || value === null || ofEffect.test(message)
  return { message: isSafe ? withoutValues(message, value, "") : unfit, path }
}
