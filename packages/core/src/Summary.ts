/**
 * The counts of a run.
 *
 * @since 0.1.0
 */

/**
 * Counts of the statements of a run: `started = succeeded + failed + interrupted`.
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
   * Interrupted statements, in flight or waiting. Their writes may have been applied. (So may failed writes whose
   * outcome is Unknown, which count as failed.)
   */
  readonly interrupted: number
  /**
   * With the option `rounds`: number of the last round, from 1. The other counts are for this round only. Absent
   * without the option.
   */
  readonly rounds?: number | undefined
}
