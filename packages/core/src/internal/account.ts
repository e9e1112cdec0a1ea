/**
 * How the error of a run tells what became of its statements.
 */
import type { Failure, Interrupted } from "../ExecutionResult.ts"
import type { Summary } from "../Summary.ts"

/** What the error of a run tells about its statements. */
export interface Account {
  readonly startedCount: number
  readonly failures: ReadonlyArray<Failure>
  readonly interrupted: ReadonlyArray<Interrupted>
  readonly summary: Summary
}

/** The same as the end of a message. */
export const stoppedAt = (account: Pick<Account, "startedCount" | "summary">): string =>
  `of ${account.startedCount} statements started ${account.summary.succeeded} succeeded, ` +
  `${account.summary.failed} failed, ${account.summary.unknown} were stopped`

/** Those whose outcome is open, by index. */
export const unsettledOf = (
  failures: ReadonlyArray<Failure>,
  interrupted: ReadonlyArray<Interrupted>
): ReadonlyArray<Failure | Interrupted> =>
  [...failures, ...interrupted]
    .filter(({ outcome }) => outcome === "Unknown" || outcome === "WillApply")
    .toSorted((a, b) => a.index - b.index)
