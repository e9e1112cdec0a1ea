/** Helpers for both kinds of iterators. */
import type * as Cause from "effect/Cause"
import type * as Effect from "effect/Effect"
import { kindOf } from "../kindOf.ts"
import type { Environment } from "../run/environment.ts"
import { logOf } from "../watch/logs.ts"

// An iterator written by hand may give anything; taking its `done` off `undefined` would lose the reason.
export const asStep = (step: unknown): IteratorResult<unknown> => {
  if (typeof step === "object" && step !== null) {
    const { done, value } = step as IteratorResult<unknown>
    return done === true ? { done, value: undefined } : { done: false, value }
  }
  throw new TypeError(`an iterator gave ${kindOf(step)} where { done, value } was due`)
}

/** Logs an error while closing, which replaces no other error. */
export const logClosing = ({ session }: Environment, cause: Cause.Cause<unknown>): Effect.Effect<void> =>
  logOf(session, "Warn", "closing the source of a run failed", undefined, cause)
