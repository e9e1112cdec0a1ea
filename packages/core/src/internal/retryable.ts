/**
 * Which failures may be answered by sending the statement again.
 */
import type { Outcome } from "../Outcome.ts"
import type { Reason } from "../Reason.ts"

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
    case "RequestTimeout":
      return idempotent && outcome !== "WillApply"
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
