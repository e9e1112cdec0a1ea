/**
 * The errors of the driver: their kinds, and the fields that their types do not declare.
 *
 * The driver names an error by its class (`lib/errors.js:32`). A minifier renames classes, and a client of another copy of the
 * driver has other classes. But each kind has a text of its own in `info` (`lib/errors.js:77`, and one in each constructor).
 */
import { errors } from "cassandra-driver"

/** An error of the driver, or of a server, with all fields that one of them may have. */
export interface DriverError {
  readonly name: string
  readonly message: string
  readonly code?: unknown
  /** The node of a request that failed on it (`lib/request-execution.js:286`). */
  readonly coordinator?: string | undefined
  /** True if a socket was closed (`lib/connection.js:358`, `lib/writers.js:297`). */
  readonly isSocketError?: boolean | undefined
  /** True if the request was still in the queue of its connection (`lib/writers.js:299`). */
  readonly requestNotWritten?: boolean | undefined
  readonly host?: string | undefined
  /** Null for a client that was shut down (`lib/client.js:503`). */
  readonly innerErrors?: Readonly<Record<string, unknown>> | null | undefined
  /** A level of consistency as its number (`lib/readers.js:395`), with what was required and what came. */
  readonly consistencies?: unknown
  readonly required?: unknown
  readonly alive?: unknown
  /** The replicas that have answered, and those that had to (`lib/readers.js:403`). */
  readonly received?: unknown
  readonly blockFor?: unknown
  /** Zero if the replica that was asked for the data did not answer (`lib/readers.js:414`). */
  readonly isDataPresent?: unknown
  /** A kind of write by its name (`lib/readers.js:446`). */
  readonly writeType?: unknown
  /** The number of replicas that failed, and why (`lib/readers.js:407`). */
  readonly failures?: unknown
  readonly reasons?: Readonly<Record<string, number>> | undefined
  /** The keyspace and the table that exist already (`lib/readers.js:464`). */
  readonly keyspace?: unknown
  readonly table?: unknown
  /** The function that failed (`lib/readers.js:460`). */
  readonly functionName?: unknown
  readonly argTypes?: unknown
}

/** Returns true for the error of a socket that was closed (`lib/connection.js:358`, `lib/writers.js:297`). */
export const isSocketError = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "isSocketError" in error && error.isSocketError === true

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
