/**
 * Reads the answer of a port: its page, and what it says of the load.
 */
import * as Cause from "effect/Cause"
import type * as Exit from "effect/Exit"
import { type CqlError, isCqlError } from "../../CqlError.ts"
import type { Page } from "../../Port.ts"
import * as Reason from "../../Reason.ts"
import { kindOf } from "../kindOf.ts"
import { type Signal, signalOf as signalOfReason } from "../reasons.ts"

/** The page itself; throws where a port gave none. */
export const checkedPage = (page: Page): Page => {
  if (Array.isArray(page?.rows)) return page
  throw new TypeError(`a port returned a page whose rows are ${kindOf(page?.rows)} instead of an array`)
}

/**
 * The error of an attempt that was refused. Undefined for a defect, or for an interruption that was not requested: neither is an
 * answer of the server, and neither is ever a result.
 */
export const refusalOf = ({ reasons }: Cause.Cause<CqlError>): CqlError | undefined => {
  const only = reasons.length === 1 ? reasons[0]! : undefined
  return only?._tag === "Fail" && isCqlError(only.error) ? only.error : undefined
}

/** The reason of an attempt that is over its time, in milliseconds. */
export const timedOut = (timeout: number, isSent: boolean): Reason.RequestTimeout =>
  new Reason.RequestTimeout({
    message: isSent ? `no answer within ${timeout} ms` : `not sent within ${timeout} ms`,
    timeout,
    written: isSent ? undefined : false
  })

/** The signal of an answer to a limiter. */
export const signalOf = (exit: Exit.Exit<Page, CqlError>): Signal => {
  if (exit._tag === "Success") return "answered"
  const error = Cause.findErrorOption(exit.cause)
  return error._tag === "Some" ? signalOfReason(error.value.reason) : "failed"
}
