/**
 * The reasons of failures: one tagged class for each cause that the protocol or the driver distinguishes.
 *
 * A reason stands in {@link CqlError.reason}, so that `Effect.catchReason("CqlError", "WriteTimeout", ...)` works.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { hasTypeId } from "./internal/internals.ts"
import {
  AlreadyExists,
  AuthenticationFailed,
  CasWriteUnknown,
  CdcWriteFailure,
  ConfigError,
  FunctionFailure,
  InvalidQuery,
  IsBootstrapping,
  Overloaded,
  ProtocolError,
  ReadFailure,
  ReadTimeout,
  ServerError,
  SyntaxError,
  TruncateError,
  Unauthorized,
  Unavailable,
  Unprepared,
  WriteFailure,
  WriteTimeout
} from "./internal/serverReasons.ts"
import { Tagged } from "./internal/tagged.ts"
import * as TypeIds from "./internal/typeIds.ts"

export type { Failures, Replicas } from "./internal/reasonFields.ts"
export * from "./internal/serverReasons.ts"
export type { Common } from "./internal/tagged.ts"

export {
  /**
   * @category models
   * @since 0.1.0
   */
  WriteType
} from "./internal/reasonFields.ts"

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

const triedHost: Schema.Codec<TriedHost, { readonly host: string; readonly reason?: Encoded | undefined }> = Schema
  .Struct({
    host: Schema.String,
    reason: Schema.optional(Schema.suspend(() => schema))
  })

/**
 * No answer came within the request timeout. Raised by the client.
 *
 * @category reasons
 * @since 0.1.0
 */
export class RequestTimeout extends Tagged("RequestTimeout", {
  /** The node asked, as `address:port`, where it is known. */
  host: Schema.optional(Schema.String),
  /** The request timeout, in milliseconds. */
  timeout: Schema.Finite
}) {}

/**
 * The connection was lost before the answer came. Raised by the client.
 *
 * @category reasons
 * @since 0.1.0
 */
export class ConnectionClosed extends Tagged("ConnectionClosed", {
  host: Schema.optional(Schema.String)
}) {}

/**
 * Every connection to the host is full. Raised by the client.
 *
 * @category reasons
 * @since 0.1.0
 */
export class Busy extends Tagged("Busy", {
  host: Schema.optional(Schema.String),
  /** Requests in flight on the connection. */
  inFlight: Schema.optional(Schema.Finite)
}) {}

/**
 * No host gave an answer. Raised by the client.
 *
 * @category reasons
 * @since 0.1.0
 */
export class NoHostAvailable extends Tagged("NoHostAvailable", {
  hosts: Schema.Array(triedHost)
}) {}

/**
 * The parameters do not fit the statement, which was not sent. The message does not contain the values. Raised by the client.
 *
 * @category reasons
 * @since 0.1.0
 */
export class ParametersRefused extends Tagged("ParametersRefused", {
  /** Index (from 0) or name of the marker. */
  parameter: Schema.optional(Schema.Union([Schema.Finite, Schema.String])),
  column: Schema.optional(Schema.String),
  /** The type expected, in CQL or as a schema names it. */
  expected: Schema.optional(Schema.String),
  /** The kind of value given, such as `string`, `Float64Array` or `null`. */
  given: Schema.optional(Schema.String)
}) {}

/**
 * A row cannot be read, or does not fit the row schema. A write stays Applied, and a conditional one has the outcome of the
 * first cell of its answer. Raised by the client.
 *
 * @category reasons
 * @since 0.1.0
 */
export class RowDecoding extends Tagged("RowDecoding", {
  /** Index of the row within the result, from 0. */
  row: Schema.Finite,
  column: Schema.optional(Schema.String),
  /** The expectation of the schema, without the value. */
  issue: Schema.String,
  /** The first cell of the answer to a conditional write, `[applied]`, if it could be read. */
  applied: Schema.optional(Schema.Boolean)
}) {}

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
export class ConnectFailed extends Tagged("ConnectFailed", {
  hosts: Schema.Array(triedHost),
  /** The first thing to check. */
  check: Schema.String
}) {}

/**
 * An error that no other reason describes. Its `cause` is the error of the driver. Raised by the client.
 *
 * @category reasons
 * @since 0.1.0
 */
export class UnknownError extends Tagged("UnknownError") {}

/**
 * The page state was refused: it belongs to another statement, or is invalid. Protocol error 0x000A, or raised by the client.
 *
 * @category reasons
 * @since 0.1.0
 */
export class InvalidPageState extends Tagged("InvalidPageState") {}

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
  | InvalidPageState
  | SessionClosed
  | ConnectFailed
  | UnknownError

/**
 * Returns true if a value is a {@link Reason}.
 *
 * @category guards
 * @since 0.1.0
 */
export const isReason = (value: unknown): value is Reason => hasTypeId(value, TypeIds.Reason)

/**
 * A reason as JSON. The cause stays behind.
 *
 * @category schemas
 * @since 0.1.0
 */
export type Encoded = { readonly _tag: string; readonly message: string; readonly coordinator?: string | undefined }

/**
 * Reasons in another process: encodes to JSON, and decodes to instances of the classes.
 *
 * **Example** (There and back)
 *
 * ```ts
 * import { Reason } from "@effect-cql/core"
 * import { Schema } from "effect"
 *
 * const busy = new Reason.Overloaded({ message: "too many requests" })
 * const json = JSON.stringify(Schema.encodeSync(Reason.schema)(busy))
 * const decoded = Schema.decodeUnknownSync(Reason.schema)(JSON.parse(json))
 * console.assert(decoded instanceof Reason.Overloaded)
 * ```
 *
 * @category schemas
 * @since 0.1.0
 */
export const schema: Schema.Codec<Reason, Encoded> = Schema.Union([
  ServerError.schema,
  ProtocolError.schema,
  AuthenticationFailed.schema,
  Unavailable.schema,
  Overloaded.schema,
  IsBootstrapping.schema,
  TruncateError.schema,
  WriteTimeout.schema,
  ReadTimeout.schema,
  ReadFailure.schema,
  FunctionFailure.schema,
  WriteFailure.schema,
  CdcWriteFailure.schema,
  CasWriteUnknown.schema,
  SyntaxError.schema,
  Unauthorized.schema,
  InvalidQuery.schema,
  ConfigError.schema,
  AlreadyExists.schema,
  Unprepared.schema,
  RequestTimeout.schema,
  ConnectionClosed.schema,
  Busy.schema,
  NoHostAvailable.schema,
  ParametersRefused.schema,
  RowDecoding.schema,
  InvalidPageState.schema,
  SessionClosed.schema,
  ConnectFailed.schema,
  UnknownError.schema
])
