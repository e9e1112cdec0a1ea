/**
 * Which failures may be answered by sending the statement again.
 */
import type { Outcome } from "../../Outcome.ts"
import type { Reason } from "../../Reason.ts"

/** Whether sending again can help (a passing reason) and can do no harm (nothing happened, or twice is as once). */
export const isRetryable = (reason: Reason, outcome: Outcome, idempotent: boolean): boolean => {
  switch (reason._tag) {
    case "Unavailable":
    case "IsBootstrapping":
    case "NoHostAvailable":
    case "Busy":
    case "ConnectionClosed":
      return outcome === "NotApplied" || idempotent
    case "Overloaded":
    case "ReadTimeout":
    case "WriteTimeout":
    case "ServerError":
    case "TruncateError":
      return idempotent && outcome !== "WillApply"
    case "RequestTimeout":
      return idempotent || reason.written === false
    case "ProtocolError":
    case "AuthenticationFailed":
    case "ReadFailure":
    case "FunctionFailure":
    case "WriteFailure":
    case "CdcWriteFailure":
    case "CasWriteUnknown":
    case "SyntaxError":
    case "Unauthorized":
    case "InvalidQuery":
    case "ConfigError":
    case "AlreadyExists":
    case "Unprepared":
    case "ParametersRefused":
    case "RowDecoding":
    case "SessionClosed":
    case "ConnectFailed":
    case "UnknownError":
      return false
  }
}

/** Whether a request was not sent because the connections of every host that is there were full. */
export const isBusy = (reason: Reason): boolean =>
  reason._tag === "Busy" ||
  (reason._tag === "NoHostAvailable" && reason.hosts.some((host) => host.reason?._tag === "Busy") &&
    reason.hosts.every((host) => host.reason === undefined || host.reason._tag === "Busy"))
