/**
 * Completes the errors of adapters: outcome, attempts, and retryability.
 */
import * as Duration from "effect/Duration"
import { type Attempt, CqlError } from "../../CqlError.ts"
import type { Outcome } from "../../Outcome.ts"
import type { Reason } from "../../Reason.ts"
import { internals } from "../internals.ts"
import type { Kept } from "./kept.ts"

/**
 * The same error with what the core knows of it. An error as an adapter makes it is filled in and given back itself; one
 * that has been through here before, because its adapter hands out one error for many statements, is copied.
 */
export const completed = (
  error: CqlError,
  outcome: Outcome,
  attempts: number,
  isRetryable: boolean,
  kept: Kept
): CqlError => {
  const own = error[internals] === undefined ? error : new CqlError({ reason: error.reason, query: error.query })
  const open: Open = own
  open.outcome = outcome
  open.attempts = attempts
  open.isRetryable = isRetryable
  open[internals] = kept
  return own
}

type Open = { -readonly [Key in keyof CqlError]: CqlError[Key] }

const mostRemembered = 20

/** The failed attempts that an error remembers beside the last one. */
export const remembered = (history: ReadonlyArray<Attempt>): ReadonlyArray<Attempt> => history.slice(-mostRemembered)

/** The failed attempts of a statement that is sent again after so many milliseconds. */
export const delayed = ({ history }: CqlError, delay: number | undefined): ReadonlyArray<Attempt> =>
  remembered(history).map((attempt, index, { length }) =>
    index < length - 1 || delay === undefined ? attempt : { ...attempt, delay: Duration.millis(delay) }
  )

/** The error of what was refused before its first attempt. */
export const refused = (reason: Reason, query: string): CqlError =>
  completed(new CqlError({ reason, query }), "NotApplied", 0, false, {})
