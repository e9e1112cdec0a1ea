/**
 * Reads back writes with an undetermined outcome.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import { isIterable } from "effect/Predicate"
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
   * @category guards
   * @since 0.1.0
   */
  isSettlement,
  /**
   * Settlements in another process: encodes to JSON, and decodes to settlements. The row, the parameters of statements and the
   * write to be sent again stay behind.
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
 * The result of reading back a write.
 *
 * - `"found"`: the write itself.
 * - `"older"`: what was there before.
 * - `"absent"`: nothing.
 * - `"overwritten"`: something newer, which hides whether the write was there before.
 * - `"notComparable"`: nothing by which the write could be recognised; the message says why.
 * - `"unreadable"`: the read failed; `error` says how.
 *
 * @category models
 * @since 0.1.0
 */
export type Finding = "found" | "older" | "absent" | "overwritten" | "notComparable" | "unreadable"

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
  /** The error, which knows the timestamp of the write. */
  readonly error?: CqlError | undefined
  /** That timestamp, where there is no error. */
  readonly timestamp?: bigint | undefined
}

/**
 * Options for reading writes back.
 *
 * @category options
 * @since 0.1.0
 */
export interface SettleOptions {
  /** Statements that are read back at once. Default: 16. */
  readonly concurrency?: number | undefined
  /** The level at which writes without a condition are read back. Default: `QUORUM`. */
  readonly consistency?: Consistency | undefined
  /**
   * The level at which conditional writes are read. Default: the serial consistency that the write was sent with, else
   * `SERIAL`. One that an execution profile sets is not known here, and has to be named.
   */
  readonly serialConsistency?: SerialConsistency | undefined
  /** Maximum difference between the clocks of clients and servers. Default: 1 second. */
  readonly clockSkew?: Duration.Input | undefined
}

/**
 * Reads back the writes with an undetermined outcome and reports what is certain now. Other inputs are skipped.
 *
 * - A write **without a condition** is known again by the timestamp that it carries: where a column holds its value, written
 *   at just that time, it is Applied; where that time was given by its user, all its columns have to. Otherwise it stays as it was, also when nothing is found, for a replica that was
 *   away may still get it by a hint. `again` is the same write with the same timestamp, to be executed once more.
 * - A **conditional** write is read at `SERIAL`, which finishes its round of Paxos. It is Applied where the row holds all its
 *   values, written since it was sent. It is NotApplied where the row is older or not there, and the server has answered it;
 *   one that was not answered may still be waiting in a queue, and stays open. So does one that was followed by others.
 * - A **batch** is settled statement by statement (`parts`), and Applied when all of it is found. A conditional one takes
 *   effect as a whole: there it is enough that one statement is found, and none is missing.
 * - Counters, deletions and rows of nothing but their key leave nothing to recognise them by: the settlement says so, and
 *   they stay open.
 *
 * For a conditional write this assumes that no other client meanwhile writes the same values to the same row, or deletes them;
 * that clocks are no further apart than `clockSkew`; and Cassandra 4.0 or newer. A table with `read_repair = 'NONE'` may lose
 * what was found on one replica only.
 *
 * Tables have to be qualified unless the session that wrote had a keyspace, rows named by equalities. It cannot fail: a write that cannot be read back stays open, with the
 * error of the read; its settlement can be settled again. Bad options are programming errors: it dies with `InvalidOptions`.
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
  (args) => args.length !== 1 || isIterable(args[0]),
  (unsettled: Iterable<Unsettled>, options: SettleOptions = {}): Effect.Effect<Array<Settlement>, never, Session> =>
    internal.settle(unsettled, options)
)
