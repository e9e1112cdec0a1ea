/**
 * What the core does with errors that adapters have made, and nobody else may: `CqlError` opens these doors itself, when it
 * is loaded.
 */
import type { CqlError } from "../../CqlError.ts"
import type { Outcome } from "../../Outcome.ts"
import type { PageState, Request } from "../../Port.ts"

/** What the core sets of an error, from its reason, its request and the attempts before. */
export interface Completion {
  readonly outcome: Outcome
  readonly attempts: number
  readonly retryable: boolean
  readonly pageState: PageState | undefined
  readonly request: Request | undefined
}

interface Doors {
  /**
   * The same error with what the core knows of it. An error as an adapter makes it is filled in and given back itself; one
   * that has been through here before, because its adapter hands out one error for many statements, is copied.
   */
  readonly completed: (error: CqlError, what: Completion) => CqlError
  /** The request that failed. It holds what was bound, so that nothing shows it. */
  readonly request: (error: CqlError) => Request | undefined
}

let doors: Doors

export const opened = (by: Doors): void => {
  doors = by
}

export const completed: Doors["completed"] = (error, what) => doors.completed(error, what)

export const requestOf: Doors["request"] = (error) => doors.request(error)
