/**
 * What the end of a request tells a limiter.
 */
import type { Reason } from "../../Reason.ts"

/**
 * - `"answered"`: rows or an acknowledgement came: the latency counts
 * - `"overloaded"`: the server said that it has too much to do
 * - `"timedOut"`: replicas, or the server as a whole, did not answer in time
 * - `"failed"`: nothing that tells of load, such as a connection that was closed
 */
export type Signal = "answered" | "overloaded" | "timedOut" | "failed"

/** What a failed attempt tells. One that the client gave up itself is abandoned instead, for it is still in the server. */
export const signalOf = (reason: Reason): Signal => {
  switch (reason._tag) {
    case "Overloaded":
    case "Busy":
      return "overloaded"
    case "ReadTimeout":
    case "WriteTimeout":
    case "CasWriteUnknown":
    case "RequestTimeout":
      return "timedOut"
    case "RowDecoding":
      return "answered"
    // An error comes sooner than an answer would have: the latencies of errors would hide those of the load.
    case "ServerError":
    case "ProtocolError":
    case "AuthenticationFailed":
    case "Unavailable":
    case "IsBootstrapping":
    case "TruncateError":
    case "ReadFailure":
    case "FunctionFailure":
    case "WriteFailure":
    case "CdcWriteFailure":
    case "SyntaxError":
    case "Unauthorized":
    case "InvalidQuery":
    case "ConfigError":
    case "AlreadyExists":
    case "Unprepared":
    case "ConnectionClosed":
    case "NoHostAvailable":
    case "ParametersRefused":
    case "SessionClosed":
    case "ConnectFailed":
    case "UnknownError":
      return "failed"
  }
}
