/**
 * Determines the outcome of writes whose outcome is unknown, by reading them back.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import type { Batch } from "./Batch.ts"
import type { Consistency, SerialConsistency } from "./Consistency.ts"
import type { CqlError } from "./CqlError.ts"
import * as internal from "./internal/settle/settle.ts"
import type { Settlement } from "./internal/settle/settlement.ts"
import type { Outcome } from "./Outcome.ts"
import type { Session } from "./Session.ts"
import type { Statement } from "./Statement.ts"

export {
  /**
   * The result of reading back a write.
   *
   * - `"found"`: the write itself.
   * - `"older"`: the value from before the write.
   * - `"absent"`: nothing.
   * - `"overwritten"`: a newer value, which hides whether the write was applied.
   * - `"notComparable"`: the write cannot be recognised; the message explains why.
   * - `"unreadable"`: the read failed with `error`.
   *
   * @category models
   * @since 0.1.0
   */
  Finding,
  /**
   * @category guards
   * @since 0.1.0
   */
  isSettlement,
  /**
   * Sends settlements to another process: encodes to JSON, and decodes to settlements. The row, the parameters of
   * statements and the write to be sent again are not included.
   *
   * @category schemas
   * @since 0.1.0
   */
  schema,
  /**
   * @category models
   * @since 0.1.0
   */
  Settlement
} from "./internal/settle/settlement.ts"

/**
 * Inputs of `settle`: results, interrupted statements of a run, or a statement and its error.
 *
 * @category models
 * @since 0.1.0
 */
export interface Unsettled {
  readonly statement: Statement<unknown> | Batch
  readonly outcome: Outcome
  /** Default: its position. */
  readonly index?: number | undefined
  /** The error, which has the timestamp of the write. */
  readonly error?: CqlError | undefined
  /** The timestamp of the write, if there is no error. */
  readonly timestamp?: bigint | undefined
}

/**
 * Options for reading writes back.
 *
 * @category options
 * @since 0.1.0
 */
export interface SettleOptions {
  /** Statements that are read back at a time. Default: 16. */
  readonly concurrency?: number | undefined
  /** Consistency level of reads for writes without a condition. Default: `QUORUM`. */
  readonly consistency?: Consistency | undefined
  /**
   * Consistency level of reads for conditional writes. Default: the serial consistency of the write, or else `SERIAL`.
   * If an execution profile sets another one, set it here as well.
   */
  readonly serialConsistency?: SerialConsistency | undefined
  /** Maximum difference between the clocks of clients and servers. Default: 1 second. */
  readonly clockSkew?: Duration.Input | undefined
}

/**
 * Reads back the writes with an undetermined outcome and reports what is certain now. Other inputs are skipped.
 *
 * - A write **without a condition** is recognised by its timestamp. It is Applied if a column holds its value, written
 *   at exactly that time; if you set the timestamp, all its columns have to. Otherwise its outcome does not change:
 *   even if nothing is found, a replica that was down may still receive it as a hint. `again` is the same write with
 *   the same timestamp, to be executed again.
 * - A **conditional** write is read at `SERIAL`, which finishes its Paxos round. It is Applied if the row holds all its
 *   values, written since it was sent. It is NotApplied if the row is older or absent, and the server has answered the
 *   write. A write without an answer may still wait in a queue, and remains unknown. So does a write that was followed
 *   by others.
 * - A **batch** is settled statement by statement (`parts`), and is Applied if all of them are found. A conditional
 *   batch takes effect as a whole: it is enough that one statement is found and none is missing.
 * - Counters, deletions, and rows with only their key cannot be recognised, and remain unknown.
 *
 * For a conditional write this assumes that no other client meanwhile writes the same values to the same row, or
 * deletes them; that clocks differ by at most `clockSkew`; and Cassandra 4.0 or newer. With `read_repair = 'NONE'`, a
 * table may lose a value that was found on one replica only.
 *
 * Table names have to be qualified unless the session that wrote had a keyspace, and conditions on keys have to be
 * equalities. It cannot fail: a write that cannot be read back remains unknown, with the error of the read, and can be
 * settled again. Dies with `InvalidOptions` for invalid options, and for anything but an iterable of results.
 *
 * **Example** (What became of a write that was not answered)
 *
 * ```ts
 * import { executeConcurrent, Reason, Settlement, Statement } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const insert = Statement.make("INSERT INTO app.users (id, name) VALUES (?, ?)", [1, "ada"], { timestamp: 1_000n })
 * const program = executeConcurrent([insert], { raiseOnFirstError: false }).pipe(Effect.flatMap((results) => Settlement.settle(results)))
 *
 * const session = MockSession.layer({
 *   answers: [
 *     MockSession.when(/^INSERT/, MockSession.fail(new Reason.RequestTimeout({ message: "no answer", timeout: 12_000 }))),
 *     MockSession.when(/system_schema/, MockSession.rows([
 *       { column_name: "id", kind: "partition_key", type: "int" },
 *       { column_name: "name", kind: "regular", type: "text" }
 *     ])),
 *     MockSession.when(/^SELECT "name"/, MockSession.rows([{ "value 0": "ada", "time 0": 1_000n }]))
 *   ]
 * })
 * const [settlement] = await Effect.runPromise(program.pipe(Effect.provide(session)))
 * console.assert(settlement?.before === "Unknown" && settlement.outcome === "Applied")
 * ```
 *
 * @category settling
 * @since 0.1.0
 */
export const settle: {
  (options: SettleOptions): (
    unsettled: Iterable<Unsettled>
  ) => Effect.Effect<Array<Settlement>, never, Session>
  (unsettled: Iterable<Unsettled>, options?: SettleOptions): Effect.Effect<Array<Settlement>, never, Session>
} = dual(
  internal.isDataFirst,
  (unsettled: Iterable<Unsettled>, options: SettleOptions = {}): Effect.Effect<Array<Settlement>, never, Session> =>
    internal.settle(unsettled, options)
)
