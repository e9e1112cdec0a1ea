/**
 * A snapshot of a run.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type { State } from "./Limiter.ts"
import type { Summary } from "./Summary.ts"

/**
 * A snapshot of a run. `started = succeeded + failed + inFlight + interrupted`, in every one.
 *
 * @category models
 * @since 0.1.0
 */
export interface Progress extends Summary, Details {
  /** Statements that hold a place now. */
  readonly inFlight: number
  /** Further attempts of statements that had failed before, those included that wait for their time. */
  readonly retried: number
  /** Time since the run began. */
  readonly elapsed: Duration.Duration
  /** Completed statements per second since the previous snapshot, both succeeded and failed. */
  readonly rate: number
}

/**
 * The measurements of a run. A run measures only if it has a handler for its progress.
 *
 * @category models
 * @since 0.1.0
 */
export interface Details {
  /** Number of places of the run. */
  readonly concurrency: number
  /** Times of the statements that ended since the snapshot before, from their start to their end, with all attempts and waits. */
  readonly latency: Latencies
  /** Times of all statements that have ended. */
  readonly latencyOverall: Latencies
  /**
   * State of the limiter of the run or the session that has the least room: its limit and its last move, with the reason.
   * Undefined without a limiter.
   */
  readonly limiter: State | undefined
  /** Failed statements by the tags of their reasons. */
  readonly failures: Readonly<Record<string, number>>
  /** Failed statements by the node that answered last, where the reason has it. */
  readonly failuresByNode: Readonly<Record<string, number>>
  /** The slowest statements that have ended, the slowest first: at most ten. */
  readonly slowest: ReadonlyArray<SlowStatement>
}

/**
 * A distribution of times.
 *
 * @category models
 * @since 0.1.0
 */
export interface Latencies {
  /** Number of times. */
  readonly count: number
  /** The longest time. Zero if there is none. */
  readonly max: Duration.Duration
  /** The time that a share (0.99 for the 99th percentile) of all times does not exceed, at most 5 % too long. */
  readonly percentile: (share: number) => Duration.Duration
}

/**
 * A statement that took long.
 *
 * @category models
 * @since 0.1.0
 */
export interface SlowStatement {
  readonly index: number
  /** The text, with `?` in the place of each literal. */
  readonly text: string
  /** Time from its start to its end. */
  readonly duration: Duration.Duration
  /** `"Success"`, or the tag of the reason. */
  readonly result: string
}
