/**
 * Replies that fail with one reason each, with sensible fields.
 */
import { type Consistency, CqlError, Reason } from "@effect-cql/core"
import { type Request, textOf } from "@effect-cql/core/Port"
import * as Effect from "effect/Effect"
import type { Reply } from "../MockSession.ts"

const failing = (reasonOf: (request: Request) => Reason.Reason): Reply => (request) =>
  Effect.fail(new CqlError({ reason: reasonOf(request), query: textOf(request) }))

/**
 * Fields of the timeouts that a server reports.
 *
 * @category options
 * @since 0.1.0
 */
export interface TimeoutFields {
  /** Default: that of the request, or `LOCAL_QUORUM`. */
  readonly consistency?: Consistency | undefined
  /** Default: 1. */
  readonly received?: number | undefined
  /** Default: 2. */
  readonly blockFor?: number | undefined
  /** Of writes. Default: `CAS` for conditional ones, `BATCH_LOG` and `UNLOGGED_BATCH` for batches, else `SIMPLE`. */
  readonly writeType?: string | undefined
}

const replicas = (request: Request, fields: TimeoutFields | undefined) => ({
  consistency: fields?.consistency ?? request.options.consistency ?? "LOCAL_QUORUM",
  received: fields?.received ?? 1,
  blockFor: fields?.blockFor ?? 2
} as const)

const writeType = (request: Request): string =>
  request.conditional
    ? "CAS"
    : request._tag === "Statement"
    ? "SIMPLE"
    : request.type === "logged"
    ? "BATCH_LOG"
    : "UNLOGGED_BATCH"

/**
 * Fails with a `WriteTimeout`.
 *
 * **Example** (A write of unknown outcome)
 *
 * ```ts
 * import { Statement } from "@effect-cql/core"
 * import { MockSession } from "@effect-cql/testing"
 * import { Effect } from "effect"
 *
 * const insert = Statement.make("INSERT INTO app.users (id) VALUES (1)")
 * const session = MockSession.layer({ otherwise: MockSession.writeTimeout() })
 * const error = await Effect.runPromise(Effect.flip(insert).pipe(Effect.provide(session)))
 * console.assert(error.reason._tag === "WriteTimeout" && error.outcome === "Unknown")
 * ```
 *
 * @category reasons
 * @since 0.1.0
 */
export const writeTimeout = (fields?: TimeoutFields): Reply =>
  failing((request) =>
    new Reason.WriteTimeout({
      message: "too few replicas acknowledged the write in time",
      ...replicas(request, fields),
      writeType: fields?.writeType ?? writeType(request)
    })
  )

/**
 * Fails with a `ReadTimeout`.
 *
 * @category reasons
 * @since 0.1.0
 */
export const readTimeout = (fields?: TimeoutFields): Reply =>
  failing((request) =>
    new Reason.ReadTimeout({
      message: "too few replicas answered in time",
      ...replicas(request, fields),
      dataPresent: false
    })
  )

/**
 * Fails with a `WriteFailure`: one replica could not apply the write, unless another number is given.
 *
 * @category reasons
 * @since 0.1.0
 */
export const writeFailure = (fields?: TimeoutFields & { readonly failures?: number | undefined }): Reply =>
  failing((request) =>
    new Reason.WriteFailure({
      message: "replicas failed to apply the write",
      ...replicas(request, fields),
      failures: fields?.failures ?? 1,
      writeType: fields?.writeType ?? writeType(request)
    })
  )

/**
 * Fails with a `ReadFailure`: one replica could not read, unless another number is given.
 *
 * @category reasons
 * @since 0.1.0
 */
export const readFailure = (fields?: TimeoutFields & { readonly failures?: number | undefined }): Reply =>
  failing((request) =>
    new Reason.ReadFailure({
      message: "replicas failed to read",
      ...replicas(request, fields),
      failures: fields?.failures ?? 1,
      dataPresent: false
    })
  )

/**
 * Fails with `CasWriteUnknown`: a conditional write competed with another one, and may or may not be applied.
 *
 * @category reasons
 * @since 0.1.0
 */
export const casWriteUnknown = (fields?: TimeoutFields): Reply =>
  failing((request) =>
    new Reason.CasWriteUnknown({ message: "the conditional write may be applied", ...replicas(request, fields) })
  )

/**
 * Fails with a `RequestTimeout` at once, as a client does that has waited for the `requestTimeout` of the statement (12 seconds
 * where it has none).
 *
 * @category reasons
 * @since 0.1.0
 */
export const requestTimeout = (): Reply =>
  failing(({ options }) => {
    const timeout = options.requestTimeout ?? 12_000
    return new Reason.RequestTimeout({ message: `no answer within ${timeout} ms`, timeout })
  })

/**
 * Fails with `Unavailable`: one replica alive where two are required, unless other numbers are given.
 *
 * @category reasons
 * @since 0.1.0
 */
export const unavailable = (fields?: {
  readonly required?: number | undefined
  readonly alive?: number | undefined
}): Reply =>
  failing(({ conditional, options }) =>
    new Reason.Unavailable({
      message: "too few replicas are alive",
      consistency: conditional ? options.serialConsistency ?? "SERIAL" : options.consistency ?? "LOCAL_QUORUM",
      required: fields?.required ?? 2,
      alive: fields?.alive ?? 1
    })
  )

/**
 * Fails with `Overloaded`.
 *
 * @category reasons
 * @since 0.1.0
 */
export const overloaded = (): Reply => failing(() => new Reason.Overloaded({ message: "too many requests" }))

/**
 * Fails with a `ServerError`.
 *
 * @category reasons
 * @since 0.1.0
 */
export const serverError = (message = "an error on the server"): Reply =>
  failing(() => new Reason.ServerError({ message }))

/**
 * Fails with `ConnectionClosed`, after the request was written unless `written` says otherwise.
 *
 * @category reasons
 * @since 0.1.0
 */
export const connectionClosed = (fields?: { readonly written?: boolean | undefined }): Reply =>
  failing(() =>
    new Reason.ConnectionClosed({
      message: "the connection was closed before the answer came",
      written: fields?.written ?? true
    })
  )

/**
 * Fails with `InvalidQuery`.
 *
 * @category reasons
 * @since 0.1.0
 */
export const invalidQuery = (message = "the statement cannot be executed"): Reply =>
  failing(() => new Reason.InvalidQuery({ message }))
