/**
 * How the error of a run tells what became of its statements.
 */
import type { Failure } from "../ExecutionResult.ts"
import type { Summary } from "../Summary.ts"

/** What the error of a run tells about its statements. */
export interface Account {
  readonly startedCount: number
  readonly failures: ReadonlyArray<Failure>
  readonly unknown: ReadonlyArray<number>
  readonly summary: Summary
}

/** The same as the end of a message. */
export const stoppedAt = (account: Account): string =>
  `of ${account.startedCount} statements started ${account.summary.succeeded} succeeded, ` +
  `${account.summary.failed} failed, ${account.summary.unknown} are unknown`
