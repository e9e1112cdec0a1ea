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
 * An iterator threw, rejected, or yielded an invalid item.
 *
 * Statements in flight have finished, so that no outcome is unknown because of the source.
 *
 * @category errors
 * @since 0.1.0
 */
export class SourceError extends Data.TaggedError("SourceError")<{
  /** Number of items taken from the source before it failed. */
  readonly index: number
  /** The thrown value, or a description of the invalid item. */
  readonly cause: unknown
  /** Indexes at or above it were not started. */
  readonly startedCount: number
  /**
   * The statements that failed, by index. Empty if a stream has emitted them or `runConcurrent` has counted them.
   */
  readonly failures: ReadonlyArray<Failure>
  /** Always empty, because statements in flight finish. */
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
   * Selects the remaining items, in their order: those that failed, and those that were not started. Failures that a
   * stream has emitted or `runConcurrent` has counted are not included. See `StatementFailed.remaining`.
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
