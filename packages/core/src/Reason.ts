/**
 * Why a statement failed: one tagged class for each cause that the protocol or the driver tells apart.
 *
 * A reason stands in {@link CqlError.reason}, so that `Effect.catchReason("CqlError", "WriteTimeout", ...)` works.
 *
 * @since 0.1.0
 */
import type { Consistency } from "./Consistency.ts"
import { hasTypeId } from "./internal/internals.ts"
import { Tagged } from "./internal/tagged.ts"
import * as TypeIds from "./internal/typeIds.ts"

export type { Common } from "./internal/tagged.ts"

/**
 * How many replicas had to answer at which consistency, and how many did.
 *
 * @category models
 * @since 0.1.0
 */
export interface Replicas {
  readonly consistency: Consistency
  /** Replicas that answered. */
  readonly received: number
  /** Replicas whose answer the consistency level asked for. */
  readonly blockFor: number
}

/**
 * How many replicas failed, and with which code where the server tells.
 *
 * @category models
 * @since 0.1.0
 */
export interface Failures {
  readonly failures: number
  /** Failure codes of the protocol by replica address. */
  readonly failuresByNode?: Readonly<Record<string, number>> | undefined
}

/**
 * A host that was tried, and why it gave no answer. No reason means that no request was sent to it.
 *
 * @category models
 * @since 0.1.0
 */
export interface TriedHost {
  readonly host: string
  readonly reason?: Reason | undefined
}

/**
 * The server failed in a way that it does not explain further. Protocol error 0x0000.
 *
 * @category reasons
 * @since 0.1.0
 */
export class ServerError extends Tagged("ServerError") {}

/**
 * The server could not understand the request. Protocol error 0x000A.
 *
 * @category reasons
 * @since 0.1.0
 */
export class ProtocolError extends Tagged("ProtocolError") {}

/**
 * The server refused the credentials. Protocol error 0x0100.
 *
 * @category reasons
 * @since 0.1.0
 */
export class AuthenticationFailed extends Tagged("AuthenticationFailed") {}

/**
 * Too few replicas were alive for the consistency level, so nothing was sent to them (but see `Outcome`). Protocol
 * error 0x1000.
 *
 * @category reasons
 * @since 0.1.0
 */
export class Unavailable extends Tagged("Unavailable")<{
  readonly consistency: Consistency
  /** Replicas that the consistency level asks for. */
  readonly required: number
  /** Replicas known to be alive. */
  readonly alive: number
}> {}

/**
 * The coordinator refuses more work. Part of the request may have been sent on. Protocol error 0x1001.
 *
 * @category reasons
 * @since 0.1.0
 */
export class Overloaded extends Tagged("Overloaded") {}

/**
 * The coordinator is still joining the cluster. Protocol error 0x1002.
 *
 * @category reasons
 * @since 0.1.0
 */
export class IsBootstrapping extends Tagged("IsBootstrapping") {}

/**
 * A TRUNCATE did not complete on all replicas. Protocol error 0x1003.
 *
 * @category reasons
 * @since 0.1.0
 */
export class TruncateError extends Tagged("TruncateError") {}

/**
 * Too few replicas acknowledged a write in time. Protocol error 0x1100.
 *
 * @category reasons
 * @since 0.1.0
 */
export class WriteTimeout extends Tagged("WriteTimeout")<
  Replicas & {
    /** What was being written, as the server names it: `SIMPLE`, `BATCH`, `BATCH_LOG`, `UNLOGGED_BATCH`, `CAS`, ... */
    readonly writeType: string
  }
> {}

/**
 * Too few replicas answered a read in time. Protocol error 0x1200.
 *
 * @category reasons
 * @since 0.1.0
 */
export class ReadTimeout extends Tagged("ReadTimeout")<
  Replicas & {
    /** Whether the replica asked for the data (not a digest) was among those that answered. */
    readonly dataPresent: boolean
  }
> {}

/**
 * A replica failed while it executed a read. Protocol error 0x1300.
 *
 * @category reasons
 * @since 0.1.0
 */
export class ReadFailure extends Tagged("ReadFailure")<
  Replicas & Failures & {
    /** Whether the replica asked for the data answered. */
    readonly dataPresent: boolean
  }
> {}

/**
 * A user-defined function failed. Protocol error 0x1400.
 *
 * @category reasons
 * @since 0.1.0
 */
export class FunctionFailure extends Tagged("FunctionFailure")<{
  readonly keyspace: string
  readonly function: string
  /** CQL types of the arguments. */
  readonly argTypes: ReadonlyArray<string>
}> {}

/**
 * A replica failed while it executed a write. Protocol error 0x1500.
 *
 * @category reasons
 * @since 0.1.0
 */
export class WriteFailure extends Tagged("WriteFailure")<
  Replicas & Failures & {
    /** What was being written, as the server names it. */
    readonly writeType: string
  }
> {}

/**
 * A replica could not write to a table with change data capture. Protocol error 0x1600.
 *
 * @category reasons
 * @since 0.1.0
 */
export class CdcWriteFailure extends Tagged("CdcWriteFailure")<Replicas> {}

/**
 * A conditional write lost contact in its Paxos round; another may finish it. Protocol error 0x1700.
 *
 * @category reasons
 * @since 0.1.0
 */
export class CasWriteUnknown extends Tagged("CasWriteUnknown")<Replicas> {}

/**
 * The CQL text does not parse. Protocol error 0x2000.
 *
 * @category reasons
 * @since 0.1.0
 */
export class SyntaxError extends Tagged("SyntaxError") {}

/**
 * The role may not do this. Protocol error 0x2100.
 *
 * @category reasons
 * @since 0.1.0
 */
export class Unauthorized extends Tagged("Unauthorized") {}

/**
 * The statement parses but cannot be executed. Protocol error 0x2200.
 *
 * @category reasons
 * @since 0.1.0
 */
export class InvalidQuery extends Tagged("InvalidQuery") {}

/**
 * The statement is invalid under the configuration of the server. Protocol error 0x2300.
 *
 * @category reasons
 * @since 0.1.0
 */
export class ConfigError extends Tagged("ConfigError") {}

/**
 * The keyspace or table exists. Protocol error 0x2400.
 *
 * @category reasons
 * @since 0.1.0
 */
export class AlreadyExists extends Tagged("AlreadyExists")<{
  readonly keyspace: string
  /** Empty when the keyspace itself exists. */
  readonly table: string
}> {}

/**
 * The node does not know the prepared statement, even after it was prepared again. Protocol error 0x2500.
 *
 * @category reasons
 * @since 0.1.0
 */
export class Unprepared extends Tagged("Unprepared") {}

/**
 * No answer came within the request timeout, `timeout` in milliseconds. Raised by the client.
 *
 * @category reasons
 * @since 0.1.0
 */
export class RequestTimeout extends Tagged("RequestTimeout")<{
  /** The node asked, as `address:port`, where it is known. */
  readonly host?: string | undefined
  readonly timeout: number
  /** `false` if the request was not sent; absent if the server may have it. */
  readonly written?: false | undefined
}> {}

/**
 * The connection was lost before the answer came. Raised by the client.
 *
 * @category reasons
 * @since 0.1.0
 */
export class ConnectionClosed extends Tagged("ConnectionClosed")<{
  readonly host?: string | undefined
  /** Whether the request had been written to the socket; absent when nobody knows. */
  readonly written?: boolean | undefined
}> {}

/**
 * Every connection to the host is full. Raised by the client.
 *
 * @category reasons
 * @since 0.1.0
 */
export class Busy extends Tagged("Busy")<{
  readonly host?: string | undefined
  /** Requests in flight on the connection. */
  readonly inFlight?: number | undefined
}> {}

/**
 * No host gave an answer. Raised by the client.
 *
 * @category reasons
 * @since 0.1.0
 */
export class NoHostAvailable extends Tagged("NoHostAvailable")<{
  readonly hosts: ReadonlyArray<TriedHost>
}> {}

/**
 * The parameters do not fit the statement; it was never sent. The value itself is not told. Raised by the client.
 *
 * @category reasons
 * @since 0.1.0
 */
export class ParametersRefused extends Tagged("ParametersRefused")<{
  /** Index (from 0) or name of the marker. */
  readonly parameter?: number | string | undefined
  readonly column?: string | undefined
  /** The type expected, in CQL or as a schema names it. */
  readonly expected?: string | undefined
  /** The kind of value given, such as `string`, `Float64Array` or `null`. */
  readonly given?: string | undefined
}> {}

/**
 * A row that the server sent does not fit the row schema. A write stays Applied. Raised by the client.
 *
 * @category reasons
 * @since 0.1.0
 */
export class RowDecoding extends Tagged("RowDecoding")<{
  /** Index of the row within the result, from 0. */
  readonly row: number
  readonly column?: string | undefined
  /** What the schema expected there, without the value. */
  readonly issue: string
}> {}

/**
 * The scope of the session has been closed. Raised by the client.
 *
 * @category reasons
 * @since 0.1.0
 */
export class SessionClosed extends Tagged("SessionClosed") {}

/**
 * The session could not be opened. Raised by the client.
 *
 * @category reasons
 * @since 0.1.0
 */
export class ConnectFailed extends Tagged("ConnectFailed")<{
  readonly hosts: ReadonlyArray<TriedHost>
  /** What to check first. */
  readonly check: string
}> {}

/**
 * An error that no other reason describes; its `cause` is the error of the driver. Raised by anything else.
 *
 * @category reasons
 * @since 0.1.0
 */
export class UnknownError extends Tagged("UnknownError") {}

/**
 * Every reason why a statement can fail.
 *
 * @category models
 * @since 0.1.0
 */
export type Reason =
  | ServerError
  | ProtocolError
  | AuthenticationFailed
  | Unavailable
  | Overloaded
  | IsBootstrapping
  | TruncateError
  | WriteTimeout
  | ReadTimeout
  | ReadFailure
  | FunctionFailure
  | WriteFailure
  | CdcWriteFailure
  | CasWriteUnknown
  | SyntaxError
  | Unauthorized
  | InvalidQuery
  | ConfigError
  | AlreadyExists
  | Unprepared
  | RequestTimeout
  | ConnectionClosed
  | Busy
  | NoHostAvailable
  | ParametersRefused
  | RowDecoding
  | SessionClosed
  | ConnectFailed
  | UnknownError

/**
 * Whether a value is a {@link Reason}.
 *
 * @category guards
 * @since 0.1.0
 */
export const isReason = (value: unknown): value is Reason => hasTypeId(value, TypeIds.Reason)
