/**
 * The kinds of the driver's errors.
 *
 * The driver names an error by its class (`errors.js`: `this.name = this.constructor.name`). A minifier renames classes, and
 * a client of another copy of the driver has other classes. But each kind has a text of its own in `info`.
 */
import { errors } from "cassandra-driver"

/** The name of the class of an error, whatever became of the class. Absent where it is no error. */
export const errorKind = (error: unknown): string | undefined => {
  if (!(error instanceof Error)) return undefined
  if ("info" in error && typeof error.info === "string") {
    const { info } = error
    for (const [begin, kind] of infos) {
      if (info.startsWith(begin)) return kind
    }
  }
  for (const [kind, constructor] of classes) {
    if (error instanceof constructor) return kind
  }
  return error.name
}

const infos: ReadonlyArray<readonly [begin: string, kind: string]> = [
  ["Represents an error message from the server", "ResponseError"],
  ["Represents an error when a query cannot be performed because no host", "NoHostAvailableError"],
  ["Represents a client-side error that is raised when the client did not hear back", "OperationTimedOutError"],
  ["Represents a client-side error indicating that all connections", "BusyConnectionError"],
  ["Represents an authentication error", "AuthenticationError"],
  ["Represents an error that is raised when one of the arguments", "ArgumentError"],
  ["Represents a bug inside the driver", "DriverInternalError"],
  ["Represents a feature that is not supported", "NotSupportedError"],
  ["Represents a run-time exception when attempting to decode a vint", "VIntOutOfRangeException"]
]

const classes: ReadonlyArray<readonly [kind: string, constructor: abstract new(...args: Array<never>) => Error]> = [
  ["ResponseError", errors.ResponseError],
  ["NoHostAvailableError", errors.NoHostAvailableError],
  ["OperationTimedOutError", errors.OperationTimedOutError],
  ["BusyConnectionError", errors.BusyConnectionError],
  ["AuthenticationError", errors.AuthenticationError],
  ["ArgumentError", errors.ArgumentError],
  ["DriverInternalError", errors.DriverInternalError],
  ["NotSupportedError", errors.NotSupportedError]
]
