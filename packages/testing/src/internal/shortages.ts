/**
 * Failures for want of replicas, as a coordinator reports them.
 */
import { type Consistency, CqlError, Reason } from "@effect-cql/core"
import { type Request, textOf } from "@effect-cql/core/Port"
import * as Effect from "effect/Effect"

/** Consistency level of a request that sets none. */
export const defaultLevel: Consistency = "LOCAL_ONE"

/** Level at which a conditional write is decided. */
export const serialLevelOf = ({ options }: Request): Consistency => options.serialConsistency ?? "SERIAL"

export const failing = (request: Request, reason: Reason.Reason): Effect.Effect<never, CqlError> =>
  Effect.fail(new CqlError({ reason, query: textOf(request) }))

/** The kind of write that the server names in a timeout whose effect is unknown. */
const writeType = (request: Request): string => {
  if (request.conditional) return "CAS"
  if (request._tag === "Statement") return "SIMPLE"
  return request.type === "logged" ? "BATCH_LOG" : request.type === "counter" ? "COUNTER" : "UNLOGGED_BATCH"
}

export const timedOut = (
  request: Request,
  fields: { readonly received: number; readonly blockFor: number; readonly writeType?: string | undefined }
): Effect.Effect<never, CqlError> => {
  const { blockFor, received } = fields
  const type = fields.writeType ?? writeType(request)
  const isDecision = request.kind === "write" && type === "CAS"
  const shared = {
    message: "a fault of the plan: too few replicas answered in time",
    consistency: isDecision ? serialLevelOf(request) : request.options.consistency ?? defaultLevel,
    received,
    blockFor
  } as const
  return failing(
    request,
    request.kind === "read"
      ? new Reason.ReadTimeout({ ...shared, dataPresent: false })
      : new Reason.WriteTimeout({ ...shared, writeType: type })
  )
}

export const unavailable = (
  request: Request,
  fields: { readonly required: number; readonly alive: number; readonly consistency?: Consistency | undefined }
): Effect.Effect<never, CqlError> => {
  const { conditional, options } = request
  return failing(
    request,
    new Reason.Unavailable({
      message: "a fault of the plan: too few replicas are alive",
      consistency: fields.consistency ??
        (conditional ? serialLevelOf(request) : options.consistency ?? defaultLevel),
      required: fields.required,
      alive: fields.alive
    })
  )
}
