/**
 * The table of reasons. A new reason must be decided here for outcome, retry and load, or the code does not compile.
 */
import type { Consistency } from "../Consistency.ts"
import type { Outcome, Subject } from "../Outcome.ts"
import type { Reason } from "../Reason.ts"

/**
 * The signal of a completed request to a limiter.
 *
 * - `"answered"`: rows or an acknowledgement came: the latency counts
 * - `"overloaded"`: the server said that it has too much to do
 * - `"timedOut"`: replicas, or the server as a whole, did not answer in time
 * - `"failed"`: nothing about the load. An error comes sooner than an answer would have: the latencies of errors would hide
 *   those of the load.
 */
export type Signal = "answered" | "overloaded" | "timedOut" | "failed"

interface Row<R> {
  /** The outcome of a write that failed for it. */
  outcome(reason: R, subject: Subject): Outcome
  /**
   * Retryability: `"always"` also for a write that is not idempotent, provided that nothing of it was
   * applied.
   */
  readonly retry: "always" | "idempotent" | "never"
  /** The signal about the load of the server. */
  readonly load: Signal
}

const no = (): Outcome => "NotApplied"
const unknown = (): Outcome => "Unknown"

export const table: { readonly [Tag in Reason["_tag"]]: Row<Extract<Reason, { readonly _tag: Tag }>> } = {
  ServerError: { outcome: unknown, retry: "idempotent", load: "failed" },
  ProtocolError: { outcome: unknown, retry: "never", load: "failed" },
  AuthenticationFailed: { outcome: no, retry: "never", load: "failed" },
  Unavailable: { outcome: ofUnavailable, retry: "always", load: "failed" },
  Overloaded: { outcome: unknown, retry: "idempotent", load: "overloaded" },
  IsBootstrapping: { outcome: no, retry: "always", load: "failed" },
  TruncateError: { outcome: unknown, retry: "idempotent", load: "failed" },
  WriteTimeout: { outcome: ofWriteTimeout, retry: "idempotent", load: "timedOut" },
  ReadTimeout: { outcome: unknown, retry: "idempotent", load: "timedOut" },
  ReadFailure: { outcome: unknown, retry: "never", load: "failed" },
  FunctionFailure: { outcome: unknown, retry: "never", load: "failed" },
  WriteFailure: { outcome: unknown, retry: "never", load: "failed" },
  CdcWriteFailure: { outcome: unknown, retry: "never", load: "failed" },
  CasWriteUnknown: { outcome: unknown, retry: "never", load: "timedOut" },
  SyntaxError: { outcome: no, retry: "never", load: "failed" },
  Unauthorized: { outcome: no, retry: "never", load: "failed" },
  InvalidQuery: { outcome: no, retry: "never", load: "failed" },
  ConfigError: { outcome: no, retry: "never", load: "failed" },
  AlreadyExists: { outcome: no, retry: "never", load: "failed" },
  Unprepared: { outcome: no, retry: "always", load: "failed" },
  RequestTimeout: { outcome: unknown, retry: "always", load: "timedOut" },
  ConnectionClosed: { outcome: unknown, retry: "always", load: "failed" },
  Busy: { outcome: no, retry: "always", load: "overloaded" },
  NoHostAvailable: {
    outcome: ({ hosts }, subject) =>
      fold(hosts.map(({ reason }) => reason === undefined ? "NotApplied" : outcomeOf(reason, subject))),
    retry: "always",
    load: "failed"
  },
  ParametersRefused: { outcome: no, retry: "never", load: "failed" },
  // The first cell of the answer says if the condition held.
  RowDecoding: {
    outcome: ({ applied }, { conditional }) =>
      !conditional || applied === true ? "Applied" : applied === false ? "NotApplied" : "Unknown",
    retry: "never",
    load: "answered"
  },
  InvalidPageState: { outcome: no, retry: "never", load: "failed" },
  SessionClosed: { outcome: no, retry: "never", load: "failed" },
  ConnectFailed: { outcome: no, retry: "never", load: "failed" },
  UnknownError: { outcome: unknown, retry: "never", load: "failed" }
}

function ofUnavailable({ consistency }: { readonly consistency: Consistency }, subject: Subject): Outcome {
  // Unavailable at the level of the write itself fails a conditional write after its Paxos round.
  if (subject.conditional && consistency !== "SERIAL" && consistency !== "LOCAL_SERIAL") return "Unknown"
  // Only for a single partition and a logged batch does the coordinator check every replica before it sends.
  const isSentInParts = subject.batch === undefined ? subject.manyPartitions === true : subject.batch !== "logged"
  return isSentInParts ? "Unknown" : "NotApplied"
}

function ofWriteTimeout({ writeType }: { readonly writeType: string }, subject: Subject): Outcome {
  if (writeType === "BATCH") return "WillApply"
  // The proposal of a conditional write was accepted: only its commit timed out.
  return writeType === "SIMPLE" && subject.conditional ? "WillApply" : "Unknown"
}

// By any tag, for a reason may come from a later version of the package.
const rows: Readonly<Record<string, Row<Reason> | undefined>> = table

const rowOf = (reason: Reason): Row<Reason> => rows[reason._tag] ?? table.UnknownError

/** The outcome that one error leaves by itself. A read has no effect, however it fails, and neither has what was not sent. */
export const outcomeOf = (reason: Reason, subject: Subject): Outcome =>
  subject.kind === "read" || reason.written === false ? "NotApplied" : rowOf(reason).outcome(reason, subject)

/** Unknown if any is, else WillApply if any is, else NotApplied. */
export const fold = (outcomes: Iterable<Outcome>): Outcome => {
  let folded: Outcome = "NotApplied"
  for (const outcome of outcomes) {
    if (outcome === "Unknown") return "Unknown"
    if (outcome === "WillApply") folded = "WillApply"
  }
  return folded
}

/** The outcome after one more failed attempt: a later refusal does not make certain what an attempt before has left open. */
export const afterAttempt = (earlier: Outcome | undefined, attempt: Outcome): Outcome =>
  earlier === "Unknown" || (earlier === "WillApply" && attempt === "NotApplied") ? earlier : attempt

/** Returns true if the reason of a tag may pass, so that sending again can help. */
export const isPassing = (tag: string): boolean => (rows[tag] ?? table.UnknownError).retry !== "never"

/** Returns true if a retry may succeed and can do no harm: nothing was applied, or the statement is idempotent. */
export const isRetryable = (reason: Reason, outcome: Outcome, idempotent: boolean): boolean => {
  const { retry } = rowOf(reason)
  if (retry === "never" || outcome === "WillApply") return false
  return idempotent || ((retry === "always" || reason.written === false) && outcome === "NotApplied")
}

/** Returns true if the same statement fails in the same way until the program changes. */
export const dependsOnProgram = ({ _tag }: Reason): boolean =>
  _tag === "ParametersRefused" || _tag === "RowDecoding" || _tag === "SyntaxError" || _tag === "InvalidPageState" ||
  _tag === "SessionClosed"

/** Returns true if a request was not sent because the connections of every host were full. */
export const isBusy = (reason: Reason): boolean =>
  reason._tag === "Busy" ||
  (reason._tag === "NoHostAvailable" && reason.hosts.some((host) => host.reason?._tag === "Busy") &&
    reason.hosts.every((host) => host.reason === undefined || host.reason._tag === "Busy"))

/** Returns true if the request of an attempt that failed for a reason was sent. An answer of a server names its node. */
export const wasSent = (reason: Reason): boolean => {
  switch (reason._tag) {
    case "Busy":
    case "ConnectFailed":
    case "ParametersRefused":
    case "SessionClosed":
      return false
    case "InvalidPageState":
      return reason.coordinator !== undefined
    case "ConnectionClosed":
    case "RequestTimeout":
      return reason.written !== false
    case "NoHostAvailable":
      return reason.hosts.some((host) => host.reason !== undefined && wasSent(host.reason))
    default:
      return true
  }
}

/** The signal of a failed attempt to a limiter. An attempt that the client gave up is abandoned: the server may still execute it. */
export const signalOf = (reason: Reason): Signal => rowOf(reason).load
