/**
 * The plan of a job before it is started. Users reach this module through `Job`.
 *
 * @since 0.1.0
 */

/**
 * The estimated work of a unit.
 *
 * @category models
 * @since 0.1.0
 */
export interface Estimate {
  /** Bytes to read; undefined if unknown. */
  readonly bytes?: number | undefined
  /** Partitions to read; undefined if unknown. */
  readonly partitions?: number | undefined
  /** Rows to read; undefined if unknown. */
  readonly rows?: number | undefined
  /** The texts of the statements that it would send, if they are known. */
  readonly statements?: ReadonlyArray<string> | undefined
}

/**
 * A unit of a plan.
 *
 * @category models
 * @since 0.1.0
 */
export interface PlannedUnit<out Unit> extends Estimate {
  readonly unit: Unit
  /** The lane that it would be in. */
  readonly lane: number
}

/**
 * The units that a job would have, in the order in which they are distributed to its lanes.
 *
 * @category models
 * @since 0.1.0
 */
export interface Plan<out Unit> {
  readonly units: ReadonlyArray<PlannedUnit<Unit>>
  /** Units that would run at a time. */
  readonly lanes: number
}
