/**
 * The limits and the error budget of a job. Users reach this module through `Job`.
 *
 * @since 0.1.0
 */

/**
 * Limits of a job on all its runners together. They apply to the statements that handlers pass to `execute`.
 *
 * They are divided among the lanes that have units left. A lane keeps its share on every runner, so that runners do not
 * have to communicate. `concurrency` is divided equally; the first lanes have one more if it cannot be divided. If it
 * is lower than the number of lanes, only that number of lanes run at a time. `rate` is divided equally as well, and at
 * most one lane runs for each statement a second: in any period, at most the statements that are due start, plus those
 * of one second.
 *
 * If a runner hangs and its lanes move to others, it may send statements of them when it resumes, within its former
 * share, until the first refresh of its locks is answered. A lane that moves may start one additional statement.
 *
 * @category options
 * @since 0.1.0
 */
export interface Limits {
  /**
   * Maximum number of statements in flight: an integer from 1 to 2147483647, or `"unbounded"`. Default: `"unbounded"`. Each unit
   * then has up to 100 in flight, the default of `executeConcurrent`.
   */
  readonly concurrency?: number | "unbounded" | undefined
  /**
   * Requests that start in a second, retries included: a number from 0.001 to 1,000,000,000, or `"unbounded"`. Default: `"unbounded"`.
   */
  readonly rate?: number | "unbounded" | undefined
}

/**
 * Number of rows that a job may reject before it ends as failed: a number, or a share of the processed rows.
 *
 * - `{ rejects: 100 }`: the job ends when more than 100 rows are rejected.
 * - `{ share: 0.01, minimum: 10_000 }`: the job ends when more than one percent of the processed rows are rejected. The
 *   share is calculated from at least 10,000 rows, so that a few rejects at the beginning do not end the job. A row is
 *   processed when a checkpoint counts it, or when it is rejected.
 *
 * @category options
 * @since 0.1.0
 */
export type ErrorBudget =
  | { readonly rejects: number; readonly share?: undefined; readonly minimum?: undefined }
  | { readonly share: number; readonly minimum: number; readonly rejects?: undefined }
