/**
 * The effect of a statement: applied, not applied, certain to be applied, or unknown.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as internal from "./internal/reasons.ts"
import type { Kind } from "./Port.ts"
import type { Reason } from "./Reason.ts"

/**
 * The known effect of a statement on the database.
 *
 * - `"Applied"`: it took effect. A successful read is Applied as well.
 * - `"NotApplied"`: it took no effect, and will take none. Every failed read is NotApplied.
 * - `"WillApply"`: it is decided and becomes visible without further action (a batch in the batch log, an accepted
 *   Paxos proposal).
 * - `"Unknown"`: undetermined. Replicas may hold it, now or later.
 *
 * @category models
 * @since 0.1.0
 */
export const Outcome = Schema.Literals(["Applied", "NotApplied", "WillApply", "Unknown"])

/**
 * @category models
 * @since 0.1.0
 */
export type Outcome = typeof Outcome.Type

/**
 * The properties of a request that determine the outcome of its errors.
 *
 * @category models
 * @since 0.1.0
 */
export interface Subject {
  /** Every kind but `"read"` may change data, schema or permissions. */
  readonly kind: Kind
  /** True if the statement has a condition (`IF ...`), or the batch holds such a statement. */
  readonly conditional: boolean
  /**
   * True if a single statement may write to several partitions: an UPDATE or a DELETE with `IN`. The coordinator checks and
   * sends them one after the other. Default: false.
   */
  readonly manyPartitions?: boolean | undefined
  /** The type of a batch, absent for a single statement. */
  readonly batch?: "logged" | "unlogged" | "counter" | undefined
}

/**
 * The outcome of one attempt that failed with a reason.
 *
 * It follows the protocol of Cassandra strictly: a write is NotApplied only if the server or the driver refused it
 * before anything could reach a replica.
 *
 * **Example** (A timeout of a plain write)
 *
 * ```ts
 * import { Outcome, Reason } from "@effect-cql/core"
 *
 * const timeout = new Reason.RequestTimeout({ message: "no answer", host: "127.0.0.1:9042", timeout: 12_000 })
 * console.assert(Outcome.fromReason(timeout, { kind: "write", conditional: false }) === "Unknown")
 * console.assert(Outcome.fromReason(timeout, { kind: "read", conditional: false }) === "NotApplied")
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromReason: (reason: Reason, subject: Subject) => Outcome = internal.outcomeOf

/**
 * The outcome of a request that was tried on several hosts: Unknown if any outcome is, else WillApply if any is, else
 * NotApplied.
 *
 * @category combinators
 * @since 0.1.0
 */
export const fold: (outcomes: Iterable<Outcome>) => Outcome = internal.fold

/**
 * Returns true if an outcome is certain: Applied or NotApplied. `Settlement.settle` may find out more about the others.
 *
 * @category guards
 * @since 0.1.0
 */
export const isCertain = (outcome: Outcome): outcome is "Applied" | "NotApplied" =>
  outcome === "Applied" || outcome === "NotApplied"
