/**
 * The owner of executions: a run, or a pager.
 */
import type * as Cause from "effect/Cause"
import type { ExecutionResult } from "../../ExecutionResult.ts"
import type { PageState } from "../../Port.ts"
import type { Environment } from "../run/environment.ts"
import type { YieldBudget } from "../run/yieldBudget.ts"
import type { Observer } from "../watch/observer.ts"
import type { Execution } from "./execution.ts"
import type { Retries } from "./retries.ts"

export interface Host {
  readonly environment: Environment
  readonly yieldBudget: YieldBudget
  readonly retries: Retries
  readonly paging: Paging
  /** Absent where neither spans nor metrics are on. */
  readonly observer: Observer | undefined
  /** An attempt is in flight, or waits. */
  readonly enter: (execution: Execution, timeout: number | undefined) => void
  /** An attempt is no longer in flight. */
  readonly leave: (execution: Execution) => void
  /** True once its statements are given up. What is in flight was abandoned then; one that is between two attempts makes no other. */
  readonly isInterrupted: boolean
  /** Takes the account of a statement that was given up. */
  readonly givenUp: (execution: Execution) => void
  /** Takes the end of a statement. */
  readonly ended: (execution: Execution, result: ExecutionResult<unknown>) => void
  /** Receives a defect of the session, or an interruption that the owner did not request. */
  readonly died: (execution: Execution, cause: Cause.Cause<unknown>) => void
  /** Takes a defect that is none of a statement. */
  readonly die: (cause: Cause.Cause<unknown>) => void
}

/** The pages of its result that a statement fetches, and where they begin. */
export interface Paging {
  readonly pages: "all" | "one"
  readonly from: PageState | undefined
}
