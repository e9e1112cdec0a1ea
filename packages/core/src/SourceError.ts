/**
 * The error of a run whose source threw, rejected, or yielded an invalid item.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type { Failure, Interrupted } from "./ExecutionResult.ts"
import { notStartedOf, remainingOf, stoppedAt, unsettledOf } from "./internal/run/account.ts"
import type { Selection } from "./Run.ts"
import type { Summary } from "./Summary.ts"

/**
 * An iterator threw, rejected, or gave what is no statement.
 *
 * Statements in flight have finished: no earlier item is lost or undetermined because of the source.
 *
 * @category errors
 * @since 0.1.0
 */
export class SourceError extends Data.TaggedError("SourceError")<{
  /** Items taken from the source before it failed. */
  readonly index: number
  /** The thrown value, or a description of the invalid item. */
  readonly cause: unknown
  /** Indexes at or above it were not started. */
  readonly startedCount: number
  /**
   * The statements that failed, by index: in the array form of collect mode all of them. Empty where they have been
   * handed over (streams) or counted (`runConcurrent`).
   */
  readonly failures: ReadonlyArray<Failure>
  /** Statements stopped before their end: none, for what is in flight finishes. */
  readonly interrupted: ReadonlyArray<Interrupted>
  readonly summary: Summary
}> {
  /**
   * The statements whose outcome is not certain, by index: `Settlement.settle` may find out more about them. Failures that a
   * stream has emitted, and those that `runConcurrent` has counted, are not among them.
   */
  get unsettled(): ReadonlyArray<Failure | Interrupted> {
    return unsettledOf([...this.failures, ...this.interrupted])
  }

  /**
   * Selects the items that are still to be done, in their order: those that failed, and those that were not started. Failures
   * that a stream has emitted, and those that `runConcurrent` has counted, are not among them. See `StatementFailed.remaining`.
   */
  get remaining(): Selection {
    return remainingOf(this.startedCount, [...this.failures, ...this.interrupted])
  }

  /**
   * Selects the items of the source that were not started, in their order. See {@link remaining} for the kinds of sources.
   */
  get notStarted(): Selection {
    return notStartedOf(this.startedCount)
  }

  override get message(): string {
    return `the source failed at item ${this.index}: ${describe(this.cause)}; ${stoppedAt(this)}`
  }
}

const describe = (cause: unknown): string => {
  // It may be anything, and refuse to be shown.
  try {
    return cause instanceof Error ? cause.message : String(cause)
  } catch {
    return "what it threw cannot be shown"
  }
}
