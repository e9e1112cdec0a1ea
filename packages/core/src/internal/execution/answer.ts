/**
 * Reads the answer of a port: its page, the result that ends with it, and what it says of the load.
 */
import * as Cause from "effect/Cause"
import type * as Exit from "effect/Exit"
import type { CqlError } from "../../CqlError.ts"
import type { Page } from "../../Port.ts"
import { ResultSet } from "../../ResultSet.ts"
import { kindOf } from "../kindOf.ts"
import { type Signal, signalOf as signalOfReason } from "../reasons.ts"

/** The page itself; throws where a port gave none. */
export const checkedPage = (page: Page): Page => {
  if (Array.isArray(page?.rows)) return page
  throw new TypeError(`a port gave a page whose rows are ${kindOf(page?.rows)}, where an array is due`)
}

/** The result whose last page it is. The coordinator is that of this page, the warnings are those of every page. */
export const resultOf = (
  page: Page,
  rows: ReadonlyArray<unknown>,
  before: ReadonlyArray<string> | undefined
): ResultSet<unknown> => {
  const { columns, info, wasApplied } = page
  const warnings = before?.concat(info?.warnings ?? [])
  return new ResultSet({ rows, wasApplied, columns, info: warnings === undefined ? info : { ...info, warnings } })
}

/** What an answer says to a limiter. */
export const signalOf = (exit: Exit.Exit<Page, CqlError>): Signal => {
  if (exit._tag === "Success") return "answered"
  const error = Cause.findErrorOption(exit.cause)
  return error._tag === "Some" ? signalOfReason(error.value.reason) : "failed"
}
