/**
 * What became of a statement: applied, not applied, going to be applied, or unknown.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type { Batch } from "./Batch.ts"
import type { Consistency, SerialConsistency } from "./Consistency.ts"
import type { CqlError } from "./CqlError.ts"
import * as internal from "./internal/settle/settle.ts"
import type { Kind } from "./Port.ts"
import type { Reason } from "./Reason.ts"
import type { Session } from "./Session.ts"
import type { Settlement } from "./Settlement.ts"
import type { Statement } from "./Statement.ts"

export {
  /**
   * @category models
   * @since 0.1.0
   */
  type Finding,
  /**
   * @category models
   * @since 0.1.0
   */
  Settlement
} from "./Settlement.ts"

/**
 * What is known about the effect of a statement on the database.
 *
 * - `"Applied"`: it took effect. A read that succeeded is Applied as well.
 * - `"NotApplied"`: it took no effect. Every failed read is NotApplied, for a read has no effect.
 * - `"WillApply"`: it is decided, and becomes visible without further action (a batch in the batch log, an accepted
 *   Paxos proposal).
 * - `"Unknown"`: nobody can say. Replicas may hold it, now or later.
 *
 * @category models
 * @since 0.1.0
 */
export type Outcome = "Applied" | "NotApplied" | "WillApply" | "Unknown"

/**
 * What of a request decides the outcome of its errors.
 *
 * @category models
 * @since 0.1.0
 */
export interface Subject {
  /** Every kind but `"read"` may change data, schema or permissions. */
  readonly kind: Kind
  /** Whether the statement has a condition (`IF ...`), or the batch holds such a statement. */
  readonly conditional: boolean
  /** The type of a batch, absent for a single statement. */
  readonly batch?: "logged" | "unlogged" | "counter" | undefined
}

/**
 * The outcome that one error, by itself, leaves for the request that it answers.
 *
 * The table is that of the Cassandra protocol read strictly: a write is NotApplied only where the server or the driver
 * refused it before anything could reach a replica.
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
export const fromReason = (reason: Reason, subject: Subject): Outcome => {
  if (subject.kind === "read") return "NotApplied"
  switch (reason._tag) {
    case "SyntaxError":
    case "Unauthorized":
    case "InvalidQuery":
    case "ConfigError":
    case "AlreadyExists":
    case "AuthenticationFailed":
    case "Unprepared":
    case "IsBootstrapping":
    case "Busy":
    case "ParametersRefused":
    case "SessionClosed":
    case "ConnectFailed":
      return "NotApplied"
    case "Unavailable":
      // What is short of the level of the write itself fails a conditional one when its round of Paxos is over.
      if (subject.conditional && !isSerial(reason.consistency)) return "Unknown"
      // Only for a single mutation and a logged batch does the coordinator check every replica before it sends.
      return subject.batch === "unlogged" || subject.batch === "counter" ? "Unknown" : "NotApplied"
    case "WriteTimeout":
      return fromWriteTimeout(reason.writeType, subject)
    case "ConnectionClosed":
    case "RequestTimeout":
      return reason.written === false ? "NotApplied" : "Unknown"
    case "NoHostAvailable":
      return fold(
        reason.hosts.map((host) => host.reason === undefined ? "NotApplied" : fromReason(host.reason, subject))
      )
    case "RowDecoding":
      // Whether its condition held stands in the very row that could not be read.
      return subject.conditional ? "Unknown" : "Applied"
    case "ServerError":
    case "ProtocolError":
    case "Overloaded":
    case "TruncateError":
    case "ReadTimeout":
    case "ReadFailure":
    case "WriteFailure":
    case "FunctionFailure":
    case "CdcWriteFailure":
    case "CasWriteUnknown":
    case "UnknownError":
      return "Unknown"
  }
}

const isSerial = (level: Consistency): level is SerialConsistency => level === "SERIAL" || level === "LOCAL_SERIAL"

const fromWriteTimeout = (writeType: string, subject: Subject): Outcome => {
  switch (writeType) {
    case "BATCH":
      return "WillApply"
    case "SIMPLE":
      // The proposal of a conditional write was accepted: only its commit timed out.
      return subject.conditional ? "WillApply" : "Unknown"
    default:
      return "Unknown"
  }
}

/**
 * The outcome of a request that was tried on several hosts: Unknown if any is, else WillApply if any is, else
 * NotApplied.
 *
 * @category combinators
 * @since 0.1.0
 */
export const fold = (outcomes: Iterable<Outcome>): Outcome => {
  let folded: Outcome = "NotApplied"
  for (const outcome of outcomes) {
    if (outcome === "Unknown") return "Unknown"
    if (outcome === "WillApply") folded = "WillApply"
  }
  return folded
}

/**
 * The outcome of a statement after one more failed attempt.
 *
 * Unknown is sticky: once an attempt may have been applied, a later refusal does not make the statement certain again.
 *
 * @category combinators
 * @since 0.1.0
 */
export const afterAttempt = (earlier: Outcome | undefined, attempt: Outcome): Outcome =>
  earlier === "Unknown" || (earlier === "WillApply" && attempt === "NotApplied") ? earlier : attempt

/**
 * What can be settled: results, what a run has interrupted, or a statement and its error.
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
 * How writes are read back.
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
  /** How far the clocks of clients and servers may be apart. Default: 1 second. */
  readonly clockSkew?: Duration.Input | undefined
}

/**
 * Reads back the writes whose outcome is open, and tells what is certain now. Everything else is passed over.
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
 * Of a conditional write this takes for granted that meanwhile nobody writes the same values to the same row, or deletes them;
 * that clocks are no further apart than `clockSkew`; and Cassandra 4.0 or newer. A table with `read_repair = 'NONE'` may lose
 * what was found on one replica only.
 *
 * Tables have to be qualified, rows named by equalities. It cannot fail: a write that cannot be read back stays open, with the
 * error of the read; its settlement can be settled again. Bad options are programming errors: it dies with `InvalidOptions`.
 *
 * **Example** (What became of a write that was not answered)
 *
 * ```ts
 * import { executeConcurrent, Outcome, Reason, Statement } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const insert = Statement.make("INSERT INTO app.users (id, name) VALUES (?, ?)", [1, "ada"], { timestamp: 1_000n })
 * const program = executeConcurrent([insert], { raiseOnFirstError: false }).pipe(Effect.flatMap((results) => Outcome.settle(results)))
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
export const settle = (
  unsettled: Iterable<Unsettled>,
  options?: SettleOptions
): Effect.Effect<Array<Settlement>, never, Session> => internal.settle(unsettled, options ?? {})
