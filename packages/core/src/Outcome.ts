/**
 * What became of a statement: applied, not applied, going to be applied, or unknown.
 *
 * @since 0.1.0
 */
import type { Reason } from "./Reason.ts"

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
  /** `"read"` for SELECT, `"write"` for anything that can change data or schema. */
  readonly kind: "read" | "write"
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
      // Only for a single mutation and a logged batch does the coordinator check every replica before it sends.
      return subject.batch === "unlogged" || subject.batch === "counter" ? "Unknown" : "NotApplied"
    case "WriteTimeout":
      return fromWriteTimeout(reason.writeType, subject)
    case "ConnectionClosed":
      return reason.written === false ? "NotApplied" : "Unknown"
    case "NoHostAvailable":
      return fold(
        reason.hosts.map((host) => host.reason === undefined ? "NotApplied" : fromReason(host.reason, subject))
      )
    case "RowDecoding":
      return "Applied"
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
    case "RequestTimeout":
    case "UnknownError":
      return "Unknown"
  }
}

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
