/** Helpers for both kinds of iterators. */
import type * as Cause from "effect/Cause"
import type * as Effect from "effect/Effect"
import { kindOf } from "../kindOf.ts"
import type { Environment } from "../run/environment.ts"
import { logOf } from "../watch/logs.ts"

/** A step of an iterator. One that was written by hand may give anything; taking its `done` off `undefined` would lose the reason. */
export const asStep = (step: unknown): IteratorResult<unknown> => {
  if (typeof step === "object" && step !== null) return step as IteratorResult<unknown>
  throw new TypeError(`an iterator gave ${kindOf(step)} where { done, value } was due`)
}

/** A copy of a step, whose fields can be read without harm. */
export const copyOfStep = (step: unknown): IteratorResult<unknown> => {
  const { done, value } = asStep(step)
  return done === true ? { done, value: undefined } : { done: false, value }
}

/** Logs an error while closing, which replaces no other error. */
export const logClosing = ({ session }: Environment, cause: Cause.Cause<unknown>): Effect.Effect<void> =>
  logOf(session, "Warn", "closing the source of a run failed", undefined, cause)
