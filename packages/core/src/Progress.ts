/**
 * A snapshot of a run.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type { Summary } from "./Summary.ts"

/**
 * A snapshot of a run. `started = succeeded + failed + inFlight + interrupted`, in every one.
 *
 * @category models
 * @since 0.1.0
 */
export interface Progress extends Summary {
  /** Statements that hold a place now. */
  readonly inFlight: number
  /** Further attempts of statements that had failed before. */
  readonly retried: number
  /** Time since the run began. */
  readonly elapsed: Duration.Duration
  /** Statements that ended, succeeded or failed, a second since the snapshot before. */
  readonly rate: number
}
