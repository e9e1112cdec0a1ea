/**
 * Consistency levels of Cassandra.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * The consistency of the Paxos phase of a conditional write.
 *
 * @category models
 * @since 0.1.0
 */
export const SerialConsistency = Schema.Literals(["SERIAL", "LOCAL_SERIAL"])

/**
 * @category models
 * @since 0.1.0
 */
export type SerialConsistency = typeof SerialConsistency.Type

/**
 * The consistency levels by their names in CQL: how many replicas must answer a request. The value is a schema, for
 * example for a `Config`.
 *
 * **Example** (A consistency level from the environment)
 *
 * ```ts
 * import { Consistency } from "@effect-cql/core"
 * import { Config, Effect } from "effect"
 *
 * const level = Config.schema(Consistency, "CONSISTENCY").pipe(Config.withDefault("LOCAL_QUORUM" as const))
 * console.assert((await Effect.runPromise(level)) === "LOCAL_QUORUM")
 * ```
 *
 * @category models
 * @since 0.1.0
 */
export const Consistency = Schema.Literals([
  "ANY",
  "ONE",
  "TWO",
  "THREE",
  "QUORUM",
  "ALL",
  "LOCAL_QUORUM",
  "EACH_QUORUM",
  "LOCAL_ONE",
  ...SerialConsistency.literals
])

/**
 * @category models
 * @since 0.1.0
 */
export type Consistency = typeof Consistency.Type
