/**
 * The counts of a run.
 *
 * @since 0.1.0
 */

/**
 * Counts of the statements of a run: `started = succeeded + failed + interrupted`, always.
 *
 * A statement is started when its first attempt is handed to the adapter, or when it fails before that.
 *
 * @category models
 * @since 0.1.0
 */
export interface Summary {
  readonly started: number
  readonly succeeded: number
  readonly failed: number
  /**
   * Stopped before their end, in flight or waiting. Writes among them may have been applied; so may failed writes whose
   * outcome is Unknown, which are counted as failed.
   */
  readonly interrupted: number
  /**
   * With the option `rounds`: number of the last round, from 1. The other counts are those of that round alone. Absent without
   * the option.
   */
  readonly rounds?: number | undefined
}
