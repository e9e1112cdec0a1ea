/**
 * The limits and the error budget of a job. Users reach this module through `Job`.
 *
 * @since 0.1.0
 */

/**
 * Limits of a job over all its runners. They bound the statements that handlers give to `execute`.
 *
 * They are divided over the lanes that have units left. A lane has its share wherever it runs, so that no runner has to ask another.
 * Of `concurrency` each lane has the same number; the first lanes have one more where it cannot be divided. If it is lower than the
 * number of lanes, so many lanes run at a time. Of `rate` each lane has the same part, and at most one lane runs for each statement
 * a second: in any time there start at most as many statements as are due, and as are due in a second.
 *
 * A runner that was frozen until its lanes went to others may send statements of them when it goes on, within its former share, until
 * the first refresh of its locks is answered. A lane that moves may start one statement more.
 *
 * @category options
 * @since 0.1.0
 */
export interface Limits {
  /**
   * Statements in flight: a positive integer, or `"unbounded"`. Default: `"unbounded"`. Each unit then has up to 100 in flight, the
   * default of `executeConcurrent`.
   */
  readonly concurrency?: number | "unbounded" | undefined
  /** Requests that start in a second, retries included: a positive number, or `"unbounded"`. Default: `"unbounded"`. */
  readonly rate?: number | "unbounded" | undefined
}

/**
 * Number of rows that a job may reject before it ends as failed: a number, or a share of the rows done.
 *
 * - `{ rejects: 100 }`: the job ends when more than 100 rows are rejected.
 * - `{ share: 0.01, minimum: 10_000 }`: the job ends when more than one in a hundred of the rows done are rejected. The share is taken
 *   of at least 10,000 rows, so that a few rejects at the beginning do not end it.
 *
 * @category options
 * @since 0.1.0
 */
export type ErrorBudget =
  | { readonly rejects: number; readonly share?: undefined; readonly minimum?: undefined }
  | { readonly share: number; readonly minimum: number; readonly rejects?: undefined }
