/**
 * Consistency levels of Cassandra.
 *
 * @since 0.1.0
 */

/**
 * How many replicas must answer a request, by its name in CQL.
 *
 * @category models
 * @since 0.1.0
 */
export type Consistency =
  | "ANY"
  | "ONE"
  | "TWO"
  | "THREE"
  | "QUORUM"
  | "ALL"
  | "LOCAL_QUORUM"
  | "EACH_QUORUM"
  | "LOCAL_ONE"
  | SerialConsistency

/**
 * The consistency of the Paxos phase of a conditional write.
 *
 * @category models
 * @since 0.1.0
 */
export type SerialConsistency = "SERIAL" | "LOCAL_SERIAL"
