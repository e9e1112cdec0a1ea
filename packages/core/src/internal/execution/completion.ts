/**
 * Completes the errors of adapters: outcome, attempts, and retryability.
 */
import * as Duration from "effect/Duration"
import { type Attempt, CqlError } from "../../CqlError.ts"
import type { Outcome } from "../../Outcome.ts"
import type { PageState, Request } from "../../Port.ts"
import type { Reason } from "../../Reason.ts"
import { internals } from "../internals.ts"

/** Fields of an error that core sets from its reason, its request and earlier attempts. */
export interface Completion {
  readonly outcome: Outcome
  readonly attempts: number
  readonly isRetryable: boolean
  readonly pageState?: PageState | undefined
  readonly request?: Request | undefined
  /** The attempts that failed before. */
  readonly earlier?: ReadonlyArray<Attempt> | undefined
  /** Milliseconds from the last attempt to its failure. */
  readonly latency?: number | undefined
  /** The timestamp of the write, where its request is not known. */
  readonly timestamp?: bigint | undefined
}

/**
 * The same error with what the core knows of it. An error as an adapter makes it is filled in and given back itself; one
 * that has been through here before, because its adapter hands out one error for many statements, is copied.
 */
export const completed = (error: CqlError, what: Completion): CqlError => {
  const { earlier, latency, pageState, request, timestamp } = what
  const own = error[internals] === undefined ? error : new CqlError({ reason: error.reason, query: error.query })
  const open: Open = own
  open.outcome = what.outcome
  open.attempts = what.attempts
  open.isRetryable = what.isRetryable
  // A run may keep a million of these, and most have nothing but a request.
  open[internals] = pageState === undefined && earlier === undefined && latency === undefined && timestamp === undefined
    ? { request }
    : { pageState, request, earlier, latency, timestamp }
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
  completed(new CqlError({ reason, query }), { outcome: "NotApplied", attempts: 0, isRetryable: false })
