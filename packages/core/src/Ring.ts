/**
 * The tokens of a cluster and the nodes that hold them. Users reach this module through `Port`.
 *
 * @since 0.1.0
 */

/**
 * The token ranges of a keyspace.
 *
 * @category models
 * @since 0.1.0
 */
export interface Ring {
  readonly ranges: ReadonlyArray<TokenRange>
}

/**
 * The tokens after `start` up to and including `end`, and the nodes that hold them.
 *
 * @category models
 * @since 0.1.0
 */
export interface TokenRange {
  readonly start: bigint
  readonly end: bigint
  /** Addresses of the replicas, as `address:port`. */
  readonly replicas: ReadonlyArray<string>
}

/**
 * The partition of a statement, by its token.
 *
 * @category models
 * @since 0.1.0
 */
export interface Partition {
  readonly token: bigint
}
