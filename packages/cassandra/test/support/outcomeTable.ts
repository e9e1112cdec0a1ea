/**
 * Every error that a statement can end with, and what it says of the statement's effect: written down a second time, apart
 * from the code that decides it, and in the words of the protocol.
 */
import { type Outcome, Reason } from "@effect-cql/core"
import type { Then } from "@effect-cql/test-server/Simulacron"
import { casWriteUnknown, cdcWriteFailure } from "./frames.ts"
import type { Kind } from "./subjects.ts"

export interface Row {
  readonly name: string
  /** Expected reason of the error. The message and the host may differ, all other fields must match. */
  readonly reason: Reason.Reason
  /** Answer of Simulacron that leads to this reason. */
  readonly then?: Then
  /** The same as the body of an error frame, for what Simulacron does not know. */
  readonly body?: Buffer
  /** Outcome of a write. Every read is NotApplied. */
  readonly outcome: Outcome.Outcome
  /** Where it depends on the kind of write. */
  readonly of?: { readonly [K in Kind]?: Outcome.Outcome }
  /** The kinds of statements that can meet it. Default: all. */
  readonly kinds?: ReadonlyArray<Kind>
}

const message = "scripted"
const replicas = { consistency: "QUORUM", received: 1, blockFor: 2 } as const
const toldReplicas = { consistency_level: "QUORUM", received: 1, block_for: 2 }
const host = "10.0.0.1:9042"

/** Errors of the server for a write that it refused before any effect. */
const refused: ReadonlyArray<Row> = [
  {
    name: "a syntax error",
    reason: new Reason.SyntaxError({ message }),
    then: { result: "syntax_error", message },
    outcome: "NotApplied"
  },
  {
    name: "unauthorized",
    reason: new Reason.Unauthorized({ message }),
    then: { result: "unauthorized", message },
    outcome: "NotApplied"
  },
  {
    name: "an invalid query",
    reason: new Reason.InvalidQuery({ message }),
    then: { result: "invalid", message },
    outcome: "NotApplied"
  },
  {
    name: "a configuration error",
    reason: new Reason.ConfigError({ message }),
    then: { result: "config_error", message },
    outcome: "NotApplied"
  },
  {
    name: "what exists already",
    reason: new Reason.AlreadyExists({ message, keyspace: "app", table: "users" }),
    then: { result: "already_exists", message, keyspace: "app", table: "users" },
    outcome: "NotApplied"
  },
  {
    name: "bad credentials",
    reason: new Reason.AuthenticationFailed({ message }),
    then: { result: "authentication_error", message },
    outcome: "NotApplied"
  },
  {
    name: "a node that joins the cluster",
    reason: new Reason.IsBootstrapping({ message }),
    then: { result: "is_bootstrapping" },
    outcome: "NotApplied"
  },
  {
    name: "too few replicas alive",
    reason: new Reason.Unavailable({ message, consistency: "QUORUM", required: 2, alive: 1 }),
    then: { result: "unavailable", consistency_level: "QUORUM", required: 2, alive: 1 },
    outcome: "NotApplied",
    // The round of Paxos was over, and only its commit was short of replicas.
    of: { conditional: "Unknown", conditionalBatch: "Unknown", unlogged: "Unknown", counterBatch: "Unknown" }
  },
  {
    name: "too few replicas alive for a round of Paxos",
    reason: new Reason.Unavailable({ message, consistency: "SERIAL", required: 2, alive: 1 }),
    then: { result: "unavailable", consistency_level: "SERIAL", required: 2, alive: 1 },
    outcome: "NotApplied",
    kinds: ["conditional"]
  }
]

const timeoutOf = (writeType: string) => ({
  reason: new Reason.WriteTimeout({ message, ...replicas, writeType }),
  then: { result: "write_timeout", ...toldReplicas, write_type: writeType }
})

/** Errors of the server for a write that it began. */
const begun: ReadonlyArray<Row> = [
  {
    name: "overload",
    reason: new Reason.Overloaded({ message }),
    then: { result: "overloaded", message },
    outcome: "Unknown"
  },
  {
    name: "a timeout of the write itself",
    ...timeoutOf("SIMPLE"),
    outcome: "Unknown",
    of: { conditional: "WillApply", conditionalBatch: "WillApply" }
  },
  { name: "a timeout of the Paxos round", ...timeoutOf("CAS"), outcome: "Unknown" },
  { name: "a timeout of a batch whose log is written", ...timeoutOf("BATCH"), outcome: "WillApply" },
  { name: "a timeout of the batch log", ...timeoutOf("BATCH_LOG"), outcome: "Unknown" },
  { name: "a timeout of an unlogged batch", ...timeoutOf("UNLOGGED_BATCH"), outcome: "Unknown" },
  { name: "a timeout of a counter", ...timeoutOf("COUNTER"), outcome: "Unknown" },
  { name: "a timeout of a view", ...timeoutOf("VIEW"), outcome: "Unknown" },
  { name: "a timeout of the change log", ...timeoutOf("CDC"), outcome: "Unknown" },
  {
    name: "a failure of a write",
    reason: new Reason.WriteFailure({ message, ...replicas, failures: 1, writeType: "SIMPLE" }),
    then: {
      result: "write_failure",
      ...toldReplicas,
      failure_reasons: { "10.0.0.3": "UNKNOWN" },
      write_type: "SIMPLE"
    },
    outcome: "Unknown"
  },
  {
    name: "a timeout of a read",
    reason: new Reason.ReadTimeout({ message, ...replicas, dataPresent: true }),
    then: { result: "read_timeout", ...toldReplicas, data_present: true },
    outcome: "Unknown"
  },
  {
    name: "a failure of a read",
    reason: new Reason.ReadFailure({ message, ...replicas, failures: 1, dataPresent: false }),
    then: {
      result: "read_failure",
      ...toldReplicas,
      failure_reasons: { "10.0.0.3": "READ_TOO_MANY_TOMBSTONES" },
      data_present: false
    },
    outcome: "Unknown"
  },
  {
    name: "a failure of a function",
    reason: new Reason.FunctionFailure({ message, keyspace: "app", function: "area", argTypes: ["int", "text"] }),
    then: {
      result: "function_failure",
      keyspace: "app",
      function: "area",
      arg_types: ["int", "text"],
      detail: message
    },
    outcome: "Unknown"
  },
  {
    name: "a server error",
    reason: new Reason.ServerError({ message }),
    then: { result: "server_error", message },
    outcome: "Unknown"
  },
  {
    name: "an error of the protocol",
    reason: new Reason.ProtocolError({ message }),
    then: { result: "protocol_error", message },
    outcome: "Unknown"
  },
  {
    name: "a truncation that was not complete",
    reason: new Reason.TruncateError({ message }),
    then: { result: "truncate_error", message },
    outcome: "Unknown"
  },
  {
    name: "a failure of the change log",
    reason: new Reason.CdcWriteFailure({ message, consistency: "ANY", received: 0, blockFor: 0 }),
    body: cdcWriteFailure,
    outcome: "Unknown"
  },
  {
    name: "a Paxos round of unknown end",
    reason: new Reason.CasWriteUnknown({ message, consistency: "SERIAL", received: 1, blockFor: 2 }),
    body: casWriteUnknown,
    outcome: "Unknown",
    kinds: ["write", "conditional", "conditionalBatch"]
  }
]

/** Errors that the client detects by itself while the statement is in flight. */
export const lost: ReadonlyArray<Row> = [
  {
    name: "no answer in time",
    reason: new Reason.RequestTimeout({ message, timeout: 150 }),
    then: { result: "no_result" },
    outcome: "Unknown"
  },
  {
    name: "a connection that the server closes",
    reason: new Reason.ConnectionClosed({ message }),
    then: { result: "close_connection", scope: "connection", close_type: "disconnect" },
    outcome: "Unknown"
  },
  {
    name: "a connection on which the server stops writing",
    reason: new Reason.ConnectionClosed({ message }),
    then: { result: "close_connection", scope: "connection", close_type: "shutdown_write" },
    outcome: "Unknown"
  }
]

const ofHosts = (...reasons: ReadonlyArray<Reason.Reason | undefined>) =>
  new Reason.NoHostAvailable({ message, hosts: reasons.map((reason) => ({ host, reason })) })

/** Errors that only a mock session can produce, or a scripted server only for a driver in a certain state. */
const constructed: ReadonlyArray<Row> = [
  { name: "statements that are not prepared", reason: new Reason.Unprepared({ message }), outcome: "NotApplied" },
  { name: "parameters that do not fit", reason: new Reason.ParametersRefused({ message }), outcome: "NotApplied" },
  { name: "full connections", reason: new Reason.Busy({ message, host, inFlight: 2_048 }), outcome: "NotApplied" },
  {
    name: "a connection that closed before the request was written",
    reason: new Reason.ConnectionClosed({ message, host, written: false }),
    outcome: "NotApplied"
  },
  {
    name: "a connection that closed after the request was written",
    reason: new Reason.ConnectionClosed({ message, host, written: true }),
    outcome: "Unknown"
  },
  { name: "no host at all", reason: ofHosts(), outcome: "NotApplied" },
  { name: "no host, each left out", reason: ofHosts(undefined, undefined), outcome: "NotApplied" },
  {
    name: "no host, one of them full",
    reason: ofHosts(undefined, new Reason.Busy({ message })),
    outcome: "NotApplied"
  },
  {
    name: "no host, one of them silent",
    reason: ofHosts(undefined, new Reason.RequestTimeout({ message, timeout: 150 })),
    outcome: "Unknown"
  },
  {
    name: "no host, and one has written the batch log",
    reason: ofHosts(new Reason.Busy({ message }), timeoutOf("BATCH").reason),
    outcome: "WillApply"
  },
  {
    name: "no host, one silent and one that has written the batch log",
    reason: ofHosts(new Reason.RequestTimeout({ message, timeout: 150 }), timeoutOf("BATCH").reason),
    outcome: "Unknown"
  },
  { name: "a session that is closed", reason: new Reason.SessionClosed({ message }), outcome: "NotApplied" },
  {
    name: "a session that could not be opened",
    reason: new Reason.ConnectFailed({ message, hosts: [], check: "" }),
    outcome: "NotApplied"
  },
  { name: "an unknown error", reason: new Reason.UnknownError({ message }), outcome: "Unknown" }
]

/** Errors that servers answer. */
export const answered: ReadonlyArray<Row> = [...refused, ...begun]

/** All of them. */
export const table: ReadonlyArray<Row> = [...answered, ...lost, ...constructed]

/** Outcome of a statement of a kind. */
export const outcomeOf = (row: Row, kind: Kind): Outcome.Outcome =>
  kind === "read" ? "NotApplied" : row.of?.[kind] ?? row.outcome

/** The fields of a reason that say something of the statement. */
export const fieldsOf = ({ _tag, ...fields }: Reason.Reason): object => ({ _tag, ...without(fields) })

const without = (fields: object): object =>
  Object.fromEntries(Object.entries(fields).filter(([name, value]) => !untold.has(name) && value !== undefined))

const untold: ReadonlySet<string> = new Set(["message", "cause", "coordinator", "host", "failuresByNode"])
